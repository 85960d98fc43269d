/** Messages in mailboxes. RFC 9051 §6.3.12, §6.4.6 to §6.4.9, RFC 7162 §3.1.3, RFC 4315. */
import t from 'tap';
import { ALL_UIDS } from '../../../src/mail/uid-set.ts';
import { chargedOctets, message, openMail, rowsOf } from '../../support/mail.ts';

t.test('appended octets come back as they were, small and large', async (t) => {
  const { append, view, contents, store, anna } = await openMail(t);
  const octets = Buffer.concat([
    Buffer.from('Subject: big\r\nContent-Type: application/octet-stream\r\n\r\n'),
    Buffer.from(Uint8Array.from({ length: 1_500_000 }, (_, index) => (index * 7919) & 255)),
  ]);
  await append('INBOX', message('small'), ['\\Seen', 'Work']);
  await append('INBOX', octets);
  const inbox = await view('INBOX');
  t.equal(inbox.count, 2);
  t.same(inbox.keywords.flagNames(inbox.flags[0]!), ['\\Seen', 'Work']);
  const [small, large] = await contents.bodies(inbox.mailboxId, 1, 9);
  t.equal(small?.octets?.toString(), message('small'));
  t.equal(large?.octets, undefined, 'a large one does not come in a page');
  t.equal(large?.size, octets.length);
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += 400_000) pieces.push(await contents.octets(large!.messageId, at, 400_000));
  t.ok(Buffer.concat(pieces).equals(octets));
  t.equal((await contents.octets(large!.messageId, octets.length, 10)).length, 0);
  const layout = await contents.layout(large!.messageId);
  t.match(layout, { start: 0, bodyStart: 56, end: octets.length });
  const scanned = (await contents.scanned(large!.messageId))!;
  t.ok(scanned.octets.equals(octets));
  t.match(scanned.message, layout!, 'the stored layout is that of the octets');
  const [[uid, summary] = []] = await contents.summaries(inbox.mailboxId, 2, 2);
  t.equal(uid, 2);
  t.match(summary, /^INTERNALDATE "14-Nov-2023 22:13:20 \+0000" RFC822.SIZE 1500056 ENVELOPE \(NIL "big"/);
  const { used, counted } = await chargedOctets(store, anna.id);
  t.equal(used, counted);
  t.equal(used, octets.length + message('small').length);
});

t.test('several are appended together or not at all', async (t) => {
  const { inbox, messages, stage, anna, view } = await openMail(t);
  const one = { staged: await stage(anna.id, message('one')), flags: [], internalDate: 0 };
  const bad = { staged: await stage(anna.id, message('two')), flags: ['\\Nonsense'] };
  const many = Array.from({ length: 49 }, (_, index) => `k${index}`);
  await t.rejects(messages.append(anna, await inbox(), [one, bad]), { code: 'invalid-data' });
  await t.rejects(messages.append(anna, await inbox(), [one, { ...bad, flags: many }]), { code: 'limit-exceeded' });
  t.equal((await view('INBOX')).count, 0);
  const { uids } = await messages.append(anna, await inbox(), [one, { ...bad, flags: many.slice(1) }]);
  t.same(uids, [1, 2]);
});

t.test('a stage refuses more than its limit and gives back what it took', async (t) => {
  const { messages, anna, store } = await openMail(t);
  const stage = messages.stage(anna.id);
  await stage.write(Buffer.alloc(600_000, 'a'));
  await stage.discard();
  t.equal(await store.blobs.size(1), undefined);
  const full = messages.stage(anna.id);
  const piece = Buffer.alloc(1024 * 1024);
  for (let count = 0; count < 64; count++) full.size += piece.length;
  await t.rejects(full.write(piece), { code: 'too-large' });
});

