/** free-busy-query: RFC 4791 §7.10, through a whole server. */
import t from 'tap';
import { event } from '../../support/calendar.ts';
import { startServer } from '../../support/server.ts';

const CALENDAR = '/dav/calendars/anna/calendar/';

t.test('free-busy-query', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const bert = await server.addUser('bert');
  const put = (name: string, body: string) =>
    server.request(anna, 'PUT', CALENDAR + name, { headers: { 'Content-Type': 'text/calendar' }, body });
  const ask = (attributes: string, user = anna, path = CALENDAR) =>
    server.request(user, 'REPORT', path, {
      headers: { 'Content-Type': 'application/xml', Depth: '1' },
      body: `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range ${attributes}/></C:free-busy-query>`,
    });
  await put('a.ics', event('a', '20260310T100000Z', 'SUMMARY:Confidential', 'LOCATION:Nowhere'));
  await put('b.ics', event('b', '20260101T180000Z', 'RRULE:FREQ=DAILY'));
  const week = 'start="20260309T000000Z" end="20260312T000000Z"';

  await t.test('answers iCalendar: times only', async (t) => {
    const { status, headers, text } = await ask(week);
    t.equal(status, 200);
    t.match(headers['content-type'], /^text\/calendar/);
    const unfolded = text.replace(/\r\n /g, '');
    t.match(unfolded, 'DTSTART:20260309T000000Z\r\nDTEND:20260312T000000Z\r\n');
    const periods = /FREEBUSY;FBTYPE=BUSY:(.*)\r\n/.exec(unfolded)?.[1]?.split(',');
    t.same(periods, [
      '20260309T180000Z/20260309T190000Z',
      '20260310T100000Z/20260310T110000Z',
      '20260310T180000Z/20260310T190000Z',
      '20260311T180000Z/20260311T190000Z',
    ]);
    t.notMatch(text, /Confidential|Nowhere|SUMMARY|ATTENDEE/);
  });

  await t.test('RFC 6638 §2.3: not of an inbox, nor of an outbox', async (t) => {
    for (const name of ['inbox', 'outbox']) {
      const path = `/dav/calendars/anna/${name}/`;
      const { status, text } = await ask(week, anna, path);
      t.equal(status, 403, name);
      t.match(text, '<D:supported-report/>');
      const told = await server.request(anna, 'PROPFIND', path, {
        headers: { depth: '0' },
        body: '<D:propfind xmlns:D="DAV:"><D:prop><D:supported-report-set/></D:prop></D:propfind>',
      });
      t.match(told.text, 'calendar-query');
      t.notMatch(told.text, 'free-busy-query');
    }
  });

  await t.test(
    'what its owner declined is free, what is uncertain is tentative, whatever others answered',
    async (t) => {
      const meeting = (uid: string, start: string, partstat: string, ...more: string[]) =>
        event(
          uid,
          start,
          'ORGANIZER:mailto:boss@elsewhere.example',
          'ATTENDEE;PARTSTAT=DECLINED:mailto:carl@elsewhere.example',
          `ATTENDEE;PARTSTAT=${partstat}:MAILTO:Anna@Example.org`,
          ...more,
        );
      const day = 'start="20260401T000000Z" end="20260402T000000Z"';
      const shown = async () =>
        (await ask(day)).text
          .replace(/\r\n /g, '')
          .split('\r\n')
          .filter((line) => line.startsWith('FREEBUSY') && !line.includes('T180000Z'));
      await server.request(anna, 'DELETE', `${CALENDAR}b.ics`);
      await put('declined.ics', meeting('declined', '20260401T080000Z', 'DECLINED'));
      await put('delegated.ics', meeting('delegated', '20260401T090000Z', 'DELEGATED'));
      await put('perhaps.ics', meeting('perhaps', '20260401T100000Z', 'TENTATIVE'));
      await put('unanswered.ics', meeting('unanswered', '20260401T110000Z', 'NEEDS-ACTION'));
      await put('accepted.ics', meeting('accepted', '20260401T120000Z', 'ACCEPTED'));
      t.same(await shown(), [
        'FREEBUSY;FBTYPE=BUSY:20260401T110000Z/20260401T130000Z',
        'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260401T100000Z/20260401T110000Z',
      ]);
      await put('accepted.ics', meeting('accepted', '20260401T120000Z', 'DECLINED', 'SEQUENCE:1'));
      t.same((await shown())[0], 'FREEBUSY;FBTYPE=BUSY:20260401T110000Z/20260401T120000Z');
      for (const name of ['declined', 'delegated', 'perhaps', 'unanswered', 'accepted'])
        await server.request(anna, 'DELETE', `${CALENDAR}${name}.ics`);
      await put('b.ics', event('b', '20260101T180000Z', 'RRULE:FREQ=DAILY'));
    },
  );

  await t.test('asked of a home counts its opaque calendars', async (t) => {
    const { text } = await ask(week, anna, '/dav/calendars/anna/');
    t.match(text.replace(/\r\n /g, ''), '20260310T100000Z/20260310T110000Z');
    const transparent = '<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>';
    const set = (value: string) =>
      server.request(anna, 'PROPPATCH', CALENDAR, {
        headers: { 'Content-Type': 'application/xml' },
        body: `<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>${value}</D:prop></D:set></D:propertyupdate>`,
      });
    await set(transparent);
    t.notMatch((await ask(week, anna, '/dav/calendars/anna/')).text, 'FREEBUSY;');
    t.match((await ask(week)).text, 'FREEBUSY;');
    await set(transparent.replace('C:transparent/', 'C:opaque/'));
  });

  await t.test('is refused for what has no bounded answer', async (t) => {
    for (const attributes of ['', 'start="20260309T000000Z"', 'start="20260309" end="20260310"']) {
      t.equal((await ask(attributes)).status, 400, attributes);
    }
    const early = await ask('start="10000101T000000Z" end="20260101T000000Z"');
    t.equal(early.status, 403);
    t.match(early.text, '<C:min-date-time/>');
    const late = await ask('start="20260101T000000Z" end="99980101T000000Z"');
    t.equal(late.status, 403);
    t.match(late.text, '<C:max-date-time/>');
    const started = performance.now();
    const wide = await ask('start="16000101T000000Z" end="25000101T000000Z"');
    t.equal(wide.status, 507);
    t.match(wide.text, '<D:number-of-matches-within-limits/>');
    t.ok(performance.now() - started < 1_000);
  });

  await t.test("shows nobody else's time unless granted, and then times alone", async (t) => {
    t.ok([403, 404].includes((await ask(week, bert)).status));
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
    const granted = await ask(week, bert);
    t.equal(granted.status, 200);
    t.match(granted.text.replace(/\r\n /g, ''), '20260310T100000Z/20260310T110000Z');
    t.notMatch(granted.text, /Confidential|UID:a/);
    for (const [method, path] of [
      ['GET', `${CALENDAR}a.ics`],
      ['PROPFIND', `${CALENDAR}a.ics`],
      ['DELETE', `${CALENDAR}a.ics`],
    ] as const) {
      t.ok([403, 404].includes((await server.request(bert, method, path)).status), method);
    }
    const query = await server.request(bert, 'REPORT', CALENDAR, {
      headers: { 'Content-Type': 'application/xml' },
      body: '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>',
    });
    t.ok([403, 404].includes(query.status), `calendar-query: ${query.status}`);
    t.notMatch(query.text, 'a.ics');
  });
});
