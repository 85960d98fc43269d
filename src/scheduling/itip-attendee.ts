/**
 * What an attendee's change means for the organizer: replies, and what the stored object must say.
 * RFC 5546 §3.2.3, §3.4.3 (REPLY), §4.2.5 (delegation); RFC 6638 §3.2.2 (what an attendee may do), §8.1 (Schedule-Reply).
 * The object before and after in, a reply out; pure. What is the organizer's stays as it was.
 * Elsewhere: what the organizer does with it (itip-reply.ts).
 */

import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, type Property, parameterOf } from '../calendar/content.ts';
import { DomainError } from '../errors.ts';
import { answerOf, organizerAddress, ownAttendee, ownPartstat, withOwnParts } from './attendee-properties.ts';
import { type ItipMessage, itipMessage, stamp } from './itip-message.ts';
import { forcesSend, withoutForce } from './itip-organizer.ts';
import { reinstated } from './reinstated-instances.ts';
import { isCancelled, isRescheduled, resolved } from './schedule-comparison.ts';
import {
  deriveOverride,
  excludedKeys,
  type InstanceKey,
  instanceKey,
  MAIN,
  organizerOf,
  type SchedulingObject,
  scheduleAgentOf,
  withComponents,
  withParameters,
  withProperties,
} from './scheduling-object.ts';

export interface AttendeeChange {
  readonly before: SchedulingObject | undefined;
  readonly after: SchedulingObject | undefined;
  /** Whether a folded address is the attendee's own. */
  readonly isOwn: (user: string) => boolean;
  readonly now: number;
  /** False: the organizer is not to be told (RFC 6638 §8.1). */
  readonly reply: boolean;
  /** The organizer's object, when it is here and instances that were left out come back. */
  readonly organizers?: SchedulingObject | undefined;
}

export interface AttendeeOutcome {
  readonly stored: Component | undefined;
  readonly message: ItipMessage | undefined;
}

/** @throws DomainError attendee-change-forbidden */
export function attendeeChange(change: AttendeeChange): AttendeeOutcome {
  const { after } = change;
  if (after === undefined) return { stored: undefined, message: declineAll(change) };
  if (change.before === undefined) {
    const answered = [...after.components].filter(
      ([, one]) => ownPartstat(one, change.isOwn) !== 'NEEDS-ACTION' && !isCancelled(one),
    );
    const stored = withComponents(after, [...after.components.values()].map(withoutForce));
    return {
      stored,
      message: replyWith(
        change,
        after,
        answered.map(([, component]) => component),
      ),
    };
  }
  const { before, keys: back } = reinstated(change.before, after, change.organizers, change.isOwn, change.now);
  const named = namedAsBefore(before, after);
  const { merged, removed } = merge(before, named, change.isOwn, named === after);
  const answers = broughtBack(before, after, merged, back, change.isOwn);
  let mainChanged = false;
  for (const [key, component] of merged) {
    const earlier = before.components.get(key) ?? deriveOverride(before, key);
    const asked =
      back.has(key) || forcesSend(organizerOf([component]), 'REPLY') || isHandedOver(earlier, component, change.isOwn);
    if (!asked && earlier !== undefined && answerOf(earlier, change.isOwn) === answerOf(component, change.isOwn))
      continue;
    answers.push(component);
    if (key === MAIN) mainChanged = true;
  }
  // An answer to the series tells the answers to its exceptions with it.
  const open = (component: Component) => answers.includes(component) || !isCancelled(component);
  const told = mainChanged ? [...new Set([...[...merged.values()].filter(open), ...answers])] : answers;
  const declined = removed
    .filter((component) => !isCancelled(component))
    .map((component) => answered(component, 'DECLINED', change.isOwn));
  const stored = withComponents(after, [...merged.values()].map(withoutForce));
  return { stored, message: replyWith(change, before, [...told, ...declined]) };
}

/** Instances that come back without a word of their own have the answer of the series: those that are no exceptions. */
function broughtBack(
  before: SchedulingObject,
  after: SchedulingObject,
  merged: Map<InstanceKey, Component>,
  back: ReadonlySet<InstanceKey>,
  isOwn: (user: string) => boolean,
): Component[] {
  const series = merged.get(MAIN);
  const found: Component[] = [];
  for (const key of back) {
    const exception = merged.get(key);
    const instance = exception ?? deriveOverride(before, key);
    if (series === undefined || instance === undefined || after.components.has(key)) continue;
    const asSeries = answered(instance, ownPartstat(series, isOwn), isOwn);
    if (exception === undefined) found.push(asSeries);
    else merged.set(key, asSeries);
  }
  return found;
}