t.test('flags are set, added and removed; what does not change keeps its mod-sequence', async (t) => {
  const { append, view, messages, anna } = await openMail(t);
  for (const subject of ['a', 'b', 'c']) await append('INBOX', message(subject), ['\\Flagged']);
  const inbox = await view('INBOX');
  const before = inbox.highestModseq;
  const { modseq } = await messages.setFlags(anna, inbox, [[2, 3]], 'add', ['\\Seen', '$Junk']);
  t.ok(modseq > before);
  t.same(
    rowsOf(inbox).map(([, , flags]) => inbox.keywords.flagText(flags)),
    ['\\Flagged', '\\Seen \\Flagged $Junk', '\\Seen \\Flagged $Junk'],
  );
  await messages.setFlags(anna, inbox, ALL_UIDS, 'add', ['\\Seen']);
  t.same(
    rowsOf(inbox).map(([, , , changed]) => changed > modseq),
    [true, false, false],
  );
  await messages.setFlags(anna, inbox, [[3, 3]], 'set', ['\\Answered']);
  await messages.setFlags(anna, inbox, [[1, 2]], 'remove', ['$JUNK', '\\seen', 'unknown']);
  t.same(
    rowsOf(inbox).map(([, , flags]) => inbox.keywords.flagText(flags)),
    ['\\Flagged', '\\Flagged', '\\Answered'],
  );
  await messages.markSeen(anna, inbox, [[2, 2]]);
  const seen = inbox.highestModseq;
  await messages.markSeen(anna, inbox, [[2, 2]]);
  t.equal(inbox.highestModseq, seen, 'reading again writes nothing');
  await t.rejects(messages.setFlags(anna, inbox, ALL_UIDS, 'add', ['\\Recent']), { code: 'invalid-data' });
});

t.test('UNCHANGEDSINCE leaves alone what changed, and says which', async (t) => {
  const { append, view, messages, anna } = await openMail(t);
  for (const subject of ['a', 'b', 'c', 'd']) await append('INBOX', message(subject));
  const inbox = await view('INBOX');
  const since = inbox.highestModseq;
  await messages.setFlags(anna, inbox, [[2, 2]], 'add', ['\\Seen']);
  await messages.setFlags(anna, inbox, [[3, 3]], 'add', ['\\Seen']);
  const { modified, modseq } = await messages.setFlags(anna, inbox, [[1, 4]], 'add', ['\\Deleted'], since);
  t.same(modified, [[2, 3]]);
  t.same(
    rowsOf(inbox)
      .filter(([, , , changed]) => changed === modseq)
      .map(([uid]) => uid),
    [1, 4],
  );
});

t.test('keywords that no message has give their place to new ones', async (t) => {
  const { append, view, messages, anna } = await openMail(t);
  const many = Array.from({ length: 48 }, (_, index) => `k${index}`);
  const uid = await append('INBOX', message('a'), many);
  const inbox = await view('INBOX');
  await t.rejects(messages.setFlags(anna, inbox, ALL_UIDS, 'add', ['more']), { code: 'limit-exceeded' });
  await messages.setFlags(anna, inbox, ALL_UIDS, 'remove', ['k7']);
  await messages.setFlags(anna, inbox, ALL_UIDS, 'add', ['more']);
  const names = inbox.keywords.flagNames(inbox.flags[inbox.indexOf(uid)]!);
  t.ok(names.includes('more'));
  t.notOk(names.includes('k7'));
  t.equal(names.length, 48);
});

t.test('expunge takes what is deleted, once, and remembers it', async (t) => {
  const { append, view, messages, anna, store } = await openMail(t);
  for (let index = 0; index < 1_203; index++) await append('INBOX', message(`m${index % 3}`), ['\\Deleted']);
  await append('INBOX', message('stays'));
  const inbox = await view('INBOX');
  const before = inbox.highestModseq;
  t.same((await messages.expunge(anna, inbox, [[2, 3]])).uids, [2, 3]);
  const middle = inbox.highestModseq;
  const { uids, modseq } = await messages.expunge(anna, inbox);
  t.equal(uids.length, 1_201);
  t.equal(modseq, inbox.highestModseq);
  t.same(
    rowsOf(inbox).map(([uid]) => uid),
    [1_204],
  );
  t.same(await messages.expungedSince(inbox.mailboxId, before), [[1, 1_203]]);
  t.same(await messages.expungedSince(inbox.mailboxId, middle), [
    [1, 1],
    [4, 1_203],
  ]);
  t.same((await messages.expunge(anna, inbox)).uids, []);
  const { used, counted } = await chargedOctets(store, anna.id);
  t.equal(used, counted);
  t.equal(used, message('stays').length);
});

