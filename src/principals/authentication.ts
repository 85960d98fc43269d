/**
 * Who is this? Chosen passwords and device passwords, the cache of verified log-ins, and the throttle around both.
 * RFC 4616 and RFC 7617 bring names and passwords here, RFC 5802 names and proofs, RFC 7628 tokens; nothing here knows which. One object serves every protocol, so that
 * guesses spread over protocols are counted together.
 * Elsewhere: hashing (password-hashing.ts), counting (login-throttle.ts), reading the password off the wire (src/http.ts).
 */
import { hash, randomBytes } from 'node:crypto';
import type { CredentialRow, PrincipalRow, Store } from '../../storage/store.ts';
import type { AuditLog } from '../administration/audit-log.ts';
import { DomainError } from '../errors.ts';
import { contains, parseAddress, parseNetwork } from '../networks.ts';
import type { Principal } from './access.ts';
import { foldAddress } from './addresses.ts';
import type { BearerTokens } from './bearer-tokens.ts';
import type { LoginThrottle } from './login-throttle.ts';
import { isPassword, matchesDevicePassword, type PasswordHashing } from './password-hashing.ts';
import type { ScramKeys, ScramParameters } from './scram.ts';
import type { ScramKeyring } from './scram-keyring.ts';
import type { SecondFactors } from './second-factor.ts';

/** What a credential may be used for; the chosen password is good for everything. */
export type Scope = 'mail' | 'calendars' | 'contacts' | 'send' | 'web';

export interface Attempt {
  /** Name or any address of the principal, in any letter case. */
  readonly name: string;
  /** IP address of the peer. */
  readonly peer: string;
  /** One of these is enough. */
  readonly scopes: readonly Scope[];
  /** What the program calls itself, to show where a password was last used. */
  readonly client?: string | undefined;
}

export interface LoginAttempt extends Attempt {
  readonly password: string;
}

/** What stands beside passwords. */
export interface AuthenticationParts {
  readonly scram?: ScramKeyring;
  readonly secondFactors?: SecondFactors;
  readonly audit?: AuditLog;
  readonly tokens?: BearerTokens | undefined;
}

interface Login {
  readonly principal: Principal;
  readonly credential: CredentialRow;
  /** Whether the principal has a second factor: then its chosen password opens no protocol. */
  readonly secondFactor: boolean;
}

interface CachedLogin extends Login {
  readonly until: number;
}

/** A verified log-in is believed for this long, or until its password changes. */
const CACHED_FOR = 5 * 60_000;
const MAX_CACHED = 10_000;
/** Last use is written down at most this often. */
const USE_NOTED_EVERY = 60 * 60_000;
/** And when it comes from another place or program, this often. */
const CHANGE_NOTED_EVERY = 60_000;
const MAX_NAME = 320;
const MAX_CLIENT = 200;
const MAX_TOKEN_USES = 10_000;

export class Authentication {
  private readonly store: Store;
  private readonly hashing: PasswordHashing;
  private readonly throttle: LoginThrottle;
  private readonly now: () => number;
  private readonly parts: AuthenticationParts;
  private readonly endings: ((principalId: number) => void)[] = [];
  private readonly secret = randomBytes(32).toString('base64');
  private readonly cache = new Map<string, CachedLogin>();
  /** When a token of a principal was last written down. */
  private readonly tokenUses = new Map<number, number>();
  private readonly running = new Map<string, Promise<Login | undefined>>();
  /** Moves on when any cached log-in may have become wrong; a verification that began before is not cached. */
  private generation = 0;
  /** Domains of this server: an address in one of them and its local part are the same name to the throttle. */
  private ownDomains: ReadonlySet<string> = new Set();

  constructor(
    store: Store,
    hashing: PasswordHashing,
    throttle: LoginThrottle,
    now: () => number,
    parts: AuthenticationParts = {},
  ) {
    this.store = store;
    this.hashing = hashing;
    this.throttle = throttle;
    this.now = now;
    this.parts = parts;
  }

  /** A key for `recall`: a digest, keyed by a secret of this process, of any text that holds the name and the password. */
  keyOf(secretText: string): string {
    return hash('sha256', this.secret + secretText, 'base64');
  }

  /** The principal of a log-in that was verified lately, undefined when there is none. Takes microseconds. */
  recall(key: string, peer: string, scopes: readonly Scope[]): Principal | undefined {
    const login = this.cache.get(key);
    if (login === undefined) return undefined;
    if (login.until <= this.now()) {
      this.cache.delete(key);
      return undefined;
    }
    return permits(login, peer, scopes, this.now()) ? login.principal : undefined;
  }

