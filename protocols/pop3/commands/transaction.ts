/**
 * Commands on an open maildrop: STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP.
 * RFC 1939 §5 and §7.
 * Elsewhere: QUIT, which removes what DELE marked (any-state.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { Maildrop } from '../maildrop.ts';
import { Hangup, Pop3Refusal } from '../refusal.ts';
import type { Command, Pop3Session } from '../session.ts';
import { transmit } from '../transmission.ts';

/** Lines of a listing after which others get a turn. */
const LISTED_AT_ONCE = 2_000;
/** More lines than any message has. */
const ALL_LINES = Number.MAX_SAFE_INTEGER;

export const stat: Command = {
  state: 'transaction',
  run({ drop }, argument) {
    needNothing(argument);
    const { messages, octets } = drop.totals();
    return `${messages} ${octets}`;
  },
};

export const list: Command = {
  state: 'transaction',
  run: (session, argument) => listing(session, argument, (drop, number) => String(drop.size(number))),
};

export const uidl: Command = {
  state: 'transaction',
  run: (session, argument) => listing(session, argument, (drop, number) => drop.uniqueId(number)),
};

export const retr: Command = {
  state: 'transaction',
  async run(session, argument) {
    const { drop, stream, services } = session;
    const number = drop.parse(argument);
    await transmit(stream, services.contents, { messageId: drop.messageId(number), size: drop.size(number) });
    drop.noteRead(number);
    return undefined;
  },
};

export const top: Command = {
  state: 'transaction',
  async run(session, argument) {
    const { drop, stream, services } = session;
    const [which = '', lines = '', ...more] = argument.split(' ');
    const number = drop.parse(which);
    if (!/^[0-9]{1,10}$/.test(lines) || more.length > 0) throw new Pop3Refusal('A number and how many lines.');
    const bodyLines = Math.min(Number(lines), ALL_LINES);
    await transmit(stream, services.contents, {
      messageId: drop.messageId(number),
      size: drop.size(number),
      bodyLines,
    });
    return undefined;
  },
};

export const dele: Command = {
  state: 'transaction',
  run({ drop }, argument) {
    drop.delete(drop.parse(argument));
    return 'It goes at QUIT.';
  },
};

export const rset: Command = {
  state: 'transaction',
  run({ drop }, argument) {
    needNothing(argument);
    drop.reset();
    return 'No message is marked.';
  },
};

export const noop: Command = {
  state: 'transaction',
  run(_session, argument) {
    needNothing(argument);
    return 'Done.';
  },
};

/** LIST and UIDL: one message, or all that are not marked. */
async function listing(
  { drop, stream }: Pop3Session,
  argument: string,
  print: (drop: Maildrop, number: number) => string,
): Promise<string | undefined> {
  if (argument !== '') {
    const number = drop.parse(argument);
    return `${number} ${print(drop, number)}`;
  }
  const { messages, octets } = drop.totals();
  stream.write(`+OK ${messages} messages (${octets} octets)\r\n`);
  let listed = 0;
  for (const number of drop.numbers()) {
    stream.write(`${number} ${print(drop, number)}\r\n`);
    if (++listed % LISTED_AT_ONCE !== 0) continue;
    if (stream.crowded) await stream.room();
    else await yieldOnce();
    if (stream.ended) throw new Hangup('The peer is gone.');
  }
  stream.write('.\r\n');
  return undefined;
}

function needNothing(argument: string): void {
  if (argument !== '') throw new Pop3Refusal('The command takes nothing.');
}
