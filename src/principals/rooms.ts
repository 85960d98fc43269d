/**
 * Rooms and resources: principals that nobody signs in as, with a calendar that is booked.
 * RFC 3744 §2 and RFC 6638 §2.4.2 name the kinds; their facts have no standard words.
 * The manager of one may see and change its calendar. Elsewhere: answering a request (src/scheduling/booking.ts), finding one for
 * a meeting (src/scheduling/suggestions.ts), removing one (principals.ts: as any principal).
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { BookingRule, PrincipalRow, Reads, ResourceRow, Store, Writes } from '../../storage/store.ts';
import { addCollection } from '../collections/collections.ts';
import { RESOURCE_COLLECTIONS } from '../collections/default-collections.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from './access.ts';
import { foldAddress, parseAddressText, parseName, quoted } from './addresses.ts';

export const BOOKING_RULES: readonly BookingRule[] = ['auto-accept', 'approval', 'auto-decline'];
/** Days ahead that the index of occurrences covers for certain: no booking reaches beyond it. */
export const MAX_HORIZON_DAYS = 730;
const DEFAULT_HORIZON_DAYS = 365;
const MAX_CAPACITY = 100_000;
const MAX_MINUTES = 31 * 24 * 60;
const MAX_FEATURES = 50;
const MAX_TEXT = 255;

/** A room or resource with its facts. */
export interface BookablePrincipal extends Principal, Omit<ResourceRow, 'features'> {
  readonly features: readonly string[];
}

/** What can be said of a room; what is undefined keeps its value, or the default of a new one. */
export interface RoomFacts {
  readonly displayName?: string;
  readonly building?: string;
  readonly capacity?: number;
  readonly features?: readonly string[];
  readonly booking?: BookingRule;
  /** Name or address; '' for nobody. */
  readonly manager?: string;
  readonly horizonDays?: number;
  readonly longestMinutes?: number;
}

export interface NewRoom extends RoomFacts {
  readonly kind: 'room' | 'resource';
  readonly address: string;
  readonly name?: string;
}

export class Rooms {
  private readonly store: Store;
  private readonly now: () => number;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  /**
   * Adds a room or resource with its calendar.
   * @throws DomainError invalid-data; not-found for an unknown domain or manager; already-exists
   */
  async add(made: NewRoom): Promise<BookablePrincipal> {
    const { local, domain: domainName } = parseAddressText(made.address);
    const address = `${local}@${domainName}`;
    const name = parseName(made.name || local);
    checkFacts(made);
    const now = this.now();
    await this.store.transaction(async (write) => {
      const domain = await write.organisations.domain(domainName);
      if (domain === undefined) throw new DomainError('not-found', `${domainName} is not a domain of this server.`);
      if ((await write.principals.byAddress(address)) !== undefined)
        throw new DomainError('already-exists', `The address ${address} is already taken.`);
      if ((await write.principals.byName(name)) !== undefined)
        throw new DomainError('already-exists', `The name ${name} is already taken; choose another with --name.`);
      const row: Omit<PrincipalRow, 'id'> = {
        organisationId: domain.organisationId,
        kind: made.kind,
        name,
        displayName: made.displayName?.trim() || name,
        uuid: randomUUID(),
        role: 'member',
        createdAt: now,
      };
      // RFC 9051 §2.3.1.1: as for people, so that an account never repeats UIDVALIDITY.
      const principalId = await write.principals.add(row, Math.floor(now / 1000) + randomInt(1_000));
      await write.principals.addAddress(principalId, domain.id, address, 0);
      for (const { home, segment, ...collection } of RESOURCE_COLLECTIONS)
        await addCollection(write, principalId, home, segment, collection, now);
      await this.writeFacts(write, { id: principalId, ...row }, made);
    });
    return this.find(name);
  }

  /**
   * Changes what is said of a room.
   * @throws DomainError not-found, invalid-data
   */
  async change(nameOrAddress: string, facts: RoomFacts): Promise<BookablePrincipal> {
    checkFacts(facts);
    const found = await this.principal(nameOrAddress);
    await this.store.transaction((write) => this.writeFacts(write, found, facts));
    return this.find(found.name);
  }

  /**
   * By name or address.
   * @throws DomainError not-found
   */
  async find(nameOrAddress: string, kind?: 'room' | 'resource'): Promise<BookablePrincipal> {
    const principal = await this.principal(nameOrAddress);
    if (kind !== undefined && principal.kind !== kind) throw unknown(nameOrAddress, kind);
    const row = await this.store.resources.get(principal.id);
    if (row === undefined) throw unknown(nameOrAddress);
    return complete(principal, row);
  }

  /** The primary address of whoever manages it, its name when it has none; null for nobody. */
  async managerOf({ managerId }: BookablePrincipal): Promise<string | null> {
    const manager = managerId === null ? undefined : await this.store.principals.get(managerId);
    if (manager === undefined) return null;
    return (await this.store.principals.addresses(manager.id))[0] ?? manager.name;
  }

