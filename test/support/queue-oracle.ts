/**
 * Rounds of: start the server with its clock somewhere else, submit mail for people behind a hostile mail server, end it without
 * warning. At last the mail server behaves, and every message that was acknowledged has arrived or was reported to its sender, once:
 * it may have arrived twice only where the answer was lost, or where the log says that an attempt was cut short.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ImapFlow } from 'imapflow';
import type { Test } from 'tap';
import { sendCommand } from '../../protocols/control/control-socket.ts';
import { randomFrom } from './generated-data.ts';
import { HostileMx, MANNERS } from './hostile-mx.ts';
import { addPeople, freePort, type Person, people, startServerProcess } from './server-process.ts';
import { SmtpClient } from './smtp.ts';

const HOUR = 3_600_000;
/** How far the clock of each round is from the machine's; the last one is when everything is settled. */
const SHIFTS = [0, HOUR, -2 * HOUR, 3 * HOUR, 5 * HOUR, -24 * HOUR, 6 * HOUR];
/** Past the time for which anything is kept. */
const TOO_LATE = 6 * 24 * HOUR;
const CLOCK = fileURLToPath(new URL('./shifted-clock.mjs', import.meta.url));
const SENDERS = 3;

export interface QueueRounds {
  readonly rounds: number;
  /** Messages acknowledged before the server may be struck. */
  readonly messages: number;
  readonly seed: number;
  /** Whether in the last round but one the clock is so late that what waits is given up. */
  readonly givesUp: boolean;
}

export interface QueueResult {
  readonly acknowledged: number;
  /** Messages that the other server has, reported to be undeliverable, and that arrived more than once for a reason. */
  readonly arrived: number;
  readonly reported: number;
  readonly twice: number;
  readonly faults: string[];
}

interface Ports {
  readonly imap: number;
  readonly submission: number;
}

