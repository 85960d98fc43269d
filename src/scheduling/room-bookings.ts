/**
 * Rooms and resources answer invitations: they decide on what is stored, and book in the transaction that delivers.
 * RFC 6638 §3.2.2 (an attendee's copy), RFC 5546 §3.2.3 (REPLY). A request is decided before the transaction; inside it only whether
 * that still holds is asked, and when not it is decided again. So nothing is booked twice, and no transaction expands a series.
 * Elsewhere: the rules (booking-rules.ts), the text (booking-answer.ts), the same check for direct writes (exclusive-time.ts).
 */
import { randomUUID } from 'node:crypto';
import type { CalendarObjectRow, OccurrenceRow, Reads, Store, Writes } from '../../storage/store.ts';
import { type CalendarObjectIndex, indexCalendarObject } from '../calendar/calendar-index.ts';
import { indexWindow } from '../calendar/calendar-objects.ts';
import { zoneOf } from '../calendar/calendars.ts';
import { printContent } from '../calendar/content.ts';
import { DAY, MINUTE, type TimeZone } from '../calendar/date-time.ts';
import { instantsOf, MAX_BOOKED, takenAmong } from '../calendar/exclusive-time.ts';
import { type CalendarObjectModel, parseCalendarObject } from '../calendar/icalendar.ts';
import { bounds, DEFAULT_STEPS, expand } from '../calendar/recurrence.ts';
import { etagOf } from '../collections/etag.ts';
import { DomainError } from '../errors.ts';
import type { BookablePrincipal, Rooms } from '../principals/rooms.ts';
import { unavailablePeriods } from './availability.ts';
import { answerIn, names, withAnswers } from './booking-answer.ts';
import { bookingComment } from './booking-comment.ts';
import { type Answer, type Answered, type Asked, answer, type Occupied } from './booking-rules.ts';
import { type Interval, merge } from './intervals.ts';

/** How often a request is decided again because others booked meanwhile. */
const ATTEMPTS = 5;

/** The answer of a room to one invitation, and what has to stay true until it is stored. */
export interface Booking {
  readonly room: BookablePrincipal;
  readonly icalUid: string;
  /** The room's copy with its answers: what a REPLY is made from. */
  readonly data: string;
  readonly answers: readonly Answered[];
  /** Sentences for the organizer; '' when everything was accepted. */
  readonly comment: string;
  /** The calendar it is booked in. */
  readonly calendar: { readonly id: number; readonly timeZone: string };
  /** ETag of the room's copy when this was decided; undefined when there was none. */
  readonly before: string | undefined;
  readonly index: CalendarObjectIndex;
  /** False when everything was declined: then there is no copy, and the time it had is given back. */
  readonly kept: boolean;
}

/** Somebody booked between decision and transaction: decide again. */
export class BookingMoved extends Error {
  override readonly name = 'BookingMoved';
}

export class RoomBookings {
  private readonly store: Store;
  private readonly rooms: Rooms;
  private readonly now: () => number;

  constructor(store: Store, rooms: Rooms, now: () => number) {
    this.store = store;
    this.rooms = rooms;
    this.now = now;
  }

