/** Properties and creation of calendars: RFC 4791 §5.2, §5.3.1, §6.2, through a whole server. */
import t from 'tap';
import { startServer } from '../../support/server.ts';

const NAMESPACES =
  'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"';
const VTIMEZONE = (tzid: string) =>
  `BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:${tzid}&#13;\nBEGIN:STANDARD&#13;\nDTSTART:19700101T000000&#13;\nTZOFFSETFROM:+0100&#13;\nTZOFFSETTO:+0100&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n`;

/** The value of a property that was found; undefined when it is under 404. */
function property(text: string, name: string): string | undefined {
  const found = text.split('<D:propstat>').find((part) => part.includes('HTTP/1.1 200 OK')) ?? '';
  const match = new RegExp(`<([A-Za-z]+:)?${name}(?: [^>]*)?(?:/>|>(.*?)</(?:[A-Za-z]+:)?${name}>)`, 's').exec(found);
  return match === null ? undefined : (match[2] ?? '');
}

t.test('calendars', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const propfind = async (path: string, names: string) => {
    const { text } = await server.request(anna, 'PROPFIND', path, {
      headers: { 'Content-Type': 'application/xml', Depth: '0' },
      body: `<D:propfind ${NAMESPACES}><D:prop>${names}</D:prop></D:propfind>`,
    });
    return text;
  };
  const set = (method: string, path: string, properties: string, root = 'D:propertyupdate') =>
    server.request(anna, method, path, {
      headers: { 'Content-Type': 'application/xml' },
      body: `<${root} ${NAMESPACES}><D:set><D:prop>${properties}</D:prop></D:set></${root}>`,
    });
  const home = '/dav/calendars/anna/';

  await t.test('the principal tells its home and addresses (RFC 4791 §6.2.1, RFC 6638 §2.4.1)', async (t) => {
    const text = await propfind(
      '/dav/principals/anna/',
      '<C:calendar-home-set/><C:calendar-user-address-set/><C:calendar-user-type/><CS:email-address-set/>',
    );
    t.equal(property(text, 'calendar-home-set'), `<D:href>${home}</D:href>`);
    t.equal(
      property(text, 'calendar-user-address-set'),
      '<D:href preferred="1">mailto:anna@example.org</D:href><D:href>/dav/principals/anna/</D:href>',
    );
    t.equal(property(text, 'calendar-user-type'), 'INDIVIDUAL');
    t.equal(property(text, 'email-address-set'), '<CS:email-address>anna@example.org</CS:email-address>');
  });

  await t.test('the home lists separate sets of components (clients.md A5)', async (t) => {
    const text = await propfind(home, '<C:supported-calendar-component-sets/>');
    t.equal(text.match(/<C:supported-calendar-component-set>/g)?.length, 2);
  });

  await t.test('what a calendar tells of itself (RFC 4791 §5.2)', async (t) => {
    const text = await propfind(
      `${home}tasks/`,
      '<C:supported-calendar-component-set/><C:supported-calendar-data/><C:supported-collation-set/><C:max-resource-size/>' +
        '<C:min-date-time/><C:max-date-time/><C:max-attendees-per-instance/><C:schedule-calendar-transp/><C:calendar-timezone/>',
    );
    t.equal(property(text, 'supported-calendar-component-set'), '<C:comp name="VTODO"/>');
    t.equal(
      property(text, 'supported-calendar-data'),
      '<C:calendar-data content-type="text/calendar" version="2.0"/>' +
        '<C:calendar-data content-type="application/calendar+json" version="2.0"/>',
    );
    t.match(property(text, 'supported-collation-set'), 'i;octet');
    t.equal(property(text, 'max-resource-size'), '10485760');
    t.equal(property(text, 'min-date-time'), '16000101T000000Z');
    t.equal(property(text, 'max-date-time'), '25000101T000000Z');
    t.equal(property(text, 'schedule-calendar-transp'), '<C:opaque/>');
    t.equal(property(text, 'calendar-timezone'), undefined);
  });

  await t.test('MKCALENDAR as Apple and DAVx5 send it (RFC 4791 §5.3.1, clients.md A4)', async (t) => {
    const made = await set(
      'MKCALENDAR',
      `${home}work/`,
      '<A:calendar-color symbolic-color="blue">#1D9BF6FF</A:calendar-color><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>' +
        `<D:displayname>Arbeit &amp; mehr</D:displayname><C:calendar-timezone>${VTIMEZONE('Europe/Paris')}</C:calendar-timezone>` +
        '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set><A:calendar-order>7</A:calendar-order>',
      'C:mkcalendar',
    );
    t.equal(made.status, 201);
    const text = await propfind(
      `${home}work/`,
      '<D:resourcetype/><D:displayname/><A:calendar-color/><A:calendar-order/><C:supported-calendar-component-set/><C:schedule-calendar-transp/><C:calendar-timezone/>',
    );
    t.match(property(text, 'resourcetype'), '<C:calendar/>');
    t.equal(property(text, 'displayname'), 'Arbeit &amp; mehr');
    t.equal(property(text, 'calendar-color'), '#1D9BF6FF');
    t.match(text, 'symbolic-color="blue"');
    t.equal(property(text, 'supported-calendar-component-set'), '<C:comp name="VTODO"/>');
    t.equal(property(text, 'schedule-calendar-transp'), '<C:transparent/>');
    t.equal(property(text, 'calendar-timezone'), VTIMEZONE('Europe/Paris'));
    t.match(await server.store.collections.bySegment(anna.id, 'calendars', 'work'), {
      timeZone: 'Europe/Paris',
      components: 'VTODO',
      transparent: 1,
    });
    t.equal((await server.request(anna, 'MKCALENDAR', `${home}work/`)).status, 403);
  });

  await t.test('extended MKCOL; components that are not kept are passed over (RFC 5689, clients.md K1)', async (t) => {
    const comps = ['VCALENDAR', 'VEVENT', 'VTODO', 'VFREEBUSY', 'VJOURNAL'].map((name) => `<C:comp name="${name}"/>`);
    const made = await set(
      'MKCOL',
      `${home}kde/`,
      `<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><C:supported-calendar-component-set>${comps.join('')}</C:supported-calendar-component-set>`,
      'D:mkcol',
    );
    t.equal(made.status, 201);
    t.match(await server.store.collections.bySegment(anna.id, 'calendars', 'kde'), {
      components: 'VEVENT,VTODO,VJOURNAL,VFREEBUSY',
    });
    t.equal((await server.request(anna, 'MKCALENDAR', `${home}plain/`)).status, 201);
    t.match(await server.store.collections.bySegment(anna.id, 'calendars', 'plain'), {
      components: 'VEVENT,VTODO,VJOURNAL',
    });
  });

  await t.test('what cannot be made is not made in part', async (t) => {
    const zone = await set(
      'MKCALENDAR',
      `${home}bad/`,
      '<C:calendar-timezone>nonsense</C:calendar-timezone>',
      'C:mkcalendar',
    );
    t.ok(zone.status >= 400 || zone.status === 207, `${zone.status}`);
    t.match(zone.text, 'valid-calendar-data');
    const poll = '<C:supported-calendar-component-set><C:comp name="VPOLL"/></C:supported-calendar-component-set>';
    t.match((await set('MKCALENDAR', `${home}bad/`, poll, 'C:mkcalendar')).text, 'supported-calendar-component');
    t.equal((await server.request(anna, 'PROPFIND', `${home}bad/`, { headers: { Depth: '0' } })).status, 404);
  });

  await t.test('PROPPATCH: the zone is judged, components are fixed (RFC 4791 §5.2.2, §5.2.3)', async (t) => {
    const zone = (tzid: string) => `<C:calendar-timezone>${VTIMEZONE(tzid)}</C:calendar-timezone>`;
    t.match((await set('PROPPATCH', `${home}calendar/`, zone('America/New_York'))).text, 'HTTP/1.1 200 OK');
    t.match(await server.store.collections.bySegment(anna.id, 'calendars', 'calendar'), {
      timeZone: 'America/New_York',
    });
    const bad = await set('PROPPATCH', `${home}calendar/`, '<C:calendar-timezone>x</C:calendar-timezone>');
    t.match(bad.text, /403 Forbidden.*valid-calendar-data/s);
    t.equal(
      property(await propfind(`${home}calendar/`, '<C:calendar-timezone/>'), 'calendar-timezone'),
      VTIMEZONE('America/New_York'),
    );
    const components =
      '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>';
    t.match((await set('PROPPATCH', `${home}calendar/`, components)).text, /403 Forbidden/);
    for (const name of ['supported-calendar-data', 'max-resource-size', 'min-date-time']) {
      t.match((await set('PROPPATCH', `${home}calendar/`, `<C:${name}>1</C:${name}>`)).text, /403 Forbidden/, name);
    }
    t.match(
      (await set('PROPPATCH', `${home}calendar/`, '<C:calendar-description>Ours</C:calendar-description>')).text,
      '200 OK',
    );
    t.equal(property(await propfind(`${home}calendar/`, '<C:calendar-description/>'), 'calendar-description'), 'Ours');
  });
});
