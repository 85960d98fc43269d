/**
 * Stock mail clients on one server, each without TLS, with STARTTLS and with TLS from the start: mbsync both ways, mutt in
 * batch mode, curl, Python's imaplib, imapflow. Every message that went over must be the same octets on both sides.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import type { Person } from '../support/server-process.ts';
import { imapPorts, interop, must, program } from './steps.ts';

const MESSAGES = 200;
const ports = await imapPorts();

type Security = 'plain' | 'STARTTLS' | 'TLS';
const SECURITIES: readonly Security[] = ['plain', 'STARTTLS', 'TLS'];

function portOf(security: Security): number {
  return security === 'TLS' ? ports.imaps : ports.imap;
}

function message(n: number): string {
  const header = [
    `From: sender${n}@example.org`,
    'To: reader@example.com',
    `Subject: message ${n} =?utf-8?q?gr=C3=BC=C3=9Fe?=`,
    `Message-ID: <${n}@interop.example.org>`,
    'Date: Mon, 2 Mar 2020 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  return `${header.join('\n')}\n\nLine one of ${n}\n${'grüße '.repeat(n % 50)}\n`;
}

/** Hashes of the messages of a Maildir, without what mbsync adds and with one kind of line end. */
function maildirHashes(folder: string): string[] {
  const files = ['cur', 'new'].flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => join(folder, part, name)),
  );
  return files.map((file) => hashOf(readFileSync(file, 'latin1'))).sort();
}

function hashOf(text: string): string {
  const plain = text.replaceAll('\r\n', '\n').replace(/^X-TUID:.*\n/m, '');
  return createHash('sha256').update(plain, 'latin1').digest('hex');
}

function imapFlow(person: Person, security: Security): ImapFlow {
  return new ImapFlow({
    host: '127.0.0.1',
    port: portOf(security),
    secure: security === 'TLS',
    doSTARTTLS: security === 'STARTTLS',
    tls: { rejectUnauthorized: false },
    auth: { user: person.name, pass: person.password },
    logger: false,
  });
}

/** Hashes of all messages of a mailbox of the server. */
async function serverHashes(person: Person, mailbox: string): Promise<string[]> {
  const client = imapFlow(person, 'TLS');
  await client.connect();
  try {
    const lock = await client.getMailboxLock(mailbox);
    const hashes: string[] = [];
    for await (const { source } of client.fetch('1:*', { source: true }))
      hashes.push(hashOf(source?.toString('latin1') ?? ''));
    lock.release();
    return hashes.sort();
  } finally {
    await client.logout();
  }
}

function same(one: readonly string[], other: readonly string[]): void {
  must(one.length === other.length, `${one.length} and ${other.length} messages`);
  must(
    one.every((hash, at) => hash === other[at]),
    'messages differ',
  );
}

/** The certificate the server made for itself, for clients that want to know it. */
async function certificate(work: string): Promise<string> {
  const file = join(work, 'server.pem');
  const said = await program('sh', [
    '-c',
    `openssl s_client -connect 127.0.0.1:${ports.imaps} -showcerts </dev/null 2>/dev/null | openssl x509`,
  ]);
  writeFileSync(file, said);
  return file;
}

