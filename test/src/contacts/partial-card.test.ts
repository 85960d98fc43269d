/** Parts of cards. RFC 6352 §10.4.2. */
import t from 'tap';
import { partOf } from '../../../src/contacts/partial-card.ts';

const CARD = [
  'BEGIN:VCARD',
  'VERSION:3.0',
  'UID:1',
  'NOTE:folded',
  '  here',
  'tel:1',
  'item1.TEL;TYPE="a:b":2',
  'X-FOO:3',
  'END:VCARD',
  '',
].join('\r\n');

function part(...wanted: string[]): string[] {
  const properties = wanted.map((name) => ({ name: name.replace('!', ''), withValue: !name.endsWith('!') }));
  return partOf(CARD, properties).split('\r\n').slice(1, -2);
}

t.test('properties by name, with any group or exactly one, with or without value', (t) => {
  t.same(part('UID'), ['UID:1']);
  t.same(part('NOTE', 'VERSION'), ['VERSION:3.0', 'NOTE:folded', '  here'], 'in the order and lines of the card');
  t.same(part('TEL'), ['tel:1', 'item1.TEL;TYPE="a:b":2']);
  t.same(part('ITEM1.tel'), ['item1.TEL;TYPE="a:b":2']);
  t.same(part('item2.TEL'), []);
  t.same(part('TEL!', 'x-foo!', 'NOTE!'), ['NOTE:', 'tel:', 'item1.TEL;TYPE="a:b":', 'X-FOO:']);
  t.same(part('UID!', 'UID'), ['UID:1']);
  t.end();
});
