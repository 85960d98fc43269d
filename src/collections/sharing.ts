/**
 * Sharing a collection by invitation: invite, accept, decline, leave, withdraw; and telling each side about it.
 * The words are those of calendarserver's caldav-sharing: sharer, sharee, noresponse. An accepted invitation is a grant and a
 * binding in the sharee's home, so that each sharee has an own place, name, colour, order and alarms.
 * Elsewhere: grants without invitation (grants.ts), the XML of notifications (protocols/dav/notifications.ts).
 */
import { hash, randomUUID } from 'node:crypto';
import type { BoundCollectionRow, InvitationRow, Store, Writes } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import type { Directory } from '../principals/directory.ts';
import { isSchedulingCollection, notificationsOf } from './collections.ts';
import { removeGrants, takeModseqs } from './grants.ts';
import type { Collection } from './members.ts';

/** Invitations of one collection. */
const MAX_INVITATIONS = 500;

export interface NewInvitation {
  readonly invitee: Principal;
  /** The address as the sharer wrote it. */
  readonly href: string;
  readonly commonName: string;
  readonly summary: string;
  readonly rights: InvitationRow['rights'];
}

/** What a notification is about; its text is for the protocol to print. */
export interface Notice {
  readonly kind: 'invitation' | 'reply';
  readonly uid: string;
  readonly at: number;
  readonly invitation: InvitationRow;
  readonly collection: Pick<BoundCollectionRow, 'kind' | 'home' | 'segment' | 'components'>;
  readonly sharer: Principal;
  readonly sharee: Principal;
}

/** A notification as it is stored: octets, and the property that tells its type. */
export interface PrintedNotice {
  readonly contentType: string;
  readonly body: string;
  readonly property: { readonly namespace: string; readonly name: string; readonly xml: string };
}

export type PrintNotice = (notice: Notice) => PrintedNotice;

export interface Invitation extends InvitationRow {
  readonly invitee: Principal;
}

export class Sharing {
  private readonly store: Store;
  private readonly directory: Directory;
  private readonly print: PrintNotice;
  private readonly now: () => number;

  constructor(store: Store, directory: Directory, print: PrintNotice, now: () => number) {
    this.store = store;
    this.directory = directory;
    this.print = print;
    this.now = now;
  }

  /** Whether a collection can be shared by invitation, by who may manage it. */
  canBeShared({ kind, home, segment }: Collection): boolean {
    return (kind === 'calendar' || kind === 'addressbook') && !isSchedulingCollection({ home, segment });
  }

  /** The invitations of a collection, with those invited. */
  async list(collection: Collection): Promise<Invitation[]> {
    const found: Invitation[] = [];
    for (const row of await this.store.invitations.ofCollection(collection.id)) {
      const invitee = await this.directory.owner(row.inviteeId);
      if (invitee !== undefined) found.push({ ...row, invitee });
    }
    return found;
  }

  /** Whether anybody was invited. */
  async isShared(collection: Collection): Promise<boolean> {
    return (await this.store.invitations.ofCollection(collection.id)).length > 0;
  }

  /** The segment of a collection in the home of its owner. */
  async ownSegment(collection: Collection): Promise<string> {
    return (await this.store.collections.get(collection.id))?.segment ?? collection.segment;
  }

  /** The invitation by which somebody sees a collection. */
  invitationOf(collection: Collection, sharee: Principal): Promise<InvitationRow | undefined> {
    return this.store.invitations.of(collection.id, sharee.id);
  }

  /**
   * Invites, or changes the rights and words of invitations, all or nothing; withdraws those named.
   * @throws DomainError forbidden: not to be shared, not by this viewer, or to its owner; limit-exceeded
   */
  async invite(
    collection: Collection,
    wanted: readonly NewInvitation[],
    withdrawn: readonly Principal[],
  ): Promise<void> {
    this.requireSharer(collection);
    if (wanted.some(({ invitee }) => invitee.id === collection.accountId)) throw forbidden();
    const { owner } = collection;
    const sharees = [...wanted.map(({ invitee }) => invitee.id), ...withdrawn.map(({ id }) => id)];
    await this.store.transaction(async (write) => {
      const modseqs = await takeModseqs(write, [...sharees, collection.accountId], collection);
      const seen = await source(write, collection);
      for (const sharee of withdrawn) await this.withdraw(write, collection, sharee, modseqs.get(sharee.id) ?? 0);
      for (const one of wanted) {
        const invitation = await this.record(write, collection, one);
        const modseq = modseqs.get(one.invitee.id) ?? 0;
        if (invitation.status === 'accepted') await this.grant(write, seen, invitation, modseq);
        const about = { kind: 'invitation', uid: invitation.uid, invitation, collection: seen } as const;
        await this.notify(write, one.invitee, { ...about, sharer: owner, sharee: one.invitee }, modseq);
      }
      if ((await write.invitations.ofCollection(collection.id)).length > MAX_INVITATIONS)
        throw new DomainError('limit-exceeded', 'This is shared with too many already.', { limit: MAX_INVITATIONS });
    });
  }

