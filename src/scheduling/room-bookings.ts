/**
 * Rooms and resources answer invitations: they decide on what is stored, and book in the transaction that delivers.
 * RFC 6638 §3.2.2 (an attendee's copy), RFC 5546 §3.2.3 (REPLY). A request is decided before the transaction; inside it only whether
 * that still holds is asked, and when not it is decided again. So nothing is booked twice, and no transaction expands a series.
 * Elsewhere: the rules (booking-rules.ts), the text (booking-answer.ts), the same check for direct writes (exclusive-time.ts).
 */
import { randomUUID } from 'node:crypto';
import type { CalendarObjectRow, OccurrenceRow, Reads, Store, Writes } from '../../storage/store.ts';
import { durationOf } from '../calendar/calendar-component.ts';
import { zoneOf } from '../calendar/calendars.ts';
import { type Component, printContent } from '../calendar/content.ts';
import { DAY, type DateTime, endOf, instantOf, MINUTE, type TimeZone } from '../calendar/date-time.ts';
import { instantsOf, MAX_BOOKED, takenAmong } from '../calendar/exclusive-time.ts';
import { type CalendarObjectModel, parseCalendarObject } from '../calendar/icalendar.ts';
import { Moved, type Prepared, prepareObject, saveObject } from '../calendar/object-writing.ts';
import { bounds, DEFAULT_STEPS, expand } from '../calendar/recurrence.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import type { BookablePrincipal, Rooms } from '../principals/rooms.ts';
import { unavailablePeriods } from './availability.ts';
import { answerIn, invites, withAnswers } from './booking-answer.ts';
import { bookingComment } from './booking-comment.ts';
import { type Answer, type Answered, type Asked, answer, type Occupied } from './booking-rules.ts';
import { type Interval, merge } from './intervals.ts';
import { ended, reopened } from './open-series.ts';

/** The answer of a room to one invitation, and what has to stay true until it is stored. */
export interface Booking {
  readonly room: BookablePrincipal;
  /** The room's copy with its answers, as it is stored. */
  readonly prepared: Prepared;
  /** The event with its answers, as the organizer has it: what a REPLY is made from. */
  readonly told: CalendarObjectModel;
  readonly answers: readonly Answered[];
  /** Sentences for the organizer; '' when everything was accepted. */
  readonly comment: string;
  /** The calendar it is booked in. */
  readonly calendar: { readonly id: number; readonly timeZone: string };
  /** ETag of the room's copy when this was decided; undefined when there was none. */
  readonly before: string | undefined;
  /** False when everything was declined: then there is no copy, and the time it had is given back. */
  readonly kept: boolean;
}

/** Somebody booked between decision and transaction: decide again. */
export class BookingMoved extends Moved {
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
   * What a room answers as things stand. The invitation is its copy of the event: without METHOD, its own occurrences only.
   * `goesOn`: nobody asks anew, only more of a series can be booked by now.
   * @throws DomainError not-found for the room; what icalendar.ts throws; unsupported-component for what is no event
   */
  async decide(
    name: string,
    invitation: string,
    organizerId: number | undefined,
    goesOn: boolean = false,
  ): Promise<Booking> {
    const room = await this.rooms.find(name);
    const model = parseCalendarObject(printContent(reopened(parseCalendarObject(invitation).content)));
    if (model.component !== 'VEVENT')
      throw new DomainError('unsupported-component', 'A room is booked by events only.');
    const calendar = await this.store.collections.bySegment(room.id, 'calendars', 'calendar');
    if (calendar === undefined) throw new DomainError('not-found', 'The room has no calendar.');
    const zone = zoneOf(calendar);
    const horizon = this.now() + room.horizonDays * DAY;
    const current = await this.current(room, calendar.id, model.icalUid);
    // Days may have gone by since it was booked last; a floating end is a day off at most.
    const from = goesOn ? Math.min(this.now(), (current?.row.lastEnd ?? this.now()) - DAY) : this.now();
    const { asked, open, beyond } = this.asked(model, room, zone, from, horizon);
    const rules = {
      booking: room.booking,
      managed: room.managerId !== null,
      byManager: await this.manages(organizerId, room),
      longest: room.longestMinutes * MINUTE,
      horizon,
      goesOn,
    };
    const occupied = await this.occupied(room, calendar, asked, current);
    const answers = answer(asked, beyond, rules, occupied);
    const undecided = open ? overridesBeyond(model, asked, zone, horizon) : new Set<Component>();
    const told = withAnswers(model, room, answers, zone, undecided);
    const last = open ? lastOfSeries(model, asked) : undefined;
    const prepared = prepareObject(printContent(last === undefined ? told : ended(told, last, undecided)), this.now());
    const series = { beyond, open: open && !goesOn };
    const comment = bookingComment(room, answers, series, horizon, model.main?.start?.zone ?? zone);
    const before = current?.row.etag;
    const kept = answers.length === 0 || answers.some((one) => one.answer !== 'DECLINED');
    return { room, prepared, told: parseCalendarObject(printContent(told)), answers, comment, calendar, before, kept };
  }

