/**
 * The first words of a message, for lists of messages.
 * RFC 8970 §3.3: at most 200 characters of plain text, without markup.
 * Octets in, one line out; '' where nothing can be said: encrypted messages, pictures. Quoted lines and signatures are left out
 * as long as something else remains. The same octets always have the same preview.
 * Elsewhere: decoding of parts (message-text.ts).
 */
import { type MessagePart, scanMessage } from './message-structure.ts';
import { partText } from './message-text.ts';
import { parseContentDisposition } from './mime-parameters.ts';

const MAX_CHARACTERS = 200;
/** Octets of a text part that are looked at: much of HTML is markup. */
const LOOKED_AT = 32 * 1024;

/** @param octets a message, or enough of it to hold its text */
export function previewOf(octets: Buffer): string {
  const part = textPart(scanMessage(octets));
  if (part === undefined) return '';
  const text = partText(octets, part, LOOKED_AT);
  return firstWords(part.type.subtype === 'html' ? text : (ownWords(text) ?? text));
}

/** The text that a reader sees first: plain rather than HTML where both are offered. */
function textPart(part: MessagePart): MessagePart | undefined {
  if (part.kind === 'single') return isShownText(part) ? part : undefined;
  const { type, subtype } = part.type;
  if (type === 'multipart' && subtype === 'encrypted') return undefined;
  const found = part.parts.map(textPart).filter((child) => child !== undefined);
  const isAlternative = type === 'multipart' && subtype === 'alternative';
  return (isAlternative ? found.find((child) => child.type.subtype === 'plain') : undefined) ?? found[0];
}

function isShownText({ type, header }: MessagePart): boolean {
  const disposition = header.get('content-disposition');
  return (
    type.type === 'text' &&
    (type.subtype === 'plain' || type.subtype === 'html') &&
    (disposition === null || parseContentDisposition(disposition)?.type !== 'attachment')
  );
}

/** Without quoted lines, what introduces them, and the signature behind `-- `; undefined when nothing is left. */
function ownWords(text: string): string | undefined {
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === '-- ') break;
    if (!line.startsWith('>')) lines.push(line);
    // "On Monday Anna wrote:" stands before what she wrote.
    else if (/:\s*$/.test(lines.at(-1) ?? '')) lines.pop();
  }
  const own = lines.join('\n');
  return own.trim() === '' ? undefined : own;
}

/** One line of visible characters, cut after the last that fits. */
function firstWords(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    // Invisible characters hide text and pad it; joiners belong into words, and there they stay.
    .replace(/(?![\u200c\u200d])\p{Cf}|\u034f/gu, '')
    .replace(/(?<!\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\S)/gu, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  // A character is at most two code units.
  return [...line.slice(0, 2 * MAX_CHARACTERS)].slice(0, MAX_CHARACTERS).join('').trimEnd();
}
