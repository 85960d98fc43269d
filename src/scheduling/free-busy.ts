/**
 * When somebody is busy: what calendars and declared availability say, for whoever may know it.
 * RFC 4791 §7.10 (free-busy-query), RFC 6638 §5 and §9.1 (a principal's free/busy leaves transparent calendars out),
 * RFC 7953 §4 and §5 (availability below it).
 * Collections or a principal and a range in, periods out: times, never what they are for.
 * Elsewhere: merging and printing (busy-periods.ts), availability (availability.ts), the index (src/calendar/calendar-index.ts),
 * who may ask (src/principals/access.ts).
 */
import type { BoundCollectionRow, OccurrenceRow, PrincipalRow, Store } from '../../storage/store.ts';
import { answerIn, answerKeys } from '../calendar/attendee-answers.ts';
import { BUSY, FREE, indexCalendarObject, TENTATIVE } from '../calendar/calendar-index.ts';
import { componentsOf, zoneOf } from '../calendar/calendars.ts';
import { DAY, type TimeZone } from '../calendar/date-time.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { seenObjects } from '../calendar/personal-views.ts';
import { DEFAULT_STEPS } from '../calendar/recurrence.ts';
import { isSchedulingCollection } from '../collections/collections.ts';
import type { Collection } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { ALL_RIGHTS, mayQueryFreeBusy, type Principal, rightsOn } from '../principals/access.ts';
import { turn } from '../slices.ts';
import { declaresHours, unavailablePeriods } from './availability.ts';
import { type BusyPeriod, combine, typeOfCode } from './busy-periods.ts';
import { foldedUsersOf } from './calendar-user.ts';
import type { Interval } from './intervals.ts';

/** Steps of recurrence one question may spend on objects that reach beyond the index. About half a second. */
const QUERY_STEPS = 25 * DEFAULT_STEPS;
/** Occurrences one question may take together. */
const MAX_OCCURRENCES = 200_000;
/** Objects whose octets are read at once. */
const READ_AT_ONCE = 50;
/** Rows whose handling takes some milliseconds. */
const MANY = 1_000;
/** Milliseconds of expanding between two yields. */
const SLICE = 10;
/** Objects with a VAVAILABILITY that count in one calendar. */
const MAX_AVAILABILITIES = 50;

/** One reason to be busy: an occurrence. They may overlap and reach beyond the range. */
export interface Appointment extends BusyPeriod {
  /** Whole days, as a client shows them. */
  readonly wholeDay: boolean;
  /** The object it comes from, when the viewer may read it. */
  readonly objectId: number | undefined;
}

/** All that is known of somebody's time in a range. */
export interface Timeline {
  /** Ascending by start. */
  readonly appointments: readonly Appointment[];
  /** Time that declared availability rules out, ascending, not overlapping. */
  readonly unavailable: readonly BusyPeriod[];
  /** Whether working hours are declared. */
  readonly hoursDeclared: boolean;
  /** The zone the owner lives in, when a calendar says so. */
  readonly zone: TimeZone | undefined;
}

interface Allowance {
  steps: number;
  occurrences: number;
}

export class FreeBusy {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /**
   * The busy periods of some calendars within a range, ascending, merged.
   * @throws DomainError not-found for a calendar whose busy times the viewer may not see, too-many-results when the range
   *   holds more than a bounded answer can say
   */
  async periods(calendars: readonly Collection[], range: Interval): Promise<BusyPeriod[]> {
    return mergedOf(await this.timeline(calendars, range, ''), range);
  }

  /**
   * The busy periods of a principal, as far as the viewer may know them: of its own opaque calendars (RFC 6638 §9.1).
   * @throws DomainError forbidden when it may know of none; too-many-results
   */
  async ofPrincipal(viewer: Principal, principal: Principal, range: Interval): Promise<BusyPeriod[]> {
    return mergedOf(await this.timelineOf(viewer, principal, range), range);
  }

  /**
   * What is known of a principal's time, as far as the viewer may know it.
   * @throws DomainError forbidden when it may know nothing; too-many-results
   */
  async timelineOf(viewer: Principal, principal: Principal, range: Interval): Promise<Timeline> {
    const shared = mayQueryFreeBusy(viewer, principal, await this.store.freeBusySharing.get(principal.id));
    return this.counted(principal, range, shared, (row) => rightsOn(this.store, viewer, row));
  }

