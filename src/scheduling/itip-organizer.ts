/**
 * What an organizer's change means for those invited: requests and cancellations.
 * RFC 5546 §3.2.2, §3.2.5, §3.4.2, §3.4.5; RFC 6638 §3.2.1 (who is sent what), §7.2.
 * The object before and after in, messages out; pure.
 * Elsewhere: what the stored object must say (organizer-object.ts), what attendees do (itip-invitation.ts), delivery (message-queue.ts).
 */

import { type Component, type Property, parameterOf } from '../calendar/content.ts';
import { type AttendeeView, invitedBy, viewOf } from './attendee-view.ts';
import { type Audience, type ItipMessage, itipMessage, travelling } from './itip-message.ts';
import { type OrganizerChange, settle } from './organizer-object.ts';
import { answersOf, fingerprint, isCancelled } from './schedule-comparison.ts';
import {
  attendeesOf,
  deriveOverride,
  exdateFor,
  type InstanceKey,
  MAIN,
  organizerOf,
  replaceProperties,
  type SchedulingObject,
  scheduleAgentOf,
  sequenceOf,
  withComponents,
  withParameters,
  withProperties,
} from './scheduling-object.ts';

export interface OrganizerOutcome {
  /** What is to be stored; undefined when the object goes. */
  readonly stored: Component | undefined;
  readonly messages: readonly ItipMessage[];
  /** Only answers changed: those invited see them without a message. */
  readonly answersChanged: boolean;
}

/** The messages that follow from a change. */
export function organizerChange(change: OrganizerChange): OrganizerOutcome {
  const { before, now } = change;
  const settled = change.after === undefined ? undefined : settle(change, change.after);
  const sender = organizerOf([...(settled?.components.values() ?? []), ...(before?.components.values() ?? [])]);
  if (sender === undefined) return { stored: change.after?.model.content, messages: [], answersChanged: false };
  const messages: ItipMessage[] = [];
  for (const recipients of alike(change, settled)) {
    const [user] = recipients.keys();
    if (user === undefined) continue;
    const views = { old: viewOf(before, user), new: viewOf(settled, user) };
    const { cancelled, cancelledBefore, changedBefore, requested, updated } = differences(before, settled, user, views);
    const send = (method: 'REQUEST' | 'CANCEL', components: readonly Component[], audience?: Audience) => {
      if (components.length === 0) return;
      const stamped = components.map((one) => travelling(one, now));
      const object = (settled ?? before) as SchedulingObject;
      const message = itipMessage(method, object, sender[3], [...recipients.values()], stamped);
      messages.push(audience === undefined ? message : { ...message, audience });
    };
    send('REQUEST', changedBefore, 'people-here');
    if (cancelled.length > 1 && views.new.components.size > 0) {
      send('CANCEL', cancelled, 'calendars');
      // Each on its own: mail programs look at the first component only.
      for (const instance of cancelled) send('CANCEL', [instance], 'mail');
    } else send('CANCEL', cancelled);
    send('CANCEL', cancelledBefore, 'people-here');
    send('REQUEST', requested);
    if (requested.length === 0) send('REQUEST', updated, 'people-here');
  }
  const answers = (object: SchedulingObject | undefined) =>
    [...(object?.components.values() ?? [])].map(answersOf).join('\n\n');
  return {
    stored: settled && withComponents(settled, [...settled.components.values()].map(withoutForce)),
    messages,
    answersChanged: before !== undefined && settled !== undefined && answers(before) !== answers(settled),
  };
}

/** Those invited in groups that see the same of both versions: each group is told the same. Addresses by folded address. */
function alike({ before, isOwn }: OrganizerChange, settled: SchedulingObject | undefined): Map<string, string>[] {
  const groups = new Map<string, Map<string, string>>();
  for (const [user, attendee] of new Map([...invitedBy(before), ...invitedBy(settled)])) {
    if (isOwn(user)) continue;
    const shape = `${shapeOf(before, user)} / ${shapeOf(settled, user)}`;
    const group = groups.get(shape) ?? new Map<string, string>();
    groups.set(shape, group.set(user, attendee[3]));
  }
  return [...groups.values()];
}

/** Which components invite somebody, and how they are sent. */
function shapeOf(object: SchedulingObject | undefined, user: string): string {
  let shape = '';
  for (const [key, component] of object?.components ?? []) {
    const attendee = attendeesOf(component).get(user);
    if (attendee === undefined || scheduleAgentOf(attendee) !== 'SERVER') continue;
    shape += `${key}${forcesSend(attendee, 'REQUEST') ? '!' : ','}`;
  }
  return shape;
}

