/**
 * The header of a message that somebody submits: who it says wrote it, and what has to be added and taken away. Pure.
 * RFC 6409 §6.1, §8.1 to §8.3 and §8.7, RFC 5322 §3.6 (how often fields may stand), §3.6.3 (Bcc).
 * Elsewhere: whether the author is the person who logged in (submission.ts).
 */
import { DomainError } from '../errors.ts';
import { foldAddress } from '../principals/addresses.ts';
import { readHeader } from './header-fields.ts';
import { addressesOf } from './message-identity.ts';
import { messageDate } from './trace-fields.ts';

/** Fields of which a message has one at most (RFC 5322 §3.6), and which decide who it is from and where it goes. */
const SINGLE = ['from', 'sender', 'reply-to', 'to', 'cc', 'message-id', 'date', 'subject'];
/** Fields that other people must not see or that only a last delivery writes. */
const REMOVED = new Set(['bcc', 'resent-bcc', 'return-path']);

/**
 * The addresses a message says it is from: of From, and of Sender where there is one.
 * @throws DomainError invalid-data when there is no From, more than one, or one without an address
 */
export function authorsOf(header: Buffer): { from: string[]; sender: string[] } {
  const fields = readHeader(header, 0, header.length);
  for (const name of SINGLE)
    if (fields.countOf(name) > 1)
      throw new DomainError('invalid-data', `The message has more than one ${capitalised(name)} field.`);
  if (fields.countOf('from') === 0) throw new DomainError('invalid-data', 'The message has no From field.');
  const from = addressTexts(fields, 'from');
  if (from.length === 0) throw new DomainError('invalid-data', 'The From field holds no address.');
  return { from, sender: addressTexts(fields, 'sender') };
}

/** Folded; one that is not whole stays as it is, and so is nobody's. */
function addressTexts(fields: ReturnType<typeof readHeader>, name: string): string[] {
  return addressesOf(fields, name)
    .filter(({ mailbox, host }) => mailbox !== null && host !== null)
    .map(({ mailbox, host }) => foldAddress(`${mailbox}@${host}`));
}

/**
 * The header as it goes on: without Bcc, with Date and Message-ID. All other octets stay as they were sent.
 * @param identity right side of a Message-ID, and what makes the left one unique
 */
export function completedHeader(
  header: Buffer,
  now: number,
  identity: { readonly unique: string; readonly domain: string },
): Buffer {
  const fields = readHeader(header, 0, header.length);
  const kept: Buffer[] = [];
  for (let index = 0; index < fields.count; index++) {
    if (REMOVED.has(fields.name(index))) continue;
    const { start, end } = fields.range(index);
    kept.push(header.subarray(start, end));
  }
  const added: string[] = [];
  if (fields.countOf('date') === 0) added.push(`Date: ${messageDate(now)}\r\n`);
  if (fields.countOf('message-id') === 0) added.push(`Message-ID: <${identity.unique}@${identity.domain}>\r\n`);
  // A header that is the whole message ends without an empty line, and stays so.
  const rest = header.subarray(fields.fieldsEnd);
  return Buffer.concat([...kept, Buffer.from(added.join('')), rest]);
}

function capitalised(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
