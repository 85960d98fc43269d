/**
 * Which objects of a calendar match a filter.
 * RFC 4791 §7.8, §9.7, §9.9. The index of occurrences answers what it can alone; only the rest is read and judged.
 * Rows come in pages, and judging yields to other requests, so that neither memory nor the event loop is held by a large
 * calendar. Elsewhere: the filter itself (calendar-filter.ts), its XML (protocols/caldav/calendar-query.ts).
 */
import type { CalendarObjectRow, Store } from '../../storage/store.ts';
import type { Collection } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { turn } from '../slices.ts';
import { type ComponentFilter, type FilterPlan, matches, planOf } from './calendar-filter.ts';
import { overlaps } from './calendar-index.ts';
import type { TimeZone } from './date-time.ts';
import { parseCalendarObject } from './icalendar.ts';
import { seenObjects, seenRows } from './personal-views.ts';
import { seesEverything } from './private-objects.ts';
import { type Budget, DEFAULT_STEPS } from './recurrence.ts';

/** Rows of a page. */
const PAGE = 500;
/** Octets of objects in memory at once. */
const BATCH_OCTETS = 2 * 1024 * 1024;
/** Objects whose octets are read at once to be judged. */
const JUDGED_AT_ONCE = 50;
/** Steps of recurrence one query may spend; an object met after that counts as a match. About half a second. */
const QUERY_STEPS = 25 * DEFAULT_STEPS;
/** Milliseconds of judging between two yields. */
const SLICE = 10;

/** A matching object, with its octets when they were asked for. */
export type MatchingObject = CalendarObjectRow & { readonly data?: string };

/** Objects that match for certain, and those that must be read to know. */
interface Candidates {
  readonly certain: readonly number[];
  readonly doubtful: readonly number[];
}

export class CalendarQuery {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /**
   * The objects that match, in pages of at most 500, smaller ones when their octets are large.
   * @param floatingZone the zone floating times are read in
   * @throws DomainError not-found without the right to read
   */
  async *matching(
    collection: Collection,
    filter: ComponentFilter,
    floatingZone: TimeZone,
    withData: boolean,
  ): AsyncGenerator<MatchingObject[]> {
    if (!collection.rights.read) throw new DomainError('not-found', 'There is no such calendar.');
    const plan = planOf(filter);
    if (plan.range === null) {
      yield* this.unlimited(collection, filter, plan, floatingZone, withData);
      return;
    }
    const { certain, doubtful } = await this.candidates(collection, plan, plan.range, floatingZone);
    for (let from = 0; from < certain.length; from += PAGE) {
      yield* this.rows(collection, certain.slice(from, from + PAGE), plan, withData);
    }
    yield* this.judged(collection, doubtful, filter, plan, floatingZone);
  }

  /** Whether one object, given with its octets, matches. */
  matches(octets: string, filter: ComponentFilter, floatingZone: TimeZone): boolean {
    return matches(parseCalendarObject(octets), filter, floatingZone, { steps: DEFAULT_STEPS });
  }

  /** Without a time range every object is a candidate. */
  private async *unlimited(
    collection: Collection,
    filter: ComponentFilter,
    plan: FilterPlan,
    floatingZone: TimeZone,
    withData: boolean,
  ): AsyncGenerator<MatchingObject[]> {
    const budget = { steps: QUERY_STEPS };
    let after = { modseq: 0, memberId: 0 };
    for (;;) {
      const page = await this.store.calendarObjects.page(collection.id, after, PAGE);
      const last = page[page.length - 1];
      if (last === undefined) return;
      after = { modseq: last.modseq, memberId: last.id };
      const rows = page.filter(({ component }) => plan.component === null || component === plan.component);
      if (!plan.exact) {
        const ids = rows.map(({ id }) => id);
        yield* this.judged(collection, ids, filter, plan, floatingZone, budget);
      } else if (rows.length > 0) {
        if (withData) yield* this.withData(collection, rows);
        else yield await seenRows(this.store, collection, rows);
      }
      if (page.length < PAGE) return;
    }
  }

