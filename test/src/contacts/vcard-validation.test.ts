/** What may be stored. RFC 6352 §5.1, §6.3.2.1. */
import t from 'tap';
import { factsOf, uidKey } from '../../../src/contacts/vcard-validation.ts';
import type { ErrorCode } from '../../../src/errors.ts';

function card(...lines: string[]): string {
  return ['BEGIN:VCARD', ...lines, 'END:VCARD', ''].join('\r\n');
}

t.test('what the store keeps of a card', (t) => {
  t.same(factsOf(card('VERSION:3.0', 'UID:a\\,b ', 'FN:x')), { cardUid: 'a,b', version: '3.0', kind: 'individual' });
  t.same(factsOf(card('VERSION:4.0', 'UID:urn:uuid:X', 'FN:x', 'KIND:Org')), {
    cardUid: 'X',
    version: '4.0',
    kind: 'org',
  });
  t.equal(factsOf(card('VERSION:3.0', 'UID:a', 'FN:x', 'X-ADDRESSBOOKSERVER-KIND:group')).kind, 'group');
  t.equal(factsOf(card('VERSION:3.0', 'UID:a', 'N:x')).version, '3.0', 'address books without FN');
  t.equal(uidKey(' URN:UUID:abc '), 'abc');
  t.end();
});

t.test('refusals', (t) => {
  const bad: [code: ErrorCode, lines: string[]][] = [
    ['unsupported-media-type', ['VERSION:2.1', 'UID:a', 'FN:x']],
    ['unsupported-media-type', ['VERSION:5.0', 'UID:a', 'FN:x']],
    ['invalid-data', ['UID:a', 'FN:x']],
    ['invalid-data', ['VERSION:3.0', 'VERSION:4.0', 'UID:a', 'FN:x']],
    ['invalid-data', ['VERSION:3.0', 'FN:x']],
    ['invalid-data', ['VERSION:3.0', 'UID:', 'FN:x']],
    ['invalid-data', ['VERSION:3.0', 'UID:a', 'UID:b', 'FN:x']],
    ['invalid-data', ['VERSION:3.0', `UID:${'a'.repeat(2000)}`, 'FN:x']],
    ['invalid-data', ['VERSION:4.0', 'UID:a', 'N:x']],
    ['invalid-data', ['VERSION:3.0', 'UID:a', 'EMAIL:x']],
  ];
  for (const [code, lines] of bad) t.throws(() => factsOf(card(...lines)), { code }, lines.join(' '));
  t.end();
});