t.test('messages are removed by UID, whatever their flags, however many', async (t) => {
  const { anna, bob, inbox, messages, stage, view, store } = await openMail(t);
  const staged = await stage(anna.id, message('x'));
  const one = (flags: string[]) => ({ staged, flags });
  await messages.append(
    anna,
    await inbox(),
    Array.from({ length: 1_203 }, (_, index) => one(index === 1 ? ['\\Deleted'] : [])),
  );
  const open = await view('INBOX');
  await t.rejects(messages.remove(bob, open, [[1, 1]]), { code: 'forbidden' });
  const before = open.highestModseq;
  const { uids, modseq } = await messages.remove(anna, open, [
    [1, 1],
    [3, 1_202],
    [5_000, 5_001],
  ]);
  t.equal(uids.length, 1_201);
  t.equal(modseq, before + 3, 'at most 500 in one transaction');
  t.same(
    rowsOf(open).map(([uid, , flags]) => [uid, flags]),
    [
      [2, 8],
      [1_203, 0],
    ],
    'one with \\Deleted that was not asked for stays',
  );
  t.same(await messages.expungedSince(open.mailboxId, before), [
    [1, 1],
    [3, 1_202],
  ]);
  t.same((await messages.remove(anna, open, [[1, 1]])).uids, []);
  const { used, counted } = await chargedOctets(store, anna.id);
  t.equal(used, counted);
});

t.test('copies keep message, flags and octets; moves leave nothing behind', async (t) => {
  const { append, view, messages, mailboxes, anna, store } = await openMail(t);
  await append('Archive', message('first'), ['$Other']);
  for (const subject of ['a', 'b', 'c']) await append('INBOX', message(subject), ['\\Seen', '$Mine']);
  const inbox = await view('INBOX');
  const archive = await view('Archive');
  const target = await mailboxes.find(anna, 'Archive');
  const copied = await messages.copy(anna, inbox, [[2, 9]], target);
  t.same(copied, { uidvalidity: target.uidvalidity, from: [2, 3], to: [2, 3] });
  t.same(
    rowsOf(archive).map(([uid, , flags]) => [uid, archive.keywords.flagText(flags)]),
    [
      [1, '$Other'],
      [2, '\\Seen $Mine'],
      [3, '\\Seen $Mine'],
    ],
  );
  t.equal(archive.messageIds[1], inbox.messageIds[1], 'the same message');
  const moved = await messages.move(anna, inbox, [[1, 2]], target);
  t.same(moved.from, [1, 2]);
  t.same(moved.to, [4, 5]);
  t.same(
    rowsOf(inbox).map(([uid]) => uid),
    [3],
  );
  const within = await messages.move(anna, inbox, ALL_UIDS, await mailboxes.find(anna, 'INBOX'));
  t.same(within.to, [4]);
  t.same(
    rowsOf(inbox).map(([uid, , flags]) => [uid, inbox.keywords.flagText(flags)]),
    [[4, '\\Seen $Mine']],
  );
  const { used, counted } = await chargedOctets(store, anna.id);
  t.equal(used, counted);
  const gone = { ...target };
  await mailboxes.remove(anna, 'Archive');
  t.equal(archive.removed, true);
  await t.rejects(messages.copy(anna, inbox, ALL_UIDS, gone), { code: 'not-found' });
  const after = await chargedOctets(store, anna.id);
  t.equal(after.used, after.counted);
});

t.test('a copy that fails leaves the target as it was', async (t) => {
  const { view, messages, mailboxes, anna, stage, inbox, store } = await openMail(t);
  const staged = await stage(anna.id, message('m'));
  const one = (flags: string[]) => ({ staged, flags });
  await messages.append(
    anna,
    await inbox(),
    Array.from({ length: 2_001 }, () => one([])),
  );
  const source = await view('INBOX');
  // The target has room for one more keyword, which the first piece takes; the second one needs another.
  const target = await mailboxes.find(anna, 'Archive');
  const keywords = Array.from({ length: 47 }, (_, index) => `k${index}`);
  await messages.append(anna, target, [one(keywords)]);
  await messages.setFlags(anna, source, [[1, 1]], 'add', ['first']);
  await messages.setFlags(anna, source, [[2_001, 2_001]], 'add', ['second']);
  await t.rejects(messages.copy(anna, source, ALL_UIDS, target), { code: 'limit-exceeded' });
  t.same(
    rowsOf(await view('Archive')).map(([uid]) => uid),
    [1],
  );
  const { used, counted } = await chargedOctets(store, anna.id);
  t.equal(used, counted);
  const { to } = await messages.copy(anna, source, [[1, 2_000]], target);
  t.equal(to.length, 2_000);
  t.ok(to[0]! > 2_001, 'UIDs are not given out twice');
});

