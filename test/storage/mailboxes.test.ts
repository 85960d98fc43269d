/** Mailboxes, messages and placements: UIDs and UIDVALIDITY that are never handed out twice, flags by range, expunges. */
import t from 'tap';
import type { PlacementRow, Store } from '../../storage/store.ts';
import { addPerson, temporaryStore } from '../support/store.ts';

const FULL = 2 ** 53 - 1;

async function mailboxOf(t: Parameters<typeof temporaryStore>[0], messages = 0) {
  const store = await temporaryStore(t);
  const owner = await addPerson(store, 'anna');
  const inbox = await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, []);
    return write.mailboxes.add({ accountId: owner, name: 'INBOX', specialUse: '', modseq, now: 1 });
  });
  if (messages > 0) await deliver(store, owner, inbox, messages);
  return { store, owner, inbox };
}

function deliver(store: Store, owner: number, mailbox: number, count: number) {
  return store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [mailbox]);
    const blobId = await write.blobs.put(owner, Buffer.from('hash'), Buffer.from('octets'), 1);
    const first = await write.mailboxes.takeUids(mailbox, count);
    const rows: PlacementRow[] = [];
    for (let index = 0; index < count; index += 1) {
      const row = {
        accountId: owner,
        blobId,
        size: 6,
        internalDate: 1,
        summary: `summary ${index}`,
        structure: '("TEXT")',
        layout: '',
        originalId: 0,
        threadId: 0,
        ancestry: Buffer.alloc(0),
      };
      rows.push([first + index, await write.messages.add(row), 0, modseq]);
    }
    await write.placements.add(mailbox, rows, 1);
    return rows;
  });
}

t.test('UIDs go up and are not handed out again after an expunge', async (t) => {
  const { store, owner, inbox } = await mailboxOf(t, 3);
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, [inbox]);
    const gone = await write.placements.get(inbox, 3);
    await write.placements.remove(inbox, owner, [3], modseq);
    await write.messages.removeUnplaced([gone?.[1] ?? 0]);
  });
  const [row] = await deliver(store, owner, inbox, 1);
  t.equal(row?.[0], 4);
  t.same(
    (await store.placements.page(inbox, 1, 10)).map(([uid]) => uid),
    [1, 2, 4],
  );
  const [tombstone] = await store.tombstones.page(inbox, { modseq: 0, memberId: 0 }, 10);
  t.same([tombstone?.name, tombstone?.memberId], ['3', -3]);
  t.same(await store.messages.summaries(inbox, 2, 9, 10), [
    [2, 'summary 1'],
    [4, 'summary 0'],
  ]);
});

t.test('a message placed twice stays until both are gone', async (t) => {
  const { store, owner, inbox } = await mailboxOf(t, 1);
  const [, messageId] = (await store.placements.get(inbox, 1)) ?? [0, 0];
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner, []);
    const other = await write.mailboxes.add({ accountId: owner, name: 'Archive', specialUse: '', modseq, now: 1 });
    await write.placements.add(other, [[await write.mailboxes.takeUids(other, 1), messageId, 0, modseq]], 1);
    await write.placements.remove(inbox, owner, [1], modseq);
    await write.messages.removeUnplaced([messageId]);
  });
  t.equal((await store.messages.get(messageId))?.id, messageId);
});

t.test('flags change by range, up to the last keyword bit', async (t) => {
  const { store, owner, inbox } = await mailboxOf(t, 4);
  const change = (first: number, last: number, clear: number, set: number) =>
    store.transaction(async (write) => {
      const modseq = await write.accounts.nextModseq(owner, [inbox]);
      return write.placements.changeFlags(inbox, first, last, clear, set, modseq);
    });
  t.equal(await change(2, 3, 0, FULL), 2);
  t.equal(await change(3, 9, 1, 0), 1, 'one had none of it');
  t.same(
    (await store.placements.page(inbox, 1, 10)).map(([, , flags]) => flags),
    [0, FULL, FULL - 1, 0],
  );
  const modseq = (await store.mailboxes.get(inbox))?.modseq ?? 0;
  t.same(
    (await store.placements.changedSince(inbox, modseq - 1)).map(([uid]) => uid),
    [3],
  );
  t.same(
    (await store.placements.withFlags(inbox, 1, 9, 2 ** 52 + 8, 10)).map(([uid]) => uid),
    [2, 3],
  );
  t.same((await store.placements.combinations(inbox, 32)).sort(), [FULL - 1, FULL]);
  t.same(await store.placements.counts(inbox, 4), { messages: 4, unseen: 3, deleted: 2, recent: 1 });
  t.same(await store.placements.octets(inbox), { octets: 24, deletedOctets: 12 });
});

t.test('a mailbox made again under its name has another UIDVALIDITY', async (t) => {
  const { store, owner, inbox } = await mailboxOf(t, 2);
  const before = await store.mailboxes.get(inbox);
  await store.transaction((write) => write.mailboxes.remove(inbox));
  t.equal(await store.mailboxes.byName(owner, 'INBOX'), undefined);
  const again = await store.transaction((write) =>
    write.mailboxes.add({ accountId: owner, name: 'INBOX', specialUse: '', modseq: 1, now: 1 }),
  );
  const after = await store.mailboxes.get(again);
  t.ok((after?.uidvalidity ?? 0) > (before?.uidvalidity ?? 0));
  await store.transaction((write) => write.mailboxes.renewUidvalidity(again));
  t.ok(((await store.mailboxes.get(again))?.uidvalidity ?? 0) > (after?.uidvalidity ?? 0));
  while ((await store.transaction((write) => write.purge.step(10))) > 0);
  t.same(await store.placements.page(inbox, 1, 10), []);
});

t.test('subscriptions outlive mailboxes', async (t) => {
  const { store, owner, inbox } = await mailboxOf(t);
  await store.transaction(async (write) => {
    await write.mailboxes.subscribe(owner, 'INBOX');
    await write.mailboxes.subscribe(owner, 'INBOX');
    await write.mailboxes.remove(inbox);
  });
  t.same(await store.mailboxes.subscriptions(owner), ['INBOX']);
  await store.transaction((write) => write.mailboxes.unsubscribe(owner, 'INBOX'));
  t.same(await store.mailboxes.subscriptions(owner), []);
});

t.test('the queue gives what is due, the oldest first', async (t) => {
  const { store, owner } = await mailboxOf(t);
  const blobId = await store.transaction((write) => write.blobs.put(owner, Buffer.from('h'), Buffer.from('x'), 1));
  const add = (rcptTo: string, nextAttemptAt: number) =>
    store.transaction((write) =>
      write.submissions.add({
        accountId: owner,
        blobId,
        mailFrom: 'anna@example.com',
        rcptTo,
        options: '{}',
        state: 'queued',
        attempts: 0,
        nextAttemptAt,
        lastError: null,
        createdAt: 1,
      }),
    );
  await add('late@example.net', 30);
  const early = await add('early@example.net', 10);
  t.equal(await store.submissions.nextAttemptAt(), 10);
  t.same(
    (await store.submissions.due(20, 9)).map((row) => row.rcptTo),
    ['early@example.net'],
  );
  await store.transaction((write) =>
    write.submissions.update({ id: early, state: 'sent', attempts: 1, nextAttemptAt: 0, lastError: null }),
  );
  t.same(
    (await store.submissions.due(99, 9)).map((row) => row.rcptTo),
    ['late@example.net'],
  );
  t.equal(await store.transaction((write) => write.blobs.collect(99, 9)), 0, 'the queue holds its blob');
});
