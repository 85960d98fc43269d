/**
 * Implicit scheduling: what a stored change obliges the server to send, and what it must store because of it.
 * RFC 6638 §3.2 (organizers and attendees), §3.2.4 (preconditions), §3.2.9 (status), §3.2.10 (Schedule-Tag).
 * The object before and after in, a plan out: octets, and rows of the queue to write in the same transaction.
 * Elsewhere: the rules themselves (itip-organizer.ts, itip-attendee.ts), delivery (message-queue.ts).
 */
import type { Store, Writes } from '../../storage/store.ts';
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, parameterOf, printContent } from '../calendar/content.ts';
import { type CalendarObjectModel, parseCalendarObject } from '../calendar/icalendar.ts';
import type { SchedulePlan, Scheduling, StoredObject } from '../calendar/scheduling-port.ts';
import { isSchedulingCollection } from '../collections/collections.ts';
import type { Collection, WriteRequest } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { maySchedule, type Principal } from '../principals/access.ts';
import { organizerAddress, ownAttendee } from './attendee-properties.ts';
import { invitedBy } from './attendee-view.ts';
import { isFoldedUser } from './calendar-user.ts';
import { attendeeChange } from './itip-attendee.ts';
import { type ItipMessage, printMessage } from './itip-message.ts';
import { organizerChange } from './itip-organizer.ts';
import type { MessageQueue } from './message-queue.ts';
import { saysAnAnswer } from './organizer-object.ts';
import type { Recipients } from './recipients.ts';
import { noLongerExcluded } from './reinstated-instances.ts';
import { REJECTED, withOrganizerStatus, withStatuses } from './schedule-status.ts';
import {
  attendeesOf,
  MAIN,
  organizerOf,
  partstatOf,
  replaceProperties,
  SCHEDULED,
  type SchedulingObject,
  scheduleAgentOf,
  schedulingObject,
  withComponents,
} from './scheduling-object.ts';

type Role = 'organizer' | 'attendee' | 'none';

/** One message as it is queued: to several recipients that see the same. */
interface Outgoing {
  readonly message: ItipMessage;
  readonly to: readonly { readonly user: string; readonly recipientId: number }[];
}

export class AutoSchedule implements Scheduling {
  private readonly store: Store;
  private readonly recipients: Recipients;
  private readonly queue: MessageQueue;
  private readonly now: () => number;

  constructor(store: Store, recipients: Recipients, queue: MessageQueue, now: () => number) {
    this.store = store;
    this.recipients = recipients;
    this.queue = queue;
    this.now = now;
  }

  async plan(
    collection: Collection,
    before: StoredObject | undefined,
    after: CalendarObjectModel | undefined,
    request: WriteRequest,
  ): Promise<SchedulePlan> {
    if (isSchedulingCollection(collection)) return nothing('none');
    const { owner } = collection;
    const isOwn = (user: string) => isFoldedUser(owner, user);
    const old = scheduled(before?.model);
    const fresh = scheduled(after) ?? withPeopleOf(old, after, isOwn);
    if (fresh !== undefined) requireOneOrganizer(fresh);
    const roles = { old: roleIn(old, isOwn), new: roleIn(fresh, isOwn) };
    if (old === undefined && roles.new === 'attendee' && !isServers(fresh)) return nothing('none');
    requireSameOrganizer(old, fresh, roles);
    if (fresh === undefined && after !== undefined && roles.old === 'organizer') requireNobodyInvited(after);
    // RFC 6638 §3.2.4.4: an attendee does not become the organizer by writing the meeting under another name.
    if (
      old === undefined &&
      roles.new === 'organizer' &&
      (await this.isTaken(owner, owner.id, fresh?.model.icalUid ?? ''))
    )
      throw new DomainError('attendee-change-forbidden', 'Somebody else is the organizer of this meeting.');
    const tag = roles.new === 'none' ? 'none' : 'new';
    if (request.silent === true) return nothing(tag);
    const now = this.now();
    if (roles.old === 'organizer' || roles.new === 'organizer') {
      const asOrganizer = roles.new === 'organizer' ? fresh : undefined;
      const change = { before: roles.old === 'organizer' ? old : undefined, after: asOrganizer, isOwn, now };
      const answerHere = await this.answeringHere(owner, change.before, asOrganizer);
      const outcome = organizerChange({ ...change, keepAnswers: request.keepAnswers === true, answerHere });
      const { outgoing, statuses } = await this.routes(owner, outcome.messages, change.before);
      const stored = outcome.stored && withStatuses(outcome.stored, statuses);
      const octets =
        asOrganizer === undefined || stored === undefined ? undefined : changedText(asOrganizer.model, stored);
      const refresh = outcome.answersChanged && outcome.messages.length === 0 ? asOrganizer : undefined;
      return this.planned(collection, request, tag, octets, outgoing, refresh);
    }
    if (roles.old !== 'attendee' && roles.new !== 'attendee') return nothing('none');
    if (old === undefined && fresh !== undefined) await this.requireInvited(fresh, isOwn);
    const isBack = old !== undefined && fresh !== undefined && noLongerExcluded(old, fresh).length > 0;
    const organizers = isBack ? await this.organizersObject(old) : undefined;
    const reply = request.reply !== false;
    const outcome = attendeeChange({ before: old, after: fresh, isOwn, now, reply, organizers });
    const { outgoing, statuses } = await this.routes(owner, outcome.message === undefined ? [] : [outcome.message]);
    const status = [...statuses.values()][0];
    const stored =
      outcome.stored === undefined || status === undefined
        ? outcome.stored
        : withOrganizerStatus(outcome.stored, status);
    const octets = after === undefined || stored === undefined ? undefined : changedText(after, stored);
    return this.planned(collection, request, tag, octets, outgoing, undefined);
  }

