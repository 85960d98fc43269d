/**
 * Time zones read from a VTIMEZONE: the fallback for names that ICU does not know.
 * RFC 5545 §3.6.5.
 * Observances in, a TimeZone out, cached by content. Costly or senseless ones are refused.
 * Elsewhere: zones by name (time-zones.ts), the iCalendar text (icalendar.ts), look-ups (zone-transitions.ts).
 */

import { createHash } from 'node:crypto';
import { DomainError } from '../errors.ts';
import { daysFromCivil } from './civil-date.ts';
import { DAY, HOUR, type TimeZone } from './date-time.ts';
import type { Budget } from './recurrence-periods.ts';
import { printRecurrenceRule, type RecurrenceRule } from './recurrence-rule.ts';
import { instancesBetween } from './recurrence-set.ts';
import { TransitionZone, transitionTable } from './zone-transitions.ts';

/** One STANDARD or DAYLIGHT: times are local to offsetFrom, offsets in milliseconds east of UTC. */
export interface Observance {
  readonly start: number;
  readonly offsetFrom: number;
  readonly offsetTo: number;
  readonly rules: readonly RecurrenceRule[];
  /** RDATE, local like start; a PERIOD counts by its start. */
  readonly dates: readonly number[];
}

export interface VtimezoneContent {
  readonly tzid: string;
  readonly observances: readonly Observance[];
}

/** A zone with its whole history since 1900 needs some thousand steps; see Budget in recurrence-periods.ts. */
const STEPS = 50_000;
/** Observances and RDATEs of one zone together; the longest real history has some 240. */
const MOST_ENTRIES = 5_000;
const MOST_RULES = 1_000;
const REMEMBERED_ZONES = 256;
/** Onsets are looked for in these years: the state of 1900 is known, and the years that repeat are covered. */
const FIRST_LOCAL = daysFromCivil(1880, 1, 1) * DAY;
const LAST_LOCAL = daysFromCivil(2133, 1, 1) * DAY;

const remembered = new Map<string, TimeZone>();

/**
 * The zone a VTIMEZONE describes. Before its first onset the offset is what that onset changes from.
 * @throws DomainError invalid-data without observances, with offsets of a day or more, or too costly to evaluate
 */
export function timeZoneFromVtimezone(content: VtimezoneContent): TimeZone {
  const { observances } = content;
  const name = content.tzid.length > 60 ? `${content.tzid.slice(0, 60)}…` : content.tzid;
  if (observances.length === 0) {
    throw new DomainError('invalid-data', `The time zone ${name} has neither STANDARD nor DAYLIGHT.`);
  }
  const entries = observances.reduce((sum, { dates }) => sum + 1 + dates.length, 0);
  const rules = observances.reduce((sum, observance) => sum + observance.rules.length, 0);
  if (entries > MOST_ENTRIES || rules > MOST_RULES) {
    throw new DomainError('invalid-data', `The time zone ${name} has too many changes.`);
  }
  for (const { offsetFrom, offsetTo } of observances) {
    if (!(Math.abs(offsetFrom) < DAY && Math.abs(offsetTo) < DAY)) {
      throw new DomainError('invalid-data', `The time zone ${name} has an offset of a day or more.`);
    }
  }
  const id = `vtimezone-${contentHash(observances)}`;
  let zone = remembered.get(id);
  if (zone) {
    remembered.delete(id);
  } else {
    zone = evaluate(id, name, observances);
    if (remembered.size >= REMEMBERED_ZONES) {
      remembered.delete(remembered.keys().next().value!);
    }
  }
  remembered.set(id, zone);
  return zone;
}

/** The same rules under another name are the same zone. */
function contentHash(observances: readonly Observance[]): string {
  const hash = createHash('sha256');
  for (const { start, offsetFrom, offsetTo, rules, dates } of observances) {
    hash.update(`${start} ${offsetFrom} ${offsetTo} ${rules.map(printRecurrenceRule).join(' ')} ${dates.join(',')}\n`);
  }
  return hash.digest('hex').slice(0, 32);
}

function evaluate(id: string, name: string, observances: readonly Observance[]): TimeZone {
  const budget: Budget = { steps: STEPS };
  const onsets: { at: number; offsetFrom: number; offsetTo: number }[] = [];
  for (const { start, offsetFrom, offsetTo, rules, dates } of observances) {
    // Onsets are local times before the change (RFC 5545 §3.6.5), so a zone that never changes reads them.
    const zone = fixedOffset(offsetFrom);
    const dateTime = (local: number) => ({ local, zone, isDate: false });
    const set = {
      start: dateTime(start),
      rules,
      dates: dates.map((local) => ({ start: dateTime(local) })),
      exceptionRules: [],
      exceptions: [],
    };
    const { instances, complete } = instancesBetween(set, FIRST_LOCAL, Number.NEGATIVE_INFINITY, LAST_LOCAL, budget);
    if (!complete) {
      throw new DomainError('invalid-data', `The time zone ${name} has too many changes.`);
    }
    if (start < FIRST_LOCAL) {
      onsets.push({ at: start - offsetFrom, offsetFrom, offsetTo });
    }
    for (const { key } of instances) {
      onsets.push({ at: key, offsetFrom, offsetTo });
    }
  }
  onsets.sort((a, b) => a.at - b.at);
  const transitions: number[] = [];
  const offsets = [onsets[0]!.offsetFrom];
  for (const { at, offsetTo } of onsets) {
    if (transitions.at(-1) === at) {
      offsets[offsets.length - 1] = offsetTo;
    } else {
      transitions.push(at);
      offsets.push(offsetTo);
    }
  }
  const table = transitionTable(transitions, offsets);
  return new TransitionZone(id, () => table);
}

/** A zone that is always the same number of milliseconds east of UTC. */
function fixedOffset(offset: number): TimeZone {
  return { id: `${offset / HOUR}`, offsetAt: () => offset, toInstant: (local) => local - offset };
}