  /**
   * Shares without asking the sharee first, for administrators. Returns where it appears.
   * @throws DomainError forbidden
   */
  async shareNow(collection: Collection, wanted: NewInvitation): Promise<BoundCollectionRow> {
    this.requireSharer(collection);
    const { invitee } = wanted;
    if (invitee.id === collection.accountId) throw forbidden();
    return this.store.transaction(async (write) => {
      const modseqs = await takeModseqs(write, [invitee.id, collection.accountId], collection);
      const seen = await source(write, collection);
      const invitation = { ...(await this.record(write, collection, wanted)), status: 'accepted' as const };
      await write.invitations.update(invitation);
      return this.grant(write, seen, invitation, modseqs.get(invitee.id) ?? 0);
    });
  }

  /**
   * Answers an invitation. Returns where the collection appears, when it was accepted.
   * @throws DomainError not-found for an invitation that is not the viewer's
   */
  async reply(
    viewer: Principal,
    uid: string,
    accepted: boolean,
    summary: string,
  ): Promise<BoundCollectionRow | undefined> {
    const invitation = await this.store.invitations.byUid(uid);
    if (invitation?.inviteeId !== viewer.id) throw new DomainError('not-found', 'There is no such invitation.');
    const collection = await this.store.collections.get(invitation.collectionId);
    const sharer = collection && (await this.directory.owner(collection.accountId));
    if (collection === undefined || sharer === undefined)
      throw new DomainError('not-found', 'What you were invited to is gone.');
    return this.store.transaction(async (write) => {
      const modseqs = await takeModseqs(write, [viewer.id, sharer.id], collection);
      const modseq = modseqs.get(viewer.id) ?? 0;
      const current = await write.invitations.byUid(uid);
      if (current === undefined) throw new DomainError('not-found', 'The invitation was withdrawn.');
      const answered = { ...current, status: accepted ? ('accepted' as const) : ('declined' as const) };
      await write.invitations.update(answered);
      await removeNotice(write, viewer.id, uid, modseq);
      const bound = accepted
        ? await this.grant(write, collection, { ...answered, summary: summary || answered.summary }, modseq)
        : await this.ungrant(write, collection, viewer.id, modseq);
      const about = { kind: 'reply', uid: randomUUID(), invitation: { ...answered, summary }, collection } as const;
      await this.notify(write, sharer, { ...about, sharer, sharee: viewer }, modseqs.get(sharer.id) ?? 0);
      return bound;
    });
  }

  /** A sharee deletes what was shared with it: it leaves the sharee's home, and the sharer is told. */
  async leave(viewer: Principal, collection: Collection): Promise<void> {
    const { owner } = collection;
    await this.store.transaction(async (write) => {
      const modseqs = await takeModseqs(write, [viewer.id, owner.id], collection);
      const modseq = modseqs.get(viewer.id) ?? 0;
      const invitation = await write.invitations.of(collection.id, viewer.id);
      await this.ungrant(write, collection, viewer.id, modseq);
      if (invitation === undefined) return;
      const declined = { ...invitation, status: 'declined' as const };
      await write.invitations.update(declined);
      const seen = await source(write, collection);
      const about = { kind: 'reply', uid: randomUUID(), invitation: declined, collection: seen } as const;
      await this.notify(write, owner, { ...about, sharer: owner, sharee: viewer }, modseqs.get(owner.id) ?? 0);
    });
  }

  /** Before a collection is deleted: invitations that wait for an answer are taken back. */
  async withdrawAll(collection: Collection): Promise<void> {
    const invitations = await this.store.invitations.ofCollection(collection.id);
    if (invitations.length === 0) return;
    await this.store.transaction(async (write) => {
      const accounts = invitations.map(({ inviteeId }) => inviteeId);
      const modseqs = await takeModseqs(write, [...accounts, collection.accountId], collection);
      for (const { inviteeId } of invitations)
        await this.withdraw(write, collection, { id: inviteeId }, modseqs.get(inviteeId) ?? 0);
    });
  }

  private requireSharer(collection: Collection): void {
    if (!collection.rights.manage || !this.canBeShared(collection)) throw forbidden();
  }

  private async record(
    write: Writes,
    collection: Collection,
    { invitee, href, commonName, summary, rights }: NewInvitation,
  ): Promise<InvitationRow> {
    const before = await write.invitations.of(collection.id, invitee.id);
    if (before !== undefined) {
      // Who declined may be asked again.
      const status = before.status === 'accepted' ? ('accepted' as const) : ('pending' as const);
      const changed = { ...before, commonName, summary, rights, status };
      await write.invitations.update(changed);
      return changed;
    }
    const words = { href, commonName, summary, rights, status: 'pending' as const };
    const row = {
      uid: randomUUID(),
      collectionId: collection.id,
      inviteeId: invitee.id,
      ...words,
      createdAt: this.now(),
    };
    return { ...row, id: await write.invitations.add(row) };
  }

