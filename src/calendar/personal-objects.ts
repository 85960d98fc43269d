/**
 * A calendar object of somebody else: put together as one person sees it, and taken apart as that person writes it.
 * RFC 4791 §5.3.2 (PUT), RFC 5545 §3.8.4.4 (instances). Interpretations 220 and 221.
 * Pure: texts and models in, texts out. Instances that are there for the parts of one person alone are there for that person
 * alone: they say nothing that the series does not say.
 * Elsewhere: what is personal (personal-parts.ts), the rows (personal-views.ts).
 */

import { DomainError } from '../errors.ts';
import {
  deriveOverride,
  type InstanceKey,
  MAIN,
  type SchedulingObject,
  schedulingObject,
} from '../scheduling/scheduling-object.ts';
import { type Component, parseContent, printContent, propertyOf, textOf } from './content.ts';
import { type CalendarObjectModel, parseCalendarObject } from './icalendar.ts';
import {
  addsNothing,
  inherited,
  mayHaveParts,
  mayLastDays,
  NOTHING,
  ofInstance,
  type PersonalData,
  type PersonalParts,
  partsOf,
  readPersonalData,
  sameParts,
  saysTheSame,
  saysWhatSeriesSays,
  withDefaults,
  withoutBusy,
  withoutParts,
  withParts,
} from './personal-parts.ts';
import { type Budget, DEFAULT_STEPS } from './recurrence.ts';
import { findTimeZone } from './time-zones.ts';

/**
 * The octets of an object as somebody sees it.
 * @param own what it keeps of it, as printed; ''
 * @param busy whether TRANSP is its own too
 */
export function shownObject(octets: string, own: string, busy: boolean): string {
  if (own === '' && !mayHaveParts(octets) && !(busy && mayLastDays(octets))) return octets;
  try {
    return shown(octets, own, busy);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // Accepted by an older version: there are no instances to tell, but nobody sees the parts of others.
    const calendar = parseContent(octets);
    return replaced(octets, calendar, calendar[2], [...calendar[2].map((one) => withoutParts(one, busy))]);
  }
}

function shown(octets: string, own: string, busy: boolean): string {
  const calendar = parseContent(octets);
  const components = calendar[2].filter(([name]) => name !== 'vtimezone');
  const [single] = components;
  // Most objects are one component, and one without instances needs no model.
  if (components.length === 1 && single !== undefined && !own.includes('RECURRENCE-ID')) {
    const parts = withDefaults(single, partsIn(own, single, busy), busy);
    return replaced(octets, calendar, components, [withParts(withoutParts(single, busy), parts)]);
  }
  const model = parseCalendarObject(octets);
  const data = own === '' ? new Map() : readPersonalData(own, model.zones);
  const wanted = busy ? data : withoutBusy(data);
  const object = bare(model, busy);
  const series = new Series(object);
  const written: Component[] = [];
  const add = (component: Component, parts: PersonalParts) =>
    written.push(withParts(component, withDefaults(component, parts, busy)));
  for (const [key, component] of object.components)
    if (key === MAIN || wanted.has(key) || !series.covers(key)) add(component, ofInstance(wanted, key));
  for (const [key, parts] of wanted) {
    if (object.components.has(key) || key === MAIN) continue;
    const derived = series.derive(key);
    if (derived !== undefined) add(derived, parts);
  }
  const contents = model.components.map(({ content }) => content);
  return replaced(octets, model.content, contents, written);
}

/** The parts of an object that is one component: those of the series, unless the component is an instance. */
function partsIn(own: string, component: Component, busy: boolean): PersonalParts {
  if (own === '' || propertyOf(component, 'recurrence-id') !== undefined) return NOTHING;
  const [kept] = parseContent(own)[2];
  if (kept === undefined) return NOTHING;
  const parts: PersonalParts = { properties: kept[1], alarms: kept[2] };
  return busy ? parts : ofInstance(withoutBusy(new Map([[MAIN, parts]])), MAIN);
}

/** What somebody wrote, in its two halves. */
export interface Apart {
  /** The text to store with the parts of the owner in it; undefined when what is stored says the same. */
  readonly shared: string | undefined;
  readonly own: PersonalData;
}

/**
 * Takes apart what somebody wrote.
 * @param octets those of `sent`
 * @param stored the object as it is stored, with the parts of the owner
 */
