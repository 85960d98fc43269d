/**
 * The body of a PUT of a card, that of a GET, and what CardDAV answers to the refusals of its services.
 * RFC 6352 §5.1.1 (GET in another version), §6.3.2 and §6.3.2.1 (PUT, preconditions), §8.6.
 * Elsewhere: conditional headers and the answer itself (protocols/dav/members.ts), what a card must be (src/contacts).
 */
import { convertVCard } from '../../src/contacts/vcard-conversion.ts';
import type { VCardVersion } from '../../src/contacts/vcard-validation.ts';
import type { DomainError } from '../../src/errors.ts';
import type { Representation } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { hrefXml } from '../dav/xml.ts';

export const CARD_CONTENT_TYPE = 'text/vcard; charset=utf-8';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** RFC 6350 §10.1 with the names it had before, and the one a phone program writes by mistake. */
const CARD_TYPES = new Set(['text/vcard', 'text/x-vcard', 'text/directory', 'text-vcard']);

/** Whether a media type in lower case, without parameters, means vCard. */
export function isCardType(mediaType: string): boolean {
  return CARD_TYPES.has(mediaType);
}

/**
 * The text of a PUT body. A missing media type counts as text/vcard: some scripts leave it out.
 * @throws DavError 403 supported-address-data for another media type or charset, valid-address-data for what is not UTF-8
 */
export function cardTextOf(body: Buffer, mediaType: string, parameters: string): string {
  const charset = /(?:^|;)\s*charset\s*=\s*"?([^";\s]+)/i.exec(parameters)?.[1]?.toLowerCase() ?? 'utf-8';
  if (mediaType !== '' && !isCardType(mediaType)) {
    throw new DavError(403, `An address book takes text/vcard, not ${mediaType}.`, '<CR:supported-address-data/>');
  }
  // US-ASCII is UTF-8; everything else would have to be converted, and then the stored octets were not those sent.
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new DavError(403, `An address book takes text in UTF-8, not ${charset}.`, '<CR:supported-address-data/>');
  }
  try {
    return UTF8.decode(body);
  } catch {
    throw new DavError(403, 'The card is not UTF-8.', '<CR:valid-address-data/>');
  }
}

/** The body of a GET: the stored octets, unless the client would rather have the other version. */
export function representCard(octets: string, stored: string, accept: string): Representation {
  const version = preferredVersion(accept, stored);
  if (version === undefined) return { contentType: CARD_CONTENT_TYPE, body: octets, vary: 'Accept' };
  const contentType = `${CARD_CONTENT_TYPE}; version=${version}`;
  return { contentType, body: convertVCard(octets, stored, version), vary: 'Accept' };
}

/**
 * The version an Accept header names, undefined when any will do or nothing in it can be met: then the stored octets are
 * better than none (RFC 9110 §12.4.1). Between equals the stored one.
 */
function preferredVersion(accept: string, stored: string): VCardVersion | undefined {
  let best: { version: VCardVersion; quality: number } | undefined;
  let any = 0;
  for (const range of accept.toLowerCase().split(',').slice(0, 50)) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const values = new Map(parameters.map((parameter) => parameter.split('=', 2) as [string, string | undefined]));
    const quality = Number(values.get('q') ?? 1) || 0;
    if (quality <= 0) continue;
    const version = values.get('version')?.replaceAll('"', '');
    if (!isCardType(type) || version === undefined) {
      if (isCardType(type) || type === 'text/*' || type === '*/*') any = Math.max(any, quality);
      continue;
    }
    if (version !== '3.0' && version !== '4.0') continue;
    if (best === undefined || quality > best.quality || (quality === best.quality && version === stored)) {
      best = { version, quality };
    }
  }
  return best !== undefined && best.quality >= any ? best.version : undefined;
}

/** Refusals of the services and their preconditions. */
const CONDITIONS: Partial<Record<DomainError['code'], string>> = {
  'invalid-data': '<CR:valid-address-data/>',
  'unsupported-media-type': '<CR:supported-address-data/>',
  'unsupported-filter': '<CR:supported-filter/>',
  'unsupported-collation': '<CR:supported-collation/>',
  'too-large': '<CR:max-resource-size/>',
};

/** The answer to an error of the services of contacts; undefined when CardDAV has no word for it. */
export function cardRefusal(
  { code, details }: DomainError,
  hrefOf: (name: string) => string,
): { status: number; condition: string } | undefined {
  if (code === 'uid-conflict') {
    // RFC 6352 §6.3.2.1: the href of the card that has the UID.
    const href = details.name === undefined ? '' : hrefXml(hrefOf(details.name));
    return { status: 403, condition: `<CR:no-uid-conflict>${href}</CR:no-uid-conflict>` };
  }
  const condition = CONDITIONS[code];
  return condition === undefined ? undefined : { status: 403, condition };
}
