/**
 * Managed attachments: add, replace and remove them on a calendar object, and read them.
 * RFC 8607 §3.3 to §3.6, §3.12.4. The bytes are a blob of the owner's account and count against its quota. They are stored
 * first; the object that names them is then written like any other (calendar-objects.ts), so that everything which follows
 * from a change of an object, scheduling included, follows from this one too.
 * Elsewhere: the properties themselves (attachment-property.ts), requests (protocols/caldav/managed-attachments.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { AttachmentRow, Store } from '../../storage/store.ts';
import type { Collection, Precondition, PutResult } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { type Principal, rightsOn } from '../principals/access.ts';
import { MAX_ATTACHMENTS } from './attachment-check.ts';
import {
  attachProperty,
  editTargets,
  managedIdOf,
  managedIdsIn,
  organizerOf,
  type Targets,
} from './attachment-property.ts';
import type { CalendarObjects } from './calendar-objects.ts';
import { type Component, printContent } from './content.ts';
import { type CalendarObjectModel, parseCalendarObject } from './icalendar.ts';
import { isPrivate } from './private-objects.ts';

/** Octets of one attachment (RFC 8607 §6.2): below what a request may carry at all, so that the refusal can say why. */
export const MAX_ATTACHMENT_OCTETS = 10_000_000;
/** Octets stored in the transaction that names them; larger ones are staged in pieces of this size. */
const PIECE = 256 * 1024;
/** Attempts when an object keeps changing under a request. */
const ATTEMPTS = 3;

export interface Upload {
  readonly octets: Buffer;
  readonly mediaType: string;
  readonly fileName: string;
  /** The URI under which an attachment of that managed id will be served. */
  uriOf(managedId: string): string;
}

/** A change of an object, and what it stored. */
export interface AttachmentChange {
  readonly put: PutResult;
  /** The octets now stored. */
  readonly octets: string;
  readonly attachment?: AttachmentRow;
}

export class Attachments {
  private readonly store: Store;
  private readonly objects: CalendarObjects;
  private readonly now: () => number;

  constructor(store: Store, objects: CalendarObjects, now: () => number) {
    this.store = store;
    this.objects = objects;
    this.now = now;
  }

  /**
   * Adds an attachment to an object, or to some of its instances.
   * @throws DomainError attachment-too-large, too-many-attachments, over-quota, invalid-rid, attachment-of-organizer, and what
   *   writing the object throws
   */
  async add(
    collection: Collection,
    name: string,
    targets: Targets,
    upload: Upload,
    check: Precondition,
  ): Promise<AttachmentChange> {
    return this.withUpload(collection, name, upload, check, (model, attachment) => {
      if (managedIdsIn(model.content).size >= MAX_ATTACHMENTS) {
        throw new DomainError('too-many-attachments', `An object has at most ${MAX_ATTACHMENTS} attachments.`, {
          limit: MAX_ATTACHMENTS,
        });
      }
      return editTargets(model, targets, (properties) => [...properties, attachProperty(attachment)]);
    });
  }

  /** Replaces an attachment wherever the object names it; the new one has another managed id (RFC 8607 §3.4). */
  async update(
    collection: Collection,
    name: string,
    managedId: string,
    upload: Upload,
    check: Precondition,
  ): Promise<AttachmentChange> {
    return this.withUpload(collection, name, upload, check, (model, attachment) => {
      requireNamed(model, managedId);
      return editTargets(model, undefined, (properties) =>
        properties.map((property) => (managedIdOf(property) === managedId ? attachProperty(attachment) : property)),
      );
    });
  }

  /** Takes an attachment away from an object, or from some of its instances. */
  async remove(
    collection: Collection,
    name: string,
    targets: Targets,
    managedId: string,
    check: Precondition,
  ): Promise<AttachmentChange> {
    return this.rewrite(collection, name, check, (model) => {
      requireNamed(model, managedId);
      return editTargets(model, targets, (properties) =>
        properties.filter((property) => managedIdOf(property) !== managedId),
      );
    });
  }

  /**
   * An attachment that the viewer may read: one that is named in an object of a calendar open to the viewer.
   * @throws DomainError forbidden, also when there is none: whether one exists is nobody's business
   */
  async find(viewer: Principal, managedId: string): Promise<AttachmentRow> {
    const [row] = await this.store.attachments.byManagedIds([managedId]);
    if (row !== undefined) {
      for (const { id, collectionId } of await this.store.attachments.objectsUsing(row.id)) {
        const collection = await this.store.collections.get(collectionId);
        if (collection === undefined) continue;
        const rights = await rightsOn(this.store, viewer, collection);
        if (!rights.read) continue;
        if (rights.manage || !isPrivate((await this.store.calendarObjects.data(id)) ?? '')) return row;
      }
    }
    throw new DomainError('forbidden', 'There is no attachment here that you may read.');
  }

