/** SORT and THREAD over a mailbox. RFC 5256 §2 and §3, RFC 5957 §3, RFC 8474 §5. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import t from 'tap';
import type { SortKey } from '../../../src/mail/message-sort.ts';
import { summariseMessage } from '../../../src/mail/message-summary.ts';
import { sortKeysOf } from '../../../src/mail/sort-keys.ts';
import { inSlices, sorted } from '../../../src/slices.ts';
import { message, openMail } from '../../support/mail.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

t.test('what is compared of a message', (t) => {
  const keys = (...lines: string[]) =>
    sortKeysOf(summariseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8'), NOON).summary);
  const nothing = { subject: '', reply: false, from: '', to: '', cc: '', displayFrom: '', displayTo: '' };
  t.same(keys('X: y'), { ...nothing, arrival: NOON, size: 8, sent: NOON, sentDay: Number.NaN });
  const table: [field: string, expected: Partial<ReturnType<typeof sortKeysOf>>][] = [
    ['Date: Thu, 1 Jan 2026 00:30:00 +0100', { sent: Date.UTC(2025, 11, 31, 23, 30), sentDay: Date.UTC(2026, 0, 1) }],
    ['Date: soon', { sent: NOON, sentDay: Number.NaN }],
    ['Subject: Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?= (fwd)', { subject: 'GRÜSSE'.normalize('NFKD'), reply: true }],
    ['Subject: Fwd', { subject: 'FWD', reply: false }],
    ['Subject: "quoted" \\ back', { subject: '"QUOTED" \\ BACK' }],
    ['From: Anna <ANNA@example.com>, bob@example.com', { from: 'ANNA', displayFrom: 'ANNA' }],
    ['From: anna@Example.com', { from: 'ANNA', displayFrom: 'ANNA@EXAMPLE.COM' }],
    ['From: =?utf-8?q?=C3=84nne?= <a@example.com>', { from: 'A', displayFrom: 'ÄNNE'.normalize('NFKD') }],
    ['From: "" <a@example.com>', { displayFrom: 'A@EXAMPLE.COM' }],
    ['From: "A \\"B\\" C" <a@example.com>', { displayFrom: 'A "B" C' }],
    ['To: Team: x@example.com, y@example.com;', { to: 'TEAM', displayTo: 'TEAM' }],
    ['To: x@example.com (X), "Y" <y@example.com>', { to: 'X', displayTo: 'X' }],
    ['Cc: c@example.com', { cc: 'C', to: '', from: '' }],
    ['Reply-To: r@example.com\r\nTo: t@example.com', { from: '', to: 'T' }],
    ['Sender: s@example.com\r\nFrom: f@example.com\r\nCc: c@example.com', { from: 'F', cc: 'C' }],
    ['Bcc: b@example.com', { to: '', cc: '' }],
  ];
  for (const [field, expected] of table) t.match(keys(field), expected, field);
  const [low, high] = ['\uff5e', '\u{1f600}'].map((character) => keys(`Subject: ${character}`).subject);
  t.ok(keys('Subject: [').subject > keys('Subject: z').subject, 'signs between the cases come behind letters');
  t.ok(low! < high!, 'texts are ordered by code point, not by code unit');
  t.end();
});

t.test('a mailbox in any order; equal messages stay in theirs', async (t) => {
  const { append, sort, view } = await openMail(t);
  const one = (from: string, to: string, subject: string, day: number, body = '') =>
    append(
      'INBOX',
      `From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\nDate: ${day} Jan 2026 10:00:00 +0000\r\n\r\n${body}`,
    );
  await one('Zoe <adam@example.com>', 'b@example.com', 'Re: Beta', 3);
  await one('Adam <zoe@example.com>', 'a@example.com', 'alpha', 1, 'longer than the others');
  await one('bob@example.com', 'c@example.com', 'BETA', 2);
  await one('Adam <bob@example.com>', 'c@example.com', 'Alpha', 3);
  const open = await view('INBOX');
  const all = open.uids.slice(0, open.count);
  const table: [keys: string, uids: number[]][] = [
    ['arrival', [1, 2, 3, 4]],
    ['-arrival', [1, 2, 3, 4]],
    ['date', [2, 3, 1, 4]],
    ['-date', [1, 4, 3, 2]],
    ['subject', [2, 4, 1, 3]],
    ['-subject', [1, 3, 2, 4]],
    ['subject date', [2, 4, 3, 1]],
    ['-subject -date', [1, 3, 4, 2]],
    ['from', [1, 3, 4, 2]],
    ['display-from', [2, 4, 3, 1]],
    ['to', [2, 1, 3, 4]],
    ['display-to -date', [2, 1, 4, 3]],
    ['cc', [1, 2, 3, 4]],
    ['-size', [2, 1, 4, 3]],
  ];
  for (const [keys, uids] of table) {
    const criteria = keys.split(' ').map((text) => ({
      key: text.replace(/^-/, '') as SortKey,
      reverse: text.startsWith('-'),
    }));
    t.same(await sort.sort(open, all, criteria), uids, keys);
  }
  t.same(await sort.sort(open, all.slice(1, 3), [{ key: 'subject', reverse: true }]), [3, 2], 'only what was found');
  t.same(await sort.sort(open, Uint32Array.of(2, 99), [{ key: 'date', reverse: false }]), [2], 'without what is gone');
});

t.test('threads, and what belongs together in all mailboxes', async (t) => {
  const { anna, append, messages, mailboxes, sort, store, view } = await openMail(t);
  const one = (id: string, references: string, subject: string, mailbox = 'INBOX') =>
    append(mailbox, `Message-ID: <${id}@x>\r\nReferences: ${references}\r\nSubject: ${subject}\r\n\r\n`);
  await one('a', '', 'one');
  await one('c', '<a@x> <b@x>', 'Re: two');
  await one('"b"', '<a@x>', 'three');
  await one('d', '', 'Re: one');
  await one('e', '<c@x>', 'Re: one', 'Archive');
  const open = await view('INBOX');
  const all = open.uids.slice(0, open.count);
  const leaf = (uid: number) => ({ uid, children: [] });
  t.same(await sort.thread(open, all, 'references'), [
    { uid: 1, children: [{ uid: 3, children: [leaf(2)] }, leaf(4)] },
  ]);
  t.same(await sort.thread(open, all, 'orderedsubject'), [{ uid: 1, children: [leaf(4)] }, leaf(2), leaf(3)]);
  const threads = async (mailbox: string) => {
    const { id } = await mailboxes.find(anna, mailbox);
    return (await store.messages.origins(id, 1, 99, 99)).map(([, , threadId]) => threadId);
  };
  const [first] = await threads('INBOX');
  t.same(await threads('INBOX'), [first, first, first, first! + 3], 'whatever order they came in');
  t.same(await threads('Archive'), [first]);
  await messages.copy(anna, open, [[1, 2]], await mailboxes.find(anna, 'Archive'));
  const { id } = await mailboxes.find(anna, 'Archive');
  t.same(
    (await store.messages.origins(id, 2, 3, 99)).map(([, originalId]) => originalId),
    [first, first! + 1],
    'a copy is the same message',
  );
});

t.test('a copy in another account is the same message, and a copy of it too', async (t) => {
  const { acl, anna, append, bob, mailboxes, messages, store, views } = await openMail(t);
  await append('Sent', message('x'));
  await append('INBOX', message('x'));
  await acl.change(bob, 'INBOX', 'anna', 'replace', new Set(['i', 'l', 'r'] as const));
  await acl.change(anna, 'Archive', 'bob', 'replace', new Set(['i', 'l'] as const));
  const go = async (from: number, who: typeof anna, to: string) => {
    const target = await mailboxes.find(who, to);
    const source = await views.open(from);
    await messages.copy(who, source, [[1, 1]], target);
    views.release(source);
    return target.id;
  };
  const inbox = (await mailboxes.find(anna, 'INBOX')).id;
  const bobs = await go(inbox, anna, 'Other users/bob/INBOX');
  const back = await go(bobs, bob, 'Other users/anna/Archive');
  const [[, ...original] = []] = await store.messages.origins(inbox, 1, 1, 1);
  t.same(original, [2, 1], 'the thread of what has the same Message-ID');
  for (const mailbox of [bobs, back]) t.same((await store.messages.origins(mailbox, 1, 1, 1))[0]?.slice(1), original);
});

t.test('sorting is stable, at any length', async (t) => {
  for (const count of [0, 1, 1_023, 1_024, 1_025, 5_000]) {
    const entries = Array.from({ length: count }, (_, index) => ({ key: (index * 7_919) % 97, index }));
    const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
    t.same(await inSlices(sorted(entries, compare)), [...entries].sort(compare), String(count));
  }
});

t.test('20,000 messages are sorted and threaded while others have their turn', async (t) => {
  const { anna, inbox, messages, sort, stage, view } = await openMail(t);
  const mailbox = await inbox();
  for (let from = 0; from < 20_000; from += 2_000) {
    const some = await Promise.all(
      Array.from({ length: 2_000 }, async (_, index) => ({
        staged: await stage(anna.id, message(`${(from + index) % 977} of many`)),
        flags: [],
      })),
    );
    await messages.append(anna, mailbox, some);
  }
  const open = await view('INBOX');
  const all = open.uids.slice(0, open.count);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const order = await sort.sort(open, all, [
    { key: 'subject', reverse: false },
    { key: 'date', reverse: true },
  ]);
  const threads = await sort.thread(open, all, 'references');
  delay.disable();
  t.equal(order.length, 20_000);
  t.equal(new Set(order).size, 20_000);
  t.equal(threads.length, 977);
  t.ok(delay.percentile(99) < 50e6, `99 of 100 turns took less than ${delay.percentile(99) / 1e6} ms`);
});
