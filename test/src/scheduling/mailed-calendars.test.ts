/** RFC 6047 §2: where in a mail a scheduling message is, and what is none. */
import fc from 'fast-check';
import t from 'tap';
import { fileNameOf } from '../../../src/mail/file-name.ts';
import { scanMessage } from '../../../src/mail/message-structure.ts';
import { mayHoldCalendar, readCalendars } from '../../../src/scheduling/mailed-calendars.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';

const HEAD = 'From: Bob <Bob@Guests.example>\r\nTo: anna@example.org\r\nMIME-Version: 1.0\r\n';
const reply = (summary: string, method: string | undefined = 'REPLY') =>
  calendarText('u1', [{ lines: [organizer('anna'), attendee('bob', 'ACCEPTED'), `SUMMARY:${summary}`] }], method);

/** A part: its header fields, and a calendar in base64. */
const part = (type: string, text: string, more = '') =>
  `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${more}\r\n${Buffer.from(text)
    .toString('base64')
    .replace(/(.{76})/g, '$1\r\n')}`;

function mixed(...parts: string[]): Buffer {
  const body = ['Content-Type: text/plain\r\n\r\nSee the file.', ...parts].map((one) => `--b\r\n${one}\r\n`).join('');
  return Buffer.from(`${HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n${body}--b--\r\n`, 'latin1');
}

/** What is found, as methods and titles. */
function found(octets: Buffer): string[] {
  const { calendars } = readCalendars(octets);
  if (calendars.length > 0 && !mayHoldCalendar(octets)) throw new Error('would not have been looked into');
  return calendars.map(({ method, calendar }) => `${method} ${/^SUMMARY:(.*)$/m.exec(calendar)?.[1]?.trim()}`);
}

t.test('a calendar that is only a file is read', async (t) => {
  const attached = 'Content-Disposition: attachment; filename="invite.ics"\r\n';
  const cases: [string, string][] = [
    ['application/ics', part('application/ics; name="invite.ics"', reply('a'), attached)],
    ['application/ics without a name', part('application/ics', reply('a'))],
    ['octets with a name', part('application/octet-stream', reply('a'), attached)],
    ['the name in Content-Type', part('application/octet-stream; name=Meeting.ICS', reply('a'))],
    ['text/calendar as attachment', part('text/calendar; charset=utf-8; name=invite.ics', reply('a'), attached)],
    ['plain text with a name', part('text/plain; charset=utf-8', reply('a'), attached)],
    [
      'a name in octets of RFC 2231',
      part(
        'application/octet-stream',
        reply('a'),
        "Content-Disposition: attachment; filename*=utf-8''r%C3%A9union%2Eics\r\n",
      ),
    ],
    [
      'a name in pieces',
      part(
        'application/octet-stream',
        reply('a'),
        'Content-Disposition: attachment;\r\n filename*1=".ics"; filename*0="invite"\r\n',
      ),
    ],
    ['a name in an encoded word', part('application/octet-stream; name="=?utf-8?B?aW52aXRlLmljcw==?="', reply('a'))],
  ];
  for (const [name, octets] of cases) t.same(found(mixed(octets)), ['REPLY a'], name);
  t.same(found(Buffer.from(HEAD + part('text/calendar', reply('a'), attached))), ['REPLY a'], 'nothing but the file');
});

t.test('a file is a message only when it says so itself', async (t) => {
  const named = 'Content-Disposition: attachment; filename=invite.ics\r\n';
  const withoutMethod = reply('a').replace('METHOD:REPLY\r\n', '');
  t.same(found(mixed(part('application/octet-stream; method=REPLY', withoutMethod, named))), []);
  t.same(found(mixed(part('application/ics', withoutMethod, named))), [], 'a calendar to be kept');
  t.same(
    found(mixed(part('application/octet-stream', reply('a'), 'Content-Disposition: attachment; filename=a.pdf\r\n'))),
    [],
  );
  t.same(found(mixed(part('image/png; name=a.ics', reply('a')))), []);
  t.same(found(mixed(part('text/html; name=a.ics', reply('a')))), []);
  t.same(
    found(mixed(part('text/calendar; method=REPLY', withoutMethod, named))),
    ['REPLY a'],
    'what is typed may use its parameter',
  );
  const forwarded = `Content-Type: message/rfc822\r\n\r\n${HEAD}${part('text/calendar', reply('a'))}`;
  t.same(found(mixed(forwarded)), [], 'RFC 6047 §2.3: a forwarded one is not from the sender');
});

