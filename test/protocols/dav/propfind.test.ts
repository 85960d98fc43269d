/** PROPFIND: RFC 4918 §9.1, RFC 8144 §2.1; live properties: RFC 4918 §15, RFC 3744 §5, RFC 6578 §4. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
for (const uid of ['one', 'two@example']) {
  await server.request(alice, 'PUT', calendar + encodeURIComponent(`${uid}.ics`), {
    headers: CALENDAR,
    body: event(uid),
  });
}

t.test('Depth', async (t) => {
  const cases: [path: string, depth: string | undefined, status: number, condition: string[]][] = [
    [calendar, '0', 207, []],
    [calendar, '1', 207, []],
    [calendar, 'infinity', 403, ['propfind-finite-depth']],
    [calendar, undefined, 403, ['propfind-finite-depth']],
    ['/dav/calendars/alice/', 'Infinity', 403, ['propfind-finite-depth']],
    ['/dav/', 'infinity', 403, ['propfind-finite-depth']],
    ['/', 'infinity', 403, ['propfind-finite-depth']],
    [`${calendar}one.ics`, 'infinity', 207, []],
    [calendar, '2', 400, []],
    [calendar, 'one', 400, []],
    [calendar, '', 400, []],
    [calendar, '0, 1', 400, []],
  ];
  for (const [path, depth, status, condition] of cases) {
    const answer = await ask(server, alice, 'PROPFIND', path, depth === undefined ? {} : { depth });
    t.equal(answer.status, status, `${path} ${depth}`);
    t.same(answer.condition, condition);
  }
});

t.test('bodies', async (t) => {
  const status = async (body: string) => (await ask(server, alice, 'PROPFIND', calendar, { depth: '0' }, body)).status;
  t.equal(await status(''), 207, 'none is allprop');
  t.equal(await status('<propfind xmlns="DAV:"><prop/></propfind>'), 207);
  t.equal(await status('<propfind xmlns="DAV:"/>'), 400);
  t.equal(await status('<propfind xmlns="DAV:"><prop/><allprop/></propfind>'), 400);
  t.equal(await status('<propfind><prop/></propfind>'), 400);
  t.equal(await status('<prop xmlns="DAV:"/>'), 400);
  t.equal(await status('nonsense'), 400);
  t.equal(await status('<propfind xmlns="DAV:"><prop>'), 400);
  t.equal(await status('<!DOCTYPE x><propfind xmlns="DAV:"><prop/></propfind>'), 400);
  t.equal(await status(xml('D:propfind', `<D:prop>${'<a/>'.repeat(100_000)}</D:prop>`)), 400);
  t.equal(await status(' '.repeat(9 * 1024 * 1024)), 413);
  t.equal(await status(xml('D:propfind', '<D:prop><__proto__/><constructor/><D:constructor/></D:prop>')), 207);
  t.equal(await status(propfindBody('D:resourcetype')), 207, 'and answers stay normal');
});

t.test('what is there and what is not', async (t) => {
  const body = propfindBody(
    'D:getetag',
    'D:resourcetype',
    'D:getcontenttype',
    'D:sync-token',
    'CS:getctag',
    'D:nonsense',
  );
  const { responses } = await ask(server, alice, 'PROPFIND', calendar, { depth: '1' }, body);
  t.same(
    responses.map(({ href }) => href),
    [calendar, `${calendar}one.ics`, `${calendar}two%40example.ics`],
  );
  const [collection, member] = responses;
  t.same([...(collection?.ok.keys() ?? [])].sort(), ['getctag', 'resourcetype', 'sync-token']);
  t.equal(collection?.failed.get('nonsense'), 'HTTP/1.1 404 Not Found');
  t.same([...(member?.ok.keys() ?? [])].sort(), ['getcontenttype', 'getetag', 'resourcetype']);
  t.match(member?.ok.get('getetag')?.text(), /^"[^"]+"$/);
  t.equal(member?.ok.get('resourcetype')?.children.length, 0);
  t.equal(collection?.ok.get('getctag')?.text(), collection?.ok.get('sync-token')?.text());
});

t.test('the answer from the index equals the answer from rows', async (t) => {
  const listed = await ask(
    server,
    alice,
    'PROPFIND',
    calendar,
    { depth: '1' },
    propfindBody('D:getetag', 'D:getcontenttype'),
  );
  const read = await ask(
    server,
    alice,
    'PROPFIND',
    calendar,
    { depth: '1' },
    propfindBody('D:getetag', 'D:getcontenttype', 'D:getlastmodified'),
  );
  const etags = ({ responses }: typeof read) =>
    responses.map(({ href, ok }) => [href, ok.get('getetag')?.text(), ok.get('getcontenttype')?.text()]);
  t.same(etags(listed), etags(read));
  t.match(read.responses[1]?.ok.get('getlastmodified')?.text(), /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
});

t.test('minimal answers name nothing that is missing', async (t) => {
  const body = propfindBody('D:getetag', 'D:displayname', 'D:nonsense');
  const hints: Record<string, string>[] = [
    { prefer: 'return=minimal' },
    { prefer: 'return-minimal' },
    { prefer: 'x, Return="minimal"' },
    { brief: 't' },
  ];
  for (const headers of hints) {
    const { responses } = await ask(server, alice, 'PROPFIND', calendar, { depth: '0', ...headers }, body);
    t.same([...(responses[0]?.ok.keys() ?? [])], ['displayname'], JSON.stringify(headers));
    t.equal(responses[0]?.failed.size, 0);
  }
  const nothing = await ask(
    server,
    alice,
    'PROPFIND',
    calendar,
    { depth: '0', prefer: 'return=minimal' },
    propfindBody('D:nonsense'),
  );
  t.equal(nothing.headers['preference-applied'], 'return=minimal');
  t.match(nothing.text, '<D:propstat><D:prop></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>');
  const all = await ask(server, alice, 'PROPFIND', calendar, { depth: '0', prefer: 'return=representation' }, body);
  t.equal(all.responses[0]?.failed.size, 2);
});

t.test('allprop, include and propname', async (t) => {
  await ask(server, alice, 'PROPPATCH', calendar, {}, setBody('<x:note xmlns:x="urn:x">kept</x:note>'));
  const all = await ask(
    server,
    alice,
    'PROPFIND',
    calendar,
    { depth: '0' },
    xml('D:propfind', '<D:allprop/><D:include><D:owner/></D:include>'),
  );
  const names = new Set(all.responses[0]?.ok.keys());
  for (const name of ['resourcetype', 'displayname', 'creationdate', 'owner', 'note']) t.ok(names.has(name), name);
  t.notOk(names.has('supported-report-set'), 'only what was asked for');
  t.equal(all.responses[0]?.failed.size, 0);
  const propname = await ask(server, alice, 'PROPFIND', calendar, { depth: '0' }, xml('D:propfind', '<D:propname/>'));
  const known = propname.responses[0]?.ok;
  for (const name of ['resourcetype', 'supported-report-set', 'sync-token', 'note']) {
    t.ok(known?.has(name), name);
    t.equal(known?.get(name)?.children.length, 0);
  }
});

t.test('who, and with which privileges', async (t) => {
  const body = propfindBody(
    'D:owner',
    'D:current-user-principal',
    'D:current-user-privilege-set',
    'D:supported-privilege-set',
    'D:resource-id',
  );
  const { responses } = await ask(server, alice, 'PROPFIND', calendar, { depth: '0' }, body);
  const [{ ok } = { ok: new Map() }] = responses;
  t.equal(ok.get('owner')?.text(), '/dav/principals/alice/');
  const privileges = ok
    .get('current-user-privilege-set')
    ?.elements()
    .map((one: { elements(): { name: string }[] }) => one.elements()[0]?.name);
  for (const name of [
    'all',
    'read',
    'write',
    'write-content',
    'write-properties',
    'bind',
    'unbind',
    'read-free-busy',
  ]) {
    t.ok(privileges?.includes(name), name);
  }
  t.match(ok.get('resource-id')?.text(), /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8/);
  const again = await ask(server, alice, 'PROPFIND', calendar, { depth: '0' }, body);
  t.equal(again.responses[0]?.ok.get('resource-id')?.text(), ok.get('resource-id')?.text());
});

t.test('reports and nothing else are told', async (t) => {
  const reports = async (path: string) => {
    const { responses } = await ask(
      server,
      alice,
      'PROPFIND',
      path,
      { depth: '0' },
      propfindBody('D:supported-report-set'),
    );
    return responses[0]?.ok
      .get('supported-report-set')
      ?.elements()
      .map((one) => one.elements()[0]?.elements()[0]?.name)
      .sort();
  };
  t.same(await reports(calendar), [
    'acl-principal-prop-set',
    'calendar-multiget',
    'calendar-query',
    'expand-property',
    'free-busy-query',
    'principal-match',
    'principal-property-search',
    'sync-collection',
  ]);
  t.same(await reports('/dav/addressbooks/alice/addressbook/'), [
    'acl-principal-prop-set',
    'addressbook-multiget',
    'addressbook-query',
    'expand-property',
    'principal-match',
    'principal-property-search',
    'sync-collection',
  ]);
  t.ok((await reports('/dav/calendars/alice/'))?.includes('sync-collection'));
  const unknown = await ask(server, alice, 'REPORT', calendar, {}, xml('D:version-tree', ''));
  t.equal(unknown.status, 403);
  t.same(unknown.condition, ['supported-report']);
  t.equal((await ask(server, alice, 'REPORT', calendar, {}, 'x')).status, 400);
  t.equal((await ask(server, alice, 'REPORT', calendar)).status, 400);
});

t.test('what is not shared looks like what does not exist', async (t) => {
  for (const method of ['PROPFIND', 'GET', 'HEAD', 'DELETE', 'REPORT', 'OPTIONS', 'PROPPATCH', 'COPY', 'MOVE']) {
    const headers = { depth: '0', destination: '/dav/calendars/bob/x/' };
    const body =
      method === 'REPORT'
        ? xml('D:sync-collection', '<D:sync-token/><D:prop/>')
        : method === 'PROPPATCH'
          ? setBody('<a/>')
          : undefined;
    for (const name of ['', 'one.ics']) {
      const there = await server.request(bob, method, calendar + name, { headers, body });
      const missing = await server.request(bob, method, `/dav/calendars/alice/missing/${name}`, { headers, body });
      t.equal(there.status, 403, `${method} ${name}`);
      t.same([there.status, there.text], [missing.status, missing.text], `${method} ${name} tells nothing`);
    }
  }
  t.equal(
    (await ask(server, bob, 'PROPFIND', '/dav/calendars/alice/', { depth: '1' })).status,
    403,
    'the home of another',
  );
});

t.test('10,000 members leave in pages', async (t) => {
  const carol = await server.addUser('carol');
  const row = await server.store.collections.bySegment(carol.id, 'calendars', 'calendar');
  const collectionId = row?.id ?? 0;
  await server.store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(carol.id, [collectionId]);
    for (let i = 0; i < 2_000; i++) {
      const times = {
        createdAt: 1,
        modifiedAt: 1,
        firstStart: null,
        lastEnd: null,
        recurring: 0,
        indexedFrom: 0,
        indexedUntil: 0,
      };
      const what = {
        name: `${i}.ics`,
        icalUid: `${i}`,
        component: 'VEVENT',
        etag: `e${i}`,
        scheduleTag: null,
        method: null,
        size: 1,
        modseq,
      };
      await write.calendarObjects.add({ collectionId, ...what, ...times }, 'x', []);
    }
  });
  for (const names of [['D:getetag'], ['D:getetag', 'D:getlastmodified']]) {
    const answer = await ask(
      server,
      carol,
      'PROPFIND',
      '/dav/calendars/carol/calendar/',
      { depth: '1' },
      propfindBody(...names),
    );
    t.equal(answer.headers['content-length'], undefined, 'the length is not known before');
    t.equal(new Set(answer.responses.map(({ href }) => href)).size, 2_001);
    t.match(answer.headers['content-security-policy'], "default-src 'none'");
    t.match(answer.headers.dav, /^1, 3/);
  }
});
