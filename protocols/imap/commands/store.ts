/**
 * STORE, EXPUNGE and their UID forms.
 * RFC 3501 §6.4.3 and §6.4.6, RFC 4315 §2.1 (UID EXPUNGE), RFC 7162 §3.1.3 (UNCHANGEDSINCE).
 * Elsewhere: the change itself (src/mail/messages.ts), what others are told (selected-mailbox.ts).
 */
import type { FlagMode } from '../../../src/mail/messages.ts';
import { printUidSet } from '../../../src/mail/uid-set.ts';
import type { Arguments } from '../grammar.ts';
import { messageData, Refusal } from '../responses.ts';
import { printNumbers, type Span } from '../sequence-set.ts';
import type { Command, ImapSession } from '../session.ts';

const MODES: Readonly<Record<string, FlagMode>> = { '': 'set', '+': 'add', '-': 'remove' };
/** Answers printed before the socket is asked for room. */
const PAGE = 1_000;

export const store = storing(false);
export const uidStore = storing(true);

function storing(byUid: boolean): Command {
  return {
    state: 'selected',
    // RFC 3501 §7.4.1.
    expunges: byUid,
    bySequence: !byUid,
    async run(session, { arguments: args }) {
      args.space();
      const set = args.sequenceSet();
      args.space();
      let unchangedSince: number | undefined;
      if (args.take('(UNCHANGEDSINCE ')) {
        unchangedSince = args.number64();
        args.expect(')');
        args.space();
        session.enableCondstore();
      }
      const { mode, silent, names } = readFlags(args);
      args.end();
      const { mailbox } = session;
      if (mailbox.readOnly) throw new Refusal('NO', 'NOPERM', 'The mailbox is open for reading only.');
      const spans = mailbox.indexes(set, byUid);
      const uids = mailbox.uidSet(spans);
      // What others did comes first, so that whatever comes between it and this change can be told apart from it.
      session.announce(false);
      const told = mailbox.view.highestModseq;
      const { modseq, modified, after } = await session.services.messages.setFlags(
        session.user,
        mailbox.view,
        uids,
        mode,
        names,
        unchangedSince,
      );
      const answers = !silent || session.condstore;
      // RFC 3501 §6.4.6: SILENT keeps back what the client knows, and it does not know what others did in between.
      if (!silent || after === told) mailbox.answered(modseq);
      mailbox.announceKeywords(session.stream);
      if (answers)
        await answer(session, spans, { byUid, silent, modseq, mode, names, skipped: new Set(expand(modified)) });
      if (modified.length === 0)
        return !byUid && mailbox.misses(spans) ? '[EXPUNGEISSUED] Some of the messages are gone.' : 'Stored.';
      const numbers = byUid
        ? printUidSet(modified)
        : printNumbers([...expand(modified)].map((uid) => mailbox.indexOf(uid) + 1));
      return `[MODIFIED ${numbers}] Stored where nothing had changed.`;
    },
  };
}

function readFlags(args: Arguments): { mode: FlagMode; silent: boolean; names: string[] } {
  const sign = args.take('+') ? '+' : args.take('-') ? '-' : '';
  args.expect('FLAGS');
  const silent = args.take('.SILENT');
  args.space();
  const names: string[] = [];
  if (args.peek() === '(') names.push(...args.flagList());
  else {
    names.push(args.flag());
    while (args.peek() === ' ') {
      args.space();
      if (args.atEnd) break;
      names.push(args.flag());
    }
  }
  return { mode: MODES[sign] as FlagMode, silent, names: names.filter((name) => name.toLowerCase() !== '\\recent') };
}

function* expand(ranges: readonly (readonly [number, number])[]): Generator<number> {
  for (const [first, last] of ranges) for (let uid = first; uid <= last; uid++) yield uid;
}

interface AnswerOptions {
  readonly byUid: boolean;
  readonly silent: boolean;
  readonly modseq: number;
  readonly mode: FlagMode;
  readonly names: readonly string[];
  readonly skipped: ReadonlySet<number>;
}

/** One FETCH for each message: its flags, with CONDSTORE its modseq; with SILENT only the modseq, of those that changed. */
async function answer(session: ImapSession, spans: readonly Span[], options: AnswerOptions): Promise<void> {
  const { stream, mailbox, condstore, uidOnly } = session;
  const { byUid, silent, modseq, mode, names, skipped } = options;
  // RFC 7162 §3.2.4: with QRESYNC the UID is always told.
  const withUid = !uidOnly && (byUid || session.enabled.has('QRESYNC'));
  let printed = 0;
  for (const [first, last] of spans) {
    for (let index = first; index <= last; index++) {
      const at = mailbox.viewIndex(index);
      const uid = mailbox.uids[index] as number;
      if (skipped.has(uid)) continue;
      if (at < 0) {
        // RFC 2180 §4.2: as if it were there still, for the number is in use until EXPUNGE may be said.
        if (!silent && !byUid)
          stream.write(
            `* ${index + 1} FETCH (${withUid ? `UID ${uid} ` : ''}FLAGS (${changed(mailbox.lastFlags(index), mode, names).join(' ')}))\r\n`,
          );
        continue;
      }
      const latest = mailbox.view.modseqs[at] as number;
      if (silent && latest !== modseq) continue;
      const flags = silent ? '' : `FLAGS (${mailbox.flagText(at, uid)})`;
      // RFC 7162 §3.1.3: the new modseq, of SILENT too.
      const more = condstore ? `${silent ? '' : ' '}MODSEQ (${latest})` : '';
      stream.write(`${messageData(index, uid, uidOnly)}${withUid ? `UID ${uid} ` : ''}${flags}${more})\r\n`);
      if (++printed % PAGE === 0) await stream.room();
    }
  }
}

/** Flag names after a STORE. */
function changed(flags: readonly string[], mode: FlagMode, names: readonly string[]): readonly string[] {
  if (mode === 'set') return names;
  const named = new Set(names.map((name) => name.toLowerCase()));
  const others = flags.filter((flag) => !named.has(flag.toLowerCase()));
  return mode === 'add' ? [...others, ...names] : others;
}

export const expunge: Command = {
  state: 'selected',
  async run(session, { arguments: args }) {
    args.end();
    writable(session);
    await session.services.messages.expunge(session.user, session.mailbox.view);
    return done(session);
  },
};

export const uidExpunge: Command = {
  state: 'selected',
  async run(session, { arguments: args }) {
    args.space();
    const set = args.sequenceSet();
    args.end();
    writable(session);
    const { mailbox } = session;
    const uids = mailbox.uidSet(mailbox.indexes(set, true));
    if (uids.length > 0) await session.services.messages.expunge(session.user, mailbox.view, uids);
    return done(session);
  },
};

function writable({ mailbox }: ImapSession): void {
  if (mailbox.readOnly) throw new Refusal('NO', 'NOPERM', 'The mailbox is open for reading only.');
}

/** The EXPUNGE answers come before the tagged one, with all else that happened. */
function done(session: ImapSession): string {
  session.announce(true);
  return session.condstore ? `[HIGHESTMODSEQ ${session.mailbox.view.highestModseq}] Expunged.` : 'Expunged.';
}
