/**
 * Prints what FETCH asked for: one untagged FETCH for each message, in pages, waiting for the socket between them.
 * RFC 3501 §7.4.2, RFC 9051 §7.5.2.
 * Flags come from the arrays of the view, envelopes and structures from finished text, bodies from the blobs; no page holds
 * the event loop, and nothing is locked while the socket is waited for.
 * Elsewhere: parsing (fetch-items.ts), octets of bodies (body-sections.ts), \Seen (commands/fetch.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { bodyStructureOf } from '../../src/mail/body-structure.ts';
import type { Body } from '../../src/mail/message-contents.ts';
import { BodySections } from './body-sections.ts';
import type { FetchPlan } from './fetch-items.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import type { Span } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

/** Messages printed from memory before others get a turn. */
const PAGE = 2_000;
/** Where ` RFC822.SIZE` begins in a stored summary: behind `INTERNALDATE "…"`. */
const DATE_END = 41;

/** Rows of one kind by UID, read ahead in pages: `[uid, text]`, or bodies. */
class Pages<Row> {
  readonly #read: (first: number, last: number) => Promise<Row[]>;
  readonly #uidOf: (row: Row) => number;
  #rows: Row[] = [];
  #at = 0;
  /** Everything up to this UID is in `rows`, or is gone. */
  #until = 0;

  constructor(read: (first: number, last: number) => Promise<Row[]>, uidOf: (row: Row) => number) {
    this.#read = read;
    this.#uidOf = uidOf;
  }

  /** The row of a UID; UIDs are asked for in ascending order. `last` is the highest that will be, in this run of UIDs. */
  async get(uid: number, last: number): Promise<Row | undefined> {
    if (uid > this.#until) {
      this.#rows = await this.#read(uid, last);
      this.#at = 0;
      const end = this.#rows.at(-1);
      this.#until = end === undefined ? last : this.#uidOf(end);
    }
    while (this.#at < this.#rows.length && this.#uidOf(this.#rows[this.#at] as Row) < uid) this.#at++;
    const row = this.#rows[this.#at];
    return row !== undefined && this.#uidOf(row) === uid ? row : undefined;
  }

  /** Whether the next `get` of a UID answers from memory. */
  has(uid: number): boolean {
    return uid <= this.#until;
  }
}

/** Prints the messages of these spans of indexes that are still there. */
export async function printFetch(session: ImapSession, spans: readonly Span[], plan: FetchPlan): Promise<void> {
  const { mailbox } = session;
  if (isFromMemory(plan)) {
    await printFromMemory(session, spans, plan);
    return;
  }
  const { contents } = session.services;
  const { mailboxId } = mailbox.view;
  const summaries = new Pages(
    (first, last) => contents.summaries(mailboxId, first, last),
    ([uid]) => uid,
  );
  const structures = new Pages(
    (first, last) => contents.structures(mailboxId, first, last),
    ([uid]) => uid,
  );
  const bodies = new Pages<Body>(
    (first, last) => contents.bodies(mailboxId, first, last),
    ({ uid }) => uid,
  );
  const needsSummary = plan.internalDate || plan.size || plan.envelope;
  const { stream } = session;
  const sections = new BodySections(contents, stream);
  for (const [first, last] of spans) {
    const lastUid = mailbox.uids[last] as number;
    for (let index = first; index <= last; index++) {
      const at = mailbox.viewIndex(index);
      if (at < 0) continue;
      const uid = mailbox.uids[index] as number;
      if ((needsSummary && !summaries.has(uid)) || (plan.sections.length > 0 && !bodies.has(uid))) {
        await stream.room();
        await yieldOnce();
        if (stream.ended) return;
      }
      const summary = needsSummary ? await summaries.get(uid, lastUid) : undefined;
      const structure = plan.bodyStructure ? await structures.get(uid, lastUid) : undefined;
      const body = plan.sections.length > 0 ? await bodies.get(uid, lastUid) : undefined;
      // It left while pages were read: nothing is said of it, and EXPUNGE comes when it may.
      const missing =
        (needsSummary && !summary) || (plan.bodyStructure && !structure) || (plan.sections.length > 0 && !body);
      if (missing) continue;
      const brief = plan.body ? await contents.scanned(mailbox.view.messageIds[at] as number) : undefined;
      let text = `* ${index + 1} FETCH (${memoryItems(mailbox, at, uid, plan)}`;
      if (summary !== undefined) text += `${gap(text)}${summaryItems(summary[1], plan)}`;
      if (structure !== undefined) text += `${gap(text)}BODYSTRUCTURE ${structure[1]}`;
      if (brief !== undefined) text += `${gap(text)}BODY ${bodyStructureOf(brief.message, false)}`;
      if (body === undefined) {
        stream.write(`${text})\r\n`);
        continue;
      }
      if (text.endsWith('(')) text += `UID ${uid}`;
      stream.write(text);
      for (const item of plan.sections) await sections.write(body, item);
      stream.write(')\r\n');
      if (stream.crowded) await stream.room();
    }
  }
}

function isFromMemory({ internalDate, size, envelope, bodyStructure, body, sections }: FetchPlan): boolean {
  return !internalDate && !size && !envelope && !bodyStructure && !body && sections.length === 0;
}

async function printFromMemory(session: ImapSession, spans: readonly Span[], plan: FetchPlan): Promise<void> {
  const { stream, mailbox } = session;
  let text = '';
  let printed = 0;
  for (const [first, last] of spans) {
    for (let index = first; index <= last; index++) {
      const at = mailbox.viewIndex(index);
      if (at < 0) continue;
      text += `* ${index + 1} FETCH (${memoryItems(mailbox, at, mailbox.uids[index] as number, plan)})\r\n`;
      if (++printed % PAGE !== 0) continue;
      stream.write(text);
      text = '';
      await stream.room();
      await yieldOnce();
      if (stream.ended) return;
    }
  }
  stream.write(text);
}

function memoryItems(
  mailbox: SelectedMailbox,
  at: number,
  uid: number,
  { uid: uids, flags, modseq }: FetchPlan,
): string {
  let text = uids ? `UID ${uid}` : '';
  if (flags) text += `${text === '' ? '' : ' '}FLAGS (${mailbox.flagText(at, uid)})`;
  if (modseq) text += `${text === '' ? '' : ' '}MODSEQ (${mailbox.view.modseqs[at]})`;
  return text;
}

/** The items of a stored summary that are asked for, in its order. */
function summaryItems(summary: string, { internalDate, size, envelope }: FetchPlan): string {
  if (internalDate && size && envelope) return summary;
  const envelopeAt = summary.indexOf(' ENVELOPE ', DATE_END);
  const items: string[] = [];
  if (internalDate) items.push(summary.slice(0, DATE_END));
  if (size) items.push(summary.slice(DATE_END + 1, envelopeAt));
  if (envelope) items.push(summary.slice(envelopeAt + 1));
  return items.join(' ');
}

function gap(text: string): string {
  return text.endsWith('(') ? '' : ' ';
}
