/**
 * RFC 8461 §5, RFC 6376, RFC 7208, RFC 7489: two whole servers whose domains enforce encryption write to each other by what DNS
 * says, with the records that each prints for its domain; what is not proven waits.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import t, { type Test } from 'tap';
import type { FetchRequest } from '../../../src/fetching.ts';
import { servicesOf, zoneLines } from '../../../src/setup/service-records.ts';
import { startDnsServer, type Zone } from '../../support/dns-server.ts';
import { letter } from '../../support/mail-server.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { freePort } from '../../support/server-process.ts';
import { SmtpClient } from '../../support/smtp.ts';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

async function certificateOf(name: string): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  return { cert: made.cert, key: made.private };
}

async function mailOf(server: TestServer, name: string): Promise<string[]> {
  const { principals, mail } = server.app;
  const { id } = await mail.mailboxes.find(await principals.find(name), 'INBOX');
  return (await mail.contents.bodies(id, 1, 2 ** 32 - 1)).map(({ octets }) => octets?.toString('latin1') ?? '');
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (let patience = 1_600; patience > 0; patience--) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it does not come');
}

async function pair(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'convene-pair-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const zone: Zone = {};
  const dns = await startDnsServer(t, zone);
  const policies = new Map<string, string>();
  const certificates = {
    'example.net': await certificateOf('mx.example.net'),
    'example.org': await certificateOf('mx.example.org'),
  };
  const authorities = Object.values(certificates)
    .map(({ cert }) => cert)
    .join('\n');
  const ports = { 'example.net': await freePort(), 'example.org': await freePort() };
  type Domain = keyof typeof ports;
  for (const domain of Object.keys(ports) as Domain[]) {
    zone[`mx.${domain}`] = { A: ['127.0.0.1'] };
    zone[`_mta-sts.${domain}`] = { TXT: ['v=STSv1; id=1;'] };
    policies.set(
      `https://mta-sts.${domain}/.well-known/mta-sts.txt`,
      `version: STSv1\nmode: enforce\nmx: mx.${domain}\nmax_age: 86400\n`,
    );
  }
  const start = async (domain: Domain, { cert, key }: Certificate = certificates[domain]): Promise<TestServer> => {
    const paths = { cert: join(folder, `${domain}.crt`), key: join(folder, `${domain}.key`) };
    writeFileSync(paths.cert, cert);
    writeFileSync(paths.key, key);
    const server = await startServer(t, {
      environment: {
        CONVENE_DOMAIN: domain,
        CONVENE_MAIL_HOSTNAME: `mx.${domain}`,
        CONVENE_TLS_CERT: paths.cert,
        CONVENE_TLS_KEY: paths.key,
        CONVENE_SUBMISSION_PORT: '0',
        CONVENE_SMTP_PORT: String(ports[domain]),
        CONVENE_DNS_SERVERS: dns.address,
        CONVENE_DELIVER_TO: '127.0.0.1',
      },
      mailTransport: {
        port: ports[domain === 'example.net' ? 'example.org' : 'example.net'],
        authorities,
        fetcher: {
          async fetch({ url }: FetchRequest) {
            return { kind: 'octets', octets: Buffer.from(policies.get(url) ?? ''), etag: '', lastModified: '' };
          },
        },
      },
      log: pino({ level: 'silent' }),
    });
    const name = domain === 'example.net' ? 'clara' : 'dora';
    await server.app.principals.add({ address: `${name}@${domain}`, password: `${name}-password` });
    // What `convene dns` prints.
    const texts = await server.app.domainKeys.records(domain);
    for (const line of [
      ...zoneLines(domain, servicesOf(server.app.config)),
      ...texts.map(({ name: owner, value }) => `${owner} IN TXT ${value}`),
    ]) {
      const [, at = '', type = '', value = ''] = /^(\S+)\. IN (TXT|MX) (.*)$/.exec(line) ?? [];
      const record = value.replace(/" "|^"|"$/g, '').replace(/\.$/, '');
      if (at !== '') zone[at] = { ...(zone[at] as object | undefined), [type]: [record] };
    }
    return server;
  };
  return {
    start,
    certificateOf,
    async send(server: TestServer, name: string, domain: Domain, recipient: string, subject: string): Promise<void> {
      const client = await SmtpClient.connect(server.app.addresses.submission?.port ?? 0);
      t.teardown(() => client.end());
      await client.command('EHLO client.example.com');
      await client.logIn(name, `${name}-password`);
      await client.commands(`MAIL FROM:<${name}@${domain}>`, `RCPT TO:<${recipient}>`);
      const reply = await client.data(letter(`${name}@${domain}`, subject, 'Words\r\n.dots\r\n'));
      if (!reply.startsWith('250')) throw new Error(reply);
      client.end();
    },
  };
}

t.test('both ways, encrypted, and each believes the other', async (t) => {
  const { start, send } = await pair(t);
  const [net, org] = [await start('example.net'), await start('example.org')];
  await send(net, 'clara', 'example.net', 'dora@example.org', 'There');
  await send(org, 'dora', 'example.org', 'clara@example.net', 'Back');
  for (const [server, name, from, subject] of [
    [org, 'dora', 'example.net', 'There'],
    [net, 'clara', 'example.org', 'Back'],
  ] as const) {
    const [message] = await until(async () => {
      const all = await mailOf(server, name);
      return all.length > 0 ? all : undefined;
    });
    t.match(message, new RegExp(`\\r\\nReceived: from mx\\.${from} [\\s\\S]*?with ESMTPS`), `${subject}: over TLS`);
    t.match(message, /\r\nAuthentication-Results: [\s\S]*?spf=pass[\s\S]*?dkim=pass[\s\S]*?dmarc=pass/);
    t.match(message, new RegExp(`Subject: ${subject}\\r\\n[\\s\\S]*\\r\\nWords\\r\\n\\.dots\\r\\n$`));
  }
  for (const server of [net, org])
    t.ok(await until(async () => (await server.store.submissions.list(10)).length === 0 || undefined), 'handed over');
});

t.test('a server that cannot prove its name gets nothing, until it can', async (t) => {
  const { start, send, certificateOf } = await pair(t);
  const net = await start('example.net');
  const impostor = await start('example.org', await certificateOf('mx.example.org'));
  await send(net, 'clara', 'example.net', 'dora@example.org', 'Proven only');
  const row = await until(async () => {
    const [first] = await net.store.submissions.list(1);
    return first !== undefined && first.attempts > 0 && !first.lastError?.includes('not finished') ? first : undefined;
  });
  t.match(row.lastError, /certificate/);
  t.same(await mailOf(impostor, 'dora'), []);
  await impostor.close();
  const org = await start('example.org');
  await net.app.queue.change('retry', row.id);
  t.match(await until(async () => (await mailOf(org, 'dora'))[0]), /with ESMTPS[\s\S]*Subject: Proven only/);
});