  /** All of an organisation, or (0) of the server: the smallest first, then in order of name. */
  async list(organisationId: number): Promise<BookablePrincipal[]> {
    const found: BookablePrincipal[] = [];
    for (const row of await this.store.resources.list(organisationId)) {
      const principal = await this.store.principals.get(row.principalId);
      if (principal === undefined) continue;
      found.push(complete({ ...principal, addresses: await this.store.principals.addresses(principal.id) }, row));
    }
    return found;
  }

  private async principal(nameOrAddress: string): Promise<Principal> {
    const row = await this.row(nameOrAddress);
    if (row === undefined || (row.kind !== 'room' && row.kind !== 'resource')) throw unknown(nameOrAddress);
    return { ...row, addresses: await this.store.principals.addresses(row.id) };
  }

  /** Lays new facts over what there is, and lets the manager into the account. */
  private async writeFacts(write: Writes, room: PrincipalRow, facts: RoomFacts): Promise<void> {
    const before = await write.resources.get(room.id);
    const managerId =
      facts.manager === undefined
        ? (before?.managerId ?? null)
        : facts.manager === ''
          ? null
          : await this.managerId(write, facts.manager, room);
    const row: ResourceRow = {
      principalId: room.id,
      building: facts.building?.trim() ?? before?.building ?? '',
      capacity: facts.capacity ?? before?.capacity ?? 0,
      features:
        facts.features === undefined ? (before?.features ?? '[]') : JSON.stringify(foldFeatures(facts.features)),
      booking: facts.booking ?? before?.booking ?? 'auto-accept',
      managerId,
      horizonDays: facts.horizonDays ?? before?.horizonDays ?? DEFAULT_HORIZON_DAYS,
      longestMinutes: facts.longestMinutes ?? before?.longestMinutes ?? 0,
    };
    if (row.booking === 'approval' && managerId === null)
      throw new DomainError('invalid-data', 'Booking by approval needs a manager; name one with --manager.');
    await write.resources.set(row);
    const displayName = facts.displayName?.trim();
    if (displayName) await write.principals.rename(room.id, displayName);
    const former = before?.managerId ?? null;
    if (former === managerId) return;
    for (const grant of await write.grants.on(room.id, 0))
      if (grant.granteeId === former && grant.rights === 'manage') await write.grants.remove(grant.id);
    if (managerId !== null)
      await write.grants.add({
        accountId: room.id,
        collectionId: 0,
        granteeId: managerId,
        rights: 'manage',
        createdAt: this.now(),
      });
  }

  private async managerId(reads: Reads, nameOrAddress: string, room: PrincipalRow): Promise<number> {
    const row = await this.row(nameOrAddress, reads);
    if (row === undefined || row.organisationId !== room.organisationId || !['individual', 'group'].includes(row.kind))
      throw new DomainError('not-found', `There is no person or group "${quoted(nameOrAddress)}" to manage it.`);
    return row.id;
  }

  private row(nameOrAddress: string, reads: Reads = this.store): Promise<PrincipalRow | undefined> {
    const folded = foldAddress(nameOrAddress);
    return folded.includes('@') ? reads.principals.byAddress(folded) : reads.principals.byName(folded);
  }
}

/** Features as they are compared: folded, sorted, each once. */
export function foldFeatures(features: readonly string[]): string[] {
  return [...new Set(features.map((feature) => feature.trim().normalize('NFC').toLowerCase()))]
    .filter((feature) => feature !== '')
    .sort();
}

function complete(principal: Principal, { features, ...row }: ResourceRow): BookablePrincipal {
  return { ...principal, ...row, features: JSON.parse(features) as string[] };
}

function checkFacts({
  displayName,
  building,
  capacity,
  features,
  booking,
  horizonDays,
  longestMinutes,
}: RoomFacts): void {
  checkText('A display name', displayName);
  checkText('A building', building);
  checkNumber('The capacity', capacity, 0, MAX_CAPACITY);
  checkNumber('The horizon', horizonDays, 1, MAX_HORIZON_DAYS);
  checkNumber('The longest booking, in minutes,', longestMinutes, 0, MAX_MINUTES);
  if (features !== undefined && features.length > MAX_FEATURES)
    throw new DomainError('invalid-data', `A room has at most ${MAX_FEATURES} features.`);
  for (const feature of features ?? []) checkText('A feature', feature);
  if (booking !== undefined && !BOOKING_RULES.includes(booking))
    throw new DomainError('invalid-data', `Booking is one of ${BOOKING_RULES.join(', ')}.`);
}

function checkText(what: string, text = ''): void {
  if (text.length > MAX_TEXT || /\p{Cc}/u.test(text))
    throw new DomainError('invalid-data', `${what} has at most ${MAX_TEXT} characters and no control characters.`);
}

function checkNumber(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < least || value > most)
    throw new DomainError('invalid-data', `${what} is a whole number from ${least} to ${most}.`);
}

function unknown(nameOrAddress: string, kind = 'room or resource'): DomainError {
  return new DomainError('not-found', `There is no ${kind} "${quoted(nameOrAddress)}".`);
}
