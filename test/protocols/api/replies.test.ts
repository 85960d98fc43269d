/** The reply tracker through a whole server: sent, delivered or bounced, answered by calendar, mail and web, and who may read it. */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { ask, CALENDAR } from '../../support/dav.ts';
import { FakeMx } from '../../support/fake-mx.ts';
import { letter, startMailServer } from '../../support/mail-server.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';
import type { TestUser } from '../../support/server.ts';

interface Reply {
  address: string;
  partstat: string;
  exceptions: { recurrenceId: string; partstat: string }[];
  message?: { method: string; way: string; state: string; detail: string; sentAt: string };
  answer?: { partstat: string; via: string; at: string };
}

const refused = new Set(['gone@guests.example']);
const relay = await FakeMx.listen(t, {
  extensions: ['DSN', '8BITMIME'],
  command: (line) => {
    const [, address = ''] = /^RCPT TO:<([^>]*)>/i.exec(line) ?? [];
    return refused.has(address) ? '550 5.1.1 No such person' : undefined;
  },
});
const server = await startMailServer(t, {
  environment: { CONVENE_RELAY: `smtp://127.0.0.1:${relay.port}`, CONVENE_PUBLIC_URL: 'https://cal.example.org' },
});
const { anna, bob } = server;
const guest = (address: string) => `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${address}`;

async function invite(t: Test, uid: string, ...people: string[]): Promise<void> {
  const lines = [organizer('anna'), attendee('anna', 'ACCEPTED'), ...people, 'SUMMARY:Plan'];
  const put = await ask(
    server,
    anna,
    'PUT',
    `/dav/calendars/anna/calendar/${uid}.ics`,
    CALENDAR,
    calendarText(uid, [{ lines }]),
  );
  t.equal(put.status, 201);
}

async function replies(user: TestUser | undefined, query: string) {
  const { status, text } = await server.request(user, 'GET', `/api/scheduling/replies?${query}`);
  return { status, text, attendees: status === 200 ? (JSON.parse(text).attendees as Reply[]) : [] };
}

