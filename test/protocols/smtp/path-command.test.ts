/** RFC 5321 §4.1.2 and §4.1.1.11, RFC 6531 §3.3, RFC 3461 §4: the arguments of MAIL and RCPT. */
import fc from 'fast-check';
import t from 'tap';
import { decodeXtext, parsePathCommand } from '../../../protocols/smtp/path-command.ts';
import { SmtpRefusal } from '../../../protocols/smtp/refusal.ts';

const mail = (text: string | Buffer) => parsePathCommand(Buffer.from(text as string), 'MAIL FROM');
const rcpt = (text: string | Buffer) => parsePathCommand(Buffer.from(text as string), 'RCPT TO');

const GOOD: readonly [command: string, address: string][] = [
  ['MAIL FROM:<>', ''],
  ['mail from:<anna@example.org>', 'anna@example.org'],
  ['MAIL FROM: <anna@example.org>', 'anna@example.org'],
  ['MAIL  FROM:<anna@Example.ORG>', 'anna@example.org'],
  ['MAIL FROM:<Anna.B+c=d@example.org>', 'Anna.B+c=d@example.org'],
  ['MAIL FROM:<@a.example,@b.example:anna@example.org>', 'anna@example.org'],
  ['MAIL FROM:<"anna"@example.org>', 'anna@example.org'],
  ['MAIL FROM:<"an na"@example.org>', '"an na"@example.org'],
  ['MAIL FROM:<"a@b>c"@example.org>', '"a@b>c"@example.org'],
  ['MAIL FROM:<"a\\"b"@example.org>', '"a\\"b"@example.org'],
  ['MAIL FROM:<anna@[127.0.0.1]>', 'anna@[127.0.0.1]'],
  ['MAIL FROM:<anna@[IPv6:::1]>', 'anna@[ipv6:::1]'],
  ['MAIL FROM:<jürgen@example.org>', 'jürgen@example.org'],
  ['MAIL FROM:<anna@bücher.example>', 'anna@xn--bcher-kva.example'],
  [`MAIL FROM:<${'a'.repeat(100)}@example.org>`, `${'a'.repeat(100)}@example.org`],
];

t.test('senders that are read', (t) => {
  for (const [command, address] of GOOD) t.equal(mail(command).path.address, address, command);
  t.equal(rcpt('RCPT TO:<Postmaster>').path.address, 'postmaster');
  t.end();
});

const BAD = [
  'RCPT TO:<anna>',
  'RCPT TO:<>',
  'RCPT TO:<@>',
  'RCPT TO:<anna@>',
  'RCPT TO:<@example.org>',
  'RCPT TO:anna@example.org',
  'RCPT TO:<anna@example.org',
  'RCPT TO:<a@b@example.org>',
  'RCPT TO:<.anna@example.org>',
  'RCPT TO:<anna.@example.org>',
  'RCPT TO:<an..na@example.org>',
  'RCPT TO:<an na@example.org>',
  'RCPT TO:<"anna@example.org>',
  'RCPT TO:<""@example.org>',
  'RCPT TO:<anna@example..org>',
  'RCPT TO:<anna@-example.org>',
  'RCPT TO:<anna@example.org.>',
  'RCPT TO:<anna@exam_ple.org>',
  'RCPT TO:<anna@[300.1.1.1]>',
  'RCPT TO:<anna@[IPv6:zz]>',
  'RCPT TO:<anna@127.0.0.1>',
  'RCPT TO:<anna\0@example.org>',
  'RCPT TO:<anna\r@example.org>',
  'RCPT TO:<anna\u200b@example.org>',
  'RCPT TO:<anna@example.org>NOTIFY=NEVER',
  'RCPT TO:<<anna@example.org>>',
  `RCPT TO:<${'a'.repeat(65)}@example.org>`,
  `RCPT TO:<anna@${'a.'.repeat(130)}example>`,
  'RCPT TO:<anna@example.org> =x',
  'RCPT TO:<anna@example.org> X=',
  'RCPT TO:<anna@example.org> A-B=1 a-b=2',
  'RCPT FROM:<anna@example.org>',
  'RCPT <anna@example.org>',
  'RCPT',
];

t.test('what is none is 501', (t) => {
  for (const command of BAD)
    t.match(
      refusal(() => rcpt(command)),
      /^501 5\.(?:1\.3|5\.4) /,
      JSON.stringify(command),
    );
  t.match(
    refusal(() => rcpt(Buffer.from('RCPT TO:<\xff@example.org>', 'latin1'))),
    /^501 /,
  );
  t.end();
});

t.test('parameters', (t) => {
  const { parameters } = mail('MAIL FROM:<a@b.example> SIZE=10 body=8BITMIME SMTPUTF8');
  t.same(
    [...parameters],
    [
      ['SIZE', '10'],
      ['BODY', '8BITMIME'],
      ['SMTPUTF8', ''],
    ],
  );
  t.equal(decodeXtext('a+20b+2B'), 'a b+');
  for (const bad of ['+0D+0A', 'a=b', 'a+2', 'a+2g', 'a b'])
    t.match(
      refusal(() => decodeXtext(bad)),
      /^501 5\.5\.4/,
      bad,
    );
  t.end();
});

t.test('no octets bring anything but an address or a refusal, and no control character passes', (t) => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<',
      '>',
      '@',
      '"',
      '\\',
      ',',
      ':',
      ' ',
      '.',
      '[',
      ']',
      'IPv6:',
      '=',
      'a',
      'b.example',
      '\r',
      '\n',
      '\0',
      'ü',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        const { path, parameters } = rcpt(`RCPT TO:<${pieces.join('')}`);
        for (const text of [path.address, path.local, path.domain, ...parameters.keys(), ...parameters.values()])
          if (/[\x00-\x1f\x7f-\x9f]/.test(text)) return false;
        // What is printed is read again as the same.
        return rcpt(`RCPT TO:<${path.address}>`).path.address === path.address;
      } catch (error) {
        return error instanceof SmtpRefusal && error.code === 501;
      }
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

function refusal(run: () => unknown): string {
  try {
    return `taken: ${JSON.stringify(run())}`;
  } catch (error) {
    return error instanceof SmtpRefusal ? `${error.code} ${error.text}` : String(error);
  }
}
