/**
 * OAUTHBEARER in IMAP, POP3 and submission, with keys from a real HTTP server. RFC 7628 §3 and §4, RFC 7519 §7.2, RFC 8725.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { generateKeyPair, UnsecuredJWT } from 'jose';
import t from 'tap';
import { oauthBearer } from '../../protocols/oauth-bearer.ts';
import { SaslSyntaxError } from '../../protocols/sasl-exchange.ts';
import { DomainError } from '../../src/errors.ts';
import { connectImap } from '../support/imap.ts';
import { connectPop3 } from '../support/pop3.ts';
import {
  base64,
  CHALLENGE,
  challenge,
  DOORS,
  type Door,
  IN,
  imapDoor,
  MALFORMED,
  PORTS,
  REFUSED,
} from '../support/sasl.ts';
import { startServer } from '../support/server.ts';
import { AUDIENCE, ISSUER, startTokenIssuer, trusting } from '../support/token-issuer.ts';

const message = (token: string, header = 'n,,') =>
  `${header}\x01host=localhost\x01port=143\x01auth=Bearer ${token}\x01\x01`;

/** The line that ended the exchange; errors are acknowledged as a client does it. */
async function logIn(door: Door, token: string, header?: string): Promise<string> {
  const answer = await door.begin('OAUTHBEARER', base64(message(token, header)));
  return CHALLENGE.test(answer) ? door.respond(base64('\x01')) : answer;
}

t.test('logging in with a token', async (t) => {
  const issuer = await startTokenIssuer(t);
  const server = await startServer(t, { environment: { ...PORTS, ...trusting(issuer) } });
  await server.addUser('anna');
  for (const open of DOORS) {
    const first = await open(t, server);
    const { protocol } = first;
    t.match(await logIn(first, await issuer.token()), IN, protocol);
    await first.leave();
    const second = await open(t, server);
    t.match(
      await logIn(second, await issuer.token({ email: 'Anna@Example.ORG' }), 'y,a=anna@example.org,'),
      IN,
      'for itself',
    );
    await second.leave();
    const third = await open(t, server);
    t.equal(challenge(await third.begin('oauthbearer')), '', 'without an initial response');
    t.match(await third.respond(base64(message(await issuer.token()))), IN);
    await third.leave();

    const refused = await open(t, server);
    const told = await refused.begin('OAUTHBEARER', base64(message(await issuer.token({ aud: 'other' }))));
    t.same(JSON.parse(challenge(told)), {
      status: 'invalid_token',
      'openid-configuration': `${ISSUER}/.well-known/openid-configuration`,
    });
    t.match(await refused.respond(base64('\x01')), REFUSED, `${protocol}: the error ends the exchange`);
    const again = await open(t, server);
    await again.begin('OAUTHBEARER', base64(message('x')));
    t.match(await again.respond(base64('more')), MALFORMED, 'nothing but the acknowledgement');
    const cancelled = await open(t, server);
    await cancelled.begin('OAUTHBEARER', base64(message('x')));
    t.match(await cancelled.respond('*'), MALFORMED, 'or cancelling');
    const asks = await open(t, server);
    const where = await asks.begin('OAUTHBEARER', base64('n,,\x01auth=\x01\x01'));
    t.match(JSON.parse(challenge(where)), { status: 'invalid_token' }, 'RFC 7628 §4.3: asking where to get a token');
    t.match(await asks.respond(base64('\x01')), REFUSED);
  }
  t.same(issuer.requests, [''], 'the keys were read once');
  const entries = await server.app.audit.last('anna', 10);
  t.equal(entries.filter(({ action, details }) => action === 'login' && details.includes('"token"')).length, 1);
});

t.test('announced where it is set up, and where nobody listens', async (t) => {
  const issuer = await startTokenIssuer(t);
  const without = await startServer(t, { environment: PORTS });
  t.notMatch((await (await connectImap(t, without)).ok('CAPABILITY')).untagged[0], 'OAUTHBEARER');
  t.match(await (await connectImap(t, without)).run(`AUTHENTICATE OAUTHBEARER ${base64(message('x'))}`), {
    status: 'NO',
  });
  const environment = { ...PORTS, ...trusting(issuer), CONVENE_PLAINTEXT_LOGIN: 'never' };
  const server = await startServer(t, { environment });
  await server.addUser('anna');
  const imap = await connectImap(t, server);
  t.notMatch((await imap.ok('CAPABILITY')).untagged[0], 'OAUTHBEARER');
  t.match(await imap.run(`AUTHENTICATE OAUTHBEARER ${base64(message(await issuer.token()))}`), {
    text: /^\[PRIVACYREQUIRED\]/,
  });
  await imap.ok('STARTTLS');
  await imap.secure();
  t.match((await imap.ok('CAPABILITY')).untagged[0], / AUTH=OAUTHBEARER/);
  t.equal((await imap.run(`AUTHENTICATE OAUTHBEARER ${base64(message(await issuer.token()))}`)).status, 'OK');
  const pop3 = await connectPop3(t, server, { tls: true });
  t.match((await pop3.lines('CAPA')).join('\n'), /^SASL .*OAUTHBEARER$/m);
});