t.test('what is to be read comes before what is attached', async (t) => {
  const file = part('application/ics', reply('file'), 'Content-Disposition: attachment; filename=invite.ics\r\n');
  const attached = part('text/calendar', reply('attached'), 'Content-Disposition: ATTACHMENT\r\n');
  const alternative = `Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n${part('text/calendar; method=REPLY', reply('shown'))}\r\n--c--\r\n`;
  t.same(found(mixed(file, attached, alternative)), ['REPLY shown', 'REPLY attached', 'REPLY file']);
});

t.test('encodings and charsets', async (t) => {
  const text = reply('Réunion à Zürich');
  const direct = (fields: string, octets: Buffer) => Buffer.concat([Buffer.from(`${HEAD}${fields}\r\n\r\n`), octets]);
  const escaped = [...Buffer.from(text)]
    .map((octet) =>
      octet > 126 || octet === 61
        ? `=${octet.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(octet),
    )
    .join('')
    .replaceAll('SUMMARY', 'SUMM=\r\nARY');
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  const cases: [string, Buffer][] = [
    [
      '8bit',
      direct('Content-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: 8bit', Buffer.from(text)),
    ],
    ['no charset', direct('Content-Type: text/calendar', Buffer.from(text))],
    ['byte order mark', direct('Content-Type: text/calendar', Buffer.from(`\ufeff${text}`))],
    [
      'quoted-printable',
      direct('Content-Type: text/calendar\r\nContent-Transfer-Encoding: Quoted-Printable', Buffer.from(escaped)),
    ],
    ['iso-8859-1', direct('Content-Type: text/calendar; charset="ISO-8859-1"', Buffer.from(text, 'latin1'))],
    ['said to be UTF-8 and is not', direct('Content-Type: text/calendar; charset=utf-8', Buffer.from(text, 'latin1'))],
    ['an unknown charset', direct('Content-Type: text/calendar; charset=x-none', Buffer.from(text))],
    ['UTF-16', direct('Content-Type: text/calendar', utf16)],
  ];
  for (const [name, octets] of cases) t.same(found(octets), ['REPLY Réunion à Zürich'], name);
});

t.test('limits', async (t) => {
  const file = part('application/ics', reply('a'));
  t.equal(found(mixed(...Array.from({ length: 30 }, () => file))).length, 10);
  t.same(found(mixed(part('application/ics', `${reply('a')}${'x'.repeat(4_000_000)}`))), []);
  const cut = mixed(file, 'Content-Type: application/pdf\r\n\r\nxxxx');
  t.same(found(cut.subarray(0, cut.length - 20)), ['REPLY a'], 'the end of a long mail is not needed');
});

t.test('any octets are read', async () => {
  const fields = fc.constantFrom(
    'Content-Type: text/calendar; method=REPLY',
    "Content-Type: application/ics; name*0*=utf-8''%; name*1=\"",
    "Content-Disposition: attachment; filename*9999999999*=x'y'%zz.ics; filename*=%",
    'Content-Transfer-Encoding: base64',
    'From: =?utf-8?Q?=',
  );
  fc.assert(
    fc.property(fc.array(fields, { maxLength: 6 }), fc.uint8Array({ maxLength: 200 }), (lines, body) => {
      const octets = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
      readCalendars(octets);
      fileNameOf(scanMessage(octets));
    }),
    { numRuns: 300 },
  );
});
