/**
 * What is asked when people look for a time to meet, and what they are told: types alone.
 * Elsewhere: answering (suggestions.ts), the words (slot-descriptions.ts), their JSON (protocols/api).
 */
import type { TimeZone } from '../calendar/date-time.ts';
import type { Principal } from '../principals/access.ts';
import type { BookablePrincipal } from '../principals/rooms.ts';
import type { Attendee } from './attendees.ts';
import type { Conflict } from './conflicts.ts';
import type { Interval } from './intervals.ts';
import type { WantedRoom } from './room-wishes.ts';
import type { Person, SlotQuestion } from './slots.ts';

/** Times in milliseconds. */
export interface SuggestionRequest {
  readonly organizer: string;
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly duration: number;
  readonly wish: number;
  readonly window: Interval;
  readonly step: number;
  readonly zone: TimeZone;
  readonly workingHours: boolean;
  readonly bufferBefore: number;
  readonly bufferAfter: number;
  readonly rooms: readonly WantedRoom[];
  readonly countOrganizer: boolean;
  readonly limit: number;
  /** Starts to explain. */
  readonly asked: readonly number[];
}

export type AttendeeFacts = Omit<Attendee, 'timeline'> & {
  /** Whether its calendar was looked at. */
  readonly counted: boolean;
  readonly hours: 'declared' | 'assumed' | 'ignored';
};

export interface ConflictFacts extends Interval {
  readonly kind: Conflict['kind'] | 'room-taken' | 'no-room';
  /** The address of the person, or of the room. */
  readonly who: string | undefined;
  readonly required: boolean;
  readonly wholeDay: boolean;
  readonly bufferOnly: boolean;
  /** Of an event the asker may read. */
  readonly objectId: number | undefined;
  readonly summary: string | undefined;
  readonly text: string;
}

export interface Reason {
  readonly code: 'distance' | 'required' | 'optional' | 'unknown' | 'working-hours' | 'buffers' | 'room';
  readonly text: string;
}

export interface Suggestion extends Interval {
  /** From 1; undefined for a time that was only asked about. */
  readonly rank: number | undefined;
  readonly fits: boolean;
  readonly reasons: readonly Reason[];
  readonly conflicts: readonly ConflictFacts[];
  /** For each wish the room that is free, if any. */
  readonly rooms: readonly (BookablePrincipal | undefined)[];
}

export interface Blocker {
  /** An address; undefined for the wish for a room of that number, from 0. */
  readonly who: string | undefined;
  readonly wish: number | undefined;
  /** How many of the starts it stands in the way of. */
  readonly blocked: number;
  readonly text: string;
}

export interface Suggestions {
  readonly attendees: readonly AttendeeFacts[];
  readonly examined: number;
  readonly fitting: number;
  readonly suggestions: readonly Suggestion[];
  readonly compromises: readonly Suggestion[];
  /** Why nothing fits; undefined when something does. */
  readonly why: { readonly text: string; readonly blockers: readonly Blocker[] } | undefined;
  readonly asked: readonly Suggestion[];
  readonly notes: readonly string[];
}

/** A person whose time is known. */
export interface Seat extends Person {
  readonly address: string;
  readonly facts: AttendeeFacts;
}

/** A question with everything that is known for it. */
export interface Search {
  readonly request: SuggestionRequest;
  readonly asker: Principal;
  readonly question: SlotQuestion;
  readonly seats: readonly Seat[];
  readonly attendees: readonly AttendeeFacts[];
  readonly rooms: readonly BookablePrincipal[];
}
