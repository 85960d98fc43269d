/**
 * What in a calendar object is its reader's own: alarms, what was acknowledged of them, and whether the time counts as busy.
 * RFC 5545 §3.6.6 (VALARM), §3.8.2.7 (TRANSP), RFC 9074 §6 (ACKNOWLEDGED, inside VALARM). Interpretation 220.
 * Pure. An object has two halves: what all who see it share, and for each of them the parts by instance. A text of the store
 * holds the first with the parts of the calendar's owner in it; parts of others are texts of their own.
 * Elsewhere: taking an object apart and putting it together (personal-objects.ts), the rows (personal-views.ts).
 */
import type { InstanceKey } from '../scheduling/scheduling-object.ts';
import { instanceKey, MAIN, RECURRENCE } from '../scheduling/scheduling-object.ts';
import { readDateTime } from './calendar-component.ts';
import type { CalendarZones } from './calendar-zones.ts';
import { type Component, type Property, parseContent, printContent, printProperty } from './content.ts';
import { printDate, printInstant, printLocalTime } from './date-values.ts';

/** The parts of one instance. */
export interface PersonalParts {
  readonly properties: readonly Property[];
  readonly alarms: readonly Component[];
}

/** By instance; those of the series count for instances without an entry. */
export type PersonalData = ReadonlyMap<InstanceKey, PersonalParts>;

export const NOTHING: PersonalParts = { properties: [], alarms: [] };

/** Whether it says who is busy; then it is the reader's own in the reader's own home only. */
const BUSY = new Set(['transp', 'x-microsoft-cdo-busystatus']);
/** What Thunderbird notes of alarms beside them: for a series it appends the time of the instance to the name. */
const ACKNOWLEDGED = /^x-moz-(?:lastack|snooze-time(?:-\d+)?)$/;
/** Lines may be folded anywhere, so this only tells objects that certainly have no such part. */
const MAY_HAVE_PARTS =
  /V\s*A\s*L\s*A\s*R\s*M|T\s*R\s*A\s*N\s*S\s*P|X\s*-\s*M\s*O\s*Z|B\s*U\s*S\s*Y\s*S\s*T\s*A\s*T\s*U\s*S/i;
/** What tells programs apart that wrote, not what they wrote. */
const STAMPS = new Set(['dtstamp', 'last-modified', 'created', 'x-moz-generation']);

export function mayHaveParts(octets: string): boolean {
  return MAY_HAVE_PARTS.test(octets);
}

/** @param busy whether TRANSP is the reader's own too */
function isPart(name: string, busy: boolean): boolean {
  return ACKNOWLEDGED.test(name) || (busy && BUSY.has(name));
}

/** The parts of a component. */
export function partsOf([, properties, components]: Component, busy: boolean): PersonalParts {
  return {
    properties: properties.filter(([name]) => isPart(name, busy)),
    alarms: components.filter(([name]) => name === 'valarm'),
  };
}

/** The component without its parts; the same one when it has none. */
export function withoutParts(component: Component, busy: boolean): Component {
  const { properties, alarms } = partsOf(component, busy);
  if (properties.length === 0 && alarms.length === 0) return component;
  const [name, all, components] = component;
  return [
    name,
    all.filter(([property]) => !isPart(property, busy)),
    components.filter(([inner]) => inner !== 'valarm'),
  ];
}

/** A component without parts, with these. */
export function withParts(component: Component, parts: PersonalParts): Component {
  if (parts.properties.length === 0 && parts.alarms.length === 0) return component;
  const [name, properties, components] = component;
  return [name, [...properties, ...parts.properties], [...components, ...parts.alarms]];
}

const FREE: Property = ['transp', {}, 'unknown', 'TRANSPARENT'];

/** Whether an object may have a component of whole days: its DTSTART is a date. */
export function mayLastDays(octets: string): boolean {
  return /^DTSTART\b.*:\d{8}\s*$/im.test(octets);
}

/** The parts with what stands when somebody said nothing: holidays and birthdays of others keep nobody busy. */
export function withDefaults([name, properties]: Component, parts: PersonalParts, busy: boolean): PersonalParts {
  if (!busy || name !== 'vevent' || parts.properties.some(([property]) => property === 'transp')) return parts;
  const start = properties.find(([property]) => property === 'dtstart');
  if (start === undefined || !/^\d{8}$/.test(start[3])) return parts;
  return { ...parts, properties: [...parts.properties, FREE] };
}

