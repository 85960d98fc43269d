/**
 * The keys of a domain that sign its mail, and the DNS records by which others know that mail is from it.
 * RFC 6376 §3.6.1, RFC 8463 §3 (Ed25519), RFC 7208 (SPF), RFC 7489 §6.3 (DMARC).
 * Each domain has an RSA key, which everybody verifies, and an Ed25519 one; made when they are first needed.
 * Elsewhere: signing (src/mail/signing.ts), records by which clients and mail find the server (src/setup/service-records.ts).
 */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { DomainKeyRow, Store } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { foldDomain, quoted } from '../principals/addresses.ts';

/** One record as a zone file has it. */
export interface TextRecord {
  /** With the dot at its end. */
  readonly name: string;
  /** In strings of at most 255 octets, each in quotes. */
  readonly value: string;
}

const RSA_BITS = 2_048;
const generate = promisify(generateKeyPair);

export class DomainKeys {
  private readonly store: Store;
  private readonly now: () => number;
  private readonly making = new Map<number, Promise<DomainKeyRow[]>>();

  constructor(store: Store, now: () => number) {
    this.store = store;
    this.now = now;
  }

  /** The keys of a domain; empty when it is not one of this server. */
  async of(domain: string): Promise<DomainKeyRow[]> {
    const row = await this.store.organisations.domain(foldDomain(domain));
    if (row === undefined) return [];
    const keys = await this.store.domainKeys.ofDomain(row.id);
    if (keys.length > 0) return keys;
    const made = this.making.get(row.id) ?? this.make(row.id).finally(() => this.making.delete(row.id));
    this.making.set(row.id, made);
    return made;
  }

  /**
   * TXT records that say who may send mail of a domain, and how it is signed.
   * @throws DomainError not-found
   */
  async records(domainText: string): Promise<TextRecord[]> {
    const domain = foldDomain(domainText);
    const keys = await this.of(domain);
    if (keys.length === 0) throw new DomainError('not-found', `"${quoted(domainText)}" is no domain of this server.`);
    return [
      { name: `${domain}.`, value: text('v=spf1 mx -all') },
      ...keys.map((key) => ({ name: `${key.selector}._domainkey.${domain}.`, value: text(keyRecord(key)) })),
      { name: `_dmarc.${domain}.`, value: text(`v=DMARC1; p=quarantine; rua=mailto:postmaster@${domain}`) },
    ];
  }

  private async make(domainId: number): Promise<DomainKeyRow[]> {
    const now = this.now();
    const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
    const rsa = await generate('rsa', { modulusLength: RSA_BITS });
    const ed25519 = await generate('ed25519');
    return this.store.transaction(async (write) => {
      if ((await write.domainKeys.ofDomain(domainId)).length === 0)
        for (const [algorithm, { privateKey }] of [
          ['rsa', rsa],
          ['ed25519', ed25519],
        ] as const)
          await write.domainKeys.add({
            domainId,
            selector: `${algorithm === 'rsa' ? 'r' : 'e'}${day}`,
            algorithm,
            privateKey: pem(privateKey),
            createdAt: now,
          });
      return write.domainKeys.ofDomain(domainId);
    });
  }
}

/** RFC 6376 §3.6.1; RFC 8463 §4: of an Ed25519 key the 32 octets alone. */
export function keyRecord({ algorithm, privateKey }: DomainKeyRow): string {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const published = algorithm === 'rsa' ? der : der.subarray(-32);
  return `v=DKIM1; k=${algorithm}; p=${published.toString('base64')}`;
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** RFC 1035 §3.3.14: strings of at most 255 octets. */
function text(value: string): string {
  return (value.match(/.{1,255}/g) ?? []).map((part) => `"${part}"`).join(' ');
}