await interop(
  'IMAP clients',
  SECURITIES.length,
  async ({ persons, work, step }) => {
    const cert = await certificate(work);
    for (const [index, security] of SECURITIES.entries()) {
      const person = persons[index];
      must(person, 'no person');
      const port = portOf(security);
      const folder = join(work, security);
      mkdirSync(folder);

      const local = join(folder, 'mail');
      const config = join(folder, 'mbsyncrc');
      const type = { plain: 'None', STARTTLS: 'STARTTLS', TLS: 'IMAPS' }[security];
      writeFileSync(
        config,
        [
          'IMAPStore far',
          'Host 127.0.0.1',
          `Port ${port}`,
          `User ${person.name}`,
          `Pass ${person.password}`,
          `SSLType ${type}`,
          ...(security === 'plain' ? ['AuthMechs LOGIN'] : [`CertificateFile ${cert}`]),
          '',
          'MaildirStore near',
          `Path ${local}/`,
          `Inbox ${local}/INBOX`,
          'SubFolders Verbatim',
          '',
          'Channel all',
          'Far :far:',
          'Near :near:',
          'Patterns *',
          'Create Both',
          'Expunge Both',
          'SyncState *',
          '',
        ].join('\n'),
      );
      const mbsync = () => program('mbsync', ['-c', config, '-a'], { folder, environment: { HOME: folder } });
      await step(`mbsync, ${security}: ${MESSAGES} messages to the server`, async () => {
        for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(local, 'INBOX', part), { recursive: true });
        for (let n = 0; n < MESSAGES; n++) writeFileSync(join(local, 'INBOX', 'new', `${n}.interop`), message(n));
        await mbsync();
        same(maildirHashes(join(local, 'INBOX')), await serverHashes(person, 'INBOX'));
      });
      await step(`mbsync, ${security}: flags, removals and new messages both ways`, async () => {
        const client = imapFlow(person, security);
        await client.connect();
        const lock = await client.getMailboxLock('INBOX');
        await client.messageFlagsAdd('1:20', ['\\Flagged']);
        await client.messageDelete('21:40');
        lock.release();
        for (let n = 0; n < 10; n++)
          await client.append('INBOX', message(1000 + n).replaceAll('\n', '\r\n'), ['\\Seen']);
        await client.logout();
        const names = readdirSync(join(local, 'INBOX', 'cur')).concat(readdirSync(join(local, 'INBOX', 'new')));
        const gone = names.sort()[0] ?? '';
        for (const part of ['cur', 'new']) rmSync(join(local, 'INBOX', part, gone), { force: true });
        await mbsync();
        await mbsync();
        const near = maildirHashes(join(local, 'INBOX'));
        must(near.length === MESSAGES - 20 + 10 || near.length === MESSAGES - 20 + 9, `${near.length} messages here`);
        same(near, await serverHashes(person, 'INBOX'));
        const flagged = readdirSync(join(local, 'INBOX', 'cur')).filter((name) => /:2,[A-Z]*F/.test(name));
        must(flagged.length >= 19, `${flagged.length} flagged`);
      });
      await step(`mbsync, ${security}: nothing left to do`, async () => {
        const before = readdirSync(join(local, 'INBOX', 'cur'))
          .sort()
          .join();
        await mbsync();
        must(
          readdirSync(join(local, 'INBOX', 'cur'))
            .sort()
            .join() === before,
          'files changed',
        );
      });

      await step(`curl, ${security}`, async () => {
        const url = `${security === 'TLS' ? 'imaps' : 'imap'}://127.0.0.1:${port}`;
        const curl = (words: readonly string[], input?: string) =>
          program(
            'curl',
            [
              '-sS',
              '-k',
              ...(security === 'STARTTLS' ? ['--ssl-reqd'] : []),
              '-u',
              `${person.name}:${person.password}`,
              ...words,
            ],
            { input: input ?? '' },
          );
        must((await curl([`${url}/`])).includes('INBOX'), 'no INBOX');
        const file = join(folder, 'one.eml');
        const text = message(5000).replaceAll('\n', '\r\n');
        writeFileSync(file, text);
        await curl(['-T', file, `${url}/Archive`]);
        must((await curl([`${url}/Archive;MAILINDEX=1`])) === text, 'the message differs');
        must((await curl([`${url}/Archive?SUBJECT%20"message%205000"`])).trim() === '* SEARCH 1', 'not found');
        must(
          (await curl([`${url}/Archive;MAILINDEX=1;SECTION=HEADER.FIELDS%20(From)`])).includes('sender5000'),
          'no header',
        );
        must((await curl(['-X', 'STORE 1 +Flags \\Flagged', `${url}/Archive`])).includes('\\Flagged'), 'no flag');
      });

      await step(`mutt, ${security}: reads and saves in batch mode`, async () => {
        const rc = join(folder, 'muttrc');
        const scheme = security === 'TLS' ? 'imaps' : 'imap';
        writeFileSync(
          rc,
          [
            `set folder="${scheme}://${person.name}@127.0.0.1:${port}/"`,
            `set spoolfile="${scheme}://${person.name}@127.0.0.1:${port}/INBOX"`,
            `set imap_user="${person.name}" imap_pass="${person.password}"`,
            `set ssl_starttls=${security === 'STARTTLS' ? 'yes' : 'no'} ssl_force_tls=${security === 'plain' ? 'no' : 'yes'}`,
            `set certificate_file="${cert}" ssl_verify_host=no ssl_verify_dates=no`,
            'set confirmcreate=no confirmappend=no delete=yes quit=yes copy=no mark_old=no wait_key=no',
            `push "<tag-pattern>~s 'message 1004 '<enter><tag-prefix-cond><copy-message>=mutted<enter><end-cond><quit>"`,
            '',
          ].join('\n'),
        );
        await program('script', ['-qec', `timeout --foreground 30 mutt -n -F ${rc}`, '/dev/null'], {
          folder,
          environment: { HOME: folder, TERM: 'xterm' },
        });
        const copies = await serverHashes(person, 'mutted');
        must(copies.length === 1, `${copies.length} copies`);
        must(copies[0] === hashOf(Buffer.from(message(1004)).toString('latin1')), 'the copy is another message');
      });

      await step(`imaplib, ${security}`, () =>
        program('python3', [
          join(import.meta.dirname, 'imaplib-client.py'),
          security,
          String(port),
          person.name,
          person.password,
        ]),
      );

      await step(`imapflow, ${security}`, async () => {
        const client = imapFlow(person, security);
        const watcher = imapFlow(person, security);
        await client.connect();
        await watcher.connect();
        const uses = (await client.list()).map(({ specialUse }) => specialUse).filter(Boolean);
        must(
          ['\\Drafts', '\\Sent', '\\Junk', '\\Trash', '\\Archive', '\\Inbox'].every((use) => uses.includes(use)),
          `${uses}`,
        );
        await client.mailboxCreate('Entwürfe/Grüße 你好');
        must(
          (await client.list()).some(({ path }) => path === 'Entwürfe/Grüße 你好'),
          'the name changed',
        );
        await watcher.mailboxOpen('Entwürfe/Grüße 你好');
        const told = new Promise<number>((resolve) => watcher.once('exists', ({ count }) => resolve(count)));
        void watcher.idle();
        const { uid } = (await client.append('Entwürfe/Grüße 你好', message(1), ['$Forwarded'])) || {};
        must(uid === 1, 'no APPENDUID');
        must((await told) === 1, 'IDLE did not tell');
        const lock = await client.getMailboxLock('Entwürfe/Grüße 你好');
        must(((await client.search({ subject: 'GRÜSSE' }, { uid: true })) || []).length === 1, 'not found');
        const moved = await client.messageMove('1', 'Trash');
        must(moved && moved.uidMap?.size === 1, 'no COPYUID');
        lock.release();
        const { messages } = (await client.status('Trash', { messages: true })) || {};
        must(messages === 1, 'not moved');
        await watcher.logout();
        await client.logout();
      });
    }
  },
  ports.environment,
);
