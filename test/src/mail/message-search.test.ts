/** SEARCH. RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5, RFC 8514. */
import t, { type Test } from 'tap';
import type { Criterion } from '../../../src/mail/message-search.ts';
import { message, openMail } from '../../support/mail.ts';

const DAY = 86_400_000;

const MESSAGES: readonly string[] = [
  'From: "Lovelace, Ada" <ada@example.com>\r\nTo: bob@example.net\r\nSubject: Engine\r\nDate: Mon, 6 Jul 2026 23:30:00 -0500\r\n\r\nThe Analytical Engine weaves patterns.\r\n',
  'From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>\r\nTo: Ada <ADA@example.com>\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\nX-Priority: 1\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=\r\n=DFe aus K=F6ln\r\n',
  `Subject: parts\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('<p>Tom &amp; <b>Jer</b>ry</p><script>hidden()</script>').toString('base64')}\r\n--x\r\nContent-Type: application/pdf; name="invoice-2026.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('binarytext').toString('base64')}\r\n--x--\r\n`,
  'Subject: kanji\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BF|K\\8l\x1b(B nihongo\r\n',
  `Subject: long\r\n\r\n${'abcdefghij'.repeat(20)}needle${'klmnopqrst'.repeat(20)}\r\n`,
  'Subject: Re: engine room\r\nX-Priority:\r\n\r\nnothing here\r\n',
];

const CASES: readonly (readonly [criterion: Criterion, uids: readonly number[]])[] = [
  [{ kind: 'subject', text: 'ENGINE' }, [1, 6]],
  [{ kind: 'subject', text: 'grüße' }, [2]],
  [{ kind: 'subject', text: 'GRÜSSE' }, [2]],
  [{ kind: 'subject', text: 're: engine r' }, [6]],
  [{ kind: 'address', field: 'from', text: 'lovelace, ada <ada@' }, [1]],
  [{ kind: 'address', field: 'from', text: 'jürgen' }, [2]],
  [{ kind: 'address', field: 'to', text: 'ada@EXAMPLE' }, [2]],
  [{ kind: 'address', field: 'cc', text: 'ada' }, []],
  [{ kind: 'header', name: 'x-priority', text: '' }, [2, 6]],
  [{ kind: 'header', name: 'X-PRIORITY', text: '1' }, [2]],
  [{ kind: 'header', name: 'subject', text: 'kan' }, [4]],
  [{ kind: 'body', text: 'analytical engine' }, [1]],
  [{ kind: 'body', text: 'alytic' }, [1]],
  [{ kind: 'body', text: 'patterns.' }, [1]],
  [{ kind: 'body', text: 'Grüße aus KÖLN' }, [2]],
  [{ kind: 'body', text: 'subject' }, []],
  [{ kind: 'body', text: 'tom & jerry' }, [3]],
  [{ kind: 'body', text: 'hidden' }, []],
  [{ kind: 'body', text: 'invoice-2026' }, [3]],
  [{ kind: 'body', text: 'binarytext' }, []],
  [{ kind: 'body', text: '日本' }, [4]],
  [{ kind: 'body', text: '本語' }, [4]],
  [{ kind: 'body', text: 'fghijneedleklm' }, [5]],
  [{ kind: 'body', text: `${'abcdefghij'.repeat(20)}n` }, [5]],
  [{ kind: 'body', text: `${'abcdefghij'.repeat(21)}` }, []],
  [{ kind: 'body', text: 'e' }, [1, 2, 3, 5, 6]],
  [{ kind: 'body', text: '.' }, [1, 3]],
  [{ kind: 'body', text: '' }, [1, 2, 3, 4, 5, 6]],
  [{ kind: 'text', text: 'engine' }, [1, 6]],
  [{ kind: 'text', text: 'x-priority: 1' }, [2]],
  [{ kind: 'text', text: 'nihongo' }, [4]],
  [{ kind: 'not', of: { kind: 'text', text: 'engine' } }, [2, 3, 4, 5]],
  [
    {
      kind: 'or',
      of: [
        { kind: 'subject', text: 'long' },
        { kind: 'body', text: 'here' },
      ],
    },
    [5, 6],
  ],
  [
    {
      kind: 'and',
      of: [
        { kind: 'text', text: 'engine' },
        { kind: 'not', of: { kind: 'body', text: 'analytical' } },
      ],
    },
    [6],
  ],
  [{ kind: 'sent-date', from: Date.UTC(2026, 6, 6), until: Date.UTC(2026, 6, 7) }, [1]],
  [{ kind: 'sent-date', from: Date.UTC(2026, 6, 7) }, []],
  [{ kind: 'sent-date', until: Date.UTC(2027, 0) }, [1]],
];