/** What is known of somebody, as soon as it is as wanted. */
async function becomes(uid: string, address: string, wanted: (reply: Reply) => boolean): Promise<Reply | undefined> {
  for (let patience = 400; ; patience--) {
    const { attendees } = await replies(anna, `uid=${encodeURIComponent(uid)}`);
    const found = attendees.find((one) => one.address === address);
    if (patience === 0 || (found !== undefined && wanted(found))) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function stored(uid: string): Promise<string> {
  const { text } = await server.request(anna, 'GET', `/dav/calendars/anna/calendar/${uid}.ics`);
  return text.replace(/\r\n /g, '');
}

/** The mail that the relay got for somebody. */
function mailTo(address: string) {
  return relay.messages.find(({ recipients }) => recipients.includes(address));
}

t.test('somebody here: delivered at once, answers in the calendar', async (t) => {
  await invite(t, 'here', attendee('bob'));
  const told = await becomes('here', 'bob@example.org', ({ message }) => message?.state === 'delivered');
  t.match(told, { partstat: 'NEEDS-ACTION', message: { method: 'REQUEST', way: 'calendar', state: 'delivered' } });
  t.equal(told?.answer, undefined);
  const row = await server.store.calendarObjects.ofUid(bob.id, 0, 'here');
  const path = `/dav/calendars/bob/calendar/${row?.name}`;
  const { text } = await server.request(bob, 'GET', path);
  await ask(server, bob, 'PUT', path, CALENDAR, text.replace('PARTSTAT=NEEDS-ACTION', 'PARTSTAT=TENTATIVE'));
  const answered = await becomes('here', 'bob@example.org', ({ answer }) => answer !== undefined);
  t.match(answered, { partstat: 'TENTATIVE', answer: { partstat: 'TENTATIVE', via: 'calendar' } });
});

t.test('somebody elsewhere: handed over, answers by mail and on the web', async (t) => {
  await invite(t, 'meeting-1@convene', guest('bob@guests.example'), guest('gina@guests.example'));
  const handed = await becomes('meeting-1@convene', 'bob@guests.example', ({ message }) => message?.state === 'sent');
  t.match(handed?.message, { way: 'mail', state: 'sent', detail: /^2/ });
  const client = await server.talk('lmtp');
  await client.commands('MAIL FROM:<bob@guests.example>', 'RCPT TO:<anna@example.org>');
  const mail = readFileSync(new URL('../../../fixtures/itip/google-reply.eml', import.meta.url));
  t.match(await client.data(mail), /^250/);
  const answered = await becomes('meeting-1@convene', 'bob@guests.example', ({ answer }) => answer !== undefined);
  t.match(answered, { partstat: 'ACCEPTED', answer: { partstat: 'ACCEPTED', via: 'mail' } });

  await becomes('meeting-1@convene', 'gina@guests.example', ({ message }) => message?.state === 'sent');
  const octets = mailTo('gina@guests.example')?.octets.replace(/=\r\n/g, '') ?? '';
  const [, path = ''] = /https:\/\/cal\.example\.org(\/invitation\/[A-Za-z0-9_-]+)/.exec(octets) ?? [];
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  t.equal((await server.request(undefined, 'POST', path, { headers: form, body: 'answer=DECLINED' })).status, 303);
  const declined = await becomes('meeting-1@convene', 'gina@guests.example', ({ answer }) => answer !== undefined);
  t.match(declined, { partstat: 'DECLINED', answer: { partstat: 'DECLINED', via: 'web' } });
});

t.test('a mail that is refused marks the attendee', async (t) => {
  await invite(t, 'refused', guest('gone@guests.example'), guest('bob@guests.example'));
  const bounced = await becomes('refused', 'gone@guests.example', ({ message }) => message?.state === 'bounced');
  t.match(bounced?.message, { state: 'bounced', detail: /^5\.1\.1 .*No such person/ });
  for (let patience = 200; patience > 0 && !/5\.1:mailto:gone/.test(await stored('refused')); patience--)
    await new Promise((resolve) => setTimeout(resolve, 25));
  t.match(await stored('refused'), /SCHEDULE-STATUS=5\.1:mailto:gone@guests/, 'RFC 6638 §3.2.9: clients see it too');
  t.match(await stored('refused'), /SCHEDULE-STATUS=1\.1:mailto:bob@guests/, 'and nobody else');
});

/** A report as other servers send it: RFC 3464. */
function report(envelopeId: string, action: string, recipient: string, original = ''): string {
  const status = action === 'failed' ? '5.2.2' : action === 'delayed' ? '4.4.1' : '2.0.0';
  const lines = [
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'A report.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    ...(envelopeId === '' ? [] : [`Original-Envelope-Id: ${envelopeId}`]),
    'Reporting-MTA: dns; mx.guests.example',
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 552 5.2.2 Mailbox',
    '\tis full',
    '',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    ...(original === '' ? [] : [`Message-ID: <${original}>`]),
    'Subject: Invitation: Plan',
    '',
    '--b--',
    '',
  ];
  const head = letter('mailer-daemon@guests.example', `Report ${action} ${original}`, '');
  return `${head.trimEnd()}\r\n${lines.join('\r\n')}`;
}

async function reported(text: string): Promise<void> {
  const client = await server.talk('lmtp');
  await client.commands('MAIL FROM:<>', 'RCPT TO:<anna@example.org>');
  const reply = await client.data(text);
  if (!reply.startsWith('250')) throw new Error(reply);
  client.end();
}

t.test('RFC 3464: reports of other servers', async (t) => {
  await invite(t, 'reported', guest('carl@guests.example'), guest('dora@guests.example'));
  for (const name of ['carl', 'dora'])
    await becomes('reported', `${name}@guests.example`, ({ message }) => message?.state === 'sent');
  const carl = mailTo('carl@guests.example')?.octets ?? '';
  const [, messageId = '', envelopeId = ''] = /^Message-ID: <(([^@>]+)@[^>]+)>/im.exec(carl) ?? [];
  t.match(relay.lines.join('\n'), `ENVID=${envelopeId}`, 'RFC 3461 §4.4');
  await reported(report(envelopeId, 'delayed', 'carl@guests.example'));
  t.match(await becomes('reported', 'carl@guests.example', () => true), { message: { state: 'delayed' } });
  await reported(report(envelopeId, 'delivered', 'carl@home.example'));
  t.match(await becomes('reported', 'carl@guests.example', () => true), { message: { state: 'delivered' } });
  t.match(await stored('reported'), /SCHEDULE-STATUS=1\.1:mailto:carl/);
  await reported(report('', 'failed', 'carl@guests.example', messageId));
  const bounced = await becomes('reported', 'carl@guests.example', ({ message }) => message?.state === 'bounced');
  t.match(
    bounced?.message,
    { state: 'bounced', detail: '5.2.2 552 5.2.2 Mailbox\tis full' },
    'known by what came back',
  );
  t.match(await stored('reported'), /SCHEDULE-STATUS=5\.1:mailto:carl/);
  await reported(report('schedule-1-0', 'failed', 'dora@guests.example'));
  await reported(report('', 'failed', 'dora@guests.example'));
  t.match(
    await becomes('reported', 'dora@guests.example', () => true),
    { message: { state: 'sent' } },
    'not by its address',
  );
});

t.test('only who acts as the organizer reads it', async (t) => {
  await invite(t, 'private', attendee('bob'));
  const cleo = await server.addUser('cleo');
  t.equal((await replies(undefined, 'uid=private')).status, 401);
  t.equal((await replies(anna, 'uid=private&organizer=ANNA@example.org')).status, 200);
  t.equal((await replies(anna, 'uid=unknown')).status, 404);
  await becomes('private', 'bob@example.org', ({ message }) => message?.state === 'delivered');
  const asAttendee = await replies(bob, 'uid=private');
  t.equal(asAttendee.status, 404, 'an attendee has a copy, and is not its organizer');
  for (const organizer of ['anna@example.org', 'nobody@example.org', 'x@elsewhere.example']) {
    const other = await replies(cleo, `uid=private&organizer=${organizer}`);
    t.equal(other.status, 404);
    t.equal(other.text.replace(/"instance":"[^"]*"/, ''), asAttendee.text.replace(/"instance":"[^"]*"/, ''));
  }
  const row = await server.store.collections.bySegment(anna.id, 'calendars', 'calendar');
  const grant = (rights: 'read-write' | 'manage') =>
    server.store.transaction((write) =>
      write.grants.add({ accountId: anna.id, collectionId: row?.id ?? 0, granteeId: cleo.id, rights, createdAt: 1 }),
    );
  await grant('read-write');
  t.equal((await replies(cleo, 'uid=private&organizer=anna@example.org')).status, 404, 'writing is not acting for');
  await grant('manage');
  t.equal((await replies(cleo, 'uid=private&organizer=anna@example.org')).status, 200);
});

t.test('questions that are none, and the description', async (t) => {
  for (const query of ['', 'uid=', `uid=${'x'.repeat(1_001)}`, 'uid=a&organizer=%3Cx%3E'])
    t.equal((await replies(anna, query)).status, 400, query.slice(0, 40));
  const { text } = await server.request(undefined, 'GET', '/api/openapi.json');
  const { parameters } = JSON.parse(text).paths['/api/scheduling/replies'].get;
  t.match(parameters, [
    { name: 'uid', in: 'query', required: true },
    { name: 'organizer', in: 'query', required: false },
  ]);
});
