/**
 * Does a component, an alarm or a property overlap a time range?
 * RFC 4791 §9.9, each condition as its table states it; RFC 7953 §7.2.2 for VAVAILABILITY.
 * Typed components and instants in, a truth out. Open sides of a range are the ends of time.
 * Elsewhere: the filter around it (calendar-filter.ts), expansion (recurrence.ts).
 */
import { type CalendarComponent, durationOf, readComponent, readDateTime } from './calendar-component.ts';
import { ALL_TIME } from './calendar-index.ts';
import { type Component, type Property, parameterOf, propertyOf } from './content.ts';
import { DAY, endOf, instantOf, SECOND, type TimeZone } from './date-time.ts';
import { parseDuration } from './date-values.ts';
import { freeBusyPeriods } from './free-busy-periods.ts';
import { type CalendarObjectModel, itemOf } from './icalendar.ts';
import { type Budget, bounds, expand, type Occurrence, recurs, type TimeRange } from './recurrence.ts';

/** What the conditions are evaluated with. The budget is shared by all evaluations of a request. */
export interface RangeContext {
  readonly model: CalendarObjectModel;
  readonly floatingZone: TimeZone;
  readonly budget: Budget;
}

/** The first part of an expansion; each further one is twice as long, so that long ranges end at the first hit. */
const FIRST_SPAN = 400 * DAY;

/** Whether an occurrence of a component overlaps the range. */
export function componentOverlaps(component: CalendarComponent, range: TimeRange, context: RangeContext): boolean {
  switch (component.name) {
    case 'VEVENT':
    case 'VJOURNAL':
      return someOccurrence(component, range, context, () => true);
    case 'VTODO':
      return component.start
        ? someOccurrence(component, widened(range, SECOND), context, ({ start, end }) =>
            taskOverlaps(component, start, end, range),
          )
        : recursByDue(component, context)
          ? someOccurrence(component, widened(range, SECOND), context, ({ end }) => dueWithin(end, range))
          : undatedTaskOverlaps(component, range, context.floatingZone);
    case 'VFREEBUSY':
      return freeBusyOverlaps(component, range, context.floatingZone);
    case 'VAVAILABILITY':
      return availabilityOverlaps(component, range, context.floatingZone);
    default:
      return false;
  }
}

/** Whether an alarm of a component goes off within the range, for any of its occurrences and repetitions. */
export function alarmOverlaps(
  alarm: Component,
  component: CalendarComponent,
  range: TimeRange,
  context: RangeContext,
): boolean {
  const trigger = propertyOf(alarm, 'trigger');
  if (!trigger) return false;
  const repeat = Math.min(Math.max(Number.parseInt(propertyOf(alarm, 'repeat')?.[3] ?? '0', 10) || 0, 0), 10_000);
  const pause = propertyOf(alarm, 'duration');
  const step = repeat > 0 && pause ? lengthOf(pause) : 0;
  const goesOff = (first: number) => {
    const rounds = step > 0 ? Math.min(repeat, Math.max(0, Math.ceil((range.from - first) / step))) : 0;
    const time = first + rounds * step;
    return range.from <= time && time < range.until;
  };
  if (trigger[2] === 'date-time') {
    return goesOff(instantOf(readDateTime(trigger, trigger[3], context.model.zones), context.floatingZone));
  }
  const offset = lengthOf(trigger);
  const atEnd = parameterOf(trigger, 'related').toUpperCase() === 'END';
  if (!component.start) {
    return component.end !== null && goesOff(instantOf(component.end, context.floatingZone) + offset);
  }
  const reach = { from: range.from - offset - repeat * step - SECOND, until: range.until - offset + SECOND };
  return someOccurrence(component, reach, context, ({ start, end }) => goesOff((atEnd ? end : start) + offset));
}

/** Whether an AVAILABLE inside a VAVAILABILITY overlaps; it recurs like an event, without its overrides. */
export function availableOverlaps(content: Component, range: TimeRange, context: RangeContext): boolean {
  const component = { ...readComponent(content, context.model.zones), name: 'VEVENT' };
  const model = { ...context.model, components: [component], item: itemOf([component]) };
  return componentOverlaps(component, range, { ...context, model });
}

