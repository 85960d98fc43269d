/** Access control lists of mailboxes. RFC 4314 §2 to §4, RFC 2342 §5. */
import t from 'tap';
import { parseMailRights, printMailRights } from '../../../src/mail/mail-rights.ts';
import { openMail } from '../../support/mail.ts';

t.test('letters, with those of the older standard', (t) => {
  const table: [given: string, printed: string | undefined][] = [
    ['', ''],
    ['rl', 'lr'],
    ['lrswipkxtea', 'lrswipkxteacd'],
    ['c', 'kxc'],
    ['d', 'ted'],
    ['lrswida', 'lrswitead'],
    ['k', 'kc'],
    ['e', 'ed'],
    ['llr', 'lr'],
    ['lrQ', undefined],
    ['q', undefined],
    ['L', undefined],
    ['0', undefined],
  ];
  for (const [given, printed] of table) {
    const rights = parseMailRights(given);
    t.equal(rights && printMailRights(rights), printed, given);
  }
  t.end();
});

t.test('an entry is replaced, added to, taken from, and goes', async (t) => {
  const { acl, anna, bob, mailboxes } = await openMail(t);
  const entries = async () =>
    (await acl.entries(anna, 'Archive')).map(({ identifier, rights }) => `${identifier} ${[...rights].join('')}`);
  const change = (mode: 'replace' | 'add' | 'remove', letters: string, identifier = 'bob') =>
    acl.change(anna, 'Archive', identifier, mode, parseMailRights(letters)!);
  t.same(await entries(), ['anna lrswipkxtea']);
  await change('replace', 'lrs');
  t.same(await entries(), ['anna lrswipkxtea', 'bob lrs']);
  t.equal([...(await acl.mine(bob, 'Other users/anna/Archive'))].join(''), 'lrs');
  await change('add', 'da', 'Bob@Example.com');
  t.same(await entries(), ['anna lrswipkxtea', 'bob lrstea']);
  await change('remove', 'r');
  t.same(await entries(), ['anna lrswipkxtea', 'bob lstea']);
  t.same(
    (await acl.entries(bob, 'Other users/anna/Archive')).map(({ identifier }) => identifier),
    ['anna', 'bob'],
    'with a, another one reads it too',
  );
  await acl.remove(anna, 'Archive', 'bob');
  t.same(await entries(), ['anna lrswipkxtea']);
  await t.rejects(acl.mine(bob, 'Other users/anna/Archive'), { code: 'not-found' });
  await t.rejects(change('replace', 'lr', 'nobody'), { code: 'invalid-data' });
  await t.rejects(change('replace', 'lr', 'nobody@example.com'), { code: 'invalid-data' });
  await t.rejects(change('replace', 'lr', '-bob'), { code: 'invalid-data' });
  await t.rejects(change('replace', 'lr', 'anna'), { code: 'forbidden' });
  await t.rejects(change('remove', 'a', 'anna'), { code: 'forbidden' });
  await change('add', 'a', 'anna');
  t.same(
    (await mailboxes.list(bob)).filter(({ accountId }) => accountId === anna.id),
    [],
  );
});

t.test('without l nothing tells that a mailbox is there; other rights work all the same', async (t) => {
  const { acl, anna, append, bob, mailboxes, messages, stage } = await openMail(t);
  await append('Archive');
  const name = 'Other users/anna/Archive';
  await acl.change(anna, 'Archive', 'bob', 'replace', parseMailRights('i')!);
  t.same(
    (await mailboxes.list(bob)).filter(({ accountId }) => accountId === anna.id),
    [],
  );
  await t.rejects(mailboxes.find(bob, name), { code: 'not-found' });
  await t.rejects(mailboxes.find(bob, name, 'r'), { code: 'not-found' });
  await t.rejects(acl.entries(bob, name), { code: 'not-found' });
  await t.rejects(mailboxes.remove(bob, name), { code: 'not-found' });
  await t.rejects(mailboxes.rename(bob, name, 'Other users/anna/Else'), { code: 'forbidden' });
  const dropBox = await mailboxes.find(bob, name, 'i');
  const staged = await stage(anna.id, 'Subject: x\r\n\r\n');
  await messages.append(bob, dropBox, [{ staged, flags: ['\\Seen', 'Work'] }]);
  await acl.change(anna, 'Archive', 'bob', 'replace', parseMailRights('l')!);
  await t.rejects(mailboxes.find(bob, name, 'r'), { code: 'forbidden' });
  await t.rejects(acl.entries(bob, name), { code: 'forbidden' });
  t.equal([...(await acl.mine(bob, name))].join(''), 'l');
});

