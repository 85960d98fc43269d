/** Settings: defaults, every kind of value, and one sentence for each problem. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { ConfigError, LISTENERS, portName, readConfig, SETTINGS } from '../../src/config.ts';
import { configurationDocument } from '../../src/configuration-document.ts';
import { packageRoot } from '../../src/package-root.ts';
import { temporaryFolder } from '../support/store.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment, '/root');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

t.test('nothing is required', (t) => {
  const config = readConfig({ PATH: '/bin' }, '/package');
  t.match(config, {
    data: '/package/data',
    host: '127.0.0.1',
    domain: 'convene.localhost',
    publicUrl: undefined,
    trustedProxies: [],
    plaintextLogin: 'loopback',
    tls: undefined,
    logLevel: 'info',
    quota: undefined,
  });
  t.same(config.ports, {
    http: 8080,
    https: 8443,
    imap: 1143,
    imaps: 1993,
    pop3: 1110,
    pop3s: 1995,
    submission: 1587,
    submissions: 1465,
    smtp: 1025,
    lmtp: 1024,
  });
  t.end();
});

t.test('values', (t) => {
  const config = readConfig(
    {
      CONVENE_DATA: 'here',
      CONVENE_DOMAIN: 'Example.ORG',
      CONVENE_PUBLIC_URL: 'https://DAV.example.org/',
      CONVENE_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      CONVENE_TLS_CERT: 'cert.pem',
      CONVENE_TLS_KEY: '/key.pem',
      CONVENE_HTTP_PORT: '0',
      CONVENE_HTTPS_PORT: '',
      CONVENE_LOG_LEVEL: '',
      CONVENE_QUOTA: '2G',
    },
    '/package',
  );
  t.equal(config.data, resolve('here'), 'a given folder starts at the working directory');
  t.equal(config.domain, 'example.org');
  t.equal(config.publicUrl, 'https://dav.example.org');
  t.equal(config.trustedProxies.length, 2);
  t.same(config.tls, { cert: resolve('cert.pem'), key: '/key.pem' });
  t.equal(config.quota, 2_147_483_648);
  t.equal(config.ports.http, 0);
  t.equal(config.ports.https, undefined, 'empty switches off');
  t.equal(config.logLevel, 'info', 'empty is none elsewhere');
  t.end();
});

const OAUTH = {
  CONVENE_OAUTH_ISSUER: 'https://login.example.org',
  CONVENE_OAUTH_KEYS: 'https://login.example.org/keys',
  CONVENE_OAUTH_AUDIENCE: 'convene',
};

t.test('whose tokens are taken', (t) => {
  const oauthOf = (more: Record<string, string>) => readConfig({ ...OAUTH, ...more }, '/package').oauth;
  t.equal(readConfig({}, '/package').oauth, undefined);
  t.match(oauthOf({}), { issuer: 'https://login.example.org', claim: 'email', keys: { loopback: false } });
  t.match(oauthOf({ CONVENE_OAUTH_KEYS: 'http://[::1]:8000/keys' }), { keys: { loopback: true } });
  t.match(oauthOf({ CONVENE_OAUTH_KEYS: 'http://localhost/keys' }), { keys: { loopback: true } });
  t.same(oauthOf({ CONVENE_OAUTH_KEYS: '/etc/keys.json' })?.keys, { file: '/etc/keys.json' });
  t.end();
});

t.test('problems, one sentence each', (t) => {
  const cases: [environment: Record<string, string>, ...expected: RegExp[]][] = [
    [{ CONVENE_HTTP_PROT: '1' }, /^CONVENE_HTTP_PROT is not a setting of Convene; did you mean CONVENE_HTTP_PORT\?$/],
    [{ CONVENE_BANANA: '1' }, /^CONVENE_BANANA is not a setting of Convene; remove it\.$/],
    [{ CONVENE_HTTP_PORT: 'http' }, /CONVENE_HTTP_PORT must be a number from 0 to 65535/],
    [{ CONVENE_IMAP_PORT: '65536' }, /CONVENE_IMAP_PORT must be/],
    [{ CONVENE_LMTP_PORT: '-1' }, /CONVENE_LMTP_PORT must be/],
    [{ CONVENE_SMTP_PORT: '1024' }, /CONVENE_LMTP_PORT and CONVENE_SMTP_PORT are both 1024/],
    [{ CONVENE_DOMAIN: 'two words' }, /CONVENE_DOMAIN must be a domain name/],
    [{ CONVENE_DOMAIN: '-a.org' }, /CONVENE_DOMAIN must be a domain name/],
    [{ CONVENE_PUBLIC_URL: 'dav.example.org' }, /CONVENE_PUBLIC_URL must be http/],
    [{ CONVENE_PUBLIC_URL: 'https://dav.example.org/sub/' }, /without a path/],
    [{ CONVENE_PUBLIC_URL: 'https://a:b@dav.example.org' }, /CONVENE_PUBLIC_URL/],
    [{ CONVENE_TRUSTED_PROXIES: '10.0.0.0/33' }, /"10\.0\.0\.0\/33" is none/],
    [{ CONVENE_TRUSTED_PROXIES: 'proxy' }, /"proxy" is none/],
    [{ CONVENE_PLAINTEXT_LOGIN: 'yes' }, /must be one of loopback, never/],
    [{ CONVENE_LOG_LEVEL: 'loud' }, /must be one of silent, fatal/],
    [{ CONVENE_QUOTA: 'much' }, /CONVENE_QUOTA must be a size, like 500M or 5G/],
    [{ CONVENE_HOST: 'a b' }, /CONVENE_HOST must be/],
    [
      { CONVENE_OAUTH_ISSUER: 'https://login.example.org' },
      /Set CONVENE_OAUTH_KEYS too/,
      /Set CONVENE_OAUTH_AUDIENCE too/,
    ],
    [{ ...OAUTH, CONVENE_OAUTH_KEYS: 'http://login.example.org/keys' }, /CONVENE_OAUTH_KEYS must be a file, or a URL/],
    [{ ...OAUTH, CONVENE_OAUTH_KEYS: 'https://a:b@login.example.org/' }, /CONVENE_OAUTH_KEYS must be/],
    [{ ...OAUTH, CONVENE_OAUTH_KEYS: 'file:///etc/keys' }, /CONVENE_OAUTH_KEYS must be/],
    [{ ...OAUTH, CONVENE_OAUTH_CLAIM: 'two words' }, /CONVENE_OAUTH_CLAIM must be the name of a claim/],
    [{ CONVENE_TLS_KEY: 'k' }, /Set CONVENE_TLS_CERT too/],
    [{ CONVENE_TLS_CERT: 'c' }, /Set CONVENE_TLS_KEY too/],
    [
      { CONVENE_A: '', CONVENE_LOG_LEVEL: 'x', CONVENE_POP3_PORT: '1.5' },
      /CONVENE_A is not/,
      /CONVENE_LOG_LEVEL/,
      /CONVENE_POP3_PORT/,
    ],
  ];
  for (const [environment, ...expected] of cases) {
    const problems = problemsOf(environment);
    t.equal(problems.length, expected.length, JSON.stringify(environment));
    for (const [i, pattern] of expected.entries()) t.match(problems[i], pattern);
  }
  t.end();
});

t.test('a setting may be in a file', (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'domain');
  writeFileSync(file, 'example.org\n');
  t.equal(readConfig({ CONVENE_DOMAIN_FILE: file }, folder).domain, 'example.org');
  t.equal(readConfig({ CONVENE_DOMAIN_FILE: '' }, folder).domain, 'convene.localhost');
  t.match(problemsOf({ CONVENE_DOMAIN_FILE: join(folder, 'none') }), [/cannot be read/]);
  t.match(problemsOf({ CONVENE_DOMAIN: 'a.example', CONVENE_DOMAIN_FILE: file }), [/not both/]);
  t.match(problemsOf({ CONVENE_NOTHING_FILE: file }), [/not a setting/]);
  t.end();
});

t.test('the document lists every setting and is fresh', (t) => {
  const document = readFileSync(join(packageRoot, 'docs', 'configuration.md'), 'utf8');
  t.equal(document, configurationDocument(), 'run `npm run docs`');
  for (const { name, description } of SETTINGS) {
    t.ok(document.includes(`\`${name}\``), name);
    t.match(description, /\.$/);
  }
  for (const listener of LISTENERS) t.ok(SETTINGS.some(({ name }) => name === portName(listener)));
  t.end();
});
