/**
 * What in an attendee's copy is the attendee's own, and what the organizer's.
 * RFC 6638 §3.2.2.1 (what an attendee may change), RFC 5546 §3.4.3 (progress of a task).
 * Two versions of one component in, one out.
 */

import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, type Property, parameterOf, propertyOf } from '../calendar/content.ts';
import { attendeesOf, partstatOf } from './scheduling-object.ts';

/** Kept as the attendee has them. */
const OWN = new Set([
  'transp',
  'comment',
  'completed',
  'percent-complete',
  'categories',
  'color',
  'created',
  'last-modified',
  'class',
]);
/** A task's state is its assignee's (RFC 5546 §3.4.3). */
const OWN_OF_TASK = new Set(['status', 'percent-complete', 'completed']);

function isOwnProperty(name: string, component: string): boolean {
  return OWN.has(name) || name.startsWith('x-') || (component === 'vtodo' && OWN_OF_TASK.has(name));
}

/** The attendee property in a component that is one's own. */
export function ownAttendee(component: Component, isOwn: (user: string) => boolean): Property | undefined {
  for (const [user, property] of attendeesOf(component)) if (isOwn(user)) return property;
  return undefined;
}

/** The organizer's component with everything of one's own that another version has. */
export function withOwnParts(organizers: Component, own: Component, isOwn: (user: string) => boolean): Component {
  const answer = ownAttendee(own, isOwn);
  const properties: Property[] = [];
  for (const property of organizers[1]) {
    const [name, , , value] = property;
    if (name === 'attendee' && answer !== undefined && isOwn(foldCalendarUser(value)))
      properties.push([name, answer[1], answer[2], value]);
    else if (name === 'organizer') properties.push(scheduledBy(property, propertyOf(own, 'organizer')));
    else if (!isOwnProperty(name, organizers[0])) properties.push(property);
  }
  for (const property of own[1]) if (isOwnProperty(property[0], organizers[0])) properties.push(property);
  const others = organizers[2].filter(([name]) => name !== 'valarm');
  return [organizers[0], properties, [...others, ...own[2].filter(([name]) => name === 'valarm')]];
}

/** The organizer's component with what one has set for oneself; the answer is the organizer's version of it. */
export function withPrivateParts(organizers: Component, own: Component): Component {
  const has = (name: string) => organizers[1].some(([other]) => other === name);
  const kept = own[1].filter(([name]) => PRIVATE.has(name) || (name.startsWith('x-') && !has(name)));
  const names = new Set(kept.map(([name]) => name));
  const properties: Property[] = [];
  for (const property of organizers[1]) {
    const [name] = property;
    if (name === 'organizer') properties.push(withOwnParameters(property, propertyOf(own, 'organizer')));
    else if (!names.has(name) && name !== 'transp') properties.push(property);
  }
  properties.push(...kept);
  const others = organizers[2].filter(([name]) => name !== 'valarm');
  return [organizers[0], properties, [...others, ...own[2].filter(([name]) => name === 'valarm')]];
}

/** Who schedules with the organizer is what the attendee says; the server's own status is not (RFC 6638 §3.2.2.1, §7). */
function scheduledBy(organizer: Property, own: Property | undefined): Property {
  const parameters = { ...organizer[1] };
  const mine = own === undefined ? {} : own[1];
  const names = ['schedule-agent', 'schedule-force-send'];
  if (parameterOf(own ?? organizer, 'schedule-agent').toUpperCase() === 'CLIENT') names.push('schedule-status');
  for (const name of names) {
    const value = mine[name];
    if (value === undefined) delete parameters[name];
    else parameters[name] = value;
  }
  return [organizer[0], parameters, organizer[2], organizer[3]];
}

/** Who schedules with the organizer is the attendee's choice, and how its last answer fared its own knowledge (RFC 6638 §7). */
function withOwnParameters(organizer: Property, own: Property | undefined): Property {
  const parameters = { ...organizer[1] };
  for (const name of ['schedule-agent', 'schedule-status']) {
    const value = own?.[1][name];
    if (value !== undefined) parameters[name] = value;
  }
  return [organizer[0], parameters, organizer[2], organizer[3]];
}

const PRIVATE = new Set(['transp', 'completed', 'percent-complete', 'color']);

/** What an answer consists of, for telling whether there is something new to reply. */
export function answerOf(component: Component, isOwn: (user: string) => boolean): string {
  const own = ownAttendee(component, isOwn);
  const parts = [own === undefined ? '' : partstatOf(own), own === undefined ? '' : parameterOf(own, 'delegated-to')];
  for (const name of component[0] === 'vtodo' ? TASK_ANSWER : ['comment'])
    parts.push(
      component[1]
        .filter(([other]) => other === name)
        .map(([, , , value]) => value)
        .join(','),
    );
  return parts.join('\n');
}

const TASK_ANSWER = ['comment', 'percent-complete', 'completed', 'status'];

/** PARTSTAT of one's own, NEEDS-ACTION without. */
export function ownPartstat(component: Component, isOwn: (user: string) => boolean): string {
  const own = ownAttendee(component, isOwn);
  return own === undefined ? 'NEEDS-ACTION' : partstatOf(own);
}

export function organizerAddress(component: Component): string {
  return foldCalendarUser(propertyOf(component, 'organizer')?.[3] ?? '');
}
