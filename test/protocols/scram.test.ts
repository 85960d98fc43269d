/** SCRAM-SHA-256 in IMAP, POP3 and submission, over sockets. RFC 5802 §5 to §7, RFC 7677, RFC 4959, RFC 5034 §4, RFC 4954 §4. */
import fc from 'fast-check';
import t from 'tap';
import { SaslSyntaxError } from '../../protocols/sasl-exchange.ts';
import { scram } from '../../protocols/scram.ts';
import { DomainError } from '../../src/errors.ts';
import type { Principal } from '../../src/principals/access.ts';
import { scramKeys } from '../../src/principals/scram.ts';
import { codeAt } from '../../src/principals/second-factor.ts';
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
  smtpDoor,
} from '../support/sasl.ts';
import { type ScramClient, scramClient } from '../support/scram.ts';
import { startServer, TEST_SCRAM_ITERATIONS } from '../support/server.ts';
import { SmtpClient } from '../support/smtp.ts';

/** A whole exchange: the line that ended it. */
async function exchange(door: Door, client: ScramClient): Promise<string> {
  const answer = await door.respond(
    base64(client.final(challenge(await door.begin('SCRAM-SHA-256', base64(client.first))))),
  );
  if (!CHALLENGE.test(answer)) return answer;
  if (!client.trusts(challenge(answer))) throw new Error('the server does not know the password');
  return door.respond('');
}

t.test('logging in', async (t) => {
  const server = await startServer(t, { environment: PORTS });
  await server.addUser('anna');
  const phone = await server.app.devicePasswords.create(await server.app.principals.find('anna'), { name: 'Phone' });

  for (const open of DOORS) {
    const byName = await open(t, server);
    const { protocol } = byName;
    t.match(await exchange(byName, scramClient('anna', 'anna-password')), IN, `${protocol}: name`);
    await byName.leave();
    const device = scramClient('Anna@Example.org', phone.password, { gs2Header: 'y,a=anna,' });
    const byAddress = await open(t, server);
    t.match(await exchange(byAddress, device), IN, `${protocol}: address, device password, y, identity`);
    await byAddress.leave();
    const door = await open(t, server);
    t.equal(challenge(await door.begin('SCRAM-SHA-256')), '', `${protocol}: without an initial response`);
    const client = scramClient('anna', 'anna-password');
    const final = await door.respond(base64(client.final(challenge(await door.respond(base64(client.first))))));
    t.ok(client.trusts(challenge(final)));
    t.match(await door.respond(''), IN, 'the server-final-message is answered with nothing');
    await door.leave();
    t.match(await exchange(await open(t, server), scramClient('anna', 'wrong')), REFUSED, `${protocol}: wrong proof`);
    const empty = await open(t, server);
    t.match(
      await exchange(empty, scramClient('anna', 'anna-password', { gs2Header: 'n,a=,' })),
      IN,
      'an identity that is empty',
    );
    await empty.leave();
    const forBob = scramClient('anna', 'anna-password', { gs2Header: 'n,a=bob,' });
    t.match(await exchange(await open(t, server), forBob), REFUSED, `${protocol}: for somebody else`);
  }
});

t.test('announced with the others, and only where they are', async (t) => {
  const server = await startServer(t, { environment: { ...PORTS, CONVENE_PLAINTEXT_LOGIN: 'never' } });
  const imap = await connectImap(t, server);
  t.notMatch((await imap.ok('CAPABILITY')).untagged[0], 'SCRAM');
  t.match(await imap.run(`AUTHENTICATE SCRAM-SHA-256 ${base64('n,,n=anna,r=x')}`), { text: /^\[PRIVACYREQUIRED\]/ });
  await imap.ok('STARTTLS');
  await imap.secure();
  t.match((await imap.ok('CAPABILITY')).untagged[0], / AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN/);
  const pop3 = await connectPop3(t, server);
  t.notMatch((await pop3.lines('CAPA')).join(), 'SCRAM');
  t.match(await pop3.run('AUTH SCRAM-SHA-256'), /^-ERR/);
  const smtp = await SmtpClient.connect(server.app.addresses.submission?.port ?? 0);
  t.teardown(() => smtp.end());
  t.notMatch(await smtp.command('EHLO client'), 'SCRAM');
  t.match(await smtp.command('AUTH SCRAM-SHA-256'), /^538/);
});

