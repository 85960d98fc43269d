/**
 * People of an organisation: adding, listing, passwords, removing. A new individual gets an account, its address and the
 * collections clients expect to find, all in one transaction.
 * RFC 3744 §2 and RFC 9670 name the kinds.
 * Elsewhere: logging in (authentication.ts), reading other principals (directory.ts), many at once (import.ts).
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { DomainRow, PrincipalRow, Reads, Role, Store, Writes } from '../../storage/store.ts';
import { addCollection } from '../collections/collections.ts';
import { DEFAULT_COLLECTIONS } from '../collections/default-collections.ts';
import { type Quota, type QuotaLimit, quotaOf, setQuota } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import { addDefaultMailboxes } from '../mail/default-mailboxes.ts';
import type { Principal } from './access.ts';
import { foldAddress, parseAddressText, parseName, quoted } from './addresses.ts';
import type { Authentication } from './authentication.ts';
import { checkPassword, type PasswordHashing } from './password-hashing.ts';
import type { ScramKeyring } from './scram-keyring.ts';

export interface NewIndividual {
  /** Becomes the primary address; its domain must belong to an organisation of this server. */
  readonly address: string;
  /** Default: the local part of the address. */
  readonly name?: string;
  /** Default: the name. */
  readonly displayName?: string;
  readonly password: string;
  readonly role?: Role;
}

/** What is stored of a new individual, folded and checked. */
interface Facts {
  readonly address: string;
  readonly domain: string;
  readonly name: string;
  readonly displayName: string;
  readonly role: Role;
}

type Prepared = Facts & { readonly passwordHash: string; readonly scram: string };

/** Why one of many cannot be added. */
export interface Problem {
  /** Position in the list. */
  readonly index: number;
  readonly message: string;
}

const MAX_DISPLAY_NAME = 255;
/** Individuals in one transaction, so that others do not wait long for theirs. */
const ADDED_AT_ONCE = 20;
/** Hashes of one import at the same time; log-ins queue beside them. */
const HASHED_AT_ONCE = 2;

export class Principals {
  private readonly store: Store;
  private readonly authentication: Authentication;
  private readonly hashing: PasswordHashing;
  private readonly scram: ScramKeyring;
  private readonly now: () => number;

  constructor(
    store: Store,
    authentication: Authentication,
    hashing: PasswordHashing,
    scram: ScramKeyring,
    now: () => number,
  ) {
    this.store = store;
    this.authentication = authentication;
    this.hashing = hashing;
    this.scram = scram;
    this.now = now;
  }

  /**
   * Founds an organisation with its domain and its owner.
   * @throws DomainError invalid-data, already-exists
   */
  async found(organisation: string, owner: NewIndividual): Promise<Principal> {
    const prepared = await this.prepare({ ...owner, role: 'owner' });
    return this.store.transaction(async (write) => {
      const organisationId = await write.organisations.add(organisation, this.now());
      await write.organisations.addDomain(organisationId, prepared.domain, this.now());
      return this.insert(write, prepared);
    });
  }

  /**
   * Adds an individual with its default collections.
   * @throws DomainError invalid-data; not-found for an unknown domain; already-exists for the name or the address
   */
  async add(individual: NewIndividual): Promise<Principal> {
    const prepared = await this.prepare(individual);
    return this.store.transaction((write) => this.insert(write, prepared));
  }

  /**
   * Adds many, after checking all of them: with a problem in any, nothing is added and every problem is returned. Keys of SCRAM,
   * which take longer than everything else together, are derived when each first logs in with the password itself.
   */
  async addAll(individuals: readonly NewIndividual[]): Promise<Problem[]> {
    const problems = await this.problemsOf(individuals);
    if (problems.length > 0) return problems;
    for (let from = 0; from < individuals.length; from += ADDED_AT_ONCE) {
      const waiting = individuals.slice(from, from + ADDED_AT_ONCE);
      const prepared: Prepared[] = [];
      while (waiting.length > 0)
        prepared.push(...(await Promise.all(waiting.splice(0, HASHED_AT_ONCE).map((one) => this.prepare(one)))));
      await this.store.transaction(async (write) => {
        for (const one of prepared) await this.insert(write, one);
      });
    }
    return [];
  }

  /** Everybody on this server, in order of name, with addresses. */
  async list(): Promise<Principal[]> {
    const rows = await this.store.principals.list(0);
    return Promise.all(rows.map((row) => this.withAddresses(row)));
  }

  /**
   * By name or by any address.
   * @throws DomainError not-found
   */
  async find(nameOrAddress: string): Promise<Principal> {
    const folded = foldAddress(nameOrAddress);
    const row = folded.includes('@')
      ? await this.store.principals.byAddress(folded)
      : await this.store.principals.byName(folded);
    if (row === undefined) throw new DomainError('not-found', `There is no user "${quoted(nameOrAddress)}".`);
    return this.withAddresses(row);
  }

  /**
   * Replaces the chosen password. What was logged in with the old one is not any more.
   * @throws DomainError not-found, invalid-data
   */
  async setPassword(nameOrAddress: string, password: string): Promise<Principal> {
    const principal = await this.find(nameOrAddress);
    const hash = await this.hashing.hash(password);
    const scram = await this.scram.seal(principal.name, password);
    await this.store.transaction(async (write) => {
      await write.credentials.removeKind(principal.id, 'password');
      await write.credentials.add(chosenPassword(principal.id, hash, scram, this.now()));
    });
    this.authentication.forget(principal.id);
    return principal;
  }

