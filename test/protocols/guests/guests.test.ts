/** Guests answer on the web: RFC 5546 §3.2.3, §3.2.7 over a link that only looking at does not use. */
import { simpleParser } from 'mailparser';
import t from 'tap';
import { mailSome } from '../../../src/scheduling/outgoing-mail.ts';
import { ask, CALENDAR, propfindBody } from '../../support/dav.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';
import { startServer } from '../../support/server.ts';

let now = Date.UTC(2026, 11, 1);
const environment = { CONVENE_RELAY: 'smtp://127.0.0.1:1', CONVENE_PUBLIC_URL: 'https://cal.example.org' };
const server = await startServer(t, { now: () => now, environment });
const anna = await server.addUser('anna');
const bob = await server.addUser('bob');
const { store } = server;
const { guests } = server.app.scheduling;
const GUEST = 'gina@guests.example';
const guest = (partstat = 'NEEDS-ACTION') => `ATTENDEE;PARTSTAT=${partstat}:mailto:${GUEST}`;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function invite(uid: string, ...lines: string[]): Promise<void> {
  const text = calendarText(uid, [{ lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), guest(), ...lines] }]);
  const { status } = await ask(server, anna, 'PUT', `/dav/calendars/anna/calendar/${uid}.ics`, CALENDAR, text);
  t.equal(status, 201);
}

async function stored(uid: string): Promise<string> {
  const { text } = await server.request(anna, 'GET', `/dav/calendars/anna/calendar/${uid}.ics`);
  return text.replace(/\r\n /g, '');
}

/** What waits in the organizer's inbox, which is emptied. */
async function inbox(): Promise<string[]> {
  const path = '/dav/calendars/anna/inbox/';
  const { responses } = await ask(server, anna, 'PROPFIND', path, { depth: '1' }, propfindBody('D:getetag'));
  const texts: string[] = [];
  for (const { href } of responses.filter((one) => !one.href.endsWith('/'))) {
    texts.push((await server.request(anna, 'GET', href)).text.replace(/\r\n /g, ''));
    await server.request(anna, 'DELETE', href);
  }
  return texts;
}

const post = (path: string, form: Record<string, string>) =>
  server.request(undefined, 'POST', path, { headers: FORM, body: new URLSearchParams(form).toString() });

t.test('the mail that invites has the link', async (t) => {
  await invite('mailed', 'SUMMARY:Plan');
  const answerUrl = (row: { accountId: number; icalUid: string; recipient: string }) =>
    `https://cal.example.org${guests.path(row.accountId, row.icalUid, row.recipient)}`;
  // The server's own job may be first; it says the same.
  await mailSome({ store, now: () => now, language: 'en', queued: () => {}, answerUrl: answerUrl });
  const [submission] = await store.submissions.due(now + 3_600_000, 1);
  const blobId = submission?.blobId ?? 0;
  const octets = await store.blobs.read(blobId, 0, (await store.blobs.size(blobId)) ?? 0);
  const { text = '' } = await simpleParser(octets);
  const [, path = ''] = /https:\/\/cal\.example\.org(\/invitation\/\S+)/.exec(text) ?? [];
  t.match((await server.request(undefined, 'GET', path)).text, /Plan/);
  t.notMatch(path, /gina|mailed/, 'nobody reads in it who is invited to what');
});

