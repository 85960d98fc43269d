/** RFC 5321 §5.1, RFC 7505: mail goes to the servers that DNS names for its domain, in their order, or back with the reason. */
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { type DnsServer, startDnsServer, type Zone } from '../../support/dns-server.ts';
import { type Behaviour, FakeMx } from '../../support/fake-mx.ts';
import { letter, type MailServer, startMailServer } from '../../support/mail-server.ts';
import { startServer } from '../../support/server.ts';
import { freePort } from '../../support/server-process.ts';
import { SmtpClient } from '../../support/smtp.ts';

/** Mail exchangers of a test are told apart by their loopback address; all listen at the port of the first one. */
interface World {
  readonly server: MailServer;
  readonly dns: DnsServer;
  exchanger(address: string, behaviour?: Behaviour): Promise<FakeMx>;
  /** Sends a letter of anna's and waits until everything was tried once. */
  send(subject: string, ...recipients: string[]): Promise<void>;
}

const FIRST = '127.0.1.1';
const SECOND = '127.0.1.2';

async function world(t: Test, zone: Zone): Promise<World & { readonly first: FakeMx }> {
  const dns = await startDnsServer(t, zone);
  const first = await FakeMx.listen(t, {}, FIRST);
  const server = await startMailServer(t, {
    environment: { CONVENE_DNS_SERVERS: dns.address, CONVENE_DELIVER_TO: '127.0.0.0/16' },
    mailTransport: { port: first.port, timeouts: { connect: 500, greeting: 300, silence: 400 } },
    log: pino({ level: 'silent' }),
  });
  return {
    server,
    dns,
    first,
    exchanger: (address, behaviour) => FakeMx.listen(t, behaviour, address, first.port),
    async send(subject, ...recipients) {
      const client = await server.talk('submission');
      await client.command('MAIL FROM:<anna@example.org>');
      for (const recipient of recipients) await client.command(`RCPT TO:<${recipient}>`);
      const reply = await client.data(letter('anna@example.org', subject));
      if (!reply.startsWith('250')) throw new Error(reply);
      client.end();
      for (let patience = 400; patience > 0; patience--) {
        const rows = await server.store.submissions.list(100);
        if (rows.every(({ attempts, lastError }) => attempts > 0 && !lastError?.includes('not finished'))) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error('the queue does not settle');
    },
  };
}

t.test('by preference, and to the next when one cannot be used', async (t) => {
  const { server, first, exchanger, send, dns } = await world(t, {
    'example.net': { MX: ['20 second.example.net', '10 first.example.net'] },
    'first.example.net': { A: [FIRST] },
    'second.example.net': { A: [SECOND] },
  });
  const second = await exchanger(SECOND);
  await send('Preferred', 'x@example.net', 'y@EXAMPLE.net');
  t.match(first.messages, [{ from: 'anna@example.org', recipients: ['x@example.net', 'y@example.net'] }]);
  t.equal(second.connections, 0);

  first.behaviour = { greeting: () => '421 4.3.2 Not now' };
  await send('Second choice', 'x@example.net');
  t.equal(first.messages.length, 1);
  t.match(second.messages, [{ octets: /Second choice/ }]);

  first.behaviour = { command: (line) => (/^MAIL/.test(line) ? '451 4.3.0 Later' : undefined) };
  await send('Put off by the first', 'x@example.net');
  t.match(second.messages.at(-1), { octets: /Put off/ });

  first.close();
  await send('Nobody there', 'x@example.net');
  t.match(second.messages.at(-1), { octets: /Nobody there/ });
  t.strictSame(await server.store.submissions.list(10), []);
  t.ok(dns.questions.includes('MX example.net'));
});

t.test('what is refused for good, or may have arrived, goes to no other server', async (t) => {
  const { server, first, exchanger, send } = await world(t, {
    'example.net': { MX: ['10 first.example.net', '20 second.example.net'] },
    'first.example.net': { A: [FIRST] },
    'second.example.net': { A: [SECOND] },
  });
  const second = await exchanger(SECOND);
  first.behaviour = { command: (line) => (/^RCPT/.test(line) ? '550 5.1.1 No' : undefined) };
  await send('Refused', 'x@example.net');
  t.match((await server.arrived(server.anna, 1))[0], /Status: 5\.1\.1/);
  first.behaviour = { message: () => 'close' };
  await send('Perhaps', 'x@example.net');
  t.match(await server.store.submissions.list(10), [{ attempts: 1, lastError: /may arrive twice/ }]);
  t.equal(second.connections, 0);
});

t.test('RFC 5321 §5.1: a domain without MX is its own exchanger, over IPv4 and by every address', async (t) => {
  const { server, first, send } = await world(t, {
    'bare.example.net': { A: [SECOND, FIRST] },
  });
  // Nothing listens at the other address.
  await send('Implicit', 'x@bare.example.net');
  t.match(first.messages, [{ recipients: ['x@bare.example.net'] }]);
  t.strictSame(await server.store.submissions.list(10), []);
});

t.test('equals are used by chance', async (t) => {
  const { first, exchanger, send } = await world(t, {
    'example.net': { MX: ['10 first.example.net', '10 second.example.net'] },
    'first.example.net': { A: [FIRST] },
    'second.example.net': { A: [SECOND] },
  });
  const second = await exchanger(SECOND);
  for (let n = 0; n < 60 && (first.messages.length === 0 || second.messages.length === 0); n++)
    await send(`Chance ${n}`, 'x@example.net');
  t.ok(first.messages.length > 0 && second.messages.length > 0);
});

t.test('encryption that fails leaves the message as it was', async (t) => {
  const { first, send, server } = await world(t, {
    'example.net': { MX: ['10 first.example.net'] },
    'first.example.net': { A: [FIRST] },
  });
  let began = 0;
  first.behaviour = {
    extensions: ['STARTTLS'],
    command(line) {
      if (!/^STARTTLS/.test(line)) return undefined;
      began++;
      return '220 Go, in the clear';
    },
  };
  await send('In the clear', 'x@example.net');
  t.equal(began, 1);
  t.match(first.messages, [{ octets: /In the clear/, tls: false }]);
  t.strictSame(await server.store.submissions.list(10), []);
});

t.test('domains that take no mail: told at once, with the reason', async (t) => {
  const { server, send } = await world(t, {
    'null.example.net': { MX: ['0 '] },
    'nowhere.example.net': { MX: ['10 missing.example.net'] },
    'loop.example.net': { MX: ['10 mx.example.org', '20 further.example.net'] },
    'further.example.net': { A: [FIRST] },
    'private.example.net': { A: ['10.1.2.3'], AAAA: ['fd00::1'] },
  });
  for (const [domain, status] of [
    ['null.example.net', '5.1.10'],
    ['unknown.example.net', '5.1.2'],
    ['nowhere.example.net', '5.4.4'],
    ['loop.example.net', '5.4.6'],
    ['private.example.net', '5.4.4'],
  ] as const) {
    const before = (await server.mailbox(server.anna)).length;
    await send(`To ${domain}`, `x@${domain}`);
    const reports = await server.arrived(server.anna, before + 1);
    t.match(reports.at(-1), new RegExp(`Status: ${status.replaceAll('.', '\\.')}\\r`), domain);
  }
  t.strictSame(await server.store.submissions.list(10), []);
});

t.test('RFC 5321 §5.1: this server among the exchangers leaves those nearer than itself', async (t) => {
  const { first, send, server } = await world(t, {
    'example.net': { MX: ['10 first.example.net', '20 mx.example.org', '30 further.example.net'] },
    'first.example.net': { A: [FIRST] },
    'further.example.net': { A: [SECOND] },
  });
  await send('Nearer', 'x@example.net');
  t.match(first.messages, [{ octets: /Nearer/ }]);
  first.behaviour = { greeting: () => '421 4.3.2 Not now' };
  await send('Waits', 'x@example.net');
  t.match(await server.store.submissions.list(10), [{ attempts: 1, lastError: /Not now/ }]);
});

t.test('DNS that does not answer costs a wait', async (t) => {
  const { server, send, dns } = await world(t, { 'broken.example.net': 'servfail' });
  await send('Broken', 'x@broken.example.net');
  t.match(await server.store.submissions.list(10), [{ attempts: 1, lastError: /DNS gave no answer/ }]);
  dns.zone['later.example.net'] = { MX: ['10 exchanger.example.net'] };
  dns.zone['exchanger.example.net'] = 'servfail';
  await send('Half', 'x@later.example.net');
  t.match(
    (await server.store.submissions.list(10)).map(({ lastError }) => lastError),
    [/DNS gave no answer/, /DNS gave no answer about the mail exchangers/],
  );
});

t.test('two servers of this kind write to each other', async (t) => {
  const dns = await startDnsServer(t, {
    'example.net': { MX: ['10 mx.example.net'] },
    'example.org': { MX: ['10 mx.example.org'] },
    'mx.example.net': { A: ['127.0.0.1'] },
    'mx.example.org': { A: ['127.0.0.1'] },
  });
  const ports = [await freePort(), await freePort()] as const;
  const common = (own: number, other: number) => ({
    environment: {
      CONVENE_DNS_SERVERS: dns.address,
      CONVENE_DELIVER_TO: '127.0.0.1',
      CONVENE_SMTP_PORT: String(own),
    },
    mailTransport: { port: other },
    log: pino({ level: 'silent' }),
  });
  const here = await startMailServer(t, common(ports[0], ports[1]));
  const there = common(ports[1], ports[0]);
  const other = await startServer(t, {
    ...there,
    environment: {
      ...there.environment,
      CONVENE_DOMAIN: 'example.net',
      CONVENE_MAIL_HOSTNAME: 'mx.example.net',
      CONVENE_SUBMISSION_PORT: '0',
    },
  });
  await other.app.principals.add({ address: 'clara@example.net', password: 'clara-password' });

  const out = await here.talk('submission');
  await out.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<clara@example.net>', 'RCPT TO:<nobody@example.net>');
  t.match(await out.data(letter('anna@example.org', 'There', 'Words\r\n.dots\r\n')), /^250/);
  const [refusal] = await here.arrived(here.anna, 1);
  t.match(refusal, /Final-Recipient: rfc822; ?nobody@example\.net\r\n[\s\S]*Status: 5\.1\.1/);

  const back = await SmtpClient.connect(other.app.addresses.submission?.port ?? 0);
  t.teardown(() => back.end());
  await back.command('EHLO client.example.net');
  t.match(await back.logIn('clara', 'clara-password'), /^235/);
  await back.commands('MAIL FROM:<clara@example.net>', 'RCPT TO:<bob@example.org>');
  t.match(await back.data(letter('clara@example.net', 'And back')), /^250/);
  t.match((await here.arrived(here.bob, 1))[0], /Subject: And back/);
  const clara = await other.app.principals.find('clara');
  const { id } = await other.app.mail.mailboxes.find(clara, 'INBOX');
  const bodies = await other.app.mail.contents.bodies(id, 1, 100);
  t.match(
    bodies.map(({ octets }) => octets?.toString('latin1')),
    [/Subject: There[\s\S]*\r\nWords\r\n\.dots\r\n$/],
  );
});