t.test('messages go to another account with their octets, and the flags that may be set there', async (t) => {
  const { acl, anna, append, bob, contents, mailboxes, messages, store, view, views } = await openMail(t);
  const large = `Subject: large\r\n\r\n${'x'.repeat(600_000)}`;
  await append('INBOX', message('small'), ['\\Seen', '\\Flagged', 'Work']);
  await append('INBOX', large, ['\\Deleted']);
  await append('INBOX', message('small'));
  const source = await view('INBOX');
  await acl.change(bob, 'Archive', 'anna', 'replace', new Set(['l', 'r', 'i', 's'] as const));
  const target = await mailboxes.find(anna, 'Other users/bob/Archive', 'i');
  const { from, to, uidvalidity } = await messages.copy(anna, source, ALL_UIDS, target);
  t.same([from, to, uidvalidity], [[1, 2, 3], [1, 2, 3], target.uidvalidity]);
  const arrived = await views.open(target.id);
  t.same(
    rowsOf(arrived).map(([uid, , flags]) => [uid, flags]),
    [
      [1, 1],
      [2, 0],
      [3, 0],
    ],
    'RFC 4314 §4: s lets set \\Seen, nothing lets set the others',
  );
  const copied = await contents.octets(arrived.messageIds[1]!, 0, 1_000_000);
  t.equal(copied.toString(), large);
  t.equal((await store.messages.get(arrived.messageIds[1]!))?.accountId, bob.id);
  for (const { id } of [anna, bob]) {
    const { used, counted } = await chargedOctets(store, id);
    t.equal(used, counted);
  }
  t.equal(source.count, 3);
  const moved = await messages.move(anna, source, [[2, 3]], target);
  t.same(moved.to, [4, 5]);
  t.same(
    rowsOf(source).map(([uid]) => uid),
    [1],
  );
  t.equal(arrived.count, 5);
  await store.transaction((write) => write.accounts.setQuota(bob.id, 1));
  await t.rejects(messages.move(anna, source, [[1, 1]], target), { code: 'over-quota' });
  t.equal(source.count, 1);
  t.match(await messages.move(bob, arrived, [[1, 1]], await mailboxes.find(bob, 'Trash')), { to: [1] });
  views.release(arrived);
});

t.test('an account takes no more than its quota, whoever writes at once', async (t) => {
  const { inbox, messages, stage, anna, store } = await openMail(t);
  const size = message('x').length;
  await store.transaction((write) => write.accounts.setQuota(anna.id, size * 3));
  const mailbox = await inbox();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, async (_, index) => {
      const staged = await stage(
        anna.id,
        message(String(index))
          .replace(/^Message-ID.*\r\n/m, '')
          .padEnd(size),
      );
      return messages.append(anna, mailbox, [{ staged, flags: [] }]);
    }),
  );
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
  for (const outcome of outcomes) if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'over-quota' });
  t.equal((await store.accounts.get(anna.id))?.usedBytes, size * 3);
});

t.test('each message is recent for one session', async (t) => {
  const { append, view, messages } = await openMail(t);
  await append('INBOX');
  await append('INBOX');
  const inbox = await view('INBOX');
  t.equal(messages.takeRecent(inbox), 1);
  t.equal(messages.takeRecent(inbox), 3);
  await append('INBOX');
  t.equal(messages.takeRecent(inbox), 3);
  t.equal(messages.takeRecent(inbox), 4);
});

t.test('a view wakes its sessions once for what one turn brings, and not for what it knows', async (t) => {
  const { append, view } = await openMail(t);
  const inbox = await view('INBOX');
  let woken = 0;
  const subscription = inbox.subscribe(() => woken++);
  await append('INBOX');
  await new Promise(setImmediate);
  t.equal(woken, 1);
  inbox.apply({ mailboxId: inbox.mailboxId, modseq: inbox.highestModseq, removed: [1] });
  t.equal(inbox.count, 1);
  subscription.close();
  await append('INBOX');
  await new Promise(setImmediate);
  t.equal(woken, 1);
});
