/** QUOTA. RFC 9208 §4 to §6. The limit itself is tested in test/src/collections/quota.test.ts. */
import t from 'tap';
import { setQuota } from '../../../../src/collections/quota.ts';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('QUOTA', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const [anna, bob] = [await server.addUser('anna'), await server.addUser('bob')];
  const [client, other] = [await loginImap(t, server, anna), await loginImap(t, server, bob)];
  const large = `Subject: large\r\n\r\n${'x'.repeat(1_500)}`;

  await t.test('is announced with its resource, and without SETQUOTA', async (t) => {
    const [capability = ''] = (await client.ok('CAPABILITY')).untagged;
    t.match(capability, / QUOTA QUOTA=RES-STORAGE( |$)/);
    t.notMatch(capability, /QUOTASET/);
    t.match(await client.run('SETQUOTA anna (STORAGE 512)'), { status: 'NO', text: /^\[NOPERM\]/ });
  });

  await t.test('without a limit and with one', async (t) => {
    t.same((await client.ok('GETQUOTAROOT INBOX')).untagged, ['QUOTAROOT INBOX anna', 'QUOTA anna ()']);
    await setQuota(server.store, anna.id, 4 * 1_024);
    t.same((await client.ok('GETQUOTA anna')).untagged, ['QUOTA anna (STORAGE 0 4)']);
    await client.append('INBOX', large);
    t.same((await client.ok('GETQUOTA anna')).untagged, ['QUOTA anna (STORAGE 2 4)']);
    t.same(
      (await client.ok('GETQUOTAROOT "not made yet"')).untagged,
      ['QUOTAROOT "not made yet" anna', 'QUOTA anna (STORAGE 2 4)'],
      'for a mailbox that will be made too',
    );
  });

  await t.test('OVERQUOTA', async (t) => {
    await client.append('INBOX', large);
    t.match(await client.run(`APPEND INBOX ${literal(large)}`), { status: 'NO', text: /^\[OVERQUOTA\]/ });
    await client.ok('SELECT INBOX');
    await client.ok('COPY 1:2 Archive');
    t.same((await client.ok('GETQUOTA anna')).untagged, ['QUOTA anna (STORAGE 3 4)'], 'a copy takes no room');
    await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    t.same((await client.ok('STATUS INBOX (DELETED DELETED-STORAGE SIZE)')).untagged, [
      `STATUS INBOX (DELETED 1 DELETED-STORAGE ${large.length} SIZE ${2 * large.length})`,
    ]);
    await client.ok('EXPUNGE');
    await client.ok('SELECT Archive');
    await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.ok('EXPUNGE');
    await client.append('INBOX', large);
  });

  await t.test('what others keep is told to those who read it', async (t) => {
    t.match(await other.run('GETQUOTA anna'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    t.match(await other.run('GETQUOTAROOT "Other users/anna/INBOX"'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    await client.ok('SETACL INBOX bob l');
    t.match(await other.run('GETQUOTA anna'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
    t.match(await other.run('GETQUOTAROOT "Other users/anna/INBOX"'), { status: 'NO', text: /^\[NOPERM\]/ });
    await client.ok('SETACL INBOX bob lri');
    t.same((await other.ok('GETQUOTAROOT "Other users/anna/INBOX"')).untagged, [
      'QUOTAROOT "Other users/anna/INBOX" anna',
      'QUOTA anna (STORAGE 3 4)',
    ]);
    t.match(
      await other.run(`APPEND "Other users/anna/INBOX" ${literal(large)}`),
      { status: 'NO', text: /^\[OVERQUOTA\]/ },
      'the quota is that of the owner',
    );
  });

  await t.test('what is no command', async (t) => {
    for (const bad of ['GETQUOTA', 'GETQUOTA anna x', 'GETQUOTAROOT', 'SETQUOTA anna', 'SETQUOTA anna (STORAGE)'])
      t.equal((await client.run(bad)).status, 'BAD', bad);
    t.match(await client.run('GETQUOTA nobody'), { status: 'NO', text: /^\[NONEXISTENT\]/ });
  });
});