interface Differences {
  readonly cancelled: readonly Component[];
  /** What goes, and was cancelled before it went. */
  readonly cancelledBefore: readonly Component[];
  /** What is cancelled whole with other changes, as it would be without the cancellation. */
  readonly changedBefore: readonly Component[];
  readonly requested: readonly Component[];
  /** What has a new number without a change that anybody has to be told of. */
  readonly updated: readonly Component[];
}

const NO_DIFFERENCE: Differences = {
  cancelled: [],
  cancelledBefore: [],
  changedBefore: [],
  requested: [],
  updated: [],
};

/** What one attendee has to be told. */
function differences(
  before: SchedulingObject | undefined,
  after: SchedulingObject | undefined,
  user: string,
  views: { old: AttendeeView; new: AttendeeView },
): Differences {
  const old = views.old.components;
  const fresh = views.new.components;
  const lastSequence = (key: InstanceKey) =>
    Math.max(sequenceOf(old.get(key) ?? old.get(MAIN) ?? EMPTY) + 1, sequenceOf(after?.components.get(key) ?? EMPTY));
  const goesOn = (key: InstanceKey) => {
    const without = after?.components.get(key) ?? (after && key !== MAIN ? deriveOverride(after, key) : undefined);
    return without !== undefined && !isCancelled(without);
  };
  const cancel = (component: Component, key: InstanceKey) =>
    cancellation(component, lastSequence(key), goesOn(key) ? 'for some' : 'for all');
  const cancelled: Component[] = [];
  const gone = new Set<InstanceKey>();
  if (fresh.size === 0) {
    const main = old.get(MAIN);
    const all = main === undefined ? [...old] : ([[MAIN, main]] as [InstanceKey, Component][]);
    const cancelledBefore: Component[] = [];
    for (const [key, component] of all)
      (isCancelled(component) ? cancelledBefore : cancelled).push(cancel(component, key));
    return { ...NO_DIFFERENCE, cancelled, cancelledBefore };
  }
  if (before !== undefined && old.size > 0) {
    const main = old.get(MAIN);
    if (main !== undefined && fresh.get(MAIN) === undefined) cancelled.push(cancel(main, MAIN));
    else {
      const away = fresh.has(MAIN) ? [...views.new.excluded] : [...old.keys()].filter((key) => !fresh.has(key));
      for (const key of away) {
        if (views.old.excluded.has(key)) continue;
        const instance = old.get(key) ?? (main === undefined ? undefined : deriveOverride(before, key));
        if (instance === undefined) continue;
        gone.add(key);
        if (!isCancelled(instance)) cancelled.push(cancel(instance, key));
      }
    }
    // RFC 5546 §3.2.5: what is cancelled is not requested.
    for (const [key, component] of fresh) {
      const earlier = old.get(key) ?? (key === MAIN ? undefined : deriveOverride(before, key));
      if (!isCancelled(component) || earlier === undefined || isCancelled(earlier)) continue;
      gone.add(key);
      cancelled.push(cancel(component, key));
      if (key !== MAIN) continue;
      // RFC 5546 §3.2.2: no REQUEST says that something is cancelled.
      const open = withStatusOf(component, earlier);
      if (after === undefined || !isUnlike(open, after, earlier, before, gone)) return { ...NO_DIFFERENCE, cancelled };
      const exceptions = [...fresh].filter(([other]) => other !== MAIN);
      const changedBefore = [open, ...exceptions.map(([other, one]) => withStatusOf(one, old.get(other) ?? earlier))];
      return { ...NO_DIFFERENCE, cancelled, changedBefore };
    }
  }
  const requested = requestedOf(before, after, user, views, gone);
  return { ...NO_DIFFERENCE, cancelled, requested, updated: updatedOf(before, after, views, gone) };
}

const EMPTY: Component = ['vevent', [], []];

