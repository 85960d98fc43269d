/**
 * Who did what: log-ins, grants, links, passwords and administrative acts, kept for over a year.
 * Entries never hold a secret or what people wrote: names, ids, addresses and counts only.
 * Elsewhere: the rows (storage/audit.ts), reading them (`convene audit`, the JSON API).
 */
import type { AuditRow, Store } from '../../storage/store.ts';
import type { Job } from '../jobs.ts';

export interface AuditEntry {
  /** Name of a principal, or 'operator' at the command line. */
  readonly actor: string;
  /** 'feed.create', 'login.failed'. */
  readonly action: string;
  readonly target?: string;
  readonly peer?: string;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

export const OPERATOR = 'operator';

const KEPT_MS = 400 * 24 * 60 * 60_000;
const EXPIRED_AT_ONCE = 500;
/** Failed log-ins written down in a minute; guesses must not fill the disk. */
const FAILURES_A_MINUTE = 60;
const MAX_TEXT = 200;

export class AuditLog {
  private readonly store: Store;
  private readonly now: () => number;
  private minute = 0;
  private failures = 0;

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  /** Writes an entry. What it tells of has happened already, so a failure here is not an error of it. */
  record(entry: AuditEntry): Promise<void> {
    const { actor, action, target = '', peer = '', details = {} } = entry;
    const row = {
      at: this.now(),
      actor: actor.slice(0, MAX_TEXT),
      action,
      target: target.slice(0, MAX_TEXT),
      peer: peer.slice(0, MAX_TEXT),
      details: JSON.stringify(details),
    };
    return this.store.transaction((write) => write.audit.add(row)).catch(() => {});
  }

  /** Writes down a failed log-in, unless there were many in this minute. */
  failedLogin(name: string, peer: string, protocol: string): void {
    const minute = Math.floor(this.now() / 60_000);
    if (minute !== this.minute) {
      this.minute = minute;
      this.failures = 0;
    }
    if (++this.failures > FAILURES_A_MINUTE) return;
    void this.record({ actor: name.replace(/\p{Cc}/gu, '?'), action: 'login.failed', peer, details: { protocol } });
  }

  /** The newest entries first, of one actor or of all. */
  last(actor: string | undefined, limit: number): Promise<AuditRow[]> {
    return this.store.audit.last(actor, limit);
  }

  /** Forgets what is old. */
  get expiry(): Job {
    return {
      name: 'expire-audit',
      everyMs: 6 * 60 * 60_000,
      run: async (signal) => {
        let gone = EXPIRED_AT_ONCE;
        while (gone === EXPIRED_AT_ONCE && !signal.aborted)
          gone = await this.store.transaction((write) => write.audit.expire(this.now() - KEPT_MS, EXPIRED_AT_ONCE));
      },
    };
  }
}
