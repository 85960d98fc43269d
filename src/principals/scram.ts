/**
 * What SCRAM-SHA-256 keeps of a password instead of the password, and what is proved with it. Pure, apart from the thread pool.
 * RFC 5802 §3 (the algorithm), §5.1 (preparing the password), RFC 7677 (SHA-256), RFC 4013 (SASLprep).
 * Elsewhere: where keys are kept (scram-keyring.ts), the messages (protocols/scram.ts).
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** What the server must tell a client before it can prove anything. */
export interface ScramParameters {
  readonly salt: Buffer;
  readonly iterations: number;
}

/** RFC 5802 §3: enough to verify a proof, not to make one. */
export interface ScramKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Octets of every key, proof and signature. */
export const SCRAM_OCTETS = 32;

// RFC 4013 §2.1: tables C.1.2 and B.1 of RFC 3454.
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const MAPPED_TO_NOTHING = /\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u200c\u200d]|[\u00ad\u1806\u2060\ufeff]/gu;
// RFC 4013 §2.3: controls, private use, what is no character, surrogates, tags, and what changes how text is shown.
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

/**
 * A text as SCRAM compares it (RFC 4013 §2); undefined when it has a prohibited character or nothing is left of it. Text in two
 * directions passes: a client that is stricter does not come this far.
 */
export function saslPrepared(text: string): string | undefined {
  const mapped = text.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  return mapped === '' || PROHIBITED.test(mapped) ? undefined : mapped;
}

/** The keys of a password; undefined when no client could present it by SCRAM. Takes a thread for as long as `iterations` says. */
export async function scramKeys(
  password: string,
  { salt, iterations }: ScramParameters,
): Promise<ScramKeys | undefined> {
  const text = saslPrepared(password);
  if (text === undefined) return undefined;
  const salted = await promisify(pbkdf2)(text, salt, iterations, SCRAM_OCTETS, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return { storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** Whether a ClientProof was made with the password that the keys are of. In constant time. */
export function provesPassword({ storedKey }: ScramKeys, authMessage: string, proof: Buffer): boolean {
  const signature = hmac(storedKey, authMessage);
  if (proof.length !== signature.length) return false;
  const clientKey = Buffer.from(proof.map((octet, i) => octet ^ signature[i]!));
  return timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey);
}

/** With what the server proves that it has the keys. */
export function serverSignature({ serverKey }: ScramKeys, authMessage: string): Buffer {
  return hmac(serverKey, authMessage);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
