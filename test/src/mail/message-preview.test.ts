/** The first words of messages. RFC 8970 §3. */
import fc from 'fast-check';
import t from 'tap';
import { previewOf } from '../../../src/mail/message-preview.ts';

const part = (type: string, body: string, ...more: string[]) =>
  [`Content-Type: ${type}`, ...more, '', body].join('\r\n');
const multipart = (subtype: string, ...parts: string[]) =>
  part(`multipart/${subtype}; boundary=b`, `${parts.map((text) => `--b\r\n${text}\r\n`).join('')}--b--\r\n`);

t.test('what a reader sees first', (t) => {
  const plain = part('text/plain; charset=utf-8', 'Plain words.');
  const html = part(
    'text/html; charset=utf-8',
    '<html><head><style>p{}</style></head><p>Hyper <b>words</b>.</p></html>',
  );
  const table: [name: string, message: string | Buffer, preview: string][] = [
    ['no header field', '\r\nHello', 'Hello'],
    ['no body', 'Subject: x\r\n\r\n', ''],
    ['white space', part('text/plain', '  One\r\n\r\n\ttwo\u00a0 three \r\n'), 'One two three'],
    [
      'quoted-printable',
      part('text/plain; charset=iso-8859-1', 'Gr=FC=DFe', 'Content-Transfer-Encoding: quoted-printable'),
      'Grüße',
    ],
    [
      'base64',
      part('text/plain; charset=utf-8', Buffer.from('äöü').toString('base64'), 'Content-Transfer-Encoding: base64'),
      'äöü',
    ],
    ['HTML', html, 'Hyper words.'],
    ['entities', part('text/html', 'a &amp; b &lt;c&gt;'), 'a & b <c>'],
    ['alternatives', multipart('alternative', html, plain), 'Plain words.'],
    ['HTML alone', multipart('alternative', html), 'Hyper words.'],
    ['the first of several', multipart('mixed', plain, html), 'Plain words.'],
    [
      'an attachment before',
      multipart('mixed', part('text/plain', 'File.', 'Content-Disposition: attachment; filename=a'), plain),
      'Plain words.',
    ],
    ['a picture before', multipart('mixed', part('image/png', 'iVBO'), plain), 'Plain words.'],
    ['a picture alone', part('image/png', 'iVBO'), ''],
    ['a calendar', part('text/calendar', 'BEGIN:VCALENDAR'), ''],
    ['a message inside', part('message/rfc822', plain), 'Plain words.'],
    ['encrypted', multipart('encrypted', part('application/pgp-encrypted', 'Version: 1'), plain), ''],
    ['signed', multipart('signed', plain, part('application/pgp-signature', 'x')), 'Plain words.'],
    ['quoted lines', part('text/plain', 'On Monday Bob wrote:\r\n> Question?\r\n> More.\r\nAnswer.'), 'Answer.'],
    ['quoted lines alone', part('text/plain', 'Bob wrote:\r\n> Question?'), 'Bob wrote: > Question?'],
    ['a signature', part('text/plain', 'Words.\r\n-- \r\nAnna'), 'Words.'],
    ['padding', part('text/html; charset=utf-8', 'Sale\u200c \u200c \u034f\u00ad\u200c \u200c end'), 'Sale end'],
    [
      'joiners in words',
      part('text/plain; charset=utf-8', 'می\u200cخواهم 👩\u200d👩\u200d👧'),
      'می\u200cخواهم 👩\u200d👩\u200d👧',
    ],
    ['direction', part('text/plain; charset=utf-8', 'a\u202egnp.exe'), 'agnp.exe'],
    ['controls', part('text/plain', 'a\x00b\x1b[31mc'), 'a b [31mc'],
    ['long', part('text/plain', 'word '.repeat(100)), 'word '.repeat(40).trim()],
    ['long, of characters outside the BMP', part('text/plain; charset=utf-8', '😀'.repeat(300)), '😀'.repeat(200)],
  ];
  for (const [name, message, preview] of table) t.equal(previewOf(Buffer.from(message)), preview, name);
  t.end();
});

t.test('any octets have a preview that can be sent', (t) => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((octets) => Buffer.from(octets)),
    fc.string({ unit: 'binary', maxLength: 400 }).map((text) => Buffer.from(part('text/plain; charset=utf-8', text))),
    fc.string({ unit: 'binary', maxLength: 400 }).map((text) => Buffer.from(part('text/html; charset=utf-8', text))),
  );
  fc.assert(
    fc.property(anything, (octets) => {
      const preview = previewOf(octets);
      return [...preview].length <= 200 && !/[\p{Cc}\p{Zl}\p{Zp}]|\s\s|^\s|\s$/u.test(preview);
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
