/**
 * Client set-up as programs ask for it: autoconfig, autodiscover, profiles, one-time links, the page for people.
 * RFC 6186 §3, RFC 6764 §3; the keys of Apple's payloads are those of apple/device-management, mdm/profiles.
 */
import t from 'tap';
import { parseXml } from '../../../protocols/dav/xml-parser.ts';
import { servicesOf, zoneLines } from '../../../src/setup/service-records.ts';
import { startServer } from '../../support/server.ts';

const PUBLIC = {
  CONVENE_PUBLIC_URL: 'https://dav.example.org',
  CONVENE_IMAPS_PORT: '0',
  CONVENE_SUBMISSIONS_PORT: '0',
};
const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';

function ask(address: string, schema = OUTLOOK): string {
  return (
    '<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">' +
    `<Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`
  );
}

t.test('Thunderbird finds mail, calendars and contacts from the address alone', async (t) => {
  const server = await startServer(t, { environment: PUBLIC });
  for (const path of ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml']) {
    const { status, headers, text } = await server.request(
      undefined,
      'GET',
      `${path}?emailaddress=nobody%40example.org`,
    );
    t.equal(status, 200);
    t.match(headers['content-type'], /^text\/xml/);
    const provider = parseXml(Buffer.from(text)).elements()[0];
    t.ok(provider, 'well-formed');
    t.match(
      text,
      /<incomingServer type="imap">\s*<hostname>dav\.example\.org<\/hostname>\s*<port>993<\/port>\s*<socketType>SSL</,
    );
    t.match(text, /<outgoingServer type="smtp">\s*<hostname>dav\.example\.org<\/hostname>\s*<port>465<\/port>/);
    t.match(text, /<calendar type="caldav">[\s\S]*<serverURL>https:\/\/dav\.example\.org\/dav\/<\/serverURL>/);
    t.match(text, /<addressBook type="carddav">/);
    t.match(text, '<domain>example.org</domain>');
  }
  t.equal((await server.request(undefined, 'GET', '/mail/config-v1.1.xml?emailaddress=a%40other.example')).status, 404);
});

