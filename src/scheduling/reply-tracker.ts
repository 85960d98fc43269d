/**
 * Who was told of a meeting, when and how, and who answered: for its organizer.
 * The organizer's object says what holds; what became of messages and answers lies beside it (table `attendee_tracking`).
 * RFC 5545 §3.2.12 (PARTSTAT), RFC 6638 §6.2 (who acts for an organizer).
 * Elsewhere: who writes it down (auto-schedule.ts, message-delivery.ts, tracked-mail.ts).
 */
import type { AnswerWay, AttendeeTrackingRow, MessageState, Store } from '../../storage/store.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { parameterOf, propertyOf, textOf } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { DomainError } from '../errors.ts';
import { maySchedule, type Principal, rightsOn } from '../principals/access.ts';
import { Directory } from '../principals/directory.ts';
import { invitedBy } from './attendee-view.ts';
import { isFoldedUser, lookupOf } from './calendar-user.ts';
import {
  attendeesOf,
  MAIN,
  organizerOf,
  partstatOf,
  type SchedulingObject,
  schedulingObject,
} from './scheduling-object.ts';

export interface TrackedEvent {
  readonly icalUid: string;
  readonly summary: string;
  readonly attendees: readonly TrackedReply[];
}

export interface TrackedReply {
  /** Folded. */
  readonly attendee: string;
  readonly name: string;
  /** As the event says it now: of the series, or of the first instance the attendee is invited to. */
  readonly partstat: string;
  /** Instances that are answered differently: RECURRENCE-ID as the event has it. */
  readonly exceptions: readonly { readonly recurrenceId: string; readonly partstat: string }[];
  /** The last message; undefined when none was sent. */
  readonly message: TrackedMessage | undefined;
  /** How the last answer came; undefined when none did, or the organizer changed it since. */
  readonly answer: { readonly partstat: string; readonly via: AnswerWay; readonly at: number } | undefined;
}

export interface TrackedMessage {
  readonly method: string;
  readonly sentAt: number;
  readonly way: 'calendar' | 'mail';
  readonly state: MessageState;
  readonly stateAt: number;
  /** What another server said. */
  readonly detail: string;
}

const MAX_ATTENDEES = 5_000;

export class ReplyTracker {
  private readonly store: Store;
  private readonly directory: Directory;

  constructor(store: Store) {
    this.store = store;
    this.directory = new Directory(store);
  }

  /**
   * @param organizer a folded address; undefined: the asker
   * @throws DomainError not-found unless this organizer has such a meeting and the asker may act for it: these look alike
   */
  async of(asker: Principal, icalUid: string, organizer?: string): Promise<TrackedEvent> {
    const host = organizer === undefined ? asker : await this.find(asker, organizer);
    const row = host && (await this.store.calendarObjects.ofUid(host.id, 0, icalUid));
    if (host === undefined || row === undefined) throw missing();
    const place = { accountId: host.id, id: row.collectionId };
    const may = (await rightsOn(this.store, asker, place)).read && (await maySchedule(this.store, asker, place));
    const data = may ? await this.store.calendarObjects.data(row.id) : undefined;
    if (data === undefined) throw missing();
    const object = schedulingObject(parseCalendarObject(data));
    const named = foldCalendarUser(organizerOf(object.components.values())?.[3] ?? '');
    if (!isFoldedUser(host, named)) throw missing();
    const rows = await this.store.attendeeTracking.list(host.id, icalUid, MAX_ATTENDEES);
    const [first] = object.components.values();
    return {
      icalUid,
      summary: first === undefined ? '' : textOf(first, 'summary'),
      attendees: repliesOf(object, host, new Map(rows.map((one) => [one.attendee, one]))),
    };
  }

  private async find(asker: Principal, organizer: string): Promise<Principal | undefined> {
    if (isFoldedUser(asker, organizer)) return asker;
    const lookup = lookupOf(organizer);
    if (lookup === undefined) return undefined;
    return 'name' in lookup
      ? this.directory.byName(asker, lookup.name)
      : this.directory.byAddress(asker, lookup.address);
  }
}

function repliesOf(
  object: SchedulingObject,
  host: Principal,
  rows: ReadonlyMap<string, AttendeeTrackingRow>,
): TrackedReply[] {
  const replies: TrackedReply[] = [];
  for (const [attendee, property] of invitedBy(object)) {
    if (isFoldedUser(host, attendee)) continue;
    const row = rows.get(attendee);
    const partstat = partstatOf(property);
    const exceptions = exceptionsOf(object, attendee, partstat);
    const holding = [partstat, ...exceptions.map((one) => one.partstat)];
    replies.push({
      attendee,
      name: parameterOf(property, 'cn'),
      partstat,
      exceptions,
      message: row && messageOf(row),
      answer: row && answerOf(row, holding),
    });
    if (replies.length >= MAX_ATTENDEES) break;
  }
  return replies;
}

function exceptionsOf(object: SchedulingObject, attendee: string, partstat: string): TrackedReply['exceptions'] {
  const found: { recurrenceId: string; partstat: string }[] = [];
  for (const [key, component] of object.components) {
    const property = key === MAIN ? undefined : attendeesOf(component).get(attendee);
    if (property === undefined || partstatOf(property) === partstat) continue;
    found.push({ recurrenceId: propertyOf(component, 'recurrence-id')?.[3] ?? '', partstat: partstatOf(property) });
  }
  return found;
}

function messageOf({ method, sentAt, way, state, stateAt, detail }: AttendeeTrackingRow): TrackedMessage | undefined {
  if (method === null || sentAt === null || way === null || state === null) return undefined;
  return { method, sentAt, way, state, stateAt: stateAt ?? sentAt, detail };
}

/** An answer that does not hold any more, because the meeting moved or somebody wrote another, is not told as the last. */
function answerOf({ partstat, answeredAt, answeredVia }: AttendeeTrackingRow, holding: readonly string[]) {
  if (partstat === null || answeredAt === null || answeredVia === null || !holding.includes(partstat)) return undefined;
  return { partstat, via: answeredVia, at: answeredAt };
}

function missing(): DomainError {
  return new DomainError('not-found', 'There is no such meeting of this organizer.');
}
