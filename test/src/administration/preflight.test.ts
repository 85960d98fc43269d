/** What `convene check` finds on a good day, and which remedy it names for each thing that is not. */
import { chmodSync } from 'node:fs';
import t from 'tap';
import { type Finding, type Probes, preflight } from '../../../src/administration/preflight.ts';
import { readConfig } from '../../../src/config.ts';
import { servicesOf, zoneLines } from '../../../src/setup/service-records.ts';
import { temporaryFolder } from '../../support/store.ts';

const NOW = Date.UTC(2026, 0, 1);

t.test('a good day, and each thing that may be wrong', async (t) => {
  const data = temporaryFolder(t);
  chmodSync(data, 0o700);
  const config = readConfig(
    {
      CONVENE_DATA: data,
      CONVENE_PUBLIC_URL: 'https://dav.example.org',
      CONVENE_BACKUP_FOLDER: '/backups',
      CONVENE_DOMAIN: 'example.org',
    },
    data,
  );
  const services = servicesOf(config);
  const zone = new Map<string, string[]>();
  const add = (key: string, value: string) => zone.set(key, [...(zone.get(key) ?? []), value]);
  const key = 'r20260101._domainkey.example.org. IN TXT "v=DKIM1; k=rsa; p=MIIB" "IjAN"';
  const records = {
    domain: 'example.org',
    services: zoneLines('example.org', services),
    senders: [
      'example.org. IN TXT "v=spf1 mx -all"',
      key,
      '_dmarc.example.org. IN TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org"',
    ],
  };
  for (const line of [...records.services, key]) {
    const [, name, kind, value = ''] = /^(\S+)\. IN (\S+) (.*)$/.exec(line) ?? [];
    add(`${name} ${kind}`, value.replace(/" "|^"|"$/g, '').replace(/\.$/, ''));
  }
  add('dav.example.org A', '192.0.2.1');
  add('example.org TXT', 'v=spf1 mx -all');
  add('_dmarc.example.org TXT', 'v=DMARC1; p=none');
  const good: Probes = {
    records: async (name, kind) => zone.get(`${name} ${kind}`) ?? [],
    reverse: async () => ['dav.example.org'],
    connects: async () => true,
    certificate: async () => ({ trusted: true, reason: '', validTo: NOW + 60 * 86_400_000 }),
    get: async (url) =>
      url.includes('well-known') ? { status: 301, location: '/dav/' } : { status: 404, location: '' },
  };
  const run = async (probes: Partial<Probes>, settings = config): Promise<Finding[]> => {
    const findings: Finding[] = [];
    for await (const one of preflight(settings, [records], services, { ...good, ...probes }, NOW)) findings.push(one);
    return findings;
  };
  const unwell = (findings: readonly Finding[]) => findings.filter(({ state }) => state !== 'well');
  const fine = await run({});
  t.same(unwell(fine), []);
  t.ok(fine.length >= 10);

  const none = (wanted: string): Partial<Probes> => ({
    records: async (name, kind) => (`${name} ${kind}` === wanted ? [] : (zone.get(`${name} ${kind}`) ?? [])),
  });
  const cases: [name: string, probes: Partial<Probes>, what: RegExp, remedy: RegExp][] = [
    ['no address', none('dav.example.org A'), /has no address/, /A record/],
    ['reverse name', { reverse: async () => ['host-1.provider.example'] }, /reverse name .* host-1/, /set it to dav/],
    ['no TLS', { certificate: async () => undefined }, /nothing speaks TLS/, /firewall/],
    [
      'untrusted',
      { certificate: async () => ({ trusted: false, reason: 'self-signed', validTo: NOW }) },
      /not trusted \(self-signed\)/,
      /CONVENE_TLS_CERT/,
    ],
    [
      'ends soon',
      { certificate: async () => ({ trusted: true, reason: '', validTo: NOW + 86_400_000 }) },
      /ends in 1 days/,
      /Renew/,
    ],
    ['well-known', { get: async () => ({ status: 404, location: '' }) }, /well-known\/caldav answers 404/, /proxy/],
    [
      'metrics',
      {
        get: async (url) =>
          url.endsWith('metrics') ? { status: 200, location: '' } : { status: 301, location: '/dav/' },
      },
      /metrics/,
      /METRICS_FROM/,
    ],
    ['MX', none('example.org MX'), /lacks records/, /IN MX 10 dav\.example\.org/],
    ['SRV', none('_caldavs._tcp.example.org SRV'), /lacks records/, /_caldavs\._tcp/],
    [
      'a key that is not published',
      none('r20260101._domainkey.example.org TXT'),
      /does not publish the keys/,
      /r20260101\._domainkey.*p=MIIB" "IjAN/,
    ],
    [
      'another key',
      {
        records: async (name, kind) =>
          name.includes('._domainkey.')
            ? ['v=DKIM1; k=rsa; p=miibijan']
            : ((await good.records(name, kind)) as readonly string[]),
      },
      /does not publish the keys/,
      /p=MIIB/,
    ],
    ['SPF', none('example.org TXT'), /no SPF/, /v=spf1 mx -all/],
    ['DMARC', none('_dmarc.example.org TXT'), /no DMARC/, /v=DMARC1; p=quarantine/],
    ['ports', { connects: async () => false }, /do not answer: http 8080/, /Start the server/],
  ];
  for (const [name, probes, what, remedy] of cases) {
    const found = unwell(await run(probes));
    t.ok(found.length >= 1, name);
    t.ok(
      found.some((one) => what.test(one.what) && remedy.test(one.remedy)),
      `${name}: ${JSON.stringify(found)}`,
    );
  }
  add('example.org TXT', 'v=spf1 -all');
  t.match(unwell(await run({})), [{ state: 'wrong', what: /2 SPF/ }]);
  chmodSync(data, 0o755);
  t.match(unwell(await run({}, { ...config, backupHours: 0, publicUrl: undefined })), [
    { state: 'wrong', what: /others may look/, remedy: /chmod 700/ },
    { state: 'wrong', what: /no backups/ },
    { state: 'note', what: /PUBLIC_URL/ },
  ]);
});