  /**
   * Verifies a name and password.
   * @param key from `keyOf`: under it the log-in is cached
   * @throws DomainError authentication-failed, too-many-attempts (with retryAfter), unavailable
   */
  async login(key: string, attempt: LoginAttempt): Promise<Principal> {
    const known = this.recall(key, attempt.peer, attempt.scopes);
    if (known !== undefined) return known;
    // Many connections with one password, as clients open them, are one verification; each failure still counts.
    const same = this.running.get(key);
    const login = same === undefined ? undefined : await same.catch(() => undefined);
    if (login !== undefined && permits(login, attempt.peer, attempt.scopes, this.now())) return login.principal;
    const result = await this.counted(attempt, () => this.once(key, attempt));
    if (result === undefined || !permits(result, attempt.peer, attempt.scopes, this.now())) throw this.failed(attempt);
    this.succeeded(attempt, result.credential);
    this.learn(attempt, result);
    return result.principal;
  }

  /**
   * Signs somebody in to the web: chosen password, and a code where the second factor is on. Never cached.
   * @throws DomainError authentication-failed; second-factor-required when only the code is missing; too-many-attempts
   */
  async signIn(attempt: Omit<LoginAttempt, 'scopes'>, code: string | undefined): Promise<Principal> {
    const web = { ...attempt, scopes: ['web'] as const };
    const result = await this.counted(web, () => this.verify(undefined, web));
    if (result === undefined || result.credential.kind !== 'password') throw this.failed(web);
    if (result.secondFactor) {
      if (code === undefined) {
        this.throttle.withdraw(this.countedName(attempt.name), attempt.peer);
        throw new DomainError('second-factor-required', 'A code of the second factor is needed too.');
      }
      if (!(await this.parts.secondFactors?.accept(result.principal.id, code))) throw this.failed(web);
    }
    this.succeeded(web, result.credential);
    return result.principal;
  }

  /** Salt and iteration count for a name, whether there is a principal behind it or not (RFC 5802 §5). */
  async scramParameters(name: string): Promise<ScramParameters> {
    const principal = this.couldBeName(name) ? await this.find(name) : undefined;
    return this.scram().parameters(principal?.name ?? this.countedName(name));
  }

  /**
   * Verifies a proof of one of somebody's passwords (RFC 5802 §3): the name does not tell which, so each is tried. Never cached.
   * @param check with the keys of each; undefined when the proof was not made with them
   * @throws DomainError authentication-failed, too-many-attempts (with retryAfter)
   */
  async prove<Proof>(
    attempt: Attempt,
    check: (keys: ScramKeys) => Proof | undefined,
  ): Promise<{ readonly principal: Principal; readonly proof: Proof }> {
    const result = await this.counted(attempt, () => this.verifyProof(attempt.name, check));
    if (result === undefined || !permits(result, attempt.peer, attempt.scopes, this.now())) throw this.failed(attempt);
    this.succeeded(attempt, result.credential);
    return result;
  }

  /** Whether everybody can log in by SCRAM: until then it is not offered. */
  get scramForAll(): boolean {
    return this.parts.scram?.knowsEverybody ?? false;
  }

  /** What tells whose a token is; undefined where none are taken. */
  get tokens(): BearerTokens | undefined {
    return this.parts.tokens;
  }

  /**
   * Verifies a bearer token (RFC 7628 §3.2). Whether there is a second factor is between the person and the issuer. Never cached.
   * @param attempt its name is whom the client says it is; '' when it does not say
   * @throws DomainError authentication-failed, too-many-attempts (with retryAfter), unavailable
   */
  async bearer(attempt: Attempt, token: string): Promise<Principal> {
    const principal = await this.counted(attempt, () => this.bearerOf(attempt.name, token));
    if (principal === undefined) throw this.failed(attempt, 'The token is not good here.');
    this.throttle.succeeded(this.countedName(attempt.name), attempt.peer);
    this.noteTokenUse(principal, attempt);
    return principal;
  }

  /** Calls back when what a principal is logged in with may not be good any more: sessions and connections end. */
  onForget(ending: (principalId: number) => void): void {
    this.endings.push(ending);
  }