t.test('looking changes nothing; an answer is the guest’s, once', async (t) => {
  await invite('one', 'SUMMARY:Plan <b>', 'COMMENT:Of Anna');
  await inbox();
  const path = guests.path(anna.id, 'one', GUEST);
  const before = await stored('one');
  const shown = await server.request(undefined, 'GET', path);
  t.equal(shown.status, 200);
  t.match(shown.text, /Plan &lt;b&gt;|Plan &#60;b&#62;/);
  t.match(String(shown.headers['content-security-policy']), /default-src 'none'/);
  t.equal((await server.request(undefined, 'HEAD', path)).status, 200);
  t.equal(await stored('one'), before);

  const answered = await post(path, { answer: 'ACCEPTED', comment: 'Gladly; really' });
  t.equal(answered.status, 303);
  t.equal(answered.headers.location, path);
  t.match(await stored('one'), /PARTSTAT=ACCEPTED[^:]*:mailto:gina/);
  t.match(await stored('one'), /COMMENT:Of Anna/, 'the organizer’s own comment stays');
  const [reply = '', ...others] = await inbox();
  t.match(reply, /METHOD:REPLY/);
  t.match(reply, /COMMENT:Gladly\\; really/);
  t.same(others, []);
  await post(path, { answer: 'ACCEPTED', comment: '' });
  t.same(await inbox(), [], 'the same again says nothing');
  const french = await server.request(undefined, 'GET', path, { headers: { 'accept-language': 'fr' } });
  t.match(french.text, /Vous avez accepté/);
  await post(path, { answer: 'DECLINED' });
  t.match(await stored('one'), /PARTSTAT=DECLINED[^:]*:mailto:gina/, 'until the end it can be changed');
  t.equal((await post(path, { answer: 'DELEGATED' })).status, 400);
});

t.test('RFC 5546 §3.2.7: another time is proposed to the organizer, a few times', async (t) => {
  await invite('two', 'SUMMARY:Plan');
  await inbox();
  const path = guests.path(anna.id, 'two', GUEST);
  t.match((await server.request(undefined, 'GET', path)).text, /value="2027-01-04T09:00"/);
  const before = await stored('two');
  t.equal((await post(path, { answer: 'COUNTER', start: '2027-01-05T14:30', comment: 'Later?' })).status, 200);
  t.equal(await stored('two'), before, 'it is for the organizer to decide');
  const [counter = ''] = await inbox();
  t.match(counter, /METHOD:COUNTER/);
  t.match(counter, /DTSTART:20270105T143000Z/);
  t.match(counter, /DURATION:PT1H/);
  t.match(counter, /COMMENT:Later\?/);
  t.notMatch(counter, /ATTENDEE[^:]*:mailto:anna/, 'it speaks for the guest alone');
  for (const start of ['', 'tomorrow', '2027-13-45T99:00', '9999-01-01T00:00'])
    t.equal((await post(path, { answer: 'COUNTER', start })).status, 400);
  for (let proposals = 1; proposals < 5; proposals++)
    t.equal((await post(path, { answer: 'COUNTER', start: '2027-01-05T14:30' })).status, 200);
  t.equal((await post(path, { answer: 'COUNTER', start: '2027-01-05T14:30' })).status, 429);
});

t.test(
  'the page is in the language of the browser, and shows the clock of the guest beside the meeting’s',
  async (t) => {
    await invite('clocks', 'SUMMARY:Plan');
    const path = guests.path(anna.id, 'clocks', GUEST);
    const shown = async (query: string, language: string) =>
      (await server.request(undefined, 'GET', path + query, { headers: { 'accept-language': language } })).text;
    const english = await shown('', 'de, en-GB;q=0.8, fr;q=0.7');
    t.match(english, /anna@example\.org invites you to “Plan”/, 'the organizer invites, not the guest');
    t.match(english, /09:00[^<]*\(UTC\)/);
    t.notMatch(english, /Your time/);
    const french = await shown('?zone=Asia%2FKolkata', 'en;q=0.5,fr');
    t.match(french, /vous invite à « Plan »/, 'RFC 9110 §12.5.4: the greater weight');
    t.match(french, /09:00[^<]*\(UTC\)/);
    t.match(
      french,
      /Votre heure<\/th><td>lundi 4 janvier 2027[^<]*14:30[^<]*15:30[^<]*\((?:Asia\/Kolkata|Asia\/Calcutta)\)/,
    );
    for (const zone of ['%3Cscript%3E', 'Mars/Olympus', '&zone=UTC', `${'x'.repeat(5_000)}`])
      t.notMatch(await shown(`?zone=${zone}`, 'en'), /Your time|<script>/);
  },
);

t.test('a link is for one guest of one meeting, and ends', async (t) => {
  await invite('three');
  const path = guests.path(anna.id, 'three', GUEST);
  const flipped = path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  for (const other of [
    `${path.slice(0, -9)}AAAAAAAAA`,
    flipped.slice(0, -2),
    '/invitation/x',
    guests.path(anna.id, 'three', 'mallory@guests.example'),
    guests.path(anna.id, 'none', GUEST),
    guests.path(bob.id, 'three', GUEST),
  ]) {
    t.equal((await server.request(undefined, 'GET', other)).status, 404);
    t.equal((await post(other, { answer: 'ACCEPTED' })).status, 404);
  }
  now += 61 * 24 * 60 * 60_000;
  t.equal((await post(path, { answer: 'ACCEPTED' })).status, 404, 'it expires');
  const late = guests.path(anna.id, 'three', GUEST);
  t.equal((await server.request(undefined, 'GET', late)).status, 200);
  await server.request(anna, 'DELETE', '/dav/calendars/anna/calendar/three.ics');
  t.equal((await server.request(undefined, 'GET', late)).status, 404, 'the meeting is off');
});
