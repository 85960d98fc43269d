/** The scheduling inbox and outbox: RFC 6638 §2.1, §2.2, §5, through a whole server. */
import t from 'tap';
import { event, icalendar } from '../../support/calendar.ts';
import { startServer } from '../../support/server.ts';

const TYPE = { 'Content-Type': 'text/calendar; charset=utf-8' };

t.test('inbox and outbox', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const bert = await server.addUser('bert');
  const home = '/dav/calendars/anna/';

  await t.test('are collections of their own type that nobody makes, renames or removes', async (t) => {
    for (const name of ['inbox', 'outbox']) {
      const found = await server.request(anna, 'PROPFIND', `${home}${name}/`, { headers: { Depth: '0' } });
      t.match(found.text, `<D:resourcetype><D:collection/><C:schedule-${name}/></D:resourcetype>`);
      t.notMatch(found.text, '<C:calendar/>');
      t.equal((await server.request(anna, 'DELETE', `${home}${name}/`)).status, 403);
      const away = { headers: { Destination: `${server.url}${home}away/` } };
      t.equal((await server.request(anna, 'MOVE', `${home}${name}/`, away)).status, 403);
      t.equal((await server.request(anna, 'COPY', `${home}${name}/`, away)).status, 403);
      const put = await server.request(anna, 'PUT', `${home}${name}/a.ics`, { headers: TYPE, body: event('a') });
      t.equal(put.status, 403);
      t.match(put.text, '<C:supported-calendar-component/>');
      t.ok([403, 404].includes((await server.request(bert, 'PROPFIND', `${home}${name}/`)).status));
    }
  });

  const request = (organizer: string, attendees: readonly string[], method = 'REQUEST') =>
    icalendar(
      'VFREEBUSY',
      'UID:fb-1',
      'DTSTAMP:20260101T000000Z',
      'DTSTART:20260310T000000Z',
      'DTEND:20260311T000000Z',
      `ORGANIZER:mailto:${organizer}`,
      ...attendees.map((attendee) => `ATTENDEE;CN="A; B":${attendee}`),
    ).replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`);
  const post = (body: string, path = `${home}outbox/`, user = anna) =>
    server.request(user, 'POST', path, { headers: TYPE, body });
  const statuses = (text: string) =>
    [...text.matchAll(/<C:recipient><D:href>([^<]*)<\/D:href><\/C:recipient><C:request-status>([^;]*)/g)].map(
      ([, recipient, status]) => [recipient, status],
    );

  await t.test('the outbox tells when people are busy, as far as it may', async (t) => {
    await server.request(anna, 'PUT', `${home}calendar/a.ics`, {
      headers: TYPE,
      body: event('a', '20260310T100000Z', 'SUMMARY:Confidential'),
    });
    await server.store.transaction((write) => write.freeBusySharing.set(bert.id, 'nobody'));
    await server.store.transaction((write) => write.freeBusySharing.set(anna.id, 'nobody'));
    const mail = [
      'mailto:anna@example.org',
      'mailto:bert@example.org',
      'mailto:nobody@elsewhere.example',
      '/dav/principals/anna/',
    ];
    const { status, headers, text } = await post(request('anna@example.org', mail));
    t.equal(status, 200);
    t.match(headers['content-type'], /^application\/xml/);
    t.same(statuses(text), [
      [mail[0], '2.0'],
      [mail[1], '3.8'],
      [mail[2], '3.7'],
      [mail[3], '2.0'],
    ]);
    const reply = text.replaceAll('&#13;\n ', '');
    t.match(reply, 'METHOD:REPLY');
    t.match(reply, 'UID:fb-1');
    t.match(reply, 'ATTENDEE;CN="A; B":mailto:anna@example.org');
    t.match(reply, 'FREEBUSY;FBTYPE=BUSY:20260310T100000Z/20260310T110000Z');
    t.notMatch(text, 'Confidential');

    const row = await server.store.collections.bySegment(anna.id, 'calendars', 'calendar');
    await server.store.transaction((write) =>
      write.grants.add({
        accountId: anna.id,
        collectionId: row?.id ?? 0,
        granteeId: bert.id,
        rights: 'free-busy',
        createdAt: 1,
      }),
    );
    const granted = await post(
      request('bert@example.org', ['mailto:ANNA@example.org']),
      '/dav/calendars/bert/outbox/',
      bert,
    );
    t.match(granted.text.replaceAll('&#13;\n ', ''), 'FREEBUSY;FBTYPE=BUSY:20260310T100000Z/20260310T110000Z');
    t.notMatch(granted.text, 'Confidential');
  });

  await t.test('what it refuses', async (t) => {
    const me = ['mailto:anna@example.org'];
    const table: [string, string, string][] = [
      ['not iCalendar', 'hello', 'valid-calendar-data'],
      ['an event', event('x').replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST'), 'valid-scheduling-message'],
      ['another METHOD', request('anna@example.org', me, 'REPLY'), 'valid-scheduling-message'],
      ['no attendee', request('anna@example.org', []), 'valid-scheduling-message'],
      ['300 attendees', request('anna@example.org', Array(300).fill(me[0])), 'valid-scheduling-message'],
      [
        'a local time',
        request('anna@example.org', me).replace('0311T000000Z', '0311T000000'),
        'valid-scheduling-message',
      ],
      ['in the name of another', request('bert@example.org', me), 'valid-organizer'],
    ];
    for (const [about, body, condition] of table) {
      const { status, text } = await post(body);
      // RFC 6638 §5.2.1: 400 for this one, 403 for the others.
      t.equal(status, condition === 'valid-scheduling-message' ? 400 : 403, about);
      t.match(text, `><C:${condition}/></D:error>`, about);
    }
    const called = { headers: { 'content-type': 'text/xml' }, body: request('anna@example.org', me) };
    const asXml = await server.request(anna, 'POST', `${home}outbox/`, called);
    t.equal(asXml.status, 403, 'iCalendar that is called XML');
    t.match(asXml.text, '<C:supported-calendar-data/>');
    t.ok([403, 404].includes((await post(request('bert@example.org', me), `${home}outbox/`, bert)).status));
    t.equal((await post(request('anna@example.org', me), `${home}calendar/`)).status, 405);
  });
});

t.test('RFC 7953 §7.2.4: availability kept at the inbox counts when somebody asks', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const bert = await server.addUser('bert');
  const office = icalendar(
    'VAVAILABILITY',
    'UID:office',
    'DTSTAMP:20260101T000000Z',
    'BEGIN:AVAILABLE',
    'UID:hours',
    'DTSTART:20260302T090000Z',
    'DTEND:20260302T170000Z',
    'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
    'END:AVAILABLE',
  );
  const proppatch = (value: string) =>
    server.request(anna, 'PROPPATCH', '/dav/calendars/anna/inbox/', {
      headers: { 'Content-Type': 'application/xml' },
      body: `<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><C:calendar-availability>${value.replaceAll('\r', '&#13;')}</C:calendar-availability></D:prop></D:set></D:propertyupdate>`,
    });
  t.match((await proppatch('nonsense')).text, '<C:valid-calendar-data/>');
  t.match((await proppatch(office)).text, '200 OK');
  const read = await server.request(anna, 'PROPFIND', '/dav/calendars/anna/inbox/', {
    headers: { 'Content-Type': 'application/xml', Depth: '0' },
    body: '<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-availability/></D:prop></D:propfind>',
  });
  t.match(read.text, 'BEGIN:VAVAILABILITY&#13;');
  const lines = ['UID:fb', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z', 'ORGANIZER:mailto:bert@example.org'];
  const asked = icalendar('VFREEBUSY', ...lines, 'ATTENDEE:mailto:anna@example.org');
  const answer = await server.request(bert, 'POST', '/dav/calendars/bert/outbox/', {
    headers: TYPE,
    body: asked.replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST'),
  });
  const text = answer.text.replaceAll('&#13;\n ', '');
  t.match(
    text,
    'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260310T000000Z/20260310T090000Z,20260310T170000Z/20260311T000000Z',
    'a colleague may ask without a grant',
  );
});