  /**
   * Gives a principal's account another limit, if one is given.
   * @returns the principal, and what its account uses and may use
   * @throws DomainError not-found
   */
  async quota(nameOrAddress: string, limit?: QuotaLimit): Promise<Quota & { readonly principal: Principal }> {
    const principal = await this.find(nameOrAddress);
    if (limit !== undefined) await setQuota(this.store, principal.id, limit);
    return { principal, ...(await quotaOf(this.store, principal.id)) };
  }

  /**
   * Removes a principal and everything in its account. The last owner stays.
   * @throws DomainError not-found, forbidden
   */
  async remove(nameOrAddress: string): Promise<Principal> {
    const principal = await this.find(nameOrAddress);
    await this.store.transaction(async (write) => {
      const others = await write.principals.list(principal.organisationId);
      if (principal.role === 'owner' && !others.some(({ id, role }) => role === 'owner' && id !== principal.id))
        throw new DomainError(
          'forbidden',
          `${principal.name} is the only owner of the organisation and cannot be removed.`,
        );
      await write.principals.remove(principal.id);
    });
    this.authentication.forget(principal.id);
    return principal;
  }

  private async problemsOf(individuals: readonly NewIndividual[]): Promise<Problem[]> {
    const problems: Problem[] = [];
    const names = new Set<string>();
    const addresses = new Set<string>();
    for (const [index, individual] of individuals.entries()) {
      try {
        const facts = validated(individual);
        await this.checkFree(this.store, facts);
        if (names.has(facts.name))
          throw new DomainError('already-exists', `The name ${facts.name} is in the list twice.`);
        if (addresses.has(facts.address))
          throw new DomainError('already-exists', `The address ${facts.address} is in the list twice.`);
        names.add(facts.name);
        addresses.add(facts.address);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        problems.push({ index, message: error.message });
      }
    }
    return problems;
  }

  /** Whether name and address can be given out; returns the organisation they would belong to, and the domain. */
  private async checkFree(reads: Reads, { address, domain: domainName, name }: Facts): Promise<DomainRow> {
    const domain = await reads.organisations.domain(domainName);
    if (domain === undefined)
      throw new DomainError(
        'not-found',
        `${domainName} is not a domain of this server; add it with: convene domain add ${domainName}`,
      );
    if ((await reads.principals.byAddress(address)) !== undefined)
      throw new DomainError('already-exists', `The address ${address} is already taken.`);
    if ((await reads.principals.byName(name)) !== undefined)
      throw new DomainError('already-exists', `The name ${name} is already taken; choose another with --name.`);
    return domain;
  }

  private async prepare(individual: NewIndividual): Promise<Prepared> {
    const { password, ...facts } = validated(individual);
    const passwordHash = await this.hashing.hash(password);
    return { ...facts, passwordHash, scram: await this.scram.seal(facts.name, password) };
  }

  private async insert(write: Writes, prepared: Prepared): Promise<Principal> {
    const { address, name, displayName, role } = prepared;
    const domain = await this.checkFree(write, prepared);
    const now = this.now();
    const row: Omit<PrincipalRow, 'id'> = {
      organisationId: domain.organisationId,
      kind: 'individual',
      name,
      displayName,
      uuid: randomUUID(),
      role,
      createdAt: now,
    };
    // RFC 9051 §2.3.1.1: UIDVALIDITY must not repeat; the time of birth, in seconds, and some luck on top.
    const id = await write.principals.add(row, Math.floor(now / 1000) + randomInt(1_000));
    await write.principals.addAddress(id, domain.id, address, 0);
    await write.credentials.add(chosenPassword(id, prepared.passwordHash, prepared.scram, now));
    for (const { home, segment, ...made } of DEFAULT_COLLECTIONS)
      await addCollection(write, id, home, segment, made, now);
    await addDefaultMailboxes(write, id, now);
    return { id, ...row, addresses: [address] };
  }

  private async withAddresses(row: PrincipalRow): Promise<Principal> {
    return { ...row, addresses: await this.store.principals.addresses(row.id) };
  }
}

/** Folds and checks what was asked. Throws DomainError invalid-data. */
function validated(individual: NewIndividual): Facts & { readonly password: string } {
  const { local, domain } = parseAddressText(individual.address);
  const name = parseName(individual.name || local);
  const displayName = individual.displayName?.trim() || individual.name?.trim() || local;
  if (displayName.length > MAX_DISPLAY_NAME || /\p{Cc}/u.test(displayName))
    throw new DomainError(
      'invalid-data',
      `A display name has at most ${MAX_DISPLAY_NAME} characters and no control characters.`,
    );
  const { password } = individual;
  checkPassword(password);
  return { address: `${local}@${domain}`, domain, name, displayName, role: individual.role ?? 'member', password };
}

function chosenPassword(principalId: number, hash: string, scram: string, now: number) {
  return {
    principalId,
    kind: 'password' as const,
    name: '',
    hash,
    scopes: '[]',
    networks: '[]',
    createdAt: now,
    expiresAt: null,
    lastUsedAt: null,
    lastPeer: '',
    lastClient: '',
    scram,
  };
}
