/** sync-collection on homes: RFC 6578 §3. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody, syncBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const home = '/dav/calendars/alice/';
const sync = (token: string, user = alice, path = home) =>
  ask(server, user, 'REPORT', path, { depth: '1' }, syncBody(token, '<D:resourcetype/>'));
const hrefs = (answer: Awaited<ReturnType<typeof sync>>) =>
  answer.responses.map(({ href, status }) => (status === undefined ? '+' : '-') + href.slice(home.length)).sort();
let token = '';
const since = async () => {
  const answer = await sync(token);
  token = answer.syncToken ?? '';
  return hrefs(answer);
};

t.test('collections that come, change and leave', async (t) => {
  t.same(await since(), ['+calendar/', '+inbox/', '+outbox/', '+tasks/']);
  t.same(await since(), []);
  const told = await ask(server, alice, 'PROPFIND', home, { depth: '0' }, propfindBody('D:sync-token'));
  t.equal(told.responses[0]?.ok.get('sync-token')?.text(), token, 'the property tells the same');
  await ask(server, alice, 'MKCALENDAR', `${home}new/`);
  await server.request(alice, 'MKCOL', `${home}files/`);
  t.same(await since(), ['+files/', '+new/']);
  await server.request(alice, 'PUT', `${home}new/a.ics`, { headers: CALENDAR, body: event('a') });
  t.same(await since(), ['+new/'], 'a calendar changes with its members');
  await ask(server, alice, 'PROPPATCH', `${home}tasks/`, {}, setBody('<D:displayname>To do</D:displayname>'));
  t.same(await since(), ['+tasks/']);
  await server.request(alice, 'MOVE', `${home}new/`, { headers: { destination: `${home}renamed/` } });
  t.same(await since(), ['+renamed/', '-new/']);
  await server.request(alice, 'MKCOL', `${home}files/below/`);
  t.same(
    (await since()).filter((href) => href.includes('below')),
    [],
    'what is below is no member of the home',
  );
  await server.request(alice, 'DELETE', `${home}renamed/`);
  await server.request(alice, 'DELETE', `${home}files/`);
  t.same(await since(), ['-files/', '-renamed/']);
  t.same(hrefs(await sync('')), ['+calendar/', '+inbox/', '+outbox/', '+tasks/'], 'a new client hears of no past');
});

t.test('tokens that are not of this home', async (t) => {
  const own = (await sync('')).syncToken ?? '';
  const cases = [
    own.replace('calendars', 'addressbooks'),
    own.replace(/h\d+/, 'h999'),
    own.replace(/m(\d+)/, (_all, modseq) => `m${Number(modseq) + 1}`),
    own.replace(/b(\d+)/, (_all, boot) => `b${Number(boot) + 1}`),
    own.replace(/b\d+/, 'b0'),
    `${own}.a${bob.id}-999999`,
    `${own}.a1`,
    'data:,nonsense',
    (await ask(server, alice, 'REPORT', `${home}calendar/`, {}, syncBody(''))).syncToken ?? '',
    (await sync('', bob, '/dav/calendars/bob/')).syncToken ?? '',
  ];
  for (const one of cases) {
    const refused = await sync(one);
    t.same([refused.status, refused.condition], [403, ['valid-sync-token']], one);
  }
  const other = await ask(server, alice, 'REPORT', `${home}calendar/`, {}, syncBody(own));
  t.same(other.condition, ['valid-sync-token'], 'nor is one of a home good for a calendar');
});

t.test('what else may be asked', async (t) => {
  const body = (level: string, more = '') =>
    xml('D:sync-collection', `<D:sync-token/><D:sync-level>${level}</D:sync-level>${more}<D:prop/>`);
  const run = (text: string) => ask(server, alice, 'REPORT', home, {}, text);
  t.same((await run(body('infinite'))).condition, ['sync-traversal-supported']);
  t.equal((await run(body('2'))).status, 400);
  const few = await run(body('1', '<D:limit><D:nresults>2</D:nresults></D:limit>'));
  t.same([few.status, few.condition], [507, ['number-of-matches-within-limits']]);
  t.equal((await sync('', bob)).status, 403, 'the home of somebody else');
});
