/** Reading and printing cards. RFC 6350 §3, RFC 2426 §4, RFC 6868. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ICAL from 'ical.js';
import t from 'tap';
import { parse as parseVersion4 } from 'vcard4';
import {
  decodeParameter,
  escapeText,
  parseVCard,
  printVCard,
  splitValue,
  typesOf,
  unescapeText,
} from '../../../src/contacts/vcard.ts';
import { DomainError } from '../../../src/errors.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/vcard');

function card(...lines: string[]): string {
  return ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n');
}

t.test('RFC 6350 §3.3: content lines', (t) => {
  const table: [line: string, group: string, name: string, parameters: string, value: string][] = [
    ['FN:Jane', '', 'FN', '', 'Jane'],
    ['fn:Jane: Doe', '', 'FN', '', 'Jane: Doe'],
    ['item1.TEL;type=HOME;type=pref:1', 'item1', 'TEL', 'TYPE=HOME;TYPE=pref', '1'],
    ['TEL;TYPE=HOME,WORK:1', '', 'TEL', 'TYPE=HOME|WORK', '1'],
    ['TEL;TYPE="home,work":1', '', 'TEL', 'TYPE=home,work', '1'],
    ['TEL;TYPE="home","work":1', '', 'TEL', 'TYPE=home|work', '1'],
    ['X-A;X-P="a;b:c,d":v', '', 'X-A', 'X-P=a;b:c,d', 'v'],
    ['TEL;HOME;VOICE:1', '', 'TEL', 'TYPE=HOME;TYPE=VOICE', '1'],
    ['PHOTO;BASE64:AAAA', '', 'PHOTO', 'ENCODING=BASE64', 'AAAA'],
    ['NOTE;:x', '', 'NOTE', '', 'x'],
    ['NOTE:', '', 'NOTE', '', ''],
    ['X-ABLabel:_$!<Other>!$_', '', 'X-ABLABEL', '', '_$!<Other>!$_'],
    ['NOTE:one\r\n  two\r\n\tthree', '', 'NOTE', '', 'one twothree'],
    ['NO\r\n TE;LANG\r\n UAGE=en:x', '', 'NOTE', 'LANGUAGE=en', 'x'],
    ['X-A;P="a\r\n b:c":v\r\n w', '', 'X-A', 'P=ab:c', 'vw'],
    ['PHOTO:AA\r\n \r\n', '', 'PHOTO', '', 'AA'],
  ];
  for (const [line, group, name, parameters, value] of table) {
    const text = card('VERSION:3.0', line);
    const property = parseVCard(text).properties[1]!;
    t.equal(property.group, group, `group of ${JSON.stringify(line)}`);
    t.equal(property.name, name, 'name');
    t.equal(property.parameters.map((p) => `${p.name}=${p.values.join('|')}`).join(';'), parameters, 'parameters');
    t.equal(property.value, value, 'value');
    t.equal(text.slice(property.start, property.end).trimEnd(), line.trimEnd(), 'place of its lines');
    t.equal(
      text.slice(property.valueStart, property.valueStart + 2).startsWith(value.slice(0, 1)),
      true,
      'place of value',
    );
  }
  t.end();
});

t.test('line endings and what stands around a card', (t) => {
  const lf = card('VERSION:3.0', 'FN:x').replaceAll('\r\n', '\n');
  t.equal(parseVCard(lf).properties.length, 2, 'LF alone');
  t.equal(parseVCard(`\ufeff${lf}\n\n`).properties.length, 2, 'byte order mark and empty lines');
  t.equal(parseVCard(lf.trimEnd()).properties.length, 2, 'no ending of the last line');
  t.end();
});

t.test('what is no card is refused as invalid', (t) => {
  const bad: Record<string, string> = {
    nothing: '',
    text: 'hello',
    'calendar data': 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n',
    'no end': 'BEGIN:VCARD\r\nFN:x\r\n',
    'two cards': card('FN:x') + card('FN:y'),
    'card in a card': card('BEGIN:VCARD', 'END:VCARD'),
    'text behind': `${card('FN:x')}FN:y\r\n`,
    'text in front': `FN:y\r\n${card('FN:x')}`,
    'no colon': card('FN'),
    'no name': card(':x'),
    'name with a space': card('F N:x'),
    'open quote': card('FN;X="a:b'),
    'parameter without name': card('FN;="a":b'),
    NUL: card('FN:\x00'),
    'escape character': card('FN:a\x1b[31m'),
    noncharacter: card('FN:\uffff'),
    'bare CR': card('FN:a\rEMAIL:b'),
    'quoted-printable over lines': card('NOTE;ENCODING=QUOTED-PRINTABLE:a=', 'b'),
    '1 million folded lines': card(`NOTE:${'\r\n a'.repeat(1_000_000)}`),
    '100,000 parameters': card(`X-A${';P=1'.repeat(100_000)}:x`),
    '100,000 properties': card('X-A:1\r\n'.repeat(100_000)),
    '50,000 levels': card('BEGIN:VCARD\r\n'.repeat(50_000)),
  };
  for (const [what, text] of Object.entries(bad)) {
    const before = performance.now();
    t.throws(() => parseVCard(text), new DomainError('invalid-data', ''), what, { message: undefined });
    t.ok(performance.now() - before < 500, `${what} in time`);
  }
  t.end();
});

t.test('a picture of 7 MB is read and its value kept', (t) => {
  const base64 = 'A'.repeat(10_000_000);
  const folded = `PHOTO;ENCODING=b;TYPE=JPEG:${base64}`.replace(/.{74}/g, '$&\r\n ');
  const before = performance.now();
  const photo = parseVCard(card('VERSION:3.0', 'FN:x', folded)).properties[2]!;
  t.ok(performance.now() - before < 500);
  t.equal(photo.value, base64);
  t.end();
});

t.test('printing reads back the same, folded at 75 octets', (t) => {
  const text = card(
    'VERSION:4.0',
    `NOTE:${'ü€😀a'.repeat(60)}`,
    `X-A;P="a,b:c;d",e:${'x'.repeat(200)}`,
    'item1.X-ABLabel:x',
  );
  const printed = printVCard(parseVCard(text));
  for (const line of printed.split('\r\n')) t.ok(Buffer.byteLength(line) <= 75, line);
  const plain = (octets: string) =>
    parseVCard(octets).properties.map(({ group, name, spelling, parameters, value }) => [
      group,
      name,
      spelling,
      parameters,
      value,
    ]);
  t.same(plain(printed), plain(text));
  t.end();
});

t.test('text in values and parameters', (t) => {
  t.equal(unescapeText('a\\, b\\; c\\: d\\\\n\\ne\\N\\x'), 'a, b; c: d\\n\ne\n\\x');
  t.equal(escapeText('a, b; c\\\r\nd'), 'a\\, b\\; c\\\\\\nd');
  t.same(splitValue('a\\;b;c;;d\\\\;e', ';'), ['a\\;b', 'c', '', 'd\\\\', 'e']);
  t.same(splitValue('a\\,b,c', ','), ['a\\,b', 'c']);
  t.equal(decodeParameter("^^a^n^'b^x"), '^a\n"b^x');
  const tel = parseVCard(card('TEL;TYPE=HOME;TYPE="work,Pref";TYPE=cell,x:1')).properties[0]!;
  t.same(typesOf(tel), ['home', 'work', 'pref', 'cell', 'x']);
  t.end();
});

t.test('two libraries read the fixtures the same', (t) => {
  for (const name of readdirSync(FIXTURES).filter((file) => file.endsWith('.vcf'))) {
    const text = readFileSync(join(FIXTURES, name), 'utf8').replaceAll('\n', '\r\n');
    // ical.js refuses parameters without a name, and so the whole card.
    if (!/;(HOME|VOICE)[;:]/.test(text)) {
      const [, theirs] = ICAL.parse(text) as [string, [string, Record<string, unknown>, string, unknown][]];
      const ours = parseVCard(text).properties;
      t.same(
        ours.map(({ name, group }) => [name.toLowerCase(), group]),
        theirs.map(([name, parameters]) => [name, parameters['group'] ?? '']),
        `${name}: names and groups as ical.js reads them`,
      );
      for (const [index, property] of ours.entries()) {
        if (!['FN', 'NOTE', 'EMAIL', 'NICKNAME'].includes(property.name)) continue;
        t.equal(
          unescapeText(property.value).replaceAll(';', ''),
          String(theirs[index]![3]).replace(/\\?;/g, ''),
          `${name}: ${property.name}`,
        );
      }
    }
    // vcard4 refuses names and values RFC 6350 does not define.
    if (
      text.includes('VERSION:4.0') &&
      !/^(AGENT|CLASS|MAILER|XML|item1|X-SOCIALPROFILE|DEATHDATE|IMPP;.*X-SERVICE)/m.test(text)
    ) {
      t.doesNotThrow(() => parseVersion4(text), `${name}: 4.0 to vcard4`);
    }
  }
  t.end();
});
