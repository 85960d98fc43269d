/**
 * Notifications about mail that was sent, as other servers write them.
 * RFC 3464 §2.1 to §2.3 (delivery-status), RFC 6522 (multipart/report), RFC 6533 (the types with UTF-8).
 * The octets of a mail in, what it reports out; nothing of it is believed here.
 * Elsewhere: writing them (delivery-status.ts).
 */
import { readHeader } from './header-fields.ts';
import { type MessagePart, scanMessage } from './message-structure.ts';
import { decodeTransfer } from './message-text.ts';

export interface DeliveryReport {
  /** Original-Envelope-Id (RFC 3464 §2.2.1); undefined when it names none. */
  readonly envelopeId: string | undefined;
  /** Message-ID of the message it brings back, without angle brackets. */
  readonly messageId: string | undefined;
  readonly recipients: readonly RecipientReport[];
}

export interface RecipientReport {
  /** Lower case (RFC 3464 §2.3.3): failed, delayed, delivered, relayed, expanded. */
  readonly action: string;
  /** RFC 3463, `5.1.1`. */
  readonly status: string;
  /** What the other side said; '' when nothing is told. */
  readonly diagnostic: string;
}

const MAX_STATUS_OCTETS = 64 * 1024;
const MAX_RECIPIENTS = 100;
const MAX_DIAGNOSTIC = 500;

/** Tells most mail apart without taking it to pieces. */
export function mayBeReport(octets: Buffer): boolean {
  return (
    octets
      .subarray(0, 64 * 1024)
      .toString('latin1')
      .search(/delivery-status/i) >= 0
  );
}

/** What a mail reports; undefined for mail that is no report. */
export function readDeliveryReport(octets: Buffer): DeliveryReport | undefined {
  const message = scanMessage(octets);
  if (message.type.type !== 'multipart' || message.type.subtype !== 'report') return undefined;
  const status = message.parts.find(isStatus);
  if (status === undefined) return undefined;
  const raw = octets.subarray(status.bodyStart, Math.min(status.end, status.bodyStart + MAX_STATUS_OCTETS));
  const [whole, ...blocks] = blocksOf(decodeTransfer(raw, status.encoding));
  return {
    envelopeId: whole?.get('original-envelope-id') ?? undefined,
    messageId: messageIdIn(octets, message),
    recipients: blocks.flatMap((block) => {
      const action = block.get('action')?.toLowerCase();
      if (action === undefined) return [];
      const diagnostic = (block.get('diagnostic-code') ?? '').replace(/^[^;]*;\s*/, '').slice(0, MAX_DIAGNOSTIC);
      return [{ action, status: /^\d\.\d+\.\d+/.exec(block.get('status') ?? '')?.[0] ?? '', diagnostic }];
    }),
  };
}

function isStatus({ type }: MessagePart): boolean {
  return type.type === 'message' && /^(?:global-)?delivery-status$/.test(type.subtype);
}

/** Groups of fields between empty lines; the first is about the message. */
function blocksOf(octets: Buffer) {
  const blocks: ReturnType<typeof readHeader>[] = [];
  for (let at = 0; at < octets.length && blocks.length <= MAX_RECIPIENTS; ) {
    const block = readHeader(octets, at, octets.length);
    if (block.count > 0) blocks.push(block);
    at = block.end;
  }
  return blocks;
}

function messageIdIn(octets: Buffer, message: MessagePart): string | undefined {
  for (const part of message.parts) {
    const { type, subtype } = part.type;
    const header =
      part.kind === 'message'
        ? part.parts[0]?.header
        : type === 'text' && subtype === 'rfc822-headers'
          ? readHeader(octets, part.bodyStart, part.end)
          : undefined;
    const id = /<([^<>\s]+)>/.exec(header?.get('message-id') ?? '')?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}