t.test('Outlook: POX in any letter case, the same for all addresses, 600 for nonsense; JSON', async (t) => {
  const server = await startServer(t, { environment: PUBLIC });
  await server.addUser('anna');
  const post = (path: string, body: string) =>
    server.request(undefined, 'POST', path, { headers: { 'Content-Type': 'text/xml' }, body });
  for (const path of [
    '/autodiscover/autodiscover.xml',
    '/Autodiscover/Autodiscover.xml',
    '/AUTODISCOVER/AutoDiscover.XML',
  ]) {
    const known = await post(path, ask('anna@example.org'));
    t.equal(known.status, 200, path);
    const unknown = await post(path, ask('nina@example.org'));
    t.equal(unknown.text.replaceAll('nina', 'anna'), known.text, 'nobody learns who exists');
    t.match(known.text, `<Response xmlns="${OUTLOOK}">`);
    t.match(known.text, '<AccountType>email</AccountType><Action>settings</Action>');
    t.match(
      known.text,
      /<Type>IMAP<\/Type><Server>dav\.example\.org<\/Server><Port>993<\/Port><LoginName>anna@example\.org</,
    );
    t.match(known.text, /<Type>SMTP<\/Type><Server>dav\.example\.org<\/Server><Port>465<\/Port>/);
    t.notMatch(known.text, /EXCH|EXPR|mapiHttp|MobileSync/);
    parseXml(Buffer.from(known.text));
  }
  const path = '/autodiscover/autodiscover.xml';
  for (const body of [
    '',
    'nonsense',
    ask('anna@example.org', 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006'),
    ask('not an address'),
    ask('a@elsewhere.example'),
    `<!DOCTYPE x [<!ENTITY a "b">]>${ask('anna@example.org')}`,
  ])
    t.match((await post(path, body)).text, '<ErrorCode>600</ErrorCode>', body.slice(0, 60));
  t.equal((await post(path, 'x'.repeat(100_000))).status, 413);
  const json = (query: string) => server.request(undefined, 'GET', `/autodiscover/autodiscover.json${query}`);
  const found = await json('/v1.0/anna@example.org?Protocol=autodiscoverv1&RedirectCount=1');
  t.same(JSON.parse(found.text), {
    Protocol: 'AutodiscoverV1',
    Url: 'https://dav.example.org/autodiscover/autodiscover.xml',
  });
  const refused = await json('?Email=anna@example.org&Protocol=ActiveSync');
  t.equal(refused.status, 400);
  t.match(JSON.parse(refused.text), { ErrorCode: 'InvalidProtocol' });
});

/** Required and known keys beside those of every payload. */
const PAYLOADS: Readonly<Record<string, { required: string[]; known: string[] }>> = {
  'com.apple.mail.managed': {
    required: [
      'EmailAccountType',
      'IncomingMailServerAuthentication',
      'IncomingMailServerHostName',
      'OutgoingMailServerAuthentication',
      'OutgoingMailServerHostName',
    ],
    known: [
      'EmailAccountDescription',
      'EmailAccountName',
      'EmailAddress',
      'IncomingMailServerPortNumber',
      'IncomingMailServerUseSSL',
      'IncomingMailServerUsername',
      'OutgoingMailServerPortNumber',
      'OutgoingMailServerUseSSL',
      'OutgoingMailServerUsername',
      'OutgoingPasswordSameAsIncomingPassword',
    ],
  },
  'com.apple.caldav.account': {
    required: ['CalDAVHostName'],
    known: ['CalDAVAccountDescription', 'CalDAVPort', 'CalDAVUseSSL', 'CalDAVUsername'],
  },
  'com.apple.carddav.account': {
    required: ['CardDAVHostName'],
    known: ['CardDAVAccountDescription', 'CardDAVPort', 'CardDAVUseSSL', 'CardDAVUsername'],
  },
  'com.apple.subscribedcalendar.account': {
    required: ['SubCalAccountHostName'],
    known: ['SubCalAccountDescription', 'SubCalAccountUseSSL'],
  },
};
const EVERY = ['PayloadType', 'PayloadVersion', 'PayloadIdentifier', 'PayloadUUID', 'PayloadDisplayName'];

/** The payloads of a profile: dictionaries of text. */
function payloadsOf(profile: string): Map<string, string>[] {
  const content = /<key>PayloadContent<\/key>\s*<array>([\s\S]*)<\/array>/.exec(profile)?.[1] ?? '';
  return content
    .split('<dict>')
    .slice(1)
    .map(
      (dict) =>
        new Map(
          [...dict.matchAll(/<key>([^<]*)<\/key>\s*(?:<(?:string|integer)>([^<]*)<\/|<(true|false)\/>)/g)].map(
            (match) => [match[1] ?? '', match[2] ?? match[3] ?? ''],
          ),
        ),
    );
}

type Assertions = Pick<typeof t, 'ok' | 'same' | 'match'>;

function checkPayloads(t: Assertions, payloads: readonly Map<string, string>[]): void {
  for (const payload of payloads) {
    const type = payload.get('PayloadType') ?? '';
    const { required = [], known = [] } = PAYLOADS[type] ?? {};
    for (const key of [...EVERY, ...required]) t.ok(payload.get(key), `${type} has ${key}`);
    const strange = [...payload.keys()].filter((key) => ![...EVERY, ...required, ...known].includes(key));
    t.same(strange, [], `${type} has nothing else`);
    t.match(payload.get('PayloadUUID'), /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}$/);
  }
}

