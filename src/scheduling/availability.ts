/**
 * When somebody is available at all: VAVAILABILITY to busy periods.
 * RFC 7953 §3.1 (VAVAILABILITY, AVAILABLE, BUSYTYPE, PRIORITY), §4 (how several combine), §7.2.4 (calendar-availability).
 * Texts in, periods of time that is not available out. Pure; every expansion has a budget.
 * Elsewhere: what is booked on top of it (free-busy.ts), where the texts are kept (storage: calendars, calendar objects).
 */
import { type CalendarComponent, readComponent } from '../calendar/calendar-component.ts';
import { ALL_TIME } from '../calendar/calendar-index.ts';
import { checkComponents } from '../calendar/calendar-validation.ts';
import { CalendarZones } from '../calendar/calendar-zones.ts';
import { type Component, parseContent, propertyOf, textOf } from '../calendar/content.ts';
import { endOf, instantOf, type TimeZone } from '../calendar/date-time.ts';
import { itemOf } from '../calendar/icalendar.ts';
import { type Budget, expand } from '../calendar/recurrence.ts';
import { DomainError } from '../errors.ts';
import { BUSY_TYPES, type BusyPeriod, type BusyType } from './busy-periods.ts';
import { clip, type Interval, intersect, merge, subtract } from './intervals.ts';

/** Octets of one calendar-availability. */
const MAX_OCTETS = 100_000;

/** One VAVAILABILITY as it stands in a range. */
interface Layer {
  /** 0 is the lowest, then 9 to 1 (RFC 7953 §3.1). */
  readonly priority: number;
  readonly type: BusyType;
  readonly span: readonly Interval[];
  readonly available: readonly Interval[];
}

/**
 * The periods of a range in which VAVAILABILITY components say their owner is not available, ascending, not overlapping.
 * @throws DomainError too-many-results when the budget does not suffice
 */
export function unavailablePeriods(
  texts: readonly string[],
  range: Interval,
  floatingZone: TimeZone,
  budget: Budget,
): BusyPeriod[] {
  const layers = texts.flatMap((text) => layersOf(text, range, floatingZone, budget));
  const state = new Map<BusyType, Interval[]>();
  // RFC 7953 §4: from the lowest priority to the highest, each replaces what is below where it applies.
  for (const rank of [0, 9, 8, 7, 6, 5, 4, 3, 2, 1]) {
    const group = layers.filter(({ priority }) => priority === rank);
    if (group.length === 0) continue;
    const cover = merge(group.flatMap(({ span }) => span));
    let taken: Interval[] = [];
    for (const type of BUSY_TYPES) {
      // Within one priority: BUSY, BUSY-UNAVAILABLE, BUSY-TENTATIVE, then free. Interpretation 14.
      const own = merge(
        group.filter((layer) => layer.type === type).flatMap((one) => subtract(one.span, one.available)),
      );
      const below = subtract(state.get(type) ?? [], cover);
      state.set(type, merge([...below, ...subtract(own, taken)]));
      taken = merge([...taken, ...own]);
    }
  }
  const periods = [...state].flatMap(([type, set]) =>
    set.map(({ from, until }): BusyPeriod => ({ from, until, type })),
  );
  return periods.sort((a, b) => a.from - b.from);
}

/**
 * Checks the value of calendar-availability and gives it back: an iCalendar object of VAVAILABILITY components, each with a UID of
 * its own (RFC 7953 §7.2.4).
 * @throws DomainError invalid-data, invalid-object, too-large and what calendar-component.ts throws
 */
