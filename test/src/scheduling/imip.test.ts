/** RFC 6047: invitations as mail, out and in. */
import { readFileSync } from 'node:fs';
import { simpleParser } from 'mailparser';
import t from 'tap';
import { CalendarObjects } from '../../../src/calendar/calendar-objects.ts';
import type { Collection } from '../../../src/collections/members.ts';
import { knowsAddress } from '../../../src/contacts/known-addresses.ts';
import { ALL_RIGHTS } from '../../../src/principals/access.ts';
import { Rooms } from '../../../src/principals/rooms.ts';
import { AutoSchedule } from '../../../src/scheduling/auto-schedule.ts';
import { composeInvitation } from '../../../src/scheduling/imip.ts';
import { IncomingMail } from '../../../src/scheduling/incoming-mail.ts';
import type { Language } from '../../../src/scheduling/invitation-text.ts';
import { readCalendars } from '../../../src/scheduling/mailed-calendars.ts';
import { MessageDelivery } from '../../../src/scheduling/message-delivery.ts';
import { MessageQueue } from '../../../src/scheduling/message-queue.ts';
import { mailSome } from '../../../src/scheduling/outgoing-mail.ts';
import { Recipients } from '../../../src/scheduling/recipients.ts';
import { RoomBookings } from '../../../src/scheduling/room-bookings.ts';
import { attendee, calendarText, objectOf, organizer } from '../../support/scheduling.ts';
import { startServer, type Teardown } from '../../support/server.ts';

