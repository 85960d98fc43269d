/** The cards of address books. RFC 6352 §5.1, §6.3.2.1. */
import t, { type Test } from 'tap';
import type { Collection, Precondition } from '../../../src/collections/members.ts';
import { Cards, MAX_CARD_SIZE } from '../../../src/contacts/cards.ts';
import { DomainError } from '../../../src/errors.ts';
import { ALL_RIGHTS, type Principal, type Rights } from '../../../src/principals/access.ts';
import type { Store } from '../../../storage/store.ts';
import { addCollection, addPerson, temporaryStore } from '../../support/store.ts';

const anything: Precondition = () => {};

function card(uid: string, ...lines: string[]): string {
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${uid}`, ...lines, 'END:VCARD', ''].join('\r\n');
}

async function open(t: Test) {
  const store = await temporaryStore(t);
  let now = 5_000;
  const cards = new Cards(store, () => now);
  const jane = await addPerson(store, 'jane');
  const joe = await addPerson(store, 'joe');
  const at = async (owner: number, segment: string, rights: Rights = ALL_RIGHTS): Promise<Collection> => {
    const row = await store.collections.bySegment(owner, 'addressbooks', segment);
    const principal = (await store.principals.get(owner)) as Principal;
    return { ...row!, owner: principal, rights };
  };
  await addCollection(store, jane, 'addressbook', 'book');
  await addCollection(store, jane, 'addressbook', 'other');
  await addCollection(store, joe, 'addressbook', 'book');
  return {
    store,
    cards,
    book: await at(jane, 'book'),
    other: await at(jane, 'other'),
    joes: await at(joe, 'book'),
    readOnly: await at(jane, 'book', { freeBusy: true, read: true, write: false, manage: false }),
    unseen: await at(jane, 'book', { freeBusy: true, read: false, write: false, manage: false }),
    later: () => {
      now += 1000;
    },
  };
}

async function gone(store: Store, collection: Collection): Promise<string[]> {
  return (await store.tombstones.page(collection.id, { modseq: 0, memberId: 0 }, 100)).map(({ name }) => name);
}

t.test('put, read, replace, remove', async (t) => {
  const { cards, book, store, later } = await open(t);
  const octets = card('a', 'X-FOO;X-BAR=b:ü', 'item1.X-ABLabel:x').replaceAll('\r\n', '\n');
  const put = await cards.put(book, 'a.vcf', octets, anything);
  t.equal(put.created, true);
  t.equal(put.verbatim, true);
  const row = (await cards.find(book, 'a.vcf'))!;
  t.same(row, put.member);
  t.match(row, { cardUid: 'a', version: '3.0', kind: 'individual', size: Buffer.byteLength(octets), createdAt: 5000 });
  t.equal(await cards.read(row), octets, 'the octets as they came');
  later();
  const again = await cards.put(book, 'a.vcf', card('a'), anything);
  t.equal(again.created, false);
  t.match(again.member, { id: row.id, createdAt: 5000, modifiedAt: 6000 });
  t.ok(again.member.modseq > row.modseq);
  await cards.remove(book, 'a.vcf', anything);
  t.equal(await cards.find(book, 'a.vcf'), undefined);
  t.same(await gone(store, book), ['a.vcf']);
  await t.rejects(cards.remove(book, 'a.vcf', anything), { code: 'not-found' });
  await t.rejects(cards.read(row), { code: 'not-found' });
});

t.test('no-uid-conflict', async (t) => {
  const { cards, book, other } = await open(t);
  await cards.put(book, 'a.vcf', card('a'), anything);
  await cards.put(book, 'b.vcf', card('b'), anything);
  await cards.put(other, 'a.vcf', card('a'), anything);
  const conflict = (name: string) => ({ code: 'uid-conflict', details: { name } });
  await t.rejects(cards.put(book, 'c.vcf', card('a'), anything), conflict('a.vcf'), 'a UID that is taken');
  await t.rejects(cards.put(book, 'c.vcf', card('urn:uuid:a'), anything), conflict('a.vcf'), 'as 4.0 writes it');
  await t.rejects(cards.put(book, 'a.vcf', card('c'), anything), conflict('a.vcf'), 'another UID in the same place');
  await t.rejects(cards.put(book, 'a.vcf', card('b'), anything), conflict('a.vcf'));
  await t.rejects(cards.copy(book, 'a.vcf', book, 'c.vcf', true, anything), conflict('a.vcf'));
  await t.rejects(cards.copy(book, 'b.vcf', other, 'a.vcf', true, anything), conflict('a.vcf'));
  await t.rejects(cards.move(book, 'a.vcf', other, 'c.vcf', true, anything), conflict('a.vcf'));
  await t.rejects(cards.move(book, 'a.vcf', book, 'b.vcf', true, anything), conflict('b.vcf'));
  await cards.put(book, 'a.vcf', card('urn:uuid:a'), anything);
});

t.test('a refusal changes nothing', async (t) => {
  const { cards, book, readOnly, unseen, store } = await open(t);
  await cards.put(book, 'a.vcf', card('a'), anything);
  const before = await store.accounts.get(book.accountId);
  const refuse: Precondition = () => {
    throw new DomainError('etag-mismatch', 'no');
  };
  await t.rejects(cards.put(book, 'a.vcf', card('a'), refuse), { code: 'etag-mismatch' });
  await t.rejects(cards.remove(book, 'a.vcf', refuse), { code: 'etag-mismatch' });
  await t.rejects(cards.copy(book, 'a.vcf', book, 'b.vcf', true, refuse), { code: 'etag-mismatch' });
  await t.rejects(cards.move(book, 'a.vcf', book, 'b.vcf', true, refuse), { code: 'etag-mismatch' });
  await t.rejects(cards.put(book, 'b.vcf', 'hello', anything), { code: 'invalid-data' });
  await t.rejects(cards.put(book, 'b.vcf', 'x'.repeat(MAX_CARD_SIZE + 1), anything), { code: 'too-large' });
  await t.rejects(cards.put(readOnly, 'b.vcf', card('b'), anything), { code: 'forbidden' });
  await t.rejects(cards.remove(readOnly, 'a.vcf', anything), { code: 'forbidden' });
  await t.rejects(cards.put(unseen, 'b.vcf', card('b'), anything), { code: 'not-found' });
  await t.rejects(cards.copy(unseen, 'a.vcf', book, 'b.vcf', true, anything), { code: 'not-found' });
  t.equal(await cards.find(unseen, 'a.vcf'), undefined);
  t.same(await store.accounts.get(book.accountId), before);
});

t.test('the precondition sees the card that is replaced, also when it changed meanwhile', async (t) => {
  const { cards, book } = await open(t);
  const { member } = await cards.put(book, 'a.vcf', card('a'), anything);
  const only: Precondition = (current) => {
    if (current?.etag !== member.etag) throw new DomainError('etag-mismatch', 'changed');
  };
  const writers = Array.from({ length: 8 }, (_, n) => cards.put(book, 'a.vcf', card('a', `NOTE:${n}`), only));
  const ends = await Promise.allSettled(writers);
  t.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1, 'one of eight writers wins');
  const free: Precondition = (current) => {
    if (current !== undefined) throw new DomainError('etag-mismatch', 'taken');
  };
  const makers = Array.from({ length: 8 }, (_, n) => cards.put(book, 'new.vcf', card('new', `NOTE:${n}`), free));
  t.equal((await Promise.allSettled(makers)).filter(({ status }) => status === 'fulfilled').length, 1);
});

t.test('copy and move', async (t) => {
  const { cards, book, other, joes, store } = await open(t);
  const { member } = await cards.put(book, 'a.vcf', card('a'), anything);
  await store.transaction((write) =>
    write.properties.set('card', member.id, { principalId: 0, namespace: 'x', name: 'y', xml: '<y/>' }),
  );
  const properties = async (collection: Collection, name: string) =>
    (await store.properties.list('card', (await cards.find(collection, name))!.id, 0)).map(({ name }) => name);

  t.same(await cards.copy(book, 'a.vcf', other, 'b.vcf', false, anything), { created: true });
  t.same(await properties(other, 'b.vcf'), ['y']);
  t.equal((await cards.find(other, 'b.vcf'))!.etag, member.etag);
  await t.rejects(
    cards.copy(book, 'a.vcf', other, 'b.vcf', false, anything),
    { code: 'etag-mismatch' },
    'Overwrite: F',
  );
  t.same(await cards.copy(book, 'a.vcf', other, 'b.vcf', true, anything), { created: false });
  await t.rejects(cards.copy(book, 'a.vcf', book, 'a.vcf', true, anything), { code: 'forbidden' }, 'onto itself');
  await t.rejects(cards.copy(book, 'x.vcf', other, 'c.vcf', true, anything), { code: 'not-found' });

  t.same(await cards.move(book, 'a.vcf', book, 'c.vcf', false, anything), { created: true });
  t.equal((await cards.find(book, 'c.vcf'))!.id, member.id, 'the same card');
  t.same(await gone(store, book), ['a.vcf']);
  t.same(await cards.move(book, 'c.vcf', other, 'b.vcf', true, anything), { created: false }, 'over its copy');
  t.equal((await cards.find(other, 'b.vcf'))!.id, member.id);
  t.same((await gone(store, book)).sort(), ['a.vcf', 'c.vcf']);

  t.same(await cards.move(other, 'b.vcf', joes, 'd.vcf', false, anything), { created: true }, 'to another account');
  t.same(await properties(joes, 'd.vcf'), ['y']);
  t.same(await gone(store, other), ['b.vcf']);
  t.same(await cards.move(joes, 'd.vcf', book, 'a.vcf', false, anything), { created: true }, 'and back');
  t.equal(await cards.read((await cards.find(book, 'a.vcf'))!), card('a'));
});
