/** Mailboxes by name. RFC 9051 §6.3.4 to §6.3.8, §6.3.11, RFC 6154 §2, RFC 4314, RFC 2342. */
import t from 'tap';
import { MAX_LEVELS } from '../../../src/mail/mailbox-names.ts';
import { chargedOctets, message, openMail, rowsOf } from '../../support/mail.ts';

t.test('an account starts with INBOX and the special uses, all subscribed', async (t) => {
  const { mailboxes, anna } = await openMail(t);
  const expected = [
    ['Archive', '\\Archive'],
    ['Drafts', '\\Drafts'],
    ['INBOX', ''],
    ['Junk', '\\Junk'],
    ['Sent', '\\Sent'],
    ['Trash', '\\Trash'],
  ];
  t.same(
    (await mailboxes.list(anna)).map(({ name, specialUse }) => [name, specialUse]),
    expected,
  );
  t.same(
    await mailboxes.subscriptions(anna),
    expected.map(([name]) => name),
  );
});

t.test('create makes the levels above; names are checked', async (t) => {
  const { mailboxes, anna } = await openMail(t);
  t.match(await mailboxes.create(anna, 'a/b/c/'), { name: 'a/b/c', uidnext: 1 });
  t.match(await mailboxes.find(anna, 'a'), { name: 'a', specialUse: '' });
  t.match(await mailboxes.create(anna, 'inbox/sub'), { name: 'INBOX/sub' });
  await t.rejects(mailboxes.create(anna, 'a/b'), { code: 'already-exists' });
  await t.rejects(mailboxes.create(anna, 'inbox'), { code: 'already-exists' });
  for (const name of ['', '/', 'a//b', '/a', 'a*', 'a/../b', 'x'.repeat(256), `${'a/'.repeat(MAX_LEVELS)}a`, 'tab\t'])
    await t.rejects(mailboxes.create(anna, name), { code: 'invalid-data' }, JSON.stringify(name));
  await t.rejects(mailboxes.create(anna, 'Other users/bob/x'), { code: 'forbidden' });
  await t.rejects(mailboxes.create(anna, 'Other users'), { code: 'forbidden' });
  await t.rejects(mailboxes.create(anna, 'More', '\\Sent'), { code: 'in-use' }, 'one mailbox for each use');
  await mailboxes.remove(anna, 'Sent');
  t.match(await mailboxes.create(anna, 'Gesendet', '\\Sent'), { specialUse: '\\Sent' });
});

t.test('a removed mailbox leaves those below it, and its name another UIDVALIDITY', async (t) => {
  const { mailboxes, anna, append, store } = await openMail(t);
  await mailboxes.create(anna, 'a/b');
  const before = await mailboxes.find(anna, 'a');
  await append('a', message('kept elsewhere'));
  await append('a', message('only here'));
  await mailboxes.remove(anna, 'a');
  await t.rejects(mailboxes.find(anna, 'a'), { code: 'not-found' });
  await t.rejects(mailboxes.remove(anna, 'a'), { code: 'not-found' });
  await t.rejects(mailboxes.remove(anna, 'Inbox'), { code: 'forbidden' });
  t.match(await mailboxes.find(anna, 'a/b'), { name: 'a/b' });
  const again = await mailboxes.create(anna, 'a');
  t.ok(again.uidvalidity > before.uidvalidity);
  const { used, counted } = await chargedOctets(store, anna.id);
  t.same([used, counted], [0, 0]);
  while ((await store.transaction((write) => write.purge.step(1))) > 0);
  t.equal(await store.messages.get(1), undefined, 'the messages go with the mailbox');
});

t.test('a message in two mailboxes is charged until both are gone, whichever way', async (t) => {
  const { mailboxes, messages, anna, append, store, view } = await openMail(t);
  await mailboxes.create(anna, 'a');
  await append('INBOX', message('x'), ['\\Deleted']);
  const inbox = await view('INBOX');
  await messages.copy(anna, inbox, [[1, 1]], await mailboxes.find(anna, 'a'));
  await mailboxes.remove(anna, 'a');
  t.same(await chargedOctets(store, anna.id), { used: message('x').length, counted: message('x').length });
  await messages.expunge(anna, inbox);
  t.same(await chargedOctets(store, anna.id), { used: 0, counted: 0 });
});

t.test('rename takes what is below along', async (t) => {
  const { mailboxes, anna, append } = await openMail(t);
  await mailboxes.create(anna, 'a/b/c');
  await mailboxes.create(anna, 'ab');
  await append('a/b');
  const before = await mailboxes.find(anna, 'a/b');
  await mailboxes.rename(anna, 'a', 'x/y');
  const names = (await mailboxes.list(anna)).map(({ name }) => name).filter((name) => /^[ax]/.test(name));
  t.same(names, ['ab', 'x', 'x/y', 'x/y/b', 'x/y/b/c']);
  t.match(await mailboxes.find(anna, 'x/y/b'), { id: before.id, uidvalidity: before.uidvalidity, uidnext: 2 });
  await t.rejects(mailboxes.rename(anna, 'a', 'z'), { code: 'not-found' });
  await t.rejects(mailboxes.rename(anna, 'x', 'ab'), { code: 'already-exists' });
  await t.rejects(mailboxes.rename(anna, 'x', 'inbox'), { code: 'already-exists' });
  await t.rejects(mailboxes.rename(anna, 'x', 'x/y/z'), { code: 'invalid-data' });
  await t.rejects(mailboxes.rename(anna, 'x', 'a*'), { code: 'invalid-data' });
  await mailboxes.remove(anna, 'x/y');
  await mailboxes.rename(anna, 'x/y', 'w');
  t.match(await mailboxes.find(anna, 'w/b/c'), { name: 'w/b/c' }, 'a level without a mailbox is renamed too');
});

