/** Synchronisation: RFC 6578; tokens that cannot be trusted are refused. */
import t from 'tap';
import { bookmarkOf, tokenOf } from '../../../protocols/dav/sync-token.ts';
import { ask, CALENDAR, event, propfindBody, syncBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';
import { temporaryFolder } from '../../support/store.ts';

const data = temporaryFolder(t);
const server = await startServer(t, { data });
const alice = await server.addUser('alice');
const calendar = '/dav/calendars/alice/calendar/';
const put = (name: string, summary = '') =>
  server.request(alice, 'PUT', `${calendar}${name}.ics`, { headers: CALENDAR, body: event(name, summary) });
const sync = (token: string | undefined, properties?: string, more?: string, headers: Record<string, string> = {}) =>
  ask(server, alice, 'REPORT', calendar, headers, syncBody(token ?? '', properties, more));
const names = (answer: Awaited<ReturnType<typeof sync>>) =>
  answer.responses.map(
    ({ href, status }) => `${href.slice(calendar.length)}${status === undefined ? '' : ` ${status.slice(9, 12)}`}`,
  );
const limit = (count: number | string) => `<D:limit><D:nresults>${count}</D:nresults></D:limit>`;

t.test('from nothing, and from there', async (t) => {
  const empty = await sync('');
  t.equal(empty.status, 207);
  t.same(names(empty), []);
  for (const name of ['a', 'b', 'c']) await put(name);
  const first = await sync(empty.syncToken);
  t.same(names(first), ['a.ics', 'b.ics', 'c.ics']);
  t.match(first.responses[0]?.ok.get('getetag')?.text(), /^"/);
  await put('a', 'changed');
  await ask(server, alice, 'DELETE', `${calendar}b.ics`);
  await put('d');
  await ask(server, alice, 'DELETE', `${calendar}d.ics`);
  const second = await sync(first.syncToken);
  t.same(names(second).sort(), ['a.ics', 'b.ics 404', 'd.ics 404']);
  t.same(names(await sync(second.syncToken)), []);
  t.same(names(await sync('')), ['c.ics', 'a.ics'], 'nothing that left is told to who begins');
  await put('b');
  t.same(names(await sync(second.syncToken)), ['b.ics'], 'what came back is there');
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    calendar,
    { depth: '0' },
    propfindBody('D:sync-token', 'CS:getctag'),
  );
  t.equal(responses[0]?.ok.get('sync-token')?.text(), (await sync('')).syncToken);
});

t.test('Depth 0, 1, infinity or nothing; level 1 or infinite', async (t) => {
  for (const headers of [{}, { depth: '0' }, { depth: '1' }, { depth: 'infinity' }] as Record<string, string>[]) {
    t.equal((await sync('', undefined, undefined, headers)).responses.length, 3, JSON.stringify(headers));
  }
  const level = (text: string) => xml('D:sync-collection', `<D:sync-token/>${text}<D:prop/>`);
  const status = async (text: string) => (await ask(server, alice, 'REPORT', calendar, {}, level(text))).status;
  t.equal(await status('<D:sync-level>infinite</D:sync-level>'), 207);
  t.equal(await status(''), 207);
  t.equal(await status('<D:sync-level>2</D:sync-level>'), 400);
});

t.test('in pieces', async (t) => {
  const start = (await sync('')).syncToken;
  for (let i = 0; i < 7; i++) await put(`p${i}`);
  for (let i = 0; i < 3; i++) await ask(server, alice, 'DELETE', `${calendar}p${i}.ics`);
  for (const from of ['', start]) {
    const whole = names(await sync(from));
    const pieces: string[] = [];
    let token = from;
    for (let round = 0; round < 20; round++) {
      const answer = await sync(token, undefined, limit(2));
      const own = answer.responses.filter(({ href }) => href === calendar);
      t.ok(answer.responses.length - own.length <= 2);
      pieces.push(...names(answer).filter((name) => !name.startsWith(' ')));
      token = answer.syncToken;
      if (own.length === 0) break;
      t.equal(own[0]?.status, 'HTTP/1.1 507 Insufficient Storage');
    }
    t.same(pieces, whole);
    t.same(names(await sync(token)), []);
  }
  for (const bad of ['0', '-1', 'x', '1e3', '00']) t.equal((await sync('', undefined, limit(bad))).status, 400, bad);
  t.equal((await sync('', undefined, limit('9'.repeat(40)))).status, 207, 'more than there is');
});

t.test('a renamed member is told under both names, wherever a piece ends', async (t) => {
  await put('before');
  const start = (await sync('')).syncToken ?? '';
  await server.request(alice, 'MOVE', `${calendar}before.ics`, { headers: { destination: `${calendar}after.ics` } });
  const told: string[] = [];
  for (let token = start, more = true; more; ) {
    const answer = await sync(token, undefined, limit(1));
    for (const { href, status } of answer.responses)
      if (href !== calendar) told.push(`${status === undefined ? '+' : '-'}${href.slice(calendar.length)}`);
    more = answer.responses.some(({ href }) => href === calendar);
    token = answer.syncToken ?? '';
  }
  t.same(told, ['-before.ics', '+after.ics']);
  await ask(server, alice, 'DELETE', `${calendar}after.ics`);
});

t.test('properties beyond the index, and octets', async (t) => {
  const { responses } = await sync('', '<D:getetag/><D:getlastmodified/><C:calendar-data/><D:nonsense/>');
  t.ok(responses.length > 3);
  for (const { ok, failed } of responses) {
    t.match(ok.get('calendar-data')?.text(), 'BEGIN:VCALENDAR');
    t.match(ok.get('getlastmodified')?.text(), 'GMT');
    t.equal(failed.get('nonsense'), 'HTTP/1.1 404 Not Found');
  }
});

t.test('tokens that are refused', async (t) => {
  const good = (await sync('')).syncToken ?? '';
  const mark = bookmarkOf(good);
  if (mark === undefined) throw new Error(good);
  const forged = [
    ...[
      'x',
      'data:,',
      'http://example.com/ns/sync/1',
      `${good} x`,
      `${good}0`,
      good.toUpperCase(),
      good.replace('.m', '.m0'),
    ],
    ...[
      { modseq: mark.modseq + 1 },
      { collectionId: mark.collectionId + 1 },
      { boot: mark.boot + 1 },
      { boot: 0 },
      { modseq: 1e14 },
    ].map((change) => tokenOf({ ...mark, ...change })),
  ];
  for (const token of forged) {
    const answer = await sync(token);
    t.equal(answer.status, 403, token);
    t.same(answer.condition, ['valid-sync-token']);
  }
  const thunderbird = { 'user-agent': 'Mozilla/5.0 Thunderbird/153.0' };
  t.equal((await sync('x', undefined, undefined, thunderbird)).status, 403, 'its calendar restarts on any status');
  const book = await ask(server, alice, 'REPORT', '/dav/addressbooks/alice/addressbook/', thunderbird, syncBody('x'));
  t.equal(book.status, 400, 'its address book on 400 only');
  t.same(book.condition, ['valid-sync-token']);
  const foreign = await ask(server, alice, 'REPORT', '/dav/calendars/alice/tasks/', {}, syncBody(good));
  t.same([foreign.status, foreign.condition], [403, ['valid-sync-token']]);
});

t.test('a token outlives the start of the server it was given in', async (t) => {
  const before = (await sync('')).syncToken ?? '';
  await put('late');
  await server.close();
  const again = await startServer(t, { data });
  const answer = await ask(again, alice, 'REPORT', calendar, {}, syncBody(before));
  t.same(names(answer), ['late.ics']);
  const mark = bookmarkOf(before);
  await again.request(alice, 'PUT', `${calendar}new.ics`, { headers: CALENDAR, body: event('new') });
  const current = bookmarkOf((await ask(again, alice, 'REPORT', calendar, {}, syncBody(before))).syncToken ?? '');
  if (mark === undefined || current === undefined) throw new Error('no token');
  const impossible = tokenOf({ ...current, boot: mark.boot });
  const refused = await ask(again, alice, 'REPORT', calendar, {}, syncBody(impossible));
  t.same([refused.status, refused.condition], [403, ['valid-sync-token']], 'an old start never gave a new position');
});
