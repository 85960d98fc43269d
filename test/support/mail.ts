/** The services of mail on a temporary store, with people who have their default mailboxes; for tests of src/mail. */
import type { Test } from 'tap';
import { addDefaultMailboxes } from '../../src/mail/default-mailboxes.ts';
import type { Mailbox } from '../../src/mail/mailbox.ts';
import type { MailboxView } from '../../src/mail/mailbox-view.ts';
import type { StagedMessage } from '../../src/mail/message-stage.ts';
import type { Principal } from '../../src/principals/access.ts';
import { type Mail, mailOn } from '../../src/services.ts';
import type { Store } from '../../storage/store.ts';
import { addPerson, temporaryStore } from './store.ts';

export interface MailBench extends Mail {
  readonly store: Store;
  readonly anna: Principal;
  readonly bob: Principal;
  /** The clock; tests may set it. */
  readonly clock: { now: number };
  stage(accountId: number, octets: string | Buffer): Promise<StagedMessage>;
  /** Appends one message to a mailbox of anna and returns its UID. */
  append(name: string, octets?: string | Buffer, flags?: readonly string[]): Promise<number>;
  inbox(): Promise<Mailbox>;
  /** A view that is given back when the test ends. */
  view(name: string): Promise<MailboxView>;
}

/** A short message with this subject. */
export function message(subject: string, body = 'Text.\r\n'): string {
  return `From: Anna <anna@example.com>\r\nTo: bob@example.com\r\nSubject: ${subject}\r\nMessage-ID: <${encodeURIComponent(subject)}@example.com>\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n${body}`;
}

export async function openMail(t: Test, folder?: string): Promise<MailBench> {
  const clock = { now: 1_700_000_000_000 };
  const store = await temporaryStore(t, {}, folder);
  const mail = mailOn(store, () => clock.now);
  t.teardown(() => mail.texts.close());
  const person = async (name: string): Promise<Principal> => {
    const row = (await store.principals.byName(name)) ?? (await store.principals.get(await addPerson(store, name)));
    if (row === undefined) throw new Error('no such person');
    if ((await store.mailboxes.count(row.id)) === 0)
      await store.transaction((write) => addDefaultMailboxes(write, row.id, clock.now));
    return { ...row, addresses: await store.principals.addresses(row.id) };
  };
  const anna = await person('anna');
  const bob = await person('bob');
  const stage = async (accountId: number, octets: string | Buffer) => {
    const staging = mail.messages.stage(accountId);
    await staging.write(Buffer.from(octets));
    return staging.finish();
  };
  return {
    ...mail,
    store,
    anna,
    bob,
    clock,
    stage,
    async append(name, octets = message('Hello'), flags = []) {
      const mailbox = await mail.mailboxes.find(anna, name);
      const staged = await stage(anna.id, octets);
      const { uids } = await mail.messages.append(anna, mailbox, [{ staged, flags }]);
      return uids[0] as number;
    },
    inbox: () => mail.mailboxes.find(anna, 'INBOX'),
    async view(name) {
      const mailbox = await mail.mailboxes.find(anna, name);
      const view = await mail.views.open(mailbox.id);
      t.teardown(() => mail.views.release(view));
      return view;
    },
  };
}

/** What a view says, without what is not yet used of its arrays. */
export function rowsOf(view: MailboxView): [uid: number, messageId: number, flags: number, modseq: number][] {
  return Array.from({ length: view.count }, (_, index) => [
    view.uids[index] as number,
    view.messageIds[index] as number,
    view.flags[index] as number,
    view.modseqs[index] as number,
  ]);
}

/** Octets the account should be charged: each message once that is in a mailbox. */
export async function chargedOctets(store: Store, accountId: number): Promise<{ used: number; counted: number }> {
  const sizes = new Map<number, number>();
  for (const { id } of await store.mailboxes.list(accountId))
    for (const [, messageId] of await store.placements.page(id, 1, 1_000_000)) {
      const row = await store.messages.get(messageId);
      sizes.set(messageId, row?.size ?? Number.NaN);
    }
  const used = (await store.accounts.get(accountId))?.usedBytes ?? Number.NaN;
  return { used, counted: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}
