/**
 * Notifications about mail that was sent on: it failed, it is late, it arrived. Pure.
 * RFC 3464 (delivery-status), RFC 6522 (multipart/report), RFC 3461 §5.2 and §6 (what is told to whom), RFC 5321 §4.5.5,
 * RFC 3834 §5 (Auto-Submitted), RFC 6533 (UTF-8 addresses).
 * Facts in, the octets of a message out.
 * Elsewhere: when one is due (outbound.ts).
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { messageDate } from './trace-fields.ts';

export type NotificationKind = 'failed' | 'delayed' | 'relayed' | 'delivered';

export interface ReportedRecipient {
  readonly address: string;
  /** `rfc822;anna@example.org`, as the sender first wrote it. */
  readonly originalRecipient: string | undefined;
  readonly enhanced: string;
  /** What the other side said. */
  readonly reply: string;
  /** The host that said it. */
  readonly host: string | undefined;
  readonly lastAttemptAt: number;
}

export interface Notification {
  readonly kind: NotificationKind;
  /** Name of this server. */
  readonly hostname: string;
  /** Whom it is for. */
  readonly to: string;
  readonly recipients: readonly ReportedRecipient[];
  readonly arrivedAt: number;
  readonly now: number;
  /** For a delay: until when it is tried. */
  readonly retriedUntil: number;
  readonly envelopeId: string | undefined;
  /** Of the message it is about: the header, or all of it. */
  readonly original: Buffer;
  readonly originalIsWhole: boolean;
  /** Makes ids and boundaries unique. */
  readonly unique: string;
}

const SUBJECTS: Record<NotificationKind, string> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is not delivered yet',
  relayed: 'Your message was handed on',
  delivered: 'Your message was delivered',
};

/** RFC 3464 §2.3.3 */
const ACTIONS: Record<NotificationKind, string> = {
  failed: 'failed',
  delayed: 'delayed',
  relayed: 'relayed',
  delivered: 'delivered',
};

/** The notification as a message, CRLF at line ends, header included. */
export function composeNotification(given: Notification): Buffer {
  const { kind, hostname, to, now, unique, original, originalIsWhole } = given;
  const boundary = `report-${unique}`;
  // RFC 6533 §3: addresses beyond ASCII take the types with UTF-8.
  const utf8 = given.recipients.some((one) => beyondAscii(one.address) || beyondAscii(one.originalRecipient ?? ''));
  const global = utf8 ? 'global-' : '';
  const eightBit = original.some((octet) => octet > 127) || utf8;
  const head = [
    `From: Mail Delivery <postmaster@${hostname}>`,
    `To: <${to}>`,
    `Subject: ${SUBJECTS[kind]}`,
    `Date: ${messageDate(now)}`,
    `Message-ID: <${unique}@${hostname}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...explanation(given),
    '',
    `--${boundary}`,
    `Content-Type: message/${global}delivery-status`,
    ...(utf8 ? ['Content-Transfer-Encoding: 8bit'] : []),
    '',
    // RFC 3464 §2.1: outside the types with UTF-8 the fields are ASCII, whatever the other side said.
    ...statusFields(given).map((line) => (utf8 ? line : line.replace(/[^\x00-\x7f]/g, '?'))),
    '',
    `--${boundary}`,
    `Content-Type: ${returnedType(original, originalIsWhole)}`,
    ...(eightBit ? ['Content-Transfer-Encoding: 8bit'] : []),
    '',
    '',
  ];
  const end = original.subarray(-2).equals(Buffer.from('\r\n')) ? '' : '\r\n';
  return Buffer.concat([Buffer.from(head.join('\r\n')), original, Buffer.from(`${end}\r\n--${boundary}--\r\n`)]);
}

/** RFC 6533 §5 and RFC 6532 §3.7: a header in UTF-8 has types of its own. */
function returnedType(original: Buffer, whole: boolean): string {
  const end = original.indexOf('\r\n\r\n');
  const header = whole && end >= 0 ? original.subarray(0, end) : original;
  if (isUtf8(header) && !isAscii(header)) return whole ? 'message/global' : 'message/global-headers';
  return whole ? 'message/rfc822' : 'text/rfc822-headers';
}

function beyondAscii(text: string): boolean {
  return /[^\x00-\x7f]/.test(text);
}

function explanation({ kind, hostname, recipients, arrivedAt, retriedUntil }: Notification): string[] {
  const when = messageDate(arrivedAt);
  const first = {
    failed: `The message you sent on ${when} could not be delivered to:`,
    delayed: `The message you sent on ${when} has not been delivered yet to:`,
    relayed: `The message you sent on ${when} was handed to a server that does not report further for:`,
    delivered: `The message you sent on ${when} was delivered to:`,
  }[kind];
  const last = {
    failed: ['It will not be tried again. Its beginning is attached.'],
    delayed: [`It is tried again until ${messageDate(retriedUntil)}. You need not do anything.`],
    relayed: [],
    delivered: [],
  }[kind];
  return [
    `This is the mail server ${hostname}.`,
    '',
    first,
    '',
    ...recipients.flatMap(({ address, reply, host }) => [
      `  ${address}`,
      `    ${host === undefined ? '' : `${host} says: `}${reply}`,
    ]),
    ...(last.length > 0 ? ['', ...last] : []),
  ];
}

/** RFC 3464 §2.2 and §2.3. */
function statusFields({ kind, hostname, recipients, arrivedAt, envelopeId, retriedUntil }: Notification): string[] {
  return [
    ...(envelopeId === undefined ? [] : [`Original-Envelope-Id: ${envelopeId}`]),
    `Reporting-MTA: dns; ${hostname}`,
    `Arrival-Date: ${messageDate(arrivedAt)}`,
    ...recipients.flatMap((recipient) => {
      const { address, originalRecipient, enhanced, reply, host, lastAttemptAt } = recipient;
      const type = beyondAscii(address) ? 'utf-8' : 'rfc822';
      return [
        '',
        ...(originalRecipient === undefined ? [] : [`Original-Recipient: ${originalRecipient}`]),
        `Final-Recipient: ${type}; ${address}`,
        `Action: ${ACTIONS[kind]}`,
        `Status: ${enhanced}`,
        ...(host === undefined ? [] : [`Remote-MTA: dns; ${host}`, `Diagnostic-Code: smtp; ${reply}`]),
        `Last-Attempt-Date: ${messageDate(lastAttemptAt)}`,
        ...(kind === 'delayed' ? [`Will-Retry-Until: ${messageDate(retriedUntil)}`] : []),
      ];
    }),
  ];
}