t.test('a one-time link: looking does not use it up; one device gets a password and a profile', async (t) => {
  let now = Date.parse('2026-11-26T12:00:00Z');
  const server = await startServer(t, { environment: PUBLIC, now: () => now });
  const anna = await server.addUser('anna');
  const made = await server.request(anna, 'POST', '/api/setup-links');
  t.equal(made.status, 201);
  const { url, qr } = JSON.parse(made.text);
  t.match(url, /^https:\/\/dav\.example\.org\/setup\/link\/[A-Za-z0-9_-]{22}$/);
  t.match(qr, /^<svg/);
  const path = new URL(url).pathname;
  const phone = { 'User-Agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1)', 'Accept-Language': 'fr-CH, en;q=0.5' };
  for (const method of ['GET', 'HEAD', 'GET']) {
    const seen = await server.request(undefined, method, path, { headers: phone });
    t.equal(seen.status, 200, 'previews of mail programs do not use it up');
    t.match(seen.headers['content-security-policy'], /default-src 'none'; style-src 'sha256-.*form-action 'self'/);
  }
  t.match((await server.request(undefined, 'GET', path, { headers: phone })).text, 'lang="fr"');
  const cross = { 'Sec-Fetch-Site': 'cross-site' };
  t.equal((await server.request(undefined, 'POST', path, { headers: cross })).status, 403);
  const [used, second] = await Promise.all(
    [0, 1].map(() => server.request(undefined, 'POST', path, { headers: phone })),
  ).then((both) => both.sort((a, b) => a.status - b.status));
  t.equal(used?.status, 200);
  t.equal(second?.status, 404, 'one of two at the same time');
  t.equal((await server.request(undefined, 'GET', path)).status, 404);
  const password = /<code>([a-z0-9]{6}(?:-[a-z0-9]{5}){4})<\/code>/.exec(used?.text ?? '')?.[1] ?? '';
  const device = { ...anna, password };
  t.equal((await server.request(device, 'GET', '/dav/calendars/anna/calendar/')).status, 200);
  t.match(await server.app.devicePasswords.list(await server.app.principals.find('anna')), [
    { name: 'iPhone and iPad' },
  ]);

  const profilePath = /href="(\/setup\/profile\/[^"]+)"/.exec(used?.text ?? '')?.[1] ?? '';
  const profile = await server.request(undefined, 'GET', profilePath);
  t.equal(profile.headers['content-type'], 'application/x-apple-aspen-config');
  const payloads = payloadsOf(profile.text);
  t.same(
    payloads.map((payload) => payload.get('PayloadType')),
    ['com.apple.mail.managed', 'com.apple.caldav.account', 'com.apple.carddav.account'],
  );
  checkPayloads(t, payloads);
  t.notMatch(profile.text, password, 'the device asks for the password');
  t.equal((await server.request(undefined, 'GET', profilePath)).text, profile.text, 'the same identifiers again');
  now += 16 * 60_000;
  t.equal((await server.request(undefined, 'GET', profilePath)).status, 404, 'for some minutes');
  const late = JSON.parse((await server.request(anna, 'POST', '/api/setup-links')).text);
  now += 24 * 3_600_000;
  t.equal((await server.request(undefined, 'POST', new URL(late.url).pathname)).status, 404, 'after a day');
});

t.test('a published calendar as a profile', async (t) => {
  const server = await startServer(t, { environment: PUBLIC });
  await server.addUser('anna');
  const owner = await server.app.principals.find('anna');
  const { path } = await server.app.feeds.create(owner, { calendar: 'calendar', level: 'busy' });
  const { text } = await server.request(undefined, 'GET', `${path}/subscribe.mobileconfig`);
  const payloads = payloadsOf(text);
  checkPayloads(t, payloads);
  t.equal(payloads[0]?.get('SubCalAccountHostName'), `https://dav.example.org${path}`);
  t.equal((await server.request(undefined, 'GET', '/feeds/x/y.ics/subscribe.mobileconfig')).status, 404);
});

t.test('the page for people, in their language and for their device', async (t) => {
  const server = await startServer(t, { environment: PUBLIC });
  const see = async (agent: string, language: string, query = '') =>
    (
      await server.request(undefined, 'GET', `/setup${query}`, {
        headers: { 'User-Agent': agent, 'Accept-Language': language },
      })
    ).text;
  t.match(await see('Mozilla/5.0 (iPhone)', 'en-GB'), /lang="en".*iPhone and iPad/s);
  t.match(await see('Mozilla/5.0 (Linux; Android 15)', 'fr'), /lang="fr".*DAVx⁵ ; ajoutez/s);
  t.match(await see('Mozilla/5.0 (Windows NT 10.0)', 'de, fr;q=0.8'), /lang="fr".*CalDav Synchronizer/s);
  t.match(await see('x', 'xx', '?device=thunderbird&lang=fr'), /Thunderbird.*993/s);
  t.notMatch(await see('x', '<script>', '?device=<script>&lang=<script>'), '<script>');
});

t.test('records for the zone', async (t) => {
  const server = await startServer(t, { environment: PUBLIC });
  const lines = zoneLines('example.org', servicesOf(server.app.config));
  for (const line of [
    '_imaps._tcp.example.org. IN SRV 0 1 993 dav.example.org.',
    '_submissions._tcp.example.org. IN SRV 0 1 465 dav.example.org.',
    '_caldavs._tcp.example.org. IN SRV 0 1 443 dav.example.org.',
    '_carddavs._tcp.example.org. IN TXT "path=/dav/"',
    '_autodiscover._tcp.example.org. IN SRV 0 1 443 dav.example.org.',
  ])
    t.ok(lines.includes(line), line);
});
