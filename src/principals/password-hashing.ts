/**
 * Passwords to hashes and back: argon2id (RFC 9106) for chosen passwords, SHA-256 for generated device passwords.
 * Verifications are bounded: a few at a time, some waiting, the rest refused as 'unavailable', so that guesses cannot fill memory.
 * Elsewhere: whose password, how often (authentication.ts, login-throttle.ts).
 */
import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { DomainError } from '../errors.ts';

/** Octets; longer ones are refused before hashing. */
export const MAX_PASSWORD = 1_024;

/** 19 MiB, two passes, one lane. The library's default algorithm is argon2id. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const CONCURRENT = 2;
const WAITING = 64;
/** 32 letters and digits that are not mistaken for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz023456789';

/** The form in which passwords are compared: RFC 8265 §4.2.1 without its refusals. */
export function prepared(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** Whether a text can be a password at all; only then is it worth hashing. */
export function isPassword(password: string): boolean {
  return password !== '' && !password.includes('\0') && Buffer.byteLength(password) <= MAX_PASSWORD;
}

/** @throws DomainError invalid-data for what no log-in could present */
export function checkPassword(password: string): void {
  if (!isPassword(password))
    throw new DomainError('invalid-data', `A password has 1 to ${MAX_PASSWORD} bytes and no NUL character.`);
}

/** A password of 100 random bits in four groups, easy to read out and to type. */
export function generatePassword(): string {
  const letters = [...randomBytes(20)].map((octet) => ALPHABET[octet % 32]);
  return [0, 5, 10, 15].map((from) => letters.slice(from, from + 5).join('')).join('-');
}

/** A device password: 128 random bits and two more, in groups that are easy to read and to type. */
export function generateDevicePassword(): string {
  const letters = [...randomBytes(26)].map((octet) => ALPHABET[octet % 32]).join('');
  return [letters.slice(0, 6), ...(letters.slice(6).match(/.{5}/g) ?? [])].join('-');
}

/** Whether a device password (128 random bits, so a plain hash will do) belongs to a stored hash, in constant time. */
export function matchesDevicePassword(password: string, stored: string): boolean {
  const expected = Buffer.from(stored, 'hex');
  const actual = Buffer.from(deviceHash(password), 'hex');
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** What is stored of a device password. */
export function deviceHash(password: string): string {
  return digest('sha256', prepared(password));
}

export class PasswordHashing {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private decoy: Promise<string> | undefined;

  /** Hashes a chosen password. Waits for its turn however long the queue: only administrators and their imports hash. */
  async hash(password: string): Promise<string> {
    checkPassword(password);
    return this.inTurn(() => hash(prepared(password), COST));
  }

  /**
   * Compares a password with the hash of a chosen one. Without a hash (an unknown name) the work is the same, the answer false.
   * @throws DomainError unavailable when too many are waiting
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    if (this.waiting.length >= WAITING)
      throw new DomainError('unavailable', 'Too many log-ins at the same time; try again.', { retryAfter: 2 });
    this.decoy ??= hash(randomBytes(16), COST);
    const against = stored ?? (await this.decoy);
    const same = await this.inTurn(() => verify(against, prepared(password)));
    return same && stored !== undefined;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= CONCURRENT) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      // A waiting one takes over this place, otherwise it becomes free.
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }
}
