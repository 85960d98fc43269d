/**
 * Slots as people are told them: reasons, conflicts, rooms, and why nothing fits.
 * Pure. Elsewhere: single sentences (slot-reasons.ts), the search (slots.ts).
 */
import { conflictsAt } from './conflicts.ts';
import type { WantedRoom } from './room-wishes.ts';
import { conflictSentence, distanceSentence, everybody, people } from './slot-reasons.ts';
import type { Slot } from './slots.ts';
import type {
  Blocker,
  ConflictFacts,
  Reason,
  Search,
  Suggestion,
  SuggestionRequest,
  Suggestions,
} from './suggestion.ts';
import { ASSUMED_HOURS } from './working-hours.ts';

/** Rooms named as taken for one wish. */
const MAX_TAKEN_ROOMS = 5;

/** One time with its reasons and everything in its way. */
export function describe(search: Search, slot: Slot, rank: number | undefined): Suggestion {
  const { request, question, seats, rooms } = search;
  const { start } = slot;
  const until = start + request.duration;
  const conflicts: ConflictFacts[] = [];
  for (const seat of seats) {
    for (const conflict of conflictsAt(start, seat, question)) {
      const text = conflictSentence(seat.address, conflict, request.zone);
      conflicts.push({ ...conflict, who: seat.address, required: seat.required, summary: undefined, text });
    }
  }
  if (seats.length === 0 && question.people.length > 0) {
    for (const conflict of conflictsAt(start, question.people[0]!, question)) {
      const text = `Outside of ${ASSUMED_HOURS} in ${request.zone.id}.`;
      conflicts.push({ ...conflict, who: undefined, required: true, summary: undefined, text });
    }
  }
  for (const [wish, room] of slot.rooms.entries())
    if (room === -1) conflicts.push(...roomConflicts(search, wish, start));
  return {
    rank,
    from: start,
    until,
    fits: slot.hindered === 0,
    reasons: reasonsOf(search, slot, conflicts),
    conflicts,
    rooms: slot.rooms.map((room) => rooms[room]),
  };
}

/** Why no room is free for a wish: those that would do, and when they are taken. */
function roomConflicts({ question, rooms, request }: Search, wish: number, start: number): ConflictFacts[] {
  const span = { from: start, until: start + request.duration };
  const shared = { required: true, wholeDay: false, bufferOnly: false, summary: undefined, objectId: undefined };
  const fitting = question.wishes[wish]!.rooms;
  const wanted = wishWords(request.rooms[wish]!);
  const text = fitting.length === 0 ? `There is no room ${wanted}.` : `No room ${wanted} is free.`;
  const found: ConflictFacts[] = [{ ...shared, ...span, kind: 'no-room', who: undefined, text }];
  const unbuffered = { duration: request.duration, bufferBefore: 0, bufferAfter: 0 };
  for (const index of fitting.slice(0, MAX_TAKEN_ROOMS)) {
    const principal = rooms[index]!;
    const who = principal.addresses[0] ?? principal.name;
    const [taken] = conflictsAt(start, question.rooms[index]!, unbuffered);
    if (taken !== undefined) {
      const sentence = conflictSentence(principal.displayName, { ...taken, kind: 'busy' }, request.zone);
      found.push({ ...shared, from: taken.from, until: taken.until, kind: 'room-taken', who, text: sentence });
    } else if (span.until > question.rooms[index]!.bookableUntil) {
      const sentence = `${principal.displayName} can be booked ${principal.horizonDays} days ahead.`;
      found.push({ ...shared, ...span, kind: 'room-taken', who, text: sentence });
    }
  }
  return found;
}

function wishWords({ capacity, features = [], building }: WantedRoom): string {
  const parts: string[] = [];
  if (capacity !== undefined && capacity > 0) parts.push(`with at least ${capacity} seats`);
  if (features.length > 0) parts.push(`with ${features.join(', ')}`);
  if (building !== undefined) parts.push(`in ${building}`);
  return parts.length === 0 ? 'of any kind' : parts.join(', ');
}

