/**
 * Secrets that the server must be able to read again, sealed so that the database alone does not tell them.
 * AES-256-GCM (NIST SP 800-38D) with a random nonce for each; what a secret belongs to is authenticated with it, so that a row
 * copied to somebody else does not open.
 * The key lies beside the database, readable by this user only; a backup takes it along as a file of its own.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';

export const KEY_FILE = 'secret.key';
const NONCE = 12;
const TAG = 16;

export class Sealing {
  private readonly key: Buffer;

  constructor(key: Buffer) {
    this.key = key;
  }

  /** Seals a text for an owner: 'totp 17'. */
  seal(text: string, owner: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** 32 octets for something else that must stay the same: no two purposes share them (RFC 5869). */
  keyFor(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, '', purpose, 32));
  }

  /** Undefined when it was sealed with another key or for another owner. */
  open(sealed: string, owner: string): string | undefined {
    const octets = Buffer.from(sealed, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, octets.subarray(0, NONCE))
        .setAAD(Buffer.from(owner))
        .setAuthTag(octets.subarray(NONCE, NONCE + TAG));
      return Buffer.concat([decipher.update(octets.subarray(NONCE + TAG)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}

/**
 * The sealing of a data folder; its key is made when there is none. It is on the disk before anything is sealed with it. Called by
 * the process that holds the folder.
 */
export function sealingOf(folder: string): Sealing {
  const path = join(folder, KEY_FILE);
  if (!existsSync(path)) writeDurably(path, `${randomBytes(32).toString('base64')}\n`);
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
  if (key.length !== 32) throw new Error(`${path} is not a key of this server; restore it from a backup.`);
  return new Sealing(key);
}
