/**
 * What an attendee's copy becomes when a message of the organizer arrives: REQUEST, ADD, CANCEL.
 * RFC 5546 §3.2.2 to §3.2.5, §2.1.5 (which message is newer), RFC 6638 §4 (inbox processing).
 * Exceptions are merged, never replaced by a message that does not name them. Pure.
 * Elsewhere: making these messages (itip-organizer.ts).
 */
import { type Component, type Property, propertyOf } from '../calendar/content.ts';
import { organizerAddress, ownAttendee, ownPartstat, withPrivateParts } from './attendee-properties.ts';
import { withoutAlarms, withoutMethod } from './itip-message.ts';
import { fingerprint, isCancelled, isRescheduled } from './schedule-comparison.ts';
import {
  deriveOverride,
  excludedKeys,
  hasInstance,
  type InstanceKey,
  MAIN,
  replaceProperties,
  type SchedulingObject,
  sequenceOf,
  withComponents,
  withParameters,
  withProperties,
} from './scheduling-object.ts';

/** Why a message changed nothing, or that it did. */
export type Applied = 'applied' | 'stale' | 'unknown' | 'not-organizer' | 'unchanged';

export interface InvitationOutcome {
  readonly result: Applied;
  /** What the copy becomes, when it was applied. */
  readonly stored?: Component;
}

export interface Invitation {
  readonly message: SchedulingObject;
  readonly current: SchedulingObject | undefined;
  readonly isOwn: (user: string) => boolean;
  /** The message holds all there is for this attendee: exceptions that it does not name are none any more. */
  readonly complete: boolean;
  /** The recipient decides anew on every message, as rooms do: what it declined counts as asked for. */
  readonly anew?: boolean;
}

/** A REQUEST (RFC 5546 §3.2.2). */
export function applyRequest({ message, current, isOwn, complete, anew = false }: Invitation): InvitationOutcome {
  const calendar = withoutMethod(message.model.content);
  if (current === undefined) {
    const declined = (one: Component) => complete && !anew && ownPartstat(one, isOwn) === 'DECLINED';
    const all = [...message.components.values()];
    // Declined and deleted: it does not come back before it asks again, nor does a single instance without its series.
    if (all.every(declined)) return { result: 'unchanged' };
    const asked = message.components.has(MAIN) ? all : all.filter((one) => !declined(one));
    return { result: 'applied', stored: withoutMethod(withComponents(message, asked.map(withoutAlarms))) };
  }
  if (!sameOrganizer(message, current)) return { result: 'not-organizer' };
  const main = message.components.get(MAIN);
  const known = current.components.get(MAIN);
  if (main !== undefined && known !== undefined && isOlder(main, known)) return { result: 'stale' };
  const kept = new Map<InstanceKey, Component>();
  if (main !== undefined) {
    const own = known ?? [...current.components.values()][0];
    kept.set(MAIN, own === undefined ? withoutAlarms(main) : received(main, message, own, current, isOwn));
    if (known !== undefined && !isRescheduled(known, current, main, message)) {
      for (const [key, component] of current.components) {
        if (key === MAIN || !hasInstance(message, key)) continue;
        // What only this attendee knows stays: alarms of one instance, and an answer on its way to the organizer.
        if (isOwnException(key, component, current))
          kept.set(key, ownException(key, component, known, kept.get(MAIN) ?? main, message, isOwn));
        else if (!complete) kept.set(key, component);
      }
    }
  } else {
    for (const [key, component] of current.components) kept.set(key, component);
  }
  if (main !== undefined) keepCancelled(kept, message, current);
  let applied = main !== undefined;
  const invited = new Set<InstanceKey>();
  for (const [key, component] of message.components) {
    if (key === MAIN) continue;
    const exact = current.components.get(key);
    const own = exact ?? known;
    if (exact !== undefined && isOlder(component, exact)) continue;
    if (own === undefined && complete && ownPartstat(component, isOwn) === 'DECLINED') continue;
    applied = true;
    invited.add(key);
    const base = exact ?? (known === undefined ? undefined : deriveOverride(current, key));
    kept.set(
      key,
      own === undefined ? withoutAlarms(component) : received(component, message, base ?? own, current, isOwn),
    );
  }
  if (!applied) return { result: 'stale' };
  const series = kept.get(MAIN);
  if (series !== undefined) kept.set(MAIN, settleExclusions(series, main && message, current, kept, invited, isOwn));
  const carrier = main === undefined ? current : { ...message, model: { ...message.model, content: calendar } };
  return { result: 'applied', stored: withZones(withComponents(carrier, kept.values()), [message, current]) };
}

