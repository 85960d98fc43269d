/**
 * Postfix in front of the server, which gets its mail by LMTP, and behind it, which takes what goes elsewhere: the octets arrive
 * unchanged, what is refused comes back to its sender once, and what waits while the other side is stopped arrives once.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { FakeMx } from '../support/fake-mx.ts';
import { startPostfix } from '../support/postfix.ts';
import { freePort, type Person, runCommand, startServerProcess } from '../support/server-process.ts';
import { interop, must, StepFailed } from './steps.ts';

const [lmtp, imap, submission] = (await Promise.all([1, 2, 3].map(() => freePort()))) as [number, number, number];
/** The rest of the world. */
const world = await FakeMx.listen({ teardown: () => {} }, { extensions: ['8BITMIME', 'SMTPUTF8', 'SIZE', 'DSN'] });
// Postfix and its children are people of their own, who must be able to enter.
const folder = mkdtempSync(join(tmpdir(), 'convene-postfix-'));
chmodSync(folder, 0o755);
const postfix = await startPostfix(folder, { lmtp, domain: 'example.com', relay: world.port });

const STRANGER = 'stranger@example.net';

/** A message with what gets lost most easily: dots, long lines, octets beyond ASCII, blanks at ends of lines. */
function message(subject: string): string {
  const header = [
    `From: Somebody <${STRANGER}>`,
    'To: reader@example.com',
    `Subject: ${subject}`,
    `Message-ID: <${subject.replaceAll(/\W/g, '-')}@example.net>`,
    'Date: Mon, 2 Mar 2026 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  const body = ['.', '..', '.one', 'Grüße aus Köln  ', `${'x'.repeat(900)}`, '', 'From here', '', ''];
  return [...header, '', ...body].join('\r\n');
}

/** Everything below the trace fields that servers put on top. */
function bare(octets: string): string {
  return octets.slice(octets.indexOf('From: Somebody'));
}

/** What a mailbox holds, octets as latin1. */
async function inbox(person: Person): Promise<string[]> {
  const auth = { user: person.name, pass: person.password };
  const client = new ImapFlow({ host: '127.0.0.1', port: imap, secure: false, doSTARTTLS: false, auth, logger: false });
  await client.connect();
  try {
    const lock = await client.getMailboxLock('INBOX');
    const all: string[] = [];
    if (client.mailbox !== false && client.mailbox.exists > 0)
      for await (const { source } of client.fetch('1:*', { source: true })) all.push(source?.toString('latin1') ?? '');
    lock.release();
    return all;
  } finally {
    await client.logout();
  }
}

async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let i = 0; i < 150; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(200);
  }
  throw new StepFailed(`${what} does not happen`);
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Hands a message to Postfix as a server of the world. */
async function fromOutside(to: string | string[], raw: string): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: postfix.port, secure: false, ignoreTLS: true });
  await transport.sendMail({ envelope: { from: STRANGER, to }, raw: Buffer.from(raw) });
}

const environment = {
  CONVENE_LMTP_PORT: String(lmtp),
  CONVENE_IMAP_PORT: String(imap),
  CONVENE_SUBMISSION_PORT: String(submission),
  CONVENE_RELAY: `smtp://127.0.0.1:${postfix.port}`,
};

