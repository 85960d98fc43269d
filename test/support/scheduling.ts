/** Objects, messages and people for tests of scheduling, in few lines. */

import { type Component, printContent } from '../../src/calendar/content.ts';
import { parseCalendarObject } from '../../src/calendar/icalendar.ts';
import { type SchedulingObject, schedulingObject } from '../../src/scheduling/scheduling-object.ts';

/** One component of an object, as lines; UID, DTSTAMP and DTSTART are filled in. */
export interface EventLines {
  readonly start?: string;
  readonly lines: readonly string[];
}

/** An address of the tests' domain. */
export function at(name: string): string {
  return `mailto:${name}@example.org`;
}

export function organizer(name: string, parameters = ''): string {
  return `ORGANIZER${parameters}:${at(name)}`;
}

export function attendee(name: string, partstat = 'NEEDS-ACTION', parameters = ''): string {
  return `ATTENDEE;PARTSTAT=${partstat}${parameters}:${at(name)}`;
}

/** The text of a calendar object of several components with one UID. */
export function calendarText(uid: string, events: readonly EventLines[], method?: string): string {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Convene//Test//EN'];
  if (method !== undefined) lines.push(`METHOD:${method}`);
  for (const { start = '20270104T090000Z', lines: own } of events) {
    lines.push('BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', `DTSTART:${start}`, 'DURATION:PT1H');
    lines.push(...own, 'END:VEVENT');
  }
  return [...lines, 'END:VCALENDAR', ''].join('\r\n');
}

export function objectOf(text: string): SchedulingObject {
  return schedulingObject(parseCalendarObject(text));
}

export function objectOfTree(calendar: Component): SchedulingObject {
  return objectOf(printContent(calendar));
}

/** Whether a folded address is that of one person. */
export function only(name: string): (user: string) => boolean {
  return (user) => user === `${name}@example.org`;
}