  /** Lets go of what nobody waits for, before the store closes. */
  async stop(): Promise<void> {
    await this.parts.scram?.stop();
  }

  /** Ends what was remembered of a principal: after a change of password, of name or addresses, and after removal. */
  forget(principalId: number): void {
    this.generation++;
    for (const [key, login] of this.cache) if (login.principal.id === principalId) this.cache.delete(key);
    for (const ending of this.endings) ending(principalId);
  }

  /** Reads the domains of this server: at start, and after they changed. */
  async loadDomains(): Promise<void> {
    this.ownDomains = new Set((await this.store.organisations.domains()).map(({ name }) => name));
  }

  /** Counts an attempt before it is verified: nothing is awaited until then, so parallel attempts are counted one by one. */
  private counted<T>(attempt: Attempt, verify: () => Promise<T | undefined>): Promise<T | undefined> {
    const name = this.countedName(attempt.name);
    const wait = this.throttle.attempt(name, attempt.peer);
    if (wait > 0)
      throw new DomainError('too-many-attempts', 'Too many failed log-ins; wait a moment.', {
        retryAfter: Math.ceil(wait / 1000),
      });
    return verify().catch((error: unknown) => {
      this.throttle.withdraw(name, attempt.peer);
      throw error;
    });
  }

  private failed(attempt: Attempt, sentence = 'The name or the password is wrong.'): DomainError {
    this.parts.audit?.failedLogin(this.countedName(attempt.name), attempt.peer, attempt.scopes.join(' '));
    return new DomainError('authentication-failed', sentence);
  }

  private succeeded(attempt: Attempt, credential: CredentialRow): void {
    this.throttle.succeeded(this.countedName(attempt.name), attempt.peer);
    this.noteUse(credential, attempt);
  }

  private once(key: string, attempt: LoginAttempt): Promise<Login | undefined> {
    const running = this.running.get(key);
    if (running !== undefined) return running;
    const verification = this.verify(key, attempt).finally(() => this.running.delete(key));
    this.running.set(key, verification);
    return verification;
  }

  /** @param key to remember it under; undefined: not to be remembered */
  private async verify(key: string | undefined, attempt: LoginAttempt): Promise<Login | undefined> {
    if (!isPassword(attempt.password) || !this.couldBeName(attempt.name)) return undefined;
    const generation = this.generation;
    const principal = await this.find(attempt.name);
    const credentials = principal === undefined ? [] : await this.store.credentials.list(principal.id);
    const chosen = credentials.find((credential) => credential.kind === 'password');
    const device = credentials.find(
      (credential) => credential.kind === 'device' && matchesDevicePassword(attempt.password, credential.hash),
    );
    const right = device === undefined ? await this.hashing.verify(attempt.password, chosen?.hash) : true;
    const credential = device ?? chosen;
    if (!right || principal === undefined || credential === undefined) return undefined;
    const secondFactor = (await this.parts.secondFactors?.isOn(principal.id)) ?? false;
    const scoped = credential.kind === 'device' ? { ...principal, scopes: textList(credential.scopes) } : principal;
    const login = { principal: scoped, credential, secondFactor };
    if (key !== undefined && generation === this.generation) this.remember(key, login);
    return login;
  }

  private async verifyProof<Proof>(
    name: string,
    check: (keys: ScramKeys) => Proof | undefined,
  ): Promise<(Login & { readonly proof: Proof }) | undefined> {
    const principal = this.couldBeName(name) ? await this.find(name) : undefined;
    if (principal === undefined) return undefined;
    for (const credential of await this.store.credentials.list(principal.id)) {
      const keys = this.scram().keysOf(principal.name, credential);
      const proof = keys === undefined ? undefined : check(keys);
      if (proof === undefined) continue;
      const secondFactor = (await this.parts.secondFactors?.isOn(principal.id)) ?? false;
      return { principal, credential, secondFactor, proof };
    }
    return undefined;
  }

  /** The person a token speaks for: nobody signs in as a group, a room or a shared mailbox. */
  private async bearerOf(claimed: string, token: string): Promise<Principal | undefined> {
    const subject = await this.tokens?.subject(token);
    const row = subject === undefined || !this.couldBeName(subject) ? undefined : await this.byText(subject);
    if (row?.kind !== 'individual') return undefined;
    const principal = await this.withAddresses(row);
    return claimed === '' || isIdentityOf(principal, claimed) ? principal : undefined;
  }

