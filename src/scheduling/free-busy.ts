/**
 * When somebody is busy: the busy periods of calendars, for whoever may know them.
 * RFC 4791 §7.10 (free-busy-query), RFC 7953 §5 (availability), RFC 6638 §5 and §9.1 (a principal's free/busy leaves transparent calendars out).
 * Collections and a range in, merged periods out: times only, never what they are for.
 * Elsewhere: merging and printing (busy-periods.ts), the index (src/calendar/calendar-index.ts).
 */
import { setImmediate } from 'node:timers/promises';
import type { Store } from '../../storage/store.ts';
import { type IndexedOccurrence, indexCalendarObject } from '../calendar/calendar-index.ts';
import { zoneOf } from '../calendar/calendars.ts';
import { UTC } from '../calendar/date-time.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { DEFAULT_STEPS } from '../calendar/recurrence.ts';
import { isSchedulingCollection } from '../collections/collections.ts';
import type { Collection } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { type Principal, rightsOn } from '../principals/access.ts';
import { parseAvailability, unavailablePeriods } from './availability.ts';
import { type BusyPeriod, busyPeriods } from './busy-periods.ts';
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
/** A floating time may lie this far from where its zone puts it. */
const FLOATING_MARGIN = 86_400_000;

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
    const budget = { steps: QUERY_STEPS, occurrences: MAX_OCCURRENCES };
    const all: BusyPeriod[] = [];
    for (const calendar of calendars) {
      if (!calendar.rights.freeBusy) throw new DomainError('not-found', 'There is no such calendar.');
      const zone = zoneOf(calendar);
      const occurrences = await this.occurrences(calendar, range, budget);
      // Reading, merging and printing thousands are each worth a turn of the others.
      if (occurrences.length > MANY) await setImmediate();
      const periods = busyPeriods(occurrences, range, zone);
      for (const period of periods) all.push(period);
    }
    if (all.length > MANY) await setImmediate();
    const merged = calendars.length === 1 ? all : busyPeriods(all.map(asOccurrence), range, UTC);
    if (merged.length > MANY) await setImmediate();
    return merged;
  }

  /**
   * The busy periods of a principal, as far as the viewer may know them: of its own opaque calendars (RFC 6638 §9.1).
   * @throws DomainError forbidden when it may know of none; too-many-results
   */
  async ofPrincipal(viewer: Principal, principal: Principal, range: Interval): Promise<BusyPeriod[]> {
    const seen: Collection[] = [];
    for (const row of await this.store.collections.home(principal.id, 'calendars')) {
      if (row.kind !== 'calendar' || row.accountId !== principal.id || isSchedulingCollection(row)) continue;
      const rights = await rightsOn(this.store, viewer, row);
      if (rights.freeBusy) seen.push({ ...row, owner: principal, rights });
    }
    if (seen.length === 0 && viewer.id !== principal.id) {
      throw new DomainError('forbidden', 'You may not see when this person is busy.');
    }
    const opaque = seen.filter(({ transparent }) => transparent === 0);
    const periods = await this.periods(opaque, range);
    const unavailable = await this.unavailable(principal, range);
    if (unavailable.length === 0) return periods;
    return busyPeriods([...periods, ...unavailable].map(asOccurrence), range, UTC);
  }

  /** What the VAVAILABILITY on the inbox of a principal leaves out (RFC 7953 §5, §7.2.4). */
  private async unavailable(principal: Principal, range: Interval): Promise<BusyPeriod[]> {
    const inbox = await this.store.collections.bySegment(principal.id, 'calendars', 'inbox');
    if (inbox === undefined) return [];
    const properties = await this.store.properties.list('collection', inbox.id, principal.id);
    const kept = properties.find(({ name }) => name === 'calendar-availability');
    if (kept === undefined) return [];
    const text = /BEGIN:VCALENDAR[\s\S]*END:VCALENDAR/.exec(kept.xml)?.[0] ?? '';
    try {
      const availability = parseAvailability(textOfXml(text));
      return unavailablePeriods(availability, range, zoneOf(inbox), { steps: QUERY_STEPS });
    } catch (error) {
      // It was checked when it was set; a time zone may have lost its name since.
      if (error instanceof DomainError) return [];
      throw error;
    }
  }

  /** The busy occurrences of one calendar: those of the index, and those of objects the index does not cover. */
  private async occurrences(
    calendar: Collection,
    range: Interval,
    budget: { steps: number; occurrences: number },
  ): Promise<IndexedOccurrence[]> {
    const { indexed, outside } = await this.store.snapshot(async (reads) => ({
      indexed: await reads.calendarObjects.busy(calendar.id, range.from, range.until),
      outside: await reads.calendarObjects.outsideIndex(calendar.id, range.from, range.until),
    }));
    budget.occurrences -= indexed.length;
    const found: IndexedOccurrence[] = indexed;
    // Floating times are looked for wider; busyPeriods cuts exactly.
    const window = { from: range.from - FLOATING_MARGIN, until: range.until + FLOATING_MARGIN };
    let slice = performance.now();
    for (let from = 0; from < outside.length; from += READ_AT_ONCE) {
      const ids = outside.slice(from, from + READ_AT_ONCE).map(({ id }) => id);
      for (const { data } of await this.store.calendarObjects.dataOf(ids)) {
        const own = { steps: Math.min(DEFAULT_STEPS, budget.steps) };
        const before = own.steps;
        const index = indexCalendarObject(parseCalendarObject(data), window, own);
        budget.steps -= before - Math.max(0, own.steps);
        for (const occurrence of index.occurrences) if (occurrence.busy > 0) found.push(occurrence);
        budget.occurrences -= index.occurrences.length;
        // An expansion that was cut short would show time as free that is not.
        if (index.indexedUntil < range.until || budget.steps <= 0 || budget.occurrences < 0) throw tooMany();
        if (performance.now() - slice > SLICE) {
          await setImmediate();
          slice = performance.now();
        }
      }
    }
    if (budget.occurrences < 0) throw tooMany();
    return found;
  }
}

/** Periods of several sources are merged as occurrences once more. */
function asOccurrence({ from, until, type }: BusyPeriod): IndexedOccurrence {
  const busy = type === 'BUSY' ? 1 : type === 'BUSY-TENTATIVE' ? 2 : 3;
  return { startAt: from, endAt: until, floating: 0, busy };
}

/** Text of an element as properties are kept: escaped, and nothing else. */
function textOfXml(xml: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return xml.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(Number.parseInt(decimal ?? hex ?? '0', decimal === undefined ? 16 : 10));
  });
}

function tooMany(): DomainError {
  return new DomainError('too-many-results', 'The range holds more occurrences than one answer may say; ask for less.');
}