function requestedOf(
  before: SchedulingObject | undefined,
  after: SchedulingObject | undefined,
  user: string,
  views: { old: AttendeeView; new: AttendeeView },
  gone: ReadonlySet<InstanceKey>,
): Component[] {
  const old = views.old.components;
  const fresh = views.new.components;
  if (after === undefined) return [];
  const whole = [...fresh].filter(([key, component]) => !(gone.has(key) && isCancelled(component)));
  const all = whole.map(([, component]) => component);
  const forced = all.some((component) => forcesSend(attendeesOf(component).get(user), 'REQUEST'));
  if (before === undefined || old.size === 0) return all.every(isCancelled) && !forced ? [] : all;
  const changed = whole.filter(([key, component]) => {
    const earlier = old.get(key);
    if (earlier === undefined)
      return key === MAIN || isUnlike(component, after, deriveOverride(before, key), before, gone);
    return isUnlike(component, after, earlier, before, gone);
  });
  const dropped = [...old.keys()].some((key) => key !== MAIN && !fresh.has(key) && !gone.has(key));
  // Cancelling the series cancelled its exceptions too; those that go on are requested anew.
  const alone = old.has(MAIN) && !fresh.has(MAIN);
  if (forced || dropped || alone || changed.some(([key]) => key === MAIN))
    return whole.map(([key, component]) => (key === MAIN ? withoutCancelled(component, fresh, gone) : component));
  return changed.map(([, component]) => component);
}

/**
 * Components that a copy would show under an old number (RFC 5546 §2.1.4): the series of which an instance was cancelled, what
 * changed for programs alone, and what the organizer's client numbered anew.
 */
function updatedOf(
  before: SchedulingObject | undefined,
  after: SchedulingObject | undefined,
  views: { old: AttendeeView; new: AttendeeView },
  gone: ReadonlySet<InstanceKey>,
): Component[] {
  if (before === undefined || after === undefined || views.old.components.size === 0) return [];
  const fresh = views.new.components;
  const whole = [...fresh].filter(([key, component]) => !(gone.has(key) && isCancelled(component)));
  const isNumberedAnew = ([key, component]: [InstanceKey, Component]) => {
    const earlier = before.components.get(key) ?? (key === MAIN ? undefined : deriveOverride(before, key));
    return earlier !== undefined && sequenceOf(component) > sequenceOf(earlier);
  };
  const updated = whole.filter(isNumberedAnew);
  if (!updated.some(([key]) => key === MAIN)) return updated.map(([, component]) => component);
  return whole.map(([key, component]) => (key === MAIN ? withoutCancelled(component, fresh, gone) : component));
}

/** The series without instances that a message of its own cancels: it would bring them back. */
function withoutCancelled(
  series: Component,
  fresh: ReadonlyMap<InstanceKey, Component>,
  gone: ReadonlySet<InstanceKey>,
): Component {
  const exdates: Property[] = [];
  for (const key of gone) {
    const override = fresh.get(key);
    const exdate = override === undefined ? undefined : exdateFor(override);
    if (exdate !== undefined) exdates.push(exdate);
  }
  return exdates.length === 0 ? series : [series[0], [...series[1], ...exdates], series[2]];
}

function isUnlike(
  component: Component,
  after: SchedulingObject,
  earlier: Component | undefined,
  before: SchedulingObject,
  gone: ReadonlySet<InstanceKey>,
): boolean {
  return earlier === undefined || fingerprint(component, after, gone) !== fingerprint(earlier, before, gone);
}

function withStatusOf(component: Component, earlier: Component): Component {
  return replaceProperties(
    component,
    ['status'],
    earlier[1].filter(([name]) => name === 'status'),
  );
}

/** RFC 5546 §3.2.5: everything that identifies what is cancelled, and its STATUS; without one where others go on with it. */
function cancellation(component: Component, sequence: number, whom: 'for all' | 'for some'): Component {
  return replaceProperties(
    component,
    ['status', 'sequence', 'rrule', 'rdate', 'exdate', 'exrule'],
    [
      ['sequence', {}, 'unknown', String(sequence)],
      ...(whom === 'for all' ? [['status', {}, 'unknown', 'CANCELLED'] as Property] : []),
    ],
  );
}

/** RFC 6638 §7.2. */
export function forcesSend(property: Property | undefined, what: 'REQUEST' | 'REPLY'): boolean {
  return property !== undefined && parameterOf(property, 'schedule-force-send').toUpperCase() === what;
}

/** RFC 6638 §7.2: the parameter is obeyed once and not kept. */
export function withoutForce(component: Component): Component {
  return withProperties(component, (property) =>
    property[1]['schedule-force-send'] === undefined
      ? property
      : withParameters(property, { 'schedule-force-send': undefined }),
  );
}
