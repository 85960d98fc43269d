/** PUT, GET, DELETE, COPY and MOVE of calendar object resources: RFC 4791 §5.3.2 to §5.3.4, through a whole server. */
import t from 'tap';
import { event, icalendar } from '../../support/calendar.ts';
import { startServer } from '../../support/server.ts';

const CALENDAR = '/dav/calendars/anna/calendar/';
const TYPE = { 'Content-Type': 'text/calendar; charset=utf-8' };

/** The one element inside DAV:error, with its prefix; undefined for another body. */
function condition(text: string): string | undefined {
  return /<D:error[^>]*><([A-Z]+:[a-z-]+)(?:\/>|>.*<\/\1>)<\/D:error>\s*$/s.exec(text)?.[1];
}

t.test('a calendar object', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const bert = await server.addUser('bert');
  const put = (name: string, body: string | Buffer, headers: Record<string, string> = TYPE) =>
    server.request(anna, 'PUT', CALENDAR + name, { headers, body });
  const get = (name: string) => server.request(anna, 'GET', CALENDAR + name);

  await t.test('comes back as it was sent (RFC 4791 §5.3.4)', async (t) => {
    const octets = event(
      'whole',
      '20260302T100000Z',
      'SUMMARY:Größe 🎉',
      'X-OWN;X-P="a;b":kept',
      'X-FOLDED:one',
      '  two',
    );
    const made = await put('whole.ics', octets, { ...TYPE, 'If-None-Match': '*' });
    t.equal(made.status, 201);
    const read = await get('whole.ics');
    t.equal(read.status, 200);
    t.equal(read.text, octets);
    t.equal(read.headers.etag, made.headers.etag);
    t.match(read.headers.etag, /^"[^"]+"$/);
    t.match(read.headers['content-type'], /^text\/calendar; ?charset=utf-8/);
    t.equal((await put('whole.ics', octets, { ...TYPE, 'If-None-Match': '*' })).status, 412);
    t.equal((await put('whole.ics', octets, { ...TYPE, 'If-Match': '"other"' })).status, 412);
    const changed = await put('whole.ics', event('whole'), { ...TYPE, 'If-Match': made.headers.etag ?? '' });
    t.equal(changed.status, 204);
    t.not(changed.headers.etag, made.headers.etag);
  });

  await t.test('whose stored octets are not those sent has no ETag in the answer', async (t) => {
    const marked = await put('marked.ics', `\uFEFF${event('marked')}`);
    t.equal(marked.status, 201);
    t.equal(marked.headers.etag, undefined);
    t.equal((await get('marked.ics')).text, event('marked'), 'without its byte order mark');
    for (const [name, octets] of [
      ['lf.ics', event('lf').replaceAll('\r\n', '\n')],
      ['open.ics', event('open').trimEnd()],
    ] as const) {
      const made = await put(name, octets);
      t.equal(made.status, 201, name);
      const read = await get(name);
      t.equal(read.text, octets, name);
      t.equal(read.headers.etag, made.headers.etag, name);
    }
  });

  await t.test('names it cannot be put under', async (t) => {
    t.equal(
      (await server.request(anna, 'PUT', '/dav/calendars/anna/none/a.ics', { headers: TYPE, body: event('x') })).status,
      409,
    );
    t.equal(
      (await server.request(anna, 'PUT', '/dav/calendars/anna/a.ics', { headers: TYPE, body: event('x') })).status,
      403,
    );
    t.equal((await put(`${'n'.repeat(300)}.ics`, event('long'))).status, 403);
    const odd = await put('a%20b%2Bc%C3%A9.ics', event('odd'));
    t.equal(odd.status, 201);
    t.equal((await get('a%20b+c%c3%a9.ics')).status, 200, 'compared after decoding');
  });

  await t.test('what is refused, with exactly one precondition (RFC 4791 §5.3.2.1)', async (t) => {
    const lines = (...all: string[]) => `${all.join('\r\n')}\r\n`;
    const twoUids = event('one').replace(
      'END:VCALENDAR',
      event('two').match(/BEGIN:VEVENT.*END:VCALENDAR/s)?.[0] ?? '',
    );
    const deep = lines('BEGIN:VCALENDAR', 'VERSION:2.0', ...Array.from({ length: 50_000 }, () => 'BEGIN:VEVENT'));
    const rule = (text: string) => event('bad', '20260302T100000Z', `RRULE:${text}`);
    const attendees = Array.from({ length: 20_000 }, (_, i) => `ATTENDEE:mailto:u${i}@example.org`);
    const table: [string, string | Buffer, string][] = [
      ['not iCalendar', 'hello', 'C:valid-calendar-data'],
      ['nothing', '', 'C:valid-calendar-data'],
      ['a vCard', lines('BEGIN:VCARD', 'VERSION:3.0', 'FN:A', 'END:VCARD'), 'C:valid-calendar-data'],
      ['cut off', event('cut').slice(0, -30), 'C:valid-calendar-data'],
      [
        'not UTF-8',
        Buffer.concat([Buffer.from(event('a').slice(0, 60)), Buffer.from([0xff, 0xfe])]),
        'C:valid-calendar-data',
      ],
      ['a control character', event('c', '20260302T100000Z', 'SUMMARY:a\u0001b'), 'C:valid-calendar-data'],
      ['a bad date', event('d', '20261302T100000Z'), 'C:valid-calendar-data'],
      ['50,000 levels', deep, 'C:valid-calendar-data'],
      ['INTERVAL 0', rule('FREQ=DAILY;INTERVAL=0'), 'C:valid-calendar-data'],
      ['INTERVAL -1', rule('FREQ=DAILY;INTERVAL=-1'), 'C:valid-calendar-data'],
      ['no FREQ', rule('COUNT=3'), 'C:valid-calendar-data'],
      [
        'an unknown zone',
        event('z').replace('DTSTART:20260302T100000Z', 'DTSTART;TZID=../../etc/passwd:20260302T100000'),
        'C:valid-timezone',
      ],
      ['no UID', icalendar('VEVENT', 'DTSTART:20260302T100000Z'), 'C:valid-calendar-object-resource'],
      ['two UIDs', twoUids, 'C:valid-calendar-object-resource'],
      [
        'METHOD',
        event('m').replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST'),
        'C:valid-calendar-object-resource',
      ],
      [
        'nothing but a VCALENDAR',
        lines('BEGIN:VCALENDAR', 'VERSION:2.0', 'END:VCALENDAR'),
        'C:valid-calendar-object-resource',
      ],
      [
        'a task in a calendar of events',
        icalendar('VTODO', 'UID:t', 'DTSTAMP:20260101T000000Z'),
        'C:supported-calendar-component',
      ],
      ['20,000 attendees', event('many', '20260302T100000Z', ...attendees), 'C:max-attendees-per-instance'],
      ['the year 1', event('early', '00010101T100000Z'), 'C:min-date-time'],
      ['the year 9998', event('late', '99980101T100000Z'), 'C:max-date-time'],
    ];
    for (const [about, body, expected] of table) {
      const { status, text } = await put('refused.ics', body);
      t.same([status, condition(text)], [403, expected], about);
    }
    const other = await put('refused.ics', event('a'), { 'Content-Type': 'text/plain' });
    t.same([other.status, condition(other.text)], [403, 'C:supported-calendar-data']);
    const latin = await put('refused.ics', event('a'), { 'Content-Type': 'text/calendar; charset=iso-8859-1' });
    t.same([latin.status, condition(latin.text)], [403, 'C:supported-calendar-data']);
    const large = await put('refused.ics', event('big', '20260302T100000Z', `X-BIG:${'A'.repeat(10 * 1024 * 1024)}`));
    t.ok(large.status === 413 || condition(large.text) === 'C:max-resource-size', `too large: ${large.status}`);
    t.equal((await get('refused.ics')).status, 404, 'nothing was stored');
    t.equal((await put('untyped.ics', event('untyped'), {})).status, 201, 'without a Content-Type it is taken');
  });

  await t.test('a UID is used once (RFC 4791 §5.3.2.1, RFC 6638 §3.2.4.1)', async (t) => {
    await put('uid.ics', event('unique'));
    const same = await put('uid-again.ics', event('unique'));
    t.same([same.status, condition(same.text)], [409, 'C:no-uid-conflict']);
    t.match(same.text, `<D:href>${CALENDAR}uid.ics</D:href>`);
    const changed = await put('uid.ics', event('another'));
    t.same([changed.status, condition(changed.text)], [409, 'C:no-uid-conflict']);
    t.equal((await server.request(anna, 'MKCALENDAR', '/dav/calendars/anna/second/')).status, 201);
    const elsewhere = await server.request(anna, 'PUT', '/dav/calendars/anna/second/uid.ics', {
      headers: TYPE,
      body: event('unique'),
    });
    t.same([elsewhere.status, condition(elsewhere.text)], [409, 'C:unique-scheduling-object-resource']);
    const moved = await server.request(anna, 'MOVE', `${CALENDAR}uid.ics`, {
      headers: { Destination: `${server.url}/dav/calendars/anna/second/uid.ics` },
    });
    t.equal(moved.status, 201);
  });

  await t.test('odd but sound content is kept and harms nobody', async (t) => {
    const html = event(
      'html',
      '20260302T100000Z',
      'DESCRIPTION:<script>alert(1)</script>',
      'ATTACH:data:image/svg+xml,<svg/>',
    );
    t.equal((await put('html.ics', html)).status, 201);
    const read = await get('html.ics');
    t.equal(read.text, html);
    t.match(read.headers['content-type'], /^text\/calendar/);
    t.equal(read.headers['x-content-type-options'], 'nosniff');
    const escaped = event('crlf', '20260302T100000Z', 'SUMMARY:a\\r\\nATTENDEE:mailto:x@example.org');
    t.equal((await put('crlf.ics', escaped)).status, 201);
    const folded = event('folds', '20260302T100000Z', `DESCRIPTION:${'a\r\n '.repeat(300_000)}`);
    const started = performance.now();
    const answer = await put('folds.ics', folded);
    t.ok([201, 403].includes(answer.status), `folds: ${answer.status}`);
    if (answer.status === 201) t.equal((await get('folds.ics')).text, folded);
    const parameters = Array.from({ length: 100_000 }, (_, i) => `;X-P${i}=1`).join('');
    t.ok(
      [201, 403].includes((await put('parameters.ics', event('p', '20260302T100000Z', `X-A${parameters}:v`))).status),
    );
    t.ok(performance.now() - started < 2_000);
  });

  await t.test("another person's calendar is closed", async (t) => {
    const his = '/dav/calendars/bert/calendar/';
    const target = { headers: { Destination: `${server.url}${his}stolen.ics` } };
    await put('mine.ics', event('mine'));
    const octets = (await get('mine.ics')).text;
    for (const [who, method, path, options] of [
      [anna, 'PUT', `${his}a.ics`, { headers: TYPE, body: event('intruder') }],
      [anna, 'COPY', `${CALENDAR}mine.ics`, target],
      [anna, 'MOVE', `${CALENDAR}mine.ics`, target],
      [bert, 'COPY', `${CALENDAR}mine.ics`, target],
      [bert, 'MOVE', `${CALENDAR}mine.ics`, target],
      [bert, 'GET', `${CALENDAR}mine.ics`, {}],
      [bert, 'DELETE', `${CALENDAR}mine.ics`, {}],
      [bert, 'PUT', `${CALENDAR}mine.ics`, { headers: TYPE, body: event('mine') }],
    ] as const) {
      const { status } = await server.request(who, method, path, options);
      t.ok([403, 404, 409].includes(status), `${who.name} ${method} ${path}: ${status}`);
    }
    t.equal((await get('mine.ics')).text, octets);
    const listed = await server.request(bert, 'PROPFIND', his, { headers: { Depth: '1' } });
    t.equal(listed.text.match(/<D:response>/g)?.length, 1);
  });

  await t.test('copy and move between own calendars', async (t) => {
    await server.request(anna, 'MKCALENDAR', '/dav/calendars/anna/third/');
    await put('trip.ics', event('trip'));
    const to = (name: string, more: Record<string, string> = {}) => ({
      headers: { Destination: `${server.url}/dav/calendars/anna/third/${name}`, ...more },
    });
    t.equal((await server.request(anna, 'COPY', `${CALENDAR}trip.ics`, to('trip.ics'))).status, 201);
    t.equal(
      (await server.request(anna, 'COPY', `${CALENDAR}trip.ics`, to('trip.ics', { Overwrite: 'F' }))).status,
      412,
    );
    t.equal((await server.request(anna, 'COPY', `${CALENDAR}trip.ics`, to('trip.ics'))).status, 204);
    t.equal(
      (await server.request(anna, 'MOVE', `${CALENDAR}trip.ics`, to('trip.ics', { 'If-Match': '"old"' }))).status,
      412,
    );
    t.equal((await server.request(anna, 'MOVE', `${CALENDAR}trip.ics`, to('trip.ics'))).status, 204);
    t.equal((await get('trip.ics')).status, 404);
    const into = { headers: { Destination: `${server.url}/dav/calendars/anna/tasks/trip.ics` } };
    const refused = await server.request(anna, 'MOVE', '/dav/calendars/anna/third/trip.ics', into);
    t.same([refused.status, condition(refused.text)], [403, 'C:supported-calendar-component']);
  });
});
