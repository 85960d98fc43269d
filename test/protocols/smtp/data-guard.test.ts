/** RFC 5321 §2.3.8, §6.3, RFC 1870 §6: what the octets of a message may be. */
import fc from 'fast-check';
import t from 'tap';
import { checkedOctets, type GuardLimits, guardMessage } from '../../../protocols/smtp/data-guard.ts';
import { SmtpRefusal } from '../../../protocols/smtp/refusal.ts';

const LIMITS: GuardLimits = { size: 2_000, header: 500, line: 100, hops: 3 };

async function* cut(text: string, length: number): AsyncGenerator<Buffer> {
  const octets = Buffer.from(text, 'latin1');
  for (let at = 0; at < octets.length; at += length) yield octets.subarray(at, at + length);
}

/** `[header, body]`, or the refusal. */
async function guarded(text: string, length = 7): Promise<[string, string] | string> {
  try {
    const { header, body } = await guardMessage(cut(text, length), LIMITS);
    const octets: Buffer[] = [];
    for await (const piece of body) octets.push(piece);
    return [header.toString('latin1'), Buffer.concat(octets).toString('latin1')];
  } catch (error) {
    if (error instanceof SmtpRefusal) return `${error.code} ${error.text}`;
    throw error;
  }
}

t.test('header and body', async (t) => {
  for (const length of [1, 2, 3, 7, 1_000]) {
    t.same(await guarded('A: b\r\n\r\nbody\r\n', length), ['A: b\r\n\r\n', 'body\r\n']);
    t.same(await guarded('A: b\r\n\r\n', length), ['A: b\r\n\r\n', '']);
    t.same(await guarded('A: b\r\n', length), ['A: b\r\n', '']);
    t.same(await guarded('\r\nbody\r\n', length), ['\r\n', 'body\r\n']);
    t.same(await guarded('', length), ['', '']);
  }
});

const REFUSED: readonly [what: string, text: string, reply: RegExp][] = [
  ['bare LF in the header', 'A: b\nC: d\r\n\r\nx\r\n', /^550 5\.5\.2/],
  ['bare LF in the body', 'A: b\r\n\r\nx\ny\r\n', /^550 5\.5\.2/],
  ['bare CR', 'A: b\r\n\r\nx\ry\r\n', /^550 5\.5\.2/],
  ['CR CR LF', 'A: b\r\n\r\nx\r\r\n', /^550 5\.5\.2/],
  ['LF CR', 'A: b\r\n\r\nx\n\r\r\n', /^550 5\.5\.2/],
  ['CR at the end', 'A: b\r\n\r\nx\r', /^550 5\.5\.2/],
  ['LF first', '\nA: b\r\n', /^550 5\.5\.2/],
  ['NUL', 'A: b\r\n\r\nx\0\r\n', /^550 5\.6\.0/],
  ['a long line', `A: b\r\n\r\n${'x'.repeat(101)}\r\n`, /^554 5\.6\.0 A line/],
  ['a long header', `${'A: b\r\n'.repeat(100)}\r\nx\r\n`, /^554 5\.6\.0 The header/],
  ['a large message', `A: b\r\n\r\n${'x\r\n'.repeat(700)}`, /^552 5\.3\.4/],
  ['a large message that is bad too', `A: b\n${'x\r\n'.repeat(700)}`, /^552 5\.3\.4/],
  ['three hops', 'Received: a\r\nReceived: b\r\nReceived: c\r\n\r\nx\r\n', /^554 5\.4\.6/],
];

t.test('refusals, wherever the octets are cut', async (t) => {
  for (const [what, text, reply] of REFUSED)
    for (const length of [1, 2, 5, 10_000]) t.match(await guarded(text, length), reply, `${what}, by ${length}`);
  t.type(await guarded('Received: a\r\nReceived: b\r\n\r\nx\r\n'), 'object', 'two hops are taken');
  t.type(await guarded(`A: b\r\n\r\n${'x'.repeat(100)}\r\n`), 'object', 'the longest line is taken');
});

t.test('a message is taken exactly when every CR and LF is part of a CRLF', async () => {
  const piece = fc.constantFrom('\r\n', '\r', '\n', 'a', 'A: b');
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 15 }), fc.integer({ min: 1, max: 9 }), async (parts, length) => {
      const text = parts.join('');
      const bare = /\r(?!\n)|(?<!\r)\n/.test(text);
      const result = await guarded(text, length);
      const out = await leaves(text, length);
      return typeof result === 'string' ? bare && out === undefined : !bare && result.join('') === text && out === text;
    }),
    { numRuns: 1_000 },
  );
});

async function leaves(text: string, length: number): Promise<string | undefined> {
  const octets: Buffer[] = [];
  try {
    for await (const piece of checkedOctets(cut(text, length))) octets.push(piece);
    return Buffer.concat(octets).toString('latin1');
  } catch {
    return undefined;
  }
}
