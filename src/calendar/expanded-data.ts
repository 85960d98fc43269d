/**
 * Calendar data with its recurrences expanded.
 * RFC 4791 §9.6.5: each occurrence a component of its own with RECURRENCE-ID, in UTC, without rules and zones.
 * A model and a range in, text out. Of each component everything but its times is printed once, so that an occurrence
 * costs three short lines.
 * Elsewhere: which properties are selected (component-selection.ts), when occurrences are (recurrence.ts).
 */
import { DomainError } from '../errors.ts';
import { type CalendarComponent, durationOf } from './calendar-component.ts';
import { type ComponentSelection, innerSelection, printInside, selectedProperty } from './component-selection.ts';
import { type Property, propertyOf } from './content.ts';
import { type DateTime, endOf, instantOf, type TimeZone, UTC } from './date-time.ts';
import { addDuration, printDate, printInstant, printLocalTime } from './date-values.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { type OutputBudget, spend } from './output-budget.ts';
import { DEFAULT_STEPS, expand, type Occurrence, recurs, type TimeRange } from './recurrence.ts';

/**
 * Prints the occurrences within a range; an object that does not recur is printed whole, wherever it lies.
 * @throws DomainError too-many-instances when the budget is used up
 */
export function printExpanded(
  model: CalendarObjectModel,
  range: TimeRange,
  selection: ComponentSelection | null,
  floatingZone: TimeZone,
  budget: OutputBudget,
): string {
  const { content, item, components } = model;
  let text = 'BEGIN:VCALENDAR\r\n';
  for (const property of content[1]) text += selectedProperty(property, selection);
  if (item && (item.overrides.length > 0 || (item.set && recurs(item.set)))) {
    const own = { steps: Math.min(budget.steps, DEFAULT_STEPS) };
    budget.steps -= own.steps;
    const { occurrences, complete } = expand(item, range, floatingZone, own);
    budget.steps += Math.max(0, own.steps);
    budget.instances -= occurrences.length;
    if (!complete || budget.instances < 0) {
      throw new DomainError('too-many-instances', 'The range holds too many instances.');
    }
    const templates = new Map<number, Template | null>();
    for (const occurrence of occurrences) {
      const { key } = occurrence;
      let template = templates.get(key);
      if (template === undefined) {
        template = templateOf(components[key]!, selection);
        templates.set(key, template);
      }
      if (template) text += spend(budget, printInstance(template, occurrence, floatingZone));
    }
  } else {
    for (const component of components) {
      const template = templateOf(component, selection);
      if (template) text += spend(budget, printSingle(template));
    }
  }
  return spend(budget, `${text}END:VCALENDAR\r\n`);
}

/** What is written anew for each occurrence. */
const TIMES = new Set(['dtstart', 'dtend', 'due', 'duration', 'recurrence-id', 'rrule', 'exrule', 'rdate', 'exdate']);

/** One component with everything printed but its times. */
interface Template {
  readonly component: CalendarComponent;
  readonly selection: ComponentSelection | null;
  readonly rest: string;
}

/** null when the component is not selected. */
function templateOf(component: CalendarComponent, selection: ComponentSelection | null): Template | null {
  const inner = innerSelection(component.content, selection);
  if (inner === undefined) return null;
  return {
    component,
    selection: inner,
    rest: `${printInside(component.content, inner, TIMES)}END:${component.name}\r\n`,
  };
}

function printInstance(
  { component, selection, rest }: Template,
  occurrence: Occurrence,
  floatingZone: TimeZone,
): string {
  const { recurrenceId, floating, isDate } = occurrence;
  let { start, end } = occurrence;
  if (floating) {
    start = floatingStart(component, occurrence, floatingZone);
    end = endOf({ local: start, zone: null, isDate }, durationOf(component), UTC);
  }
  let text = `BEGIN:${component.name}\r\n`;
  // RFC 4791 §9.6.5: every instance but the initial one says which it is.
  const first = component.start ?? component.end;
  if (component.recurrenceId || first?.local !== recurrenceId.local || first.zone !== recurrenceId.zone) {
    const id = recurrenceId.zone ? instantOf(recurrenceId, UTC) : recurrenceId.local;
    text += selectedProperty(timeProperty('recurrence-id', id, recurrenceId.isDate, !recurrenceId.zone), selection);
  }
  if (component.start) text += selectedProperty(timeProperty('dtstart', start, isDate, floating), selection);
  const duration = statedDuration(component, start, end, isDate);
  if (duration) text += selectedProperty(duration, selection);
  // An RDATE may give a length to what has none otherwise.
  else if (component.end || component.duration || (end > start && !isDate)) {
    text += selectedProperty(timeProperty(endName(component), end, isDate, floating), selection);
  }
  return text + rest;
}

/**
 * A length that is stated as such stays one (the example of RFC 4791 §7.8.3), unless an RDATE gives this instance
 * another or a day of its zone is longer than one of UTC.
 */
function statedDuration(
  { content, duration }: CalendarComponent,
  start: number,
  end: number,
  isDate: boolean,
): Property | null {
  if (!duration || endOf({ local: start, zone: null, isDate }, duration, UTC) !== end) return null;
  return propertyOf(content, 'duration')!;
}

/** The local time of a floating occurrence, also where the floating zone skips it. */
function floatingStart(
  component: CalendarComponent,
  { start, recurrenceId }: Occurrence,
  floatingZone: TimeZone,
): number {
  if (component.thisAndFuture) return start + floatingZone.offsetAt(start);
  return component.recurrenceId && component.start ? component.start.local : recurrenceId.local;
}

/** An object that does not recur is the same whatever the range, but for its times. */
function printSingle({ component, selection, rest }: Template): string {
  const { start, end, duration } = component;
  const until = end ?? (start && duration ? addDuration(start, duration) : null);
  let text = `BEGIN:${component.name}\r\n`;
  if (start) text += selectedProperty(valueProperty('dtstart', start), selection);
  const stated = start && until ? statedDuration(component, timeOf(start), timeOf(until), start.isDate) : null;
  if (stated) text += selectedProperty(stated, selection);
  else if (until) text += selectedProperty(valueProperty(endName(component), until), selection);
  return text + rest;
}

function endName({ name }: CalendarComponent): string {
  return name === 'VTODO' ? 'due' : 'dtend';
}

function timeOf(value: DateTime): number {
  return value.zone ? instantOf(value, UTC) : value.local;
}

function valueProperty(name: string, value: DateTime): Property {
  return timeProperty(name, timeOf(value), value.isDate, !value.zone);
}

/** A time as RFC 4791 §9.6.5 wants it: UTC, unless it is a date or floats. */
function timeProperty(name: string, time: number, isDate: boolean, floating: boolean): Property {
  if (isDate) return [name, {}, 'date', printDate(time)];
  return [name, {}, 'unknown', floating ? printLocalTime(time) : printInstant(time)];
}
