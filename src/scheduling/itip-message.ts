/**
 * iTIP messages: one calendar with a METHOD, from one calendar user to others.
 * RFC 5546 §1.4 (methods), §3.2 and §3.4 (what each carries), RFC 6638 §7 (parameters that stay at home).
 * Components in, a message out; nothing is sent here.
 * Elsewhere: who gets which (itip-organizer.ts, itip-attendee.ts), how it travels (message-queue.ts).
 */
import { isForModerators } from '../calendar/conferences.ts';
import { type Component, type Property, printContent } from '../calendar/content.ts';
import { printInstant } from '../calendar/date-values.ts';
import { replaceProperties, type SchedulingObject, withParameters, withProperties } from './scheduling-object.ts';

export type ItipMethod = 'PUBLISH' | 'REQUEST' | 'REPLY' | 'ADD' | 'CANCEL' | 'REFRESH' | 'COUNTER' | 'DECLINECOUNTER';

export const ITIP_METHODS: readonly ItipMethod[] = [
  'PUBLISH',
  'REQUEST',
  'REPLY',
  'ADD',
  'CANCEL',
  'REFRESH',
  'COUNTER',
  'DECLINECOUNTER',
];

export interface ItipMessage {
  readonly method: ItipMethod;
  /** Calendar user addresses as they are written in the object. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly icalUid: string;
  /** The VCALENDAR with METHOD. */
  readonly calendar: Component;
  /** Whom it is for; everybody who is named as its recipient when absent (Interpretation 200). */
  readonly audience?: Audience;
}

/** Calendars here, rooms among them; those of people here; people who get mail. */
export type Audience = 'calendars' | 'people-here' | 'mail';

export const PRODID = '-//Convene//Convene//EN';

/** What only concerns the copy it stands in (RFC 6638 §7, RFC 5546 §3.2.2: alarms are each person's own). */
const AT_HOME: Record<string, undefined> = {
  'schedule-agent': undefined,
  'schedule-status': undefined,
  'schedule-force-send': undefined,
};

/** A component as it is sent: stamped, without alarms and without what stays at home. */
export function travelling(component: Component, now: number): Component {
  const clean = withProperties(component, (property) => {
    const [name] = property;
    if (name === 'attendee' || name === 'organizer') return withParameters(property, AT_HOME);
    return STAYS.has(name) || name.startsWith('x-convene-') || isForModerators(property) ? undefined : property;
  });
  return withoutAlarms(replaceProperties(clean, ['dtstamp'], [stamp(now)]));
}

/** Alarms are each person's own, in what is sent and in what arrives (Interpretation 144). */
export function withoutAlarms([name, properties, children]: Component): Component {
  return [name, properties, children.filter(([child]) => child !== 'valarm')];
}

/** REQUEST-STATUS is about a message that was; COMPLETED and the like of a task are the attendee's. */
const STAYS = new Set(['request-status', 'x-moz-lastack', 'x-moz-snooze-time', 'x-moz-generation']);

export function stamp(now: number): Property {
  return ['dtstamp', {}, 'unknown', printInstant(now)];
}

/** The message that carries these components; VTIMEZONEs of the object go with it. */
export function itipMessage(
  method: ItipMethod,
  object: SchedulingObject,
  sender: string,
  recipients: readonly string[],
  components: readonly Component[],
): ItipMessage {
  const used = zonesOf(components);
  const zones = object.model.content[2].filter(
    (component) => component[0] === 'vtimezone' && used.has(component[1].find(([name]) => name === 'tzid')?.[3] ?? ''),
  );
  const properties: Property[] = [
    ['version', {}, 'unknown', '2.0'],
    ['prodid', {}, 'unknown', PRODID],
    ['method', {}, 'unknown', method],
  ];
  const scale = object.model.content[1].find(([name]) => name === 'calscale');
  if (scale !== undefined) properties.push(scale);
  return {
    method,
    sender,
    recipients,
    icalUid: object.model.icalUid,
    calendar: ['vcalendar', properties, [...zones, ...components]],
  };
}

function zonesOf(components: readonly Component[], found = new Set<string>()): Set<string> {
  for (const [, properties, inner] of components) {
    for (const [, parameters] of properties) if (typeof parameters.tzid === 'string') found.add(parameters.tzid);
    zonesOf(inner, found);
  }
  return found;
}

export function printMessage({ calendar }: ItipMessage): string {
  return printContent(calendar);
}

/** The calendar as an object that may be stored: without METHOD. */
export function withoutMethod(calendar: Component): Component {
  return [calendar[0], calendar[1].filter(([name]) => name !== 'method'), calendar[2]];
}