  /**
   * Stores the room's copy, in the transaction that delivers the invitation; the room's modseq has been taken.
   * @throws BookingMoved when the time was taken or the copy changed since the decision
   */
  async hold(write: Writes, booking: Booking, modseq: number): Promise<void> {
    const { room, calendar, prepared, kept, before, answers } = booking;
    const current = await write.calendarObjects.ofUid(room.id, calendar.id, prepared.row.icalUid);
    if (current?.etag !== before) throw new BookingMoved();
    if (!kept) {
      if (current !== undefined) await write.calendarObjects.remove(current, room.id, modseq);
      return;
    }
    const held = answers.filter((one) => one.answer !== 'DECLINED');
    if ((await takenAmong(write, calendar, held, current?.id)) !== undefined) throw new BookingMoved();
    const place = { id: current?.collectionId ?? calendar.id, accountId: room.id };
    const name = current?.name ?? `${randomUUID()}.ics`;
    await saveObject(write, place, name, prepared, current, { modseq, now: this.now(), tag: 'new' });
  }

  /**
   * The occurrences from then on that the room is invited to. `open`: of a series without end, as far as the horizon. `beyond`: nothing of
   * it can be booked yet, or not all of it can be looked at.
   */
  private asked(
    model: CalendarObjectModel,
    room: Principal,
    zone: TimeZone,
    from: number,
    horizon: number,
  ): { asked: Asked[]; open: boolean; beyond: boolean } {
    const { item, components } = model;
    if (item === null) return { asked: [], open: false, beyond: false };
    const budget = { steps: DEFAULT_STEPS };
    const { lastEnd } = bounds(item, zone, budget);
    // A series without end shows what it would take until the horizon.
    const until = Math.max(lastEnd ?? horizon, from) + 1;
    const { occurrences, complete } = expand(item, { from, until }, zone, budget);
    const invited = components.map(
      ({ content, status }) => status !== 'CANCELLED' && content[1].some((property) => invites(property, room)),
    );
    const asked = occurrences
      .filter(({ key, start, end }) => invited[key] && end > start)
      .map(({ key, recurrenceId, start, end }) => ({ key, recurrenceId, from: start, until: end }));
    if (lastEnd !== null || !complete) return { asked, open: false, beyond: !complete };
    const near = asked.filter((one) => one.until <= horizon);
    if (near.length > 0) return { asked: near, open: true, beyond: false };
    return { asked: asked.length > 0 ? asked : firstOf(model, zone), open: false, beyond: true };
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
    return { taken, closed, kept: keptAnswers(current?.data, room, range, zone) };
  }

  private async manages(principalId: number | undefined, { managerId }: BookablePrincipal): Promise<boolean> {
    if (principalId === undefined || managerId === null) return false;
    return principalId === managerId || (await this.store.principals.groupsOf(principalId)).includes(managerId);
  }
}

/** The beginning of a series, which there is always something to say of. */
function firstOf({ components, main }: CalendarObjectModel, zone: TimeZone): Asked[] {
  if (main === null || main.start === null) return [];
  const { start } = main;
  const from = instantOf(start, zone);
  return [{ key: components.indexOf(main), recurrenceId: start, from, until: endOf(start, durationOf(main), zone) }];
}

/** Overrides of occurrences that lie beyond the horizon. */
function overridesBeyond(
  { components }: CalendarObjectModel,
  asked: readonly Asked[],
  zone: TimeZone,
  horizon: number,
): Set<Component> {
  const near = new Set(asked.map(({ key }) => key));
  const found = new Set<Component>();
  for (const [key, component] of components.entries()) {
    const { recurrenceId, start, content } = component;
    if (recurrenceId === null || start === null || near.has(key)) continue;
    if (endOf(start, durationOf(component), zone) > horizon) found.add(content);
  }
  return found;
}

/** The last occurrence of the series itself that was looked at. */
function lastOfSeries({ components, main }: CalendarObjectModel, asked: readonly Asked[]): DateTime | undefined {
  const series = asked.filter(({ key }) => components[key] === main);
  return (series.length > 0 ? series : asked).reduce<DateTime | undefined>(
    (last, { recurrenceId }) => (last === undefined || recurrenceId.local > last.local ? recurrenceId : last),
    undefined,
  );
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
  room: Principal,
  range: Interval,
  zone: TimeZone,
): (asked: Asked) => Answer | undefined {
  const answers = new Map<string, Answer>();
  if (data !== undefined && data !== '') {
    const { item, components } = parseCalendarObject(data);
    const found = item === null ? [] : expand(item, range, zone, { steps: DEFAULT_STEPS }).occurrences;
    for (const { start, end, key } of found) {
      const before = answerIn(components[key]!, room);
      if (before !== undefined) answers.set(`${start}-${end}`, before);
    }
  }
  return ({ from, until }) => answers.get(`${from}-${until}`);
}
