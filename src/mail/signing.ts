/**
 * DKIM signatures for mail that leaves.
 * RFC 6376 §5 (signing), RFC 8463 (Ed25519 beside RSA).
 * The octets of a message in, the fields that go above it out. Signed is for the domain of From, when it is one of this server.
 * Elsewhere: keys (src/organisations/domain-keys.ts), sending (outbound.ts).
 */
import { Readable } from 'node:stream';
import type { DomainKeys } from '../organisations/domain-keys.ts';
import { readHeader } from './header-fields.ts';
import { addressesOf } from './message-identity.ts';

export class Signing {
  private readonly keys: DomainKeys;
  private readonly now: () => number;

  constructor(keys: DomainKeys, now: () => number) {
    this.keys = keys;
    this.now = now;
  }

  /**
   * DKIM-Signature fields with their line ends; empty when the author is of another server.
   * @param header of the message, with its empty line
   */
  async fieldsFor(header: Buffer, octets: AsyncIterable<Buffer>): Promise<Buffer> {
    const [author] = addressesOf(readHeader(header, 0, header.length), 'from');
    const domain = author?.host ?? '';
    const keys = domain === '' ? [] : await this.keys.of(domain);
    if (keys.length === 0) return Buffer.alloc(0);
    // Loaded with the first message that is signed: it takes a third of the time of a start.
    const { dkimSign } = await import('mailauth/lib/dkim/sign.js');
    const { signatures, errors } = await dkimSign(Readable.from(octets, { objectMode: false }), {
      signingDomain: '',
      selector: '',
      privateKey: '',
      canonicalization: 'relaxed/relaxed',
      signTime: new Date(this.now()),
      signatureData: keys.map(({ selector, algorithm, privateKey }) => ({
        signingDomain: domain.toLowerCase(),
        selector,
        algorithm: `${algorithm}-sha256`,
        privateKey,
      })),
    });
    if (errors.length > 0) throw new AggregateError(errors, 'a message could not be signed');
    return Buffer.from(signatures);
  }
}
