/**
 * Octets of bodies for FETCH: found by the layout of the message, written as literals.
 * RFC 3501 §6.4.5 and §7.4.2, RFC 3516 (BINARY). Each octet leaves as it came.
 * A section with one range of octets goes to the socket in pieces, so that a large message is never whole in memory.
 * Elsewhere: which octets a section is (src/mail/message-sections.ts).
 */
import { type OctetRange, selectHeaderFields } from '../../src/mail/header-fields.ts';
import type { Body, MessageContents } from '../../src/mail/message-contents.ts';
import { partAt, sectionRange } from '../../src/mail/message-sections.ts';
import type { PartLayout } from '../../src/mail/message-structure.ts';
import { decodeTransfer } from '../../src/mail/message-text.ts';
import type { LineStream } from '../line-stream.ts';
import type { SectionItem } from './fetch-items.ts';

/** Octets read at once of a message that is not in memory. */
const PIECE = 256 * 1024;
/** A header that fields are looked up in is read so far. */
const MAX_HEADER = 4 * 1024 * 1024;

/** Encodings that change nothing. */
const IDENTITIES: ReadonlySet<string> = new Set(['', '7bit', '8bit', 'binary']);

export class BodySections {
  readonly #contents: MessageContents;
  readonly #stream: LineStream;
  /** A part was asked for without its encoding, which nobody knows (RFC 3516 §4.3). */
  unknownEncoding = false;
  #scanned: { readonly messageId: number; readonly value: Awaited<ReturnType<MessageContents['scanned']>> } | undefined;
  #layout: { readonly messageId: number; readonly value: PartLayout | undefined } | undefined;

  constructor(contents: MessageContents, stream: LineStream) {
    this.#contents = contents;
    this.#stream = stream;
  }

  /** Writes `LABEL value` of a section. */
  async write(body: Body, item: SectionItem): Promise<void> {
    const stream = this.#stream;
    if (item.binary !== undefined) {
      await this.#binary(body, item, item.binary);
      return;
    }
    const range = await this.#range(body, item);
    if (range === null) {
      // Interpretation 56: a section that a message does not have is NIL, with a partial range too.
      stream.write(`${item.label} NIL`);
      return;
    }
    if (item.fields !== undefined) {
      const octets = await this.#fields(body, range, item.fields);
      const { offset = 0, length = octets.length } = item.partial ?? {};
      const part = octets.subarray(offset, offset + length);
      stream.write(`${item.label} {${part.length}}\r\n`);
      stream.writeOctets(part);
      return;
    }
    const { offset, length } = item.partial ?? { offset: 0, length: range.end - range.start };
    const start = Math.min(range.start + offset, range.end);
    const end = Math.min(start + length, range.end);
    stream.write(`${item.label} {${end - start}}\r\n`);
    await this.#octets(body, start, end);
  }

  /** RFC 3516 §4.2: a part as it was before it was encoded. */
  async #binary(body: Body, { label, path, partial }: SectionItem, kind: 'octets' | 'size'): Promise<void> {
    const stream = this.#stream;
    const octets = await this.#decoded(body, path);
    if (kind === 'size' || octets === null) {
      stream.write(`${label} ${kind === 'size' ? (octets?.length ?? 0) : 'NIL'}`);
      return;
    }
    const { offset, length } = partial ?? { offset: 0, length: octets.length };
    const part = octets.subarray(offset, offset + length);
    // A literal8 only where it must be: other clients than those that ask for BINARY know it too.
    stream.write(`${label} ${part.includes(0) ? '~' : ''}{${part.length}}\r\n`);
    stream.writeOctets(part);
  }

  async #decoded(body: Body, path: readonly number[]): Promise<Buffer | null> {
    if (this.#scanned?.messageId !== body.messageId)
      this.#scanned = { messageId: body.messageId, value: await this.#contents.scanned(body.messageId) };
    const { value } = this.#scanned;
    if (value === undefined) return null;
    if (path.length === 0) return value.octets;
    const part = partAt(value.message, path);
    if (part === null) return null;
    const octets = value.octets.subarray(part.bodyStart, part.end);
    if (part.kind !== 'single' || IDENTITIES.has(part.encoding)) return octets;
    if (part.encoding === 'base64' || part.encoding === 'quoted-printable')
      return decodeTransfer(octets, part.encoding);
    this.unknownEncoding = true;
    return null;
  }

  async #range(body: Body, { path, text }: SectionItem): Promise<OctetRange | null> {
    if (path.length === 0 && text === 'BODY') return { start: 0, end: body.size };
    if (this.#layout?.messageId !== body.messageId)
      this.#layout = { messageId: body.messageId, value: await this.#contents.layout(body.messageId, body.octets) };
    const layout = this.#layout.value;
    return layout === undefined ? null : sectionRange(layout, path, text);
  }

  async #fields(body: Body, range: OctetRange, { names, not }: NonNullable<SectionItem['fields']>): Promise<Buffer> {
    const start = body.octets === undefined ? range.start : 0;
    const octets = body.octets ?? (await this.#read(body, range.start, Math.min(range.end, range.start + MAX_HEADER)));
    const within = { start: range.start - start, end: Math.min(range.end - start, octets.length) };
    return Buffer.concat(
      selectHeaderFields(octets, within, names, not).map((selected) => octets.subarray(selected.start, selected.end)),
    );
  }

  async #octets(body: Body, start: number, end: number): Promise<void> {
    const stream = this.#stream;
    if (body.octets !== undefined) {
      stream.writeOctets(body.octets.subarray(start, end));
      return;
    }
    for (let at = start; at < end; ) {
      const piece = await this.#contents.octets(body.messageId, at, Math.min(PIECE, end - at));
      // The message was taken away for good meanwhile: the promised octets cannot be sent.
      if (piece.length === 0) throw new Error(`message ${body.messageId} ended at ${at} of ${end}`);
      stream.writeOctets(piece);
      at += piece.length;
      await stream.room();
      if (stream.ended) return;
    }
  }

  async #read(body: Body, start: number, end: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let at = start; at < end; ) {
      const piece = await this.#contents.octets(body.messageId, at, Math.min(PIECE, end - at));
      if (piece.length === 0) break;
      pieces.push(piece);
      at += piece.length;
    }
    return Buffer.concat(pieces);
  }
}
