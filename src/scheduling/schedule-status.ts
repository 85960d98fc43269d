/**
 * SCHEDULE-STATUS: what became of the last message to an attendee or to the organizer.
 * RFC 6638 §3.2.9 (the codes), §7.3 (the parameter), RFC 5546 §3.6.
 */

import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import type { Component } from '../calendar/content.ts';
import { withParameters, withProperties } from './scheduling-object.ts';

/** Delivered to the recipient's account. */
export const DELIVERED = '1.2';
/** Handed to the mail system. */
export const SENT = '1.1';
/** Not yet sent. */
export const PENDING = '1.0';
/** An answer arrived and was understood. */
export const ANSWERED = '2.0';
/** There is no such calendar user here. */
export const UNKNOWN_USER = '3.7';
/** The sender may not schedule with this user. */
export const NO_AUTHORITY = '3.8';
/** The message could not be delivered. */
export const UNDELIVERABLE = '5.1';
/** The recipient holds something else under the UID of the message, so that it would change nothing. */
export const REJECTED = '5.3';

/** The object with a status for attendees, named by their folded addresses. */
export function withStatuses(calendar: Component, statuses: ReadonlyMap<string, string>): Component {
  if (statuses.size === 0) return calendar;
  return mapComponents(calendar, (component) =>
    withProperties(component, (property) => {
      const status = property[0] === 'attendee' ? statuses.get(foldCalendarUser(property[3])) : undefined;
      return status === undefined ? property : withParameters(property, { 'schedule-status': status });
    }),
  );
}

/** The object with a status for its organizer. */
export function withOrganizerStatus(calendar: Component, status: string): Component {
  return mapComponents(calendar, (component) =>
    withProperties(component, (property) =>
      property[0] === 'organizer' ? withParameters(property, { 'schedule-status': status }) : property,
    ),
  );
}

function mapComponents(calendar: Component, map: (component: Component) => Component): Component {
  return [
    calendar[0],
    calendar[1],
    calendar[2].map((component) => (component[0] === 'vtimezone' ? component : map(component))),
  ];
}
