/**
 * What becomes of mail to attendees: handed on, late, returned.
 * RFC 3461 §4.4 (the envelope id by which it is known again), RFC 3464 (reports), RFC 6638 §3.2.9 (5.1: could not be delivered).
 * Outcomes of the queue of mail and reports of other servers in, the state of the attendee out; what came back becomes a message
 * to the organizer's own calendar, so that the event says so too.
 * Elsewhere: reading reports (src/mail/delivery-reports.ts), who is told (reply-tracker.ts).
 */
import type { AttendeeTrackingRow, CalendarObjectRow, ScheduleMessageRow, Store, Writes } from '../../storage/store.ts';
import { printContent } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { Moved, prepareObject, requireNewToOwner, saveObject } from '../calendar/object-writing.ts';
import type { DeliveryReport } from '../mail/delivery-reports.ts';
import type { MailOutcomes } from '../mail/outbound.ts';
import { readQueueOptions } from '../mail/queue-options.ts';
import type { MessageQueue } from './message-queue.ts';
import { UNDELIVERABLE, withStatuses } from './schedule-status.ts';

/** METHOD of a row in the queue of messages that is no iTIP message: a mail to an attendee came back. */
export const BOUNCE = 'BOUNCE';

/** Characters of what another server said that are kept. */
const MAX_DETAIL = 500;

export class TrackedMail {
  private readonly store: Store;
  private readonly queue: MessageQueue;
  private readonly now: () => number;

  constructor(store: Store, queue: MessageQueue, now: () => number) {
    this.store = store;
    this.queue = queue;
    this.now = now;
  }

  /** What the queue of mail tells: in its own transaction, and after it. */
  outcomes(): MailOutcomes {
    return {
      settled: async (write, { accountId, options }, { status, enhanced, reply }) => {
        const { envelopeId } = readQueueOptions(options);
        if (envelopeId === undefined) return;
        const tracked = await write.attendeeTracking.byEnvelope(accountId, envelopeId);
        if (tracked === undefined) return;
        const detail = `${enhanced} ${reply}`.trim().slice(0, MAX_DETAIL);
        if (status === 'failed') await this.bounced(write, tracked, detail);
        else await this.settle(write, tracked, status === 'sent' ? 'sent' : 'delayed', detail);
      },
      committed: () => this.queue.wake(),
    };
  }

  /** A report that arrived for an account. Whoever knows the id of an envelope got the mail, or handled it. */
  async report(accountId: number, { envelopeId, messageId, recipients }: DeliveryReport): Promise<void> {
    const [told] = recipients;
    const id = envelopeId ?? messageId?.slice(0, messageId.lastIndexOf('@'));
    if (id === undefined || told === undefined) return;
    const detail = `${told.status} ${told.diagnostic}`.trim().slice(0, MAX_DETAIL);
    await this.store.transaction(async (write) => {
      const tracked = await write.attendeeTracking.byEnvelope(accountId, id);
      if (tracked === undefined) return;
      if (told.action === 'failed') await this.bounced(write, tracked, detail);
      else if (told.action === 'delayed' || told.action === 'delivered')
        await this.settle(write, tracked, told.action, detail);
    });
    this.queue.wake();
  }

  private settle(write: Writes, of: AttendeeTrackingRow, state: 'sent' | 'delayed' | 'delivered', detail: string) {
    return write.attendeeTracking.settled(of, state, this.now(), detail);
  }

  private async bounced(write: Writes, of: AttendeeTrackingRow, detail: string): Promise<void> {
    const { accountId, icalUid, attendee, state } = of;
    if (state === 'bounced') return;
    const now = this.now();
    await write.attendeeTracking.settled(of, 'bounced', now, detail);
    await write.scheduleMessages.add({
      accountId,
      recipientId: accountId,
      sender: `mailto:${attendee}`,
      recipient: attendee,
      method: BOUNCE,
      icalUid,
      textId: await write.scheduleMessages.addText(detail),
      origin: 'mail',
      byWeb: 0,
      attempts: 0,
      nextAttemptAt: now,
      lastError: null,
      createdAt: now,
    });
  }
}

/**
 * Writes into the organizer's object that a message to an attendee could not be delivered, and takes the row off the queue.
 * @throws Moved when the object changed meanwhile
 */
export async function markBounced(store: Store, row: ScheduleMessageRow, now: number): Promise<void> {
  const known = await store.calendarObjects.ofUid(row.accountId, 0, row.icalUid);
  const data = known === undefined ? undefined : await store.calendarObjects.data(known.id);
  const text = data === undefined ? undefined : marked(data, row.recipient);
  const prepared = text === undefined || text === data ? undefined : prepareObject(text, now);
  await store.transaction(async (write) => {
    if ((await write.scheduleMessages.get(row.id)) === undefined) return;
    if (known !== undefined && prepared !== undefined) await save(write, known, prepared, now);
    await write.scheduleMessages.remove(row);
  });
}

function marked(data: string, attendee: string): string {
  const { content } = parseCalendarObject(data);
  return printContent(withStatuses(content, new Map([[attendee, UNDELIVERABLE]])));
}

async function save(write: Writes, known: CalendarObjectRow, prepared: ReturnType<typeof prepareObject>, now: number) {
  const { collectionId, name } = known;
  const collection = await write.collections.get(collectionId);
  if (collection === undefined) return;
  const modseq = await write.accounts.nextModseq(collection.accountId, [collectionId]);
  const current = await write.calendarObjects.get(collectionId, name);
  if (current?.etag !== known.etag) throw new Moved();
  await saveObject(write, collection, name, prepared, current, { modseq, now, tag: 'keep' }, requireNewToOwner);
}