t.test('texts are found as substrings in any charset, with the index and without', async (t) => {
  const { append, view, search, texts } = await openMail(t);
  for (const octets of MESSAGES) await append('INBOX', Buffer.from(octets, 'latin1'));
  const inbox = await view('INBOX');
  const check = async (t: Test) => {
    for (const [criterion, uids] of CASES)
      t.same([...(await search.search(inbox, criterion))], uids, JSON.stringify(criterion));
  };
  await t.test('not indexed', check);
  t.equal(await texts.index(), 0);
  while ((await texts.index()) < MESSAGES.length);
  await t.test('indexed', check);
  await append('INBOX', MESSAGES[0]);
  t.same(
    [...(await search.search(inbox, { kind: 'body', text: 'Analytical' }))],
    [1, 7],
    'and at once what came since',
  );
});

t.test('flags, sizes, dates and sets', async (t) => {
  const { append, view, search, messages, anna, stage, inbox, clock } = await openMail(t);
  await append('INBOX', message('a'), ['\\Seen', 'k1']);
  clock.now += 2 * DAY;
  await append('INBOX', message('b', 'x'.repeat(1_000)), ['\\Deleted']);
  const staged = await stage(anna.id, message('c'));
  await messages.append(anna, await inbox(), [{ staged, flags: [], internalDate: Date.UTC(2020, 1, 2, 23, 59) }]);
  const box = await view('INBOX');
  const find = async (criterion: Criterion) => [...(await search.search(box, criterion))];
  const flag = (name: string): Criterion => ({ kind: 'flag', name });
  t.same(await find({ kind: 'all' }), [1, 2, 3]);
  t.same(await find(flag('\\seen')), [1]);
  t.same(await find(flag('K1')), [1]);
  t.same(await find(flag('unknown')), []);
  t.same(await find({ kind: 'not', of: flag('\\Deleted') }), [1, 3]);
  t.same(await find({ kind: 'uids', uids: [[2, 4_294_967_295]] }), [2, 3]);
  t.same(await find({ kind: 'larger', octets: message('a').length }), [2]);
  t.same(await find({ kind: 'smaller', octets: message('a').length + 1 }), [1, 3]);
  t.same(await find({ kind: 'internal-date', from: Date.UTC(2020, 1, 2), until: Date.UTC(2020, 1, 3) }), [3]);
  t.same(await find({ kind: 'internal-date', from: clock.now - DAY }), [2]);
  t.same(await find({ kind: 'save-date', from: clock.now - DAY }), [2, 3]);
  const since = box.highestModseq;
  await messages.setFlags(anna, box, [[1, 1]], 'remove', ['\\Seen']);
  t.same(await find({ kind: 'modseq', modseq: since + 1 }), [1]);
  t.same(await find({ kind: 'and', of: [] }), [1, 2, 3]);
  t.same(await find({ kind: 'or', of: [] }), []);
  await messages.expunge(anna, box);
  t.same(await find({ kind: 'larger', octets: 0 }), [1, 3], 'what left is not found');
});

t.test('an index of another history begins again', async (t) => {
  const folder = t.testdir();
  const first = await openMail(t, folder);
  await first.append('INBOX', message('one'));
  await first.texts.index();
  await first.texts.close();
  // The store as it was before, restored beside the index that has seen more.
  await first.store.close();
  const { rmSync } = await import('node:fs');
  for (const end of ['', '-wal', '-shm']) rmSync(`${folder}/convene.sqlite${end}`, { force: true });
  const second = await openMail(t, folder);
  await second.append('INBOX', message('two'));
  const inbox = await second.view('INBOX');
  t.same([...(await second.search.search(inbox, { kind: 'subject', text: 'two' }))], [1]);
  t.same([...(await second.search.search(inbox, { kind: 'subject', text: 'one' }))], []);
});
