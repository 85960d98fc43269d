/**
 * Sessions of the web: who signed in with chosen password and, where it is on, second factor.
 * Kept in memory, under a digest of their secret: they end with the server, with the password, and some hours after their last use.
 * Elsewhere: the cookie they are in (protocols/http-login.ts).
 */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from './access.ts';

interface Session {
  readonly principal: Principal;
  readonly startedAt: number;
  usedAt: number;
}

export interface NewSession {
  /** The secret of the cookie. */
  readonly id: string;
  /** What a request that changes something must repeat in a header. */
  readonly csrf: string;
}

const IDLE_MS = 12 * 60 * 60_000;
const LONGEST_MS = 7 * 24 * 60 * 60_000;
const MAX_SESSIONS = 20_000;
const MAX_PER_PERSON = 50;

export class Sessions {
  private readonly now: () => number;
  private readonly secret = randomBytes(32);
  private readonly sessions = new Map<string, Session>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** A session with a new secret, whatever the client had before. */
  start(principal: Principal): NewSession {
    const id = randomBytes(32).toString('base64url');
    const own = [...this.sessions].filter(([, session]) => session.principal.id === principal.id);
    if (own.length >= MAX_PER_PERSON) this.sessions.delete(own[0]![0]);
    const now = this.now();
    this.sessions.set(digest(id), { principal, startedAt: now, usedAt: now });
    if (this.sessions.size > MAX_SESSIONS) this.sessions.delete(this.sessions.keys().next().value ?? '');
    return { id, csrf: this.csrfOf(id) };
  }

  /** Whose session it is; undefined when it ended or never was. */
  find(id: string): Principal | undefined {
    const key = digest(id);
    const session = this.sessions.get(key);
    if (session === undefined) return undefined;
    const now = this.now();
    if (now - session.usedAt > IDLE_MS || now - session.startedAt > LONGEST_MS) {
      this.sessions.delete(key);
      return undefined;
    }
    session.usedAt = now;
    return session.principal;
  }

  /** Whether a request that came with this session's cookie was written by its own page. */
  matches(id: string, csrf: string): boolean {
    const expected = Buffer.from(this.csrfOf(id));
    const given = Buffer.from(csrf);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  end(id: string): void {
    this.sessions.delete(digest(id));
  }

  /** Ends all sessions of a principal. */
  endAll(principalId: number): void {
    for (const [key, session] of this.sessions) if (session.principal.id === principalId) this.sessions.delete(key);
  }

  private csrfOf(id: string): string {
    return createHmac('sha256', this.secret).update(id).digest('base64url');
  }
}

function digest(id: string): string {
  return hash('sha256', id, 'base64');
}
