/**
 * What a room answers to each occurrence of a request, by its rules and by what is taken.
 * Pure. A taken time is declined whatever the rules; a series is accepted in part when only some of it cannot be.
 * Elsewhere: reading what is taken (room-bookings.ts), writing answers into the object (booking-answer.ts).
 */

import type { BookingRule } from '../../storage/store.ts';
import type { DateTime } from '../calendar/date-time.ts';
import { MAX_BOOKED } from '../calendar/exclusive-time.ts';
import type { Interval } from './intervals.ts';

/** PARTSTAT (RFC 5545 §3.2.12). TENTATIVE: the time is held, and a manager has to say yes. */
export type Answer = 'ACCEPTED' | 'TENTATIVE' | 'DECLINED';

/** One occurrence that a room is asked for. */
export interface Asked extends Interval {
  /** The component it comes from, as a position in the object. */
  readonly key: number;
  readonly recurrenceId: DateTime;
}

export type Refusal = 'taken' | 'closed' | 'too-long' | 'too-far' | 'not-booked' | 'too-many';

export interface Answered extends Asked {
  readonly answer: Answer;
  readonly refusal: Refusal | undefined;
}

export interface Rules {
  readonly booking: BookingRule;
  /** Somebody who can approve exists. */
  readonly managed: boolean;
  /** The request comes from who would have to approve it. */
  readonly byManager: boolean;
  /** Milliseconds; 0 for any. */
  readonly longest: number;
  /** No booking ends after this. */
  readonly horizon: number;
  /** Nobody asked again, there is only more of a series to decide: what was answered stays as it is. */
  readonly goesOn: boolean;
}

/** What stands in the way of periods. */
export interface Occupied {
  /** Other bookings, and time the room is closed: sets. */
  readonly taken: readonly Interval[];
  readonly closed: readonly Interval[];
  /** Occurrences that were answered already, perhaps by a manager; they keep their answer while rules and time allow it. */
  readonly kept: (asked: Asked) => Answer | undefined;
}

/** More differing answers than this in one series, and all of it is declined. Interpretation 17. */
export const MAX_EXCEPTIONS = 100;

/** The answers, in the order asked. `beyond`: nothing of the series can be booked yet, or not all of it can be looked at. */
export function answer(asked: readonly Asked[], beyond: boolean, rules: Rules, occupied: Occupied): Answered[] {
  const declineAll = (refusal: Refusal) => asked.map((one): Answered => ({ ...one, answer: 'DECLINED', refusal }));
  if (rules.booking === 'auto-decline' || (rules.booking === 'approval' && !rules.managed && !rules.byManager))
    return declineAll('not-booked');
  if (beyond) return declineAll('too-far');
  if (asked.length > MAX_BOOKED) return declineAll('too-many');
  const answers = asked.map((one): Answered => {
    const before = rules.goesOn ? occupied.kept(one) : undefined;
    if (before !== undefined) return { ...one, answer: before, refusal: undefined };
    const refusal = refusalOf(one, rules, occupied);
    if (refusal !== undefined) return { ...one, answer: 'DECLINED', refusal };
    if (rules.booking === 'auto-accept' || rules.byManager) return { ...one, answer: 'ACCEPTED', refusal };
    return { ...one, answer: occupied.kept(one) ?? 'TENTATIVE', refusal };
  });
  const declined = answers.filter((one) => one.answer === 'DECLINED');
  return declined.length > MAX_EXCEPTIONS && declined.length < answers.length ? declineAll('too-many') : answers;
}

function refusalOf(asked: Asked, { longest, horizon }: Rules, { taken, closed }: Occupied): Refusal | undefined {
  if (asked.until > horizon) return 'too-far';
  if (longest > 0 && asked.until - asked.from > longest) return 'too-long';
  if (meets(taken, asked)) return 'taken';
  return meets(closed, asked) ? 'closed' : undefined;
}

/** Whether a set has something in common with a period; by halving. */
function meets(set: readonly Interval[], { from, until }: Interval): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[middle]!.until > from) high = middle;
    else low = middle + 1;
  }
  const next = set[low];
  return next !== undefined && next.from < until && next.until > from;
}