  /** People here for whom an organizer's object has another answer than its version so far. */
  private async answeringHere(
    owner: Principal,
    before: SchedulingObject | undefined,
    after: SchedulingObject | undefined,
  ): Promise<ReadonlySet<string>> {
    const answering = new Set<string>();
    for (const [key, component] of after?.components ?? []) {
      const earlier = before?.components.get(key);
      const known = earlier && attendeesOf(earlier);
      for (const [user, attendee] of attendeesOf(component)) {
        if (!saysAnAnswer(attendee) || answering.has(user) || isFoldedUser(owner, user)) continue;
        const same = known?.get(user);
        if (same !== undefined && partstatOf(same) === partstatOf(attendee)) continue;
        const { recipientId = 0 } = await this.recipients.wayTo(owner, user);
        if (recipientId !== 0) answering.add(user);
      }
    }
    return answering;
  }

  /** Where messages go, and the status of each recipient. `before`: the organizer's object so far. */
  private async routes(
    owner: Principal,
    messages: readonly ItipMessage[],
    before?: SchedulingObject,
  ): Promise<{ outgoing: Outgoing[]; statuses: Map<string, string> }> {
    const statuses = new Map<string, string>();
    const known = invitedBy(before);
    const outgoing: Outgoing[] = [];
    for (const message of messages) {
      const to: { user: string; recipientId: number }[] = [];
      for (const recipient of message.recipients) {
        const user = foldCalendarUser(recipient);
        const { recipientId, status, audiences } = await this.recipients.wayTo(owner, user);
        if (message.audience !== undefined && recipientId !== undefined && !audiences.includes(message.audience))
          continue;
        const earlier = known.get(user);
        const reached = earlier !== undefined && parameterOf(earlier, 'schedule-status') !== REJECTED;
        const asks = message.method === 'REQUEST' && recipientId !== undefined && !reached;
        if (asks && (await this.isTaken(owner, recipientId, message.icalUid))) {
          statuses.set(user, REJECTED);
          continue;
        }
        statuses.set(user, status);
        if (recipientId !== undefined) to.push({ user, recipientId });
      }
      if (to.length > 0) outgoing.push({ message, to });
    }
    return { outgoing, statuses };
  }

  /** Whether somebody here has a meeting of another organizer under this UID: whoever invites under it changes nothing. */
  private async isTaken(owner: Principal, recipientId: number, icalUid: string): Promise<boolean> {
    const row = await this.store.calendarObjects.ofUid(recipientId, 0, icalUid);
    const data = row === undefined ? undefined : await this.store.calendarObjects.data(row.id);
    const organizer = data === undefined ? undefined : organizerIn(data);
    return organizer !== undefined && !isFoldedUser(owner, organizer);
  }

  private async planned(
    collection: Collection,
    { viewer }: WriteRequest,
    tag: SchedulePlan['tag'],
    octets: string | undefined,
    outgoing: readonly Outgoing[],
    refresh: SchedulingObject | undefined,
  ): Promise<SchedulePlan> {
    const { owner } = collection;
    if (outgoing.length > 0 && viewer !== undefined && !(await maySchedule(this.store, viewer, collection)))
      throw new DomainError('forbidden', 'You may not schedule for the owner of this calendar.');
    const ids: number[] = [];
    return {
      octets,
      tag,
      queue: async (write) => {
        // The transaction may run twice.
        ids.length = 0;
        for (const { message, to } of outgoing) ids.push(...(await enqueue(write, owner.id, message, to, this.now())));
        if (refresh !== undefined) await enqueueRefresh(write, owner.id, refresh, new Set(), owner, this.now());
      },
      sent: () => this.queue.sent(ids),
    };
  }

