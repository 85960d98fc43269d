/**
 * Suggests when people can meet, and says why: whose calendars count, what is known of them, what stands in the way.
 * A question in, facts and sentences out. The asker learns no more than free/busy tells it; titles only of what it may read.
 * Events that last whole days count when they are opaque, as everywhere in free/busy (RFC 5545 §3.8.2.7).
 * Elsewhere: addresses (attendees.ts), rooms (room-wishes.ts), the search (slots.ts), words (slot-reasons.ts).
 */
import type { Store } from '../../storage/store.ts';
import { DAY } from '../calendar/date-time.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import { foldAddress } from '../principals/addresses.ts';
import { Directory } from '../principals/directory.ts';
import type { Rooms } from '../principals/rooms.ts';
import { type Attendee, attendeesOf } from './attendees.ts';
import { candidateStarts } from './candidate-starts.ts';
import { readableSummaries } from './event-summaries.ts';
import type { FreeBusy } from './free-busy.ts';
import { type Interval, merge } from './intervals.ts';
import { roomsFor } from './room-wishes.ts';
import { describe, notesOf, whyNothingFits } from './slot-descriptions.ts';
import { findSlots, type Person, pacer } from './slots.ts';
import type {
  AttendeeFacts,
  ConflictFacts,
  Search,
  Seat,
  Suggestion,
  SuggestionRequest,
  Suggestions,
} from './suggestion.ts';
import { assumedClosed } from './working-hours.ts';

/** The longest search, and the most starts it tries. */
export const MAX_WINDOW = 366 * DAY;
export const MAX_STARTS = 10_000;
export class SlotSuggestions {
  private readonly store: Store;
  private readonly freeBusy: FreeBusy;
  private readonly rooms: Rooms;
  private readonly directory: Directory;
  private readonly now: () => number;

  constructor(store: Store, freeBusy: FreeBusy, rooms: Rooms, now: () => number) {
    this.store = store;
    this.freeBusy = freeBusy;
    this.rooms = rooms;
    this.directory = new Directory(store);
    this.now = now;
  }

  /** @throws DomainError invalid-data, limit-exceeded */
  async suggest(asker: Principal, request: SuggestionRequest): Promise<Suggestions> {
    const { window, duration, step, wish, zone } = request;
    checkRequest(request);
    const starts = candidateStarts(window, duration, step, wish, zone);
    const search = await this.prepare(asker, request, starts);
    const answer = await findSlots(search.question);
    const pause = pacer();
    const described: Suggestion[] = [];
    for (const [index, slot] of [...answer.slots, ...answer.compromises].entries()) {
      described.push(describe(search, slot, index + 1));
      await pause();
    }
    const asked: Suggestion[] = [];
    for (const start of request.asked) {
      const only = { ...search.question, starts: Float64Array.of(start), limit: 1 };
      const found = await findSlots(only);
      const [slot] = [...found.slots, ...found.compromises];
      if (slot !== undefined) asked.push(describe(search, slot, undefined));
      await pause();
    }
    const named = await this.named(asker, described);
    return {
      attendees: search.attendees,
      examined: starts.length,
      fitting: answer.fitting,
      suggestions: answer.fitting > 0 ? named : [],
      compromises: answer.fitting > 0 ? [] : named,
      why: answer.fitting > 0 ? undefined : whyNothingFits(search, answer.blockedByPerson, answer.blockedByWish),
      asked: await this.named(asker, asked),
      notes: notesOf(request, search),
    };
  }

