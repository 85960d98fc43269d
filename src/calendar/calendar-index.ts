/**
 * What the store keeps of a calendar object beside its text: bounds, and the occurrences within a window.
 * RFC 4791 §9.9 (which span of time a component covers), §7.10 and RFC 5545 §3.2.9 (busy or not).
 * A model in, rows out. Rows may reach further than the component (tasks, VFREEBUSY), never less far: calendar-filter.ts
 * decides exactly. Floating times are local times written as if they were UTC.
 * Elsewhere: expansion (recurrence.ts), the tables (storage/occurrences.ts).
 */
import { type CalendarComponent, durationOf } from './calendar-component.ts';
import { DAY, type DateTime, endOf, instantOf, SECOND, type TimeZone, UTC } from './date-time.ts';
import { freeBusyPeriods } from './free-busy-periods.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import {
  type Budget,
  bounds,
  DEFAULT_STEPS,
  expand,
  type RecurringItem,
  recurs,
  type TimeRange,
} from './recurrence.ts';

/** Rows for one object; a longer index is cut where it is still complete. */
export const MAX_OCCURRENCES = 5_000;
/** The widest range there is: the years 1 to 9999. */
export const ALL_TIME: TimeRange = { from: Date.parse('0001-01-01T00:00:00Z'), until: Date.UTC(10_000, 0, 1) };

export const FREE = 0;
export const BUSY = 1;
export const TENTATIVE = 2;
export const UNAVAILABLE = 3;

/** As a row of the store, without the object. */
export interface IndexedOccurrence {
  startAt: number;
  endAt: number;
  /** 1: startAt and endAt are local time written as if it were UTC. */
  floating: number;
  /** 0 free, 1 busy, 2 tentative, 3 unavailable. */
  busy: number;
  /** Marks of attendees who are not coming, or perhaps (attendee-answers.ts); missing or null when there are none. */
  answers?: string | null;
}

export interface CalendarObjectIndex {
  component: string;
  icalUid: string;
  /** 1 when only a part of the occurrences may be in the index. */
  recurring: number;
  /** Of all occurrences; null when there is none. */
  firstStart: number | null;
  /** Of all occurrences; null when there is none or no end. */
  lastEnd: number | null;
  /** Complete within [indexedFrom, indexedUntil). */
  indexedFrom: number;
  indexedUntil: number;
  occurrences: IndexedOccurrence[];
}

/**
 * Bounds of an object and its occurrences within a window, as local times where they float. An object that does not recur
 * has all its rows whatever the window.
 */
export function indexCalendarObject(
  model: CalendarObjectModel,
  window: TimeRange,
  budget: Budget = { steps: DEFAULT_STEPS },
): CalendarObjectIndex {
  const { item } = model;
  if (item && model.component !== 'VFREEBUSY' && (item.overrides.length > 0 || (item.set && recurs(item.set)))) {
    return indexRecurring(model, item, window, budget);
  }
  const occurrences = model.components.flatMap(rowsOf);
  return { ...indexOf(model, occurrences), recurring: 0, indexedFrom: ALL_TIME.from, indexedUntil: ALL_TIME.until };
}

/** Whether a row overlaps a range exactly as RFC 4791 §9.9 says for a VEVENT; the store looks a day wider for floating rows. */
export function overlaps(occurrence: IndexedOccurrence, range: TimeRange, floatingZone: TimeZone): boolean {
  const { startAt, endAt, floating } = occurrence;
  const start = floating ? floatingZone.toInstant(startAt) : startAt;
  const end = floating ? floatingZone.toInstant(endAt) : endAt;
  return start < range.until && (end > range.from || start >= range.from);
}

function indexRecurring(
  model: CalendarObjectModel,
  item: RecurringItem,
  window: TimeRange,
  budget: Budget,
): CalendarObjectIndex {
  const { firstStart, lastEnd } = bounds(item, UTC, budget);
  // An object of overrides alone does not go on: all of them are rows.
  const range = item.set ? window : ALL_TIME;
  const { occurrences, complete } = expand(item, range, UTC, budget);
  let until = complete ? range.until : range.from;
  if (occurrences.length > MAX_OCCURRENCES) {
    // Rows that start before the cut are all there; what lasts beyond it is found too.
    until = Math.min(until, occurrences[MAX_OCCURRENCES]!.start);
  }
  const rows: IndexedOccurrence[] = [];
  for (const { start, end, floating, key } of occurrences) {
    if (start >= until) break;
    const component = model.components[key]!;
    rows.push({ startAt: start, endAt: end, floating: floating ? 1 : 0, ...countsOf(component) });
  }
  // Local times are within a day of instants: of floating rows the outermost day may be incomplete.
  const margin = item.set && rows.some(({ floating }) => floating) ? DAY : 0;
  return {
    component: model.component,
    icalUid: model.icalUid,
    recurring: item.set ? 1 : 0,
    firstStart,
    lastEnd,
    indexedFrom: range.from + margin,
    indexedUntil: Math.max(range.from + margin, until - margin),
    occurrences: rows,
  };
}

