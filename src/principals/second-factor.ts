/**
 * The second factor of a person: time-based one-time passwords.
 * RFC 6238 §4 and §5.2 (a step either way, no code twice), RFC 4226 §5.3 (truncation), RFC 4648 §6 (base32 of the secret).
 * With it on, protocols take device passwords only, and the web asks for a code beside the chosen password.
 * Elsewhere: guesses are counted where passwords are (authentication.ts).
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from './access.ts';
import type { Sealing } from './sealing.ts';

const STEP_MS = 30_000;
const DIGITS = 6;
/** Steps a clock may be off. */
const SKEW = 1;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export interface SecondFactorSetup {
  /** For typing. */
  readonly secret: string;
  /** For a QR code: otpauth://totp/… */
  readonly uri: string;
}

export class SecondFactors {
  private readonly store: Store;
  private readonly sealing: Sealing;
  private readonly now: () => number;

  constructor(store: Store, sealing: Sealing, now: () => number) {
    this.store = store;
    this.sealing = sealing;
    this.now = now;
  }

  /** Whether codes are asked for. */
  async isOn(principalId: number): Promise<boolean> {
    const row = await this.store.secondFactors.get(principalId);
    return row !== undefined && row.enabledAt !== null;
  }

  /** Makes a secret; nothing changes until `confirm` proves that the person has it. @throws DomainError already-exists */
  async begin(principal: Principal): Promise<SecondFactorSetup> {
    if (await this.isOn(principal.id)) throw new DomainError('already-exists', 'The second factor is on already.');
    const secret = base32(randomBytes(20));
    const row = {
      principalId: principal.id,
      secret: this.sealing.seal(secret, ownerOf(principal.id)),
      createdAt: this.now(),
      enabledAt: null,
      lastStep: 0,
    };
    await this.store.transaction((write) => write.secondFactors.set(row));
    const label = encodeURIComponent(`Convene:${principal.addresses[0] ?? principal.name}`);
    return { secret, uri: `otpauth://totp/${label}?secret=${secret}&issuer=Convene&digits=${DIGITS}&period=30` };
  }

  /** Turns it on with a first code. Returns whether the code was right. */
  confirm(principalId: number, code: string): Promise<boolean> {
    return this.take(principalId, code, true);
  }

  /** Whether a code is right and was not used before; it is used up. */
  accept(principalId: number, code: string): Promise<boolean> {
    return this.take(principalId, code, false);
  }

  /** Returns whether it was asked for: one that was never confirmed goes too. */
  async remove(principalId: number): Promise<boolean> {
    const was = ((await this.store.secondFactors.get(principalId))?.enabledAt ?? null) !== null;
    await this.store.transaction((write) => write.secondFactors.remove(principalId));
    return was;
  }

  private take(principalId: number, code: string, enabling: boolean): Promise<boolean> {
    return this.store.transaction(async (write) => {
      const row = await write.secondFactors.get(principalId);
      if (row === undefined || (row.enabledAt === null) !== enabling) return false;
      const secret = this.sealing.open(row.secret, ownerOf(principalId));
      const step = secret === undefined ? undefined : matchingStep(secret, code, this.now());
      // RFC 6238 §5.2: one code is accepted once.
      if (step === undefined || step <= row.lastStep) return false;
      await write.secondFactors.set({ ...row, lastStep: step, enabledAt: row.enabledAt ?? this.now() });
      return true;
    });
  }
}

/** The code of a secret at a time. */
export function codeAt(secret: string, now: number): string {
  return codeOfStep(secret, Math.floor(now / STEP_MS));
}

function matchingStep(secret: string, code: string, now: number): number | undefined {
  const given = Buffer.from(code.replace(/[\s-]/g, ''));
  if (given.length !== DIGITS) return undefined;
  const current = Math.floor(now / STEP_MS);
  for (let step = current - SKEW; step <= current + SKEW; step++)
    if (timingSafeEqual(Buffer.from(codeOfStep(secret, step)), given)) return step;
  return undefined;
}

function codeOfStep(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.max(0, step)));
  const digest = createHmac('sha1', unbase32(secret)).update(counter).digest();
  const offset = digest[19]! & 0xf;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

function ownerOf(principalId: number): string {
  return `totp ${principalId}`;
}

function base32(octets: Buffer): string {
  let bits = '';
  for (const octet of octets) bits += octet.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function unbase32(text: string): Buffer {
  let bits = '';
  for (const letter of text) bits += BASE32.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}
