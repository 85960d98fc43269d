/**
 * Why a time fits or not, in words: the sentences beside the facts.
 * Pure; times are told on the clock of the zone that was asked for.
 * Elsewhere: the facts (conflicts.ts, slots.ts, suggestions.ts).
 */
import { MINUTE, type TimeZone } from '../calendar/date-time.ts';
import type { Conflict } from './conflicts.ts';

/** 2026-03-02 10:00 on the clock of a zone. */
export function clock(instant: number, zone: TimeZone): string {
  return new Date(instant + zone.offsetAt(instant)).toISOString().slice(0, 16).replace('T', ' ');
}

export function conflictSentence(who: string, conflict: Conflict, zone: TimeZone): string {
  const { kind, wholeDay, bufferOnly, from, until } = conflict;
  const span = `${clock(from, zone)} to ${clock(until, zone)}`;
  if (kind === 'outside-working-hours') return `Outside of the working hours of ${who}.`;
  const state = kind === 'busy' ? 'is busy' : kind === 'tentative' ? 'may be busy' : 'is not available';
  const what = wholeDay ? `${state} all day with an event that counts as busy` : state;
  return `${who} ${what}, ${span}${bufferOnly ? ', within the buffer around the meeting' : ''}.`;
}

export function distanceSentence(start: number, wish: number): string {
  if (start === wish) return 'At the wished time.';
  return `${lengthOf(Math.abs(start - wish))} ${start > wish ? 'after' : 'before'} the wished time.`;
}

function lengthOf(milliseconds: number): string {
  const minutes = Math.round(milliseconds / MINUTE);
  const parts: string[] = [];
  const units: [string, number][] = [
    ['day', Math.floor(minutes / 1_440)],
    ['hour', Math.floor((minutes % 1_440) / 60)],
    ['minute', minutes % 60],
  ];
  for (const [unit, number] of units) if (number > 0) parts.push(`${number} ${unit}${number === 1 ? '' : 's'}`);
  return parts.join(' ') || 'Less than a minute';
}

/** How many, with the right word: '1 person', '3 people'. */
export function people(count: number, adjective: string): string {
  return count === 1 ? `1 ${adjective} person` : `${count} ${adjective} people`;
}

/** All of them as the subject of a sentence: 'The required person is', 'All 3 required people are'. */
export function everybody(count: number, adjective: string): string {
  return count === 1 ? `The ${adjective} person is` : `All ${count} ${adjective} people are`;
}