/** What free/busy asks of an occurrence: how it counts, and for whom it does not. */
function countsOf(component: CalendarComponent): Pick<IndexedOccurrence, 'busy' | 'answers'> {
  const busy = busyOf(component);
  return component.answers === '' ? { busy } : { busy, answers: component.answers };
}

/** How one component counts in free/busy (RFC 4791 §7.10); availability is applied when it is asked for. */
function busyOf({ name, status, transparent }: CalendarComponent): number {
  if (name !== 'VEVENT' || transparent || status === 'CANCELLED') return FREE;
  return status === 'TENTATIVE' ? TENTATIVE : BUSY;
}

function indexOf(model: CalendarObjectModel, occurrences: IndexedOccurrence[]) {
  let firstStart: number | null = null;
  let lastEnd: number | null = null;
  for (const { startAt, endAt } of occurrences) {
    firstStart = Math.min(firstStart ?? startAt, startAt);
    lastEnd = Math.max(lastEnd ?? endAt, endAt);
  }
  const { component, icalUid } = model;
  return { component, icalUid, firstStart, lastEnd: lastEnd === ALL_TIME.until ? null : lastEnd, occurrences };
}

/** The rows of a component that does not recur. */
function rowsOf(component: CalendarComponent): IndexedOccurrence[] {
  const { name, start } = component;
  switch (name) {
    case 'VTODO':
      return [taskRow(component)];
    case 'VFREEBUSY':
      return freeBusyRows(component);
    case 'VAVAILABILITY':
      return [availabilityRow(component)];
    default:
      return start ? [{ ...row(start, localEnd(start, component), FREE), ...countsOf(component) }] : [];
  }
}

function localEnd(start: DateTime, component: CalendarComponent): number {
  return endOf(start, durationOf(component), UTC);
}

function row(start: DateTime, endAt: number, busy: number): IndexedOccurrence {
  return { startAt: instantOf(start, UTC), endAt, floating: start.zone ? 0 : 1, busy };
}

/** A second more on both sides: several conditions on a VTODO include the ends (RFC 4791 §9.9). */
function taskRow(component: CalendarComponent): IndexedOccurrence {
  const { start, end, completed, created } = component;
  const anchor = start ?? end;
  const times: number[] = [];
  if (anchor) {
    times.push(instantOf(anchor, UTC));
    if (start) times.push(localEnd(start, component));
    if (end) times.push(instantOf(end, UTC));
  } else {
    if (completed !== null) times.push(completed);
    // CREATED alone matches whatever ends after it.
    if (created !== null) times.push(created);
    if (completed === null) times.push(ALL_TIME.until);
    if (created === null && completed === null) times.push(ALL_TIME.from);
  }
  return {
    startAt: Math.max(ALL_TIME.from, Math.min(...times) - SECOND),
    endAt: Math.min(ALL_TIME.until, Math.max(...times) + SECOND),
    floating: anchor && !anchor.zone ? 1 : 0,
    busy: FREE,
  };
}

/** One row for what the component covers, and one for each busy period. */
function freeBusyRows(component: CalendarComponent): IndexedOccurrence[] {
  const { start, end } = component;
  const rows = freeBusyPeriods(component.content).map(({ from, until, type }) => ({
    startAt: from,
    endAt: until,
    floating: 0,
    busy:
      type === 'FREE' ? FREE : type === 'BUSY-TENTATIVE' ? TENTATIVE : type === 'BUSY-UNAVAILABLE' ? UNAVAILABLE : BUSY,
  }));
  if (start && end)
    rows.push({ startAt: instantOf(start, UTC), endAt: instantOf(end, UTC) + SECOND, floating: 0, busy: FREE });
  return rows;
}

/** VAVAILABILITY is open where it has no DTSTART or no end (RFC 7953 §3.1). */
function availabilityRow(component: CalendarComponent): IndexedOccurrence {
  const { start, end, duration } = component;
  return {
    startAt: start ? instantOf(start, UTC) : ALL_TIME.from,
    endAt: end ? instantOf(end, UTC) : start && duration ? endOf(start, duration, UTC) : ALL_TIME.until,
    floating: start && !start.zone ? 1 : 0,
    busy: FREE,
  };
}