const NOW = Date.UTC(2027, 0, 2);
const BOB = 'bob@guests.example';
const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/itip/${name}.eml`, import.meta.url));

function compose(calendar: string, language: Language, readersZone?: string) {
  return composeInvitation({
    method: 'REQUEST',
    object: objectOf(calendar),
    calendar,
    from: 'anna@example.org',
    fromName: 'Anna',
    to: BOB,
    language,
    ...(readersZone === undefined ? {} : { readersZone }),
    messageId: 'm1@example.org',
    date: new Date(NOW),
  });
}

const inParis = (...lines: string[]) =>
  calendarText('u', [{ lines: [organizer('anna', ';CN=Anna'), attendee('bob'), ...lines] }], 'REQUEST').replace(
    'DTSTART:20270104T090000Z',
    'DTSTART;TZID=Europe/Paris:20270104T100000',
  );

t.test('RFC 6047 §2, §3: an invitation has words for people, in two languages, and both zones', async (t) => {
  const english = await simpleParser(
    await compose(inParis('SUMMARY:Plan', 'LOCATION:Room 1'), 'en', 'America/New_York'),
  );
  t.equal(english.subject, 'Invitation: Plan');
  t.match(english.text, /Anna invites you to “Plan”/);
  t.match(english.text, /Monday[^\n]*4 January 2027[^\n]*10:00[^\n]*11:00 \(Europe\/Paris\)/);
  t.match(english.text, /Your time: [^\n]*04:00[^\n]*05:00 \(America\/New_York\)/);
  t.match(String(english.html), /Room 1/);
  const french = await simpleParser(await compose(inParis('SUMMARY:Réunion', 'SEQUENCE:1'), 'fr', 'Europe/Paris'));
  t.equal(french.subject, 'Invitation modifiée : Réunion');
  t.match(french.text, /lundi 4 janvier 2027[^\n]*10:00[^\n]*\(Europe\/Paris\)/);
  t.notMatch(french.text, /Votre heure/, 'one zone is named once');
  const raw = (await compose(inParis('SUMMARY:Plan'), 'en')).toString();
  t.match(raw, /Content-Type: multipart\/alternative/);
  t.notMatch(raw, /(?<!\r)\n|\r(?!\n)/, 'RFC 5321 §2.3.8: lines end in CRLF');
  t.match(raw, /Content-Type: text\/calendar; charset=utf-8; method=REQUEST/);
});

t.test('what people wrote cannot reach the header or the page', async (t) => {
  const raw = (
    await compose(inParis('SUMMARY:A\\nBcc: evil@x.example', 'DESCRIPTION:<script>alert(1)</script>'), 'en')
  ).toString();
  t.notMatch(raw, /^Bcc:/im);
  const { html } = await simpleParser(raw);
  t.notMatch(String(html), /<script>/);
});

t.test('what is composed is read again', async (t) => {
  const { from, calendars } = readCalendars(await compose(inParis('SUMMARY:Plan é'), 'en'));
  t.same(from, ['anna@example.org']);
  t.equal(calendars.length, 2, 'as an alternative and as a file');
  for (const { method, calendar } of calendars) {
    t.equal(method, 'REQUEST');
    t.match(calendar, /SUMMARY:Plan é/);
  }
  t.same(readCalendars(Buffer.from('From: a@b.example\r\nSubject: Hi\r\n\r\nHello')).calendars, []);
  t.same(readCalendars(Buffer.alloc(100_000, 'x')), { from: [], calendars: [] });
});

const server = await startServer(t);
const anna = await server.addUser('anna');

/** Anna with empty calendars, whose meeting invites Bob of elsewhere. */
async function scene(t: Teardown) {
  const { store } = server;
  const owner = await server.app.principals.find('anna');
  const recipients = new Recipients(store);
  const failures: unknown[] = [];
  const queue = new MessageQueue(store, () => NOW);
  const bookings = new RoomBookings(store, new Rooms(store, () => NOW), () => NOW);
  const delivery = new MessageDelivery(store, recipients, bookings, () => NOW);
  queue.start(delivery, { error: (fields) => failures.push(fields) });
  t.teardown(() => queue.stop());
  const objects = new CalendarObjects(store, () => NOW, new AutoSchedule(store, recipients, queue, () => NOW));
  const row = await store.collections.bySegment(owner.id, 'calendars', 'calendar');
  const inbox = await store.collections.bySegment(owner.id, 'calendars', 'inbox');
  if (row === undefined || inbox === undefined) throw new Error('no calendar');
  const calendar: Collection = { ...row, owner, rights: ALL_RIGHTS };
  const incoming = new IncomingMail(
    store,
    queue,
    (id, address) => knowsAddress(store, id, address),
    () => NOW,
  );
  await store.transaction(async (write) => {
    const modseq = await write.accounts.nextModseq(owner.id, [row.id, inbox.id]);
    for (const { id } of [row, inbox])
      for (const object of await write.calendarObjects.page(id, { modseq: 0, memberId: 0 }, 100))
        await write.calendarObjects.remove(object, owner.id, modseq);
    for (const message of await write.scheduleMessages.outgoing(NOW, 100)) await write.scheduleMessages.remove(message);
  });
  const texts = async (collectionId: number) => {
    const rows = await store.calendarObjects.page(collectionId, { modseq: 0, memberId: 0 }, 100);
    return Promise.all(
      rows.map(async ({ id }) => ((await store.calendarObjects.data(id)) ?? '').replace(/\r\n /g, '')),
    );
  };
  return {
    store,
    owner,
    objects,
    calendar,
    failures,
    receive: (name: string, trust: 'pass' | 'none' | 'fail' = 'pass') => incoming.receive(owner, fixture(name), trust),
    invite: (...lines: string[]) =>
      objects.put(
        calendar,
        'plan.ics',
        calendarText('meeting-1@convene', [
          {
            lines: [
              organizer('anna'),
              attendee('anna', 'ACCEPTED'),
              `ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:${BOB}`,
              'SUMMARY:Plan',
              ...lines,
            ],
          },
        ]),
        () => {},
      ),
    events: () => texts(calendar.id),
    inbox: () => texts(inbox.id),
  };
}

t.test('an invitation to somebody elsewhere is put into the queue of mail once', async (t) => {
  const { store, invite, events, owner } = await scene(t);
  await invite();
  t.match((await events())[0], new RegExp(`SCHEDULE-STATUS=1.1:mailto:${BOB}`));
  let woken = 0;
  const options = { store, now: () => NOW, language: 'en', queued: () => woken++ } as const;
  t.equal(await mailSome(options), 1);
  t.equal(await mailSome(options), 0);
  t.equal(woken, 1);
  const [queued, ...more] = await store.submissions.due(NOW, 10);
  t.equal(more.length, 0);
  t.match(queued, { rcptTo: BOB, mailFrom: 'anna@example.org', accountId: owner.id, state: 'queued' });
  const size = (await store.blobs.size(queued?.blobId ?? 0)) ?? 0;
  const mail = await simpleParser(await store.blobs.read(queued?.blobId ?? 0, 0, size));
  t.equal(mail.subject, 'Invitation: Plan');
  t.notMatch(String(mail.attachments[0]?.content), /SCHEDULE-STATUS/);
  await invite();
  t.equal(await mailSome(options), 0, 'the same again sends nothing');
});

t.test('replies of programs that break the rules land', async (t) => {
  for (const name of [
    'google-reply',
    'exchange-reply',
    'exchange-unknown-zone-reply',
    'icloud-reply',
    'zimbra-reply',
    'sogo-reply',
  ]) {
    const { invite, receive, events, inbox, failures } = await scene(t);
    await invite();
    t.equal(await receive(name, 'none'), true, name);
    t.match(
      (await events())[0],
      new RegExp(`PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:${BOB}`),
      `${name} is applied`,
    );
    t.equal((await inbox()).length, 1, 'and shown');
    t.same(failures, []);
  }
});

t.test('RFC 6047 §2.2.2, §2.3: nothing is applied from anybody else', async (t) => {
  const { invite, receive, events, inbox, store, owner } = await scene(t);
  await invite();
  t.equal(await receive('forged-reply'), true);
  t.match((await events())[0], /PARTSTAT=NEEDS-ACTION[^:]*:mailto:bob/, 'a reply of a stranger for Bob');
  t.equal((await inbox()).length, 1, 'it is shown');
  t.equal(await receive('google-reply', 'fail'), false, 'mail that fails DMARC is from nobody');
  t.match((await events())[0], /NEEDS-ACTION[^:]*:mailto:bob/);

  t.equal(await receive('google-invitation'), true);
  t.equal((await events()).length, 1, 'an invitation of a stranger waits');
  t.match((await inbox()).join(), /UID:review-1@google.invalid/);
  const card = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    'UID:bob',
    'FN:Bob',
    'N:Builder;Bob;;;',
    'EMAIL;TYPE=WORK:Bob@Guests.example',
    'END:VCARD',
    '',
  ].join('\r\n');
  const put = await server.request(anna, 'PUT', '/dav/addressbooks/anna/addressbook/bob.vcf', {
    headers: { 'content-type': 'text/vcard' },
    body: card,
  });
  t.equal(put.status, 201);
  t.equal(await knowsAddress(store, owner.id, BOB), true);
  t.equal(await receive('google-invitation', 'none'), true);
  t.equal((await events()).length, 1, 'also from a known address that nothing vouches for');
  t.equal(await receive('google-invitation', 'pass'), true);
  t.equal((await events()).length, 2, 'from somebody known whose mail passes DMARC it is added');
});

t.test('octets of any kind are taken without harm', async (t) => {
  const { invite, receive, store, owner, failures, events } = await scene(t);
  await invite();
  const incoming = new IncomingMail(
    store,
    new MessageQueue(store, () => NOW),
    async () => true,
    () => NOW,
  );
  const reply = fixture('google-reply').toString('latin1');
  const broken = [
    reply.replace('METHOD:REPLY', 'METHOD:EVIL').replace('method=REPLY', 'method=EVIL'),
    reply.replace('END:VCALENDAR', ''),
    reply.replace(/UID:.*\r\n/, ''),
    reply.replace('BEGIN:VEVENT', `BEGIN:VEVENT\r\nDESCRIPTION:${'x'.repeat(3_000_000)}`),
    reply.replace('From: Bob Builder <bob@guests.example>', 'From: bob@guests.example, mallory@elsewhere.example'),
    reply.replace(/BEGIN:VEVENT/g, 'BEGIN:VJOURNAL').replace(/END:VEVENT/g, 'END:VJOURNAL'),
  ];
  for (const [index, octets] of broken.entries())
    t.equal(await incoming.receive(owner, Buffer.from(octets, 'latin1'), 'pass'), false, `broken ${index}`);
  t.match((await events())[0], /NEEDS-ACTION[^:]*:mailto:bob/);
  t.same(failures, []);
  t.equal(await receive('google-reply'), true, 'the server still answers');
});