t.test('tokens that are not good', async (t) => {
  let now = Date.parse('2026-11-28T12:00:00Z');
  const issuer = await startTokenIssuer(t, () => now);
  const server = await startServer(t, { environment: { ...PORTS, ...trusting(issuer) }, now: () => now });
  await server.addUser('anna');
  await server.addUser('bob');
  await server.app.groups.add('team@example.org');
  const seconds = now / 1000;
  const stranger = (await generateKeyPair('ES256')).privateKey;
  const shared = new TextEncoder().encode('a secret of thirty-two octets...');
  const good = await issuer.token();
  const [head = '', body = '', signature = ''] = good.split('.');
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), email: 'bob@example.org' }),
  );
  const cases: [why: string, token: string, header?: string][] = [
    ['another issuer', await issuer.token({ iss: 'https://login.example.com' })],
    ['for another server', await issuer.token({ aud: ['other', 'more'] })],
    ['no audience', await issuer.token({ aud: undefined })],
    ['expired', await issuer.token({ exp: seconds - 31 })],
    ['never expires', await issuer.token({ exp: undefined })],
    ['not yet', await issuer.token({ nbf: seconds + 100 })],
    ['signed by somebody else', await issuer.token({}, {}, stranger)],
    ['under a key that nobody has', await issuer.token({}, { kid: 'other' }, stranger)],
    ['changed', `${head}.${forged.toString('base64url')}.${signature}`],
    ['without its signature', `${head}.${body}.`],
    [
      'not signed',
      new UnsecuredJWT({ email: 'anna@example.org' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setExpirationTime('1h')
        .encode(),
    ],
    ['signed with a shared secret', await issuer.token({}, { alg: 'HS256' }, shared as never)],
    ['an address nobody has', await issuer.token({ email: 'nobody@example.org' })],
    ['an address nobody checked', await issuer.token({ email_verified: false })],
    ['no address', await issuer.token({ email: undefined })],
    ['an address that is no text', await issuer.token({ email: ['anna@example.org'] })],
    ['a group', await issuer.token({ email: 'team@example.org' })],
    ['for somebody else', good, 'n,a=bob,'],
    ['no token', 'abc.def.ghi'],
    ['too long', `${good}${'a'.repeat(20_000)}`],
  ];
  for (const [why, token, header] of cases) {
    now += 1_000;
    t.match(await logIn(await imapDoor(t, server), token, header), REFUSED, why);
  }
  const right: [why: string, token: string][] = [
    ['one audience of several', await issuer.token({ aud: ['other', AUDIENCE] })],
    ['expired a moment ago', await issuer.token({ exp: Math.floor(now / 1000) - 20 })],
    ['an access token by its type', await issuer.token({}, { typ: 'at+jwt' })],
    ['a checked address', await issuer.token({ email_verified: true })],
  ];
  for (const [why, token] of right) {
    now += 1_000;
    t.match(await logIn(await imapDoor(t, server), token), IN, why);
  }
});

t.test('guesses are counted, and a token of one person forgives none of another', async (t) => {
  const issuer = await startTokenIssuer(t);
  const server = await startServer(t, { environment: { ...PORTS, ...trusting(issuer) } });
  await server.addUser('anna');
  await server.addUser('bob');
  for (let n = 0; n < 4; n++) {
    const imap = await connectImap(t, server);
    t.match(await imap.run(`LOGIN bob guess${n}`), { text: /^\[AUTHENTICATIONFAILED\]/ });
  }
  t.match(await logIn(await imapDoor(t, server), await issuer.token(), 'n,a=bob,'), REFUSED);
  t.match(await (await connectImap(t, server)).run('LOGIN bob bob-password'), { text: /^\[UNAVAILABLE\]/ });
  t.match(await logIn(await imapDoor(t, server), await issuer.token(), 'n,a=anna,'), IN);
});