/** Runs the rounds on a new folder, which goes when the test ends. */
export async function queueRounds(t: Test, { rounds, messages, seed, givesUp }: QueueRounds): Promise<QueueResult> {
  const base = mkdtempSync(join(tmpdir(), 'convene-queue-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const data = join(base, 'data');
  mkdirSync(data);
  const [person] = people(1) as [Person];
  addPeople(data, [person]);
  const mx = await HostileMx.listen(t);
  const ports: Ports = { imap: await freePort(), submission: await freePort() };
  const environment = {
    CONVENE_IMAP_PORT: String(ports.imap),
    CONVENE_SUBMISSION_PORT: String(ports.submission),
    CONVENE_SUBMISSION_MESSAGES: '0',
    CONVENE_RELAY: `smtp://127.0.0.1:${mx.port}`,
    CONVENE_LOG_LEVEL: 'warn',
    NODE_OPTIONS: `--import=${CLOCK}`,
  };
  const random = randomFrom(seed);
  const acknowledged = new Set<string>();
  const cutShort = new Map<string, number>();
  const start = (shift: number) =>
    startServerProcess({ data, environment: { ...environment, CLOCK_SHIFT_MS: String(shift) } });
  const note = (output: string): void => {
    for (const [, rcptTo = ''] of output.matchAll(/"rcptTo":"([^"]+)"[^\n]*an attempt was cut short/g))
      cutShort.set(rcptTo, (cutShort.get(rcptTo) ?? 0) + 1);
  };
  for (let round = 0; round < rounds; round++) {
    const late = givesUp && round === rounds - 1;
    const server = await start(late ? TOO_LATE : (SHIFTS[round % SHIFTS.length] as number));
    try {
      const before = acknowledged.size;
      let struck = false;
      const sending = Promise.all(
        Array.from({ length: SENDERS }, (_, lane) =>
          submit(ports, person, acknowledged, () => struck, `${round}.${lane}`, random),
        ),
      );
      for (let i = 0; i < 1_000 && acknowledged.size < before + messages; i++) await sleep(10);
      await sleep(random() * 200);
      struck = true;
      await server.kill();
      await sending;
    } finally {
      await server.kill();
      note(server.output());
    }
  }
  mx.calm = true;
  const server = await start(0);
  try {
    let left = Number.POSITIVE_INFINITY;
    for (let patience = 40; patience > 0 && left > 0; patience--) {
      // What was planned by other clocks is asked for.
      await sendCommand(data, 'queue.retry', {});
      await sleep(250);
      left = ((await sendCommand(data, 'queue.list', {})) as unknown[]).length;
    }
    note(server.output());
    const reports = await reportsOf(ports, person);
    return judge(mx, acknowledged, cutShort, reports, left);
  } finally {
    await server.stop();
  }
}

/** Submits one message after the other until the server is gone; each is for somebody of its own. */
async function submit(
  { submission }: Ports,
  { name, password }: Person,
  acknowledged: Set<string>,
  stop: () => boolean,
  lane: string,
  random: () => number,
): Promise<void> {
  const from = `${name}@example.com`;
  try {
    const client = await SmtpClient.connect(submission);
    await client.command('EHLO oracle.example');
    await client.command(`AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}`);
    for (let n = 0; !stop(); n++) {
      const manner = MANNERS[Math.floor(random() * MANNERS.length)];
      const recipient = `${manner}-${lane}.${n}@example.net`;
      await client.command(`MAIL FROM:<${from}>`);
      await client.command(`RCPT TO:<${recipient}>`);
      await client.command('DATA');
      const size = n % 9 === 0 ? 20_000 : 3;
      client.write(
        `From: ${from}\r\nTo: ${recipient}\r\nSubject: ${recipient}\r\n\r\n${'A line.\r\n'.repeat(size)}.\r\n`,
      );
      if ((await client.reply()).startsWith('250')) acknowledged.add(recipient);
    }
    client.end();
  } catch {
    // The server is gone.
  }
}

/** How often each recipient was reported as failed, by what is in INBOX. */
async function reportsOf({ imap }: Ports, { name, password }: Person): Promise<Map<string, number>> {
  const auth = { user: name, pass: password };
  const client = new ImapFlow({ host: '127.0.0.1', port: imap, secure: false, doSTARTTLS: false, auth, logger: false });
  await client.connect();
  const reports = new Map<string, number>();
  try {
    const lock = await client.getMailboxLock('INBOX');
    const { exists } = client.mailbox as { exists: number };
    for await (const { source } of exists === 0 ? [] : client.fetch('1:*', { source: true })) {
      const text = source?.toString('latin1') ?? '';
      for (const part of text
        .split(/\r\n\r\n/)
        .filter((block) => /^Action: failed$/im.test(block.replaceAll('\r', '')))) {
        const recipient = /^Final-Recipient: rfc822; *(\S+)/im.exec(part)?.[1] ?? '';
        reports.set(recipient, (reports.get(recipient) ?? 0) + 1);
      }
    }
    lock.release();
  } finally {
    await client.logout();
  }
  return reports;
}

function judge(
  mx: HostileMx,
  acknowledged: ReadonlySet<string>,
  cutShort: ReadonlyMap<string, number>,
  reports: ReadonlyMap<string, number>,
  left: number,
): QueueResult {
  const faults: string[] = left > 0 ? [`${left} recipients are still in the queue`] : [];
  let [arrived, reported, twice] = [0, 0, 0];
  for (const recipient of new Set([...acknowledged, ...mx.taken.keys(), ...reports.keys()])) {
    const times = mx.taken.get(recipient) ?? 0;
    const told = reports.get(recipient) ?? 0;
    const lost = (mx.unanswered.get(recipient) ?? 0) + (cutShort.get(recipient) ?? 0);
    if (times > 0) arrived++;
    if (told > 0) reported++;
    if (times > 1) twice++;
    if (acknowledged.has(recipient) && times + told === 0) faults.push(`${recipient} was acknowledged and is lost`);
    if (times > 1 + lost) faults.push(`${recipient} arrived ${times} times, and ${lost} answers were lost`);
    if (told > 1) faults.push(`${recipient} was reported ${told} times`);
    if (told > 0 && times > lost) faults.push(`${recipient} arrived, was answered, and is reported as failed`);
    if (mx.refused.has(recipient) && acknowledged.has(recipient) && told === 0)
      faults.push(`${recipient} was refused and is not reported`);
  }
  return { acknowledged: acknowledged.size, arrived, reported, twice, faults };
}
