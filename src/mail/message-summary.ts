/**
 * What is stored beside a message's octets at delivery: finished FETCH text.
 * RFC 9051 §7.5.2 (INTERNALDATE, RFC822.SIZE, ENVELOPE, BODYSTRUCTURE).
 * Octets in, ASCII text out, from one scan.
 * Elsewhere: delivery (delivery.ts), which stores it; the octets of sections (message-sections.ts).
 */
import { bodyStructureOf } from './body-structure.ts';
import { envelopeOf } from './envelope.ts';
import { type MessagePart, scanMessage } from './message-structure.ts';

export interface MessageSummary {
  /** Octets. */
  readonly size: number;
  /** `INTERNALDATE "…" RFC822.SIZE n ENVELOPE (…)` */
  readonly summary: string;
  /** The value of BODYSTRUCTURE. */
  readonly structure: string;
  /** The scanned message: its header is what message-identity.ts and sent-date.ts ask. */
  readonly message: MessagePart;
}

/** @param internalDate milliseconds since 1970 */
export function summariseMessage(octets: Buffer, internalDate: number): MessageSummary {
  const message = scanMessage(octets);
  const size = octets.length;
  const date = printInternalDate(internalDate);
  return {
    size,
    summary: `INTERNALDATE ${date} RFC822.SIZE ${size} ENVELOPE ${envelopeOf(message.header)}`,
    structure: bodyStructureOf(message, true),
    message,
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * A date-time of RFC 9051 §9, in UTC: `"17-Jul-1996 02:44:25 +0000"`, always 28 characters.
 * @param time milliseconds since 1970
 */
export function printInternalDate(time: number): string {
  const date = new Date(time);
  const day = String(date.getUTCDate()).padStart(2);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `"${day}-${MONTHS[date.getUTCMonth()]}-${year} ${date.toISOString().slice(11, 19)} +0000"`;
}
