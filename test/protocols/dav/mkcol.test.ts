/** New collections: MKCALENDAR (RFC 4791 §5.3.1), extended MKCOL (RFC 5689), MKCOL (RFC 4918 §9.3). */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const home = '/dav/calendars/alice/';
const books = '/dav/addressbooks/alice/';
const mkcalendar = (properties: string) => xml('C:mkcalendar', `<D:set><D:prop>${properties}</D:prop></D:set>`);
const mkcol = (type: string, more = '') =>
  xml('D:mkcol', `<D:set><D:prop><D:resourcetype>${type}</D:resourcetype>${more}</D:prop></D:set>`);
const A_CALENDAR = '<D:collection/><C:calendar/>';
const A_BOOK = '<D:collection/><CR:addressbook/>';

t.test('where and what', async (t) => {
  const cases: [method: string, path: string, body: string | undefined, status: number, condition?: string][] = [
    ['MKCALENDAR', `${home}a/`, undefined, 201],
    ['MKCALENDAR', `${home}b`, mkcalendar('<D:displayname>B</D:displayname>'), 201],
    ['MKCALENDAR', `${home}a/`, undefined, 403, 'resource-must-be-null'],
    ['MKCALENDAR', `${home}a/`, mkcalendar('<D:getetag/>'), 403, 'resource-must-be-null'],
    ['MKCALENDAR', home, undefined, 403, 'resource-must-be-null'],
    ['MKCALENDAR', `${home}a/nested/`, undefined, 403, 'calendar-collection-location-ok'],
    ['MKCALENDAR', `${home}missing/nested/`, undefined, 409],
    ['MKCALENDAR', `${books}c/`, undefined, 403, 'calendar-collection-location-ok'],
    ['MKCALENDAR', '/dav/calendars/alice-b/c/', undefined, 409],
    ['MKCALENDAR', '/dav/calendars/bob/c/', undefined, 403, 'need-privileges'],
    ['MKCALENDAR', `${home}inbox/`, undefined, 403, 'resource-must-be-null'],
    ['MKCALENDAR', `${home}${'x'.repeat(300)}/`, undefined, 403],
    ['MKCALENDAR', `${home}${'x'.repeat(255)}/`, undefined, 201],
    ['MKCALENDAR', `${home}d/`, mkcol(A_CALENDAR), 400],
    ['MKCALENDAR', `${home}d/`, 'text', 415],
    ['MKCALENDAR', `${home}d/`, '<x', 400],
    ['MKCOL', `${home}e/`, mkcol(A_CALENDAR), 201],
    ['MKCOL', `${home}e/`, mkcol(A_CALENDAR), 403, 'resource-must-be-null'],
    ['MKCOL', `${home}e/`, undefined, 405],
    ['MKCOL', `${home}e/nested/`, undefined, 403],
    ['MKCOL', `${home}f/`, mkcol(A_BOOK), 403, 'valid-resourcetype'],
    ['MKCOL', `${home}f/`, mkcol(`${A_CALENDAR}<CS:subscribed/>`), 403, 'valid-resourcetype'],
    ['MKCOL', `${home}f/`, undefined, 201],
    ['MKCOL', `${home}f/`, undefined, 405],
    ['MKCOL', `${home}f/g/`, mkcol('<D:collection/>'), 201],
    ['MKCOL', `${home}f/g/h/`, undefined, 201],
    ['MKCOL', `${home}f/missing/h/`, undefined, 409],
    ['MKCOL', `${home}f/i/`, mkcol(A_CALENDAR), 403, 'valid-resourcetype'],
    ['MKCOL', `${home}f/i/`, 'text', 415],
    ['MKCALENDAR', `${home}f/i/`, undefined, 403, 'calendar-collection-location-ok'],
    ['MKCOL', `${books}f/`, undefined, 201],
    ['MKCOL', '/dav/calendars/bob/c/', undefined, 403, 'need-privileges'],
    ['MKCOL', `${books}g/`, mkcol(A_BOOK, '<D:displayname>G</D:displayname>'), 201],
    ['MKCOL', '/dav/calendars/x/', mkcol(A_CALENDAR), 403],
    ['MKCOL', '/elsewhere/', undefined, 404],
  ];
  for (const [method, path, body, status, condition] of cases) {
    const answer = await ask(server, alice, method, path, {}, body);
    t.equal(answer.status, status, `${method} ${path} ${body ?? ''}`);
    t.same(answer.condition, condition === undefined ? [] : [condition], `${method} ${path} ${body ?? ''}`);
  }
  t.equal((await ask(server, bob, 'MKCALENDAR', `${home}z/`)).status, 403);
});

