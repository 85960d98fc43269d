/**
 * Whether the server should get work: the store takes writes, the disk has room, the mail queue moves.
 * Elsewhere: the addresses it is asked at (src/http.ts), figures (metrics.ts).
 */
import { statfs } from 'node:fs/promises';
import type { Store } from '../storage/store.ts';

/** Of the file system the data is on. */
const FREE_SHARE = 0.05;
/** A large disk is not full at its last twentieth. */
const FREE_ENOUGH = 2 * 1024 ** 3;
/** A queued message whose time came this long ago was not tried: nothing is trying. */
const OVERDUE_MS = 15 * 60_000;

export class Readiness {
  private readonly store: Store;
  private readonly folder: string;
  private readonly now: () => number;

  constructor(store: Store, folder: string, now: () => number) {
    this.store = store;
    this.folder = folder;
    this.now = now;
  }

  /** What is wrong, in a few words; undefined when nothing is. */
  async problem(): Promise<string | undefined> {
    if (!(await this.store.writable())) return 'the store takes no writes';
    if (!(await this.hasRoom())) return 'the disk is nearly full';
    return (await this.overdue()) > OVERDUE_MS ? 'the mail queue does not move' : undefined;
  }

  /** Octets free on the disk of the data. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.folder);
    return bavail * bsize;
  }

  /** Milliseconds the first message of the queue has waited past its time. */
  async overdue(): Promise<number> {
    const next = await this.store.submissions.nextAttemptAt();
    return next === undefined ? 0 : Math.max(0, this.now() - next);
  }

  private async hasRoom(): Promise<boolean> {
    const { bavail, blocks, bsize } = await statfs(this.folder);
    return bavail * bsize >= FREE_ENOUGH || blocks === 0 || bavail / blocks >= FREE_SHARE;
  }
}
