/**
 * COMPRESS: from its answer on, all octets of the connection are deflated.
 * RFC 4978.
 * Elsewhere: the compression itself (../../deflated-socket.ts).
 */
import { DeflatedSocket } from '../../deflated-socket.ts';
import { LineStream } from '../../line-stream.ts';
import { AFTER_LOGIN } from '../command-reader.ts';
import { Goodbye, Refusal } from '../responses.ts';
import type { Command } from '../session.ts';

export const compress: Command = {
  state: 'authenticated',
  run(session, { tag, arguments: args }) {
    args.space();
    const algorithm = args.atom().toUpperCase();
    args.end();
    if (algorithm !== 'DEFLATE') throw new Refusal('NO', 'CANNOT', 'DEFLATE is the only algorithm.');
    const { stream } = session;
    if (stream.socket instanceof DeflatedSocket)
      throw new Refusal('NO', 'COMPRESSIONACTIVE', 'The connection is compressed already.');
    // RFC 4978 §3: a client says nothing more before it has the answer; what it said could be of either kind.
    if (stream.waiting > 0) throw new Goodbye('COMPRESS is the last command before the compression.');
    session.announce(true);
    stream.write(`${tag} OK Compressing.\r\n`);
    const { socket } = stream;
    stream.release();
    session.stream = new LineStream(new DeflatedSocket(socket).asSocket(), AFTER_LOGIN.line);
    return null;
  },
};
