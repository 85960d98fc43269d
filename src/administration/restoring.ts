/**
 * Parts of a backup put back into the running store: everything of one principal, one collection, or one item.
 * The database of the backup is copied aside, brought up to date and read as a store of its own; what is restored becomes new
 * changes, which every client synchronises. Nothing is sent to anybody, and what came since the backup stays.
 * Elsewhere: the whole store (whole-restore.ts), how a member is put back (src/collections/put-back.ts).
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '../../storage/open.ts';
import type { BoundCollectionRow, Home, PrincipalRow, Reads, Store } from '../../storage/store.ts';
import { LOG_START, memberReads } from '../collections/changes.ts';
import { addCollection, isSchedulingCollection } from '../collections/collections.ts';
import { type PutBack, putBack, type RestoredPart, readMember } from '../collections/put-back.ts';
import { DomainError } from '../errors.ts';
import { addMissingMailboxes } from '../mail/default-mailboxes.ts';
import { foldAddress } from '../principals/addresses.ts';
import type { AuditLog } from './audit-log.ts';
import { OPERATOR } from './audit-log.ts';
import { checkFiles, DATABASE_FILE, readManifest } from './backups.ts';
import { type MailServices, restoreMail } from './restoring-mail.ts';

export interface PartOfBackup {
  /** Name or address. */
  readonly user: string;
  /** 'calendars/work', 'addressbooks/addressbook', 'mail/Archive'; undefined: all of them. */
  readonly collection: string | undefined;
  /** Name of a member, 'x.ics', or UID of a message. */
  readonly item: string | undefined;
}

const HOMES: readonly Home[] = ['calendars', 'addressbooks'];
/** Members put back in one transaction. */
const STEP = 50;

export class Restoring {
  private readonly store: Store;
  private readonly audit: AuditLog;
  private readonly mail: MailServices;
  private readonly data: string;
  private readonly now: () => number;

  constructor(store: Store, audit: AuditLog, mail: MailServices, data: string, now: () => number) {
    this.store = store;
    this.mail = mail;
    this.audit = audit;
    this.data = data;
    this.now = now;
  }

