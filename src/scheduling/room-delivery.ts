/**
 * Invitations delivered to rooms and resources, and series without an end that are booked further as days come nearer.
 * RFC 5546 §3.2.3 (REPLY), RFC 6638 §3.2.2. One transaction keeps what is accepted, answers, and takes the message off the queue.
 * Elsewhere: what is accepted (room-bookings.ts), messages to people (message-delivery.ts).
 */
import { setImmediate } from 'node:timers/promises';
import type { CalendarObjectRow, LogPosition, ScheduleMessageRow, Store, Writes } from '../../storage/store.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, encodeText, type Property, printContent } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import { whileMoved } from '../calendar/object-writing.ts';
import type { Job, JobLog } from '../jobs.ts';
import type { Principal } from '../principals/access.ts';
import type { BookablePrincipal, Rooms } from '../principals/rooms.ts';
import { enqueue } from './auto-schedule.ts';
import { isFoldedUser } from './calendar-user.ts';
import { attendeeChange } from './itip-attendee.ts';
import type { ItipMessage } from './itip-message.ts';
import { isOpenSeries, reopened } from './open-series.ts';
import type { Recipients } from './recipients.ts';
import type { Booking, RoomBookings } from './room-bookings.ts';
import { organizerOf, replaceProperties, schedulingObject } from './scheduling-object.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Objects of a room looked at in one go. */
const AT_ONCE = 200;

export class RoomDelivery {
  private readonly store: Store;
  private readonly rooms: Rooms;
  private readonly recipients: Recipients;
  private readonly bookings: RoomBookings;
  private readonly now: () => number;

  constructor(store: Store, rooms: Rooms, recipients: Recipients, bookings: RoomBookings, now: () => number) {
    this.store = store;
    this.rooms = rooms;
    this.recipients = recipients;
    this.bookings = bookings;
    this.now = now;
  }

  /** A room or resource decides on an invitation, keeps what it accepts, and answers the organizer, in one transaction. */
  async book(row: ScheduleMessageRow, principal: Principal, copy: Component): Promise<void> {
    const text = printContent(copy);
    const booking = await this.bookings.decide(principal.name, text, row.accountId);
    const reply = await this.replyOf(principal, text, booking);
    await this.store.transaction(async (write) => {
      if ((await write.scheduleMessages.get(row.id)) === undefined) return;
      await this.keep(write, booking, reply);
      await noteDelivered(write, row, this.now());
      await write.scheduleMessages.remove(row);
    });
  }

  /** The job: what days have come near enough to be booked is booked, or declined. */
  job(log: Pick<JobLog, 'error'>, wake: () => void): Job {
    return {
      name: 'extend-bookings',
      everyMs: DAY_MS,
      run: async (signal) => {
        await this.extendAll(log, signal);
        wake();
      },
    };
  }

  /** Books series without an end up to the horizon of today. */
  async extendAll(log: Pick<JobLog, 'error'>, signal?: AbortSignal): Promise<void> {
    for (const { id } of await this.store.organisations.list())
      for (const room of await this.rooms.list(id)) {
        if (signal?.aborted) return;
        try {
          await this.extendRoom(room);
        } catch (error) {
          log.error({ err: error, room: room.name }, 'the bookings of a room were not extended');
        }
        await setImmediate();
      }
  }

  private async extendRoom(room: BookablePrincipal): Promise<void> {
    const calendar = await this.store.collections.bySegment(room.id, 'calendars', 'calendar');
    if (calendar === undefined) return;
    const horizon = this.now() + room.horizonDays * DAY_MS;
    const found: CalendarObjectRow[] = [];
    for (let after: LogPosition = { modseq: 0, memberId: 0 }; ; ) {
      const rows = await this.store.calendarObjects.page(calendar.id, after, AT_ONCE);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = { modseq: last.modseq, memberId: last.id };
      found.push(...rows.filter(({ recurring, lastEnd }) => recurring === 1 && lastEnd !== null && lastEnd < horizon));
      await setImmediate();
    }
    // Who booked first is first again.
    found.sort((one, other) => one.id - other.id);
    for (const { icalUid } of found) await whileMoved(() => this.extend(room, calendar.id, icalUid));
  }

  private async extend(room: BookablePrincipal, calendarId: number, icalUid: string): Promise<void> {
    const row = await this.store.calendarObjects.ofUid(room.id, calendarId, icalUid);
    const data = row === undefined ? undefined : await this.store.calendarObjects.data(row.id);
    if (data === undefined || !isOpenSeries(data)) return;
    const text = printContent(reopened(parseCalendarObject(data).content));
    const organizer = organizerOf(schedulingObject(parseCalendarObject(text)).components.values());
    const sender = organizer && (await this.recipients.find(foldCalendarUser(organizer[3])));
    const booking = await this.bookings.decide(room.name, text, sender?.id, true);
    if (booking.prepared.octets === data) return;
    const reply = await this.replyOf(room, text, booking);
    await this.store.transaction((write) => this.keep(write, booking, reply));
  }

  private async keep(write: Writes, booking: Booking, reply: Reply | undefined): Promise<void> {
    const { room, calendar } = booking;
    const modseq = await write.accounts.nextModseq(room.id, [calendar.id]);
    await this.bookings.hold(write, booking, modseq);
    if (reply !== undefined) await enqueue(write, room.id, reply.outgoing, reply.to, this.now());
  }

  /** What the organizer is told, with the reasons; undefined when nothing is new. */
  private async replyOf(
    principal: Principal,
    invitation: string,
    { told, comment }: Booking,
  ): Promise<Reply | undefined> {
    const { message } = attendeeChange({
      before: schedulingObject(parseCalendarObject(invitation)),
      after: schedulingObject(told),
      isOwn: (user: string) => isFoldedUser(principal, user),
      now: this.now(),
      reply: true,
    });
    if (message === undefined) return undefined;
    const user = foldCalendarUser(message.recipients[0] ?? '');
    const { recipientId } = await this.recipients.wayTo(principal, user);
    if (recipientId === undefined) return undefined;
    const outgoing = comment === '' ? message : withComment(message, comment);
    return { outgoing, to: [{ user, recipientId }] };
  }
}

interface Reply {
  readonly outgoing: ItipMessage;
  readonly to: readonly { readonly user: string; readonly recipientId: number }[];
}

/** A message of an organizer here is with its recipient. */
export async function noteDelivered(write: Writes, row: ScheduleMessageRow, now: number): Promise<void> {
  if (row.origin !== 'here' || row.textId === 0) return;
  await write.attendeeTracking.settled({ ...row, attendee: row.recipient }, 'delivered', now, '');
}

/** The message with a COMMENT in each component (RFC 5545 §3.8.1.4). */
function withComment(message: ItipMessage, comment: string): ItipMessage {
  const property: Property = ['comment', {}, 'unknown', encodeText(comment)];
  const [name, properties, children] = message.calendar;
  const told = children.map((child) =>
    child[0] === 'vtimezone' ? child : replaceProperties(child, ['comment'], [property]),
  );
  return { ...message, calendar: [name, properties, told] };
}
