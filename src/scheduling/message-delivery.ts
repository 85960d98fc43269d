/**
 * Delivering a scheduling message to somebody here: into the calendar it is about, and into the scheduling inbox.
 * RFC 6638 §4 (processing incoming messages), §4.1 (who is told next), §4.2 (the calendar for new invitations).
 * One transaction writes the calendar, the inbox and what follows, and takes the message off the queue.
 * Elsewhere: what a message changes (itip-invitation.ts, itip-reply.ts), the order (message-queue.ts).
 */
import { randomUUID } from 'node:crypto';
import type { BoundCollectionRow, CalendarObjectRow, ScheduleMessageRow, Store, Writes } from '../../storage/store.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, printContent } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import {
  Moved,
  type Prepared,
  prepareObject,
  requireNewToOwner,
  saveObject,
  whileMoved,
} from '../calendar/object-writing.ts';
import { addCollection } from '../collections/collections.ts';
import { DEFAULT_COLLECTIONS } from '../collections/default-collections.ts';
import type { Principal } from '../principals/access.ts';
import { viewOf } from './attendee-view.ts';
import { enqueue, enqueueRefresh } from './auto-schedule.ts';
import { isFoldedUser } from './calendar-user.ts';
import { defaultCalendar } from './default-calendar.ts';
import { applyAdd, applyCancel, applyRequest, type Invitation } from './itip-invitation.ts';
import { type ItipMessage, itipMessage, printMessage, travelling } from './itip-message.ts';
import { applyReply } from './itip-reply.ts';
import type { Delivers } from './message-queue.ts';
import { isBookable, type Recipients } from './recipients.ts';
import { noteDelivered, type RoomDelivery } from './room-delivery.ts';
import { attendeesOf, organizerOf, type SchedulingObject, schedulingObject } from './scheduling-object.ts';
import { BOUNCE, markBounced } from './tracked-mail.ts';

/** What a message does to the recipient's object. */
interface Effect {
  /** The object as it becomes; undefined: it stays. */
  readonly stored?: Component;
  readonly tag: 'new' | 'keep';
  /** Whether the message is shown in the inbox. */
  readonly shown: boolean;
  /** What an attendee answered, under the address it was invited as. */
  readonly answer?: { readonly user: string; readonly partstat: string };
  /** People who are told next by the recipient, the organizer. */
  readonly next?: { readonly refresh: boolean; readonly invite: readonly string[] };
}

const NOTHING: Effect = { tag: 'keep', shown: false };

/** A message as text; one that tells the newest state, with the object it was read from. */
interface Told {
  readonly text: string;
  readonly source?: CalendarObjectRow;
}

interface Known {
  readonly row: CalendarObjectRow;
  readonly object: SchedulingObject;
}

export class MessageDelivery implements Delivers {
  private readonly store: Store;
  private readonly recipients: Recipients;
  private readonly rooms: RoomDelivery;
  private readonly now: () => number;

  constructor(store: Store, recipients: Recipients, rooms: RoomDelivery, now: () => number) {
    this.store = store;
    this.recipients = recipients;
    this.rooms = rooms;
    this.now = now;
  }

  async deliver(row: ScheduleMessageRow): Promise<void> {
    if (row.method === BOUNCE) return whileMoved(() => markBounced(this.store, row, this.now()));
    const principal = await this.principal(row.recipientId);
    const told = row.textId === 0 ? await this.newest(row) : await this.kept(row.textId);
    if (principal === undefined || told === undefined) {
      await this.store.transaction((write) => write.scheduleMessages.remove(row));
      return;
    }
    const message = schedulingObject(parseCalendarObject(told.text));
    await whileMoved(() => this.attempt(row, principal, message, told));
  }

  private async attempt(
    row: ScheduleMessageRow,
    principal: Principal,
    message: SchedulingObject,
    { text, source }: Told,
  ): Promise<void> {
    const known = await this.known(principal.id, message.model.icalUid);
    const effect = effectOf(row, principal, message, known?.object);
    if (effect.stored !== undefined && BOOKED_BY.has(row.method) && isBookable(principal)) {
      await this.rooms.book(row, principal, effect.stored);
      return;
    }
    const calendar =
      known === undefined && effect.stored !== undefined ? await this.calendarFor(principal, message) : undefined;
    const octets = effect.stored === undefined ? undefined : printContent(effect.stored);
    const changed = octets === undefined ? undefined : prepareObject(octets, this.now());
    const item = effect.shown ? prepareObject(text, this.now()) : undefined;
    const next = effect.next && (changed === undefined ? known?.object : schedulingObject(changed.model));
    const invite = next && effect.next ? await this.invitations(principal, next, effect.next.invite) : [];
    const inbox = await this.store.collections.bySegment(principal.id, 'calendars', 'inbox');
    const target = known === undefined ? calendar : await this.store.collections.get(known.row.collectionId);
    await this.store.transaction(async (write) => {
      if ((await write.scheduleMessages.get(row.id)) === undefined) return;
      // There is something newer to tell, and this row stands for it too: it stays, and its turn comes again.
      if (source !== undefined && (await newestIn(write, row))?.etag !== source.etag) return;
      const touched: number[] = [];
      if (changed !== undefined && target !== undefined) touched.push(target.id);
      if (item !== undefined && inbox !== undefined) touched.push(inbox.id);
      if (touched.length > 0) {
        const modseq = await write.accounts.nextModseq(principal.id, touched);
        if (changed !== undefined && target !== undefined)
          await this.write(write, target, changed, known?.row, effect.tag, modseq);
        if (item !== undefined && inbox !== undefined) await this.show(write, inbox, item, row.method, modseq);
      }
      for (const { outgoing, to } of invite) await enqueue(write, principal.id, outgoing, to, this.now());
      if (next !== undefined && effect.next?.refresh === true) {
        const except = new Set([row.recipient, foldCalendarUser(row.sender), ...effect.next.invite]);
        await enqueueRefresh(write, principal.id, next, except, principal, this.now());
      }
      if (effect.answer !== undefined) await this.noteAnswer(write, row, principal.id, effect.answer);
      await noteDelivered(write, row, this.now());
      await write.scheduleMessages.remove(row);
    });
  }

