/**
 * IMAP's section numbers: which octets of a message BODY[2.1.MIME] and its like are.
 * RFC 9051 §6.4.5, RFC 3501 §6.4.5.
 * A layout and a section in, an octet range out; no octets are read.
 * Elsewhere: HEADER.FIELDS (header-fields.ts), partial ranges and printing (protocols/imap).
 */
import type { OctetRange } from './header-fields.ts';
import type { PartLayout } from './message-structure.ts';

/** BODY is the section without a word: `[]` the whole message, `[1]` a part's body. */
export type SectionText = 'BODY' | 'HEADER' | 'TEXT' | 'MIME';

/**
 * Where a section lies.
 * @param path part numbers from 1; empty for the message itself
 * @returns null for a section the message does not have
 */
export function sectionRange(message: PartLayout, path: readonly number[], text: SectionText): OctetRange | null {
  if (path.length === 0) return text === 'MIME' ? null : rangeOf(message, text, message.start);
  const part = partAt(message, path);
  if (!part) return null;
  if (text === 'BODY') return { start: part.bodyStart, end: part.end };
  if (text === 'MIME') return { start: part.start, end: part.bodyStart };
  // HEADER and TEXT of a part are those of the message in it.
  const nested = part.kind === 'message' ? part.parts[0] : undefined;
  return nested ? rangeOf(nested, text, nested.start) : null;
}

function rangeOf({ start, bodyStart, end }: PartLayout, text: SectionText, bodyFrom: number): OctetRange {
  if (text === 'HEADER') return { start, end: bodyStart };
  return { start: text === 'TEXT' ? bodyStart : bodyFrom, end };
}

/**
 * The part with a number.
 * @param path part numbers from 1, at least one
 */
export function partAt<Part extends PartLayout>(message: Part, path: readonly number[]): Part | null {
  let part: PartLayout | null = numbered(message, path[0] as number);
  for (const number of path.slice(1)) {
    if (!part) return null;
    if (part.kind === 'single') return null;
    part = part.kind === 'multipart' ? (part.parts[number - 1] ?? null) : numbered(part.parts[0] as PartLayout, number);
  }
  // A layout's children are of the layout's own kind.
  return part as Part | null;
}

/** A part of a message by its first number: a message that is no multipart has itself as part 1. */
function numbered(message: PartLayout, number: number): PartLayout | null {
  if (message.kind === 'multipart') return message.parts[number - 1] ?? null;
  return number === 1 ? message : null;
}

type Packed = [kind: number, start: number, bodyStart: number, end: number, lines: number, ...parts: Packed[]];

const KINDS = ['single', 'multipart', 'message'] as const;

/** A layout as short JSON, for messages too long to scan again at each FETCH of a piece. */
export function packLayout(message: PartLayout): string {
  return JSON.stringify(pack(message));
}

function pack({ kind, start, bodyStart, end, lines, parts }: PartLayout): Packed {
  return [KINDS.indexOf(kind), start, bodyStart, end, lines, ...parts.map(pack)];
}

/** What packLayout wrote. */
export function unpackLayout(text: string): PartLayout {
  return unpack(JSON.parse(text) as Packed);
}

function unpack([kind, start, bodyStart, end, lines, ...parts]: Packed): PartLayout {
  return { kind: KINDS[kind] ?? 'single', start, bodyStart, end, lines, parts: parts.map(unpack) };
}