t.test('properties are set with it, or nothing is made', async (t) => {
  const properties =
    '<D:displayname>Team</D:displayname><A:calendar-color>#112233FF</A:calendar-color><A:calendar-order>3</A:calendar-order>' +
    '<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp><n xmlns="urn:x">1</n>' +
    '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>';
  t.equal((await ask(server, alice, 'MKCALENDAR', `${home}team/`, {}, mkcalendar(properties))).status, 201);
  const body = propfindBody(
    'D:displayname',
    'A:calendar-color',
    'C:supported-calendar-component-set',
    'n xmlns="urn:x"',
  );
  const { responses, text } = await ask(server, alice, 'PROPFIND', `${home}team/`, { depth: '0' }, body);
  t.equal(responses[0]?.ok.get('displayname')?.text(), 'Team');
  t.equal(responses[0]?.ok.get('calendar-color')?.text(), '#112233FF');
  t.equal(responses[0]?.ok.get('n')?.text(), '1');
  t.match(text, '<C:comp name="VTODO"/>');
  t.notMatch(text, '<C:comp name="VEVENT"/>');

  const failing = mkcalendar('<D:displayname>No</D:displayname><D:getetag>x</D:getetag>');
  const failed = await ask(server, alice, 'MKCALENDAR', `${home}no/`, {}, failing);
  t.equal(failed.status, 207);
  t.same(
    [...(failed.responses[0]?.failed ?? [])],
    [
      ['displayname', 'HTTP/1.1 424 Failed Dependency'],
      ['getetag', 'HTTP/1.1 403 Forbidden'],
    ],
  );
  t.equal((await ask(server, alice, 'GET', `${home}no/`)).status, 404);
  const book = await ask(server, alice, 'MKCOL', `${books}no/`, {}, mkcol(A_BOOK, '<D:getetag/>'));
  t.equal(book.status, 403);
  t.match(book.text, '<D:mkcol-response');
  t.equal((await ask(server, alice, 'GET', `${books}no/`)).status, 404);
});

t.test('a collection just deleted can be made again, empty', async (t) => {
  await ask(server, alice, 'MKCALENDAR', `${home}again/`);
  await server.request(alice, 'PUT', `${home}again/1.ics`, { headers: CALENDAR, body: event('1') });
  const token = async () =>
    (
      await ask(server, alice, 'PROPFIND', `${home}again/`, { depth: '0' }, propfindBody('D:sync-token'))
    ).responses[0]?.ok
      .get('sync-token')
      ?.text();
  const before = await token();
  t.equal((await ask(server, alice, 'DELETE', `${home}again/`)).status, 204);
  t.equal((await ask(server, alice, 'MKCALENDAR', `${home}again/`)).status, 201);
  t.not(await token(), before);
  t.equal((await ask(server, alice, 'GET', `${home}again/1.ics`)).status, 404);
  t.equal(
    (await server.request(alice, 'PUT', `${home}again/1.ics`, { headers: CALENDAR, body: event('1') })).status,
    201,
  );
});

t.test('conditions are asked of what is not there yet (RFC 9110 §13.1, RFC 4918 §10.4)', async (t) => {
  for (const method of ['MKCALENDAR', 'MKCOL'])
    for (const [name, value] of [
      ['if-match', '*'],
      ['if-match', '"x"'],
      ['if', '(<opaquelocktoken:x>)'],
      ['if', '(["x"])'],
    ] as const) {
      const headers = { [name]: value };
      t.equal((await ask(server, alice, method, `${home}cond/`, headers)).status, 412, `${method} ${name}: ${value}`);
      t.equal((await ask(server, alice, 'GET', `${home}cond/`)).status, 404);
    }
  t.equal((await ask(server, alice, 'MKCALENDAR', `${home}cond/`, { 'if-none-match': '*' })).status, 201);
  // RFC 9110 §13.2.1: what would fail anyway does so for its own reason.
  t.equal((await ask(server, alice, 'MKCALENDAR', `${home}cond/`, { 'if-none-match': '*' })).status, 403);
});

t.test('many at once make one', async (t) => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(server, alice, 'MKCALENDAR', `${home}race/`)));
  t.same(answers.map(({ status }) => status).sort(), [201, 403, 403, 403, 403, 403, 403, 403]);
});
