/**
 * iTIP as mail.
 * RFC 6047 §2 (the text/calendar part and its parameters), §2.2.2 (From is the calendar user), §3 (words for people),
 * RFC 3834 §3.1.7 (Auto-Submitted), RFC 2046 §5.1.4 (multipart/alternative).
 * A message in, octets out. Nothing is sent here.
 * Elsewhere: the words (invitation-text.ts), the queue (outgoing-mail.ts), the way back (mailed-calendars.ts).
 */
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { type InvitationText, invitationText, type Language } from './invitation-text.ts';
import type { ItipMethod } from './itip-message.ts';
import type { SchedulingObject } from './scheduling-object.ts';

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