function reasonsOf(search: Search, slot: Slot, conflicts: readonly ConflictFacts[]): Reason[] {
  const { request, seats, attendees, rooms } = search;
  const hindered = (required: boolean) =>
    seats.filter((seat) => seat.required === required && conflicts.some(({ who }) => who === seat.address));
  const names = (all: readonly { address: string }[]) => all.map(({ address }) => address).join(', ');
  const reasons: Reason[] = [{ code: 'distance', text: distanceSentence(slot.start, request.wish) }];
  const needed = seats.filter(({ required }) => required).length;
  const missing = hindered(true);
  if (missing.length > 0)
    reasons.push({
      code: 'required',
      text: `${missing.length} of ${people(needed, 'required')} cannot: ${names(missing)}.`,
    });
  else if (needed > 0) reasons.push({ code: 'required', text: `${everybody(needed, 'required')} free.` });
  const others = seats.length - needed;
  const absent = hindered(false);
  if (absent.length > 0)
    reasons.push({
      code: 'optional',
      text: `${absent.length} of ${people(others, 'optional')} cannot: ${names(absent)}.`,
    });
  else if (others > 0) reasons.push({ code: 'optional', text: `${everybody(others, 'optional')} free.` });
  const unknown = attendees.filter((attendee) => attendee.counted && attendee.unknown !== undefined);
  if (unknown.length > 0)
    reasons.push({ code: 'unknown', text: `Not known of ${names(unknown)}: neither free nor busy was assumed.` });
  if (request.workingHours && !conflicts.some(({ kind }) => kind === 'outside-working-hours'))
    reasons.push({ code: 'working-hours', text: 'Within working hours.' });
  if (request.bufferBefore + request.bufferAfter > 0 && !conflicts.some(({ bufferOnly }) => bufferOnly))
    reasons.push({ code: 'buffers', text: 'The buffers before and after are free.' });
  for (const index of slot.rooms) {
    const room = rooms[index];
    if (room === undefined) continue;
    const seatsText = room.capacity > 0 ? ` (${room.capacity} seats)` : '';
    const approval = room.booking === 'approval' ? '; its manager has to approve' : '';
    reasons.push({ code: 'room', text: `${room.displayName}${seatsText} is free${approval}.` });
  }
  return reasons;
}

/** Who and what stands in the way of every time, the worst first. */
export function whyNothingFits(
  { question, seats, request }: Search,
  blockedByPerson: readonly number[],
  blockedByWish: readonly number[],
): NonNullable<Suggestions['why']> {
  const count = question.starts.length;
  if (count === 0)
    return {
      text: 'The search window is shorter than the meeting, or holds no step of the wished time.',
      blockers: [],
    };
  const blockers: Blocker[] = [];
  const told = (blocked: number) =>
    blocked === count ? 'free at none of the times' : `not free at ${blocked} of ${count} times`;
  for (const [index, person] of question.people.entries()) {
    const blocked = blockedByPerson[index]!;
    if (!person.required || blocked === 0) continue;
    const who = seats[index]?.address;
    const text =
      who === undefined
        ? `${blocked} of ${count} times are outside of ${ASSUMED_HOURS}, in ${request.zone.id}.`
        : `${who} is ${told(blocked)}.`;
    blockers.push({ who, wish: undefined, blocked, text });
  }
  for (const [wish, blocked] of blockedByWish.entries()) {
    if (blocked === 0) continue;
    const wanted = wishWords(request.rooms[wish]!);
    const text =
      question.wishes[wish]!.rooms.length === 0
        ? `There is no room ${wanted}.`
        : `A room ${wanted} is ${told(blocked)}.`;
    blockers.push({ who: undefined, wish, blocked, text });
  }
  blockers.sort((a, b) => b.blocked - a.blocked);
  const never = blockers.filter(({ blocked }) => blocked === count);
  const text =
    never.length > 0
      ? never.map((blocker) => blocker.text).join(' ')
      : 'Each could at some time, but never all at the same time.';
  return { text, blockers };
}

/** Rules that hold for the whole answer. */
export function notesOf(request: SuggestionRequest, { attendees }: Search): string[] {
  const notes = [
    'Events that last whole days block a time only when they are opaque, that is shown as busy.',
    'Tentative events block a time.',
  ];
  if (attendees.some(({ hours }) => hours === 'assumed'))
    notes.push(
      `Who declared no working hours is taken to work ${ASSUMED_HOURS}, in the zone of its calendar or ${request.zone.id}.`,
    );
  if (!request.countOrganizer) notes.push("The organizer's own calendar does not count.");
  return notes;
}
