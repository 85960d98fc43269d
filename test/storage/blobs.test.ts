/** Bytes of messages: the same bytes once in an account, large ones in chunks, and nothing swept too early. */
import t from 'tap';
import { addPerson, temporaryStore } from '../support/store.ts';

t.test('the same bytes are kept once in an account, and apart between accounts', async (t) => {
  const store = await temporaryStore(t);
  const [anna, ben] = [await addPerson(store, 'anna'), await addPerson(store, 'ben')];
  const octets = Buffer.from('From: a\r\n\r\nbody');
  const put = (account: number, now: number) =>
    store.transaction((write) => write.blobs.put(account, Buffer.from('h'), octets, now));
  const first = await put(anna, 1);
  t.equal(await put(anna, 2), first);
  t.not(await put(ben, 3), first);
  t.equal((await store.blobs.read(first, 6, 4)).toString(), 'a\r\n\r');
  t.equal(await store.blobs.size(first), octets.length);
});

t.test('a large blob is staged in chunks and invisible until complete', async (t) => {
  const store = await temporaryStore(t);
  const anna = await addPerson(store, 'anna');
  const id = await store.transaction((write) => write.blobs.open(anna, 1));
  for (const [ordinal, text] of ['abcd', 'efgh', 'ij'].entries())
    await store.transaction((write) => write.blobs.append(id, ordinal, Buffer.from(text)));
  t.equal(await store.blobs.find(anna, Buffer.from('h')), undefined);
  const complete = (blob: number) =>
    store.transaction((write) => write.blobs.complete(blob, anna, Buffer.from('h'), 10, 2));
  t.equal(await complete(id), id);
  t.equal((await store.blobs.read(id, 0, 100)).toString(), 'abcdefghij');
  t.equal((await store.blobs.read(id, 3, 4)).toString(), 'defg', 'across chunks');
  t.equal((await store.blobs.read(id, 8, 100)).toString(), 'ij');
  const second = await store.transaction((write) => write.blobs.open(anna, 3));
  t.equal(await complete(second), id, 'the same bytes again are those already there');
  t.equal(await store.blobs.size(second), undefined);
});

t.test('only what nothing refers to, and nobody put lately, is collected', async (t) => {
  const store = await temporaryStore(t);
  const anna = await addPerson(store, 'anna');
  const put = (hash: string, now: number) =>
    store.transaction((write) => write.blobs.put(anna, Buffer.from(hash), Buffer.from(hash), now));
  const old = await put('old', 10);
  const renewed = await put('renewed', 10);
  await put('renewed', 50);
  t.equal(await store.transaction((write) => write.blobs.collect(20, 100)), 1);
  t.equal(await store.blobs.size(old), undefined);
  t.equal(await store.blobs.size(renewed), 7);
});