  /** The octets, in pieces. */
  async *read({ blobId, size }: AttachmentRow): AsyncGenerator<Buffer> {
    for (let offset = 0; offset < size; offset += PIECE) {
      const piece = await this.store.blobs.read(blobId, offset, Math.min(PIECE, size - offset));
      if (piece.length === 0) throw new Error('The bytes of an attachment are missing.');
      yield piece;
    }
  }

  private async withUpload(
    collection: Collection,
    name: string,
    upload: Upload,
    check: Precondition,
    edit: (model: CalendarObjectModel, attachment: AttachmentRow) => Component,
  ): Promise<AttachmentChange> {
    if (!collection.rights.write) throw new DomainError('forbidden', 'You may not change this calendar.');
    if (upload.octets.length > MAX_ATTACHMENT_OCTETS) {
      throw new DomainError('attachment-too-large', 'An attachment has at most 10 MB.', {
        limit: MAX_ATTACHMENT_OCTETS,
      });
    }
    const attachment = await this.keep(collection.accountId, upload);
    try {
      const change = await this.rewrite(collection, name, check, (model) => edit(model, attachment));
      return { ...change, attachment };
    } catch (error) {
      await this.store.transaction((write) => write.attachments.removeUnused(attachment.id));
      throw error;
    }
  }

  /** Stores the octets and a row that nothing names yet. @throws DomainError over-quota */
  private async keep(accountId: number, { octets, mediaType, fileName, uriOf }: Upload): Promise<AttachmentRow> {
    const hash = await hashOf(octets);
    const staged = octets.length > PIECE ? await this.stage(accountId, octets) : undefined;
    const managedId = randomBytes(18).toString('base64url');
    return this.store.transaction(async (write) => {
      await write.accounts.nextModseq(accountId, []);
      const account = await write.accounts.get(accountId);
      if (account?.quotaBytes != null && account.usedBytes + octets.length > account.quotaBytes) {
        throw new DomainError('over-quota', 'The attachment does not fit into what is left of the quota.');
      }
      const now = this.now();
      const blobId =
        staged === undefined
          ? await write.blobs.put(accountId, hash, octets, now)
          : await write.blobs.complete(staged, accountId, hash, octets.length, now);
      const row = { accountId, managedId, blobId, uri: uriOf(managedId), mediaType, fileName, size: octets.length };
      const id = await write.attachments.add({ ...row, createdAt: now });
      await write.accounts.addUsedBytes(accountId, octets.length);
      return { ...row, id, createdAt: now };
    });
  }

  private async stage(accountId: number, octets: Buffer): Promise<number> {
    const blobId = await this.store.transaction((write) => write.blobs.open(accountId, this.now()));
    for (let offset = 0, ordinal = 0; offset < octets.length; offset += PIECE, ordinal++) {
      const piece = octets.subarray(offset, offset + PIECE);
      await this.store.transaction((write) => write.blobs.append(blobId, ordinal, piece));
    }
    return blobId;
  }

  /** Reads an object, edits it, and writes it if it did not change in between; else once more. */
  private async rewrite(
    collection: Collection,
    name: string,
    check: Precondition,
    edit: (model: CalendarObjectModel) => Component,
  ): Promise<AttachmentChange> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.objects.findWithData(collection, name);
      if (before === undefined) throw new DomainError('not-found', 'There is no such calendar object.');
      check(before);
      const model = parseCalendarObject(before.data);
      requireOrganizer(model, collection.owner);
      const octets = printContent(edit(model));
      try {
        const put = await this.objects.put(collection, name, octets, (current) => {
          if (current?.etag !== before.etag) throw new Changed();
        });
        return { put, octets: await this.objects.read(put.member, collection) };
      } catch (error) {
        if (!(error instanceof Changed)) throw error;
        if (attempt === ATTEMPTS) throw new DomainError('unavailable', 'The object keeps changing.', { retryAfter: 1 });
      }
    }
  }
}

/** The object is not any more what it was when it was read. */
class Changed extends Error {}

function requireNamed(model: CalendarObjectModel, managedId: string): void {
  if (managedIdsIn(model.content).has(managedId)) return;
  throw new DomainError('invalid-managed-id', 'The object has no attachment with this managed id.');
}

/** RFC 8607 §3.1: attendees take what the organizer attached. */
function requireOrganizer(model: CalendarObjectModel, owner: Principal): void {
  const organizer = organizerOf(model).trim().toLowerCase();
  if (organizer === '') return;
  const address = organizer.startsWith('mailto:') ? organizer.slice('mailto:'.length) : undefined;
  const own =
    address === undefined ? organizer.endsWith(`/principals/${owner.name}/`) : owner.addresses.includes(address);
  if (!own)
    throw new DomainError('attachment-of-organizer', 'Only the organizer changes the attachments of a meeting.');
}

/** Hashing yields to other requests: 10 MiB at once would hold them up. */
async function hashOf(octets: Buffer): Promise<Buffer> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < octets.length; offset += 4 * PIECE) {
    if (offset > 0) await setImmediate();
    hash.update(octets.subarray(offset, offset + 4 * PIECE));
  }
  return hash.digest();
}