  /**
   * Who puts an invitation into a calendar must be invited, as far as the organizer's object is here to tell
   * (RFC 6638 §3.2.4.3): nobody joins by knowing a UID.
   * @throws DomainError attendee-change-forbidden
   */
  private async requireInvited(fresh: SchedulingObject, isOwn: (user: string) => boolean): Promise<void> {
    const data = await this.organizersData(fresh);
    if (data === undefined) return;
    if (!mentions(data, isOwn)) throw new DomainError('attendee-change-forbidden', 'The organizer did not invite you.');
  }

  /** The text of the organizer's object, when it is here. */
  private async organizersData(object: SchedulingObject): Promise<string | undefined> {
    const organizer = organizerOf(object.components.values());
    const principal = organizer && (await this.recipients.find(foldCalendarUser(organizer[3])));
    if (principal === undefined) return undefined;
    const row = await this.store.calendarObjects.ofUid(principal.id, 0, object.model.icalUid);
    return row && this.store.calendarObjects.data(row.id);
  }

  private async organizersObject(object: SchedulingObject): Promise<SchedulingObject | undefined> {
    const data = await this.organizersData(object);
    return data === undefined ? undefined : schedulingObject(parseCalendarObject(data));
  }
}

/** The folded organizer in the text of an object; cheaper than reading all of it. */
function organizerIn(data: string): string | undefined {
  const unfolded = data.replace(/\r?\n[ \t]/g, '');
  const [, value] = /^ORGANIZER(?:;(?:"[^"\r\n]*"|[^":\r\n])*)?:([^\r\n]*)/im.exec(unfolded) ?? [];
  return value === undefined ? undefined : foldCalendarUser(value);
}

/** Whether the text of an object names an attendee; cheaper than reading all of it. */
function mentions(data: string, isOwn: (user: string) => boolean): boolean {
  const unfolded = data.replace(/\r?\n[ \t]/g, '');
  for (const [, value = ''] of unfolded.matchAll(/^ATTENDEE(?:;(?:"[^"\r\n]*"|[^":\r\n])*)?:([^\r\n]*)/gim))
    if (isOwn(foldCalendarUser(value))) return true;
  return false;
}

function nothing(tag: SchedulePlan['tag']): SchedulePlan {
  return { octets: undefined, tag, queue: async () => {}, sent: async () => {} };
}

/** Only events and tasks with an organizer are scheduled (RFC 6638 §3.1). */
function scheduled(model: CalendarObjectModel | undefined): SchedulingObject | undefined {
  if (model === undefined || !SCHEDULED.includes(model.component)) return undefined;
  const object = schedulingObject(model);
  return organizerOf(object.components.values()) === undefined ? undefined : object;
}

function roleIn(object: SchedulingObject | undefined, isOwn: (user: string) => boolean): Role {
  if (object === undefined) return 'none';
  const components = [...object.components.values()];
  if (components.some((component) => isOwn(organizerAddress(component)))) {
    return components.some((component) => attendeesOf(component).size > 0) ? 'organizer' : 'none';
  }
  return components.some((component) => ownAttendee(component, isOwn) !== undefined) ? 'attendee' : 'none';
}

/** Whether it is left to the server to schedule with the organizer (RFC 6638 §7.1). */
function isServers(object: SchedulingObject | undefined): boolean {
  const organizer = organizerOf(object?.components.values() ?? []);
  return organizer !== undefined && scheduleAgentOf(organizer) === 'SERVER';
}

/** RFC 6638 §3.2.4.4. @throws DomainError several-organizers */
function requireOneOrganizer(object: SchedulingObject): void {
  const organizers = new Set([...object.components.values()].map(organizerAddress).filter((user) => user !== ''));
  if (organizers.size > 1)
    throw new DomainError('several-organizers', 'All components of an object have the same organizer.');
}

/** RFC 6638 §3.2.4.2 and §3.2.4.3. @throws DomainError organizer-change-forbidden, attendee-change-forbidden */
function requireSameOrganizer(
  old: SchedulingObject | undefined,
  fresh: SchedulingObject | undefined,
  roles: { old: Role; new: Role },
): void {
  if (fresh === undefined || old === undefined) return;
  const of = (object: SchedulingObject) => foldCalendarUser(organizerOf(object.components.values())?.[3] ?? '');
  if (of(old) === of(fresh)) {
    if (roles.old === 'attendee' && roles.new === 'none')
      throw new DomainError('attendee-change-forbidden', 'An attendee cannot leave but by declining.');
    return;
  }
  if (roles.old === 'organizer')
    throw new DomainError('organizer-change-forbidden', 'The organizer of a meeting cannot be changed.');
  if (roles.old === 'attendee')
    throw new DomainError('attendee-change-forbidden', 'The organizer of a meeting cannot be changed.');
}