  /** Passwords of programs that may come by SCRAM, which only mail has. */
  private learn({ scopes, password }: LoginAttempt, { principal, credential }: Login): void {
    if (scopes.includes('mail') || scopes.includes('send'))
      this.parts.scram?.learn(principal.name, credential, password);
  }

  private scram(): ScramKeyring {
    if (this.parts.scram === undefined) throw new Error('There are no keys of SCRAM.');
    return this.parts.scram;
  }

  private couldBeName(name: string): boolean {
    return name !== '' && name.length <= MAX_NAME;
  }

  private remember(key: string, login: Login): void {
    const until = Math.min(this.now() + CACHED_FOR, login.credential.expiresAt ?? Number.MAX_SAFE_INTEGER);
    this.cache.delete(key);
    this.cache.set(key, { ...login, until });
    if (this.cache.size <= MAX_CACHED) return;
    const oldest = this.cache.keys().next();
    if (oldest.done !== true) this.cache.delete(oldest.value);
  }

  /** By address or name as written, then percent-decoded, as some clients send the `@` of an address. */
  private async find(written: string): Promise<Principal | undefined> {
    const decoded = percentDecoded(written);
    const row = (await this.byText(written)) ?? (decoded === written ? undefined : await this.byText(decoded));
    return row === undefined ? undefined : this.withAddresses(row);
  }

  private async withAddresses(row: PrincipalRow): Promise<Principal> {
    return { ...row, addresses: await this.store.principals.addresses(row.id) };
  }

  private byText(text: string) {
    const folded = foldAddress(text);
    return folded.includes('@') ? this.store.principals.byAddress(folded) : this.store.principals.byName(folded);
  }

  /** What an attempt is counted under: a name, and its address in a domain of ours, are one. */
  private countedName(written: string): string {
    const folded = foldAddress(percentDecoded(written.slice(0, MAX_NAME)));
    const at = folded.lastIndexOf('@');
    return at !== -1 && this.ownDomains.has(folded.slice(at + 1)) ? folded.slice(0, at) : folded;
  }

  private noteUse(credential: CredentialRow, { peer, client = '', scopes, name }: Attempt): void {
    const now = this.now();
    const program = client.replace(/\p{Cc}/gu, ' ').slice(0, MAX_CLIENT);
    const same = credential.lastPeer === peer && credential.lastClient === program;
    const since = credential.lastUsedAt === null ? Number.POSITIVE_INFINITY : now - credential.lastUsedAt;
    if (since < (same ? USE_NOTED_EVERY : CHANGE_NOTED_EVERY)) return;
    // A log-in is not worse because this could not be written.
    this.store.transaction((write) => write.credentials.used(credential.id, now, peer, program)).catch(() => {});
    void this.parts.audit?.record({
      actor: this.countedName(name),
      action: 'login',
      peer,
      details: { for: scopes.join(' '), with: credential.kind === 'device' ? `d${credential.id}` : 'password' },
    });
  }

  private noteTokenUse({ id, name }: Principal, { peer, scopes }: Attempt): void {
    const now = this.now();
    const last = this.tokenUses.get(id);
    if (last !== undefined && now - last < USE_NOTED_EVERY) return;
    if (this.tokenUses.size >= MAX_TOKEN_USES) this.tokenUses.clear();
    this.tokenUses.set(id, now);
    void this.parts.audit?.record({
      actor: name,
      action: 'login',
      peer,
      details: { for: scopes.join(' '), with: 'token' },
    });
  }
}

/** Whether a text names a principal itself, by name or address. */
export function isIdentityOf(principal: Principal, identity: string): boolean {
  const folded = foldAddress(identity);
  return folded === principal.name || principal.addresses.includes(folded);
}

function permits(login: Login, peer: string, scopes: readonly Scope[], now: number): boolean {
  const { credential, secondFactor } = login;
  if (credential.expiresAt !== null && credential.expiresAt <= now) return false;
  // With a second factor on, the web signs in by itself (signIn) and protocols take device passwords.
  if (credential.kind === 'password') return !secondFactor;
  const granted = textList(credential.scopes);
  if (!scopes.some((scope) => granted.includes(scope))) return false;
  const networks = textList(credential.networks);
  if (networks.length === 0) return true;
  const address = parseAddress(peer);
  return networks.some((text) => {
    const network = parseNetwork(text);
    return network !== undefined && address !== undefined && contains(network, address);
  });
}

function textList(json: string): string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
