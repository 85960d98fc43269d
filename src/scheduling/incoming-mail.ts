/**
 * Scheduling messages that arrive by mail: into the queue, with what is known of their sender.
 * RFC 6047 §2.2 and §2.3: whose message it is tells the address it is from, as far as that can be believed.
 * The octets of a delivered mail in; whether it was a scheduling message out. The mail itself is delivered as all others.
 * Elsewhere: reading the mail (mailed-calendars.ts), what a message may change (message-delivery.ts).
 */
import type { PrincipalRow, Store } from '../../storage/store.ts';
import { parseContent, printContent } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { DomainError } from '../errors.ts';
import type { JobLog } from '../jobs.ts';
import type { ItipMethod } from './itip-message.ts';
import { type MailedCalendar, mayHoldCalendar, readCalendars } from './mailed-calendars.ts';
import type { MessageQueue } from './message-queue.ts';
import { replaceProperties, SCHEDULED } from './scheduling-object.ts';

/** What is known of the From address: DMARC passed; the domain publishes nothing to tell; it failed. */
export type SenderTrust = 'pass' | 'none' | 'fail';

/** A mail that was delivered. */
export interface ArrivedMail {
  readonly accountIds: readonly number[];
  /** The mail, or the beginning of a long one. */
  readonly octets: Buffer;
  readonly trust: SenderTrust;
}

/** Accounts of one mail that are looked after. */
const MAX_ACCOUNTS = 200;

/** Whether a principal has an address, folded, among its contacts: whose invitations are added without asking. */
export type Knows = (principalId: number, address: string) => Promise<boolean>;

export class IncomingMail {
  private readonly store: Store;
  private readonly queue: MessageQueue;
  private readonly knows: Knows;
  private readonly now: () => number;

  constructor(store: Store, queue: MessageQueue, knows: Knows, now: () => number) {
    this.store = store;
    this.knows = knows;
    this.queue = queue;
    this.now = now;
  }

  /** Looks into a mail that arrived for some accounts. The mail is delivered by then, so nothing here may refuse it. */
  async arrived({ accountIds, octets, trust }: ArrivedMail, log: Pick<JobLog, 'error'>): Promise<void> {
    if (!mayHoldCalendar(octets)) return;
    for (const accountId of accountIds.slice(0, MAX_ACCOUNTS)) {
      try {
        const recipient = await this.store.principals.get(accountId);
        if (recipient !== undefined) await this.receive(recipient, octets, trust);
      } catch (error) {
        log.error({ err: error }, 'a scheduling message in a mail was not taken');
      }
    }
  }

  /**
   * Takes a mail that was delivered to somebody. What cannot be read, or is said to be from somebody else, changes nothing.
   * Returns whether a scheduling message was queued.
   */
  async receive(recipient: PrincipalRow, octets: Buffer, trust: SenderTrust): Promise<boolean> {
    const { from, calendars } = readCalendars(octets);
    const [sender] = from;
    // From must name one person: of several nobody knows whose message it is.
    if (sender === undefined || from.length > 1 || trust === 'fail') return false;
    const read = distinct(calendars);
    if (read.length === 0) return false;
    const origin = trust === 'pass' && (await this.knows(recipient.id, sender)) ? 'mail' : 'stranger';
    const now = this.now();
    const ids = await this.store.transaction(async (write) => {
      const added: number[] = [];
      for (const { method, text, icalUid } of read) {
        const textId = await write.scheduleMessages.addText(text);
        const id = await write.scheduleMessages.add({
          accountId: recipient.id,
          recipientId: recipient.id,
          sender: `mailto:${sender}`,
          recipient: (await write.principals.addresses(recipient.id))[0] ?? '',
          method,
          icalUid,
          textId,
          origin,
          attempts: 0,
          nextAttemptAt: now,
          lastError: null,
          createdAt: now,
        });
        added.push(id);
      }
      return added;
    });
    await this.queue.sent(ids);
    return true;
  }
}

interface Readable {
  readonly method: ItipMethod;
  readonly text: string;
  readonly icalUid: string;
}

/**
 * What can be scheduled, once for each UID: what a mail says twice, as something to read and as a file, is one message, and
 * RFC 5546 §3.2.2 puts all components of a UID into one calendar.
 */
function distinct(calendars: readonly MailedCalendar[]): Readable[] {
  const found = new Map<string, Readable>();
  for (const { method, calendar } of calendars) {
    const read = readable(method, calendar);
    if (read !== undefined && !found.has(read.icalUid)) found.set(read.icalUid, { method, ...read });
  }
  return [...found.values()];
}

/** The text of a calendar that can be scheduled, and its UID; undefined for everything else. */
function readable(method: ItipMethod, calendar: string): { text: string; icalUid: string } | undefined {
  const icalUid = uidOf(calendar);
  if (icalUid !== undefined) return { text: calendar, icalUid };
  if (method !== 'REPLY') return undefined;
  // Whose answer it is does not depend on times; some programs write them in zones that only they know.
  const text = withoutTimes(calendar);
  const uid = text === undefined ? undefined : uidOf(text);
  return text === undefined || uid === undefined ? undefined : { text, icalUid: uid };
}

function uidOf(calendar: string): string | undefined {
  try {
    const { component, icalUid } = parseCalendarObject(calendar);
    return SCHEDULED.includes(component) ? icalUid : undefined;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

const TIMES = ['dtstart', 'dtend', 'due', 'duration', 'rrule', 'rdate', 'exdate', 'exrule', 'created', 'last-modified'];

function withoutTimes(calendar: string): string | undefined {
  try {
    const tree = parseContent(calendar);
    const components = tree[2]
      .filter(([name]) => name !== 'vtimezone')
      .map((component) => replaceProperties(component, TIMES, []));
    return printContent([tree[0], tree[1], components]);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
