/** PROPPATCH: RFC 4918 §9.2; what Apple clients write comes back octet by octet. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const calendar = '/dav/calendars/alice/calendar/';
await server.request(alice, 'PUT', `${calendar}one.ics`, { headers: CALENDAR, body: event('one') });

async function read(path: string, body: string): Promise<string> {
  return (await ask(server, alice, 'PROPFIND', path, { depth: '0' }, body)).text;
}

t.test('values come back as they were written', async (t) => {
  const alarm = 'BEGIN:VALARM&#13;\nTRIGGER:-PT15M&#13;\nACTION:NONE&#13;\nEND:VALARM&#13;\n';
  const cases: [path: string, xml: string, asked: string, expected: string][] = [
    [
      calendar,
      '<A:calendar-color symbolic-color="red">#FF2968FF</A:calendar-color>',
      'A:calendar-color',
      ' symbolic-color="red">#FF2968FF</',
    ],
    [calendar, '<A:calendar-order>7</A:calendar-order>', 'A:calendar-order', '>7</'],
    [
      calendar,
      '<D:displayname>Caf\u00e9 &amp; &lt;b&gt; \u{1f600}</D:displayname>',
      'D:displayname',
      '>Caf\u00e9 &amp; &lt;b&gt; \u{1f600}</',
    ],
    [
      calendar,
      '<C:calendar-description xml:lang="de">Gr\u00fc\u00dfe</C:calendar-description>',
      'C:calendar-description',
      ' xml:lang="de">Gr\u00fc\u00dfe</',
    ],
    [
      '/dav/calendars/alice/',
      `<C:default-alarm-vevent-date>${alarm}</C:default-alarm-vevent-date>`,
      'C:default-alarm-vevent-date',
      `>${alarm}</`,
    ],
    [
      '/dav/addressbooks/alice/',
      '<CS:me-card><D:href>/x.vcf</D:href></CS:me-card>',
      'CS:me-card',
      '>/x.vcf</D:href></',
    ],
    [
      `${calendar}one.ics`,
      '<x:n xmlns:x="urn:x" x:a="&quot;&#10;"><x:m/>&#13; t</x:n>',
      'x:n xmlns:x="urn:x"',
      ' x:a="&quot;&#10;"><x:m/>&#13; t</x:n>',
    ],
  ];
  for (const [path, value, name, expected] of cases) {
    const set = await ask(server, alice, 'PROPPATCH', path, {}, setBody(value));
    t.equal(set.status, 207, value);
    t.equal(set.responses[0]?.ok.size, 1, value);
    t.ok((await read(path, propfindBody(name))).includes(expected), value);
  }
  const language = xml(
    'D:propertyupdate',
    '<D:set xml:lang="fr"><D:prop><note xmlns="urn:x">oui</note></D:prop></D:set>',
  );
  await ask(server, alice, 'PROPPATCH', calendar, {}, language);
  t.match(
    await read(calendar, propfindBody('note xmlns="urn:x"')),
    '<note xmlns="urn:x" xml:lang="fr">oui</note>',
    'the language in scope',
  );
});

t.test('all or nothing', async (t) => {
  const mixed = '<D:getetag>x</D:getetag><A:calendar-order>99</A:calendar-order><D:resourcetype/>';
  const { status, responses } = await ask(server, alice, 'PROPPATCH', calendar, {}, setBody(mixed));
  t.equal(status, 207);
  t.same([...(responses[0]?.failed ?? [])].sort(), [
    ['calendar-order', 'HTTP/1.1 424 Failed Dependency'],
    ['getetag', 'HTTP/1.1 403 Forbidden'],
    ['resourcetype', 'HTTP/1.1 403 Forbidden'],
  ]);
  t.match(await read(calendar, propfindBody('A:calendar-order')), '>7</');
});

t.test('removing, and the order of instructions', async (t) => {
  const set = (value: string) => `<D:set><D:prop><p xmlns="urn:x">${value}</p></D:prop></D:set>`;
  const remove = '<D:remove><D:prop><p xmlns="urn:x"/></D:prop></D:remove>';
  const state = async (content: string) => {
    await ask(server, alice, 'PROPPATCH', calendar, {}, xml('D:propertyupdate', content));
    const { responses } = await ask(
      server,
      alice,
      'PROPFIND',
      calendar,
      { depth: '0' },
      propfindBody('p xmlns="urn:x"'),
    );
    return responses[0]?.ok.get('p')?.text();
  };
  t.equal(await state(set('1') + set('2')), '2');
  t.equal(await state(set('3') + remove), undefined);
  t.equal(await state(remove + set('4')), '4');
  t.equal(await state(remove), undefined);
  t.equal(await state(remove), undefined, 'what is not there can be removed');
  await ask(
    server,
    alice,
    'PROPPATCH',
    calendar,
    {},
    xml('D:propertyupdate', '<D:remove><D:prop><D:displayname/></D:prop></D:remove>'),
  );
  const { responses } = await ask(server, alice, 'PROPFIND', calendar, { depth: '0' }, propfindBody('D:displayname'));
  t.equal(responses[0]?.ok.get('displayname')?.text(), 'calendar', 'a calendar always has a name to show');
});

t.test('a minimal answer has no body', async (t) => {
  const { status, text, headers } = await ask(
    server,
    alice,
    'PROPPATCH',
    calendar,
    { prefer: 'return=minimal' },
    setBody('<p xmlns="urn:x">1</p>'),
  );
  t.equal(status, 200);
  t.equal(text, '');
  t.equal(headers['preference-applied'], 'return=minimal');
  const failing = await ask(server, alice, 'PROPPATCH', calendar, { brief: 't' }, setBody('<D:getetag/>'));
  t.equal(failing.status, 207);
});

t.test('where nothing can be set', async (t) => {
  const status = async (user: typeof alice, path: string, body = setBody('<p xmlns="urn:x">1</p>')) =>
    (await ask(server, user, 'PROPPATCH', path, {}, body)).status;
  t.equal(await status(alice, '/dav/'), 405);
  t.equal(await status(alice, '/dav/principals/'), 405);
  t.equal(await status(bob, '/dav/principals/alice/'), 403);
  t.equal(await status(bob, '/dav/calendars/alice/'), 403);
  t.equal(await status(bob, calendar), 403);
  t.equal(await status(alice, calendar, xml('D:propertyupdate', '')), 400);
  t.equal(await status(alice, calendar, xml('D:prop', '')), 400);
  t.equal(await status(alice, calendar, setBody('<p xmlns="urn:x">\u0001</p>')), 400, 'a control character');
  t.equal(await status(alice, calendar, ''), 400);
  t.equal(
    await status(alice, calendar, setBody(`<p xmlns="urn:x">${'x'.repeat(2 * 1024 * 1024)}</p>`)),
    403,
    'too much to keep',
  );
});

t.test('a stale condition leaves the member alone', async (t) => {
  const body = setBody('<p xmlns="urn:x">stale</p>');
  const path = `${calendar}one.ics`;
  const { headers } = await server.request(alice, 'HEAD', path);
  const stale: Record<string, string>[] = [
    { 'if-match': '"stale"' },
    { if: '(["stale"])' },
    { 'if-match': `W/${headers.etag}` },
  ];
  for (const condition of stale) {
    t.equal((await ask(server, alice, 'PROPPATCH', path, condition, body)).status, 412, JSON.stringify(condition));
  }
  t.notMatch(await read(path, propfindBody('p xmlns="urn:x"')), 'stale');
  t.equal((await ask(server, alice, 'PROPPATCH', path, { 'if-match': String(headers.etag) }, body)).status, 207);
});

t.test('everyone has an own colour; what is shared is the owner\u2019s to change', async (t) => {
  const row = await server.store.collections.bySegment(alice.id, 'calendars', 'calendar');
  const grant = { accountId: alice.id, collectionId: row?.id ?? 0, granteeId: bob.id, createdAt: 1 };
  await server.store.transaction((write) => write.grants.add({ ...grant, rights: 'read' }));
  const colour = (value: string) => setBody(`<A:calendar-color>${value}</A:calendar-color>`);
  const seenBy = async (user: typeof alice) =>
    (await ask(server, user, 'PROPFIND', calendar, { depth: '0' }, propfindBody('A:calendar-color'))).responses[0]?.ok
      .get('calendar-color')
      ?.text();
  t.equal((await ask(server, bob, 'PROPPATCH', calendar, {}, colour('#00FF00FF'))).responses[0]?.ok.size, 1);
  t.equal(await seenBy(bob), '#00FF00FF');
  t.equal(await seenBy(alice), '#FF2968FF');
  const unknown = await ask(server, bob, 'PROPPATCH', calendar, {}, setBody('<p xmlns="urn:x">1</p>'));
  t.equal(unknown.responses[0]?.failed.get('p'), 'HTTP/1.1 403 Forbidden', 'a reader keeps nothing else here');
  const described = await ask(
    server,
    bob,
    'PROPPATCH',
    calendar,
    {},
    setBody('<C:calendar-description>x</C:calendar-description>'),
  );
  t.equal(described.responses[0]?.failed.get('calendar-description'), 'HTTP/1.1 403 Forbidden');
  const put = await server.request(bob, 'PUT', `${calendar}bob.ics`, { headers: CALENDAR, body: event('bob') });
  t.equal(put.status, 403, 'who may see but not write is told so');
});