export function sameParts(one: PersonalParts, other: PersonalParts): boolean {
  return one === other || printParts(one) === printParts(other);
}

function printParts({ properties, alarms }: PersonalParts): string {
  return [...properties.map(printProperty).sort(), ...alarms.map(printContent).sort()].join('');
}

/** What an instance without an entry has of the series: acknowledged was another one. */
export function inherited(parts: PersonalParts | undefined): PersonalParts {
  if (parts === undefined) return NOTHING;
  const properties = parts.properties.filter(([name]) => !ACKNOWLEDGED.test(name));
  return properties.length === parts.properties.length ? parts : { ...parts, properties };
}

/**
 * What somebody keeps who wrote where TRANSP is the owner's: it has there what it wrote, and its own TRANSP in its own home.
 * @param before what it kept so far
 */
export function withBusyOf(data: PersonalData, before: PersonalData): PersonalData {
  const merged = new Map<InstanceKey, PersonalParts>();
  for (const key of new Set([MAIN, ...data.keys(), ...before.keys()])) {
    const { properties, alarms } = ofInstance(data, key);
    const busy = ofInstance(before, key).properties.filter(([name]) => BUSY.has(name));
    if (data.has(key) || busy.length > 0) merged.set(key, { properties: [...properties, ...busy], alarms });
  }
  return merged;
}

/** The same without TRANSP. */
export function withoutBusy(data: PersonalData): PersonalData {
  const rest = new Map<InstanceKey, PersonalParts>();
  for (const [key, { properties, alarms }] of data)
    rest.set(key, { properties: properties.filter(([name]) => !BUSY.has(name)), alarms });
  return rest;
}

/** The parts of an instance: its entry, or what it has of the series. */
export function ofInstance(data: PersonalData, key: InstanceKey): PersonalParts {
  return data.get(key) ?? (key === MAIN ? NOTHING : inherited(data.get(MAIN)));
}

/** The parts by instance as one text; '' for none. */
export function printPersonalData(data: PersonalData, component: string): string {
  const components: Component[] = [];
  for (const [key, { properties, alarms }] of data) {
    const id = key === MAIN ? [] : [recurrenceIdOf(key)];
    components.push([component.toLowerCase(), [...id, ...properties], [...alarms]]);
  }
  return components.length === 0 ? '' : printContent(['vcalendar', [], components]);
}

/** Undoes printPersonalData. */
export function readPersonalData(text: string, zones: CalendarZones): PersonalData {
  const data = new Map<InstanceKey, PersonalParts>();
  if (text === '') return data;
  for (const [, properties, alarms] of parseContent(text)[2]) {
    const id = properties.find(([name]) => name === 'recurrence-id');
    const key = id === undefined ? MAIN : instanceKey(readDateTime(id, id[3], zones));
    data.set(key, { properties: properties.filter((property) => property !== id), alarms });
  }
  return data;
}

/** In no zone of the object, which may be written with others tomorrow: a date, a floating time, or UTC. */
function recurrenceIdOf(key: InstanceKey): Property {
  const at = Number(key.slice(1));
  if (key.startsWith('d')) return ['recurrence-id', {}, 'date', printDate(at)];
  return ['recurrence-id', {}, 'unknown', key.startsWith('f') ? printLocalTime(at) : printInstant(at)];
}

/** With what an instance is to be, instead of only what is said of it. */
const TIMES = new Set([...RECURRENCE, 'dtstart', 'dtend', 'due', 'sequence']);
const SEQUENCE = new Set(['sequence']);

/** Whether two components, both without parts, say the same to everybody. */
export function saysTheSame(one: Component, other: Component): boolean {
  return one === other || said(one, NONE) === said(other, NONE);
}

/** Whether an instance can be there for its parts alone: but for its times it says what the series says. */
export function saysWhatSeriesSays(instance: Component, series: Component): boolean {
  return said(instance, TIMES) === said(series, TIMES);
}

/** Whether an instance says nothing that the one made of the series would not say. */
export function addsNothing(instance: Component, derived: Component | undefined): boolean {
  return derived !== undefined && said(instance, SEQUENCE) === said(derived, SEQUENCE);
}

const NONE: ReadonlySet<string> = new Set();

function said([name, properties, components]: Component, but: ReadonlySet<string>): string {
  const lines: string[] = [];
  for (const property of properties)
    if (!STAMPS.has(property[0]) && !but.has(property[0])) lines.push(printProperty(property));
  return [name, ...lines.sort(), ...components.map((inner) => printContent(inner)).sort()].join('');
}
