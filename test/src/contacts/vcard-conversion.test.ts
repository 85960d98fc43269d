/** Cards in the other version. RFC 6352 §5.1.1, §10.4; RFC 2426 §3 and RFC 6350 §6 by golden pairs and by value. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseVCard } from '../../../src/contacts/vcard.ts';
import { convertVCard } from '../../../src/contacts/vcard-conversion.ts';
import { factsOf } from '../../../src/contacts/vcard-validation.ts';
import { date3, date4, geo3, geo4, offset3, offset4, timestamp4 } from '../../../src/contacts/vcard-values.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/vcard');
const received = readdirSync(FIXTURES).filter((file) => file.endsWith('.received.vcf'));

function fixture(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8').replaceAll('\n', '\r\n');
}

function convert(version: '3.0' | '4.0', ...lines: string[]): string[] {
  const text = ['BEGIN:VCARD', `VERSION:${version}`, ...lines, 'END:VCARD', ''].join('\r\n');
  const other = version === '3.0' ? '4.0' : '3.0';
  const converted = convertVCard(text, version, other).replaceAll('\r\n ', '').split('\r\n');
  t.same(converted.slice(0, 2), ['BEGIN:VCARD', `VERSION:${other}`]);
  t.same(converted.slice(-2), ['END:VCARD', '']);
  return converted.slice(2, -2);
}

t.test('golden pairs', (t) => {
  for (const name of received) {
    const octets = fixture(name);
    const { version } = factsOf(octets);
    const other = version === '3.0' ? '4.0' : '3.0';
    const converted = convertVCard(octets, version, other);
    t.equal(converted, fixture(name.replace('received', 'converted')), name);
    t.equal(factsOf(converted).cardUid, factsOf(octets).cardUid, 'the same card');
    t.equal(factsOf(converted).kind, factsOf(octets).kind, 'of the same kind');
    t.equal(convertVCard(octets, version, version), octets, 'in its own version as stored');
  }
  t.end();
});

t.test('there and back no property is lost', (t) => {
  // What one version says with another property than the other.
  const same: Record<string, string> = { 'X-GENDER': 'GENDER', 'X-ANNIVERSARY': 'ANNIVERSARY' };
  for (const name of received) {
    const octets = fixture(name);
    const { version } = factsOf(octets);
    const other = version === '3.0' ? '4.0' : '3.0';
    const back = convertVCard(convertVCard(octets, version, other), other, version);
    const names = (text: string) =>
      new Set(parseVCard(text).properties.map((property) => same[property.name] ?? property.name));
    const before = names(octets);
    const after = names(back);
    for (const property of before) t.ok(after.has(property), `${name}: ${property}`);
    const count = (text: string, property: string) =>
      parseVCard(text).properties.filter((one) => one.name === property).length;
    for (const property of ['EMAIL', 'TEL', 'URL', 'PHOTO', 'RELATED', 'X-ABRELATEDNAMES', 'X-ABLABEL', 'MEMBER']) {
      t.equal(count(back, property), count(octets, property), `${name}: as many ${property}`);
    }
    t.equal(
      convertVCard(convertVCard(back, version, other), other, version),
      back,
      `${name}: once more changes nothing`,
    );
  }
  t.end();
});

t.test('3.0 as 4.0', (t) => {
  const table: [from: string[], to: string[]][] = [
    [
      ['FN:a', 'TEL;TYPE=HOME;TYPE=pref:1'],
      ['FN:a', 'TEL;TYPE=HOME;PREF=1:1'],
    ],
    [
      ['FN:a', 'EMAIL;TYPE=pref;PREF=3:1'],
      ['FN:a', 'EMAIL;PREF=3:1'],
    ],
    [
      ['FN:a', 'PHOTO;BASE64:/9j/AA =='],
      ['FN:a', 'PHOTO:data:image/jpeg;base64,/9j/AA=='],
    ],
    [
      ['FN:a', 'PHOTO;ENCODING=b:AAAA'],
      ['FN:a', 'PHOTO:data:application/octet-stream;base64,AAAA'],
    ],
    [
      ['FN:a', 'KEY:plain text'],
      ['FN:a', 'KEY;VALUE=text:plain text'],
    ],
    [
      ['FN:a', 'BDAY:2000-01-02'],
      ['FN:a', 'BDAY:20000102'],
    ],
    [
      ['FN:a', 'BDAY:soon'],
      ['FN:a', 'BDAY;VALUE=text:soon'],
    ],
    [
      ['FN:a', 'TZ:Europe/Paris'],
      ['FN:a', 'TZ:Europe/Paris'],
    ],
    [
      ['FN:a', 'X-EVOLUTION-ANNIVERSARY:2001-02-03'],
      ['FN:a', 'ANNIVERSARY:20010203'],
    ],
    [
      ['FN:a', 'X-ANNIVERSARY:2001-02-03', 'ANNIVERSARY:2001-02-03'],
      ['FN:a', 'ANNIVERSARY:20010203'],
    ],
    [
      ['FN:a', 'X-ANNIVERSARY:2001-02-04', 'ANNIVERSARY:2001-02-03'],
      ['FN:a', 'X-ANNIVERSARY:2001-02-04', 'ANNIVERSARY:20010203'],
    ],
    [['N:Doe;Jane;;Dr.;'], ['N:Doe;Jane;;Dr.;', 'FN:Dr. Jane Doe']],
    [
      ['N:;;;;', 'ORG:Acme;x'],
      ['N:;;;;', 'ORG:Acme;x', 'FN:Acme'],
    ],
    [
      ['FN:a', 'X-FOO;X-BAR="a;b":c\\,d'],
      ['FN:a', 'X-FOO;X-BAR="a;b":c\\,d'],
    ],
    [
      ['FN:a', 'i.X-ABRELATEDNAMES:B', 'i.X-ABLabel:_$!<Mother>!$_'],
      ['FN:a', 'i.RELATED;VALUE=text:B', 'i.X-ABLabel:_$!<Mother>!$_'],
    ],
  ];
  for (const [from, to] of table) t.same(convert('3.0', ...from), to, from.join(' '));
  t.end();
});

t.test('4.0 as 3.0', (t) => {
  const table: [from: string[], to: string[]][] = [
    [
      ['FN:a', 'N:a;;;;', 'EMAIL;PREF=7:x', 'EMAIL;PREF=2:y'],
      ['FN:a', 'N:a;;;;', 'EMAIL;PREF=7:x', 'EMAIL;TYPE=pref;PREF=2:y'],
    ],
    [['FN:a\\, b'], ['FN:a\\, b', 'N:a\\, b;;;;']],
    [
      ['N:a;;;;', 'PHOTO:data:image/png;base64\\,AAAA'],
      ['N:a;;;;', 'PHOTO;ENCODING=b;TYPE=PNG:AAAA'],
    ],
    [
      ['N:a;;;;', 'PHOTO:data:nonsense'],
      ['N:a;;;;', 'PHOTO;VALUE=uri:data:nonsense'],
    ],
    [
      ['N:a;;;;', 'UID;VALUE=text:abc'],
      ['N:a;;;;', 'UID:abc'],
    ],
    [
      ['N:a;;;;', 'BDAY:19531015T2310Z'],
      ['N:a;;;;', 'BDAY;VALUE=date-time:1953-10-15T23:10:00Z'],
    ],
    [
      ['N:a;;;;', 'BDAY:1953-10'],
      ['N:a;;;;', 'BDAY;VALUE=text:1953-10'],
    ],
    [
      ['N:a;;;;', 'KIND:org'],
      ['N:a;;;;', 'KIND:org'],
    ],
    [
      ['N:a;;;;', 'item1.RELATED;TYPE=friend;VALUE=text:B', 'RELATED;TYPE=friend;VALUE=text:C'],
      [
        'N:a;;;;',
        'item1.X-ABRELATEDNAMES:B',
        'item1.X-ABLabel:_$!<Friend>!$_',
        'item2.X-ABRELATEDNAMES:C',
        'item2.X-ABLabel:_$!<Friend>!$_',
      ],
    ],
  ];
  for (const [from, to] of table) t.same(convert('4.0', ...from), to, from.join(' '));
  t.end();
});

t.test('RFC 6350 §4.3: dates', (t) => {
  const dates: [four: string, three: string | undefined][] = [
    ['19960415', '1996-04-15'],
    ['1996-04-15', '1996-04-15'],
    ['--0415', '1604-04-15'],
    ['19531015T231000Z', '1953-10-15T23:10:00Z'],
    ['19531015T231000-0500', '1953-10-15T23:10:00-05:00'],
    ['19531015T23', '1953-10-15T23:00:00'],
    ['1996', undefined],
    ['---15', undefined],
    ['T10', undefined],
  ];
  for (const [four, three] of dates) t.equal(date3(four)?.value, three, four);
  const property = (value: string, omit?: string) => ({
    group: '',
    name: 'BDAY',
    parameters: omit === undefined ? [] : [{ name: 'X-APPLE-OMIT-YEAR', values: [omit] }],
    value,
  });
  t.equal(date4(property('1604-04-15', '1604')), '--0415');
  t.equal(date4(property('1604-04-15')), '16040415');
  t.equal(date4(property('--04-15')), '--0415');
  t.equal(date4(property('1953-10-15T23:10:00.5Z')), '19531015T231000Z');
  t.equal(date4(property('1996-04')), '1996-04');
  t.equal(date4(property('May')), undefined);
  t.equal(timestamp4('1995-10-31T22:27:10Z'), '19951031T222710Z');
  t.equal(timestamp4('1995-10-31'), '19951031T000000Z');
  t.equal(timestamp4('yesterday'), 'yesterday');
  t.end();
});

t.test('positions and offsets', (t) => {
  t.equal(geo3('geo:1.5,-2;u=3'), '1.5;-2');
  t.equal(geo3('here'), 'here');
  t.equal(geo4('1.5\\;-2'), 'geo:1.5,-2');
  t.equal(geo4('here'), 'here');
  t.equal(offset3('-0500'), '-05:00');
  t.equal(offset3('+01'), '+01:00');
  t.equal(offset4('-05:30'), '-0530');
  t.equal(offset4('Europe/Paris'), undefined);
  t.end();
});

t.test('a card with thousands of everything converts in time', (t) => {
  const lines =
    'ADR;TYPE=home:;;x;;;;\r\nLABEL;TYPE=home:y\r\ni.X-ABRELATEDNAMES:x\r\nX-ANNIVERSARY:2000-01-01\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nLABEL;TYPE=work:z';
  const before = performance.now();
  const converted = convert('3.0', 'FN:x', ...Array<string>(1600).fill(lines));
  t.ok(performance.now() - before < 1000);
  t.equal(converted.filter((line) => line.startsWith('ADR')).length, 3200);
  t.end();
});