t.test('what is not of this exchange', async (t) => {
  const server = await startServer(t, { environment: PORTS });
  await server.addUser('anna');
  const first = scramClient('anna', 'anna-password').first;
  for (const open of DOORS) {
    const { protocol } = await open(t, server);
    const firsts = [
      'p=tls-unique,,n=anna,r=abc',
      'p=tls-exporter,,n=anna,r=abc',
      'n,,m=x,n=anna,r=abc',
      'n,,n=,r=abc',
      'n,,n=an=2Dna,r=abc',
      'n,,n=anna,r=',
      'n,,n=anna,r=a\u0001b',
      'n,,n=anna',
      'n,,r=abc,n=anna',
      'n,anna,n=anna,r=abc',
      'x,,n=anna,r=abc',
      'n=anna,r=abc',
      '',
    ];
    for (const text of firsts)
      t.match(
        await (await open(t, server)).begin('SCRAM-SHA-256', base64(text) || '='),
        MALFORMED,
        `${protocol} ${text}`,
      );
    const door = await open(t, server);
    t.match(await door.begin('SCRAM-SHA-256', 'n,,n=anna,r=abc'), MALFORMED, `${protocol}: not base64`);

    const recorded = scramClient('anna', 'anna-password');
    const wire = await open(t, server);
    const once = recorded.final(challenge(await wire.begin('SCRAM-SHA-256', base64(first))));
    t.ok(recorded.trusts(challenge(await wire.respond(base64(once)))));
    const spoilt: [why: string, change: (final: string) => string][] = [
      ['recorded from another exchange', () => once],
      ['another channel binding', (final) => final.replace('c=biws', 'c=eSws')],
      ['no nonce', (final) => final.replace(/r=[^,]+/, 'r=')],
      ['no proof', (final) => final.replace(/,p=.*/, '')],
      ['a short proof', (final) => final.replace(/,p=.*/, ',p=AAAA')],
      ['a proof that is not base64', (final) => final.replace(/,p=.{43}/, `,p=${'!'.repeat(43)}`)],
      ['an extension without a value', (final) => final.replace(',p=', ',x=,p=')],
      ['something behind the proof', (final) => `${final},x=y`],
    ];
    for (const [why, change] of spoilt) {
      const next = await open(t, server);
      const client = scramClient('anna', 'anna-password');
      const final = client.final(challenge(await next.begin('SCRAM-SHA-256', base64(client.first))));
      t.match(await next.respond(base64(change(final))), MALFORMED, `${protocol}: ${why}`);
    }

    const cancelled = await open(t, server);
    await cancelled.begin('SCRAM-SHA-256', base64(first));
    t.match(await cancelled.respond('*'), MALFORMED, `${protocol}: cancelled`);
    const late = await open(t, server);
    const client = scramClient('anna', 'anna-password');
    await late.respond(base64(client.final(challenge(await late.begin('SCRAM-SHA-256', base64(client.first))))));
    t.match(await late.respond('*'), MALFORMED, `${protocol}: cancelled by a client that does not trust the server`);
    t.match(await exchange(late, scramClient('anna', 'anna-password')), IN, 'and nobody was logged in before');
  }
});

t.test('the nonce of the server is another one each time', async (t) => {
  const server = await startServer(t, { environment: PORTS });
  const seen = new Set<string>();
  for (let n = 0; n < 20; n++) {
    const door = await imapDoor(t, server);
    seen.add(challenge(await door.begin('SCRAM-SHA-256', base64('n,,n=anna,r=abc'))).split(',')[0] ?? '');
  }
  t.equal(seen.size, 20);
});

t.test('who there is cannot be asked', async (t) => {
  const server = await startServer(t, { environment: PORTS });
  await server.addUser('anna');
  await server.app.principals.addAll([{ address: 'imported@example.org', password: 'x' }]);
  const told = async (name: string): Promise<string> => {
    const door = await imapDoor(t, server);
    const answer = challenge(await door.begin('SCRAM-SHA-256', base64(`n,,n=${name},r=abc`)));
    t.match(await door.respond('*'), /BAD/);
    const [, , salt = '', iterations] = /^r=(abc[^,]{24}),s=([^,]+),i=(\d+)$/.exec(answer) ?? [];
    t.equal(Buffer.from(salt, 'base64').length, 16, name);
    t.equal(iterations, String(TEST_SCRAM_ITERATIONS), name);
    return salt;
  };
  for (const name of ['anna', 'imported', 'nobody', 'x'.repeat(400)]) {
    t.equal(await told(name), await told(name), `${name.slice(0, 20)}: the same salt each time`);
  }
  for (const name of ['anna', 'nobody']) {
    t.equal(await told(name), await told(`${name.toUpperCase()}@EXAMPLE.org`), `${name}: the address is the same`);
  }
  t.not(await told('anna'), await told('nobody'));
  t.not(await told('nobody'), await told('nothing'));
  const [known, unknown] = await Promise.all(
    ['anna', 'nobody'].map(async (name) => {
      const door = await imapDoor(t, server);
      return exchange(door, scramClient(name, 'wrong'));
    }),
  );
  t.match(known, REFUSED);
  t.equal(unknown, known, 'refused with the same words');
  const salt = await told('nobody');
  await server.close();
  const again = await startServer(t, { environment: PORTS, data: server.data });
  const door = await imapDoor(t, again);
  t.match(
    challenge(await door.begin('SCRAM-SHA-256', base64('n,,n=nobody,r=abc'))),
    `s=${salt},`,
    'also after a restart',
  );
});

