/** Searching address books in memory. RFC 6352 §8.6, §10.5. */
import t, { type Test } from 'tap';
import type { Collection } from '../../../src/collections/members.ts';
import type { CardFilter } from '../../../src/contacts/card-filter.ts';
import { CardSearch } from '../../../src/contacts/card-search.ts';
import { Cards } from '../../../src/contacts/cards.ts';
import { ALL_RIGHTS, type Principal } from '../../../src/principals/access.ts';
import { addCollection, addPerson, temporaryStore } from '../../support/store.ts';

function card(uid: string, ...lines: string[]): string {
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:Person ${uid}`, ...lines, 'END:VCARD', ''].join('\r\n');
}

function containing(name: string, text: string): CardFilter {
  const texts = [{ text, collation: 'i;unicode-casemap', type: 'contains', negate: false }] as const;
  return { test: 'anyof', properties: [{ name, test: 'anyof', notDefined: false, texts, parameters: [] }] };
}

async function open(t: Test, books: number, maxKept?: number) {
  const store = await temporaryStore(t);
  const cards = new Cards(store, () => 1);
  const search = new CardSearch(store, maxKept);
  const owner = (await store.principals.get(await addPerson(store, 'jane'))) as Principal;
  const collections: Collection[] = [];
  for (let n = 0; n < books; n++) {
    await addCollection(store, owner.id, 'addressbook', `book${n}`);
    const row = await store.collections.bySegment(owner.id, 'addressbooks', `book${n}`);
    collections.push({ ...row!, owner, rights: ALL_RIGHTS });
  }
  const put = (collection: Collection, name: string, ...lines: string[]) =>
    cards.put(collection, `${name}.vcf`, card(name, ...lines), () => {});
  const find = async (collection: Collection, name: string, text: string) =>
    (await search.matches(collection, containing(name, text))).map((row) => row.name.replace('.vcf', '')).sort();
  return { cards, collections, put, find, search };
}

t.test('a search sees what was acknowledged before it', async (t) => {
  const { cards, collections, put, find } = await open(t, 2);
  const [book, other] = collections as [Collection, Collection];
  t.same(await find(book, 'FN', 'person'), []);
  await put(book, 'a', 'EMAIL:a@one.example');
  await put(book, 'b', 'EMAIL:b@two.example');
  t.same(await find(book, 'FN', 'PERSON'), ['a', 'b']);
  t.same(await find(book, 'EMAIL', '@two'), ['b']);
  await put(book, 'b', 'EMAIL:b@one.example');
  t.same(await find(book, 'EMAIL', '@two'), []);
  t.same(await find(book, 'EMAIL', '@one'), ['a', 'b']);
  await cards.remove(book, 'a.vcf', () => {});
  t.same(await find(book, 'EMAIL', '@one'), ['b']);
  await put(book, 'a', 'EMAIL:a@three.example');
  t.same(await find(book, 'EMAIL', '@'), ['a', 'b'], 'made again');
  await cards.move(book, 'a.vcf', book, 'z.vcf', true, () => {});
  t.same(await find(book, 'EMAIL', '@'), ['b', 'z'], 'renamed');
  await cards.move(book, 'z.vcf', other, 'a.vcf', true, () => {});
  t.same(await find(book, 'EMAIL', '@'), ['b']);
  t.same(await find(other, 'EMAIL', '@'), ['a'], 'moved to another address book');
});

t.test('many cards, and searches beside changes', async (t) => {
  const { cards, collections, put, find } = await open(t, 1);
  const book = collections[0]!;
  await Promise.all(Array.from({ length: 1203 }, (_, n) => put(book, `c${n}`, `EMAIL:c${n}@example.com`)));
  const both = await Promise.all([find(book, 'EMAIL', 'c77'), find(book, 'EMAIL', 'example.com')]);
  t.same(both[0], ['c77', ...Array.from({ length: 10 }, (_, n) => `c77${n}`)]);
  t.equal(both[1].length, 1203);
  const work = [];
  for (let n = 0; n < 200; n++) {
    work.push(n % 3 === 0 ? cards.remove(book, `c${n}.vcf`, () => {}) : put(book, `c${n}`, 'EMAIL:new@example.com'));
    if (n % 20 === 0) work.push(find(book, 'EMAIL', 'new@'));
  }
  await Promise.all(work);
  t.equal((await find(book, 'EMAIL', 'new@')).length, 133);
  t.equal((await find(book, 'UID', 'c')).length, 1203 - 67);
});

t.test('what does not fit into memory is found all the same', async (t) => {
  const { collections, put, find } = await open(t, 3, 3000);
  for (const [index, book] of collections.entries()) {
    for (let n = 0; n < 12; n++) await put(book, `b${index}c${n}`, `NOTE:${'x'.repeat(200)} ${n}`);
  }
  for (let round = 0; round < 3; round++) {
    for (const [index, book] of collections.entries()) {
      t.equal((await find(book, 'NOTE', 'x')).length, 12);
      t.same(await find(book, 'NOTE', 'x 11'), [`b${index}c11`]);
      await put(book, `b${index}c11`, `NOTE:${'x'.repeat(200)} 11 ${round}`);
    }
  }
});

t.test('long values are read from the card', async (t) => {
  const { collections, put, find } = await open(t, 1);
  const book = collections[0]!;
  await put(book, 'a', `NOTE:${'x'.repeat(5000)}needle`, 'PHOTO;ENCODING=b:AAAA');
  await put(book, 'b', 'NOTE:needle');
  t.same(await find(book, 'NOTE', 'needle'), ['a', 'b']);
  t.same(await find(book, 'PHOTO', 'AAA'), ['a']);
  t.same(await find(book, 'FN', 'AAA'), []);
});
