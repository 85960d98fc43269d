/**
 * What an organizer's object becomes when a message of an attendee arrives: REPLY; and what REFRESH and COUNTER are due.
 * RFC 5546 §3.2.3, §3.2.6, §3.2.7, §4.2.5 (delegation), RFC 6638 §4.1.
 * Replies of programs that break the rules land as far as it is plain whose answer they are; nobody else's counts. Pure.
 * Elsewhere: making replies (itip-attendee.ts).
 */

import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, type Property, parameterOf, propertyOf } from '../calendar/content.ts';
import type { Applied } from './itip-invitation.ts';
import { resolved } from './schedule-comparison.ts';
import { ANSWERED } from './schedule-status.ts';
import {
  attendeesOf,
  deriveOverride,
  type InstanceKey,
  instanceKey,
  MAIN,
  partstatOf,
  replaceProperties,
  type SchedulingObject,
  sequenceOf,
  withComponents,
  withParameters,
} from './scheduling-object.ts';

export interface ReplyOutcome {
  readonly result: Applied | 'not-attendee';
  readonly stored?: Component;
  /** PARTSTAT of the answer; of several, of the one to the series. */
  readonly partstat?: string;
  /** Folded addresses of people the answer brought in by delegation: they are to be invited. */
  readonly delegates: readonly string[];
}

/** A REPLY (RFC 5546 §3.2.3). `sender` is the folded address it came from. */
export function applyReply(
  message: SchedulingObject,
  current: SchedulingObject | undefined,
  sender: string,
): ReplyOutcome {
  if (current === undefined) return { result: 'unknown', delegates: [] };
  const components = new Map(current.components);
  const delegates: string[] = [];
  let partstat: string | undefined;
  let result: ReplyOutcome['result'] = 'not-attendee';
  // The series first: answers to single instances are more than it.
  const answers = [...message.components].sort(([one], [other]) => Number(one !== MAIN) - Number(other !== MAIN));
  for (const [key, answer] of answers) {
    const given = answerIn(answer, sender);
    if (given === undefined) continue;
    const place = key === MAIN && !components.has(MAIN) ? lonely(current) : key;
    const target = place === undefined ? undefined : (components.get(place) ?? deriveOverride(current, place));
    if (place === undefined || target === undefined) {
      result = worse(result, 'unknown');
      continue;
    }
    const invited = attendeesOf(target).get(sender);
    if (invited === undefined) continue;
    if (
      propertyOf(answer, 'sequence') !== undefined &&
      sequenceOf(answer) < sequenceOf(target) &&
      !sameStart(answer, message, target, current)
    ) {
      result = worse(result, 'stale');
      continue;
    }
    const { component, added } = answeredBy(target, sender, given, answer);
    delegates.push(...added);
    components.set(place, component);
    if (place === MAIN) answerExceptions(components, message, partstatOf(invited), sender, given, answer);
    result = 'applied';
    partstat ??= partstatOf(given);
  }
  if (result !== 'applied' || partstat === undefined) return { result, delegates: [] };
  return { result, stored: withComponents(current, components.values()), partstat, delegates };
}

/** An answer to an older version counts when it is for the time that still holds (RFC 5546 §2.1.5 leaves it to the organizer). */
function sameStart(
  answer: Component,
  message: SchedulingObject,
  target: Component,
  current: SchedulingObject,
): boolean {
  const [given, known] = [resolved(answer, message).start, resolved(target, current).start];
  return given !== null && known !== null && instanceKey(given) === instanceKey(known);
}

/** A reply to the only instance there is may leave out which one. */
function lonely({ components }: SchedulingObject): InstanceKey | undefined {
  return components.size === 1 ? [...components.keys()][0] : undefined;
}

/** Exceptions answered together with the series so far are answered together with it again, unless the reply names them. */
function answerExceptions(
  components: Map<InstanceKey, Component>,
  message: SchedulingObject,
  before: string,
  sender: string,
  given: Property,
  answer: Component,
): void {
  for (const [key, component] of components) {
    const invited = message.components.has(key) ? undefined : attendeesOf(component).get(sender);
    if (key === MAIN || invited === undefined) continue;
    const partstat = partstatOf(invited);
    if (partstat === before || partstat === 'NEEDS-ACTION')
      components.set(key, answeredBy(component, sender, given, answer).component);
  }
}

function worse(one: ReplyOutcome['result'], other: Applied): ReplyOutcome['result'] {
  return one === 'not-attendee' ? other : one;
}

/** The ATTENDEE the reply is about; some programs write it with another case, or as the only one under an alias. */
function answerIn(answer: Component, sender: string): Property | undefined {
  const named = attendeesOf(answer);
  return named.get(sender) ?? (named.size === 1 ? [...named.values()][0] : undefined);
}

function answeredBy(
  component: Component,
  sender: string,
  given: Property,
  answer: Component,
): { component: Component; added: string[] } {
  const partstat = partstatOf(given);
  const delegatedTo = given[1]['delegated-to'];
  const answered = component[1].map((property) => {
    if (property[0] !== 'attendee' || foldCalendarUser(property[3]) !== sender) return property;
    const changed = withParameters(property, {
      partstat,
      'schedule-status': statusOf(answer),
      rsvp: partstat === 'NEEDS-ACTION' ? parameterOf(property, 'rsvp') || undefined : undefined,
    });
    if (delegatedTo !== undefined && partstat === 'DELEGATED') changed[1]['delegated-to'] = delegatedTo;
    return changed;
  });
  const added: string[] = [];
  if (partstat === 'DELEGATED' && delegatedTo !== undefined) {
    const known = attendeesOf(component);
    for (const delegate of typeof delegatedTo === 'string' ? [delegatedTo] : delegatedTo) {
      const folded = foldCalendarUser(delegate);
      if (known.has(folded) || added.length >= MAX_DELEGATES) continue;
      added.push(folded);
      answered.push([
        'attendee',
        { partstat: 'NEEDS-ACTION', rsvp: 'TRUE', 'delegated-from': [`mailto:${sender}`] },
        'unknown',
        delegate,
      ]);
    }
  }
  let changed: Component = [component[0], answered, component[2]];
  if (component[0] === 'vtodo' && isAlone(component)) changed = progressed(changed, answer);
  return { component: changed, added };
}

/** Delegates one answer may bring in. */
const MAX_DELEGATES = 5;

/** The code of REQUEST-STATUS; success when there is none. */
function statusOf(answer: Component): string {
  const code = /^\d+\.\d+(?:\.\d+)?/.exec(propertyOf(answer, 'request-status')?.[3] ?? '')?.[0];
  return code ?? ANSWERED;
}

/** RFC 5545 §3.8.1.8: with more than one assignee, how far each has come is the part of each. */
function isAlone(task: Component): boolean {
  const host = foldCalendarUser(propertyOf(task, 'organizer')?.[3] ?? '');
  return [...attendeesOf(task).keys()].filter((user) => user !== host).length === 1;
}

/** RFC 5546 §3.4.3: how far the assignee of a task has come. */
function progressed(component: Component, answer: Component): Component {
  const names = ['percent-complete', 'completed'];
  const told = answer[1].filter(([name]) => names.includes(name));
  return told.length === 0
    ? component
    : replaceProperties(
        component,
        told.map(([name]) => name),
        told,
      );
}
