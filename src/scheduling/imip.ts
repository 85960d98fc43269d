/**
 * iTIP as mail, out and in.
 * RFC 6047 §2 (the text/calendar part and its parameters), §2.2.2 (From is the calendar user), §3 (words for people),
 * RFC 3834 §3.1.7 (Auto-Submitted), RFC 2046 §5.1.4 (multipart/alternative).
 * A message in, octets out; octets in, a calendar text and who it is from out. Nothing is sent or applied here.
 * Elsewhere: the words (invitation-text.ts), the queues (outgoing-mail.ts, incoming-mail.ts).
 */
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { parseAddresses } from '../mail/address-list.ts';
import { type MessagePart, scanMessage } from '../mail/message-structure.ts';
import { parameterOf } from '../mail/mime-parameters.ts';
import { type InvitationText, invitationText, type Language } from './invitation-text.ts';
import { ITIP_METHODS, type ItipMethod } from './itip-message.ts';
import type { SchedulingObject } from './scheduling-object.ts';

/** Octets of a calendar in mail; larger ones are left to people. */
export const MAX_CALENDAR_OCTETS = 2 * 1024 * 1024;

export interface OutgoingInvitation {
  readonly method: ItipMethod;
  /** The calendar with METHOD, and its text. */
  readonly object: SchedulingObject;
  readonly calendar: string;
  /** Plain addresses. */
  readonly from: string;
  readonly fromName: string;
  readonly to: string;
  readonly language: Language;
  readonly readersZone?: string;
  /** A page on which somebody without a calendar program can answer. */
  readonly answerUrl?: string;
  readonly messageId: string;
  readonly date: Date;
}

/** The octets of the mail for one recipient. */
export async function composeInvitation(invitation: OutgoingInvitation): Promise<Buffer> {
  const { method, calendar, from, fromName, to, messageId, date, language, answerUrl } = invitation;
  const words = invitationText(method, invitation.object, from, language, invitation.readersZone);
  const mail = new MailComposer({
    from: { name: fromName, address: from },
    to,
    subject: words.subject,
    messageId: `<${messageId}>`,
    date,
    text: printText(words, answerUrl, language),
    html: printHtml(words, answerUrl, language),
    // The part that programs read is the last alternative, and once more a file for those that only know files.
    icalEvent: { method, content: calendar, filename: 'invite.ics' },
    headers: method === 'REPLY' ? { 'Auto-Submitted': 'auto-generated' } : {},
    // RFC 5321 §2.3.8: what people wrote may hold bare line feeds, which must not leave.
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().build();
}

const ANSWER: Record<Language, string> = { en: 'Answer on the web', fr: 'Répondre sur le web' };

function printText({ headline, facts }: InvitationText, url: string | undefined, language: Language): string {
  const lines = [headline, ''];
  for (const [label, value] of facts) lines.push(`${label}: ${value.replaceAll('\n', '\n  ')}`);
  if (url !== undefined) lines.push('', `${ANSWER[language]}: ${url}`);
  return `${lines.join('\n')}\n`;
}

function printHtml({ headline, facts }: InvitationText, url: string | undefined, language: Language): string {
  const rows = facts.map(
    ([label, value]) =>
      `<tr><th align="left" valign="top">${escapeHtml(label)}</th><td>${escapeHtml(value).replaceAll('\n', '<br>')}</td></tr>`,
  );
  const link = url === undefined ? '' : `<p><a href="${escapeHtml(url)}">${escapeHtml(ANSWER[language])}</a></p>`;
  return (
    `<!DOCTYPE html><html lang="${language}"><head><meta charset="utf-8"></head><body>` +
    `<p>${escapeHtml(headline)}</p><table>${rows.join('')}</table>${link}</body></html>\n`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface IncomingInvitation {
  readonly method: ItipMethod;
  /** The text of the text/calendar part, in Unicode. */
  readonly calendar: string;
  /** Addresses of From, in lower case. */
  readonly from: readonly string[];
}

/** The calendar in a mail that is an iTIP message; undefined for all other mail. The largest part that is not too large counts. */
export function readInvitation(octets: Buffer): IncomingInvitation | undefined {
  const message = scanMessage(octets);
  const part = calendarPart(message);
  if (part === undefined) return undefined;
  const calendar = textOf(octets.subarray(part.bodyStart, part.end), part);
  // Some programs leave the parameter out, some the property; one of them must say what this is.
  const method = (/^METHOD:\s*([A-Z-]+)/im.exec(calendar)?.[1] ?? parameterOf(part.type, 'method') ?? '').toUpperCase();
  const known = ITIP_METHODS.find((one) => one === method);
  if (known === undefined) return undefined;
  const from = message.header.all('from').flatMap((value) => parseAddresses(value));
  const addresses = from.flatMap(({ mailbox, host }) =>
    mailbox === null || host === null ? [] : [`${mailbox}@${host}`.toLowerCase()],
  );
  const named = /^METHOD:/im.test(calendar)
    ? calendar
    : calendar.replace(/^BEGIN:VCALENDAR\r?\n/im, (begin) => `${begin}METHOD:${known}\r\n`);
  return { method: known, calendar: named, from: addresses };
}

function calendarPart(part: MessagePart): MessagePart | undefined {
  const { type, subtype } = part.type;
  if (part.kind === 'single') {
    const isCalendar =
      type === 'text' && subtype === 'calendar' && part.end - part.bodyStart <= MAX_CALENDAR_OCTETS * 1.4;
    return isCalendar ? part : undefined;
  }
  // A forwarded message is not from whoever forwards it.
  if (part.kind === 'message') return undefined;
  for (const inner of part.parts) {
    const found = calendarPart(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function textOf(body: Buffer, part: MessagePart): string {
  const octets =
    part.encoding === 'base64'
      ? Buffer.from(body.toString('latin1'), 'base64')
      : part.encoding === 'quoted-printable'
        ? quotedPrintable(body)
        : body;
  // RFC 5545 §3.1.4: UTF-8 unless something else is said.
  const charset = parameterOf(part.type, 'charset') ?? 'utf-8';
  return decoderOf(/^us-ascii$/i.test(charset) ? 'utf-8' : charset).decode(octets);
}

function decoderOf(charset: string) {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** RFC 2045 §6.7. */
function quotedPrintable(body: Buffer): Buffer {
  const text = body
    .toString('latin1')
    .replace(/[ \t]+(?=\r?\n)/g, '')
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}
