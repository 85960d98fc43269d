/**
 * Thunderbird, without a window, as a mailer: IMAP, POP3 and sending, in the clear on loopback, with STARTTLS and with TLS from the
 * start. Scripts inside of Thunderbird call what its windows call; what it did is looked at by imapflow.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { freePort, type Person } from '../support/server-process.ts';
import { interop, must, StepFailed } from './steps.ts';
import { startThunderbird, type Thunderbird } from './thunderbird-process.ts';

const [imap, imaps, pop3, pop3s, submission, submissions, lmtp] = (await Promise.all(
  Array.from({ length: 7 }, () => freePort()),
)) as [number, number, number, number, number, number, number];

interface Way {
  readonly name: string;
  /** nsMsgSocketType. */
  readonly socketType: number;
  readonly imap: number;
  readonly pop3: number;
  readonly submission: number;
}

const WAYS: readonly Way[] = [
  { name: 'plain', socketType: 0, imap, pop3, submission },
  { name: 'STARTTLS', socketType: 2, imap, pop3, submission },
  { name: 'TLS', socketType: 3, imap: imaps, pop3: pop3s, submission: submissions },
];

const PREFERENCES = {
  'mail.biff.play_sound': false,
  'mail.server.default.check_new_mail': false,
  'mailnews.start_page.enabled': false,
  'mail.warn_on_send_accel_key': false,
};

/** What every script may use. */
const MAIL = `const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const server = MailServices.accounts.getIncomingServer(Services.prefs.getCharPref('convene.server'));
  const root = server?.rootFolder;
  const flagged = (flag) => root.getFolderWithFlags(Ci.nsMsgFolderFlags[flag]);
  const listener = () => { let done; const promise = new Promise((resolve, reject) => { done = { resolve, reject }; });
    const end = (status) => Components.isSuccessCode(status) ? done.resolve() : done.reject(new Error('status ' + status.toString(16)));
    return { promise, url: { OnStartRunningUrl() {}, OnStopRunningUrl(url, status) { end(status); } },
      copy: { onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; }, onStopCopy: end } }; };
  const update = async (folder) => { const one = listener(); folder.QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, one.url); await one.promise; };
  const headers = (folder) => [...folder.messages].sort((a, b) => a.messageKey - b.messageKey);`;

function imapFlow(person: Person): ImapFlow {
  const auth = { user: person.name, pass: person.password };
  return new ImapFlow({ host: '127.0.0.1', port: imap, secure: false, doSTARTTLS: false, auth, logger: false });
}

/** Does something as another client of the same person. */
async function elsewhere<T>(person: Person, work: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = imapFlow(person);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

/** Subjects and flags of a mailbox as another client sees it. */
function contents(person: Person, mailbox: string): Promise<{ subject: string; flags: string[]; source: string }[]> {
  return elsewhere(person, async (client) => {
    const lock = await client.getMailboxLock(mailbox);
    try {
      const all: { subject: string; flags: string[]; source: string }[] = [];
      if (client.mailbox !== false && client.mailbox.exists > 0)
        for await (const message of client.fetch('1:*', { envelope: true, flags: true, source: true }))
          all.push({
            subject: message.envelope?.subject ?? '',
            flags: [...(message.flags ?? [])],
            source: message.source?.toString('utf8') ?? '',
          });
      return all;
    } finally {
      lock.release();
    }
  });
}

/** Waits for what happens by itself. */
async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 150; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(200);
  }
  throw new StepFailed(`${what} does not happen`);
}

const deliver = (to: string, subject: string) =>
  createTransport({ host: '127.0.0.1', port: lmtp, lmtp: true, secure: false, ignoreTLS: true } as object).sendMail({
    from: 'friend@example.org',
    to,
    subject,
    text: 'Grüße aus Köln.\n',
    attachments: [
      { filename: 'raw.bin', content: Buffer.from(Array.from({ length: 3_000 }, (_, n) => (n * 31) & 255)) },
    ],
  });

/** The certificate that the server made for itself, DER in base64. */
async function certificateOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString('base64');
}

/** Lets Thunderbird trust the certificate that the server made for itself. */
function trust(thunderbird: Thunderbird, ports: readonly number[], certificate: string): Promise<void> {
  return thunderbird.run(
    `const db = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
     const certificate = db.constructX509FromBase64(arguments[1]);
     const overrides = Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService);
     for (const port of arguments[0]) overrides.rememberValidityOverride('127.0.0.1', port, {}, certificate, false);`,
    ports,
    certificate,
  );
}