  /**
   * Restores a part of the backup in a folder.
   * @throws DomainError not-found for what the backup does not hold; invalid-data when the backup is damaged
   */
  async restore(folder: string, part: PartOfBackup): Promise<RestoredPart[]> {
    const problems = await checkFiles(folder, await readManifest(folder));
    if (problems.length > 0)
      throw new DomainError('invalid-data', `The backup is damaged and was not restored: ${problems.join(' ')}`);
    const aside = join(this.data, `restore-${process.pid}-${this.now()}`);
    await mkdir(aside, { mode: 0o700 });
    try {
      await copyFile(join(folder, DATABASE_FILE), join(aside, DATABASE_FILE));
      const saved = await openStore(aside, { now: this.now, version: 'restore' });
      try {
        return await this.from(saved, part);
      } finally {
        await saved.close();
      }
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  }

  private async from(saved: Store, part: PartOfBackup): Promise<RestoredPart[]> {
    const before = await find(saved, part.user);
    if (before === undefined) throw new DomainError('not-found', `The backup knows no user "${part.user}".`);
    const owner = (await this.store.principals.byName(before.name)) ?? (await this.revive(saved, before));
    const restored: RestoredPart[] = [];
    for (const home of HOMES) {
      for (const collection of await saved.collections.home(before.id, home)) {
        const place = `${home}/${collection.segment}`;
        if (collection.accountId !== before.id || collection.subscribed === 1) continue;
        // Files come back with the whole backup only.
        if (collection.kind !== 'calendar' && collection.kind !== 'addressbook') continue;
        if (isSchedulingCollection(collection) || (part.collection !== undefined && part.collection !== place))
          continue;
        restored.push({ collection: place, ...(await this.collection(saved, collection, owner, part.item)) });
      }
    }
    const person = { ...owner, addresses: await this.store.principals.addresses(owner.id) };
    const to = { store: this.store, owner: person, mail: this.mail };
    if (owner.kind === 'individual') await addMissingMailboxes(this.store, this.now);
    restored.push(...(await restoreMail(saved, before.id, to, part.collection, part.item)));
    if (restored.length === 0)
      throw new DomainError('not-found', `The backup has no collection "${part.collection ?? ''}" of ${before.name}.`);
    await this.audit.record({
      actor: OPERATOR,
      action: 'backup.restore',
      target: owner.name,
      details: { collection: part.collection ?? '', item: part.item ?? '' },
    });
    return restored;
  }

  private async collection(
    saved: Store,
    from: BoundCollectionRow,
    owner: PrincipalRow,
    item: string | undefined,
  ): Promise<Omit<RestoredPart, 'collection'>> {
    const counts: Record<PutBack, number> = { added: 0, replaced: 0, same: 0, elsewhere: 0, taken: 0 };
    const refused: string[] = [];
    const kind = from.kind === 'addressbook' ? 'addressbook' : 'calendar';
    let found = false;
    for await (const names of namesOf(saved, from, item)) {
      const members = await (kind === 'calendar' ? saved.calendarObjects : saved.cards).withData(from.id, names);
      found ||= members.length > 0;
      const read = members.flatMap(({ name, data }) => {
        try {
          return [{ name, member: readMember(kind, data, this.now()) }];
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          refused.push(name);
          return [];
        }
      });
      const done = await this.store.transaction(async (write) => {
        const to = await this.place(write, saved, from, owner);
        const modseq = await write.accounts.nextModseq(owner.id, [to.id]);
        const results: PutBack[] = [];
        for (const { name, member } of read) results.push(await putBack(write, to, name, member, modseq, this.now()));
        return results;
      });
      for (const result of done) counts[result] += 1;
    }
    if (item !== undefined && !found)
      throw new DomainError('not-found', `The backup has no "${item}" in ${from.home}/${from.segment}.`);
    if (item === undefined) await this.store.transaction((write) => this.place(write, saved, from, owner));
    return { counts, refused };
  }

  /** The collection of that place, made as it was when it is gone. */
  private async place(
    write: Parameters<Parameters<Store['transaction']>[0]>[0],
    saved: Reads,
    from: BoundCollectionRow,
    owner: PrincipalRow,
  ): Promise<BoundCollectionRow> {
    const there = await write.collections.bySegment(owner.id, from.home, from.segment);
    if (there !== undefined) return there;
    const properties = await saved.properties.list('collection', from.id, 0);
    const { components, timeZone, transparent } = from;
    const made = {
      kind: from.kind,
      columns: from.kind === 'calendar' ? { components, timeZone, transparent } : undefined,
      properties: properties.map((property) => ({ ...property, scope: 'shared' as const })),
    };
    return addCollection(write, owner.id, from.home, from.segment, made, this.now());
  }

  /** A principal that was removed since, with its addresses, passwords and id of clients (uuid). */
  private async revive(saved: Store, before: PrincipalRow): Promise<PrincipalRow> {
    const addresses = await saved.principals.addresses(before.id);
    const credentials = await saved.credentials.list(before.id);
    const [organisation] = await this.store.organisations.list();
    if (organisation === undefined) throw new DomainError('not-found', 'There is no organisation yet.');
    const id = await this.store.transaction(async (write) => {
      const { id: _, ...row } = before;
      const id = await write.principals.add({ ...row, organisationId: organisation.id }, Math.floor(this.now() / 1000));
      for (const [position, address] of addresses.entries()) {
        const domain = await write.organisations.domain(address.slice(address.lastIndexOf('@') + 1));
        const free = (await write.principals.byAddress(address)) === undefined;
        if (domain !== undefined && free) await write.principals.addAddress(id, domain.id, address, position);
      }
      for (const { id: __, ...credential } of credentials)
        await write.credentials.add({ ...credential, principalId: id });
      return id;
    });
    return { ...before, organisationId: organisation.id, id };
  }
}

async function find(reads: Reads, nameOrAddress: string): Promise<PrincipalRow | undefined> {
  const folded = foldAddress(nameOrAddress);
  return folded.includes('@') ? reads.principals.byAddress(folded) : reads.principals.byName(folded);
}

/** Names of members, in steps. */
async function* namesOf(saved: Store, from: BoundCollectionRow, item: string | undefined): AsyncGenerator<string[]> {
  if (item !== undefined) {
    yield [item];
    return;
  }
  let after = LOG_START;
  for (;;) {
    const page = await memberReads(saved, from.kind).listing(from.id, after, STEP);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page.map(([, name]) => name);
    after = { memberId: last[0], modseq: last[3] };
  }
}
