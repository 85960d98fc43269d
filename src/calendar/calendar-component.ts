/**
 * One VEVENT, VTODO, VJOURNAL, VFREEBUSY or VAVAILABILITY, with its values resolved.
 * RFC 5545 §3.6.1 to §3.6.4, §3.8.2 (dates), §3.8.4.4 (RECURRENCE-ID), §3.8.5 (recurrence), RFC 7953 §3.1.
 * A component of the tree and the zones of its calendar in, typed values out.
 * Where clients in use break RFC 5545 the reading is lenient; each place says so.
 * Elsewhere: rules over several components (calendar-validation.ts).
 */
import { DomainError } from '../errors.ts';
import { answerMark, MAX_MARKS } from './attendee-answers.ts';
import type { CalendarZones } from './calendar-zones.ts';
import { type Component, type Property, parameterOf } from './content.ts';
import { type DateTime, type Duration, durationBetween, UTC } from './date-time.ts';
import { parseDuration, parseLocalTime } from './date-values.ts';
import type { RecurrenceDate, RecurrenceSet } from './recurrence.ts';
import { parseRecurrenceRule, type RecurrenceRule } from './recurrence-rule.ts';

/** Earliest and latest start, end and RECURRENCE-ID of a calendar object (RFC 4791 §5.2.6, §5.2.7). */
export const MIN_DATE_TIME = Date.UTC(1600, 0, 1);
export const MAX_DATE_TIME = Date.UTC(2500, 0, 1);
/** RRULE and EXRULE of one component. */
export const MAX_RULES = 20;
/** RDATE and EXDATE values of one component. */
export const MAX_RECURRENCE_DATES = 10_000;