/**
 * RFC 5545 §3.8.4.3: whoever invites is named. A client that loses ORGANIZER does not call a meeting off by it; an organizer who
 * takes everybody out as well does.
 * @throws DomainError organizer-change-forbidden
 */
function requireNobodyInvited(after: CalendarObjectModel): void {
  if (after.components.some(({ content }) => attendeesOf(content).size > 0))
    throw new DomainError('organizer-change-forbidden', 'A meeting has an organizer as long as it has attendees.');
}

/** An attendee's object whose client lost the organizer, with organizer and attendees as they were; undefined for all others. */
function withPeopleOf(
  old: SchedulingObject | undefined,
  after: CalendarObjectModel | undefined,
  isOwn: (user: string) => boolean,
): SchedulingObject | undefined {
  if (old === undefined || after === undefined || roleIn(old, isOwn) !== 'attendee' || !isServers(old))
    return undefined;
  const sent = schedulingObject(after);
  const people = (component: Component | undefined) =>
    (component?.[1] ?? []).filter(([name]) => name === 'organizer' || name === 'attendee');
  const [first] = old.components.values();
  const restored = [...sent.components].map(([key, component]): Component => {
    const known = people(old.components.get(key) ?? old.components.get(MAIN) ?? first);
    return replaceProperties(component, ['organizer', 'attendee'], known);
  });
  return schedulingObject(parseCalendarObject(printContent(withComponents(sent, restored))));
}

/** The text to store when it is not the one that was sent. */
function changedText(sent: CalendarObjectModel, stored: Component): string | undefined {
  const text = printContent(stored);
  return text === printContent(sent.content) ? undefined : text;
}

/** What an organizer tells attendees, and is tracked. */
const ORGANIZERS: ReadonlySet<string> = new Set(['REQUEST', 'ADD', 'CANCEL']);

/** Queues one message for its recipients. Returns the ids of those on this server. */
export async function enqueue(
  write: Writes,
  accountId: number,
  message: ItipMessage,
  to: readonly { readonly user: string; readonly recipientId: number }[],
  now: number,
): Promise<number[]> {
  const textId = await write.scheduleMessages.addText(printMessage(message));
  const { sender, method, icalUid } = message;
  const state = { origin: 'here', byWeb: 0, attempts: 0, nextAttemptAt: now, lastError: null, createdAt: now } as const;
  const common = { accountId, sender, method, icalUid, textId, ...state };
  const ids: number[] = [];
  for (const { user, recipientId } of to) {
    const id = await write.scheduleMessages.add({ ...common, recipientId, recipient: user });
    if (ORGANIZERS.has(method)) {
      const way = recipientId === 0 ? 'mail' : 'calendar';
      await write.attendeeTracking.sent({ accountId, icalUid, attendee: user }, method, way, now);
    }
    if (recipientId !== 0) ids.push(id);
  }
  return ids;
}

/** Attendees of whom each shows the answers of the others at once; of larger meetings they are gathered for a while. */
const FEW = 25;
const GATHERED_MS = 30_000;

/** Has the newest answers shown to those invited who are here, without a message, except to some. */
export async function enqueueRefresh(
  write: Writes,
  accountId: number,
  object: SchedulingObject,
  except: ReadonlySet<string>,
  owner: Principal,
  now: number,
): Promise<void> {
  const organizer = organizerOf(object.components.values());
  if (organizer === undefined) return;
  const invited = new Set<string>();
  for (const component of object.components.values())
    for (const user of attendeesOf(component).keys())
      if (!except.has(user) && !isFoldedUser(owner, user)) invited.add(user);
  const nextAttemptAt = invited.size > FEW ? now + GATHERED_MS : now;
  for (const user of invited) {
    const principal = await principalIn(write, user);
    if (principal === undefined || principal.organisationId !== owner.organisationId) continue;
    const row = { accountId, recipientId: principal.id, sender: organizer[3], recipient: user };
    await write.scheduleMessages.refresh({ ...row, icalUid: object.model.icalUid, nextAttemptAt, createdAt: now });
  }
}

/** As Recipients.find, inside a transaction. */
async function principalIn(write: Writes, user: string) {
  return user.includes('@') ? write.principals.byAddress(user) : undefined;
}
