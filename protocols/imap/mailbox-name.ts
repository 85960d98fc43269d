/**
 * Names of mailboxes between the wire and the server: modified UTF-7 outside, Unicode inside, INBOX in any letter case.
 * RFC 3501 §5.1 and §5.1.3 (modified UTF-7), RFC 2152 (UTF-7).
 * Only the canonical form of a name is read, so that what a client made is what LIST shows it.
 * Elsewhere: which names may exist (src/mail/mailboxes.ts).
 */

/** Between the levels of a name. */
export const DELIMITER = '/';

/** Latin1 text of the wire to Unicode; undefined when it is not canonical modified UTF-7. */
export function decodeName(wire: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(wire)) return undefined;
  if (!wire.includes('&')) return wire;
  const name = wire.replace(/&([^-]*)-/g, (_, base64: string) => (base64 === '' ? '&' : decodeShifted(base64)));
  return encodeName(name) === wire ? name : undefined;
}

/** Unicode to the wire. */
export function encodeName(name: string): string {
  if (/^[\x20-\x25\x27-\x7e]*$/.test(name)) return name;
  return name.replace(/&|[^\x20-\x7e]+/g, (text) => (text === '&' ? '&-' : `&${encodeShifted(text)}-`));
}

/** UTF-8 off the wire to Unicode, for clients that enabled it (RFC 6855 §3); undefined for what is none. */
export function decodeUtf8Name(wire: string): string | undefined {
  if (/[\x00-\x1f\x7f]/.test(wire)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(wire, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Unicode to UTF-8 on the wire. */
export function encodeUtf8Name(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

/** RFC 3501 §5.1: INBOX is the same in any letter case; so it is as the first level of a longer name. */
export function canonicalName(name: string): string {
  return /^inbox(?:$|\/)/i.test(name) ? `INBOX${name.slice(5)}` : name;
}

function decodeShifted(base64: string): string {
  const octets = Buffer.from(base64.replaceAll(',', '/'), 'base64');
  return octets.length % 2 === 0 ? octets.swap16().toString('utf16le') : '';
}

function encodeShifted(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}