t.test('the rules of passwords hold', async (t) => {
  let now = Date.now();
  const server = await startServer(t, { environment: PORTS, now: () => now });
  await server.addUser('anna');
  const { principals, devicePasswords, secondFactors } = server.app;
  const anna = await principals.find('anna');
  const log = async (open: (typeof DOORS)[number], password: string) =>
    exchange(await open(t, server), scramClient('anna', password));

  const reader = await devicePasswords.create(anna, { name: 'Reader', scopes: ['mail'] });
  t.match(await log(imapDoor, reader.password), IN);
  t.match(await log(smtpDoor, reader.password), REFUSED, 'not for sending');
  const away = await devicePasswords.create(anna, { name: 'Away', networks: ['10.0.0.0/8'] });
  t.match(await log(imapDoor, away.password), REFUSED, 'not from this network');
  const short = await devicePasswords.create(anna, { name: 'Short', expiresAt: now + 60_000 });
  t.match(await log(imapDoor, short.password), IN);
  now += 60_000;
  t.match(await log(imapDoor, short.password), REFUSED, 'expired');
  const used = await devicePasswords.list(anna);
  t.ok(used.find(({ id }) => id === reader.id)?.lastUsedAt, 'its last use is known');
  await devicePasswords.revoke(anna, reader.id);
  t.match(await log(imapDoor, reader.password), REFUSED, 'revoked');

  const { secret } = await secondFactors.begin(anna);
  t.ok(await secondFactors.confirm(anna.id, codeAt(secret, now)));
  t.match(await log(imapDoor, 'anna-password'), REFUSED, 'with a second factor the chosen password opens no protocol');
  const desk = await devicePasswords.create(anna, { name: 'Desk' });
  t.match(await log(imapDoor, desk.password), IN);
  const audited = await server.app.audit.last(undefined, 100);
  t.ok(audited.some(({ action }) => action === 'login'));

  await principals.add({ address: 'bob@example.org', password: 'old' });
  await principals.setPassword('bob', 'new');
  t.match(await exchange(await imapDoor(t, server), scramClient('bob', 'old')), REFUSED);
  t.match(await exchange(await imapDoor(t, server), scramClient('bob', 'new')), IN);
});

t.test('guesses are counted with those of passwords', async (t) => {
  const server = await startServer(t, { environment: PORTS });
  await server.addUser('anna');
  for (let n = 0; n < 5; n++)
    t.match(await exchange(await imapDoor(t, server), scramClient('anna', `guess${n}`)), REFUSED);
  t.match(await exchange(await imapDoor(t, server), scramClient('anna', 'anna-password')), /\[UNAVAILABLE\]/);
  const imap = await connectImap(t, server);
  t.match(await imap.run('LOGIN anna anna-password'), { text: /^\[UNAVAILABLE\]/ });
});

t.test('any message is answered or refused', async (t) => {
  const keys = await scramKeys('secret', { salt: Buffer.from('salt'), iterations: 1 });
  const anna = { name: 'anna', addresses: ['anna@example.org'] } as unknown as Principal;
  const context = {
    login: () => Promise.reject(new Error('no password is sent')),
    bearer: () => Promise.reject(new Error('no token is sent')),
    configurationUrl: undefined,
    scramParameters: async () => ({ salt: Buffer.from('salt'), iterations: 1 }),
    prove: async <P>(_name: string, check: (given: NonNullable<typeof keys>) => P | undefined) => {
      const proof = keys && check(keys);
      if (proof === undefined) throw new DomainError('authentication-failed', 'No.');
      return { principal: anna, proof };
    },
  };
  const piece = fc.oneof(
    fc.constantFrom(
      'n,,',
      'y,,',
      'p=x,,',
      'n,a=anna,',
      'n,a=,',
      'n=anna',
      'r=abc',
      'r=abcserver',
      'c=biws',
      'p=',
      ',',
      '=2C',
      'm=x',
    ),
    fc.base64String({ maxLength: 44 }),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const message = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join('')));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(message, fc.uint8Array().map(Buffer.from)), { maxLength: 4 }),
      async (messages) => {
        const running = scram(context, 'server');
        for (const given of messages) {
          try {
            if ('principal' in (await running.respond(given))) throw new Error('logged in without a proof');
          } catch (error) {
            if (error instanceof SaslSyntaxError || error instanceof DomainError) return;
            throw error;
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
  const client = scramClient('an,n=a', 'secret', { nonce: 'abc' });
  const whole = scram(context, 'server');
  const step = await whole.respond(Buffer.from(client.first));
  t.ok('challenge' in step && step.challenge.toString() === 'r=abcserver,s=c2FsdA==,i=1');
  const final = await whole.respond(Buffer.from(client.final('r=abcserver,s=c2FsdA==,i=1')));
  t.ok('challenge' in final && client.trusts(final.challenge.toString()));
  await t.rejects(whole.respond(Buffer.from('more')), SaslSyntaxError);
  t.same(await whole.respond(Buffer.alloc(0)), { principal: anna });
});