/** CANCEL of everything, or of single instances, which stay visible as cancelled (RFC 5546 §3.2.5). */
export function applyCancel({ message, current }: Invitation): InvitationOutcome {
  if (current === undefined) return { result: 'unknown' };
  if (!sameOrganizer(message, current)) return { result: 'not-organizer' };
  const components = new Map(current.components);
  const main = message.components.get(MAIN);
  if (main !== undefined) {
    const known = current.components.get(MAIN);
    if (known !== undefined && isOlder(main, known)) return { result: 'stale' };
    for (const [key, component] of components) components.set(key, cancelled(component, main, key === MAIN));
  }
  for (const [key, component] of message.components) {
    if (key === MAIN) continue;
    const target = components.get(key) ?? deriveOverride(current, key);
    if (target === undefined || isOlder(component, target)) continue;
    components.set(key, cancelled(target, component, true));
  }
  const same = [...components].every(([key, component]) => current.components.get(key) === component);
  if (same) return { result: 'unchanged' };
  return { result: 'applied', stored: withComponents(current, components.values()) };
}

/** ADD: one more instance of a series (RFC 5546 §3.2.4). */
export function applyAdd({ message, current }: Invitation): InvitationOutcome {
  if (current === undefined) return { result: 'unknown' };
  if (!sameOrganizer(message, current)) return { result: 'not-organizer' };
  const components = new Map(current.components);
  let series = components.get(MAIN);
  for (const component of message.components.values()) {
    const start = propertyOf(component, 'dtstart');
    if (start === undefined || series === undefined) continue;
    if (isOlder(component, series)) return { result: 'stale' };
    series = [series[0], [...series[1], ['rdate', start[1], start[2], start[3]]], series[2]];
    const id: Property = ['recurrence-id', start[1], start[2], start[3]];
    const instance = replaceProperties(component, ['recurrence-id', 'rrule', 'rdate', 'exdate'], [id]);
    components.set(`added ${start[3]}`, withPrivateParts(instance, series));
  }
  if (series === undefined) return { result: 'unknown' };
  components.set(MAIN, replaceProperties(series, ['sequence'], [sequence(message, series)]));
  return { result: 'applied', stored: withZones(withComponents(current, components.values()), [message, current]) };
}

function sequence(message: SchedulingObject, series: Component): Property {
  const highest = Math.max(sequenceOf(series), ...[...message.components.values()].map(sequenceOf));
  return ['sequence', {}, 'unknown', String(highest)];
}

/** RFC 5546 §2.1.5: the higher SEQUENCE is newer, then the later DTSTAMP; messages without either are taken. */
export function isOlder(component: Component, than: Component): boolean {
  if (propertyOf(component, 'sequence') === undefined && propertyOf(than, 'sequence') === undefined)
    return stampOf(component) < stampOf(than);
  // What was cancelled may be invited to anew, and is numbered from the beginning then.
  if (isCancelled(than) && !isCancelled(component)) return stampOf(component) < stampOf(than);
  const difference = sequenceOf(component) - sequenceOf(than);
  return difference < 0 || (difference === 0 && stampOf(component) < stampOf(than));
}

/** Times of one form compare as text. */
function stampOf(component: Component): string {
  return propertyOf(component, 'dtstamp')?.[3] ?? '';
}

function sameOrganizer(message: SchedulingObject, current: SchedulingObject): boolean {
  const [sent] = message.components.values();
  const [known] = current.components.values();
  return sent !== undefined && known !== undefined && organizerAddress(sent) === organizerAddress(known);
}

/** The organizer's component with the attendee's own things, and its answer where the time it answered for still holds. */
function received(
  component: Component,
  message: SchedulingObject,
  own: Component,
  current: SchedulingObject,
  isOwn: (user: string) => boolean,
): Component {
  const merged = withPrivateParts(component, own);
  const answer = ownAttendee(own, isOwn);
  if (answer === undefined || isCancelled(own)) return merged;
  const sent = ownPartstat(component, isOwn);
  if (sent !== 'NEEDS-ACTION' || ownPartstat(own, isOwn) === 'NEEDS-ACTION') return merged;
  if (isRescheduled(own, current, component, message) || sequenceOf(component) > sequenceOf(own)) return merged;
  const { partstat } = answer[1];
  return [
    merged[0],
    merged[1].map((property) =>
      property === ownAttendee(merged, isOwn)
        ? withParameters(property, { partstat: typeof partstat === 'string' ? partstat : undefined, rsvp: undefined })
        : property,
    ),
    merged[2],
  ];
}

