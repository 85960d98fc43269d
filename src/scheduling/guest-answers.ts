/**
 * Answers of guests without a calendar program: a link in the mail that invites them opens a page on which they answer.
 * RFC 5546 §3.2.3 (REPLY), §3.2.7 (COUNTER): what they choose becomes the message their program would have sent.
 * A link is for one meeting and one guest, sealed so that nobody else can make or read it, and expires. Looking changes nothing.
 * Elsewhere: the page (protocols/guests), the mail (outgoing-mail.ts), what the organizer's object becomes (itip-reply.ts).
 */
import type { PrincipalRow, Store } from '../../storage/store.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, encodeText, type Property, printContent, propertyOf } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { DomainError } from '../errors.ts';
import type { Sealing } from '../principals/sealing.ts';
import { ownAttendee, ownPartstat } from './attendee-properties.ts';
import { viewOf } from './attendee-view.ts';
import { isFoldedUser } from './calendar-user.ts';
import { attendeeChange } from './itip-attendee.ts';
import { type ItipMessage, itipMessage, printMessage, travelling } from './itip-message.ts';
import type { MessageQueue } from './message-queue.ts';
import { isCancelled, resolved } from './schedule-comparison.ts';
import {
  movedTime,
  organizerOf,
  replaceProperties,
  type SchedulingObject,
  schedulingObject,
  withComponents,
  withParameters,
  withProperties,
} from './scheduling-object.ts';

/** What guests can answer. */
export const GUEST_ANSWERS = ['ACCEPTED', 'TENTATIVE', 'DECLINED'] as const;
export type GuestAnswer = (typeof GUEST_ANSWERS)[number];

/** A meeting as one guest sees it. */
export interface GuestView {
  readonly organizer: PrincipalRow;
  /** The address under which the organizer invites, and the guest's; folded. */
  readonly host: string;
  readonly guest: string;
  readonly object: SchedulingObject;
  /** What the guest answered so far; NEEDS-ACTION: nothing. */
  readonly partstat: string;
  /** When it starts, on the clock of its own zone, as HTML inputs write it; undefined without a start. */
  readonly start: string | undefined;
  /** Whether it lasts whole days. */
  readonly wholeDays: boolean;
}

const OWNER = 'guest answer';
const VALID_MS = 60 * 24 * 60 * 60_000;
const MAX_COMMENT = 1_000;
/** Proposals of one guest for one meeting, until the server starts anew: each is a message to the organizer. */
const MAX_PROPOSALS = 5;
const MAX_COUNTED = 10_000;

export class GuestAnswers {
  private readonly store: Store;
  private readonly sealing: Sealing;
  private readonly queue: MessageQueue;
  private readonly now: () => number;
  private readonly proposals = new Map<string, number>();

  constructor(store: Store, sealing: Sealing, queue: MessageQueue, now: () => number) {
    this.store = store;
    this.sealing = sealing;
    this.queue = queue;
    this.now = now;
  }

  /** The path of a link for a guest of somebody's meeting. */
  path(accountId: number, icalUid: string, guest: string): string {
    const sealed = this.sealing.seal(JSON.stringify([accountId, icalUid, guest, this.now() + VALID_MS]), OWNER);
    return `/invitation/${Buffer.from(sealed, 'base64').toString('base64url')}`;
  }

  /** @throws DomainError not-found when the link is none or has expired, or the guest is not invited any more: these look alike */
  async look(token: string): Promise<GuestView> {
    const { accountId, icalUid, guest } = this.opened(token);
    const organizer = await this.store.principals.get(accountId);
    const row = await this.store.calendarObjects.ofUid(accountId, 0, icalUid);
    const data = row === undefined ? undefined : await this.store.calendarObjects.data(row.id);
    if (organizer === undefined || data === undefined) throw gone();
    const whole = schedulingObject(parseCalendarObject(data));
    const host = foldCalendarUser(organizerOf(whole.components.values())?.[3] ?? '');
    const addresses = await this.store.principals.addresses(accountId);
    const components = [...viewOf(whole, guest).components.values()];
    const [first] = components;
    if (first === undefined || components.every(isCancelled)) throw gone();
    if (!isFoldedUser({ ...organizer, addresses }, host)) throw gone();
    const object = reread(whole, components);
    const { start } = resolved(first, whole);
    return {
      organizer,
      host,
      guest,
      object,
      partstat: ownPartstat(first, (user) => user === guest),
      start: start === null ? undefined : new Date(start.local).toISOString().slice(0, start.isDate ? 10 : 16),
      wholeDays: start?.isDate === true,
    };
  }

  /** Answers; the same answer again says nothing. @throws DomainError not-found */
  async answer(token: string, partstat: GuestAnswer, comment: string): Promise<void> {
    const { organizer, guest, object } = await this.look(token);
    const isOwn = (user: string) => user === guest;
    const open = [...object.components.values()].filter((component) => !isCancelled(component));
    const before = reread(object, open.map(withoutComment));
    const answered = open.map((component) => withComment(answeredWith(component, partstat, isOwn), comment));
    const after = reread(object, answered);
    const { message } = attendeeChange({ before, after, isOwn, now: this.now(), reply: true });
    if (message !== undefined) await this.send(organizer, guest, message);
  }

