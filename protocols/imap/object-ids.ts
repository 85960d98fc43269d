/**
 * Ids that stay: of mailboxes, messages and threads.
 * RFC 8474 §4 (MAILBOXID), §5 (EMAILID, THREADID), §8.1 (a letter in front, so that none looks like something else). Pure.
 * A mailbox that begins anew with its UIDs gets another id.
 */

export function mailboxId({ id, uidvalidity }: { readonly id: number; readonly uidvalidity: number }): string {
  return `F${id}-${uidvalidity}`;
}

export function emailId(id: number): string {
  return `M${id}`;
}

export function threadId(id: number): string {
  return `T${id}`;
}

/** The number of an id with this letter; 0, which no object has, for anything else. */
export function numberOf(letter: 'M' | 'T', objectId: string): number {
  const digits = objectId.startsWith(letter) ? /^[1-9]\d{0,14}$/.exec(objectId.slice(1))?.[0] : undefined;
  return digits === undefined ? 0 : Number(digits);
}
