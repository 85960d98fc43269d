/**
 * What calendar objects ask of scheduling: whom a change concerns, and what must be stored because of it.
 * RFC 6638 §3.2. src/scheduling/auto-schedule.ts answers; this file only says in which words.
 */
import type { CalendarObjectRow, Writes } from '../../storage/store.ts';
import type { Collection, WriteRequest } from '../collections/members.ts';
import type { CalendarObjectModel } from './icalendar.ts';

/** An object as it was read. */
export interface StoredObject {
  readonly row: CalendarObjectRow;
  readonly model: CalendarObjectModel;
}

/** What follows from one change. */
export interface SchedulePlan {
  /** The octets to store instead of those given; undefined: as given. */
  readonly octets: string | undefined;
  /** Schedule-Tag of the object from now on (RFC 6638 §3.2.10): none, another one, or the one it had. */
  readonly tag: 'none' | 'new' | 'keep';
  /** Queues the messages, in the transaction that writes the object. */
  queue(write: Writes): Promise<void>;
  /** After the commit: lets them go, and waits a moment for a few of them, so that whoever looks finds them delivered. */
  sent(): Promise<void>;
}

export interface Scheduling {
  /**
   * Judges a change of an object: made when `before` is undefined, deleted when `after` is.
   * @throws DomainError organizer-change-forbidden, attendee-change-forbidden, several-organizers, forbidden
   */
  plan(
    collection: Collection,
    before: StoredObject | undefined,
    after: CalendarObjectModel | undefined,
    request: WriteRequest,
  ): Promise<SchedulePlan>;
}

export const NO_PLAN: SchedulePlan = {
  octets: undefined,
  tag: 'none',
  queue: async () => {},
  sent: async () => {},
};

/** Scheduling switched off: objects are only kept. */
export const NO_SCHEDULING: Scheduling = { plan: async () => NO_PLAN };

/** Whether a change can concern anybody but the owner, told from the object alone. */
export function concernsOthers({ components }: CalendarObjectModel): boolean {
  return components.some(
    ({ attendees, content }) => attendees > 0 || content[1].some(([name]) => name === 'organizer'),
  );
}
