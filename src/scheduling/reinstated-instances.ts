/**
 * Instances that an attendee had left out and takes back: a client undoes the deletion of one occurrence.
 * RFC 6638 §3.2.2.1 names only adding EXDATE; taking it back is safe for what the organizer still has and invites to.
 * The attendee's object before and after and the organizer's in, the object before with those instances out; pure.
 * Elsewhere: what else an attendee may change, and the reply (itip-attendee.ts).
 */
import { type Component, printContent } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { ownAttendee } from './attendee-properties.ts';
import { travelling } from './itip-message.ts';
import { isCancelled } from './schedule-comparison.ts';
import {
  deriveOverride,
  excludedKeys,
  type InstanceKey,
  MAIN,
  replaceProperties,
  type SchedulingObject,
  schedulingObject,
  withComponents,
} from './scheduling-object.ts';

/** Instances that EXDATE took out of the object before and does not take out of the one after. */
export function noLongerExcluded(before: SchedulingObject, after: SchedulingObject): InstanceKey[] {
  const [known, main] = [before.components.get(MAIN), after.components.get(MAIN)];
  if (known === undefined || main === undefined) return [];
  const still = excludedKeys(main, after);
  return [...excludedKeys(known, before).keys()].filter((key) => !still.has(key));
}

export interface Reinstated {
  /** The object before, without the EXDATEs that were taken back, and with the organizer's exceptions of those instances. */
  readonly before: SchedulingObject;
  readonly keys: ReadonlySet<InstanceKey>;
}

/** `organizers`: the organizer's object, when it is here. */
export function reinstated(
  before: SchedulingObject,
  after: SchedulingObject,
  organizers: SchedulingObject | undefined,
  isOwn: (user: string) => boolean,
  now: number,
): Reinstated {
  const keys = new Set<InstanceKey>();
  const exceptions: Component[] = [];
  for (const key of organizers === undefined ? [] : noLongerExcluded(before, after)) {
    const exception = organizers?.components.get(key);
    const instance = exception ?? (organizers && deriveOverride(organizers, key));
    if (instance === undefined || isCancelled(instance) || ownAttendee(instance, isOwn) === undefined) continue;
    keys.add(key);
    if (exception !== undefined) exceptions.push(travelling(exception, now));
  }
  const main = before.components.get(MAIN);
  if (keys.size === 0 || main === undefined) return { before, keys };
  const left = [...excludedKeys(main, before)].filter(([key]) => !keys.has(key)).map(([, exdate]) => exdate);
  const others = [...before.components].filter(([key]) => key !== MAIN).map(([, component]) => component);
  const calendar = withComponents(before, [replaceProperties(main, ['exdate'], left), ...others, ...exceptions]);
  return { before: schedulingObject(parseCalendarObject(printContent(calendar))), keys };
}
