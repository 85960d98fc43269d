/**
 * IDLE: what happens in the mailbox is told at once, until the client says DONE.
 * RFC 2177, RFC 9051 §6.3.13.
 * Elsewhere: when it takes too long (server.ts).
 */
import { Goodbye, Refusal } from '../responses.ts';
import type { Command } from '../session.ts';

export const idle: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.end();
    const { stream, selected } = session;
    stream.write('+ idling\r\n');
    let failure: unknown;
    let waiting = false;
    let stopped = false;
    const fail = (error: unknown): void => {
      failure = error;
      stream.interrupt();
    };
    const tell = (): void => {
      if (failure !== undefined || waiting) return;
      // A peer that reads slowly is told when there is room, of all that happened by then.
      if (stream.crowded || session.hasStaleContexts) {
        waiting = true;
        const ready = stream.crowded ? stream.room() : session.refreshContexts();
        ready.then(
          () => {
            waiting = false;
            tell();
          },
          (error: unknown) => fail(error),
        );
        return;
      }
      try {
        session.announce(true);
        stream.flush();
      } catch (error) {
        fail(error);
      }
    };
    selected?.watch(tell);
    session.stopIdle = () => {
      stopped = true;
      stream.interrupt();
    };
    try {
      // What happened since the last command.
      tell();
      const line = failure === undefined && !stopped ? await stream.line() : null;
      if (failure !== undefined) throw failure;
      if (stopped) return 'The server is stopping.';
      if (line === null) throw new Goodbye('The connection was closed.');
      if (line.toUpperCase() !== 'DONE') throw new Refusal('BAD', '', 'IDLE ends with DONE.');
    } finally {
      selected?.watch(undefined);
      session.stopIdle = undefined;
    }
    return 'Awake.';
  },
};