  private async candidates(
    collection: Collection,
    plan: FilterPlan,
    range: { from: number; until: number },
    floatingZone: TimeZone,
  ): Promise<Candidates> {
    const { occurrences, outside } = await this.store.snapshot(async (reads) => ({
      occurrences: await reads.calendarObjects.occurrences(collection.id, range.from, range.until),
      outside: await reads.calendarObjects.outsideIndex(collection.id, range.from, range.until),
    }));
    const found = new Set<number>();
    for (const occurrence of occurrences) {
      if (!found.has(occurrence.objectId) && overlaps(occurrence, range, floatingZone)) found.add(occurrence.objectId);
    }
    const certain = plan.exact ? found : new Set<number>();
    const doubtful = plan.exact ? new Set<number>() : found;
    for (const { id } of outside) if (!certain.has(id)) doubtful.add(id);
    const byId = (a: number, b: number) => a - b;
    return { certain: [...certain].sort(byId), doubtful: [...doubtful].sort(byId) };
  }

  /** Rows of objects known to match, of the component the filter names. */
  private async *rows(
    collection: Collection,
    ids: readonly number[],
    plan: FilterPlan,
    withData: boolean,
  ): AsyncGenerator<MatchingObject[]> {
    const all = await this.store.calendarObjects.ofIds([...ids]);
    const rows = all.filter(({ component }) => plan.component === null || component === plan.component);
    for await (const batch of withData
      ? this.withData(collection, rows)
      : [await seenRows(this.store, collection, rows)]) {
      // An object may have left the calendar since its id was read.
      yield batch.filter(({ collectionId }) => collectionId === collection.id);
    }
  }

  /** Rows with their octets, in batches that memory does not feel. */
  private async *withData(
    collection: Collection,
    rows: readonly CalendarObjectRow[],
  ): AsyncGenerator<MatchingObject[]> {
    let batch: number[] = [];
    let octets = 0;
    for (const { id, size } of rows) {
      if (batch.length > 0 && octets + size > BATCH_OCTETS) {
        yield await this.shown(collection, batch);
        batch = [];
        octets = 0;
      }
      batch.push(id);
      octets += size;
    }
    if (batch.length > 0) yield await this.shown(collection, batch);
  }

  /** Objects with as much of their octets as the viewer sees: a filter must not tell what they do not. */
  private async shown(collection: Collection, ids: number[]): Promise<(CalendarObjectRow & { data: string })[]> {
    const rows = await this.store.calendarObjects.dataOf(ids);
    if (collection.personal === undefined && seesEverything(collection)) return rows;
    return seenObjects(this.store, collection, rows);
  }

  /** Reads objects and keeps those that match. */
  private async *judged(
    collection: Collection,
    ids: readonly number[],
    filter: ComponentFilter,
    plan: FilterPlan,
    floatingZone: TimeZone,
    budget: Budget = { steps: QUERY_STEPS },
  ): AsyncGenerator<MatchingObject[]> {
    let slice = performance.now();
    for (let from = 0; from < ids.length; from += JUDGED_AT_ONCE) {
      const found: MatchingObject[] = [];
      for (const row of await this.shown(collection, ids.slice(from, from + JUDGED_AT_ONCE))) {
        if (plan.component !== null && row.component !== plan.component) continue;
        if (judge(row.data, filter, floatingZone, budget)) found.push(row);
        if (performance.now() - slice > SLICE) {
          await turn();
          slice = performance.now();
        }
      }
      if (found.length > 0) yield found;
    }
  }
}

/** Judges one object within what is left of the query's budget, and no more than one object may cost. */
function judge(octets: string, filter: ComponentFilter, floatingZone: TimeZone, budget: Budget): boolean {
  const steps = Math.min(DEFAULT_STEPS, budget.steps);
  const own = { steps };
  const result = matches(parseCalendarObject(octets), filter, floatingZone, own);
  budget.steps -= steps - Math.max(0, own.steps);
  return result;
}
