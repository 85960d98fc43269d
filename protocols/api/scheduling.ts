/**
 * The operations of scheduling: JSON to questions, answers to JSON.
 * Elsewhere: what the JSON looks like (schemas.ts), the answers (src/scheduling/suggestions.ts, attendees.ts).
 */
import type { TimeZone } from '../../src/calendar/date-time.ts';
import { findTimeZone } from '../../src/calendar/time-zones.ts';
import type { Principal } from '../../src/principals/access.ts';
import type { Directory } from '../../src/principals/directory.ts';
import type { BookablePrincipal } from '../../src/principals/rooms.ts';
import { type Attendee, attendeesOf } from '../../src/scheduling/attendees.ts';
import { combine } from '../../src/scheduling/busy-periods.ts';
import type { FreeBusy } from '../../src/scheduling/free-busy.ts';
import type { WantedRoom } from '../../src/scheduling/room-wishes.ts';
import type { AttendeeFacts, ConflictFacts, Suggestion } from '../../src/scheduling/suggestion.ts';
import type { SlotSuggestions } from '../../src/scheduling/suggestions.ts';
import { Problem } from './problem.ts';
import { fromMinutes, printTime, readAddress, readTime } from './values.ts';

/** A body that passed its schema: defaults are filled in. */
export interface SuggestionBody {
  readonly organizer: string;
  readonly requiredAttendees?: readonly string[];
  readonly optionalAttendees?: readonly string[];
  readonly duration: number;
  readonly start?: string;
  readonly window: { readonly from: string; readonly until: string };
  readonly step: number;
  readonly timeZone: string;
  readonly workingHours: boolean;
  readonly bufferBefore: number;
  readonly bufferAfter: number;
  readonly rooms?: readonly WantedRoom[];
  readonly countOrganizer: boolean;
  readonly limit: number;
  readonly explain?: readonly string[];
}

export interface FreeBusyBody {
  readonly attendees: readonly string[];
  readonly from: string;
  readonly until: string;
  readonly timeZone: string;
  readonly workingHours: boolean;
}

/** Days of one free/busy question. */
const MAX_DAYS = 366;

export async function suggest(service: SlotSuggestions, asker: Principal, body: SuggestionBody): Promise<object> {
  const zone = zoneOf(body.timeZone);
  const window = { from: instant(body.window.from, zone), until: instant(body.window.until, zone) };
  requireOrder(window.from, window.until, '#/window/until');
  const found = await service.suggest(asker, {
    organizer: folded(body.organizer),
    required: (body.requiredAttendees ?? []).map(folded),
    optional: (body.optionalAttendees ?? []).map(folded),
    duration: fromMinutes(body.duration),
    wish: body.start === undefined ? window.from : instant(body.start, zone),
    window,
    step: fromMinutes(body.step),
    zone,
    workingHours: body.workingHours,
    bufferBefore: fromMinutes(body.bufferBefore),
    bufferAfter: fromMinutes(body.bufferAfter),
    rooms: body.rooms ?? [],
    countOrganizer: body.countOrganizer,
    limit: body.limit,
    asked: (body.explain ?? []).map((text) => instant(text, zone)),
  });
  const slots = (list: readonly Suggestion[]) => list.map((one) => slotJson(one, zone));
  return {
    attendees: found.attendees.map(attendeeJson),
    examined: found.examined,
    fitting: found.fitting,
    suggestions: slots(found.suggestions),
    compromises: slots(found.compromises),
    nothingFits: found.why && {
      text: found.why.text,
      blockers: found.why.blockers.map(({ who, wish, blocked, text }) => ({ who, room: wish, blocked, text })),
    },
    explained: slots(found.asked),
    notes: found.notes,
  };
}

export async function readFreeBusy(
  services: { readonly directory: Directory; readonly freeBusy: FreeBusy },
  asker: Principal,
  body: FreeBusyBody,
): Promise<object> {
  const zone = zoneOf(body.timeZone);
  const range = { from: instant(body.from, zone), until: instant(body.until, zone) };
  requireOrder(range.from, range.until, '#/until');
  if (range.until - range.from > MAX_DAYS * fromMinutes(1_440))
    throw new Problem(422, 'limit-exceeded', `The range is longer than ${MAX_DAYS} days.`, [
      { pointer: '#/until', detail: `must be at most ${MAX_DAYS} days after from` },
    ]);
  const asked = body.attendees.map((address) => ({ address: folded(address), required: true }));
  const attendees = await attendeesOf(services, asker, asked, range);
  return {
    attendees: attendees.map((attendee) => ({
      ...whoJson(attendee),
      busy: busyOf(attendee, range, body.workingHours).map(({ type, from, until }) => ({
        type,
        from: printTime(from, zone),
        until: printTime(until, zone),
      })),
    })),
  };
}

function busyOf({ timeline }: Attendee, range: { from: number; until: number }, workingHours: boolean) {
  if (timeline === undefined) return [];
  const { appointments, unavailable } = timeline;
  const counted = unavailable.filter(({ type }) => workingHours || type !== 'BUSY-UNAVAILABLE');
  return combine([...appointments, ...counted], range);
}

function whoJson({ address, principal, group, unknown }: Omit<Attendee, 'timeline'>) {
  return {
    address,
    name: principal?.displayName,
    kind: principal?.kind,
    group,
    availability: unknown === undefined ? 'known' : 'unknown',
    unknownBecause: unknown,
  };
}

function attendeeJson(attendee: AttendeeFacts) {
  const { required, counted, hours } = attendee;
  return { ...whoJson(attendee), required, counted, workingHours: hours };
}

function slotJson({ rank, from, until, fits, reasons, conflicts, rooms }: Suggestion, zone: TimeZone) {
  return {
    rank,
    start: printTime(from, zone),
    end: printTime(until, zone),
    fits,
    reasons: reasons.map(({ code, text }) => ({ code, text })),
    conflicts: conflicts.map((conflict) => conflictJson(conflict, zone)),
    rooms: rooms.map((room) => (room === undefined ? null : roomJson(room))),
  };
}

function conflictJson(conflict: ConflictFacts, zone: TimeZone) {
  const { kind, who, required, from, until, wholeDay, bufferOnly, summary, text } = conflict;
  const span = { from: printTime(from, zone), until: printTime(until, zone) };
  return { kind, who, required, ...span, wholeDay, bufferOnly, summary, text };
}

function roomJson({ addresses, name, displayName, capacity, features, building, booking }: BookablePrincipal) {
  return { address: addresses[0] ?? name, name: displayName, capacity, features, building, booking };
}

/** The schema has judged all of these. */
function zoneOf(name: string): TimeZone {
  const zone = findTimeZone(name);
  if (zone === undefined) throw new Error('a time zone passed its schema and is unknown');
  return zone;
}

function instant(text: string, zone: TimeZone): number {
  const at = readTime(text, (local) => zone.toInstant(local));
  if (at === undefined) throw new Error('a time passed its schema and cannot be read');
  return at;
}

function folded(address: string): string {
  return readAddress(address) ?? address;
}

function requireOrder(from: number, until: number, pointer: string): void {
  if (from < until) return;
  throw new Problem(422, 'invalid-request', 'The range ends before it begins.', [
    { pointer, detail: 'must be later than from' },
  ]);
}