t.test('renaming INBOX moves its messages and leaves it there', async (t) => {
  const { mailboxes, anna, append, view } = await openMail(t);
  await append('INBOX', message('one'), ['\\Seen']);
  await append('INBOX', message('two'), ['$Kept']);
  await mailboxes.create(anna, 'INBOX/below');
  await mailboxes.rename(anna, 'Inbox', 'Old');
  const old = await view('Old');
  t.same(
    rowsOf(old).map(([, , flags]) => old.keywords.flagText(flags)),
    ['\\Seen', '$Kept'],
  );
  t.equal((await view('INBOX')).count, 0);
  t.match(await mailboxes.find(anna, 'INBOX/below'), { name: 'INBOX/below' });
});

t.test('subscriptions are names, whether or not there is a mailbox', async (t) => {
  const { mailboxes, anna } = await openMail(t);
  await mailboxes.subscribe(anna, 'no such/thing');
  await mailboxes.subscribe(anna, 'no such/thing');
  await mailboxes.unsubscribe(anna, 'Junk');
  await mailboxes.unsubscribe(anna, 'inbox');
  await mailboxes.unsubscribe(anna, 'never was');
  t.same(await mailboxes.subscriptions(anna), ['Archive', 'Drafts', 'Sent', 'Trash', 'no such/thing']);
  await t.rejects(mailboxes.subscribe(anna, 'a*'), { code: 'invalid-data' });
});

t.test('status is the same from the store and from an open view', async (t) => {
  const { mailboxes, messages, append, inbox, view } = await openMail(t);
  await append('INBOX', message('a'), ['\\Seen']);
  await append('INBOX', message('b'), ['\\Deleted']);
  await append('INBOX', message('c'));
  const closed = await mailboxes.status(await inbox(), { octets: true });
  t.match(closed, { messages: 3, unseen: 2, deleted: 1, recent: 3, uidnext: 4, octets: 3 * message('a').length });
  const open = await view('INBOX');
  t.same(await mailboxes.status(await inbox(), { octets: true }), closed);
  messages.takeRecent(open);
  t.match(await mailboxes.status(await inbox()), { recent: 0, octets: 0 });
});

t.test('what others share lies below "Other users", with the rights that were granted', async (t) => {
  const { mailboxes, messages, anna, bob, store, append, stage, views } = await openMail(t);
  await append('Archive', message('shared'));
  const archive = await mailboxes.find(anna, 'Archive');
  await t.rejects(mailboxes.find(bob, 'Other users/anna/Archive'), { code: 'not-found' });
  const grant = (rights: 'read' | 'read-write' | 'manage', collectionId: number) =>
    store.transaction((write) =>
      write.grants.add({ accountId: anna.id, collectionId, granteeId: bob.id, rights, createdAt: 1 }),
    );
  await grant('read', archive.id);
  const shared = await mailboxes.find(bob, 'Other users/anna/Archive');
  t.same([...shared.rights].join(''), 'lr');
  t.same(
    (await mailboxes.list(bob)).map(({ name }) => name).filter((name) => name.includes('/')),
    ['Other users/anna/Archive'],
  );
  const view = await views.open(shared.id);
  const staged = await stage(anna.id, message('from bob'));
  await t.rejects(messages.append(bob, shared, [{ staged, flags: [] }]), { code: 'forbidden' });
  await t.rejects(messages.setFlags(bob, view, [[1, 1]], 'add', ['\\Seen']), { code: 'forbidden' });
  await messages.markSeen(bob, view, [[1, 1]]);
  t.equal(view.flags[0], 0, 'reading marks nothing where the reader may not');
  await t.rejects(messages.expunge(bob, view), { code: 'forbidden' });
  await t.rejects(mailboxes.remove(bob, shared.name), { code: 'forbidden' });
  await t.rejects(mailboxes.create(bob, `${shared.name}/x`), { code: 'forbidden' });
  await grant('read-write', archive.id);
  await messages.append(bob, shared, [{ staged, flags: ['\\Seen'] }]);
  t.match(await mailboxes.create(bob, `${shared.name}/x`), { name: `${shared.name}/x` });
  t.match(await mailboxes.find(anna, 'Archive/x'), { accountId: anna.id });
  views.release(view);
});

t.test('a removed person leaves no mail behind, a few rows at a time', async (t) => {
  const { acl, anna, append, bob, mailboxes, store } = await openMail(t);
  for (let count = 0; count < 7; count++) await append('INBOX', message(`m${count}`));
  await acl.change(anna, 'INBOX', 'bob', 'replace', new Set(['l', 'r'] as const));
  await acl.change(bob, 'INBOX', 'anna', 'replace', new Set(['l', 'r', 's'] as const));
  const hashes = (await store.messages.ancestriesOf([1, 2, 3])).map(([, ancestry]) => ancestry.readUIntBE(0, 6));
  t.equal((await store.threads.find(anna.id, hashes)).length, 3);
  await store.transaction((write) => write.principals.remove(anna.id));
  t.notOk((await mailboxes.list(bob)).some(({ accountId }) => accountId === anna.id));
  t.same(
    (await acl.entries(bob, 'INBOX')).map(({ identifier }) => identifier),
    ['bob'],
  );
  for (let gone = 1; gone > 0; ) {
    gone = await store.transaction((write) => write.purge.step(2));
    t.ok(gone <= 8, 'no step takes more than so many of each kind');
  }
  t.equal(await store.accounts.get(anna.id), undefined);
  t.same(await store.threads.find(anna.id, hashes), []);
  t.equal(await store.messages.get(1), undefined);
});