/** Whether the value of a DATE or DATE-TIME property lies in the range; a DATE is its whole day. */
export function propertyOverlaps(property: Property, range: TimeRange, context: RangeContext): boolean {
  const { floatingZone, model } = context;
  return property[3].split(',').some((text) => {
    const value = readDateTime(property, text, model.zones);
    const start = instantOf(value, floatingZone);
    if (!value.isDate) return range.from <= start && range.until > start;
    return range.from < floatingZone.toInstant(value.local + DAY) && range.until > start;
  });
}

/** Milliseconds of a DURATION value, days of 24 hours. */
function lengthOf(property: Property): number {
  const { days, milliseconds } = parseDuration(property[3]);
  return days * DAY + milliseconds;
}

function widened({ from, until }: TimeRange, by: number): TimeRange {
  return { from: from - by, until: until + by };
}

/**
 * Whether a test holds for an occurrence of this component that overlaps the range. An endless series reaches into any
 * range without an end; where the budget ends, the answer is yes: a client can put up with an object too many.
 */
function someOccurrence(
  component: CalendarComponent,
  range: TimeRange,
  { model, floatingZone, budget }: RangeContext,
  test: (occurrence: Pick<Occurrence, 'start' | 'end'>) => boolean,
): boolean {
  const { item } = model;
  const key = model.components.indexOf(component);
  if (!item || key === -1) return false;
  const single = component.recurrenceId
    ? !component.thisAndFuture
    : !item.set || (!recurs(item.set) && item.overrides.length === 0);
  if (single) {
    const begin = component.start ?? component.recurrenceId;
    if (!begin) return false;
    const start = instantOf(begin, floatingZone);
    const end = endOf(begin, durationOf(component), floatingZone);
    return start < range.until && (end > range.from || start >= range.from) && test({ start, end });
  }
  const { firstStart, lastEnd } = bounds(item, floatingZone, budget);
  if (lastEnd === null && range.until >= ALL_TIME.until) return true;
  const last = Math.min(range.until, lastEnd === null ? range.until : lastEnd + 1);
  let from = Math.max(range.from, firstStart);
  for (let span = FIRST_SPAN; from < last; span *= 2) {
    const until = Math.min(from + span, last);
    const { occurrences, complete } = expand(item, { from, until }, floatingZone, budget);
    if (occurrences.some((occurrence) => occurrence.key === key && test(occurrence))) return true;
    if (!complete) return true;
    from = until;
  }
  return false;
}

/** The rows of the VTODO table with DTSTART. */
function taskOverlaps(task: CalendarComponent, start: number, end: number, { from, until }: TimeRange): boolean {
  if (task.duration) return from <= end && (until > start || until >= end);
  if (task.end) return (from < end || from <= start) && (until > start || until >= end);
  return from <= start && until > start;
}

/** Whether a task without DTSTART recurs nevertheless, see `recurrenceOf`. */
function recursByDue(task: CalendarComponent, { model }: RangeContext): boolean {
  const set = task === model.main ? model.item?.set : null;
  return set != null && recurs(set);
}

function dueWithin(due: number, { from, until }: TimeRange): boolean {
  return from < due && until >= due;
}

/** The rows of the VTODO table without DTSTART. */
function undatedTaskOverlaps(task: CalendarComponent, { from, until }: TimeRange, floatingZone: TimeZone): boolean {
  const { end, completed, created } = task;
  if (end) return dueWithin(instantOf(end, floatingZone), { from, until });
  if (completed !== null && created !== null) {
    return (from <= created || from <= completed) && (until >= created || until >= completed);
  }
  if (completed !== null) return from <= completed && until >= completed;
  return created === null || until > created;
}

function freeBusyOverlaps(
  { content, start, end }: CalendarComponent,
  { from, until }: TimeRange,
  zone: TimeZone,
): boolean {
  if (start && end) return from <= instantOf(end, zone) && until > instantOf(start, zone);
  return freeBusyPeriods(content).some((period) => from < period.until && until > period.from);
}

function availabilityOverlaps(component: CalendarComponent, { from, until }: TimeRange, zone: TimeZone): boolean {
  const { start, end, duration } = component;
  if (start && until <= instantOf(start, zone)) return false;
  const last = end ? instantOf(end, zone) : start && duration ? endOf(start, duration, zone) : null;
  return last === null || from < last;
}
