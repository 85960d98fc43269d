/**
 * Prints what FETCH asked for: one untagged FETCH for each message, in pages, waiting for the socket between them.
 * RFC 3501 §7.4.2, RFC 9051 §7.5.2.
 * Flags come from the arrays of the view, envelopes and structures from finished text, bodies from the blobs; no page holds
 * the event loop, and nothing is locked while the socket is waited for.
 * Elsewhere: parsing (fetch-items.ts), reading (fetch-sources.ts), octets of bodies (body-sections.ts), \Seen (commands/fetch.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { bodyStructureOf } from '../../src/mail/body-structure.ts';
import { printInternalDate } from '../../src/mail/message-summary.ts';
import { BodySections } from './body-sections.ts';
import type { FetchPlan } from './fetch-items.ts';
import { type FetchRow, FetchSources } from './fetch-sources.ts';
import { emailId, threadId } from './object-ids.ts';
import { messageData, quote, Refusal } from './responses.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import type { Span } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

/** Messages printed from memory before others get a turn. */
const PAGE = 2_000;
/** Where ` RFC822.SIZE` begins in a stored summary: behind `INTERNALDATE "…"`. */
const DATE_END = 41;

/** Prints the messages of these spans of indexes that are still there. */
export async function printFetch(session: ImapSession, spans: readonly Span[], plan: FetchPlan): Promise<void> {
  const { mailbox } = session;
  const sources = new FetchSources(session.services.contents, mailbox.view.mailboxId, plan);
  if (sources.empty && !plan.body) {
    await printFromMemory(session, spans, plan);
    return;
  }
  const { stream, services, uidOnly } = session;
  const { contents } = services;
  const sections = new BodySections(contents, stream);
  for (const [first, last] of spans) {
    const lastUid = mailbox.uids[last] as number;
    for (let index = first; index <= last; index++) {
      if (mailbox.viewIndex(index) < 0) continue;
      const uid = mailbox.uids[index] as number;
      if (!sources.has(uid)) {
        await stream.room();
        await yieldOnce();
        if (stream.ended) return;
        await sources.load(uid, lastUid);
      }
      const row = sources.get(uid);
      // It left while pages were read: nothing is said of it, and EXPUNGE comes when it may.
      if (row === undefined) continue;
      const messageId = mailbox.view.messageIds[mailbox.viewIndex(index)];
      const brief = plan.body && messageId !== undefined ? await contents.scanned(messageId) : undefined;
      const preview = plan.preview && row.body !== undefined ? await contents.preview(row.body) : undefined;
      // Only now: messages may have left while pages were read, and positions in the view moved.
      const at = mailbox.viewIndex(index);
      if (at < 0) continue;
      if (plan.flags) mailbox.announceKeywords(stream);
      let text = messageData(index, uid, uidOnly) + memoryItems(mailbox, at, uid, plan);
      for (const item of storedItems(row, plan)) text += gap(text) + item;
      if (brief !== undefined) text += `${gap(text)}BODY ${bodyStructureOf(brief.message, false)}`;
      if (preview !== undefined) text += `${gap(text)}PREVIEW ${quote(latin1(preview))}`;
      if (row.body === undefined || plan.sections.length === 0) {
        stream.write(`${text})\r\n`);
        continue;
      }
      for (const item of plan.sections) {
        stream.write(text + gap(text));
        await sections.write(row.body, item);
        text = '';
      }
      stream.write(')\r\n');
      if (stream.crowded) await stream.room();
    }
  }
  if (sections.unknownEncoding) throw new Refusal('NO', 'UNKNOWN-CTE', 'The encoding of a part is not known.');
}

async function printFromMemory(session: ImapSession, spans: readonly Span[], plan: FetchPlan): Promise<void> {
  const { stream, mailbox, uidOnly } = session;
  let text = '';
  let printed = 0;
  for (const [first, last] of spans) {
    for (let index = first; index <= last; index++) {
      const at = mailbox.viewIndex(index);
      if (at < 0) continue;
      if (plan.flags) mailbox.announceKeywords(stream);
      const uid = mailbox.uids[index] as number;
      text += `${messageData(index, uid, uidOnly)}${memoryItems(mailbox, at, uid, plan)})\r\n`;
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

/** What was read of a message, without its octets. */
function storedItems(row: FetchRow, plan: FetchPlan): string[] {
  const items: string[] = [];
  if (row.summary !== undefined) items.push(summaryItems(row.summary, plan));
  if (row.structure !== undefined) items.push(`BODYSTRUCTURE ${row.structure}`);
  if (plan.emailId) items.push(`EMAILID (${emailId(row.emailId ?? 0)})`);
  if (plan.threadId) items.push(`THREADID (${threadId(row.threadId ?? 0)})`);
  if (row.savedAt !== undefined) items.push(`SAVEDATE ${row.savedAt === 0 ? 'NIL' : printInternalDate(row.savedAt)}`);
  return items;
}

/** UTF-8, octet for character. */
function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
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
