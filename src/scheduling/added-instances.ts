/**
 * Whether a series got instances that it did not have: their times are news to everybody who answered for the series.
 * RFC 6638 §3.2.8 (RRULE, RDATE and EXDATE). Two versions with the same start and rhythm in; pure.
 * Elsewhere: other times and another rhythm (schedule-comparison.ts).
 */
import { UTC } from '../calendar/date-time.ts';
import { DEFAULT_STEPS, expand, type RecurringItem } from '../calendar/recurrence.ts';
import { lastRuleKey } from '../calendar/recurrence-set.ts';
import { deriveOverride, excludedKeys, instanceKey, MAIN, type SchedulingObject } from './scheduling-object.ts';

export function hasAddedInstances(before: SchedulingObject, after: SchedulingObject): boolean {
  return isReinstated(before, after) || hasAddedDate(before, after) || goesOnLonger(before, after);
}

/** EXDATE took an instance out and does so no more. */
function isReinstated(before: SchedulingObject, after: SchedulingObject): boolean {
  const [old, fresh] = [before.components.get(MAIN), after.components.get(MAIN)];
  if (old === undefined || fresh === undefined) return false;
  const still = excludedKeys(fresh, after);
  return [...excludedKeys(old, before).keys()].some(
    (key) => !still.has(key) && deriveOverride(after, key) !== undefined,
  );
}

function hasAddedDate(before: SchedulingObject, after: SchedulingObject): boolean {
  const known = new Set(datesOf(before));
  return datesOf(after).some(
    (key) => !known.has(key) && deriveOverride(before, key) === undefined && deriveOverride(after, key) !== undefined,
  );
}

function datesOf({ model }: SchedulingObject): string[] {
  return (model.item?.set?.dates ?? []).map(({ start }) => instanceKey(start));
}

/** UNTIL or COUNT became later, or went, and there is an instance behind the last one so far. */
function goesOnLonger(before: SchedulingObject, after: SchedulingObject): boolean {
  const [old, fresh] = [before.model.item?.set, after.model.item?.set];
  if (old == null || fresh == null) return false;
  const last = lastRuleKey(old, { steps: DEFAULT_STEPS });
  if (last === null) return false;
  const until = lastRuleKey(fresh, { steps: DEFAULT_STEPS });
  if (until === null) return true;
  if (until <= last) return false;
  const alone: RecurringItem = { ...(after.model.item as RecurringItem), set: { ...fresh, dates: [] }, overrides: [] };
  const { occurrences, complete } = expand(alone, { from: last + 1, until: until + 1 }, UTC);
  // One that began before may last into the range.
  return !complete || occurrences.some(({ start }) => start > last);
}