try {
  await interop(
    'Postfix',
    3,
    async ({ server, persons, step, data }) => {
      const [anna, bert, clara] = persons as [Person, Person, Person];
      const address = ({ name }: Person) => `${name}@example.com`;
      const found = async (person: Person, subject: string) =>
        (await inbox(person)).filter((octets) => octets.includes(`Subject: ${subject}\r\n`));
      const arrives = (person: Person, subject: string) =>
        eventually(subject, async () => (await found(person, subject))[0]);
      const submits = async (to: string, raw: string): Promise<void> => {
        const auth = { user: anna.name, pass: anna.password };
        const transport = createTransport({
          host: '127.0.0.1',
          port: submission,
          secure: false,
          ignoreTLS: true,
          auth,
        });
        await transport.sendMail({ envelope: { from: address(anna), to }, raw: Buffer.from(raw) });
      };
      const own = (subject: string) => message(subject).replace(STRANGER, address(anna));

      await step('in front: the octets arrive unchanged', async () => {
        await fromOutside(address(anna), message('in front'));
        const octets = await arrives(anna, 'in front');
        must(bare(octets) === latin1(message('in front')), 'they differ');
        must(octets.startsWith(`Return-Path: <${STRANGER}>\r\n`), 'Return-Path is missing');
      });
      await step('in front: several recipients, with a detail and another letter case', async () => {
        await fromOutside(
          [address(anna), `${bert.name}+detail@example.com`, address(clara).toUpperCase()],
          message('several'),
        );
        for (const person of persons) await arrives(person, 'several');
      });
      await step(
        'in front: one recipient who is not there does not cost the others theirs, and the sender is told once',
        async () => {
          const before = world.messages.length;
          await fromOutside([address(anna), 'nobody@example.com'], message('half known'));
          await arrives(anna, 'half known');
          const notice = await eventually('the notice', () => world.messages[before]);
          must(notice.from === '' && notice.recipients.join() === STRANGER, JSON.stringify(notice.recipients));
          must(/^Final-Recipient: rfc822; ?nobody@example\.com/im.test(notice.octets), 'the notice does not say whom');
          must(/^Status: 5\.1\.1/im.test(notice.octets), 'the notice does not say why');
          must((await found(anna, 'half known')).length === 1, 'it arrived more than once');
        },
      );
      await step('behind: the octets arrive unchanged', async () => {
        await submits('friend@example.org', own('behind'));
        const out = await eventually('arriving', () =>
          world.messages.find(({ octets }) => octets.includes('Subject: behind')),
        );
        must(
          out.from === address(anna) && out.recipients.join() === 'friend@example.org',
          JSON.stringify(out.recipients),
        );
        must(bare(out.octets) === latin1(own('behind')), 'they differ');
      });
      await step('behind: what the world refuses comes back to its sender once', async () => {
        world.behaviour.command = (line) => (/^RCPT TO:<gone@/i.test(line) ? '550 5.1.1 No such person' : undefined);
        await submits('gone@example.org', own('refused'));
        const notice = await eventually('the notice', async () =>
          (await inbox(anna)).find((octets) => /^Content-Type: multipart\/report/im.test(octets)),
        );
        must(/gone@example\.org/.test(notice) && /5\.1\.1/.test(notice), 'it does not say whom and why');
        await sleep(1_000);
        const notices = (await inbox(anna)).filter((octets) => /^Content-Type: multipart\/report/im.test(octets));
        must(notices.length === 1, `${notices.length} notices`);
      });
      await step('behind: what is sent while Postfix is stopped goes out once it is back, once', async () => {
        postfix.run('stop');
        await submits('friend@example.org', own('waits here'));
        must(!world.messages.some(({ octets }) => octets.includes('Subject: waits here')), 'it went already');
        postfix.run('start');
        const sent = () => world.messages.filter(({ octets }) => octets.includes('Subject: waits here'));
        await eventually('sending', () => {
          if (sent().length === 0) runCommand(data, ['queue', 'retry', 'all']);
          return sent()[0];
        });
        await sleep(1_000);
        must(sent().length === 1, `it went ${sent().length} times`);
      });
      await step('in front: what comes while the server is stopped arrives once it is back, once', async () => {
        await server.stop();
        await fromOutside(address(bert), message('waits there'));
        await sleep(1_500);
        const again = await startServerProcess({ data, port: server.port, environment });
        try {
          postfix.run('flush');
          await arrives(bert, 'waits there');
          must((await found(bert, 'waits there')).length === 1, 'it arrived more than once');
        } finally {
          await again.stop();
        }
      });
    },
    environment,
  );
} finally {
  postfix.stop();
  world.close();
  rmSync(folder, { recursive: true, force: true });
}
