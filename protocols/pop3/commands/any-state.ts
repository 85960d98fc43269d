/**
 * Commands that may come at any time: CAPA and QUIT.
 * RFC 2449 §5, RFC 1939 §4 and §6 (UPDATE).
 */
import { capabilities } from '../capability.ts';
import type { Command } from '../session.ts';

export const capa: Command = {
  state: 'any',
  run(session) {
    session.stream.write(['+OK What there is:', ...capabilities(session), '.', ''].join('\r\n'));
    return undefined;
  },
};

export const quit: Command = {
  state: 'any',
  async run(session) {
    // Whatever becomes of the messages, the connection ends (RFC 1939 §6).
    session.ended = true;
    await session.maildrop?.update();
    return 'Until next time.';
  },
};