  /**
   * Proposes another start; everything else of the meeting stays. `start` as HTML inputs write it, on the clock of the meeting.
   * @throws DomainError not-found; limit-exceeded after some proposals; invalid-data for what is no time
   */
  async propose(token: string, start: string, comment: string): Promise<void> {
    const { organizer, guest, object, wholeDays } = await this.look(token);
    const at = readStart(start, wholeDays);
    const [component] = object.components.values();
    const from = component === undefined ? null : resolved(component, object).start;
    if (component === undefined || from === null || at === undefined)
      throw new DomainError('invalid-data', 'This is no time.');
    this.count(`${organizer.id} ${guest} ${object.model.icalUid}`);
    const moved = withProperties(component, (property) => {
      const [name, , , value] = property;
      if (name === 'attendee') return foldCalendarUser(value) === guest ? property : undefined;
      return TIMES.has(name) ? movedTime(property, at - from.local, object) : property;
    });
    const host = organizerOf([component]);
    const sender = ownAttendee(component, (user) => user === guest);
    if (host === undefined || sender === undefined) throw gone();
    const told = withComment(travelling(moved, this.now()), comment);
    await this.send(organizer, guest, itipMessage('COUNTER', object, sender[3], [host[3]], [told]));
  }

  /** As if it had come by mail from the guest, whom the link names. */
  private async send(organizer: PrincipalRow, guest: string, message: ItipMessage): Promise<void> {
    const { method, icalUid } = message;
    const now = this.now();
    const id = await this.store.transaction(async (write) =>
      write.scheduleMessages.add({
        accountId: organizer.id,
        recipientId: organizer.id,
        sender: `mailto:${guest}`,
        recipient: (await write.principals.addresses(organizer.id))[0] ?? '',
        method,
        icalUid,
        textId: await write.scheduleMessages.addText(printMessage(message)),
        origin: 'mail',
        byWeb: 1,
        attempts: 0,
        nextAttemptAt: now,
        lastError: null,
        createdAt: now,
      }),
    );
    await this.queue.sent([id]);
  }

  private opened(token: string): { accountId: number; icalUid: string; guest: string } {
    const text = this.sealing.open(Buffer.from(token, 'base64url').toString('base64'), OWNER);
    if (text === undefined) throw gone();
    const [accountId, icalUid, guest, expiresAt] = JSON.parse(text) as [number, string, string, number];
    if (expiresAt <= this.now()) throw gone();
    return { accountId, icalUid, guest };
  }

  private count(key: string): void {
    const count = (this.proposals.get(key) ?? 0) + 1;
    if (count > MAX_PROPOSALS)
      throw new DomainError('limit-exceeded', 'You have proposed enough times.', { limit: MAX_PROPOSALS });
    this.proposals.delete(key);
    this.proposals.set(key, count);
    if (this.proposals.size > MAX_COUNTED) this.proposals.delete(this.proposals.keys().next().value ?? '');
  }
}

const TIMES: ReadonlySet<string> = new Set(['dtstart', 'dtend', 'due']);

/** The object with other components, read anew, so that what is known of each is known of these. */
function reread(object: SchedulingObject, components: readonly Component[]): SchedulingObject {
  return schedulingObject(parseCalendarObject(printContent(withComponents(object, components))));
}

function answeredWith(component: Component, partstat: string, isOwn: (user: string) => boolean): Component {
  const own = ownAttendee(component, isOwn);
  return withProperties(component, (property) =>
    property === own ? withParameters(property, { partstat, rsvp: undefined }) : property,
  );
}

/** COMMENT in the organizer's object is the organizer's; in an answer it is the guest's. */
function withoutComment(component: Component): Component {
  return propertyOf(component, 'comment') === undefined ? component : replaceProperties(component, ['comment'], []);
}

function withComment(component: Component, comment: string): Component {
  const text = comment.trim().slice(0, MAX_COMMENT);
  const properties: Property[] = text === '' ? [] : [['comment', {}, 'unknown', encodeText(text)]];
  return replaceProperties(component, ['comment'], properties);
}

/** Local milliseconds of `2027-01-04T10:00` or `2027-01-04`. */
function readStart(text: string, wholeDays: boolean): number | undefined {
  const form = wholeDays ? /^\d{4}-\d\d-\d\d$/ : /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;
  const at = form.test(text) ? Date.parse(wholeDays ? text : `${text}Z`) : Number.NaN;
  const year = new Date(at).getUTCFullYear();
  return year >= 1970 && year < 2200 ? at : undefined;
}

function gone(): DomainError {
  return new DomainError('not-found', 'This link has expired, or you are not invited any more.');
}