  /**
   * Decides and books, deciding again when others were faster. `deliver` runs in the same transaction, before the booking, takes the
   * modseqs it needs, the room's included, and gives back the room's.
   * @throws DomainError as `decide`; unavailable when others keep being faster
   */
  async book(
    name: string,
    invitation: string,
    organizerId: number | undefined,
    deliver: (write: Writes, booking: Booking) => Promise<number> = takeModseq,
  ): Promise<Booking> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const booking = await this.decide(name, invitation, organizerId);
      try {
        await this.store.transaction(async (write) => this.hold(write, booking, await deliver(write, booking)));
        return booking;
      } catch (error) {
        if (!(error instanceof BookingMoved)) throw error;
      }
    }
    throw new DomainError('unavailable', 'Too many others are booking this room.', { retryAfter: 1 });
  }

  /**
   * What a room answers as things stand. The invitation is its copy of the event: without METHOD, its own occurrences only.
   * @throws DomainError not-found for the room; what icalendar.ts throws; unsupported-component for what is no event
   */
  async decide(name: string, invitation: string, organizerId: number | undefined): Promise<Booking> {
    const room = await this.rooms.find(name);
    const model = parseCalendarObject(invitation);
    if (model.component !== 'VEVENT')
      throw new DomainError('unsupported-component', 'A room is booked by events only.');
    const calendar = await this.store.collections.bySegment(room.id, 'calendars', 'calendar');
    if (calendar === undefined) throw new DomainError('not-found', 'The room has no calendar.');
    const zone = zoneOf(calendar);
    const horizon = this.now() + room.horizonDays * DAY;
    const { asked, endless } = this.asked(model, room.addresses, zone, horizon);
    const current = await this.current(room, calendar.id, model.icalUid);
    const rules = {
      booking: room.booking,
      managed: room.managerId !== null,
      byManager: await this.manages(organizerId, room),
      longest: room.longestMinutes * MINUTE,
      horizon,
    };
    const occupied = await this.occupied(room, calendar, asked, current);
    const answers = answer(asked, endless, rules, occupied);
    const data = printContent(withAnswers(model, room.addresses, answers, zone));
    const index = indexCalendarObject(parseCalendarObject(data), indexWindow(this.now()));
    const comment = bookingComment(room, answers, endless, horizon, model.main?.start?.zone ?? zone);
    const before = current?.row.etag;
    const kept = answers.length === 0 || answers.some((one) => one.answer !== 'DECLINED');
    return { room, icalUid: model.icalUid, data, answers, comment, calendar, before, index, kept };
  }

  /**
   * Stores the room's copy, in the transaction that delivers the invitation; the room's modseq has been taken.
   * @throws BookingMoved as `requireStillFree`
   */
  async hold(write: Writes, booking: Booking, modseq: number): Promise<void> {
    const { room, calendar, data, index } = booking;
    const current = await requireStillFree(write, booking);
    if (!booking.kept) {
      if (current !== undefined) await write.calendarObjects.remove(current, room.id, modseq);
      return;
    }
    const { occurrences, ...facts } = index;
    const now = this.now();
    const row = {
      ...facts,
      collectionId: current?.collectionId ?? calendar.id,
      name: current?.name ?? `${randomUUID()}.ics`,
      etag: etagOf(data),
      scheduleTag: null,
      size: Buffer.byteLength(data),
      modseq,
      createdAt: current?.createdAt ?? now,
      modifiedAt: now,
    };
    if (current === undefined) await write.calendarObjects.add(row, data, occurrences);
    else await write.calendarObjects.replace({ ...row, id: current.id }, data, occurrences);
  }

  /** The occurrences ahead that the room is invited to; endless when they go on beyond what can be looked at. */
  private asked(
    model: CalendarObjectModel,
    addresses: readonly string[],
    zone: TimeZone,
    horizon: number,
  ): { asked: Asked[]; endless: boolean } {
    const { item, components } = model;
    if (item === null) return { asked: [], endless: false };
    const budget = { steps: DEFAULT_STEPS };
    const { lastEnd } = bounds(item, zone, budget);
    const now = this.now();
    // A series without end shows what it would take until the horizon.
    const until = Math.max(lastEnd ?? horizon, now) + 1;
    const { occurrences, complete } = expand(item, { from: now, until }, zone, budget);
    const invited = components.map(
      ({ content, status }) => status !== 'CANCELLED' && content[1].some((property) => names(property, addresses)),
    );
    const asked = occurrences
      .filter(({ key, start, end }) => invited[key] && end > start)
      .map(({ key, recurrenceId, start, end }) => ({ key, recurrenceId, from: start, until: end }));
    return { asked, endless: lastEnd === null || !complete };
  }

  private async current(
    room: BookablePrincipal,
    calendarId: number,
    icalUid: string,
  ): Promise<{ row: CalendarObjectRow; data: string } | undefined> {
    const row = await this.store.calendarObjects.ofUid(room.id, calendarId, icalUid);
    if (row === undefined) return undefined;
    return { row, data: (await this.store.calendarObjects.data(row.id)) ?? '' };
  }

  /** What is taken and closed around the occurrences asked for, and what was answered of them before. */
  private async occupied(
    room: BookablePrincipal,
    calendar: { readonly id: number; readonly timeZone: string },
    asked: readonly Asked[],
    current: { row: CalendarObjectRow; data: string } | undefined,
  ): Promise<Occupied> {
    const [first] = asked;
    if (first === undefined || asked.length > MAX_BOOKED) return { taken: [], closed: [], kept: () => undefined };
    const zone = zoneOf(calendar);
    const range = { from: first.from, until: asked.reduce((last, { until }) => Math.max(last, until), first.until) };
    const rows = await this.store.snapshot((reads) => busyRows(reads, calendar.id, range, current?.row.id));
    const taken = merge(rows.map((row) => instantsOf(row, zone)));
    const inbox = await this.store.collections.bySegment(room.id, 'calendars', 'inbox');
    const availability = inbox === undefined ? '' : await this.store.collections.availability(inbox.id);
    const closed =
      availability === '' ? [] : merge(unavailablePeriods([availability], range, zone, { steps: DEFAULT_STEPS }));
    return { taken, closed, kept: keptAnswers(current?.data, room.addresses, range, zone) };
  }

  private async manages(principalId: number | undefined, { managerId }: BookablePrincipal): Promise<boolean> {
    if (principalId === undefined || managerId === null) return false;
    return principalId === managerId || (await this.store.principals.groupsOf(principalId)).includes(managerId);
  }
}