t.test('a mailbox below another one is for the same people; renaming and deleting take the list along', async (t) => {
  const { acl, anna, bob, mailboxes } = await openMail(t);
  await acl.change(anna, 'Archive', 'bob', 'replace', parseMailRights('lrk')!);
  await mailboxes.create(bob, 'Other users/anna/Archive/2026/May');
  const seen = async () =>
    (await mailboxes.list(bob)).filter(({ accountId }) => accountId === anna.id).map(({ name }) => name);
  t.same(
    await seen(),
    ['Archive', 'Archive/2026', 'Archive/2026/May'].map((name) => `Other users/anna/${name}`),
  );
  t.match(await mailboxes.find(bob, 'Other users/anna/Archive/2026/May'), { rights: new Set(['l', 'r', 'k']) });
  await t.rejects(mailboxes.create(bob, 'Other users/anna/New'), { code: 'forbidden' });
  await t.rejects(mailboxes.create(bob, 'Other users/anna'), { code: 'forbidden' });
  await t.rejects(mailboxes.create(bob, 'Other users/nobody/x'), { code: 'forbidden' });
  await t.rejects(mailboxes.rename(bob, 'Other users/anna/Archive/2026', 'Other users/anna/Archive/2027'), {
    code: 'forbidden',
  });
  await mailboxes.rename(anna, 'Archive/2026', 'Old');
  t.same(
    await seen(),
    ['Archive', 'Old', 'Old/May'].map((name) => `Other users/anna/${name}`),
  );
  await acl.change(anna, 'Old/May', 'bob', 'replace', parseMailRights('lx')!);
  await mailboxes.remove(bob, 'Other users/anna/Old/May');
  t.same(await seen(), ['Other users/anna/Archive', 'Other users/anna/Old']);
  await mailboxes.create(anna, 'Top/May');
  t.same(
    await seen(),
    ['Other users/anna/Archive', 'Other users/anna/Old'],
    'a new mailbox of that name is not shared',
  );
});

t.test("nobody takes somebody else's INBOX away", async (t) => {
  const { acl, anna, bob, mailboxes } = await openMail(t);
  await acl.change(anna, 'INBOX', 'bob', 'replace', parseMailRights('lrswipkxtea')!);
  await t.rejects(mailboxes.remove(bob, 'Other users/anna/inbox'), { code: 'forbidden' });
  await t.rejects(mailboxes.rename(bob, 'Other users/anna/INBOX', 'Other users/anna/INBOX/x'), { code: 'forbidden' });
  await t.rejects(mailboxes.rename(bob, 'Other users/anna/INBOX', 'Mine'), { code: 'forbidden' });
  t.match(await mailboxes.find(anna, 'INBOX'), { name: 'INBOX' });
});

t.test('what is granted on a whole account is always there; groups count', async (t) => {
  const { acl, anna, bob, mailboxes, store } = await openMail(t);
  await store.transaction(async (write) => {
    const { id: _id, addresses: _addresses, ...row } = anna;
    const team = await write.principals.add({ ...row, kind: 'group', name: 'team', uuid: 'team' }, 1);
    await write.principals.addMember(team, bob.id);
    await write.grants.add({ accountId: anna.id, collectionId: 0, granteeId: bob.id, rights: 'read', createdAt: 1 });
  });
  const always = await acl.grantable(anna, 'Sent', 'bob');
  t.equal([...always.always].join(''), 'lr');
  t.equal([...always.others].join(''), 'swipkxtea');
  t.match(await acl.grantable(anna, 'Sent', 'anna'), { others: new Set() });
  t.equal((await mailboxes.list(bob)).filter(({ accountId }) => accountId === anna.id).length, 6);
  await acl.change(anna, 'Sent', 'team', 'replace', parseMailRights('lrs')!);
  t.equal([...(await acl.mine(bob, 'Other users/anna/Sent'))].sort().join(''), 'lrs');
  t.equal([...(await acl.mine(bob, 'Other users/anna/Trash'))].sort().join(''), 'lr');
  t.same(
    (await acl.entries(anna, 'Sent')).map(({ identifier, rights }) => `${identifier} ${[...rights].join('')}`),
    ['anna lrswipkxtea', 'bob lr', 'team lrs'],
  );
});

t.test('anyone is everybody in the organisation but externals', async (t) => {
  const { acl, anna, bob, mailboxes, store } = await openMail(t);
  const seen = async (viewer: typeof bob) =>
    (await mailboxes.list(viewer)).filter(({ accountId }) => accountId === anna.id).map(({ name }) => name);
  await acl.change(anna, 'Archive', 'anyone', 'replace', parseMailRights('lrp')!);
  t.same(
    (await acl.entries(anna, 'Archive')).map(({ identifier, rights }) => `${identifier} ${[...rights].join('')}`),
    ['anna lrswipkxtea', 'anyone lrp'],
  );
  t.same(await seen(bob), ['Other users/anna/Archive']);
  t.same(await seen({ ...bob, role: 'external' }), []);
  t.same(await seen({ ...bob, organisationId: 99 }), []);
  await acl.change(anna, 'Archive', 'bob', 'replace', parseMailRights('s')!);
  t.equal([...(await acl.mine(bob, 'Other users/anna/Archive'))].sort().join(''), 'lprs', 'both count');
  await mailboxes.create(anna, 'Archive/May');
  t.same(await seen(bob), ['Other users/anna/Archive', 'Other users/anna/Archive/May']);
  await acl.remove(anna, 'Archive', 'anyone');
  t.same(await seen(bob), ['Other users/anna/Archive/May']);
  // Who acts for somebody in calendars has nothing to do with mail.
  await store.transaction(async (write) => {
    const grant = { accountId: anna.id, granteeId: bob.id, rights: 'read-write' as const, createdAt: 1 };
    await write.grants.add({ ...grant, collectionId: 0, scope: 'calendars' });
  });
  t.same(await seen(bob), ['Other users/anna/Archive/May']);
});

t.test('an external knows nobody by name', async (t) => {
  const { acl, anna, bob } = await openMail(t);
  const external = { ...bob, role: 'external' as const };
  await acl.change(anna, 'Sent', 'bob', 'replace', parseMailRights('lra')!);
  await t.rejects(acl.change(external, 'Other users/anna/Sent', 'anna', 'add', parseMailRights('l')!), {
    code: 'invalid-data',
  });
  await t.rejects(acl.grantable(external, 'Other users/anna/Sent', 'anna'), { code: 'invalid-data' });
});
