/**
 * Programs that take mail away or mirror it: fetchmail, getmail, Python's poplib and curl over POP3; offlineimap and neomutt over IMAP;
 * fetchmail over IMAP too. Each without TLS, with STLS or STARTTLS, and with TLS from the start; what arrives is the same octets.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ImapClient } from '../support/imap.ts';
import { freePort, type Person } from '../support/server-process.ts';
import { imapPorts, interop, must, program } from './steps.ts';

const MESSAGES = 12;
const imapDoors = await imapPorts();
const pop3 = await freePort();
const pop3s = await freePort();
const environment = {
  ...imapDoors.environment,
  CONVENE_POP3_PORT: String(pop3),
  CONVENE_POP3S_PORT: String(pop3s),
};

type Security = 'plain' | 'STARTTLS' | 'TLS';
const SECURITIES: readonly Security[] = ['plain', 'STARTTLS', 'TLS'];

function ports(security: Security): { imap: number; pop3: number } {
  return security === 'TLS' ? { imap: imapDoors.imaps, pop3: pop3s } : { imap: imapDoors.imap, pop3 };
}

/** With lines of dots and of nothing, letters beyond ASCII and a last line without words: what transfer likes to break. */
function message(n: number): string {
  return [
    `From: sender${n}@example.org`,
    'To: reader@example.com',
    `Subject: fetched ${n}`,
    `Message-ID: <${n}@fetchers.example.org>`,
    'Date: Mon, 2 Mar 2020 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    '.',
    '..two dots',
    'From the start of a line',
    '',
    `grüße ${'x'.repeat(n * 70)}`,
    '.end',
    '',
  ].join('\r\n');
}

/** The hash of what every program leaves alone: without the header lines it adds, with one kind of line end. */
function hashOf(text: string): string {
  const lines = text.replaceAll('\r\n', '\n');
  const from = lines.indexOf('From: sender');
  return createHash('sha256').update(lines.slice(from).trimEnd(), 'latin1').digest('hex');
}

const EXPECTED = Array.from({ length: MESSAGES }, (_, n) => hashOf(Buffer.from(message(n)).toString('latin1'))).sort();

function hashesIn(folder: string): string[] {
  return ['cur', 'new']
    .map((part) => join(folder, part))
    .filter((part) => existsSync(part))
    .flatMap((part) => readdirSync(part).map((name) => hashOf(readFileSync(join(part, name), 'latin1'))))
    .sort();
}

function whole(hashes: readonly string[]): void {
  must(hashes.length === EXPECTED.length, `${hashes.length} messages instead of ${EXPECTED.length}`);
  must(hashes.join() === EXPECTED.join(), 'octets changed');
}

async function logIn(person: Person): Promise<ImapClient> {
  const socket = connect(imapDoors.imap, '127.0.0.1');
  await once(socket, 'connect');
  const client = new ImapClient(socket);
  await client.ok(`LOGIN ${person.name} ${person.password}`);
  return client;
}

/** Puts the messages into INBOX, which must be empty. */
async function fill(person: Person): Promise<void> {
  const client = await logIn(person);
  for (let n = 0; n < MESSAGES; n++) await client.append('INBOX', Buffer.from(message(n)));
  await client.ok('LOGOUT');
}

async function inboxCount(person: Person): Promise<number> {
  const client = await logIn(person);
  const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
  await client.ok('LOGOUT');
  return Number(/MESSAGES (\d+)/.exec(untagged.join())?.[1]);
}

/** A Maildir that programs can deliver into. */
function maildir(folder: string): string {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
  return folder;
}

/** A configuration only its owner reads, as these programs want it. */
function secret(file: string, lines: readonly string[]): string {
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, 0o600);
  return file;
}