/**
 * Asked in the transaction that delivers, before the room's copy is written: whether the decision still holds. Gives back the copy
 * there is.
 * @throws BookingMoved when the time was taken or the copy changed meanwhile
 */
export async function requireStillFree(reads: Reads, booking: Booking): Promise<CalendarObjectRow | undefined> {
  const { room, calendar, icalUid, before, answers } = booking;
  const current = await reads.calendarObjects.ofUid(room.id, calendar.id, icalUid);
  if (current?.etag !== before) throw new BookingMoved();
  const held = answers.filter((one) => one.answer !== 'DECLINED');
  if ((await takenAmong(reads, calendar, held, current?.id)) !== undefined) throw new BookingMoved();
  return current;
}

/** The room's own account alone. */
function takeModseq(write: Writes, { room, calendar }: Booking): Promise<number> {
  return write.accounts.nextModseq(room.id, [calendar.id]);
}

/** Busy rows of other objects; all of the range when something in it is not indexed. */
async function busyRows(
  reads: Reads,
  calendarId: number,
  range: Interval,
  exceptObjectId: number | undefined,
): Promise<OccurrenceRow[]> {
  const unknown = await reads.calendarObjects.outsideIndex(calendarId, range.from, range.until);
  if (unknown.some(({ id }) => id !== exceptObjectId))
    return [{ objectId: 0, startAt: range.from, endAt: range.until, floating: 0, busy: 1 }];
  const rows = await reads.calendarObjects.busy(calendarId, range.from, range.until);
  return rows.filter(({ objectId }) => objectId !== exceptObjectId);
}

/** The answers of the copy there is, for occurrences that have not moved. */
function keptAnswers(
  data: string | undefined,
  addresses: readonly string[],
  range: Interval,
  zone: TimeZone,
): (asked: Asked) => Answer | undefined {
  const answers = new Map<string, Answer>();
  if (data !== undefined && data !== '') {
    const { item, components } = parseCalendarObject(data);
    const found = item === null ? [] : expand(item, range, zone, { steps: DEFAULT_STEPS }).occurrences;
    for (const { start, end, key } of found) {
      const before = answerIn(components[key]!, addresses);
      if (before !== undefined) answers.set(`${start}-${end}`, before);
    }
  }
  return ({ from, until }) => answers.get(`${from}-${until}`);
}