  private async prepare(asker: Principal, request: SuggestionRequest, starts: Float64Array): Promise<Search> {
    const { duration, bufferBefore, bufferAfter, window, limit, wish } = request;
    const range = { from: window.from - bufferBefore, until: window.until + bufferAfter };
    const organizer = foldAddress(request.organizer);
    const asked = [
      { address: organizer, required: true },
      ...request.required.map((address) => ({ address, required: true })),
      ...request.optional.map((address) => ({ address, required: false })),
    ];
    const found = await attendeesOf({ directory: this.directory, freeBusy: this.freeBusy }, asker, asked, range);
    const seats: Seat[] = [];
    const attendees: AttendeeFacts[] = [];
    for (const attendee of found) {
      const counted = attendee.address !== organizer || request.countOrganizer;
      const { timeline, ...facts } = attendee;
      const declared = timeline?.hoursDeclared === true;
      const used = request.workingHours && counted && timeline !== undefined;
      const hours = !used ? 'ignored' : declared ? 'declared' : 'assumed';
      const own: AttendeeFacts = { ...facts, counted, hours };
      attendees.push(own);
      if (counted && timeline !== undefined) seats.push(seatOf(attendee, own, range, request));
    }
    const services = { rooms: this.rooms, freeBusy: this.freeBusy };
    const { rooms, wishes } = await roomsFor(services, asker, request.rooms, duration, range, this.now());
    const persons: Person[] = [...seats];
    // Nobody's hours are known: the meeting itself keeps to those of the zone that was named.
    if (request.workingHours && seats.length === 0)
      persons.push({ required: true, appointments: [], closed: assumedClosed(range, request.zone) });
    const question = { duration, bufferBefore, bufferAfter, starts, wish, people: persons, rooms, wishes, limit };
    return { request, asker, question, seats, attendees, rooms: rooms.map(({ principal }) => principal) };
  }

  /** The same with the titles of events in the way, where the asker may read them. */
  private async named(asker: Principal, suggestions: readonly Suggestion[]): Promise<Suggestion[]> {
    const ids = new Set<number>();
    for (const { conflicts } of suggestions)
      for (const { objectId } of conflicts) if (objectId !== undefined) ids.add(objectId);
    const summaries = await readableSummaries(this.store, asker, [...ids]);
    const name = (conflict: ConflictFacts): ConflictFacts => ({
      ...conflict,
      summary: summaries.get(conflict.objectId ?? 0),
    });
    return suggestions.map((one) => ({ ...one, conflicts: one.conflicts.map(name) }));
  }
}

function checkRequest({ window, duration, step, asked }: SuggestionRequest): void {
  if (window.until <= window.from) throw new DomainError('invalid-data', 'The search window ends before it begins.');
  if (window.until - window.from > MAX_WINDOW)
    throw new DomainError('limit-exceeded', 'The search window is longer than 366 days.', { limit: 366 });
  if ((window.until - window.from) / step > MAX_STARTS)
    throw new DomainError(
      'limit-exceeded',
      `The window holds more than ${MAX_STARTS} steps; search less or in longer ones.`,
      {
        limit: MAX_STARTS,
      },
    );
  if (asked.some((start) => start < window.from || start + duration > window.until))
    throw new DomainError('invalid-data', 'A time that is asked about lies outside of the search window.');
}

/** A person whose time is known, as the search sees it. */
function seatOf(
  { address, required, timeline }: Attendee,
  facts: AttendeeFacts,
  range: Interval,
  { workingHours, zone }: SuggestionRequest,
): Seat {
  const { appointments = [], unavailable = [], zone: own } = timeline ?? {};
  // Working hours are BUSY-UNAVAILABLE; an absence that says BUSY counts whatever was asked.
  const absences = unavailable.filter(({ type }) => type !== 'BUSY-UNAVAILABLE');
  const blocks = absences.map((period) => ({ ...period, wholeDay: false, objectId: undefined }));
  const outside = unavailable.filter(({ type }) => type === 'BUSY-UNAVAILABLE');
  const closed = facts.hours === 'assumed' ? [...outside, ...assumedClosed(range, own ?? zone)] : outside;
  return {
    address,
    required,
    facts,
    appointments: [...appointments, ...blocks].sort((a, b) => a.from - b.from || a.until - b.until),
    closed: workingHours ? merge(closed) : [],
  };
}
