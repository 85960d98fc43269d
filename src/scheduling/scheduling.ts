/**
 * The services of scheduling on a store, built together because they know each other.
 * Elsewhere: who starts the queue and the mail (src/app.ts).
 */
import type { Store } from '../../storage/store.ts';
import { knowsAddress } from '../contacts/known-addresses.ts';
import type { Rooms } from '../principals/rooms.ts';
import type { Sealing } from '../principals/sealing.ts';
import { AutoSchedule } from './auto-schedule.ts';
import { GuestAnswers } from './guest-answers.ts';
import { IncomingMail } from './incoming-mail.ts';
import { MessageDelivery } from './message-delivery.ts';
import { MessageQueue } from './message-queue.ts';
import { Recipients } from './recipients.ts';
import { ReplyTracker } from './reply-tracker.ts';
import { RoomBookings } from './room-bookings.ts';
import { RoomDelivery } from './room-delivery.ts';
import { TrackedMail } from './tracked-mail.ts';

export interface SchedulingServices {
  /** Stands still until it is started. */
  readonly queue: MessageQueue;
  readonly delivery: MessageDelivery;
  readonly auto: AutoSchedule;
  readonly incoming: IncomingMail;
  readonly guests: GuestAnswers;
  readonly roomBookings: RoomBookings;
  readonly roomDelivery: RoomDelivery;
  readonly trackedMail: TrackedMail;
  readonly tracker: ReplyTracker;
}

export function schedulingOn(store: Store, rooms: Rooms, sealing: Sealing, now: () => number): SchedulingServices {
  const recipients = new Recipients(store);
  const queue = new MessageQueue(store, now);
  const knows = (principalId: number, address: string) => knowsAddress(store, principalId, address);
  const trackedMail = new TrackedMail(store, queue, now);
  const roomBookings = new RoomBookings(store, rooms, now);
  const roomDelivery = new RoomDelivery(store, rooms, recipients, roomBookings, now);
  return {
    queue,
    delivery: new MessageDelivery(store, recipients, roomDelivery, now),
    auto: new AutoSchedule(store, recipients, queue, now),
    incoming: new IncomingMail(store, queue, trackedMail, knows, now),
    guests: new GuestAnswers(store, sealing, queue, now),
    roomBookings,
    roomDelivery,
    trackedMail,
    tracker: new ReplyTracker(store),
  };
}
