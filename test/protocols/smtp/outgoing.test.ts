/** RFC 5321 §4.5.4, RFC 3461, RFC 3464: what goes elsewhere, through a relay that behaves well, badly or not at all. */
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { FakeMx } from '../../support/fake-mx.ts';
import { letter, type MailServer, startMailServer } from '../../support/mail-server.ts';

const HOUR = 3_600_000;

interface Relayed {
  readonly server: MailServer;
  readonly relay: FakeMx;
  readonly clock: { now: number };
  readonly log: string[];
  /** Sends a letter of anna's. */
  send(subject: string, recipients: readonly string[], mail?: string): Promise<void>;
  /** Lets time pass and waits for what was due to be tried. */
  later(milliseconds: number): Promise<void>;
  settled(): Promise<void>;
}

async function relayed(t: Test, user = ''): Promise<Relayed> {
  const relay = await FakeMx.listen(t);
  const clock = { now: Date.UTC(2026, 0, 5) };
  const log: string[] = [];
  const server = await startMailServer(t, {
    now: () => clock.now,
    environment: { CONVENE_RELAY: `smtp://${user}127.0.0.1:${relay.port}` },
    mailTransport: { timeouts: { connect: 500, greeting: 300, silence: 400 } },
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
  });
  const settled = async (): Promise<void> => {
    for (let patience = 400; patience > 0; patience--) {
      const due = await server.store.submissions.due(clock.now, 10);
      const begun = (await server.store.submissions.list(100)).some(({ lastError }) =>
        lastError?.includes('not finished'),
      );
      if (due.length === 0 && !begun) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the queue does not settle');
  };
  return {
    server,
    relay,
    clock,
    log,
    settled,
    async send(subject, recipients, mail = '') {
      const client = await server.talk('submission');
      await client.command(`MAIL FROM:<anna@example.org>${mail}`);
      for (const recipient of recipients) {
        const reply = await client.command(`RCPT TO:${recipient}`);
        if (!reply.startsWith('250')) throw new Error(reply);
      }
      const reply = await client.data(letter('anna@example.org', subject));
      if (!reply.startsWith('250')) throw new Error(reply);
      client.end();
      await settled();
    },
    async later(milliseconds) {
      clock.now += milliseconds;
      server.app.outbound.wake();
      await settled();
    },
  };
}

t.test('handed over once, octet for octet, with the local copy in the same breath', async (t) => {
  const { server, relay, settled } = await relayed(t);
  const client = await server.talk('submission');
  await client.commands(
    'MAIL FROM:<anna@example.org> BODY=8BITMIME',
    'RCPT TO:<carol@example.net>',
    'RCPT TO:<bob@example.org>',
    'RCPT TO:<dave@example.com>',
    'RCPT TO:<carol@example.net>',
  );
  const body = `.\r\n..\r\n.x\r\n\r\n8-bit \xe4\xff\r\n${'long '.repeat(400)}\r\n`;
  const sent = letter('anna@example.org', 'Out', body, 'Bcc: x@example.net\r\n');
  t.match(await client.data(Buffer.from(sent, 'latin1')), /^250/);
  t.equal((await server.mailbox(server.bob)).length, 1, 'there when 250 was said');
  await settled();
  t.equal(relay.messages.length, 1);
  const [got] = relay.messages;
  t.same(got?.recipients.sort(), ['carol@example.net', 'dave@example.com']);
  t.equal(got?.from, 'anna@example.org');
  t.match(
    got?.octets,
    /^(?:DKIM-Signature: .*\r\n(?:[ \t].*\r\n)+){2}Received: from submission\r\n\tby mx\.example\.org/,
    'Return-Path is for the last delivery',
  );
  t.equal(got?.octets.slice(-body.length), body);
  t.notMatch(got?.octets, /Bcc/);
  t.same(await server.store.submissions.list(10), []);
  t.match(relay.lines[0], /^EHLO mx\.example\.org$/);
});

t.test('RFC 6376, RFC 8463: signed for its domain with RSA and Ed25519, as DNS should have it', async (t) => {
  const { server, relay, send } = await relayed(t);
  await send('Signed', ['<x@example.net>']);
  const octets = relay.messages[0]?.octets ?? '';
  t.equal(octets.match(/^DKIM-Signature: /gm)?.length, 2);
  const records = await server.app.domainKeys.records('Example.org');
  const dns = new Map(records.map(({ name, value }) => [name, value.replace(/" "|^"|"$/g, '')]));
  t.match(dns.get('example.org.'), 'v=spf1 mx -all');
  t.match(dns.get('_dmarc.example.org.'), /^v=DMARC1; p=quarantine/);
  const verify = async (message: string) => {
    const { results } = await dkimVerify(Buffer.from(message, 'latin1'), {
      curTime: new Date(Date.UTC(2026, 0, 5)),
      resolver: async (name: string) => [[dns.get(`${name}.`) ?? '']],
    });
    return results
      .map(({ status, signingDomain, selector }) => `${status?.result} ${signingDomain} ${selector}`)
      .sort();
  };
  t.same(await verify(octets), ['pass example.org e20260105', 'pass example.org r20260105']);
  t.same(await verify(octets.replace('Text.', 'Changed.')), [
    'neutral example.org e20260105',
    'neutral example.org r20260105',
  ]);
  t.same(await server.app.domainKeys.records('example.org'), records, 'the keys stay');
  await t.rejects(server.app.domainKeys.records('example.net'), { code: 'not-found' });
});

t.test('a log-in at the relay', async (t) => {
  const { relay, send } = await relayed(t, 'us%40er:p%3Aass@');
  relay.behaviour = {
    extensions: ['AUTH PLAIN'],
    command: (line) => (line.startsWith('AUTH') ? '235 2.7.0 In' : undefined),
  };
  await send('Hello', ['<x@example.net>']);
  t.ok(relay.lines.includes(`AUTH PLAIN ${Buffer.from('\0us@er\0p:ass').toString('base64')}`), relay.lines.join());
  t.equal(relay.messages.length, 1);
});

t.test(
  '§4.5.4.1: what fails for now is tried again, later and later; the sender hears of a delay, then of the end',
  async (t) => {
    const { server, relay, send, later } = await relayed(t);
    relay.behaviour = { command: (line) => (line.startsWith('RCPT') ? '451 4.7.1 Grey' : undefined) };
    await send('Slow', ['<x@example.net>']);
    const [row] = await server.store.submissions.list(10);
    t.match(row, { attempts: 1, lastError: '451 4.7.1 Grey', state: 'queued' });
    const waits: number[] = [];
    for (let hours = 0; hours < 130; hours += 0.5) {
      const before = relay.connections;
      await later(HOUR / 2);
      if (relay.connections > before) waits.push(hours);
    }
    t.ok(waits.length > 25 && waits.length < 50, `${waits.length} attempts`);
    t.equal((await server.store.submissions.list(10)).length, 0);
    const notices = await server.arrived(server.anna, 2);
    t.equal(notices.length, 2, 'one delay, one failure');
    t.match(notices[0], /^Return-Path: <>\r\nFrom: Mail Delivery <postmaster@mx\.example\.org>\r\n/);
    t.match(notices[0], /\r\nAuto-Submitted: auto-replied\r\n/);
    t.match(notices[0], /\r\nAction: delayed\r\nStatus: 4\.7\.1\r\n[\s\S]*\r\nWill-Retry-Until: Sat, 10 Jan 2026/);
    t.match(notices[1], /\r\nFinal-Recipient: rfc822; x@example\.net\r\nAction: failed\r\nStatus: 5\.4\.7\r\n/);
    t.match(notices[1], /\r\nDiagnostic-Code: smtp; Given up; at last: 451 4\.7\.1 Grey\r\n/);
    t.match(notices[1], /\r\nSubject: Slow\r\n/, 'the header comes back');
    t.equal(relay.messages.length, 0);
  },
);

t.test('RFC 3464: one report for those that failed, the others get theirs', async (t) => {
  const { server, relay, send, later } = await relayed(t);
  let grey = true;
  relay.behaviour = {
    command: (line) =>
      /RCPT.*bad/.test(line)
        ? '550-5.1.1 No such\r\n550 5.1.1 person'
        : /RCPT.*grey/.test(line) && grey
          ? '450 4.2.0 Busy'
          : undefined,
  };
  await send(
    'Mixed',
    ['<bad1@example.net>', '<good@example.net>', '<bad2@example.net>', '<grey@example.net>'],
    ' ENVID=abc+2Bd RET=FULL',
  );
  t.same(
    relay.messages.map(({ recipients }) => recipients),
    [['good@example.net']],
  );
  const [report = ''] = await server.arrived(server.anna, 1);
  t.match(report, /Content-Type: multipart\/report; report-type=delivery-status;/);
  t.match(
    report,
    /\r\nOriginal-Envelope-Id: abc\+d\r\nReporting-MTA: dns; mx\.example\.org\r\nArrival-Date: Mon, 5 Jan 2026/,
  );
  t.equal(report.match(/^Final-Recipient: rfc822; bad[12]@example\.net\r$/gm)?.length, 2);
  t.match(
    report,
    /\r\nRemote-MTA: dns; 127\.0\.0\.1\r\nDiagnostic-Code: smtp; 550-5\.1\.1 No such 550 5\.1\.1 person\r\n/,
  );
  t.match(report, /\r\nContent-Type: message\/rfc822\r\n[\s\S]*\r\nText\.\r\n/, 'RET=FULL brings all of it back');
  t.equal((await server.store.submissions.list(10)).length, 1);
  grey = false;
  await later(10 * 60_000);
  t.same(relay.messages[1]?.recipients, ['grey@example.net']);
  t.equal((await server.store.submissions.list(10)).length, 0);
  t.equal((await server.mailbox(server.anna)).length, 1);
});

t.test('RFC 3461: what the sender wants to hear', async (t) => {
  const { server, relay, send } = await relayed(t);
  relay.behaviour = { command: (line) => (/RCPT.*bad/.test(line) ? '550 5.1.1 No' : undefined) };
  await send('Never', ['<bad@example.net> NOTIFY=NEVER']);
  t.equal((await server.mailbox(server.anna)).length, 0);
  await send('Success', ['<good@example.net> NOTIFY=SUCCESS ORCPT=rfc822;first+40example.net']);
  const [notice] = await server.arrived(server.anna, 1);
  t.match(
    notice,
    /\r\nOriginal-Recipient: rfc822;first@example\.net\r\nFinal-Recipient: rfc822; good@example\.net\r\nAction: relayed\r\n/,
  );
  relay.behaviour = { extensions: ['DSN'] };
  relay.lines.length = 0;
  await send(
    'On',
    ['<good@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+40example.net'],
    ' RET=HDRS ENVID=a+2Bb',
  );
  t.equal((await server.mailbox(server.anna)).length, 1, 'a server with DSN tells the sender itself');
  t.ok(
    relay.lines.some((line) => /^MAIL FROM:<anna@example\.org>.* RET=HDRS ENVID=a\+2Bb/.test(line)),
    relay.lines.join('|'),
  );
  t.ok(
    relay.lines.some((line) =>
      /^RCPT TO:<good@example\.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first(?:@|\+40)example\.net$/.test(line),
    ),
    relay.lines.join('|'),
  );
});

t.test('RFC 3461 §5.2: of what was delivered here, who asked for it is told once, of those it asked for', async (t) => {
  const { server, relay, settled } = await relayed(t);
  const client = await server.talk('submission');
  await client.commands(
    'MAIL FROM:<anna@example.org> RET=FULL ENVID=here',
    'RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;robert@example.org',
    'RCPT TO:<bob+quiet@example.org> NOTIFY=NEVER',
    'RCPT TO:<anna+silent@example.org>',
    'RCPT TO:<x@example.net> NOTIFY=FAILURE',
  );
  t.match(await client.data(letter('anna@example.org', 'Here')), /^250/);
  await settled();
  t.equal(relay.messages.length, 1);
  const [, report = '', ...more] = await server.mailbox(server.anna);
  t.same(more, [], 'beside her own copy one notification');
  t.match(report, /^Return-Path: <>\r\n[\s\S]*\r\nOriginal-Envelope-Id: here\r\n/);
  t.match(
    report,
    /\r\nOriginal-Recipient: rfc822;robert@example\.org\r\nFinal-Recipient: rfc822; bob@example\.org\r\nAction: delivered\r\nStatus: 2\.0\.0\r\n/,
  );
  t.equal(report.match(/^Final-Recipient: /gm)?.length, 1);
  t.match(report, /\r\nContent-Type: text\/rfc822-headers\r\n[\s\S]*Subject: Here/);
  t.notMatch(report, /Text\./, 'RET is about failures');
  const nobody = await server.talk('submission');
  await nobody.commands('MAIL FROM:<>', 'RCPT TO:<bob@example.org> NOTIFY=SUCCESS');
  t.match(await nobody.data(letter('anna@example.org', 'Notice')), /^250/);
  t.equal((await server.mailbox(server.anna)).length, 2, 'the null sender hears nothing');
});

t.test('a notification that fails is told to nobody', async (t) => {
  const { server, relay, settled } = await relayed(t);
  relay.behaviour = { command: (line) => (/^RCPT/.test(line) ? '550 5.1.1 No' : undefined) };
  const client = await server.talk('submission');
  await client.commands('MAIL FROM:<>', 'RCPT TO:<x@example.net>');
  t.match(await client.data(letter('anna@example.org', 'Read')), /^250/);
  await settled();
  t.same(await server.store.submissions.list(10), []);
  t.equal((await server.mailbox(server.anna)).length, 0);
});

t.test('relays that misbehave cost a wait, and never the message', async (t) => {
  const { server, relay, send, later, log } = await relayed(t);
  const CASES: readonly [what: string, behaviour: FakeMx['behaviour']][] = [
    ['no greeting', { greeting: () => 'hang' }],
    ['a closed door', { greeting: () => 'close' }],
    ['busy', { greeting: () => '421 4.3.2 Busy' }],
    ['not a mail server', { greeting: () => 'HTTP/1.1 400 Bad Request' }],
    ['EHLO hangs', { command: (line) => (/^(?:EHLO|HELO)/.test(line) ? 'hang' : undefined) }],
    ['MAIL for later', { command: (line) => (/^MAIL/.test(line) ? '451 4.3.0 Later' : undefined) }],
    ['RCPT closes', { command: (line) => (/^RCPT/.test(line) ? 'close' : undefined) }],
    ['DATA hangs', { command: (line) => (/^DATA/.test(line) ? 'hang' : undefined) }],
    ['DATA for later', { command: (line) => (/^DATA/.test(line) ? '452 4.3.1 Full' : undefined) }],
    ['closes before the dot', { closeInData: () => true }],
    ['closes after the dot', { message: () => 'close' }],
    ['hangs after the dot', { message: (m) => (m.octets === '' ? undefined : 'hang') }],
    ['for later after the dot', { message: () => '451 4.3.0 Later' }],
  ];
  for (const [what, behaviour] of CASES) {
    relay.behaviour = behaviour;
    relay.messages.length = 0;
    log.length = 0;
    await send(what, ['<x@example.net>']);
    const rows = await server.store.submissions.list(10);
    t.match(rows, [{ state: 'queued', attempts: 1 }], what);
    t.ok((rows[0]?.nextAttemptAt ?? 0) > 0 && rows[0]?.lastError, `${what}: ${rows[0]?.lastError}`);
    if (/after the dot/.test(what) && !/later/.test(what))
      t.match(log.join(), /may arrive twice/, `${what}: a possible duplicate is in the log`);
    relay.behaviour = {};
    relay.messages.length = 0;
    await later(5 * 60_000);
    t.equal(relay.messages.length, 1, `${what}: handed over by the next attempt`);
    t.same(await server.store.submissions.list(10), [], what);
  }
  t.equal((await server.mailbox(server.anna)).length, 0, 'and nobody was bothered');
});

t.test('RFC 6531 §3.4, §3.6, RFC 6533: headers in UTF-8 go to servers that take them, or come back', async (t) => {
  const { server, relay, settled } = await relayed(t);
  const send = async (mail: string, subject: string, returned = ''): Promise<void> => {
    const client = await server.talk('submission');
    await client.commands(`MAIL FROM:<anna@example.org>${mail}${returned}`, 'RCPT TO:<x@example.net>');
    t.match(await client.data(letter('anna@example.org', subject)), /^250/);
    client.end();
    await settled();
  };
  await send(' SMTPUTF8', 'Gr\u00fc\u00dfe');
  t.same(relay.messages, [], 'a server without the extension does not see it');
  t.notOk(relay.lines.some((line) => line.startsWith('MAIL')));
  const [report = ''] = await server.arrived(server.anna, 1);
  t.match(report, /\r\nStatus: 5\.6\.7\r\n/);
  t.match(report, /\r\nContent-Type: message\/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n/);
  await send(' SMTPUTF8', 'Gr\u00fc\u00dfe', ' RET=FULL');
  t.match((await server.arrived(server.anna, 2))[1], /\r\nContent-Type: message\/global\r\n/);

  await send(' SMTPUTF8', 'Plain');
  t.match(relay.messages, [{ octets: /Subject: Plain/ }], 'what needs no extension goes without');
  t.notOk(relay.lines.some((line) => line.includes('SMTPUTF8')));

  relay.behaviour = { extensions: ['8BITMIME', 'SMTPUTF8', 'SIZE'] };
  await send(' SMTPUTF8', 'Gr\u00fc\u00dfe');
  t.match(Buffer.from(relay.messages[1]?.octets ?? '', 'latin1').toString(), /Subject: Gr\u00fc\u00dfe/);
  const announced = relay.lines.filter((line) => /^MAIL FROM:<anna@example\.org> .*\bSMTPUTF8\b/.test(line));
  t.equal(announced.length, 1, 'and is announced');

  relay.behaviour = { command: (line) => (/^RCPT/.test(line) ? '550 5.1.1 Unbekannt: \u00fc' : undefined) };
  await send('', 'Refused');
  const answer = (await server.arrived(server.anna, 3))[2] ?? '';
  t.match(answer, /\r\nContent-Type: message\/delivery-status\r\n/);
  t.match(answer, /\r\nDiagnostic-Code: smtp; 550 5\.1\.1 Unbekannt: \?+\r\n/, 'fields are ASCII');
});

t.test('octets and addresses that may not leave do not', async (t) => {
  const { server, relay, later, clock } = await relayed(t);
  const { id: accountId } = server.anna;
  const queue = async (octets: string, mailFrom: string, rcptTo: string): Promise<void> => {
    const stage = server.app.mail.delivery.stage(accountId);
    await stage.write(Buffer.from(octets, 'latin1'));
    await server.app.mail.delivery.deliver(await stage.finish(), [], {
      accountId,
      run: async (write, blobId) => {
        await write.submissions.add({
          accountId,
          blobId,
          mailFrom,
          rcptTo,
          options: '{}',
          state: 'queued',
          attempts: 0,
          nextAttemptAt: clock.now,
          lastError: null,
          createdAt: clock.now,
        });
      },
    });
  };
  const good = letter('anna@example.org', 'As another door let it in');
  await queue(`${good}bare\nLF\r\n`, 'anna@example.org', 'x@example.net');
  await queue(`${good}bare\rCR\r\n`, 'anna@example.org', 'x@example.net');
  await queue(`${good}\n.\r\nMAIL FROM:<evil@example.net>\r\n`, 'anna@example.org', 'x@example.net');
  await queue(`${good}nul\0\r\n`, 'anna@example.org', 'x@example.net');
  await queue(good, 'anna@example.org', 'x@example.net>\r\nRCPT TO:<y@example.net');
  await queue(good, 'anna@example.org>\r\nRCPT TO:<y@example.net', 'x@example.net');
  await later(1);
  t.same(relay.messages, []);
  t.notMatch(relay.lines.join('\n'), /y@example|evil/);
  t.same(await server.store.submissions.list(10), []);
  const reports = await server.arrived(server.anna, 5);
  t.equal(reports.length, 5, 'the sender hears of each, where it can be told');
  t.match(reports[0], /\r\nStatus: 5\.6\.0\r\n/);
});

t.test('§4.5.4: an attempt that a crash cut short is told in the log, and made again', async (t) => {
  const { server, relay, later, log, clock } = await relayed(t);
  relay.behaviour = { message: () => 'hang' };
  const client = await server.talk('submission');
  await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<x@example.net>');
  await client.data(letter('anna@example.org', 'Cut'));
  for (let i = 0; i < 100 && relay.messages.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  const [row] = await server.store.submissions.list(1);
  t.match(row, { attempts: 1, lastError: 'The attempt was not finished.' }, 'written before the attempt');
  t.ok((row?.nextAttemptAt ?? 0) > clock.now);
  await server.app.outbound.start();
  t.match(log.join(), /an attempt was cut short; the message may arrive twice/);
  await later(0);
});

t.test('a clock that jumps costs a wait, and no message', async (t) => {
  const { server, relay, send, later, clock, settled } = await relayed(t);
  const grey: FakeMx['behaviour'] = { command: (line) => (line.startsWith('RCPT') ? '451 4.7.1 Grey' : undefined) };
  relay.behaviour = grey;
  const start = clock.now;
  clock.now = start + 1_000 * HOUR;
  await send('From the future', ['<x@example.net>']);
  t.match(await server.store.submissions.list(10), [{ attempts: 1, lastError: /Grey/ }]);
  relay.behaviour = {};
  clock.now = start;
  server.app.outbound.wake();
  for (let patience = 200; patience > 0 && relay.messages.length === 0; patience--)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await settled();
  t.equal(relay.messages.length, 1, 'set back by weeks: tried at once, not in weeks');
  t.same(await server.store.submissions.list(10), []);

  relay.behaviour = grey;
  await send('Forward', ['<x@example.net>']);
  relay.behaviour = {};
  await later(1_000 * HOUR);
  t.equal(relay.messages.length, 2, 'set forward by weeks: tried once more before it is given up');
  t.same(await server.store.submissions.list(10), []);
  t.equal((await server.mailbox(server.anna)).length, 0, 'and nobody was told of a failure');
});

t.test('a store that fails is asked again after a while, and meanwhile everything else has its turn', async (t) => {
  const { server, relay, send, clock, log } = await relayed(t);
  relay.behaviour = { command: (line) => (line.startsWith('RCPT') ? '451 4.7.1 Grey' : undefined) };
  await send('Later', ['<x@example.net>']);
  relay.behaviour = {};
  const store: { transaction: unknown } = server.store;
  const { transaction } = store;
  let asked = 0;
  store.transaction = () => {
    // A loop that never ends would not let the test end either.
    if (++asked === 1_000) store.transaction = transaction;
    return Promise.reject(new Error('disk I/O error'));
  };
  clock.now += 24 * HOUR;
  server.app.outbound.wake();
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(asked, 1);
  t.equal(log.filter((line) => line.includes('an attempt failed')).length, 1);
  store.transaction = transaction;
  for (let patience = 500; patience > 0 && relay.messages.length === 0; patience--)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(relay.messages.length, 1, 'and it leaves when the store is well again');
});

t.test('a server that stops leaves a conversation that hangs', async (t) => {
  const relay = await FakeMx.listen(t, { message: () => 'hang' });
  const server = await startMailServer(t, { environment: { CONVENE_RELAY: `smtp://127.0.0.1:${relay.port}` } });
  const client = await server.talk('submission');
  await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<x@example.net>');
  t.match(await client.data(letter('anna@example.org', 'Hangs')), /^250/);
  client.end();
  for (let patience = 400; patience > 0 && !relay.lines.includes('DATA'); patience--)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.ok(relay.lines.includes('DATA'));
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, 'late').unref());
  t.equal(await Promise.race([server.close().then(() => 'stopped'), late]), 'stopped');
});
