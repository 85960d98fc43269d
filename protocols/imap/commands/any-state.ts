/**
 * Commands that may come at any time: CAPABILITY, NOOP, LOGOUT, ID.
 * RFC 3501 §6.1, RFC 2971 (ID).
 */
import { capabilities } from '../capability.ts';
import { quote } from '../responses.ts';
import type { Command } from '../session.ts';

/** RFC 2971 §3.3: pairs of an ID, and octets of one string. */
const MAX_PAIRS = 30;

export const capability: Command = {
  state: 'any',
  run(session, { arguments: args }) {
    args.end();
    session.stream.write(`* CAPABILITY ${capabilities(session)}\r\n`);
    return 'That is all.';
  },
};

export const noop: Command = {
  state: 'any',
  run(_session, { arguments: args }) {
    args.end();
    return 'Done.';
  },
};

export const logout: Command = {
  state: 'any',
  run(session, { arguments: args }) {
    args.end();
    session.unselect();
    session.ended = true;
    session.stream.write('* BYE Until next time.\r\n');
    return 'Logged out.';
  },
};

export const id: Command = {
  state: 'any',
  run(session, { arguments: args }) {
    args.space();
    if (args.peek() === '(') {
      const strings = args.list(() => args.nstring());
      if (strings.length > 2 * MAX_PAIRS || strings.length % 2 === 1) args.fail('ID takes up to 30 pairs');
    } else if (args.nstring() !== null) args.fail('a list or NIL is expected');
    args.end();
    session.stream.write(`* ID ("name" "Convene" "version" ${quote(session.services.version)})\r\n`);
    return 'Pleased to meet you.';
  },
};