t.test('keys come and go', async (t) => {
  let now = Date.parse('2026-11-28T12:00:00Z');
  const issuer = await startTokenIssuer(t, () => now);
  const server = await startServer(t, { environment: { ...PORTS, ...trusting(issuer) }, now: () => now });
  await server.addUser('anna');
  const tried = async (token: string) => logIn(await imapDoor(t, server), token);
  for (const trouble of [500, 'garbage', 'redirect'] as const) {
    issuer.trouble = trouble;
    t.match(await tried(await issuer.token()), /^\w+ NO \[UNAVAILABLE\]/, `no keys: ${trouble}`);
    now += 10_000;
  }
  issuer.trouble = undefined;
  const old = await issuer.token();
  t.match(await tried(old), IN);
  await issuer.rotate();
  const before = issuer.requests.length;
  t.match(await tried(await issuer.token()), REFUSED, 'asked a moment ago');
  t.equal(issuer.requests.length, before);
  now += 10_000;
  t.match(await tried(await issuer.token()), IN, 'a key that is not known is asked for');
  t.match(await tried(old), REFUSED, 'the old one is gone');
  now += 10_000;
  for (let n = 0; n < 3; n++) t.match(await tried(await issuer.token({}, { kid: `made-up-${n}` })), REFUSED);
  t.equal(issuer.requests.length, before + 2, 'made-up keys are asked for once');
  t.equal(issuer.requests.at(-1), '"2"', 'and only whether anything changed');
  issuer.trouble = 503;
  now += 23 * 60 * 60_000;
  t.match(await tried(await issuer.token()), IN, 'keys that cannot be read again are good for a day');
  now += 2 * 60 * 60_000;
  t.match(await tried(await issuer.token()), /^\w+ NO \[UNAVAILABLE\]/);
  issuer.trouble = undefined;
  now += 10_000;
  t.match(await tried(await issuer.token()), IN);
});

t.test('keys in a file, another claim', async (t) => {
  const issuer = await startTokenIssuer(t);
  const folder = mkdtempSync(join(tmpdir(), 'convene-keys-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keys.json');
  writeFileSync(file, await (await fetch(issuer.url)).text());
  const more = { CONVENE_OAUTH_KEYS: file, CONVENE_OAUTH_CLAIM: 'preferred_username' };
  const server = await startServer(t, { environment: { ...PORTS, ...trusting(issuer), ...more } });
  await server.addUser('anna');
  await server.addUser('bob');
  t.match(await logIn(await imapDoor(t, server), await issuer.token({ preferred_username: 'bob' }), 'n,a=bob,'), IN);
  t.match(await logIn(await imapDoor(t, server), await issuer.token()), REFUSED, 'the other claim is not looked at');
});

t.test('any message is answered or refused', async (t) => {
  const context = {
    login: () => Promise.reject(new Error('no password is sent')),
    scramParameters: () => Promise.reject(new Error('no proof is sent')),
    prove: () => Promise.reject(new Error('no proof is sent')),
    bearer: async () => {
      throw new DomainError('authentication-failed', 'No.');
    },
    configurationUrl: undefined,
  };
  const malformed = [
    '',
    '\x01',
    'n,,',
    'n,,\x01',
    'n,,\x01\x01',
    'n,,auth=Bearer x\x01\x01',
    'n,,\x01auth=Bearer x\x01',
    'n,,\x01auth=Bearer x',
    'n,,\x01auth=Bearer x\x01\x01more',
    'n,,\x01host=x\x01\x01',
    'n,,\x01auth=Bearer x\x01auth=Bearer y\x01\x01',
    'n,,\x01auth=Bearer \u00e4\x01\x01',
    'n,,\x01a1=x\x01auth=Bearer x\x01\x01',
    'p=tls-unique,,\x01auth=Bearer x\x01\x01',
    'x,,\x01auth=Bearer x\x01\x01',
    'n,a=an=na,\x01auth=Bearer x\x01\x01',
    '\x01auth=Bearer x\x01\x01',
  ];
  for (const text of malformed)
    await t.rejects(oauthBearer(context).respond(Buffer.from(text)), SaslSyntaxError, JSON.stringify(text));
  for (const auth of ['Bearer x', 'bearer  x', 'Basic x', 'Bearer', 'Bearer a b', ''])
    t.same(
      await oauthBearer(context).respond(Buffer.from(`n,,\x01auth=${auth}\x01\x01`)),
      { challenge: Buffer.from('{"status":"invalid_token"}') },
      auth,
    );
  const piece = fc.oneof(
    fc.constantFrom('n,,', 'n,a=x,', '\x01', '\x01\x01', 'auth=', 'Bearer x', 'host=y', ','),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 10 }), async (pieces) => {
      const exchange = oauthBearer(context);
      try {
        const step = await exchange.respond(Buffer.from(pieces.join('')));
        if ('principal' in step) throw new Error('logged in without a token');
      } catch (error) {
        if (!(error instanceof SaslSyntaxError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