  private noteAnswer(write: Writes, row: ScheduleMessageRow, accountId: number, answer: NonNullable<Effect['answer']>) {
    const via = row.origin === 'here' ? 'calendar' : row.byWeb === 1 ? 'web' : 'mail';
    const of = { accountId, icalUid: row.icalUid, attendee: answer.user };
    return write.attendeeTracking.answered(of, answer.partstat, via, this.now());
  }

  private async write(
    write: Writes,
    target: BoundCollectionRow,
    changed: Prepared,
    known: CalendarObjectRow | undefined,
    tag: 'new' | 'keep',
    modseq: number,
  ): Promise<void> {
    const name = known?.name ?? `${randomUUID()}.ics`;
    const current = await write.calendarObjects.get(target.id, name);
    if (current?.id !== known?.id || current?.etag !== known?.etag) throw new Moved();
    if (
      known === undefined &&
      (await write.calendarObjects.ofUid(target.accountId, 0, changed.row.icalUid)) !== undefined
    )
      throw new Moved();
    await saveObject(write, target, name, changed, current, { modseq, now: this.now(), tag }, requireNewToOwner);
  }

  private async show(
    write: Writes,
    inbox: BoundCollectionRow,
    item: Prepared,
    method: string,
    modseq: number,
  ): Promise<void> {
    await saveObject(write, inbox, `${randomUUID()}.ics`, item, undefined, {
      modseq,
      now: this.now(),
      tag: 'none',
      method,
    });
  }

  private async principal(id: number): Promise<Principal | undefined> {
    const row = await this.store.principals.get(id);
    return row && { ...row, addresses: await this.store.principals.addresses(id) };
  }

  private async known(accountId: number, icalUid: string): Promise<Known | undefined> {
    const row = await this.store.calendarObjects.ofUid(accountId, 0, icalUid);
    const data = row === undefined ? undefined : await this.store.calendarObjects.data(row.id);
    return row === undefined || data === undefined
      ? undefined
      : { row, object: schedulingObject(parseCalendarObject(data)) };
  }

  private async calendarFor(principal: Principal, message: SchedulingObject): Promise<BoundCollectionRow | undefined> {
    const { component } = message.model;
    const found = await defaultCalendar(this.store, principal.id, component);
    if (found !== undefined) return found;
    const made = DEFAULT_COLLECTIONS.find(({ columns }) => columns?.components.split(',').includes(component));
    if (made === undefined) return undefined;
    // An invitation must land: who has deleted the last calendar gets another one.
    return this.store.transaction(async (write) => {
      const { home, segment, ...rest } = made;
      const there = await write.collections.bySegment(principal.id, home, segment);
      return there ?? addCollection(write, principal.id, home, segment, rest, this.now());
    });
  }

  /** The sender's object as it is now, as a request to one recipient; undefined when there is nothing to see any more. */
  private async newest(row: ScheduleMessageRow): Promise<Told | undefined> {
    const known = await this.known(row.accountId, row.icalUid);
    const components = [...viewOf(known?.object, row.recipient).components.values()];
    if (known === undefined || components.length === 0) return undefined;
    const stamped = components.map((component) => travelling(component, this.now()));
    const text = printMessage(itipMessage('REQUEST', known.object, row.sender, [row.recipient], stamped));
    return { text, source: known.row };
  }

  private async kept(textId: number): Promise<Told | undefined> {
    const text = await this.store.scheduleMessages.text(textId);
    return text === undefined ? undefined : { text };
  }

  /** Requests to people of an object. */
  private async invitations(principal: Principal, object: SchedulingObject, users: readonly string[]) {
    const invitations: { outgoing: ItipMessage; to: { user: string; recipientId: number }[] }[] = [];
    for (const user of users) {
      const { recipientId } = await this.recipients.wayTo(principal, user);
      const components = [...viewOf(object, user).components.values()];
      const organizer = organizerOf(components);
      if (recipientId === undefined || organizer === undefined) continue;
      const address = components.map((one) => attendeesOf(one).get(user)?.[3]).find((one) => one !== undefined) ?? user;
      const stamped = components.map((component) => travelling(component, this.now()));
      const outgoing = itipMessage('REQUEST', object, organizer[3], [address], stamped);
      invitations.push({ outgoing, to: [{ user, recipientId }] });
    }
    return invitations;
  }
}

