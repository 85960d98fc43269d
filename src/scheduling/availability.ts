/**
 * When somebody cannot be met though no event says so: VAVAILABILITY as busy periods.
 * RFC 7953 §3.1 (components, BUSYTYPE, PRIORITY), §5 (free/busy), §7.2.4 (one or more of them). Pure: text and a range in,
 * periods out.
 * Elsewhere: where the availability of a person is kept (free-busy.ts), busy periods of events (busy-periods.ts).
 */
import { type CalendarComponent, readComponent } from '../calendar/calendar-component.ts';
import { CalendarZones } from '../calendar/calendar-zones.ts';
import { type Component, parseContent, textOf } from '../calendar/content.ts';
import { endOf, instantOf, type TimeZone } from '../calendar/date-time.ts';
import { itemOf } from '../calendar/icalendar.ts';
import { type Budget, expand, type RecurringItem } from '../calendar/recurrence.ts';
import { DomainError } from '../errors.ts';
import type { BusyPeriod, BusyType } from './busy-periods.ts';
import { clip, type Interval, merge, subtract } from './intervals.ts';

/** The availability of one person, as it is kept on the inbox. */
export interface Availability {
  readonly components: readonly AvailabilityComponent[];
}

interface AvailabilityComponent {
  readonly component: CalendarComponent;
  /** AVAILABLE components recur like events; those of one UID are a series with its overrides. */
  readonly available: readonly RecurringItem[];
}

/**
 * Reads an iCalendar object of VAVAILABILITY components, each with a UID of its own.
 * @throws DomainError invalid-data and what calendar-component.ts throws
 */
export function parseAvailability(text: string): Availability {
  const calendar = parseContent(text);
  const zones = new CalendarZones(calendar);
  const contents = calendar[2].filter(([name]) => name !== 'vtimezone');
  if (calendar[0] !== 'vcalendar' || contents.length === 0 || contents.some(([name]) => name !== 'vavailability')) {
    throw new DomainError('invalid-data', 'This is not an iCalendar object of VAVAILABILITY components.');
  }
  const uids = new Set(contents.map((content) => textOf(content, 'uid')));
  if (uids.has('') || uids.size < contents.length) {
    throw new DomainError('invalid-data', 'A VAVAILABILITY has no UID of its own.');
  }
  const components = contents.map((content) => ({
    component: readComponent(content, zones),
    available: seriesIn(content, zones),
  }));
  return { components };
}

function seriesIn(content: Component, zones: CalendarZones): RecurringItem[] {
  const series = new Map<string, CalendarComponent[]>();
  for (const child of content[2]) {
    if (child[0] !== 'available') continue;
    const uid = textOf(child, 'uid');
    series.set(uid, [...(series.get(uid) ?? []), { ...readComponent(child, zones), name: 'VEVENT' }]);
  }
  return [...series.values()].flatMap((components) => itemOf(components) ?? []);
}

/** The times within a range at which one is not available, by type; of several components the more important one decides. */
export function unavailablePeriods(
  { components }: Availability,
  range: Interval,
  floatingZone: TimeZone,
  budget: Budget,
): BusyPeriod[] {
  const periods: BusyPeriod[] = [];
  let decided: Interval[] = [];
  for (const { component, available } of [...components].sort((one, other) => rankOf(one) - rankOf(other))) {
    const span = subtract(clip([spanOf(component, floatingZone)], range), decided);
    const free: Interval[] = [];
    for (const item of available) {
      const { occurrences } = expand(item, range, floatingZone, budget);
      for (const { start, end } of occurrences) free.push({ from: start, until: end });
    }
    const type = busyTypeOf(component.content);
    for (const period of subtract(span, merge(free))) periods.push({ ...period, type });
    decided = merge([...decided, ...span]);
  }
  return periods;
}

/** PRIORITY: 1 is the highest, 0 and none the lowest (RFC 7953 §3.1). */
function rankOf({ component }: AvailabilityComponent): number {
  const priority = Number.parseInt(textOf(component.content, 'priority'), 10);
  return priority >= 1 && priority <= 9 ? priority : 10;
}

function spanOf({ start, end, duration }: CalendarComponent, zone: TimeZone): Interval {
  const from = start ? instantOf(start, zone) : Number.NEGATIVE_INFINITY;
  if (end) return { from, until: instantOf(end, zone) };
  return { from, until: start && duration ? endOf(start, duration, zone) : Number.POSITIVE_INFINITY };
}

/** RFC 7953 §3.2: BUSY-UNAVAILABLE is the default. */
function busyTypeOf(content: Component): BusyType {
  const type = textOf(content, 'busytype').toUpperCase();
  return type === 'BUSY' || type === 'BUSY-TENTATIVE' ? type : 'BUSY-UNAVAILABLE';
}
