/**
 * The queue as an operator sees and changes it.
 * Elsewhere: working it off (outbound.ts).
 */
import type { Store, SubmissionRow } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';

export interface QueuedMail {
  readonly id: number;
  readonly state: SubmissionRow['state'];
  readonly mailFrom: string;
  readonly rcptTo: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
}

/** What can be done with mail in the queue. */
export type QueueAction = 'retry' | 'hold' | 'drop';

const SHOWN = 1_000;

export class Queue {
  private readonly store: Store;
  private readonly now: () => number;
  private changed: () => void = () => {};

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  /** Whom to tell that something may be due. */
  onChange(changed: () => void): void {
    this.changed = changed;
  }

  /** The oldest first. */
  async list(): Promise<QueuedMail[]> {
    const rows = await this.store.submissions.list(SHOWN);
    return rows.map(({ accountId: _account, blobId: _blob, options: _options, ...shown }) => shown);
  }

  /**
   * Retry: try now, held ones too. Hold: do not try until "retry". Drop: forget it, without telling the sender.
   * @param id undefined: everything that is queued
   * @throws DomainError not-found
   */
  async change(action: QueueAction, id: number | undefined): Promise<number> {
    const now = this.now();
    const ids = id === undefined ? (await this.store.submissions.list(100_000)).map((row) => row.id) : [id];
    const count = await this.store.transaction(async (write) => {
      let changed = 0;
      for (const one of ids) {
        const row = await write.submissions.get(one);
        if (row === undefined) continue;
        changed++;
        if (action === 'drop') await write.submissions.remove(one);
        else if (action === 'hold') await write.submissions.update({ ...row, state: 'held' });
        else await write.submissions.update({ ...row, state: 'queued', nextAttemptAt: now });
      }
      return changed;
    });
    if (id !== undefined && count === 0) throw new DomainError('not-found', `There is no q${id} in the queue.`);
    this.changed();
    return count;
  }
}
