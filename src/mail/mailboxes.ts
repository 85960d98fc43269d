/**
 * Mailboxes as one principal sees them: names, special uses, subscriptions, counts.
 * RFC 9051 §6.3.4 to §6.3.8 and §6.3.11, RFC 3501 §6.3, RFC 6154, RFC 4314 (rights), RFC 2342 (other users' mailboxes).
 * A principal's own mailboxes have plain names; those others share with it lie below `Other users/NAME`.
 * Elsewhere: the syntax of names (mailbox-names.ts), messages (messages.ts), patterns of LIST (protocols/imap).
 */
import { type MailboxRow, type Reads, type Store, StoreError, type Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import { accountsShared, type MailRight, mailRightsIn, mailRightsOn } from './mail-rights.ts';
import type { Mailbox } from './mailbox.ts';
import { canonicalName, DELIMITER, INBOX, isBelow, parentsOf, parseNewName, type SpecialUse } from './mailbox-names.ts';
import { statusOf } from './mailbox-view.ts';
import type { MailboxViews } from './mailbox-views.ts';
import type { Messages } from './messages.ts';
import { mailboxIn } from './placing.ts';
import { ALL_UIDS } from './uid-set.ts';

export type { Mailbox } from './mailbox.ts';

/** The namespace of what others share (RFC 2342 §5), without its delimiter. */
export const OTHER_USERS = 'Other users';

/** What STATUS tells. */
export interface MailboxStatus {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Octets of all messages, and of those with \Deleted; 0 when they were not asked for. */
  readonly octets: number;
  readonly deletedOctets: number;
  readonly recent: number;
  readonly uidnext: number;
  readonly uidvalidity: number;
  readonly highestModseq: number;
}

const LOOKUP: readonly MailRight[] = ['l'];

const MAX_MAILBOXES = 5_000;
const MAX_SUBSCRIPTIONS = 10_000;

/** A name in the account it belongs to. */
interface Place {
  readonly accountId: number;
  readonly name: string;
  /** What the viewer's names of this account begin with: '' for its own. */
  readonly prefix: string;
}

export class Mailboxes {
  private readonly store: Store;
  private readonly views: MailboxViews;
  private readonly messages: Messages;
  private readonly now: () => number;

  constructor(store: Store, views: MailboxViews, messages: Messages, now: () => number) {
    this.store = store;
    this.views = views;
    this.messages = messages;
    this.now = now;
  }

  /** Every mailbox the viewer may look up: its own, then those others share, each in order of name. */
  async list(viewer: Principal): Promise<Mailbox[]> {
    const mailboxes = await this.visibleIn(viewer, viewer.id, '');
    for (const accountId of await accountsShared(this.store, viewer)) {
      const owner = await this.store.principals.get(accountId);
      if (owner !== undefined) mailboxes.push(...(await this.visibleIn(viewer, accountId, prefixOf(owner.name))));
    }
    return mailboxes;
  }

  /**
   * By name, INBOX in any case, for one of several things: to be looked up, when nothing is named.
   * @throws DomainError not-found, also when the viewer may neither do any of them nor look it up; forbidden
   */
  async find(viewer: Principal, name: string, ...wanted: readonly MailRight[]): Promise<Mailbox> {
    const place = await this.place(viewer, canonicalName(name));
    const row = place && (await this.store.mailboxes.byName(place.accountId, place.name));
    const mailbox = row && (await this.asSeen(viewer, row, place?.prefix ?? ''));
    if (mailbox === undefined) throw missing();
    if ((wanted.length === 0 ? LOOKUP : wanted).some((right) => mailbox.rights.has(right))) return mailbox;
    // RFC 4314 §6: what may not be looked up is told from what is not there by nobody.
    if (!mailbox.rights.has('l')) throw missing();
    throw new DomainError('forbidden', 'You may not do this with this mailbox.');
  }

  /**
   * Makes a mailbox and the levels above it that are missing (RFC 9051 §6.3.4).
   * @throws DomainError already-exists; in-use when another mailbox has this special use; invalid-data; limit-exceeded;
   *   forbidden
   */
  async create(viewer: Principal, name: string, specialUse: SpecialUse | '' = ''): Promise<Mailbox> {
    const place = await this.newPlace(viewer, parseNewName(name));
    const id = await this.write(async (write) => {
      if (specialUse !== '') await needFreeUse(write, place.accountId, specialUse);
      return this.add(write, place, specialUse);
    });
    const row = await this.store.mailboxes.get(id);
    if (row === undefined) throw missing();
    return this.asSeen(viewer, row, place.prefix);
  }

  /**
   * Deletes a mailbox and its messages; those below it stay (RFC 9051 §6.3.5).
   * @throws DomainError not-found; forbidden, for INBOX too
   */
  async remove(viewer: Principal, name: string): Promise<void> {
    const { id, accountId } = await this.find(viewer, name, 'x');
    if ((await this.store.mailboxes.get(id))?.name === INBOX)
      throw new DomainError('forbidden', 'INBOX cannot be deleted.');
    await this.views.write(async (write) => {
      const modseq = await write.accounts.nextModseq(accountId, [id]);
      await mailboxIn(write, id);
      const octets = await write.placements.octetsOnlyHere(id);
      await write.accounts.addUsedBytes(accountId, -octets);
      await write.mailboxes.remove(id);
      return { answer: undefined, deltas: [{ mailboxId: id, modseq, gone: true }] };
    });
  }

  /**
   * Renames a mailbox and all below it; of INBOX, moves the messages into a new mailbox (RFC 9051 §6.3.6).
   * @throws DomainError not-found, already-exists, invalid-data, forbidden
   */
  async rename(viewer: Principal, from: string, to: string): Promise<void> {
    const source = await this.place(viewer, canonicalName(from));
    if (source === undefined) throw missing();
    const target = await this.newPlace(viewer, parseNewName(to));
    if (source.prefix === '' && source.name === INBOX) return this.moveInbox(viewer, to);
    if (source.accountId !== target.accountId || source.name === INBOX)
      throw new DomainError('forbidden', 'A mailbox cannot be given to somebody else, nor their INBOX be renamed.');
    if (isBelow(target.name, source.name)) throw new DomainError('invalid-data', 'A mailbox cannot go below itself.');
    const rightsOn = await mailRightsIn(this.store, viewer, source.accountId);
    const rows = (await this.store.mailboxes.list(source.accountId)).filter(
      ({ name }) => name === source.name || isBelow(name, source.name),
    );
    if (!rows.some(({ id }) => rightsOn(id).has('l') || rightsOn(id).has('x'))) throw missing();
    if (!rows.every(({ id }) => rightsOn(id).has('x')))
      throw new DomainError('forbidden', 'You may not rename this mailbox and all that is below it.');
    await this.write(async (write) => {
      await write.accounts.nextModseq(source.accountId, []);
      if ((await write.mailboxes.byName(target.accountId, target.name)) !== undefined) throw alreadyExists();
      await this.addParents(write, target);
      for (const { id, name } of rows) {
        if ((await write.mailboxes.get(id))?.name !== name) throw missing();
        await write.mailboxes.rename(id, target.name + name.slice(source.name.length));
      }
    });
  }

  /** Subscribed names, in order; some may have no mailbox (RFC 9051 §6.3.7). */
  subscriptions(viewer: Principal): Promise<string[]> {
    return this.store.mailboxes.subscriptions(viewer.id);
  }

  /** @throws DomainError invalid-data for what cannot be a name; limit-exceeded */
  async subscribe(viewer: Principal, name: string): Promise<void> {
    const canonical = parseNewName(name);
    await this.store.transaction(async (write) => {
      if ((await write.mailboxes.subscriptions(viewer.id)).length >= MAX_SUBSCRIPTIONS)
        throw new DomainError('limit-exceeded', 'There are too many subscriptions.', { limit: MAX_SUBSCRIPTIONS });
      await write.mailboxes.subscribe(viewer.id, canonical);
    });
  }

  /** Ends a subscription, if there is one. */
  async unsubscribe(viewer: Principal, name: string): Promise<void> {
    const canonical = canonicalName(name.endsWith(DELIMITER) ? name.slice(0, -1) : name);
    await this.store.transaction((write) => write.mailboxes.unsubscribe(viewer.id, canonical));
  }

  /**
   * Counts of a mailbox; octets cost a scan of all messages, so they are counted only when wanted.
   * @throws DomainError not-found when it has gone
   */
  async status(mailbox: Pick<Mailbox, 'id'>, wanted: { octets: boolean } = { octets: false }): Promise<MailboxStatus> {
    const sums = wanted.octets ? await this.store.placements.octets(mailbox.id) : { octets: 0, deletedOctets: 0 };
    const view = this.views.peek(mailbox.id);
    if (view !== undefined && !view.removed) return { ...statusOf(view), ...sums };
    const row = await this.store.mailboxes.get(mailbox.id);
    if (row === undefined) throw missing();
    const { uidnext, uidvalidity, modseq, recentFrom } = row;
    const counts = await this.store.placements.counts(mailbox.id, recentFrom);
    return { ...counts, ...sums, uidnext, uidvalidity, highestModseq: modseq };
  }

  private async visibleIn(viewer: Principal, accountId: number, prefix: string): Promise<Mailbox[]> {
    const rightsOn = await mailRightsIn(this.store, viewer, accountId);
    return (await this.store.mailboxes.list(accountId))
      .map((row) => ({ ...row, name: prefix + row.name, rights: rightsOn(row.id) }))
      .filter(({ rights }) => rights.has('l'));
  }

  private async asSeen(viewer: Principal, row: MailboxRow, prefix: string): Promise<Mailbox> {
    return { ...row, name: prefix + row.name, rights: await mailRightsOn(this.store, viewer, row) };
  }

  /** Where a canonical name leads; undefined when it names nobody's mailbox. */
  private async place(viewer: Principal, name: string): Promise<Place | undefined> {
    if (name !== OTHER_USERS && !isBelow(name, OTHER_USERS)) return { accountId: viewer.id, name, prefix: '' };
    const [, owner = '', ...levels] = name.split(DELIMITER);
    const principal = await this.store.principals.byName(owner);
    if (principal === undefined || levels.length === 0 || principal.id === viewer.id) return undefined;
    return { accountId: principal.id, name: canonicalName(levels.join(DELIMITER)), prefix: prefixOf(owner) };
  }

  /** Where a new mailbox may be made: in the viewer's own account, or where it may make some (RFC 4314 §4: k). */
  private async newPlace(viewer: Principal, name: string): Promise<Place> {
    const place = await this.place(viewer, name);
    if (place?.accountId === viewer.id) return place;
    if (place !== undefined) {
      const { accountId } = place;
      const id = (await nearestParent(this.store, place))?.id ?? 0;
      if ((await mailRightsOn(this.store, viewer, { accountId, id })).has('k')) return place;
    }
    throw new DomainError('forbidden', 'You may not make a mailbox here.');
  }

  private async moveInbox(viewer: Principal, to: string): Promise<void> {
    const inbox = await this.find(viewer, INBOX);
    const target = await this.create(viewer, to);
    const view = await this.views.open(inbox.id);
    try {
      await this.messages.move(viewer, view, ALL_UIDS, target);
    } finally {
      this.views.release(view);
    }
  }

  /** Makes a mailbox with the levels above it. */
  private async add(write: Writes, place: Place, specialUse: string): Promise<number> {
    await this.addParents(write, place);
    return this.addOne(write, place, specialUse);
  }

  private async addParents(write: Writes, place: Place): Promise<void> {
    for (const name of parentsOf(place.name))
      if ((await write.mailboxes.byName(place.accountId, name)) === undefined)
        await this.addOne(write, { ...place, name }, '');
  }

  private async addOne(write: Writes, place: Place, specialUse: string): Promise<number> {
    const { accountId, name } = place;
    if ((await write.mailboxes.byName(accountId, name)) !== undefined) throw alreadyExists();
    if ((await write.mailboxes.count(accountId)) >= MAX_MAILBOXES)
      throw new DomainError('limit-exceeded', `An account has at most ${MAX_MAILBOXES} mailboxes.`, {
        limit: MAX_MAILBOXES,
      });
    const now = this.now();
    const modseq = await write.accounts.nextModseq(accountId, []);
    const id = await write.mailboxes.add({ accountId, name, specialUse, modseq, now });
    // RFC 4314 §4: who may use the mailbox above may use this one.
    const parent = await nearestParent(write, place);
    if (parent !== undefined) await write.mailRights.copy(parent.id, id, now);
    return id;
  }

  private async write<T>(run: (write: Writes) => Promise<T>): Promise<T> {
    try {
      return await this.store.transaction(run);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unique') throw alreadyExists();
      throw error;
    }
  }
}

async function nearestParent(reads: Reads, { accountId, name }: Place): Promise<MailboxRow | undefined> {
  for (const parent of parentsOf(name).reverse()) {
    const row = await reads.mailboxes.byName(accountId, parent);
    if (row !== undefined) return row;
  }
  return undefined;
}

function prefixOf(owner: string): string {
  return `${OTHER_USERS}${DELIMITER}${owner}${DELIMITER}`;
}

/** RFC 6154 §2: one mailbox for each use, so that every client finds the same. */
async function needFreeUse(write: Writes, accountId: number, specialUse: string): Promise<void> {
  if ((await write.mailboxes.list(accountId)).some((other) => other.specialUse === specialUse))
    throw new DomainError('in-use', `Another mailbox is ${specialUse} already.`);
}

function missing(): DomainError {
  return new DomainError('not-found', 'There is no such mailbox.');
}

function alreadyExists(): DomainError {
  return new DomainError('already-exists', 'There is a mailbox of this name already.');
}
