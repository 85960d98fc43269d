/**
 * RFC 6047 with the mail of other systems: what arrives by SMTP and LMTP is what CalDAV shows afterwards.
 * Pairs in fixtures/itip/vendors: NAME.eml in, the object as NAME.ics out.
 */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { ask, CALENDAR, propfindBody } from '../../support/dav.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { startMailServer } from '../../support/mail-server.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';

const folder = new URL('../../../fixtures/itip/vendors/', import.meta.url);
const now = Date.UTC(2027, 0, 4, 12);

const dns = await startDnsServer(t, {
  'guests.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
  '_dmarc.guests.example': { TXT: ['v=DMARC1; p=reject'] },
});
const server = await startMailServer(t, { environment: { CONVENE_DNS_SERVERS: dns.address }, now: () => now });
const { anna, bob } = server;
const card = [
  'BEGIN:VCARD',
  'VERSION:3.0',
  'UID:b',
  'FN:Bob',
  'N:;Bob;;;',
  'EMAIL:bob@guests.example',
  'END:VCARD',
  '',
];
await server.request(anna, 'PUT', '/dav/addressbooks/anna/addressbook/b.vcf', {
  headers: { 'content-type': 'text/vcard' },
  body: card.join('\r\n'),
});

/** Hands a mail over at a door; it has been looked into when the server answers. */
async function arrives(vendor: string, name: string, door: 'smtp' | 'lmtp' = 'smtp'): Promise<void> {
  const client = await server.talk(door);
  await client.commands('MAIL FROM:<bounces@guests.example>', 'RCPT TO:<anna@example.org>');
  const reply = await client.data(readFileSync(new URL(`${vendor}/${name}.eml`, folder)));
  if (!reply.startsWith('250')) throw new Error(reply);
  client.end();
}

async function members(path: string): Promise<string[]> {
  const { responses } = await ask(server, anna, 'PROPFIND', path, { depth: '1' }, propfindBody('D:getetag'));
  return responses.map(({ href }) => href).filter((href) => href !== path);
}

/** What came into the scheduling inbox since, as methods; it is emptied. */
async function inbox(): Promise<string[]> {
  const methods: string[] = [];
  for (const href of await members('/dav/calendars/anna/inbox/')) {
    const { text } = await server.request(anna, 'GET', href);
    methods.push(/^METHOD:(\S+)/m.exec(text)?.[1] ?? '');
    await server.request(anna, 'DELETE', href);
  }
  return methods;
}

async function compare(t: Test, href: string, vendor: string, name: string): Promise<void> {
  const { status, text } = await server.request(anna, 'GET', href);
  t.equal(status, 200);
  t.equal(text, readFileSync(new URL(`${vendor}/${name}.ics`, folder), 'utf8'), `${vendor} ${name}`);
}

for (const vendor of ['apple', 'google', 'outlook', 'thunderbird', 'zoho']) {
  t.test(`${vendor} invites, changes and cancels`, async (t) => {
    const before = new Set(await members('/dav/calendars/anna/calendar/'));
    await arrives(vendor, 'request');
    const [href = '', ...more] = (await members('/dav/calendars/anna/calendar/')).filter((one) => !before.has(one));
    t.same(more, [], 'one event, however often the mail holds it');
    for (const name of ['request', 'update', 'cancel']) {
      if (name !== 'request') await arrives(vendor, name);
      await compare(t, href, vendor, name);
      t.same(await inbox(), [name === 'cancel' ? 'CANCEL' : 'REQUEST'], 'shown once');
      if (name === 'update') {
        await arrives(vendor, 'request');
        await compare(t, href, vendor, name);
        t.same(await inbox(), [], 'an older one that comes late changes nothing');
      }
    }
  });

  t.test(`${vendor} answers and proposes another time`, async (t) => {
    const path = `/dav/calendars/anna/calendar/${vendor}-plan.ics`;
    const guest = 'ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@guests.example';
    const people = [organizer('anna'), attendee('anna', 'ACCEPTED'), attendee('bob'), guest];
    const lines = [...people, 'SUMMARY:Plan', 'SEQUENCE:0', 'RRULE:FREQ=WEEKLY;COUNT=4'];
    const text = calendarText(`${vendor}-plan@example.org`, [{ lines }]);
    t.equal((await ask(server, anna, 'PUT', path, CALENDAR, text)).status, 201);
    await arrives(vendor, 'reply', 'lmtp');
    await compare(t, path, vendor, 'reply');
    t.same(await inbox(), ['REPLY']);
    await arrives(vendor, 'reply');
    await compare(t, path, vendor, 'reply');
    await inbox();
    await arrives(vendor, 'counter', 'lmtp');
    await compare(t, path, vendor, 'reply');
    t.same(await inbox(), ['COUNTER'], 'for the organizer to decide');
    const { text: copy } = await server.request(bob, 'GET', await copyOf(`${vendor}-plan@example.org`));
    t.match(
      copy.replace(/\r\n /g, ''),
      /PARTSTAT=(?:ACCEPTED|DECLINED|TENTATIVE)[^:]*:mailto:bob@guests/,
      'others are told',
    );
  });
}

/** Where Bob of this server has his copy. */
async function copyOf(icalUid: string): Promise<string> {
  const row = await server.store.calendarObjects.ofUid(bob.id, 0, icalUid);
  return `/dav/calendars/bob/calendar/${row?.name}`;
}