await interop(
  'mail fetchers',
  SECURITIES.length,
  async ({ persons, work, step }) => {
    for (const [index, security] of SECURITIES.entries()) {
      const person = persons[index];
      must(person, 'no person');
      const port = ports(security);
      const folder = join(work, security);
      mkdirSync(folder);
      const own = { folder, environment: { HOME: folder } };

      for (const protocol of ['pop3', 'imap'] as const) {
        await step(`fetchmail over ${protocol}, ${security}: takes all and leaves none`, async () => {
          await fill(person);
          const box = maildir(join(folder, `fetchmail-${protocol}`));
          const options = { plain: "sslproto ''", STARTTLS: "sslproto 'TLS1.2+'", TLS: 'ssl' }[security];
          const file = secret(join(folder, `fetchmailrc-${protocol}`), [
            `poll 127.0.0.1 protocol ${protocol} port ${port[protocol]} auth password`,
            `  username '${person.name}' password '${person.password}'`,
            `  ${options} no sslcertck no rewrite fetchall no keep mda "cat > ${box}/new/$$.$(date +%N)"`,
          ]);
          await program('fetchmail', ['-f', file, '--nosyslog', '-N', '--pidfile', join(folder, 'pid')], own);
          whole(hashesIn(box));
          must((await inboxCount(person)) === 0, 'mail is left');
        });
      }

      await step(`poplib, ${security}`, async () => {
        await fill(person);
        await program('python3', [
          join(import.meta.dirname, 'poplib-client.py'),
          security,
          String(port.pop3),
          person.name,
          person.password,
          String(MESSAGES),
        ]);
        must((await inboxCount(person)) === MESSAGES - 1, 'not exactly one message was removed');
      });

      await step(`curl over POP3, ${security}`, async () => {
        const words = ['-sS', '-k', ...(security === 'STARTTLS' ? ['--ssl-reqd'] : [])];
        const url = `${security === 'TLS' ? 'pop3s' : 'pop3'}://127.0.0.1:${port.pop3}`;
        const curl = (path: string) =>
          program('curl', [...words, '-u', `${person.name}:${person.password}`, `${url}/${path}`]);
        const listed = (await curl('')).trim().split('\n');
        must(listed.length === MESSAGES - 1, `${listed.length} messages are listed`);
        const one = Buffer.from(await curl('1')).toString('latin1');
        must(EXPECTED.includes(hashOf(one)), 'octets changed');
      });

      // getmail knows no STLS.
      if (security !== 'STARTTLS')
        await step(`getmail, ${security}: takes all, and only what is new the second time`, async () => {
          const there = await inboxCount(person);
          const box = maildir(join(folder, 'getmail'));
          const file = secret(join(folder, 'getmailrc'), [
            '[retriever]',
            `type = SimplePOP3${security === 'TLS' ? 'SSL' : ''}Retriever`,
            'server = 127.0.0.1',
            `port = ${port.pop3}`,
            `username = ${person.name}`,
            `password = ${person.password}`,
            '[destination]',
            // Its own Maildir is refused to root, whom containers run as.
            'type = MDA_external',
            'path = /bin/sh',
            `arguments = ("-c", "cat > ${box}/new/$$.$(date +%%N)")`,
            'allow_root_commands = true',
            '[options]',
            'read_all = false',
            'delivered_to = false',
            'received = false',
          ]);
          const getmail = () =>
            program('getmail', ['--rcfile', file, '--getmaildir', folder], { ...own, patience: 60_000 });
          await getmail();
          must(hashesIn(box).length === there, `${hashesIn(box).length} of ${there} messages`);
          must(
            hashesIn(box).every((hash) => EXPECTED.includes(hash)),
            'octets changed',
          );
          await getmail();
          must(hashesIn(box).length === there, 'messages came twice');
        });

      await step(`offlineimap, ${security}: both ways`, async () => {
        const local = join(folder, 'offlineimap');
        const file = secret(join(folder, 'offlineimaprc'), [
          '[general]',
          'accounts = a',
          `metadata = ${join(folder, 'offlineimap-state')}`,
          '[Account a]',
          'localrepository = near',
          'remoterepository = far',
          '[Repository near]',
          'type = Maildir',
          `localfolders = ${local}`,
          '[Repository far]',
          'type = IMAP',
          'remotehost = 127.0.0.1',
          `remoteport = ${port.imap}`,
          `remoteuser = ${person.name}`,
          `remotepass = ${person.password}`,
          `ssl = ${security === 'TLS' ? 'yes' : 'no'}`,
          `starttls = ${security === 'STARTTLS' ? 'yes' : 'no'}`,
          `cert_fingerprint = ${security === 'plain' ? '' : await fingerprint()}`,
        ]);
        const offlineimap = () => program('offlineimap', ['-o', '-u', 'basic', '-c', file], own);
        const before = await inboxCount(person);
        await offlineimap();
        must(
          hashesIn(join(local, 'INBOX')).length === before,
          `${hashesIn(join(local, 'INBOX')).length} messages here`,
        );
        writeFileSync(join(local, 'INBOX', 'new', '1.interop'), message(50).replaceAll('\r\n', '\n'));
        await offlineimap();
        must((await inboxCount(person)) === before + 1, 'the new message did not go up');
        await offlineimap();
        must((await inboxCount(person)) === before + 1, 'a message went up twice');
      });

      await step(`neomutt, ${security}: saves a message in batch mode`, async () => {
        const url = `${security === 'TLS' ? 'imaps' : 'imap'}://${person.name}@127.0.0.1:${port.imap}`;
        const file = secret(join(folder, 'neomuttrc'), [
          `set folder="${url}/" spoolfile="${url}/INBOX"`,
          `set imap_user="${person.name}" imap_pass="${person.password}"`,
          `set ssl_starttls=${security === 'STARTTLS' ? 'yes' : 'no'} ssl_force_tls=${security === 'plain' ? 'no' : 'yes'}`,
          `set certificate_file="${await certificate(folder)}" ssl_verify_host=no ssl_verify_dates=no`,
          'set confirmcreate=no confirmappend=no delete=yes quit=yes copy=no mark_old=no wait_key=no',
          `push "<tag-pattern>~s 'fetched 50'<enter><tag-prefix-cond><copy-message>=neomutted<enter><end-cond><quit>"`,
        ]);
        await program('script', ['-qec', `timeout --foreground 30 neomutt -n -F ${file}`, '/dev/null'], {
          folder,
          environment: { HOME: folder, TERM: 'xterm' },
        });
        const client = await logIn(person);
        const { untagged } = await client.ok('STATUS neomutted (MESSAGES)');
        await client.ok('LOGOUT');
        must(untagged.join().includes('MESSAGES 1)'), untagged.join());
      });
    }
  },
  environment,
);

/** What the server shows who it is with. */
async function certificate(folder: string): Promise<string> {
  const file = join(folder, 'server.pem');
  writeFileSync(
    file,
    await program('sh', [
      '-c',
      `openssl s_client -connect 127.0.0.1:${imapDoors.imaps} -showcerts </dev/null 2>/dev/null | openssl x509`,
    ]),
  );
  return file;
}

async function fingerprint(): Promise<string> {
  const said = await program('sh', [
    '-c',
    `openssl s_client -connect 127.0.0.1:${imapDoors.imaps} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha1`,
  ]);
  return (/=([0-9A-F:]+)/.exec(said)?.[1] ?? '').replaceAll(':', '').toLowerCase();
}