/** A deleted object is declined where it was not unanswered, declined or cancelled already. */
function declineAll(change: AttendeeChange): ItipMessage | undefined {
  const { before, isOwn } = change;
  if (before === undefined) return undefined;
  const components = [...before.components.values()];
  const open = components.filter((component) => {
    const partstat = ownPartstat(component, isOwn);
    return partstat !== 'NEEDS-ACTION' && partstat !== 'DECLINED';
  });
  if (open.every(isCancelled)) return undefined;
  return replyWith(
    change,
    before,
    components.filter((component) => !isCancelled(component)).map((one) => answered(one, 'DECLINED', isOwn)),
  );
}

/** Whether the server schedules from now on with an organizer who was answered by the client, or not at all (RFC 6638 §7.1). */
function isHandedOver(earlier: Component | undefined, component: Component, isOwn: (user: string) => boolean): boolean {
  const [before, after] = [earlier, component].map((one) => one && organizerOf([one]));
  if (before === undefined || after === undefined || ownPartstat(component, isOwn) === 'NEEDS-ACTION') return false;
  return scheduleAgentOf(before) !== 'SERVER' && scheduleAgentOf(after) === 'SERVER';
}

function answered(component: Component, partstat: string, isOwn: (user: string) => boolean): Component {
  return withProperties(component, (property) =>
    property[0] === 'attendee' && isOwn(foldCalendarUser(property[3]))
      ? withParameters(property, { partstat, rsvp: undefined })
      : property,
  );
}

function replyWith(
  { isOwn, now, reply }: AttendeeChange,
  object: SchedulingObject,
  components: readonly Component[],
): ItipMessage | undefined {
  const organizer = organizerOf(components);
  if (organizer === undefined || !reply) return undefined;
  const forced = components.some((component) => forcesSend(organizerOf([component]), 'REPLY'));
  if (scheduleAgentOf(organizer) !== 'SERVER' && !forced) return undefined;
  const answers = components.map((component) => replyComponent(component, isOwn, now));
  const sender = components.map((component) => ownAttendee(component, isOwn)).find((one) => one !== undefined);
  if (sender === undefined) return undefined;
  return itipMessage('REPLY', object, sender[3], [organizer[3]], answers);
}

/** RFC 5546 §3.2.3: what identifies the component, one's own answer, and what people want to see of it. */
const IN_REPLY = new Set([
  'uid',
  'organizer',
  'recurrence-id',
  'sequence',
  'dtstart',
  'dtend',
  'due',
  'duration',
  'summary',
  'comment',
  'rrule',
  'exdate',
  'rdate',
  'priority',
  'location',
]);
const IN_TASK_REPLY = new Set(['status', 'percent-complete', 'completed']);

function replyComponent(component: Component, isOwn: (user: string) => boolean, now: number): Component {
  const properties: Property[] = [stamp(now)];
  const bare = { 'schedule-agent': undefined, 'schedule-status': undefined, 'schedule-force-send': undefined };
  for (const property of component[1]) {
    const [name, , , value] = property;
    if (name === 'attendee') {
      if (isOwn(foldCalendarUser(value))) properties.push(withParameters(property, { ...bare, rsvp: undefined }));
    } else if (name === 'organizer') properties.push(withParameters(property, bare));
    else if (IN_REPLY.has(name) || (component[0] === 'vtodo' && IN_TASK_REPLY.has(name))) properties.push(property);
  }
  properties.push(['request-status', {}, 'unknown', '2.0;Success']);
  return [component[0], properties, []];
}