  /** The grant and the binding of an accepted invitation. */
  private async grant(
    write: Writes,
    collection: BoundCollectionRow,
    { inviteeId, rights, summary }: InvitationRow,
    modseq: number,
  ): Promise<BoundCollectionRow> {
    const { accountId, id, home } = collection;
    const now = this.now();
    for (const row of await write.grants.on(accountId, id))
      if (row.granteeId === inviteeId) await write.grants.remove(row.id);
    await write.grants.add({ accountId, collectionId: id, granteeId: inviteeId, rights, createdAt: now });
    const before = await write.collections.boundFor(inviteeId, id);
    if (before !== undefined) await write.collections.touchBinding(before.bindingId, modseq);
    else {
      const segment = await freeSegment(write, inviteeId, collection);
      await write.collections.bind({ principalId: inviteeId, collectionId: id, home, segment, modseq, now });
      if (summary !== '') await keepName(write, id, inviteeId, summary);
    }
    const bound = await write.collections.boundFor(inviteeId, id);
    if (bound === undefined) throw new Error('A collection just shared cannot be found.');
    return bound;
  }

  private async ungrant(
    write: Writes,
    collection: Pick<BoundCollectionRow, 'id' | 'accountId'>,
    principalId: number,
    modseq: number,
  ): Promise<undefined> {
    for (const row of await write.grants.on(collection.accountId, collection.id))
      if (row.granteeId === principalId) await write.grants.remove(row.id);
    const binding = await write.collections.boundFor(principalId, collection.id);
    if (binding !== undefined) await write.collections.unbind(binding, modseq);
    return undefined;
  }

  private async withdraw(write: Writes, collection: Collection, sharee: { id: number }, modseq: number): Promise<void> {
    const invitation = await write.invitations.of(collection.id, sharee.id);
    if (invitation === undefined) return;
    await write.invitations.remove(invitation.id);
    await removeNotice(write, sharee.id, invitation.uid, modseq);
    await removeGrants(write, collection, sharee.id);
    await this.ungrant(write, collection, sharee.id, modseq);
  }

  /** Puts a notification where a principal finds it; one of the same uid is replaced. */
  private async notify(write: Writes, to: Principal, about: Omit<Notice, 'at'>, modseq: number): Promise<void> {
    if (to.kind !== 'individual') return;
    const now = this.now();
    const { id: collectionId } = await notificationsOf(write, to.id, now);
    await write.accounts.stamp(collectionId, modseq);
    const { contentType, body, property } = this.print({ ...about, at: now });
    const octets = Buffer.from(body);
    const digest = hash('sha256', octets, 'buffer');
    const blobId = await write.blobs.put(to.id, digest, octets, now);
    const name = `${about.uid}.xml`;
    const etag = digest.toString('base64url').slice(0, 22);
    const row = { collectionId, name, contentType, blobId, etag, size: octets.length, modseq, modifiedAt: now };
    const before = await write.files.get(collectionId, name);
    if (before !== undefined) await write.files.replace({ ...row, id: before.id, createdAt: before.createdAt });
    const id = before?.id ?? (await write.files.add({ ...row, createdAt: now }));
    await write.properties.set('file', id, { ...property, principalId: 0 });
  }
}

/** The collection where its owner has it. */
async function source(write: Writes, collection: Collection): Promise<BoundCollectionRow> {
  const row = await write.collections.get(collection.id);
  if (row === undefined) throw new DomainError('not-found', 'The collection has been deleted.');
  return row;
}

async function removeNotice(write: Writes, principalId: number, uid: string, modseq: number): Promise<void> {
  const collection = await write.collections.bySegment(principalId, 'notifications', '');
  if (collection === undefined) return;
  const row = await write.files.get(collection.id, `${uid}.xml`);
  if (row === undefined) return;
  await write.accounts.stamp(collection.id, modseq);
  await write.files.remove(row, principalId, modseq);
}

/** A name for a shared collection in the sharee's home: whose it is and what, with a number when that is taken. */
async function freeSegment(write: Writes, principalId: number, { home, segment, accountId }: BoundCollectionRow) {
  const owner = await write.principals.get(accountId);
  const wish = `${owner?.name ?? accountId}-${segment}`.slice(0, 200);
  for (let number = 1; ; number++) {
    const name = number === 1 ? wish : `${wish}-${number}`;
    if ((await write.collections.bySegment(principalId, home, name)) === undefined) return name;
  }
}

/** The sharee's own name for it starts with what the sharer called it. */
async function keepName(write: Writes, collectionId: number, principalId: number, name: string): Promise<void> {
  const text = name.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  const xml = `<displayname xmlns="DAV:">${text}</displayname>`;
  await write.properties.set('collection', collectionId, { principalId, namespace: 'DAV:', name: 'displayname', xml });
}

function forbidden(): DomainError {
  return new DomainError('forbidden', 'This cannot be shared, or not by you, or not with this person.');
}
