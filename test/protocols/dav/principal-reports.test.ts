/** Reports about principals: RFC 3744 §9; expand-property: RFC 3253 §3.8. */
import t from 'tap';
import { ask, propfindBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
await server.addUser('bob');
await server.addUser('bobby');

const search = (criteria: string, attributes = '') =>
  xml('D:principal-property-search', `${criteria}<D:prop><D:displayname/></D:prop>`).replace(
    'xmlns:D',
    `${attributes} xmlns:D`,
  );
const criterion = (name: string, match: string, type = '') =>
  `<D:property-search><D:prop><${name}/></D:prop><D:match${type}>${match}</D:match></D:property-search>`;
const found = async (body: string, path = '/dav/principals/') =>
  (await ask(server, alice, 'REPORT', path, { depth: '0' }, body)).responses.map(({ href }) => href.split('/')[3]);

t.test('principal-property-search', async (t) => {
  t.same(await found(search(criterion('D:displayname', 'BOB'))), ['bob', 'bobby']);
  t.same(await found(search(criterion('D:displayname', 'bob', ' match-type="equals"'))), ['bob']);
  t.same(await found(search(criterion('C:calendar-user-address-set', 'bobby@'))), ['bobby']);
  t.same(await found(search(criterion('D:displayname', 'b') + criterion('C:calendar-user-address-set', 'bobby@'))), [
    'bobby',
  ]);
  const either = criterion('D:displayname', 'alice') + criterion('D:displayname', 'bobby');
  t.same(await found(search(either, 'test="anyof"')), ['alice', 'bobby']);
  t.same(await found(search(either)), []);
  t.same(await found(search(criterion('D:nonsense', 'b'))), []);
  t.same(
    await found(search(criterion('D:displayname', 'bob')), '/dav/calendars/alice/'),
    [],
    'homes hold no principals',
  );
  const everywhere = `<D:apply-to-principal-collection-set/>${criterion('D:displayname', 'bobby')}`;
  t.same(await found(search(everywhere), '/dav/calendars/alice/'), ['bobby']);
  t.equal((await ask(server, alice, 'REPORT', '/dav/principals/', {}, search(''))).status, 400);
});

t.test('principal-search-property-set and principal-match', async (t) => {
  const answer = await ask(
    server,
    alice,
    'REPORT',
    '/dav/principals/',
    { depth: '0' },
    xml('D:principal-search-property-set', ''),
  );
  t.equal(answer.status, 200);
  t.match(answer.text, '<D:principal-search-property><D:prop><D:displayname/></D:prop>');
  t.same(await found(xml('D:principal-match', '<D:self/>')), ['alice']);
});

t.test('expand-property', async (t) => {
  const nested = '<D:property name="owner"><D:property name="displayname"/><D:property name="nonsense"/></D:property>';
  const { text, status } = await ask(
    server,
    alice,
    'REPORT',
    '/dav/calendars/alice/calendar/',
    {},
    xml('D:expand-property', nested),
  );
  t.equal(status, 207);
  t.match(
    text,
    '<D:owner><D:response><D:href>/dav/principals/alice/</D:href><D:propstat><D:prop><D:displayname>alice<',
  );
  const deep = '<D:property name="current-user-principal">'.repeat(25) + '</D:property>'.repeat(25);
  const body = xml('D:expand-property', deep);
  t.equal((await server.request(alice, 'REPORT', '/dav/', { body })).status, 207);
  t.equal((await ask(server, alice, 'REPORT', '/dav/', {}, xml('D:expand-property', '<D:property/>'))).status, 400);
});

t.test('hrefs in properties that a client made, under any prefix', async (t) => {
  const calendar = '/dav/calendars/alice/calendar/';
  const set = (name: string, inside: string) =>
    server.request(alice, 'PROPPATCH', calendar, {
      body:
        '<d:propertyupdate xmlns:d="DAV:" xmlns:v="https://vendor.example/"><d:set><d:prop>' +
        `<v:${name}>${inside}</v:${name}></d:prop></d:set></d:propertyupdate>`,
    });
  await set('helper', '<v:list><d:href>/dav/principals/alice</d:href></v:list><h xmlns="DAV:">&lt;</h>');
  await set(
    'odd',
    '<href xmlns="DAV:">/dav/../x</href><d:href>mailto:x@example.com</d:href><d:href>/dav/none</d:href>',
  );
  const expand = (name: string) =>
    ask(
      server,
      alice,
      'REPORT',
      calendar,
      {},
      xml(
        'D:expand-property',
        `<D:property name="${name}" namespace="https://vendor.example/"><D:property name="displayname"/></D:property>`,
      ),
    );
  t.match((await expand('helper')).text, '<D:href>/dav/principals/alice/</D:href><D:propstat><D:prop><D:displayname>');
  const odd = await expand('odd');
  t.equal(odd.status, 207);
  t.equal(odd.text.split('404 Not Found').length, 4, odd.text);
  t.equal((await expand('missing')).status, 207);
  const match = async (name: string, user = alice) => {
    const property = `<D:principal-property><v:${name} xmlns:v="https://vendor.example/"/></D:principal-property>`;
    const home = `/dav/calendars/${user.name}/`;
    return (await ask(server, user, 'REPORT', home, {}, xml('D:principal-match', property))).responses.map(
      ({ href }) => href,
    );
  };
  t.same(await match('helper'), [calendar]);
  t.same(await match('odd'), []);
  t.same(await match('missing'), []);
});

t.test('principals on a listing', async (t) => {
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    '/dav/principals/',
    { depth: '1' },
    propfindBody('D:displayname', 'D:group-membership'),
  );
  t.same(
    responses
      .map(({ href }) => href.split('/')[3])
      .filter((name) => name !== 'admin')
      .sort(),
    ['', 'alice', 'bob', 'bobby'],
  );
});
