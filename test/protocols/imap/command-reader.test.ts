/** Commands off a socket in any pieces, and what is none. RFC 3501 §2.2.1, §7.5, RFC 7888. */

import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import t from 'tap';
import {
  AFTER_LOGIN,
  BadCommand,
  BEFORE_LOGIN,
  literalOf,
  readCommand,
} from '../../../protocols/imap/command-reader.ts';
import { Goodbye } from '../../../protocols/imap/responses.ts';
import { LineStream, LineTooLong } from '../../../protocols/line-stream.ts';

/** A line stream on octets that come in the given pieces. */
function streamOf(...pieces: readonly string[]): { stream: LineStream; written: () => string } {
  const socket = new PassThrough();
  const written: string[] = [];
  const incoming = new PassThrough();
  const fake = Object.assign(incoming, {
    write: (data: string | Buffer) => {
      written.push(data.toString('latin1'));
      return true;
    },
  }) as unknown as Socket;
  const stream = new LineStream(fake, AFTER_LOGIN.line);
  void (async () => {
    for (const piece of pieces) {
      incoming.push(Buffer.from(piece, 'latin1'));
      await new Promise(setImmediate);
    }
    incoming.push(null);
  })();
  socket.destroy();
  return { stream, written: () => written.join('') };
}

/** What a command is read as: tag, name, arguments. */
async function read(text: string, limits = AFTER_LOGIN): Promise<[string, string, string] | null> {
  const command = await readCommand(streamOf(text).stream, limits);
  return command && [command.tag, command.name, command.arguments.rest];
}

t.test('commands', async (t) => {
  t.same(await read('a NOOP\r\n'), ['a', 'NOOP', '']);
  t.same(await read('a1.b] noop  x\n'), ['a1.b]', 'NOOP', '  x']);
  t.same(await read('a uid  fetch 1 FLAGS\r\n'), ['a', 'UID FETCH', ' 1 FLAGS']);
  t.same(await read('a LOGIN {3+}\r\nabc {0+}\r\n\r\n'), ['a', 'LOGIN', ' {3+}\r\nabc {0+}\r\n']);
  t.equal(await read('a NOOP'), null, 'a line that does not end is none');
  t.equal(await read('a LOGIN {9+}\r\nabc'), null);
});

t.test('what is no command', async (t) => {
  for (const [line, tag] of [
    ['\r\n', '*'],
    ['a\r\n', 'a'],
    ['a \r\n', 'a'],
    [' NOOP\r\n', '*'],
    ['+ NOOP\r\n', '*'],
    ['a+ NOOP\r\n', '*'],
    ['a "x"\r\n', 'a'],
    ['a UID\r\n', 'a'],
    ['GET (x\r\n', 'GET'],
    [`${'t'.repeat(300)} NOOP\r\n`, '*'],
  ] as const) {
    const error = await read(line).catch((error: unknown) => error);
    t.match(error, { name: 'BadCommand', tag }, JSON.stringify(line));
  }
});

t.test('limits', async (t) => {
  await t.rejects(read(`a ${'x'.repeat(70_000)}\r\n`), LineTooLong);
  await t.rejects(read(`a ${'x'.repeat(200_000)}`), LineTooLong, 'without waiting for its end');
  await t.rejects(read('a LOGIN {9000}\r\n', BEFORE_LOGIN), BadCommand);
  await t.rejects(read('a LOGIN {1073741824+}\r\n', BEFORE_LOGIN), Goodbye);
  await t.rejects(read('a SEARCH SUBJECT {10000000000000000000000+}\r\n'), Goodbye);
  const { stream, written } = streamOf('a LOGIN {4294967296}\r\n');
  await t.rejects(readCommand(stream, BEFORE_LOGIN), BadCommand);
  stream.flush();
  t.notMatch(written(), '+', 'a literal that is not taken is not asked for');
});

t.test('the message of APPEND stays on the socket', async (t) => {
  const { stream } = streamOf('a APPEND {5+}\r\nINBOX {11}\r\n');
  const command = await readCommand(stream, AFTER_LOGIN);
  t.match(command?.message, { octets: 11, synchronising: true, binary: false });
  t.same(literalOf('x ~{12+}'), { octets: 12, synchronising: false, binary: true });
  t.equal(literalOf('x {12+} '), undefined);
});

t.test('octets may come in any pieces', async (t) => {
  const text = 'a LOGIN {3+}\r\nabc {2+}\r\nde\r\nb NOOP\r\n';
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 })), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const { stream } = streamOf(...at.slice(1).map((end, index) => text.slice(at[index], end)));
      const first = await readCommand(stream, BEFORE_LOGIN);
      const second = await readCommand(stream, BEFORE_LOGIN);
      return first?.arguments.rest === ' {3+}\r\nabc {2+}\r\nde' && second?.name === 'NOOP';
    }),
    { numRuns: 50 },
  );
  t.pass();
});

t.test('any octets give commands, refusals or an end', async (t) => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a ',
      'NOOP',
      ' ',
      '\r\n',
      '\n',
      '{',
      '}',
      '{3}\r\n',
      '{3+}\r\n',
      '{99999999999}\r\n',
      '(',
      '"',
      'UID ',
      '\0',
      '\xff',
    ),
    fc.string({ maxLength: 5 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      const { stream } = streamOf(pieces.join(''));
      for (let n = 0; n < 100; n++) {
        try {
          if ((await readCommand(stream, BEFORE_LOGIN)) === null) return true;
        } catch (error) {
          if (error instanceof Goodbye || error instanceof LineTooLong) return true;
          if (!(error instanceof BadCommand)) return false;
        }
      }
      return false;
    }),
    { numRuns: 300 },
  );
  t.pass();
});