/** Makes an account with an identity and a server to send with; the account is the one scripts work with from then on. */
function addAccount(thunderbird: Thunderbird, kind: 'imap' | 'pop3', person: Person, way: Way): Promise<void> {
  return thunderbird.run(
    `const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
     const [kind, name, password, port, socketType, sendPort] = arguments;
     const server = MailServices.accounts.createIncomingServer(name, '127.0.0.1', kind);
     server.port = port;
     server.socketType = socketType;
     server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
     server.password = password;
     server.doBiff = false;
     server.loginAtStartUp = false;
     const outgoing = MailServices.outgoingServer.createServer('smtp');
     const smtp = outgoing.QueryInterface(Ci.nsISmtpServer);
     smtp.hostname = '127.0.0.1';
     smtp.port = sendPort;
     outgoing.username = name;
     outgoing.password = password;
     outgoing.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
     outgoing.socketType = socketType;
     const identity = MailServices.accounts.createIdentity();
     identity.fullName = 'Test Person';
     identity.email = name + '@example.com';
     identity.smtpServerKey = outgoing.key;
     identity.composeHtml = false;
     const account = MailServices.accounts.createAccount();
     account.addIdentity(identity);
     account.incomingServer = server;
     Services.prefs.setCharPref('convene.server', server.key);`,
    kind,
    person.name,
    person.password,
    kind === 'imap' ? way.imap : way.pop3,
    way.socketType,
    way.submission,
  );
}