export function takeApart(
  octets: string,
  sent: CalendarObjectModel,
  stored: CalendarObjectModel | undefined,
  busy: boolean,
): Apart {
  const written = schedulingObject(sent);
  const own = new Map<InstanceKey, PersonalParts>();
  const ofSeries = partsAt(written, MAIN, busy);
  if (!sameParts(ofSeries, NOTHING)) own.set(MAIN, ofSeries);
  for (const [key, component] of written.components) {
    if (key === MAIN) continue;
    const parts = partsOf(component, busy);
    if (!sameParts(parts, inherited(ofSeries))) own.set(key, parts);
  }
  const given = bare(sent, busy);
  const series = new Series(given);
  const kept = realKeys(given, series);
  const contents = sent.components.map(({ content }) => content);
  if (stored === undefined) {
    const components = [...kept].map((key) => given.components.get(key)!);
    return { shared: replaced(octets, sent.content, contents, components), own };
  }
  const before = schedulingObject(stored);
  const told = bare(stored, busy);
  const real = realKeys(told, new Series(told));
  if (sameZones(sent, stored) && sameComponents(kept, given, real, told)) return { shared: undefined, own };
  const ownersOfSeries = partsAt(before, MAIN, busy);
  const components = [...kept].map((key) => {
    const there = before.components.get(key);
    const parts = there === undefined ? inherited(ownersOfSeries) : partsOf(there, busy);
    return withParts(given.components.get(key)!, parts);
  });
  for (const [key, component] of before.components) {
    if (kept.has(key) || real.has(key)) continue;
    const parts = partsOf(component, busy);
    const derived = sameParts(parts, inherited(ownersOfSeries)) ? undefined : series.derive(key);
    if (derived !== undefined) components.push(withParts(derived, parts));
  }
  return { shared: replaced(octets, sent.content, contents, components), own };
}

function partsAt({ components }: SchedulingObject, key: InstanceKey, busy: boolean): PersonalParts {
  const component = components.get(key);
  return component === undefined ? NOTHING : partsOf(component, busy);
}

/** The series, and the instances that say something of their own. */
function realKeys({ components }: SchedulingObject, series: Series): ReadonlySet<InstanceKey> {
  return new Set([...components.keys()].filter((key) => key === MAIN || !series.covers(key)));
}

/** An object without anybody's parts. */
function bare(model: CalendarObjectModel, busy: boolean): SchedulingObject {
  const components = new Map<InstanceKey, Component>();
  for (const [key, component] of schedulingObject(model).components) components.set(key, withoutParts(component, busy));
  const content = components.get(MAIN);
  const main = model.main === null || content === undefined ? null : { ...model.main, content };
  return { model: { ...model, main }, components };
}

/** What the series of an object without parts makes of its instances, within one budget. */
class Series {
  private readonly object: SchedulingObject;
  private readonly budget: Budget = { steps: DEFAULT_STEPS };
  private readonly known = new Map<InstanceKey, Component | undefined>();

  constructor(object: SchedulingObject) {
    this.object = object;
  }

  derive(key: InstanceKey): Component | undefined {
    if (this.known.has(key)) return this.known.get(key);
    const derived = this.budget.steps <= 0 ? undefined : deriveOverride(this.object, key, this.budget);
    this.known.set(key, derived);
    return derived;
  }

  /** Whether an override says nothing that the series does not say. */
  covers(key: InstanceKey): boolean {
    const component = this.object.components.get(key);
    const main = this.object.components.get(MAIN);
    if (component === undefined || main === undefined || !saysWhatSeriesSays(component, main)) return false;
    return addsNothing(component, this.derive(key));
  }
}

function sameComponents(
  keys: ReadonlySet<InstanceKey>,
  one: SchedulingObject,
  others: ReadonlySet<InstanceKey>,
  other: SchedulingObject,
): boolean {
  if (keys.size !== others.size) return false;
  return [...keys].every((key) => {
    const component = one.components.get(key);
    const counterpart = others.has(key) ? other.components.get(key) : undefined;
    return component !== undefined && counterpart !== undefined && saysTheSame(component, counterpart);
  });
}

/** Programs bring their own text for zones that everybody knows; zones of somebody's own are part of what is said. */
function sameZones(one: CalendarObjectModel, other: CalendarObjectModel): boolean {
  const ownZones = ({ content }: CalendarObjectModel) =>
    content[2]
      .filter((zone) => zone[0] === 'vtimezone' && findTimeZone(textOf(zone, 'tzid')) === undefined)
      .map(printContent)
      .sort()
      .join('');
  return ownZones(one) === ownZones(other);
}

/** The text with other components in place of its own; the same text when they are its own. */
function replaced(
  octets: string,
  [name, properties, all]: Component,
  before: readonly Component[],
  components: readonly Component[],
): string {
  if (components.length === before.length && components.every((component, at) => component === before[at]))
    return octets;
  const own = new Set(before);
  return printContent([name, properties, [...all.filter((component) => !own.has(component)), ...components]]);
}
