/**
 * Writes a room's answers into its copy of an event: PARTSTAT, and overrides for occurrences that are answered differently.
 * RFC 5545 §3.2.12 (PARTSTAT), §3.8.4.4 (RECURRENCE-ID), §3.8.2.7 (TRANSP): what is declined makes the room busy no more, what is
 * booked always does (Interpretation 18). Pure: content in, content out. Elsewhere: the answers (booking-rules.ts).
 */
import { type CalendarComponent, durationOf } from '../calendar/calendar-component.ts';
import type { Component, Property } from '../calendar/content.ts';
import type { DateTime, TimeZone } from '../calendar/date-time.ts';
import { addDuration, printDate, printLocalTime } from '../calendar/date-values.ts';
import type { CalendarObjectModel } from '../calendar/icalendar.ts';
import type { Principal } from '../principals/access.ts';
import type { Answer, Answered } from './booking-rules.ts';
import { isCalendarUser } from './calendar-user.ts';

/** Whether a property invites this principal. */
export function invites(property: Property, principal: Principal): boolean {
  return property[0] === 'attendee' && isCalendarUser(principal, property[3]);
}

/** The answer a component holds of the room; undefined when none, or when it is not invited there. */
export function answerIn({ content }: CalendarComponent, room: Principal): Answer | undefined {
  const partstat = content[1].find((property) => invites(property, room))?.[1]['partstat'];
  const text = typeof partstat === 'string' ? partstat.toUpperCase() : '';
  return text === 'ACCEPTED' || text === 'TENTATIVE' || text === 'DECLINED' ? text : undefined;
}

/** The VCALENDAR with the answers of a room in it. `undecided`: components that stay as they are. */
export function withAnswers(
  model: CalendarObjectModel,
  room: Principal,
  answers: readonly Answered[],
  floatingZone: TimeZone,
  undecided: ReadonlySet<Component> = new Set(),
): Component {
  const [name, properties, children] = model.content;
  const written = new Map<Component, Component[]>();
  for (const [key, component] of model.components.entries()) {
    if (undecided.has(component.content)) continue;
    const own = answers.filter((one) => one.key === key);
    const main = own.find(({ answer }) => answer !== 'DECLINED')?.answer ?? own[0]?.answer;
    // Nothing of it lies ahead: there is nothing to refuse.
    const general = main ?? answerIn(component, room) ?? 'ACCEPTED';
    const overrides = own
      .filter(({ answer }) => answer !== general)
      .map((one) => answered(overrideOf(component, one, floatingZone), room, one.answer));
    written.set(component.content, [answered(component.content, room, general), ...overrides]);
  }
  return [name, properties, children.flatMap((child) => written.get(child) ?? [child])];
}

function answered([name, properties, children]: Component, room: Principal, answer: Answer): Component {
  let invited = false;
  const written = properties.map((property): Property => {
    if (!invites(property, room)) return property;
    invited = true;
    const { rsvp: _, ...parameters } = property[1];
    return ['attendee', { ...parameters, partstat: answer }, property[2], property[3]];
  });
  if (!invited) return [name, properties, children];
  const kept = written.filter(([property]) => property !== 'transp');
  if (answer === 'DECLINED') kept.push(['transp', {}, 'unknown', 'TRANSPARENT']);
  return [name, kept, children];
}

const OF_THE_SERIES = new Set(['rrule', 'rdate', 'exdate', 'exrule', 'recurrence-id', 'dtstart', 'dtend']);

/** The component of one occurrence of a series. */
function overrideOf(component: CalendarComponent, occurrence: Answered, floatingZone: TimeZone): Component {
  const { content, start: first } = component;
  if (first === null) throw new Error('an occurrence comes from a component without a start');
  const [name, properties, children] = content;
  const dtstart = properties.find(([property]) => property === 'dtstart')!;
  const at = (property: string, value: DateTime): Property => [property, dtstart[1], dtstart[2], print(value, dtstart)];
  const zone = first.zone ?? floatingZone;
  const start = { ...first, local: occurrence.from + zone.offsetAt(occurrence.from) };
  const times = [at('recurrence-id', { ...first, local: occurrence.recurrenceId.local }), at('dtstart', start)];
  if (component.end !== null) times.push(at('dtend', addDuration(start, durationOf(component))));
  return [name, [...properties.filter(([property]) => !OF_THE_SERIES.has(property)), ...times], children];
}

/** As DTSTART is written: a date, a time of its zone, or UTC. */
function print({ local, isDate }: DateTime, [, , , model]: Property): string {
  if (isDate) return printDate(local);
  return `${printLocalTime(local)}${/z$/i.test(model) ? 'Z' : ''}`;
}