await interop(
  'Thunderbird as a mailer',
  6,
  async ({ persons, work, step }) => {
    const certificate = await certificateOf(imaps);
    const thunderbird = await step('starts', () => startThunderbird(work, PREFERENCES));
    if (thunderbird === undefined) return;
    try {
      await step('trusts the certificate', () =>
        trust(thunderbird, [imap, imaps, pop3, pop3s, submission, submissions], certificate),
      );
      for (const [index, way] of WAYS.entries()) {
        const person = persons[index * 2] as Person;
        const address = `${person.name}@example.com`;
        const popper = persons[index * 2 + 1] as Person;
        await step(`${way.name}: sets up IMAP`, () => addAccount(thunderbird, 'imap', person, way));
        await step(`${way.name}: finds the mailboxes and what they are for`, async () => {
          const found = await thunderbird.run<Record<string, string | undefined>>(
            `${MAIL} const one = listener();
             MailServices.imap.discoverAllFolders(root, one.url, null);
             await one.promise;
             return Object.fromEntries(['Inbox', 'SentMail', 'Drafts', 'Trash', 'Junk', 'Archive'].map((flag) => [flag, flagged(flag)?.name]));`,
          );
          const wanted = {
            Inbox: 'Inbox',
            SentMail: 'Sent',
            Drafts: 'Drafts',
            Trash: 'Trash',
            Junk: 'Junk',
            Archive: 'Archive',
          };
          for (const [flag, name] of Object.entries(wanted))
            must(found[flag]?.toLowerCase() === name.toLowerCase(), `${flag} is ${found[flag]}`);
        });
        await step(`${way.name}: reads a message octet for octet`, async () => {
          await deliver(address, 'First of all');
          await deliver(address, 'Second');
          const [read, subjects] = await thunderbird.run<[string, string[]]>(
            `${MAIL} const inbox = flagged('Inbox');
             await update(inbox);
             const [first] = headers(inbox);
             const uri = inbox.getUriForMsg(first);
             const text = await new Promise((resolve, reject) => {
               let all = '';
               const stream = Cc['@mozilla.org/scriptableinputstream;1'].createInstance(Ci.nsIScriptableInputStream);
               MailServices.messageServiceFromURI(uri).streamMessage(uri, {
                 QueryInterface: ChromeUtils.generateQI(['nsIStreamListener', 'nsIRequestObserver']),
                 onStartRequest() {},
                 onStopRequest(request, status) { Components.isSuccessCode(status) ? resolve(all) : reject(new Error(String(status))); },
                 onDataAvailable(request, input, offset, count) { stream.init(input); all += stream.readBytes(count); },
               }, null, null, false, '', false);
             });
             return [text, headers(inbox).map((one) => one.mime2DecodedSubject)];`,
          );
          must(subjects.join() === 'First of all,Second', subjects.join());
          const [stored] = await contents(person, 'INBOX');
          // What it notes for itself stands before the message, in the copy that it keeps.
          const plain = (text: string) =>
            text
              .replace(/^(?:X-Mozilla-.*\n)+/, '')
              .replaceAll('\r\n', '\n')
              .trimEnd();
          must(
            plain(Buffer.from(read, 'latin1').toString('utf8')) === plain(stored?.source ?? ''),
            'the octets differ',
          );
        });
        await step(`${way.name}: marks, and sees what others mark`, async () => {
          await thunderbird.run(
            `${MAIL} const inbox = flagged('Inbox'); const [first] = headers(inbox);
             inbox.markMessagesRead([first], true); inbox.markMessagesFlagged([first], true);`,
          );
          await eventually('marking', async () => {
            const [first] = await contents(person, 'INBOX');
            return first?.flags.includes('\\Seen') && first.flags.includes('\\Flagged') ? true : undefined;
          });
          await elsewhere(person, async (client) => {
            const lock = await client.getMailboxLock('INBOX');
            await client.messageFlagsAdd('2', ['\\Answered']);
            lock.release();
          });
          await eventually('the mark of another', () =>
            thunderbird.run<true | undefined>(
              `${MAIL} const inbox = flagged('Inbox'); await update(inbox); return headers(inbox)[1].isReplied || undefined;`,
            ),
          );
        });
        await step(`${way.name}: hears of new mail while it waits`, async () => {
          await deliver(address, 'While waiting');
          await eventually('new mail', () =>
            thunderbird.run<true | undefined>(
              `${MAIL} return headers(flagged('Inbox')).some((one) => one.subject === 'While waiting') || undefined;`,
            ),
          );
        });
        await step(`${way.name}: makes a mailbox with letters of its own`, async () => {
          await thunderbird.run(`${MAIL} root.createSubfolder('Entwürfe & Pläne', null);`);
          await eventually('the mailbox', () =>
            elsewhere(person, async (client) =>
              (await client.list()).some(({ path }) => path === 'Entwürfe & Pläne') ? true : undefined,
            ),
          );
        });
        await step(`${way.name}: moves and deletes`, async () => {
          await thunderbird.run(
            `${MAIL} const inbox = flagged('Inbox'); const [first, second] = headers(inbox);
             const moving = listener();
             MailServices.copy.copyMessages(inbox, [first], flagged('Archive'), true, moving.copy, null, false);
             await moving.promise;
             const deleting = listener();
             inbox.deleteMessages([second], null, false, true, deleting.copy, false);
             await deleting.promise;`,
          );
          await eventually('moving', async () => {
            const archived = await contents(person, 'Archive');
            const trashed = await contents(person, 'Trash');
            return archived[0]?.subject === 'First of all' && trashed[0]?.subject === 'Second' ? true : undefined;
          });
          must((await contents(person, 'INBOX')).length === 1, 'something else is in INBOX');
        });
        await step(`${way.name}: sends, and keeps a copy in Sent`, async () => {
          const to = `${popper.name}@example.com`;
          await thunderbird.run(
            `${MAIL} const account = MailServices.accounts.findAccountForServer(server);
             const identity = account.defaultIdentity;
             const fields = Cc['@mozilla.org/messengercompose/composefields;1'].createInstance(Ci.nsIMsgCompFields);
             fields.from = identity.email;
             fields.to = arguments[0];
             fields.subject = 'Grüße von Thunderbird';
             fields.body = 'Erste Zeile: äöü\\r\\n.\\r\\n..zwei Punkte\\r\\n';
             fields.forcePlainText = true;
             identity.fccFolderURI = flagged('SentMail').URI;
             identity.doFcc = true;
             const send = Cc['@mozilla.org/messengercompose/send;1'].createInstance(Ci.nsIMsgSend);
             await new Promise((resolve, reject) => {
               const end = (status) => Components.isSuccessCode(status) ? resolve() : reject(new Error('status ' + status.toString(16)));
               const heard = { QueryInterface: ChromeUtils.generateQI(['nsIMsgSendListener']), onStartSending() {}, onProgress() {}, onStatus() {},
                 onSendProgress() {}, onStopSending(id, status, message, file) { end(status); }, onSendNotPerformed() { end(Cr.NS_ERROR_FAILURE); },
                 onGetDraftFolderURI() {}, onTransportSecurityError() { end(Cr.NS_ERROR_FAILURE); } };
               send.createAndSendMessage(null, identity, account.key, fields, false, false, Ci.nsIMsgSend.nsMsgDeliverNow, null, 'text/plain',
                 fields.body, null, null, heard, '', null, Ci.nsIMsgCompType.New).catch(reject);
             });`,
            to,
          );
          const arrived = await eventually('arriving', async () =>
            (await contents(popper, 'INBOX')).find(({ subject }) => subject === 'Grüße von Thunderbird'),
          );
          must(
            /^Erste Zeile: äöü\r\n\.\r\n\.\.zwei Punkte/m.test(arrived.source),
            `it says ${arrived.source.slice(-200)}`,
          );
          await eventually('the copy', async () =>
            (await contents(person, 'Sent')).find(({ subject }) => subject === 'Grüße von Thunderbird'),
          );
        });
        await step(`${way.name}: fetches by POP3`, async () => {
          await deliver(`${popper.name}@example.com`, 'By POP3');
          await addAccount(thunderbird, 'pop3', popper, way);
          const subjects = await thunderbird.run<string[]>(
            `${MAIL} const pop = server.QueryInterface(Ci.nsIPop3IncomingServer);
             pop.leaveMessagesOnServer = false;
             const inbox = flagged('Inbox');
             const one = listener();
             MailServices.pop3.GetNewMail(null, one.url, inbox, pop);
             await one.promise;
             return headers(inbox).map((header) => header.mime2DecodedSubject);`,
          );
          must(subjects.includes('By POP3') && subjects.includes('Grüße von Thunderbird'), subjects.join());
          must((await contents(popper, 'INBOX')).length === 0, 'messages are left on the server');
        });
      }
    } finally {
      await thunderbird.stop();
    }
  },
  {
    CONVENE_IMAP_PORT: String(imap),
    CONVENE_IMAPS_PORT: String(imaps),
    CONVENE_POP3_PORT: String(pop3),
    CONVENE_POP3S_PORT: String(pop3s),
    CONVENE_SUBMISSION_PORT: String(submission),
    CONVENE_SUBMISSIONS_PORT: String(submissions),
    CONVENE_LMTP_PORT: String(lmtp),
  },
);
