/**
 * Which message answers which: Message-IDs as numbers, short enough to be stored beside each message.
 * RFC 5256 §3 (the ids that THREAD=REFERENCES compares), RFC 8474 §5.2 (THREADID).
 * A header in, 48 bits of hash for its own id and for each of its ancestors out.
 * Elsewhere: which fields name them (message-identity.ts), what is made of them (threads.ts, placing.ts).
 */
import { createHash } from 'node:crypto';
import type { HeaderFields } from './header-fields.ts';
import { messageIdOf, referencesOf } from './message-identity.ts';

export interface Ancestry {
  /** 0 for a message without an id. */
  readonly own: number;
  /** The oldest first. */
  readonly references: readonly number[];
}

const OCTETS = 6;

/** What is stored of a message: its own hash, then those of its ancestors. */
export function packAncestry(header: HeaderFields): Buffer {
  const own = messageIdOf(header);
  const references = referencesOf(header);
  if (own === null && references.length === 0) return Buffer.alloc(0);
  return Buffer.concat([own === null ? Buffer.alloc(OCTETS) : hashOf(own), ...references.map(hashOf)]);
}

/** What packAncestry wrote. */
export function unpackAncestry(packed: Buffer): Ancestry {
  const hashes = Array.from({ length: packed.length / OCTETS }, (_, at) => packed.readUIntBE(at * OCTETS, OCTETS));
  const [own = 0, ...references] = hashes;
  return { own, references };
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id, 'latin1').digest().subarray(0, OCTETS);
}
