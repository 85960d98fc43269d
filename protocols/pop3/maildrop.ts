/**
 * A maildrop: INBOX as it was when it was opened, numbered from 1, locked for one session.
 * RFC 1939 §4 (lock), §5 (numbers, deletion marks), §6 (UPDATE: what is marked goes at QUIT only), §7 (UIDL).
 * Elsewhere: sending messages (transmission.ts).
 */
import { DomainError } from '../../src/errors.ts';
import type { MailboxView } from '../../src/mail/mailbox-view.ts';
import type { MailboxViews } from '../../src/mail/mailbox-views.ts';
import type { Mailboxes } from '../../src/mail/mailboxes.ts';
import type { Messages } from '../../src/mail/messages.ts';
import { uidSetOfSorted } from '../../src/mail/uid-set.ts';
import type { Principal } from '../../src/principals/access.ts';
import { Pop3Refusal } from './refusal.ts';

export interface MaildropServices {
  readonly mailboxes: Mailboxes;
  readonly views: MailboxViews;
  readonly messages: Messages;
  /** Ids of the mailboxes that are open as maildrops, by whichever listener. */
  readonly locked: Set<number>;
}

export class Maildrop {
  readonly principal: Principal;
  readonly #services: MaildropServices;
  readonly #view: MailboxView;
  /** Of all messages, those marked as deleted included. */
  readonly #uids: Uint32Array;
  readonly #messageIds: Float64Array;
  readonly #sizes: Float64Array;
  readonly #deleted = new Set<number>();
  /** UIDs of messages that were sent whole. */
  readonly #read = new Set<number>();

  private constructor(principal: Principal, services: MaildropServices, view: MailboxView, sizes: Float64Array) {
    this.principal = principal;
    this.#services = services;
    this.#view = view;
    this.#uids = view.uids.slice(0, view.count);
    this.#messageIds = view.messageIds.slice(0, view.count);
    this.#sizes = sizes.slice(0, view.count);
  }

  /**
   * Opens and locks the maildrop of a principal; `close` it.
   * @throws DomainError in-use while another session has it
   */
  static async open(principal: Principal, services: MaildropServices): Promise<Maildrop> {
    const { id } = await services.mailboxes.find(principal, 'INBOX');
    if (services.locked.has(id)) throw new DomainError('in-use', 'Another session has this maildrop open.');
    services.locked.add(id);
    let view: MailboxView | undefined;
    try {
      view = await services.views.open(id);
      const { sizes } = await services.views.facts(view);
      return new Maildrop(principal, services, view, sizes);
    } catch (error) {
      services.locked.delete(id);
      if (view !== undefined) services.views.release(view);
      throw error;
    }
  }

  /** Messages that are not marked, and their octets together. */
  totals(): { messages: number; octets: number } {
    let octets = 0;
    for (const [index, size] of this.#sizes.entries()) if (!this.#deleted.has(index + 1)) octets += size;
    return { messages: this.#uids.length - this.#deleted.size, octets };
  }

  /** Numbers of the messages that are not marked, ascending. */
  *numbers(): Generator<number> {
    for (let number = 1; number <= this.#uids.length; number++) if (!this.#deleted.has(number)) yield number;
  }

  /**
   * The number a client gave.
   * @throws Pop3Refusal when it is none, or its message is marked as deleted
   */
  parse(argument: string): number {
    if (!/^[0-9]{1,10}$/.test(argument)) throw new Pop3Refusal('The number of a message is expected.');
    const number = Number(argument);
    if (number < 1 || number > this.#uids.length) throw new Pop3Refusal('There is no such message.');
    if (this.#deleted.has(number)) throw new Pop3Refusal('The message is marked as deleted.');
    return number;
  }

  size(number: number): number {
    return this.#sizes[number - 1] as number;
  }

  messageId(number: number): number {
    return this.#messageIds[number - 1] as number;
  }

  /** RFC 1939 §7: the same in all sessions, never given to another message. */
  uniqueId(number: number): string {
    return `${this.#view.uidvalidity}.${this.#uids[number - 1]}`;
  }

  /** Marks a message; it goes at QUIT. */
  delete(number: number): void {
    this.#deleted.add(number);
  }

  reset(): void {
    this.#deleted.clear();
  }

  noteRead(number: number): void {
    this.#read.add(this.#uids[number - 1] as number);
  }

  /**
   * UPDATE (RFC 1939 §6): removes what is marked. What another client took away meanwhile is gone as well.
   * @throws whatever kept the store from it; some messages may remain then
   */
  async update(): Promise<void> {
    const marked = [...this.#deleted].sort((a, b) => a - b).map((number) => this.#uids[number - 1] as number);
    if (marked.length > 0) await this.#services.messages.remove(this.principal, this.#view, uidSetOfSorted(marked));
  }

  /** Notes which messages were read, and lets others in. */
  async close(): Promise<void> {
    const read = [...this.#read].sort((a, b) => a - b);
    try {
      if (read.length > 0 && !this.#view.removed)
        await this.#services.messages.markSeen(this.principal, this.#view, uidSetOfSorted(read));
    } finally {
      this.#services.locked.delete(this.#view.mailboxId);
      this.#services.views.release(this.#view);
    }
  }
}