export interface CalendarComponent {
  readonly content: Component;
  /** In upper case. */
  readonly name: string;
  readonly start: DateTime | null;
  /** DTEND, or DUE of a VTODO. */
  readonly end: DateTime | null;
  /** DURATION. */
  readonly duration: Duration | null;
  readonly recurrenceId: DateTime | null;
  readonly thisAndFuture: boolean;
  readonly rules: readonly RecurrenceRule[];
  readonly exceptionRules: readonly RecurrenceRule[];
  readonly dates: readonly RecurrenceDate[];
  readonly exceptions: readonly DateTime[];
  /** Instants; null when absent. */
  readonly completed: number | null;
  readonly created: number | null;
  /** In upper case; '' when absent. */
  readonly status: string;
  readonly transparent: boolean;
  /** CLASS in upper case; PUBLIC when absent. */
  readonly classification: string;
  readonly attendees: number;
  /** Marks of those who are not coming, or perhaps (attendee-answers.ts). */
  readonly answers: string;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Names that may occur once only, of those that are read here. */
const SINGLE = new Set(['dtstart', 'dtend', 'due', 'duration', 'recurrence-id', 'uid']);

/**
 * Reads a component.
 * @throws DomainError invalid-data, date-out-of-range, or too-many-instances for more rules or dates than the limits
 */
export function readComponent(content: Component, zones: CalendarZones): CalendarComponent {
  const component: Writable<CalendarComponent> = {
    content,
    name: content[0].toUpperCase(),
    start: null,
    end: null,
    duration: null,
    recurrenceId: null,
    thisAndFuture: false,
    rules: [],
    exceptionRules: [],
    dates: [],
    exceptions: [],
    completed: null,
    created: null,
    status: '',
    transparent: false,
    classification: 'PUBLIC',
    attendees: 0,
    answers: '',
  };
  const rules: RecurrenceRule[] = [];
  const exceptionRules: RecurrenceRule[] = [];
  const dates: RecurrenceDate[] = [];
  const exceptions: DateTime[] = [];
  const seen = new Set<string>();
  for (const property of content[1]) {
    const [name, , , value] = property;
    if (SINGLE.has(name)) {
      if (seen.has(name)) throw invalid(`${component.name} has more than one ${name.toUpperCase()}.`);
      seen.add(name);
    }
    switch (name) {
      case 'dtstart':
        component.start = inRange(readDateTime(property, value, zones));
        break;
      case 'dtend':
        if (component.name === 'VTODO' || component.name === 'VJOURNAL') break;
        component.end = inRange(readDateTime(property, value, zones));
        break;
      case 'due':
        if (component.name === 'VTODO') component.end = inRange(readDateTime(property, value, zones));
        break;
      case 'duration':
        component.duration = parseDuration(value);
        break;
      case 'recurrence-id':
        component.recurrenceId = inRange(readDateTime(property, value, zones));
        component.thisAndFuture = parameterOf(property, 'range').toUpperCase() === 'THISANDFUTURE';
        break;
      case 'rrule':
        rules.push(parseRecurrenceRule(value));
        break;
      case 'exrule':
        exceptionRules.push(parseRecurrenceRule(value));
        break;
      case 'rdate':
        for (const date of listOf(property, dates.length)) dates.push(readRecurrenceDate(property, date, zones));
        break;
      case 'exdate':
        for (const date of listOf(property, exceptions.length)) exceptions.push(readDateTime(property, date, zones));
        break;
      case 'completed':
        component.completed = parseLocalTime(value).local;
        break;
      case 'created':
        component.created = createdAt(value);
        break;
      case 'dtstamp':
      case 'last-modified':
        parseLocalTime(value);
        break;
      case 'status':
        component.status = value.toUpperCase();
        break;
      case 'transp':
        component.transparent = value.toUpperCase() === 'TRANSPARENT';
        break;
      case 'class':
        component.classification = value.toUpperCase();
        break;
      case 'attendee':
        component.attendees++;
        if (component.answers.length < MAX_MARKS) component.answers += answerMark(property);
        break;
    }
  }
  if (rules.length + exceptionRules.length > MAX_RULES) {
    throw new DomainError('too-many-instances', `A component has more than ${MAX_RULES} recurrence rules.`, {
      limit: MAX_RULES,
    });
  }
  component.rules = rules;
  component.exceptionRules = exceptionRules;
  component.dates = dates;
  component.exceptions = exceptions;
  return component;
}

/**
 * How long every instance lasts: DURATION, or what lies between start and end; a date alone is a day long
 * (RFC 5545 §3.6.1). So is one that ends on the date it starts on, as some clients write it.
 */
export function durationOf(component: CalendarComponent): Duration {
  const { start, end, duration, name } = component;
  if (duration) return duration;
  const wholeDay = start?.isDate && name !== 'VTODO';
  if (!start || !end) return { days: wholeDay ? 1 : 0, milliseconds: 0 };
  const between = durationBetween(start, end);
  return wholeDay && between.days === 0 && between.milliseconds === 0 ? { days: 1, milliseconds: 0 } : between;
}

/**
 * The recurrence set of a main component; null without DTSTART. Tasks that some clients let recur by DUE alone
 * (RFC 5545 §3.8.5.3 asks for DTSTART) are counted from there.
 */
export function recurrenceOf(component: CalendarComponent): RecurrenceSet | null {
  const { end, rules, dates, exceptionRules, exceptions } = component;
  const recurs = rules.length > 0 || dates.length > 0;
  const start = component.start ?? (recurs && component.name === 'VTODO' ? end : null);
  return start && { start, rules, dates, exceptionRules, exceptions };
}

/**
 * Reads a DATE or DATE-TIME. A value of eight digits is a DATE also without VALUE=DATE, and Z wins over a TZID, as some
 * clients write them.
 * @throws DomainError invalid-data for what does not exist and for unknown zones
 */
export function readDateTime(property: Property, value: string, zones: CalendarZones): DateTime {
  const { local, isDate, utc } = parseLocalTime(value);
  if (isDate) return { local, zone: null, isDate };
  if (property[2] === 'date') throw invalid(`${property[0].toUpperCase()} is not a date: ${value}`);
  if (utc) return { local, zone: UTC, isDate };
  const tzid = parameterOf(property, 'tzid');
  return { local, zone: tzid === '' ? null : zones.find(tzid), isDate };
}

/** Some programs write nonsense here, and nothing depends on it but one time range of tasks. */
function createdAt(value: string): number | null {
  try {
    return parseLocalTime(value).local;
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

function readRecurrenceDate(property: Property, value: string, zones: CalendarZones): RecurrenceDate {
  const slash = value.indexOf('/');
  if (slash === -1) return { start: inRange(readDateTime(property, value, zones)) };
  const start = inRange(readDateTime(property, value.slice(0, slash), zones));
  const end = value.slice(slash + 1);
  if (/^[+-]?P/i.test(end)) return { start, duration: parseDuration(end) };
  return { start, end: inRange(readDateTime(property, end, zones)) };
}

/** The values of a list; some clients write an empty one. */
function listOf(property: Property, before: number): string[] {
  if (property[3] === '') return [];
  const values = property[3].split(',');
  if (before + values.length > MAX_RECURRENCE_DATES) {
    throw new DomainError(
      'too-many-instances',
      `A component has more than ${MAX_RECURRENCE_DATES} RDATE or EXDATE values.`,
      {
        limit: MAX_RECURRENCE_DATES,
      },
    );
  }
  return values;
}

function inRange(value: DateTime): DateTime {
  if (value.local < MIN_DATE_TIME) {
    throw new DomainError('date-out-of-range', 'A date lies before the year 1600.', { bound: 'min' });
  }
  if (value.local >= MAX_DATE_TIME) {
    throw new DomainError('date-out-of-range', 'A date lies after the year 2499.', { bound: 'max' });
  }
  return value;
}

function invalid(message: string): DomainError {
  return new DomainError('invalid-data', message);
}
