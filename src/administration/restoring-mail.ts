/**
 * Mailboxes out of a backup: what is missing from the mailbox of the same name comes back, with its flags and date, under new
 * UIDs; what is there, whatever its flags are by now, stays as it is.
 * Messages are compared by their octets. Nothing is delivered: no filter, no answer, no new-mail rule sees them.
 * Elsewhere: calendars and address books, and who asks (restoring.ts).
 */
import type { MailboxRow, Store } from '../../storage/store.ts';
import type { PutBack, RestoredPart } from '../collections/put-back.ts';
import { DomainError } from '../errors.ts';
import { Keywords } from '../mail/flags.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import { canonicalName, INBOX, type SpecialUse } from '../mail/mailbox-names.ts';
import type { Mailboxes } from '../mail/mailboxes.ts';
import type { Messages, NewMessage } from '../mail/messages.ts';
import type { Principal } from '../principals/access.ts';

/** Octets of one read, and of the messages of one transaction. */
const PIECE = 256 * 1024;
const OCTETS_AT_ONCE = 4 * 1024 * 1024;
const MESSAGES_AT_ONCE = 50;

export interface MailServices {
  readonly mailboxes: Mailboxes;
  readonly messages: Messages;
}

/**
 * Restores the mailboxes of one account, or one of them, or one message of it by its UID.
 * @param only 'mail/Archive/2025' or undefined for all; `item` a UID of the backup
 * @throws DomainError not-found for a UID the backup does not have; over-quota
 */
export async function restoreMail(
  saved: Store,
  from: number,
  to: { store: Store; owner: Principal; mail: MailServices },
  only: string | undefined,
  item: string | undefined,
): Promise<RestoredPart[]> {
  const restored: RestoredPart[] = [];
  for (const row of await saved.mailboxes.list(from)) {
    const place = `mail/${row.name}`;
    if (only !== undefined && only !== place) continue;
    const mailbox = await mailboxLike(to, row);
    restored.push({ collection: place, counts: await restoreMailbox(saved, row, to, mailbox, item), refused: [] });
  }
  return restored;
}

async function restoreMailbox(
  saved: Store,
  row: MailboxRow,
  { store, owner, mail }: { store: Store; owner: Principal; mail: MailServices },
  mailbox: Mailbox,
  item: string | undefined,
): Promise<Record<PutBack, number>> {
  const counts: Record<PutBack, number> = { added: 0, replaced: 0, same: 0, elsewhere: 0, taken: 0 };
  const keywords = Keywords.parse(row.keywords);
  const only = item === undefined ? undefined : Number(item);
  if (only !== undefined && (await saved.placements.get(row.id, only)) === undefined)
    throw new DomainError('not-found', `The backup has no message with the UID ${item} in mail/${row.name}.`);
  let waiting: NewMessage[] = [];
  let held = 0;
  const flush = async () => {
    if (waiting.length > 0) await mail.messages.append(owner, mailbox, waiting);
    counts.added += waiting.length;
    waiting = [];
    held = 0;
  };
  for (let first = only ?? 1; ; ) {
    const page = await saved.placements.page(row.id, first, only === undefined ? MESSAGES_AT_ONCE : 1);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const [, messageId, flags] of page) {
      const message = await saved.messages.get(messageId);
      if (message === undefined) continue;
      const stage = mail.messages.stage(owner.id);
      for (let at = 0; at < message.size; ) {
        const octets = await saved.blobs.read(message.blobId, at, PIECE);
        if (octets.length === 0)
          throw new DomainError('invalid-data', `Message ${messageId} of the backup is cut off.`);
        await stage.write(octets);
        at += octets.length;
      }
      const staged = await stage.finish();
      const known = await store.blobs.find(owner.id, staged.hash);
      if (known !== undefined && (await store.placements.hasBlob(mailbox.id, known))) {
        counts.same += 1;
        await stage.discard();
        continue;
      }
      const names = keywords.flagNames(flags).filter((name) => name !== '\\Recent');
      waiting.push({ staged, flags: names, internalDate: message.internalDate });
      held += staged.size;
      if (held >= OCTETS_AT_ONCE) await flush();
    }
    await flush();
    if (only !== undefined) break;
    first = last[0] + 1;
  }
  return counts;
}

/** The mailbox of that name, made with its special use when it is gone and nobody else has that use by now. */
async function mailboxLike(
  { owner, mail }: { owner: Principal; mail: MailServices },
  { name, specialUse }: MailboxRow,
): Promise<Mailbox> {
  try {
    return await mail.mailboxes.find(owner, name);
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'not-found') || canonicalName(name) === INBOX) throw error;
  }
  try {
    return await mail.mailboxes.create(owner, name, specialUse as SpecialUse | '');
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'in-use')) throw error;
    return mail.mailboxes.create(owner, name);
  }
}
