/** RFC 8461: a domain that wants encryption gets it or keeps waiting, and what was once known of it holds when DNS falls silent. */
import { pino } from 'pino';
import { generate } from 'selfsigned';
import t, { type Test } from 'tap';
import { MtaSts, names, readPolicy } from '../../../protocols/smtp/mta-sts.ts';
import { FetchError, type FetchRequest } from '../../../src/fetching.ts';
import { StsPolicies } from '../../../src/mail/sts-policies.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { FakeMx } from '../../support/fake-mx.ts';
import { letter, startMailServer } from '../../support/mail-server.ts';
import { temporaryFolder, temporaryStore } from '../../support/store.ts';

const HOUR = 3_600_000;

t.test('policy files', async (t) => {
  const good = (text: string) => readPolicy(text);
  t.strictSame(
    good('version: STSv1\r\nmode: enforce\r\nmx: MX1.example.net\r\nmx: *.example.org\r\nmax_age: 86400\r\n'),
    {
      policy: { mode: 'enforce', mx: ['mx1.example.net', '*.example.org'] },
      maxAge: 86_400,
    },
  );
  t.match(good('version:STSv1\nmode:none\nmax_age:10\nfuture_field: x\n'), { policy: { mode: 'none', mx: [] } });
  t.match(good('version: STSv1\nmode: testing\nmx: a.example\nmax_age: 9999999999\n'), { maxAge: 31_557_600 });
  for (const bad of [
    '',
    'mode: enforce\nversion: STSv1\nmx: a.example\nmax_age: 1\n',
    'version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n',
    'version: STSv1\nmode: perhaps\nmx: a.example\nmax_age: 1\n',
    'version: STSv1\nmode: enforce\nmax_age: 1\n',
    'version: STSv1\nmode: enforce\nmx: a.example\n',
    'version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n',
    '<html>',
  ])
    t.equal(good(bad), undefined, bad);
});

t.test('§4.1: names of mail exchangers', async (t) => {
  const policy = { mode: 'enforce', mx: ['mx.example.net', '*.mail.example.net'] } as const;
  for (const host of ['mx.example.net', 'a.mail.example.net']) t.ok(names(policy, host), host);
  for (const host of ['example.net', 'mail.example.net', 'a.b.mail.example.net', 'xmail.example.net', 'b.example.net'])
    t.notOk(names(policy, host), host);
});

