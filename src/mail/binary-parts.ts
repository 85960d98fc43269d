/**
 * Parts that are sent as raw octets, made fit for protocols and clients that cannot take NUL: as base64.
 * RFC 3516 §4.4 (APPEND of a literal8), RFC 2045 §6.8.
 * Octets in, octets out; a message without such a part comes back as it is. Pure.
 * Elsewhere: reading parts without their encoding (message-text.ts), the literal itself (protocols/imap).
 */
import { selectHeaderFields } from './header-fields.ts';
import { type MessagePart, scanMessage } from './message-structure.ts';

/** Octets of a line of base64: 57 make 76 characters (RFC 2045 §6.8). */
const LINE = 57;
const FIELD = 'Content-Transfer-Encoding';

/** The message with base64 in place of each part that is `binary` and holds NUL. */
export function withoutBinaryParts(octets: Buffer): Buffer {
  const parts: MessagePart[] = [];
  collect(octets, scanMessage(octets), parts);
  if (parts.length === 0) return octets;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const part of parts) {
    const header = { start: part.start, end: part.bodyStart };
    const others = selectHeaderFields(octets, header, [FIELD], true).map(({ start, end }) =>
      octets.subarray(start, end),
    );
    pieces.push(octets.subarray(at, part.start), Buffer.from(`${FIELD}: base64\r\n`), ...others);
    pieces.push(base64Lines(octets.subarray(part.bodyStart, part.end)));
    at = part.end;
  }
  pieces.push(octets.subarray(at));
  return Buffer.concat(pieces);
}

function collect(octets: Buffer, part: MessagePart, found: MessagePart[]): void {
  for (const child of part.parts) collect(octets, child, found);
  if (part.kind === 'single' && part.encoding === 'binary' && octets.subarray(part.bodyStart, part.end).includes(0))
    found.push(part);
}

function base64Lines(octets: Buffer): Buffer {
  const lines: string[] = [];
  for (let at = 0; at < octets.length; at += LINE) lines.push(octets.toString('base64', at, at + LINE));
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}