export function checkAvailability(text: string): string {
  if (Buffer.byteLength(text) > MAX_OCTETS) {
    throw new DomainError('too-large', `An availability has at most ${MAX_OCTETS} octets.`, { limit: MAX_OCTETS });
  }
  const calendar = parseContent(text);
  const zones = new CalendarZones(calendar);
  const contents = calendar[2].filter(([name]) => name !== 'vtimezone');
  if (calendar[0] !== 'vcalendar' || contents.length === 0 || contents.some(([name]) => name !== 'vavailability')) {
    throw new DomainError('invalid-object', 'Expected an iCalendar object of VAVAILABILITY components.');
  }
  const uids = new Set(contents.map((content) => textOf(content, 'uid')));
  if (uids.has('') || uids.size < contents.length) {
    throw new DomainError('invalid-object', 'A VAVAILABILITY has no UID of its own.');
  }
  for (const content of contents) {
    checkComponents([readComponent(content, zones)]);
    if (availableOf(content, zones).some(({ start }) => start === null))
      throw new DomainError('invalid-object', 'An AVAILABLE has no DTSTART.');
  }
  return text;
}

/** The layers of one object; what cannot be read any more says nothing. */
function layersOf(text: string, range: Interval, zone: TimeZone, budget: Budget): Layer[] {
  try {
    const calendar = parseContent(text);
    const zones = new CalendarZones(calendar);
    return calendar[2]
      .filter(([name]) => name === 'vavailability')
      .map((content) => layerOf(readComponent(content, zones), zones, range, zone, budget));
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'too-many-results') return [];
    throw error;
  }
}

function layerOf(
  { start, end, duration, content }: CalendarComponent,
  zones: CalendarZones,
  range: Interval,
  zone: TimeZone,
  budget: Budget,
): Layer {
  // RFC 7953 §3.1: without DTSTART or an end it is open on that side.
  const from = start ? instantOf(start, zone) : ALL_TIME.from;
  const until = end ? instantOf(end, zone) : start && duration ? endOf(start, duration, zone) : ALL_TIME.until;
  const span = clip(merge([{ from, until }]), range);
  const priority = Number.parseInt(propertyOf(content, 'priority')?.[3] ?? '0', 10);
  const named = propertyOf(content, 'busytype')?.[3].toUpperCase();
  return {
    priority: priority >= 1 && priority <= 9 ? priority : 0,
    type: BUSY_TYPES.find((type) => type === named) ?? 'BUSY-UNAVAILABLE',
    span,
    available: span.length === 0 ? [] : intersect(availableIn(content, zones, range, zone, budget), span),
  };
}

/** The time its AVAILABLE components cover; each recurs with its own overrides (RFC 7953 §3.1). */
function availableIn(
  availability: Component,
  zones: CalendarZones,
  range: Interval,
  zone: TimeZone,
  budget: Budget,
): Interval[] {
  const byUid = new Map<string, CalendarComponent[]>();
  for (const available of availableOf(availability, zones)) {
    const uid = textOf(available.content, 'uid');
    byUid.set(uid, [...(byUid.get(uid) ?? []), available]);
  }
  const found: Interval[] = [];
  for (const components of byUid.values()) {
    // AVAILABLE without UID of their own are told apart by nothing: each is a series.
    const mains = components.filter(({ recurrenceId }) => recurrenceId === null);
    const groups = mains.length > 1 ? mains.map((main) => [main]) : [components];
    for (const group of groups) {
      const item = itemOf(group);
      if (item === null) continue;
      const { occurrences, complete } = expand(item, range, zone, budget);
      if (!complete) throw new DomainError('too-many-results', 'The availability repeats too often to be looked at.');
      for (const { start, end } of occurrences) found.push({ from: start, until: end });
    }
  }
  return merge(found);
}

function availableOf(availability: Component, zones: CalendarZones): CalendarComponent[] {
  return availability[2].filter(([name]) => name === 'available').map((content) => readComponent(content, zones));
}

/** Whether a text holds an AVAILABLE at all, that is working hours and not only an absence. */
export function declaresHours(text: string): boolean {
  if (text === '') return false;
  try {
    return parseContent(text)[2].some(
      ([name, , children]) => name === 'vavailability' && children.some(([child]) => child === 'available'),
    );
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}
