/** Delivery. RFC 5321 §3.9, §4.5.1, RFC 2142 §4, RFC 5233. */
import t from 'tap';
import { chargedOctets, message, openMail } from '../../support/mail.ts';

t.test('addresses, aliases, sub-addresses and roles find their people', async (t) => {
  const { delivery, store, anna, bob } = await openMail(t);
  const domain = await store.organisations.domain('example.com');
  await store.transaction((write) => write.principals.addAddress(anna.id, domain!.id, 'sales@example.com', 1));
  t.equal(await delivery.isLocalDomain('EXAMPLE.com'), true);
  t.equal(await delivery.isLocalDomain('example.net'), false);
  const found = async (address: string) => {
    const recipient = await delivery.resolve(address);
    return recipient && [...recipient.accountIds, recipient.detail];
  };
  t.same(await found('Anna@Example.COM'), [anna.id, '']);
  t.same(await found('sales@example.com'), [anna.id, '']);
  t.same(await found('bob+lists+x@example.com'), [bob.id, 'lists+x']);
  t.same(await found('sales+@example.com'), [anna.id, '']);
  t.equal(await found('nobody@example.com'), undefined);
  t.equal(await found('+anna@example.com'), undefined);
  t.equal(await found('anna@example.net'), undefined);
  t.equal(await found('anna'), undefined);
  t.equal(await found('postmaster@example.com'), undefined, 'nobody owns this organisation');
  const owner = await store.transaction((write) =>
    write.principals.add(
      {
        organisationId: anna.organisationId,
        kind: 'individual',
        name: 'olga',
        displayName: 'Olga',
        uuid: 'uuid-olga',
        role: 'owner',
        createdAt: 1,
      },
      7,
    ),
  );
  t.same(await found('Postmaster@example.com'), [owner, '']);
  t.same(await found('abuse@example.com'), [owner, '']);
});

t.test('a group is its members, and theirs; each gets one message', async (t) => {
  const { delivery, store, anna, bob, stage, mailboxes } = await openMail(t);
  const domain = await store.organisations.domain('example.com');
  const group = (name: string) =>
    store.transaction(async (write) => {
      const id = await write.principals.add(
        {
          organisationId: anna.organisationId,
          kind: 'group',
          name,
          displayName: name,
          uuid: `uuid-${name}`,
          role: 'member',
          createdAt: 1,
        },
        7,
      );
      await write.principals.addAddress(id, domain!.id, `${name}@example.com`, 0);
      return id;
    });
  const [all, team] = [await group('all'), await group('team')];
  await store.transaction(async (write) => {
    await write.principals.addMember(all, team);
    await write.principals.addMember(all, anna.id);
    await write.principals.addMember(team, bob.id);
    await write.principals.addMember(team, all);
  });
  const everybody = await delivery.resolve('all@example.com');
  t.same([...everybody!.accountIds].sort(), [anna.id, bob.id].sort());
  const recipients = [everybody!, (await delivery.resolve('bob@example.com'))!];
  await delivery.deliver(await stage(anna.id, message('to all')), recipients);
  for (const person of [anna, bob])
    t.match(await mailboxes.status(await mailboxes.find(person, 'INBOX')), { messages: 1, unseen: 1, recent: 1 });
});

t.test("large messages are everybody's own", async (t) => {
  const { delivery, store, anna, bob, stage, view, views, mailboxes, contents } = await openMail(t);
  const octets = Buffer.from(message('large', `${'x'.repeat(98)}\r\n`).repeat(6_000));
  const recipients = [(await delivery.resolve('bob@example.com'))!, (await delivery.resolve('anna@example.com'))!];
  const inbox = await view('INBOX');
  let woken = 0;
  inbox.subscribe(() => woken++);
  await delivery.deliver(await stage(anna.id, octets), recipients);
  await new Promise(setImmediate);
  t.equal(woken, 1);
  const bobs = await views.open((await mailboxes.find(bob, 'INBOX')).id);
  for (const one of [inbox, bobs]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < octets.length; at += 1024 * 1024)
      pieces.push(await contents.octets(one.messageIds[0]!, at, 1024 * 1024));
    t.ok(Buffer.concat(pieces).equals(octets));
  }
  views.release(bobs);
  for (const { id } of [anna, bob])
    t.same(await chargedOctets(store, id), { used: octets.length, counted: octets.length });
  t.equal(await store.transaction((write) => write.blobs.collect(Date.now(), 100)), 0, 'nothing is left over');
});

t.test('the queue is written in the same transaction, or nothing is', async (t) => {
  const { delivery, store, anna, bob, stage, mailboxes } = await openMail(t);
  const recipients = [(await delivery.resolve('bob@example.com'))!];
  const queue = (fails: boolean) => ({
    accountId: anna.id,
    run: async (write: Parameters<Parameters<typeof store.transaction>[0]>[0], blobId: number) => {
      const row = { accountId: anna.id, blobId, mailFrom: 'anna@example.com', rcptTo: 'x@example.net', options: '{}' };
      const state = { state: 'queued' as const, attempts: 0, nextAttemptAt: 1, lastError: null, createdAt: 1 };
      await write.submissions.add({ ...row, ...state });
      if (fails) throw new Error('no');
    },
  });
  const staged = await stage(anna.id, message('out'));
  await t.rejects(delivery.deliver(staged, recipients, queue(true)), { message: 'no' });
  const bobs = await mailboxes.find(bob, 'INBOX');
  t.match(await mailboxes.status(bobs), { messages: 0, uidnext: 1 });
  await delivery.deliver(staged, recipients, queue(false));
  await delivery.deliver(staged, [], queue(false));
  t.match(await mailboxes.status(bobs), { messages: 1 });
  const rows = await store.submissions.list(9);
  t.equal(rows.length, 2);
  t.equal((await store.blobs.read(rows[0]!.blobId, 0, 9_999)).toString(), message('out'));
});

t.test('an account that has no INBOX gets one with its first message', async (t) => {
  const { delivery, store, anna, stage } = await openMail(t);
  const room = await store.transaction(async (write) => {
    const id = await write.principals.add(
      {
        organisationId: anna.organisationId,
        kind: 'room',
        name: 'hall',
        displayName: 'Hall',
        uuid: 'uuid-hall',
        role: 'member',
        createdAt: 1,
      },
      7,
    );
    const domain = await write.organisations.domain('example.com');
    await write.principals.addAddress(id, domain!.id, 'hall@example.com', 0);
    return id;
  });
  await delivery.deliver(await stage(anna.id, message('book')), [(await delivery.resolve('hall@example.com'))!]);
  const inbox = await store.mailboxes.byName(room, 'INBOX');
  t.equal(inbox?.uidnext, 2);
});

t.test('a delivery takes no more than the quota of anybody; who has no room is known before', async (t) => {
  const { anna, bob, delivery, stage, store, mailboxes } = await openMail(t);
  const octets = message('large');
  await store.transaction((write) => write.accounts.setQuota(bob.id, octets.length - 1));
  const recipients = [(await delivery.resolve('anna@example.com'))!, (await delivery.resolve('bob@example.com'))!];
  t.same(
    (await delivery.withoutRoom(recipients, octets.length)).map(({ address }) => address),
    ['bob@example.com'],
  );
  t.same(await delivery.withoutRoom(recipients, octets.length - 1), []);
  await t.rejects(delivery.deliver(await stage(anna.id, octets), recipients), { code: 'over-quota' });
  for (const person of [anna, bob])
    t.equal((await mailboxes.status(await mailboxes.find(person, 'INBOX'))).messages, 0, 'nobody has it');
});
