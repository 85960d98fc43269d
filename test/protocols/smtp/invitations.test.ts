/** RFC 6047 from door to door: an invitation leaves through the relay, and the answer comes back by SMTP. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { startDnsServer } from '../../support/dns-server.ts';
import { FakeMx } from '../../support/fake-mx.ts';
import { startMailServer } from '../../support/mail-server.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';

t.test('somebody elsewhere is invited by mail and accepts by mail', async (t) => {
  const relay = await FakeMx.listen(t);
  const server = await startMailServer(t, { environment: { CONVENE_RELAY: `smtp://127.0.0.1:${relay.port}` } });
  const { anna } = server;
  const path = '/dav/calendars/anna/calendar/plan.ics';
  const guest = 'ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@guests.example';
  const put = await server.request(anna, 'PUT', path, {
    headers: { 'content-type': 'text/calendar' },
    body: calendarText('meeting-1@convene', [
      { lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), guest, 'SUMMARY:Plan'] },
    ]),
  });
  t.equal(put.status, 201);
  const stored = async () => (await server.request(anna, 'GET', path)).text.replace(/\r\n /g, '');
  t.match(await stored(), /SCHEDULE-STATUS=1.1:mailto:bob@guests.example/, 'it is with the mail system');
  for (let waits = 0; waits < 200 && relay.messages.length === 0; waits++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const [sent, ...more] = relay.messages;
  t.equal(more.length, 0);
  t.match(sent, { from: 'anna@example.org', recipients: ['bob@guests.example'] });
  t.match(sent?.octets, /^Subject: Invitation: Plan\r$/m);
  t.match(sent?.octets, /text\/calendar; charset=utf-8; method=REQUEST/);

  const client = await server.talk('smtp');
  await client.commands('MAIL FROM:<bob@guests.example>', 'RCPT TO:<anna@example.org>');
  const reply = readFileSync(new URL('../../../fixtures/itip/google-reply.eml', import.meta.url));
  t.match(await client.data(reply), /^250 /);
  t.match(
    await stored(),
    /PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:bob@guests.example/,
    'when SMTP answers it is there',
  );
  t.equal((await server.news(anna)).length, 1, 'and the mail is delivered as all mail');
});

t.test(
  'an invitation by mail is added when its sender is known and the mail passes DMARC, and only then',
  async (t) => {
    const dns = await startDnsServer(t, {
      'guests.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
      '_dmarc.guests.example': { TXT: ['v=DMARC1; p=none'] },
    });
    const server = await startMailServer(t, { environment: { CONVENE_DNS_SERVERS: dns.address } });
    const { anna, store } = server;
    const card = [
      'BEGIN:VCARD',
      'VERSION:3.0',
      'UID:bob',
      'FN:Bob',
      'N:;Bob;;;',
      'EMAIL:bob@guests.example',
      'END:VCARD',
      '',
    ];
    const put = await server.request(anna, 'PUT', '/dav/addressbooks/anna/addressbook/bob.vcf', {
      headers: { 'content-type': 'text/vcard' },
      body: card.join('\r\n'),
    });
    t.equal(put.status, 201);
    const invitation = readFileSync(new URL('../../../fixtures/itip/google-invitation.eml', import.meta.url));
    const added = async (mailFrom: string) => {
      const client = await server.talk('smtp');
      await client.commands(`MAIL FROM:<${mailFrom}>`, 'RCPT TO:<anna@example.org>');
      t.match(await client.data(invitation), /^250 /);
      client.end();
      const calendar = await store.collections.bySegment(anna.id, 'calendars', 'calendar');
      return (await store.calendarObjects.page(calendar?.id ?? 0, { modseq: 0, memberId: 0 }, 10)).length;
    };
    t.equal(await added('eve@elsewhere.example'), 0, 'somebody else may have written it');
    t.equal(await added('bob@guests.example'), 1);
  },
);

t.test(
  'a colleague answers from a mailer, with the log-in as the voucher, and nobody answers for another',
  async (t) => {
    const server = await startMailServer(t);
    const { anna, bob } = server;
    const carl = await server.addUser('carl');
    const path = '/dav/calendars/anna/calendar/inside.ics';
    const put = await server.request(anna, 'PUT', path, {
      headers: { 'content-type': 'text/calendar' },
      body: calendarText('inside-1@convene', [
        { lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), attendee('bob', 'NEEDS-ACTION'), 'SUMMARY:Inside'] },
      ]),
    });
    t.equal(put.status, 201);
    const stored = async () => (await server.request(anna, 'GET', path)).text.replace(/\r\n /g, '');
    const answer = async (user: typeof bob, partstat: string) => {
      const client = await server.talk('submission', user);
      await client.commands(`MAIL FROM:<${user.name}@example.org>`, 'RCPT TO:<anna@example.org>');
      const reply = calendarText(
        'inside-1@convene',
        [{ lines: [organizer('anna'), attendee('bob', partstat)] }],
        'REPLY',
      );
      const header = [
        `From: ${user.name}@example.org`,
        'To: anna@example.org',
        'Subject: Re: Inside',
        'MIME-Version: 1.0',
        'Content-Type: text/calendar; method=REPLY; charset=utf-8',
      ];
      t.match(await client.data(Buffer.from([...header, '', reply].join('\r\n'))), /^250 /);
      client.end();
    };
    await answer(carl, 'DECLINED');
    t.match(await stored(), /PARTSTAT=NEEDS-ACTION[^\r]*:mailto:bob@example.org/, 'carl does not speak for bob');
    await answer(bob, 'ACCEPTED');
    t.match(await stored(), /PARTSTAT=ACCEPTED[^\r]*:mailto:bob@example.org/);
  },
);
