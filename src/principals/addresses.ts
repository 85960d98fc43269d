/**
 * Names of principals and their addresses as text: folding and validation. Pure.
 * RFC 5321 §4.1.2 (dot-string local parts; quoted ones are not given to people), RFC 6531 §3.3 (UTF-8 local parts), RFC 5891
 * for domains, which are kept as A-labels.
 */
import { domainToASCII } from 'node:url';
import { DomainError } from '../errors.ts';
import { isDomain } from '../setting.ts';

export interface Address {
  readonly local: string;
  readonly domain: string;
}

const LOCAL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;

/** Folds an address or a domain for comparison: NFC, lower case, the domain as A-labels. Never throws. */
export function foldAddress(text: string): string {
  const folded = text.trim().normalize('NFC').toLowerCase();
  const at = folded.lastIndexOf('@');
  return at === -1 ? folded : `${folded.slice(0, at)}@${foldDomain(folded.slice(at + 1))}`;
}

/** A domain in lower case as A-labels; text that is no domain comes back as it is. */
export function foldDomain(text: string): string {
  const folded = text.trim().toLowerCase();
  return domainToASCII(folded) || folded;
}

/**
 * Takes a written address apart.
 * @throws DomainError invalid-data
 */
export function parseAddressText(text: string): Address {
  const folded = foldAddress(text);
  const at = folded.lastIndexOf('@');
  const local = folded.slice(0, Math.max(at, 0));
  const domain = folded.slice(at + 1);
  if (at < 1 || !LOCAL.test(local) || Buffer.byteLength(local) > 64 || !isDomain(domain))
    throw new DomainError('invalid-data', `"${quoted(text)}" is not an address like anna@example.org.`);
  return { local, domain };
}

/**
 * The name of a principal, folded.
 * @throws DomainError invalid-data
 */
export function parseName(text: string): string {
  const folded = text.trim().toLowerCase();
  if (!/^[a-z0-9_](?:[a-z0-9._-]{0,62}[a-z0-9_-])?$/.test(folded) || folded.includes('..'))
    throw new DomainError(
      'invalid-data',
      `"${quoted(text)}" is not a name: up to 64 of a-z, 0-9, ".", "_" and "-", starting with a letter or digit. Choose one with --name.`,
    );
  return folded;
}

/** Shortens what somebody typed, without control characters, for use in a sentence. */
export function quoted(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, '?');
  return plain.length > 80 ? `${plain.slice(0, 80)}…` : plain;
}
