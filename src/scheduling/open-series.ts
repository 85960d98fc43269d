/**
 * Series without an end in the calendar of a room: booked as far as the room can be booked, and known in full.
 * RFC 5545 §3.3.10 (UNTIL). The room's copy has its rules ended at the last occurrence that was looked at, so that nothing is busy that
 * was not compared with what is taken; the rules as the organizer wrote them stand beside (Interpretation 147). Pure.
 * Elsewhere: deciding (room-bookings.ts), going on when days come nearer (room-delivery.ts).
 */
import type { Component, Property } from '../calendar/content.ts';
import type { DateTime } from '../calendar/date-time.ts';
import { printDate, printInstant, printLocalTime } from '../calendar/date-values.ts';
import { replaceProperties } from './scheduling-object.ts';

/** The rule as it was, in the order of the rules. */
const RULE = 'x-convene-rrule';
/** An instance beyond what can be booked, about which nothing was decided: it makes nobody busy. */
const UNDECIDED = 'x-convene-undecided';

/** Whether the text of a copy has a series that goes on. */
export function isOpenSeries(data: string): boolean {
  return /^X-CONVENE-RRULE:/im.test(data);
}

/** The copy with its rules ended at `last`, and what lies beyond making nobody busy. */
export function ended(calendar: Component, last: DateTime, beyond: ReadonlySet<Component>): Component {
  const until = printUntil(last);
  return mapped(calendar, (component) => {
    if (beyond.has(component))
      return replaceProperties(
        component,
        ['transp', UNDECIDED],
        [
          ['transp', {}, 'unknown', 'TRANSPARENT'],
          [UNDECIDED, {}, 'unknown', 'TRUE'],
        ],
      );
    const endless = component[1].filter(isEndless);
    if (endless.length === 0) return component;
    const properties = component[1].map(
      (property): Property =>
        isEndless(property) ? [property[0], property[1], property[2], `${property[3]};UNTIL=${until}`] : property,
    );
    const rules = endless.map(([, , , value]): Property => [RULE, {}, 'unknown', value]);
    return [component[0], [...properties, ...rules], component[2]];
  });
}

/** The copy as the organizer means it; rules that were changed since are left as they are. */
export function reopened(calendar: Component): Component {
  return mapped(calendar, (component) => {
    const [name, properties, children] = component;
    const rules = properties.filter(([property]) => property === RULE).map(([, , , value]) => value);
    if (properties.some(([property]) => property === UNDECIDED))
      return replaceProperties(component, ['transp', UNDECIDED], []);
    if (rules.length === 0) return component;
    const written = properties.flatMap((property): Property[] => {
      if (property[0] === RULE) return [];
      const rule = property[0] === 'rrule' ? rules.find((one) => property[3].startsWith(`${one};UNTIL=`)) : undefined;
      return [rule === undefined ? property : [property[0], property[1], property[2], rule]];
    });
    return [name, written, children];
  });
}

function isEndless([name, , , value]: Property): boolean {
  return name === 'rrule' && !/(?:^|;)(?:UNTIL|COUNT)=/i.test(value);
}

/** As DTSTART is written: a date, a floating time, or else UTC. */
function printUntil({ isDate, zone, local }: DateTime): string {
  if (isDate) return printDate(local);
  return zone === null ? printLocalTime(local) : printInstant(zone.toInstant(local));
}

function mapped([name, properties, children]: Component, map: (component: Component) => Component): Component {
  return [name, properties, children.map((child) => (child[0] === 'vtimezone' ? child : map(child)))];
}