function newestIn(write: Writes, row: ScheduleMessageRow): Promise<CalendarObjectRow | undefined> {
  return write.calendarObjects.ofUid(row.accountId, 0, row.icalUid);
}

/** Messages that ask for time. */
const BOOKED_BY: ReadonlySet<string> = new Set(['REQUEST', 'ADD']);

/** What a message means for the object it is about. Whoever is neither its organizer nor its attendee changes nothing. */
function effectOf(
  row: ScheduleMessageRow,
  principal: Principal,
  message: SchedulingObject,
  current: SchedulingObject | undefined,
): Effect {
  const isOwn = (user: string) => isFoldedUser(principal, user);
  // Our own organizers tell all there is; others may tell only what changed.
  const invitation: Invitation = {
    message,
    current,
    isOwn,
    complete: row.origin === 'here',
    anew: isBookable(principal),
  };
  const sender = foldCalendarUser(row.sender);
  if (row.origin !== 'here' && !mayTell(row, sender, message)) return { tag: 'keep', shown: true };
  const silent = row.textId === 0;
  const mine = (object: SchedulingObject) =>
    isOwn(foldCalendarUser(organizerOf(object.components.values())?.[3] ?? ''));
  switch (row.method) {
    case 'REQUEST':
    case 'ADD':
    case 'CANCEL': {
      if ((current !== undefined && mine(current)) || mine(message)) return NOTHING;
      // A room is booked by events; what others answered is no business of it.
      if (isBookable(principal) && message.model.component !== 'VEVENT') return NOTHING;
      if (silent && (current === undefined || isBookable(principal))) return NOTHING;
      // A stranger's invitation waits in the inbox until the person takes it.
      if (row.origin === 'stranger' && current === undefined) return { tag: 'keep', shown: row.method !== 'CANCEL' };
      const apply = row.method === 'REQUEST' ? applyRequest : row.method === 'ADD' ? applyAdd : applyCancel;
      const { result, stored } = apply(invitation);
      // An event of one's own is not written over, and neither the invitation is lost nor that it holds no more.
      if (result === 'not-organizer' && current !== undefined && isPrivate(current))
        return { tag: 'keep', shown: !silent && (row.method !== 'CANCEL' || row.origin !== 'stranger') };
      if (result !== 'applied' || stored === undefined) return NOTHING;
      // Nobody reads the inbox of a room.
      return { stored, tag: silent ? 'keep' : 'new', shown: !silent && !isBookable(principal) };
    }
    case 'REPLY': {
      if (current === undefined || !mine(current)) return NOTHING;
      const user = invitedAs(current, sender) ?? sender;
      const { result, stored, partstat = '', delegates } = applyReply(message, current, user);
      // RFC 6638 §4 has no word for it: what cannot be applied is shown when it came from outside, where people may know better.
      if (result !== 'applied' || stored === undefined) return { tag: 'keep', shown: row.origin !== 'here' };
      const next = { refresh: true, invite: delegates };
      return { stored, tag: 'keep', shown: true, answer: { user, partstat }, next };
    }
    case 'REFRESH': {
      const asker = foldCalendarUser(row.sender);
      if (current === undefined || !mine(current) || viewOf(current, asker).components.size === 0) return NOTHING;
      return { tag: 'keep', shown: false, next: { refresh: false, invite: [asker] } };
    }
    default:
      // COUNTER, DECLINECOUNTER and PUBLISH are for people to read.
      return { tag: 'keep', shown: true };
  }
}

/** Whether nobody was invited to it. */
function isPrivate({ components }: SchedulingObject): boolean {
  return organizerOf(components.values()) === undefined;
}

/** RFC 6047 §2.2.2 and §2.3: by mail only the organizer invites and cancels; whose answer it is tells the address it came from. */
function mayTell(row: ScheduleMessageRow, sender: string, message: SchedulingObject): boolean {
  if (row.method === 'REPLY' || row.method === 'COUNTER' || row.method === 'REFRESH') return true;
  const organizer = organizerOf(message.components.values());
  return organizer !== undefined && foldCalendarUser(organizer[3]) === sender;
}

/** The address under which the sender of a reply was invited: it may answer from a sub-address of it, or the other way round. */
function invitedAs(current: SchedulingObject, sender: string): string | undefined {
  const plain = withoutDetail(sender);
  for (const component of current.components.values()) {
    const attendees = attendeesOf(component);
    if (attendees.has(sender)) return sender;
    for (const user of attendees.keys()) if (withoutDetail(user) === plain) return user;
  }
  return undefined;
}

/** RFC 5233 §1: `anna+work@example.org` is an address of anna. */
function withoutDetail(address: string): string {
  return address.replace(/^([^+@]+)\+[^@]*@/, '$1@');
}