/** Whether an override differs from its series only in what is the attendee's own. */
function isOwnException(key: InstanceKey, component: Component, current: SchedulingObject): boolean {
  const derived = deriveOverride(current, key);
  return derived !== undefined && fingerprint(derived, current) === fingerprint(component, current);
}

/** An instance as the organizer has it now, with what the attendee has set for it alone. */
function ownException(
  key: InstanceKey,
  component: Component,
  known: Component,
  series: Component,
  message: SchedulingObject,
  isOwn: (user: string) => boolean,
): Component {
  const instance = deriveOverride(message, key);
  if (instance === undefined || isCancelled(component)) return component;
  const merged = withPrivateParts(instance, component);
  const answered = ownPartstat(component, isOwn) === ownPartstat(known, isOwn) ? series : component;
  const { partstat, rsvp } = ownAttendee(answered, isOwn)?.[1] ?? {};
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return withProperties(merged, (property) =>
    property === ownAttendee(merged, isOwn)
      ? withParameters(property, { partstat: text(partstat), rsvp: text(rsvp) })
      : property,
  );
}

/** Interpretation 62: a cancelled instance stays visible while the organizer's series leaves it out. */
function keepCancelled(kept: Map<InstanceKey, Component>, message: SchedulingObject, current: SchedulingObject): void {
  for (const [key, component] of current.components) {
    const series = kept.get(MAIN);
    if (key === MAIN || series === undefined || !isCancelled(component) || !isExcluded(series, key, message)) continue;
    if (message.components.has(key)) continue;
    kept.set(key, component);
    kept.set(MAIN, withoutExdate(series, key, message));
  }
}

/**
 * Instances that were declined by leaving them out stay out, unless the organizer says something new of them or the series has
 * no such instance any more. `sent`: the message, when it tells of the series.
 */
function settleExclusions(
  series: Component,
  sent: SchedulingObject | undefined,
  current: SchedulingObject,
  kept: Map<InstanceKey, Component>,
  invited: ReadonlySet<InstanceKey>,
  isOwn: (user: string) => boolean,
): Component {
  const known = current.components.get(MAIN);
  const excluded = known === undefined ? new Map<InstanceKey, Property>() : excludedKeys(known, current);
  let settled = series;
  for (const [key, exdate] of excluded) {
    const override = kept.get(key);
    if (override !== undefined && invited.has(key) && ownPartstat(override, isOwn) !== 'DECLINED') {
      if (sent === undefined) settled = withoutExdate(settled, key, current);
      continue;
    }
    kept.delete(key);
    if (sent !== undefined && !isExcluded(settled, key, current) && hasInstance(sent, key))
      settled = [settled[0], [...settled[1], exdate], settled[2]];
  }
  return settled;
}

function isExcluded(component: Component, key: InstanceKey, object: SchedulingObject): boolean {
  return excludedKeys(component, object).has(key);
}

function withoutExdate(component: Component, key: InstanceKey, object: SchedulingObject): Component {
  const others = [...excludedKeys(component, object)]
    .filter(([other]) => other !== key)
    .map(([, property]) => property);
  return replaceProperties(component, ['exdate'], others);
}

/** `whole`: the message is about this very component, so that what it says of the reason is too (RFC 5546 §3.2.5). */
function cancelled(component: Component, by: Component, whole: boolean): Component {
  const properties: Property[] = [['status', {}, 'unknown', 'CANCELLED']];
  const stamped = propertyOf(by, 'dtstamp');
  if (stamped !== undefined) properties.push(stamped);
  const number = propertyOf(by, 'sequence');
  if (number !== undefined && sequenceOf(by) > sequenceOf(component)) properties.push(number);
  if (whole) properties.push(...by[1].filter(([name]) => name === 'summary' || name === 'description'));
  return replaceProperties(
    component,
    properties.map(([name]) => name),
    properties,
  );
}

/** VTIMEZONEs of several calendars, each once. */
function withZones(calendar: Component, objects: readonly SchedulingObject[]): Component {
  const zones = new Map<string, Component>();
  for (const { model } of objects)
    for (const component of model.content[2]) {
      const id = component[0] === 'vtimezone' ? (propertyOf(component, 'tzid')?.[3] ?? '') : '';
      if (id !== '' && !zones.has(id)) zones.set(id, component);
    }
  return [calendar[0], calendar[1], [...zones.values(), ...calendar[2].filter(([name]) => name !== 'vtimezone')]];
}