  /**
   * What anybody may know of the owner of an address, folded, that publishes its free/busy; undefined when nobody does.
   * @throws DomainError too-many-results
   */
  async publishedAt(
    address: string,
    range: Interval,
  ): Promise<{ principal: PrincipalRow; periods: BusyPeriod[] } | undefined> {
    const row = await this.store.principals.byAddress(address);
    if (row === undefined || (await this.store.freeBusySharing.get(row.id)) !== 'everyone') return undefined;
    const owner = { ...row, addresses: await this.store.principals.addresses(row.id) };
    const periods = await mergedOf(await this.counted(owner, range, true, undefined), range);
    return { principal: row, periods };
  }

  /** The timeline of what counts for a principal: own opaque calendars, and the availability kept at its inbox. */
  private async counted(
    principal: Principal,
    range: Interval,
    shared: boolean,
    rightsOf: ((row: { accountId: number; id: number }) => Promise<Collection['rights']>) | undefined,
  ): Promise<Timeline> {
    const seen: Collection[] = [];
    let availability = '';
    for (const row of await this.store.collections.home(principal.id, 'calendars')) {
      if (row.kind !== 'calendar') continue;
      if (isSchedulingCollection(row)) {
        // RFC 7953 §7.2.4: calendar-availability of the inbox counts in scheduling alone.
        if (row.segment === 'inbox') availability = await this.store.collections.availability(row.id);
        continue;
      }
      const of = row.accountId === principal.id ? { owner: principal } : await this.countedOfOthers(principal, row);
      if (of === undefined) continue;
      const granted = await rightsOf?.(row);
      const rights = { freeBusy: shared, read: false, write: false, manage: false };
      if (shared || granted?.freeBusy) seen.push({ ...row, ...of, rights: granted?.freeBusy ? granted : rights });
    }
    if (seen.length === 0 && !shared) {
      throw new DomainError('forbidden', 'You may not see when this person is busy.');
    }
    return this.timeline(
      seen.filter(({ transparent }) => transparent === 0),
      range,
      availability,
      seen.find(({ timeZone, accountId }) => timeZone !== '' && accountId === principal.id),
    );
  }

  /** A calendar of somebody else counts when the principal may read it and says that it does (Interpretation 222). */
  private async countedOfOthers(
    principal: Principal,
    row: BoundCollectionRow,
  ): Promise<Pick<Collection, 'owner' | 'personal'> | undefined> {
    if (row.transparent !== 0 || !(await rightsOn(this.store, principal, row)).read) return undefined;
    const owner = await this.store.principals.get(row.accountId);
    if (owner === undefined) return undefined;
    const addresses = await this.store.principals.addresses(owner.id);
    return { owner: { ...owner, addresses }, personal: { principalId: principal.id, busy: true } };
  }

  private async timeline(
    calendars: readonly Collection[],
    range: Interval,
    availability: string,
    home?: Collection,
  ): Promise<Timeline> {
    const budget = { steps: QUERY_STEPS, occurrences: MAX_OCCURRENCES };
    const appointments: Appointment[] = [];
    const unavailable: BusyPeriod[] =
      availability === '' ? [] : unavailablePeriods([availability], range, zoneOf(home ?? { timeZone: '' }), budget);
    let hoursDeclared = declaresHours(availability);
    for (const calendar of calendars) {
      if (!calendar.rights.freeBusy) throw new DomainError('not-found', 'There is no such calendar.');
      const zone = zoneOf(calendar);
      const users = answerKeys(foldedUsersOf(calendar.owner));
      const occurrences = await this.occurrences(calendar, range, budget);
      // Reading, sorting, merging and printing thousands are each worth a turn of the others.
      if (occurrences.length > MANY) await turn();
      for (const row of occurrences) {
        const appointment = appointmentOf(row, zone, calendar.rights.read, users);
        if (appointment !== undefined && appointment.from < range.until && appointment.until > range.from)
          appointments.push(appointment);
      }
      if (!componentsOf(calendar).includes('VAVAILABILITY')) continue;
      const rows = await this.store.calendarObjects.availabilities(calendar.id, MAX_AVAILABILITIES);
      const texts = rows.map(({ data }) => data);
      unavailable.push(...unavailablePeriods(texts, range, zone, budget));
      hoursDeclared ||= texts.some(declaresHours);
    }
    if (appointments.length > MANY) await turn();
    appointments.sort((a, b) => a.from - b.from || a.until - b.until);
    return { appointments, unavailable: combine(unavailable, range), hoursDeclared, zone: home && zoneOf(home) };
  }

