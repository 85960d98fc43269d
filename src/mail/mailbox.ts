/** A mailbox as one principal sees it. RFC 4314 (rights). Elsewhere: finding them (mailboxes.ts). */
import type { MailboxRow } from '../../storage/store.ts';
import type { MailRights } from './mail-rights.ts';

/** Under the viewer's name for it, with the viewer's rights. */
export interface Mailbox extends MailboxRow {
  readonly rights: MailRights;
}
