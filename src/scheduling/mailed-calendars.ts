/**
 * iTIP messages in a mail.
 * RFC 6047 §2.4 (the text/calendar part and its method), §2.5 (transfer encodings), §2.6 (Content-Disposition); RFC 5545 §3.1.4
 * (UTF-8 unless something else is said).
 * The octets of a mail in, calendar texts and who they are from out. Nothing is applied here.
 * Elsewhere: the mail that is sent (imip.ts), what is done with what was read (incoming-mail.ts).
 */
import { parseAddresses } from '../mail/address-list.ts';
import { decodeOctets, decoderOf } from '../mail/encoded-words.ts';
import { fileNameOf } from '../mail/file-name.ts';
import { type MessagePart, scanMessage } from '../mail/message-structure.ts';
import { decodeTransfer } from '../mail/message-text.ts';
import { parameterOf, parseContentDisposition } from '../mail/mime-parameters.ts';
import { ITIP_METHODS, type ItipMethod } from './itip-message.ts';

/** Octets of a calendar in mail; larger ones are left to people. */
export const MAX_CALENDAR_OCTETS = 2 * 1024 * 1024;
/** Parts of one mail that are looked into. */
const MAX_CALENDARS = 10;

export interface MailedCalendar {
  readonly method: ItipMethod;
  /** The text with METHOD, in Unicode. */
  readonly calendar: string;
}

export interface MailedCalendars {
  /** Addresses of From, in lower case. */
  readonly from: readonly string[];
  /** What one means before what is attached; several may be about the same. */
  readonly calendars: readonly MailedCalendar[];
}

/** How a part says that it is a calendar, the surest first. */
const RANKS = ['shown', 'attached', 'named'] as const;
type Rank = (typeof RANKS)[number];

/** Tells most mail apart without taking it to pieces: false for mail in which `readCalendars` finds nothing. */
export function mayHoldCalendar(octets: Buffer): boolean {
  return /\/calendar|\/ics|\.ics|name\*|name\s*=\s*"?=\?/i.test(octets.toString('latin1'));
}

/** The iTIP messages of a mail, which may be cut off at its end. */
export function readCalendars(octets: Buffer): MailedCalendars {
  const message = scanMessage(octets);
  const found = [...calendarParts(message)];
  // A stable order: of two that are alike, the one that stands first.
  found.sort((one, other) => RANKS.indexOf(one.rank) - RANKS.indexOf(other.rank));
  const calendars = found.slice(0, MAX_CALENDARS).flatMap(({ part, rank }) => read(octets, part, rank) ?? []);
  const from = message.header.all('from').flatMap((value) => parseAddresses(value));
  const addresses = from.flatMap(({ mailbox, host }) =>
    mailbox === null || host === null ? [] : [`${mailbox}@${host}`.toLowerCase()],
  );
  return { from: addresses, calendars };
}

function* calendarParts(part: MessagePart): Generator<{ part: MessagePart; rank: Rank }> {
  // A forwarded message is not from whoever forwards it.
  if (part.kind === 'message') return;
  for (const inner of part.parts) yield* calendarParts(inner);
  const rank = rankOf(part);
  if (rank !== undefined && part.end - part.bodyStart <= MAX_CALENDAR_OCTETS * 1.4) yield { part, rank };
}

/**
 * RFC 6047 §2.6 wants the media type to decide and never a file name; programs and gateways turn calendars into files all the
 * same, and nothing else of the mail says what they are (Interpretation 143).
 */
function rankOf(part: MessagePart): Rank | undefined {
  if (part.kind !== 'single') return undefined;
  const { type, subtype } = part.type;
  if (type === 'text' && subtype === 'calendar') {
    const disposition = parseContentDisposition(part.header.get('content-disposition') ?? '');
    return disposition?.type === 'attachment' ? 'attached' : 'shown';
  }
  if (type === 'application' && (subtype === 'ics' || subtype === 'calendar')) return 'named';
  const mayBeFile = type === 'application' || (type === 'text' && subtype !== 'html');
  return mayBeFile && /\.ics$/i.test(fileNameOf(part).trim()) ? 'named' : undefined;
}

const METHOD = /^METHOD(?:;[^:\r\n]*)?:[ \t]*([A-Z-]+)/im;

function read(octets: Buffer, part: MessagePart, rank: Rank): MailedCalendar | undefined {
  const calendar = textOf(octets, part);
  const written = METHOD.exec(calendar)?.[1];
  // Some programs leave the parameter out, some the property; one of them must say what this is. A file says so itself.
  const method = written ?? (rank === 'named' ? undefined : parameterOf(part.type, 'method'));
  const known = ITIP_METHODS.find((one) => one === method?.trim().toUpperCase());
  if (known === undefined) return undefined;
  const named =
    written === undefined
      ? calendar.replace(/^BEGIN:VCALENDAR[ \t]*\r?\n/im, (begin) => `${begin}METHOD:${known}\r\n`)
      : calendar;
  return { method: known, calendar: named };
}

function textOf(octets: Buffer, part: MessagePart): string {
  const body = decodeTransfer(octets.subarray(part.bodyStart, part.end), part.encoding);
  const charset = parameterOf(part.type, 'charset')?.trim().toLowerCase() ?? '';
  const decoder = UTF_8.test(charset) ? null : decoderOf(charset);
  if (decoder !== null) return decoder.decode(body);
  const utf16 =
    body[0] === 0xff && body[1] === 0xfe ? 'utf-16le' : body[0] === 0xfe && body[1] === 0xff ? 'utf-16be' : '';
  if (utf16 !== '') return new TextDecoder(utf16).decode(body);
  return decodeOctets(body.toString('latin1')).replace(/^\ufeff/, '');
}

/** What is said where nothing is meant: octets that are no UTF-8 are read as other programs read them. */
const UTF_8 = /^(?:|utf-?8|us-ascii|ascii)$/;