  /** The busy occurrences of one calendar: those of the index, and those of objects the index does not cover. */
  private async occurrences(calendar: Collection, range: Interval, budget: Allowance): Promise<OccurrenceRow[]> {
    const { indexed, outside } = await this.indexed(calendar, range);
    budget.occurrences -= indexed.length;
    const found: OccurrenceRow[] = [...indexed];
    // Floating times are looked for wider; the caller cuts exactly.
    const window = { from: range.from - DAY, until: range.until + DAY };
    let slice = performance.now();
    for (let from = 0; from < outside.length; from += READ_AT_ONCE) {
      const ids = outside.slice(from, from + READ_AT_ONCE);
      for (const { id, data } of await this.read(calendar, ids)) {
        const own = { steps: Math.min(DEFAULT_STEPS, budget.steps) };
        const before = own.steps;
        const index = indexCalendarObject(parseCalendarObject(data), window, own);
        budget.steps -= before - Math.max(0, own.steps);
        for (const occurrence of index.occurrences)
          if (occurrence.busy > 0) found.push({ ...occurrence, objectId: id });
        budget.occurrences -= index.occurrences.length;
        // An expansion that was cut short would show time as free that is not.
        if (index.indexedUntil < range.until || budget.steps <= 0 || budget.occurrences < 0) throw tooMany();
        if (performance.now() - slice > SLICE) {
          await turn();
          slice = performance.now();
        }
      }
    }
    if (budget.occurrences < 0) throw tooMany();
    return found;
  }

  /** The busy occurrences of the index, and the ids of objects that must be read to know. */
  private async indexed(
    { id, personal }: Collection,
    { from, until }: Interval,
  ): Promise<{ indexed: OccurrenceRow[]; outside: number[] }> {
    const own = personal?.busy === true;
    const { rows, outside } = await this.store.snapshot(async ({ calendarObjects }) => ({
      rows: await (own ? calendarObjects.occurrences(id, from, until) : calendarObjects.busy(id, from, until)),
      outside: (await calendarObjects.outsideIndex(id, from, until)).map((row) => row.id),
    }));
    if (!own) return { indexed: rows, outside };
    // The index knows TRANSP of the owner. Where that matters, or the person has an own one, the object is read.
    const ids = [...new Set(rows.map(({ objectId }) => objectId))];
    const kept = (await this.store.personalData.of(personal.principalId, ids)).map(({ objectId }) => objectId);
    const unknown = new Set([...kept, ...outside]);
    for (const row of rows) if (row.busy === FREE || isWholeDay(row)) unknown.add(row.objectId);
    return { indexed: rows.filter(({ objectId }) => !unknown.has(objectId)), outside: [...unknown] };
  }

  /** Objects with what makes their reader busy. */
  private async read(calendar: Collection, ids: number[]): Promise<{ id: number; data: string }[]> {
    const rows = await this.store.calendarObjects.dataOf(ids);
    if (calendar.personal?.busy !== true) return rows;
    // Of what is private to the owner nobody has a TRANSP of one's own (Interpretation 220).
    const rights = { ...ALL_RIGHTS, manage: false };
    return seenObjects(this.store, { rights, personal: calendar.personal }, rows);
  }
}

/** As the index has an occurrence of whole days; a floating time at midnight looks the same. */
function isWholeDay({ startAt, endAt, floating }: OccurrenceRow): boolean {
  return floating === 1 && startAt % DAY === 0 && endAt % DAY === 0;
}

async function mergedOf({ appointments, unavailable }: Timeline, range: Interval): Promise<BusyPeriod[]> {
  if (appointments.length > MANY) await turn();
  const merged = combine([...appointments, ...unavailable], range);
  if (merged.length > MANY) await turn();
  return merged;
}

/** @param users keys of whose time it is (answerKeys): what they declined leaves it free */
function appointmentOf(
  row: OccurrenceRow,
  zone: TimeZone,
  readable: boolean,
  users: readonly string[],
): Appointment | undefined {
  const { startAt, endAt, floating, busy, answers, objectId } = row;
  const answer = answers ? answerIn(answers, users) : undefined;
  const type = typeOfCode(answer === 'tentative' && busy === BUSY ? TENTATIVE : busy);
  if (type === undefined || answer === 'declined') return undefined;
  return {
    from: floating ? zone.toInstant(startAt) : startAt,
    until: floating ? zone.toInstant(endAt) : endAt,
    type,
    wholeDay: isWholeDay(row),
    objectId: readable ? objectId : undefined,
  };
}

function tooMany(): DomainError {
  return new DomainError('too-many-results', 'The range holds more occurrences than one answer may say; ask for less.');
}