async function certificateOf(name: string): Promise<{ cert: string; key: string }> {
  const made = await generate([{ name: 'commonName', value: name }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  return { cert: made.cert, key: made.private };
}

async function world(t: Test) {
  const dns = await startDnsServer(t, {
    'example.net': { MX: ['10 mx.example.net'] },
    'mx.example.net': { A: ['127.0.0.1'] },
    '_mta-sts.example.net': { TXT: ['v=STSv1; id=1;'] },
  });
  const mx = await FakeMx.listen(t);
  const trusted = await certificateOf('mx.example.net');
  const clock = { now: Date.UTC(2026, 0, 5) };
  const asked: string[] = [];
  const web = { policy: 'version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: 86400\n' };
  const server = await startMailServer(t, {
    now: () => clock.now,
    environment: { CONVENE_DNS_SERVERS: dns.address, CONVENE_DELIVER_TO: '127.0.0.1' },
    mailTransport: {
      port: mx.port,
      timeouts: { connect: 500, greeting: 500, silence: 800 },
      authorities: trusted.cert,
      fetcher: {
        async fetch({ url }: FetchRequest) {
          asked.push(url);
          if (web.policy === '') throw new FetchError('failed', 'The server cannot be reached.');
          return { kind: 'octets', octets: Buffer.from(web.policy), etag: '', lastModified: '' };
        },
      },
    },
    log: pino({ level: 'silent' }),
  });
  return {
    dns,
    mx,
    trusted,
    clock,
    asked,
    web,
    /** Sends a letter; the reason why it waits, or undefined when it left. */
    async send(subject: string): Promise<string | undefined> {
      for (const { id } of await server.store.submissions.list(100))
        await server.store.transaction((write) => write.submissions.remove(id));
      const client = await server.talk('submission');
      await client.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<x@example.net>');
      const reply = await client.data(letter('anna@example.org', subject));
      if (!reply.startsWith('250')) throw new Error(reply);
      client.end();
      for (let patience = 400; patience > 0; patience--) {
        const [row] = await server.store.submissions.list(1);
        if (row === undefined) return undefined;
        if (row.attempts > 0 && !row.lastError?.includes('not finished')) return row.lastError ?? '';
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error('the queue does not settle');
    },
  };
}

t.test('§5: enforced, mail leaves encrypted to a proven name or waits', async (t) => {
  const { mx, trusted, send, asked, dns, web, clock } = await world(t);
  t.type(await send('In the clear'), 'string', 'no STARTTLS');
  t.strictSame(mx.messages, []);
  mx.behaviour = { tls: await certificateOf('mx.example.net') };
  t.type(await send('Unknown authority'), 'string');
  t.strictSame(mx.messages, []);
  mx.behaviour = { tls: trusted };
  t.equal(await send('Proven'), undefined);
  t.match(mx.messages, [{ octets: /Proven/, tls: true }]);
  t.strictSame(asked, ['https://mta-sts.example.net/.well-known/mta-sts.txt'], 'the policy is kept');

  // A new version is fetched, and forbids the only exchanger.
  dns.zone['_mta-sts.example.net'] = { TXT: ['v=STSv1; id=2'] };
  web.policy = 'version: STSv1\nmode: enforce\nmx: other.example.net\nmax_age: 86400\n';
  t.match(await send('Not named'), /names none of its mail exchangers/);
  t.equal(asked.length, 2);

  // §5.1: silence of DNS and of the web server does not end it; its age does.
  dns.zone['_mta-sts.example.net'] = 'servfail';
  t.match(await send('Still not named'), /names none/);
  dns.zone['_mta-sts.example.net'] = { TXT: ['v=STSv1; id=3'] };
  web.policy = '';
  t.match(await send('Version 3 cannot be fetched'), /names none/);
  t.match(await send('And is not asked for again'), /names none/);
  t.equal(asked.length, 3);
  clock.now += 25 * HOUR;
  t.equal(await send('A day later'), undefined);
  t.match(mx.messages.at(-1), { octets: /A day later/, tls: true });
});

t.test('testing, none, and records that are not one policy change nothing', async (t) => {
  const { mx, send, dns, web, asked } = await world(t);
  let version = 10;
  for (const policy of [
    'version: STSv1\nmode: testing\nmx: other.example.net\nmax_age: 86400\n',
    'version: STSv1\nmode: none\nmax_age: 86400\n',
  ]) {
    web.policy = policy;
    dns.zone['_mta-sts.example.net'] = { TXT: [`v=STSv1; id=${version++}`] };
    t.equal(await send('Goes'), undefined, policy);
  }
  t.equal(asked.length, 2);
  web.policy = 'version: STSv1\nmode: enforce\nmx: other.example.net\nmax_age: 86400\n';
  dns.zone['_mta-sts.example.net'] = { TXT: ['v=STSv1; id=20', 'v=STSv1; id=21'] };
  t.equal(await send('Two records'), undefined);
  t.equal(asked.length, 2);
  t.equal(mx.messages.length, 3);
});

t.test('§3.3, §5.1: a policy holds over a restart, and is fetched again before its time is over', async (t) => {
  const folder = temporaryFolder(t);
  const dns = await startDnsServer(t, { '_mta-sts.example.net': { TXT: ['v=STSv1; id=1;'] } });
  const clock = { now: Date.UTC(2026, 0, 5) };
  const web = { asked: 0, age: 10 * 24 * 3_600, works: true };
  const life = async () => {
    const store = await temporaryStore(t, {}, folder);
    const policies = new StsPolicies(store);
    const fetcher = {
      async fetch() {
        web.asked++;
        if (!web.works) throw new FetchError('failed', 'The server cannot be reached.');
        const text = `version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: ${web.age}\n`;
        return { kind: 'octets', octets: Buffer.from(text), etag: '', lastModified: '' } as const;
      },
    };
    const sts = new MtaSts({ dnsServers: [dns.address], now: () => clock.now, policies, fetcher });
    return { store, mode: async () => (await sts.policyOf('example.net'))?.mode };
  };
  const first = await life();
  t.equal(await first.mode(), 'enforce');
  await first.store.close();

  dns.zone['_mta-sts.example.net'] = 'servfail';
  const second = await life();
  t.equal(await second.mode(), 'enforce', 'DNS is silent, and the server has just started');
  dns.zone['_mta-sts.example.net'] = { TXT: ['v=STSv1; id=1;'] };
  t.equal(await second.mode(), 'enforce');
  t.equal(web.asked, 1);
  clock.now += 25 * HOUR;
  t.equal(await second.mode(), 'enforce');
  t.equal(web.asked, 2, 'once a day although the version is the same');
  web.works = false;
  clock.now += 9 * 24 * HOUR;
  t.equal(await second.mode(), 'enforce', 'the time began anew with the second fetch');
  t.equal(web.asked, 3);
  clock.now += 2 * 24 * HOUR;
  t.equal(await second.mode(), undefined);
  t.equal(await second.store.transaction((write) => write.stsPolicies.expire(clock.now, 10)), 1);
});
