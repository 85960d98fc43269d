/**
 * Who is this? Chosen passwords and device passwords, the cache of verified log-ins, and the throttle around both.
 * RFC 4616 and RFC 7617 bring names and passwords here; nothing here knows which. One object serves every protocol, so that
 * guesses spread over protocols are counted together.
 * Elsewhere: hashing (password-hashing.ts), counting (login-throttle.ts), reading the password off the wire (src/http.ts).
 */
import { hash, randomBytes } from 'node:crypto';
import type { CredentialRow, Store } from '../../storage/store.ts';
import type { AuditLog } from '../administration/audit-log.ts';
import { DomainError } from '../errors.ts';
import { contains, parseAddress, parseNetwork } from '../networks.ts';
import type { Principal } from './access.ts';
import { foldAddress } from './addresses.ts';
import type { LoginThrottle } from './login-throttle.ts';
import { isPassword, matchesDevicePassword, type PasswordHashing } from './password-hashing.ts';
import type { SecondFactors } from './second-factor.ts';

/** What a credential may be used for; the chosen password is good for everything. */
export type Scope = 'mail' | 'calendars' | 'contacts' | 'send' | 'web';

export interface LoginAttempt {
  /** Name or any address of the principal, in any letter case. */
  readonly name: string;
  readonly password: string;
  /** IP address of the peer. */
  readonly peer: string;
  /** One of these is enough. */
  readonly scopes: readonly Scope[];
  /** What the program calls itself, to show where a password was last used. */
  readonly client?: string | undefined;
}

/** What stands beside passwords. */
export interface AuthenticationParts {
  readonly secondFactors?: SecondFactors;
  readonly audit?: AuditLog;
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

export class Authentication {
  private readonly store: Store;
  private readonly hashing: PasswordHashing;
  private readonly throttle: LoginThrottle;
  private readonly now: () => number;
  private readonly parts: AuthenticationParts;
  private readonly endings: ((principalId: number) => void)[] = [];
  private readonly secret = randomBytes(32).toString('base64');
  private readonly cache = new Map<string, CachedLogin>();
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

  /** Calls back when what a principal is logged in with may not be good any more: sessions and connections end. */
  onForget(ending: (principalId: number) => void): void {
    this.endings.push(ending);
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
  private counted(attempt: LoginAttempt, verify: () => Promise<Login | undefined>): Promise<Login | undefined> {
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

  private failed(attempt: LoginAttempt): DomainError {
    this.parts.audit?.failedLogin(this.countedName(attempt.name), attempt.peer, attempt.scopes.join(' '));
    return new DomainError('authentication-failed', 'The name or the password is wrong.');
  }

  private succeeded(attempt: LoginAttempt, credential: CredentialRow): void {
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
    if (!isPassword(attempt.password) || attempt.name === '' || attempt.name.length > MAX_NAME) return undefined;
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
    return row === undefined ? undefined : { ...row, addresses: await this.store.principals.addresses(row.id) };
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

  private noteUse(credential: CredentialRow, { peer, client = '', scopes, name }: LoginAttempt): void {
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
