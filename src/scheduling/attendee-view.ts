/**
 * What one attendee may see of an object: the occurrences it is invited to, and no others.
 * RFC 6638 §3.2.6 (attendees of single instances), RFC 5546 §3.2.2.
 * An object in, its components for one attendee out; an override without the attendee becomes an EXDATE.
 */
import type { Component, Property } from '../calendar/content.ts';
import {
  attendeesOf,
  excludedKeys,
  exdateFor,
  type InstanceKey,
  MAIN,
  type SchedulingObject,
  scheduleAgentOf,
} from './scheduling-object.ts';

export interface AttendeeView {
  readonly components: ReadonlyMap<InstanceKey, Component>;
  /** Instances that EXDATE takes out of the main component, also for want of an invitation. */
  readonly excluded: ReadonlySet<InstanceKey>;
}

const NOTHING: AttendeeView = { components: new Map(), excluded: new Set() };

/** `user` is a folded address. Components whose attendee is scheduled by somebody else are not the server's (RFC 6638 §7.1). */
export function viewOf(object: SchedulingObject | undefined, user: string): AttendeeView {
  if (object === undefined) return NOTHING;
  const components = new Map<InstanceKey, Component>();
  const hidden: Property[] = [];
  const excluded = new Set<InstanceKey>();
  const main = object.components.get(MAIN);
  const inMain = main !== undefined && invites(main, user);
  if (main !== undefined && inMain) {
    components.set(MAIN, main);
    for (const key of excludedKeys(main, object).keys()) excluded.add(key);
  }
  for (const [key, component] of object.components) {
    if (key === MAIN) continue;
    if (invites(component, user)) components.set(key, component);
    else if (inMain && !excluded.has(key)) {
      const exdate = exdateFor(component);
      if (exdate !== undefined) hidden.push(exdate);
      excluded.add(key);
    }
  }
  if (main !== undefined && hidden.length > 0) components.set(MAIN, [main[0], [...main[1], ...hidden], main[2]]);
  return { components, excluded };
}

function invites(component: Component, user: string): boolean {
  const attendee = attendeesOf(component).get(user);
  return attendee !== undefined && scheduleAgentOf(attendee) === 'SERVER';
}

/** Everybody an object invites, each with the property that says so first. */
export function invitedBy(object: SchedulingObject | undefined): Map<string, Property> {
  const found = new Map<string, Property>();
  for (const component of object?.components.values() ?? [])
    for (const [user, property] of attendeesOf(component)) if (!found.has(user)) found.set(user, property);
  return found;
}
