/**
 * Scheduling messages to people elsewhere: from the queue of messages into the queue of mail.
 * RFC 6047 §2. One transaction puts the mail into its queue and takes the message away, so it is sent once.
 * Elsewhere: composing (imip.ts), sending (the queue of mail, table `submissions`).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { ScheduleMessageRow, Store } from '../../storage/store.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { cardsOf } from '../contacts/known-addresses.ts';
import type { Job } from '../jobs.ts';
import { writeQueueOptions } from '../mail/queue-options.ts';
import { composeInvitation } from './imip.ts';
import type { Language } from './invitation-text.ts';
import { ITIP_METHODS } from './itip-message.ts';
import { readerOf } from './readers.ts';
import { schedulingObject } from './scheduling-object.ts';

/** Messages composed before others get a turn. */
const AT_ONCE = 10;
/** Octets of a blob that is written at once. */
const MAX_MAIL_OCTETS = 256 * 1024;

export interface OutgoingMailOptions {
  readonly store: Store;
  readonly now: () => number;
  /** For people whose own language nobody knows. */
  readonly language: Language;
  /** Where somebody who is invited can answer without a calendar program; undefined: nowhere. */
  readonly answerUrl?: (row: ScheduleMessageRow) => string | undefined;
  /** Told after something was put into the queue of mail. */
  readonly queued: () => void;
}

/** The job: what waits for recipients elsewhere leaves within seconds. */
export function outgoingMail(options: OutgoingMailOptions): Job {
  return {
    name: 'mail-invitations',
    everyMs: 5_000,
    async run(signal) {
      while (!signal.aborted && (await mailSome(options)) === AT_ONCE);
    },
  };
}

/** Turns some messages into mail. Returns how many there were. */
export async function mailSome(options: OutgoingMailOptions): Promise<number> {
  const rows = await options.store.scheduleMessages.outgoing(options.now(), AT_ONCE);
  const cards = await cardsOfRecipients(options.store, rows);
  for (const row of rows) await mailOne(options, options.now(), row, cards.get(row));
  if (rows.length > 0) options.queued();
  return rows.length;
}

/** The card that each sender has of the recipient. */
async function cardsOfRecipients(store: Store, rows: readonly ScheduleMessageRow[]) {
  const found = new Map<ScheduleMessageRow, string>();
  for (const accountId of new Set(rows.map((row) => row.accountId))) {
    const own = rows.filter((row) => row.accountId === accountId);
    const cards = await cardsOf(
      store,
      accountId,
      own.map(({ recipient }) => recipient),
    );
    for (const row of own) {
      const card = cards.get(row.recipient);
      if (card !== undefined) found.set(row, card);
    }
  }
  return found;
}

async function mailOne(
  options: OutgoingMailOptions,
  now: number,
  row: ScheduleMessageRow,
  card: string | undefined,
): Promise<void> {
  const { store } = options;
  // Nobody can guess it: a report that names it is about this mail.
  const envelopeId = `schedule-${row.id}-${randomBytes(12).toString('hex')}`;
  const octets = await composed(options, now, row, card, envelopeId);
  await store.transaction(async (write) => {
    if ((await write.scheduleMessages.get(row.id)) === undefined) return;
    const tracked = { ...row, attendee: row.recipient };
    if (octets !== undefined) {
      await write.accounts.nextModseq(row.accountId, []);
      const hash = createHash('sha256').update(octets).digest();
      const blobId = await write.blobs.put(row.accountId, hash, octets, now);
      await write.submissions.add({
        accountId: row.accountId,
        blobId,
        mailFrom: foldCalendarUser(row.sender),
        rcptTo: row.recipient,
        options: writeQueueOptions({ envelopeId }),
        state: 'queued',
        attempts: 0,
        nextAttemptAt: now,
        lastError: null,
        createdAt: now,
      });
      await write.attendeeTracking.mailed(tracked, envelopeId);
    } else await write.attendeeTracking.settled(tracked, 'bounced', now, 'It is too long for a mail.');
    await write.scheduleMessages.remove(row);
  });
}

/** Undefined when there is nothing that can be sent: the sender is gone, or the text too long for mail. */
async function composed(
  { store, language, answerUrl }: OutgoingMailOptions,
  now: number,
  row: ScheduleMessageRow,
  card: string | undefined,
  envelopeId: string,
): Promise<Buffer | undefined> {
  const principal = await store.principals.get(row.accountId);
  const calendar = await store.scheduleMessages.text(row.textId);
  const method = ITIP_METHODS.find((one) => one === row.method);
  if (principal === undefined || calendar === undefined || method === undefined) return undefined;
  const from = foldCalendarUser(row.sender);
  const url = method === 'REQUEST' ? answerUrl?.(row) : undefined;
  const object = schedulingObject(parseCalendarObject(calendar));
  const reader = readerOf(object, row.recipient, card, language);
  const octets = await composeInvitation({
    method,
    object,
    calendar,
    from: from.includes('@') ? from : ((await store.principals.addresses(principal.id))[0] ?? from),
    fromName: principal.displayName,
    to: row.recipient,
    language: reader.language,
    readersZone: reader.zone,
    // The page shows the same clock.
    answerUrl: url === undefined || reader.zone === undefined ? url : `${url}?zone=${encodeURIComponent(reader.zone)}`,
    messageId: `${envelopeId}@${from.slice(from.indexOf('@') + 1)}`,
    date: new Date(now),
  });
  return octets.length <= MAX_MAIL_OCTETS ? octets : undefined;
}
