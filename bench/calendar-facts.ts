/**
 * What the generated calendar holds, worked out from the octets by simple arithmetic that shares nothing with the server:
 * so that a fast wrong answer is told from a right one. Days suffice, for all events lie within one day.
 */
import { event } from '../test/support/generated-data.ts';

const DAY = 86_400_000;

/** The days, as epoch milliseconds, on which event number `index` takes place. */
export function daysOf(index: number): number[] {
  const text = event(index);
  const start = /^DTSTART;TZID=Europe\/Berlin:(\d{4})(\d\d)(\d\d)T/m.exec(text);
  const rule = /^RRULE:FREQ=(WEEKLY|MONTHLY|DAILY);COUNT=(\d+)/m.exec(text);
  if (start === null) throw new Error('an event without a start');
  const [year, month, day] = [Number(start[1]), Number(start[2]) - 1, Number(start[3])];
  const first = Date.UTC(year, month, day);
  if (rule === null) return [first];
  const count = Number(rule[2]);
  if (rule[1] !== 'MONTHLY') {
    const step = rule[1] === 'WEEKLY' ? 7 * DAY : DAY;
    return Array.from({ length: count }, (_, i) => first + i * step);
  }
  const days: number[] = [];
  // Months without such a day are left out and not counted (RFC 5545 §3.3.10).
  for (let i = 0; days.length < count; i++) {
    const at = Date.UTC(year, month + i, day);
    if (new Date(at).getUTCDate() === day) days.push(at);
  }
  return days;
}

/** How many of the first `count` events take place in [from, until), how often, and on which days. */
export function factsOf(
  count: number,
  from: number,
  until: number,
): { objects: number; occurrences: number; days: Set<number> } {
  const facts = { objects: 0, occurrences: 0, days: new Set<number>() };
  for (let index = 0; index < count; index++) {
    const inside = daysOf(index).filter((day) => day >= from && day < until);
    if (inside.length > 0) facts.objects++;
    facts.occurrences += inside.length;
    for (const day of inside) facts.days.add(day);
  }
  return facts;
}