/** Some programs show a single instance as an event of its own and write it back without RECURRENCE-ID. */
function namedAsBefore(before: SchedulingObject, after: SchedulingObject): SchedulingObject {
  const main = after.components.get(MAIN);
  if (main === undefined || before.components.has(MAIN)) return after;
  const { start } = resolved(main, after);
  if (start === null) return after;
  const meant = [...before.components].find(([key, component]) => {
    const known = resolved(component, before).start;
    return !after.components.has(key) && known !== null && instanceKey(known) === instanceKey(start);
  });
  if (meant === undefined) return after;
  const components = new Map(after.components);
  components.delete(MAIN);
  components.set(meant[0], main);
  return { model: after.model, components };
}

/**
 * The stored object with what an attendee may change of it (RFC 6638 §3.2.2.1): answers, alarms, its own properties, instances
 * left out. Overrides the client dropped stay, unless there is no series that EXDATE could leave them out of (`mayDrop`:
 * the client knows single instances); anything else of the organizer's that it changed is put back.
 * @throws DomainError attendee-change-forbidden for other times, another organizer, or without one's own ATTENDEE
 */
function merge(
  before: SchedulingObject,
  after: SchedulingObject,
  isOwn: (user: string) => boolean,
  mayDrop: boolean,
): { merged: Map<InstanceKey, Component>; removed: Component[] } {
  const main = after.components.get(MAIN);
  const left = main === undefined ? new Map<InstanceKey, Property>() : excludedKeys(main, after);
  const merged = new Map<InstanceKey, Component>();
  const removed: Component[] = [];
  const known = before.components.get(MAIN);
  const excluded = known === undefined ? new Map<InstanceKey, Property>() : excludedKeys(known, before);
  for (const [key, base] of before.components) {
    const changed = after.components.get(key);
    if (changed !== undefined) {
      merged.set(key, mergeOne(base, before, changed, after, isOwn));
    } else if (key !== MAIN && (left.has(key) || (mayDrop && known === undefined && main === undefined))) {
      removed.push(base);
    } else merged.set(key, base);
  }
  for (const [key, component] of after.components) {
    if (before.components.has(key)) continue;
    const base = deriveOverride(before, key);
    if (base === undefined) throw forbidden('The series has no such instance.');
    merged.set(key, mergeOne(base, before, component, after, isOwn));
  }
  const series = merged.get(MAIN);
  const out = [...left].filter(([key]) => !excluded.has(key));
  for (const [key] of out) {
    if (before.components.has(key)) continue;
    const instance = deriveOverride(before, key);
    if (instance !== undefined) removed.push(instance);
  }
  if (series !== undefined && out.length > 0)
    merged.set(MAIN, [series[0], [...series[1], ...out.map(([, exdate]) => exdate)], series[2]]);
  // Leaving out what was declined already is no news.
  const news = (component: Component) =>
    ownAttendee(component, isOwn) !== undefined && ownPartstat(component, isOwn) !== 'DECLINED';
  return { merged, removed: removed.filter(news) };
}

function mergeOne(
  base: Component,
  before: SchedulingObject,
  changed: Component,
  after: SchedulingObject,
  isOwn: (user: string) => boolean,
): Component {
  if (organizerAddress(changed) !== organizerAddress(base)) throw forbidden('The organizer cannot be changed.');
  if (ownAttendee(base, isOwn) !== undefined && ownAttendee(changed, isOwn) === undefined)
    throw forbidden('An attendee cannot leave but by declining.');
  if (isRescheduled(base, before, changed, after)) throw forbidden('Only the organizer can change the time.');
  const merged = withOwnParts(base, changed, isOwn);
  return withDelegates(merged, changed, isOwn);
}

/** RFC 5546 §4.2.5: who delegates adds the delegate. */
function withDelegates(component: Component, changed: Component, isOwn: (user: string) => boolean): Component {
  const own = ownAttendee(component, isOwn);
  const to = own === undefined ? '' : parameterOf(own, 'delegated-to');
  if (to === '') return component;
  const known = new Set(
    component[1].filter(([name]) => name === 'attendee').map(([, , , value]) => foldCalendarUser(value)),
  );
  const delegates = changed[1].filter(
    ([name, parameters, , value]) =>
      name === 'attendee' &&
      parameters['delegated-from'] !== undefined &&
      !known.has(foldCalendarUser(value)) &&
      to.toLowerCase().includes(value.toLowerCase()),
  );
  return [component[0], [...component[1], ...delegates], component[2]];
}

function forbidden(message: string): DomainError {
  return new DomainError('attendee-change-forbidden', message);
}
