/** RFC 5321 §2.3.8, §4.1.1.4, §4.5.2: lines and messages, however the network cuts them. */
import { once } from 'node:events';
import fc from 'fast-check';
import t from 'tap';
import { OctetStream } from '../../../protocols/smtp/octet-stream.ts';

interface Seen {
  readonly lines: string[];
  readonly messages: string[];
}

/** Feeds pieces to a stream whose command DATA begins a message, like a session does. */
async function feed(pieces: readonly Buffer[]): Promise<Seen> {
  const seen: Seen = { lines: [], messages: [] };
  const stream = new OctetStream({
    command(line, done) {
      seen.lines.push(line.toString('latin1'));
      if (line.toString() === 'DATA') {
        const message = stream.startDataMode();
        const octets: Buffer[] = [];
        message.on('data', (chunk: Buffer) => octets.push(chunk));
        message.on('end', () => {
          seen.messages.push(Buffer.concat(octets).toString('latin1'));
          stream.continue();
        });
      }
      done();
    },
    fault(fault, done) {
      seen.lines.push(`(${fault})`);
      done();
    },
  });
  for (const piece of pieces) if (!stream.write(piece)) await once(stream, 'drain');
  await new Promise((resolve) => setTimeout(resolve, 5));
  stream.end();
  return seen;
}

const whole = (text: string) => [Buffer.from(text, 'latin1')];
const singly = (text: string) => [...Buffer.from(text, 'latin1')].map((octet) => Buffer.from([octet]));

t.test('lines', async (t) => {
  for (const cut of [whole, singly]) {
    t.same((await feed(cut('NOOP\r\n\r\nQUIT\r\nHALF'))).lines, ['NOOP', '', 'QUIT']);
    t.same((await feed(cut('NOOP\nNOOP\r\nA\rB\r\n'))).lines, ['(bare-line-feed)', 'NOOP', '(bare-line-feed)']);
  }
  const long = 'x'.repeat(13_000);
  t.same((await feed(whole(`${long}\r\nNOOP\r\n`))).lines, ['(too-long)', 'NOOP']);
  t.same((await feed(singly(`${long}\r\nNOOP\r\n`))).lines, ['(too-long)', 'NOOP']);
  t.same((await feed(whole('x'.repeat(100_000)))).lines, ['(endless)']);
});

const MESSAGES: readonly [sent: string, taken: string][] = [
  ['.\r\n', ''],
  ['\r\n.\r\n', '\r\n'],
  ['a\r\n.\r\n', 'a\r\n'],
  ['..\r\n.\r\n', '.\r\n'],
  ['..a\r\n.\r\n', '.a\r\n'],
  ['a\r\n..\r\n..b\r\n.\r\n', 'a\r\n.\r\n.b\r\n'],
  ['a\r\n.b\r\n.\r\n', 'a\r\nb\r\n'],
  // None of these ends a message (smuggling).
  ['a\n.\nb\r\n.\r\n', 'a\n.\nb\r\n'],
  ['a\n.\r\nb\r\n.\r\n', 'a\n.\r\nb\r\n'],
  ['a\r.\rb\r\n.\r\n', 'a\r.\rb\r\n'],
  ['a\r.\r\nb\r\n.\r\n', 'a\r.\r\nb\r\n'],
  ['a\n.\rb\r\n.\r\n', 'a\n.\rb\r\n'],
  ['a\r\n.\nb\r\n.\r\n', 'a\r\n\nb\r\n'],
  ['a\r\n.\rb\r\n.\r\n', 'a\r\n\rb\r\n'],
  ['a\r\n\0.\r\nb\r\n.\r\n', 'a\r\n\0.\r\nb\r\n'],
  ['a\r\n.\0\r\nb\r\n.\r\n', 'a\r\n\0\r\nb\r\n'],
];

t.test('messages, whole and octet by octet', async (t) => {
  for (const [sent, taken] of MESSAGES)
    for (const cut of [whole, singly]) {
      const seen = await feed([...whole('DATA\r\n'), ...cut(`${sent}NOOP\r\n`)]);
      t.same(seen, { lines: ['DATA', 'NOOP'], messages: [taken] }, JSON.stringify(sent));
    }
});

t.test('any message comes out as it went in, wherever it is cut', async () => {
  const piece = fc.constantFrom('.', '..', '\r\n', '\r', '\n', 'a', '\r\n.', '\0');
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 20 }),
      fc.array(fc.nat(60), { maxLength: 6 }),
      async (parts, cuts) => {
        const message = `${parts.join('')}\r\n`;
        const sent = Buffer.from(`${message.replace(/(^|\r\n)\./g, '$1..')}.\r\nNOOP\r\n`, 'latin1');
        const at = [0, ...cuts.map((cut) => cut % sent.length).sort((a, b) => a - b), sent.length];
        const pieces = at.slice(1).map((end, index) => sent.subarray(at[index], end));
        const seen = await feed([...whole('DATA\r\n'), ...pieces]);
        return seen.messages[0] === message && seen.messages.length === 1 && seen.lines.join() === 'DATA,NOOP';
      },
    ),
    { numRuns: 150 },
  );
});
