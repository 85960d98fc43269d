/** Keys and proofs of SCRAM-SHA-256, and how passwords are prepared for them. RFC 5802 §3, RFC 7677 §3, RFC 4013 §3. */
import t from 'tap';
import { provesPassword, saslPrepared, scramKeys, serverSignature } from '../../../src/principals/scram.ts';
import { ScramKeyring } from '../../../src/principals/scram-keyring.ts';
import { sealingOf } from '../../../src/principals/sealing.ts';
import { startServer } from '../../support/server.ts';

t.test('RFC 7677 §3: the example', async (t) => {
  const parameters = { salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), iterations: 4096 };
  const keys = await scramKeys('pencil', parameters);
  if (keys === undefined) throw new Error('no keys');
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const messages = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
  t.ok(provesPassword(keys, messages, proof));
  t.equal(serverSignature(keys, messages).toString('base64'), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  t.notOk(provesPassword(keys, `${messages} `, proof));
  t.notOk(provesPassword(keys, messages, proof.subarray(1)), 'too short');
  t.notOk(provesPassword(keys, messages, Buffer.alloc(32)));
  const other = await scramKeys('Pencil', parameters);
  t.notOk(other && provesPassword(other, messages, proof));
});

t.test('RFC 4013 §3: the examples, and what else is prepared', async (t) => {
  const cases: [given: string, prepared: string | undefined][] = [
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', undefined],
    ['a\u00a0b\u3000c\u200bd', 'a b c d'],
    ['p\u0308', 'p\u0308'],
    ['a\u0308', 'ä'],
    ['\ufb01', 'fi'],
    ['\u00ad', undefined],
    ['a\u{e0041}', undefined],
    ['a\ufffd', undefined],
    ['😀', '😀'],
    ['', undefined],
  ];
  for (const [given, prepared] of cases) t.equal(saslPrepared(given), prepared, JSON.stringify(given));
});

t.test('keys are kept sealed, learned from log-ins, and follow the password', async (t) => {
  const server = await startServer(t);
  const { principals, devicePasswords, authentication } = server.app;
  const { id } = await server.addUser('anna');
  const anna = await principals.find('anna');
  const kept = async () => (await server.store.credentials.list(id)).map(({ kind, scram }) => `${kind} ${scram}`);
  t.match(await kept(), [/^password [A-Za-z0-9+/=]{60,}$/]);
  const first = await kept();
  await principals.setPassword('anna', 'another');
  t.strictNotSame(await kept(), first);
  await devicePasswords.create(anna, { name: 'Phone', scopes: ['calendars'] });
  await devicePasswords.create(anna, { name: 'Desk', scopes: ['send', 'calendars'] });
  t.match(await kept(), [/^password ./, /^device $/, /^device ./], 'no keys for what mail does not take');
  await principals.addAll([{ address: 'bob@example.org', password: 'bob-password' }]);
  const bob = await principals.find('bob');
  const ofBob = async () => (await server.store.credentials.list(bob.id))[0];
  t.match((await ofBob())?.scram, /^[A-Za-z0-9+/=]{60,}$/, 'of people who are added together too');
  t.ok(authentication.scramForAll);
  // As a server before SCRAM left them.
  await server.store.transaction(async (write) => write.credentials.setScram((await ofBob())?.id ?? 0, ''));
  const attempt = { name: 'bob', password: 'bob-password', peer: '127.0.0.1' };
  await authentication.login('dav', { ...attempt, scopes: ['calendars'] });
  await authentication.login('imap', { ...attempt, scopes: ['mail'] });
  while ((await ofBob())?.scram === '') await new Promise((resolve) => setTimeout(resolve, 5));
  t.match((await ofBob())?.scram, /^[A-Za-z0-9+/=]{60,}$/);
});

t.test('SCRAM is offered when everybody can use it', async (t) => {
  const server = await startServer(t);
  const { authentication } = server.app;
  const { id } = await server.addUser('anna');
  const [credential] = await server.store.credentials.list(id);
  const forget = () => server.store.transaction((write) => write.credentials.setScram(credential?.id ?? 0, ''));
  await forget();
  t.ok(await server.store.credentials.unknownToScram());
  const keyring = new ScramKeyring(server.store, sealingOf(server.store.folder));
  await keyring.look();
  t.notOk(keyring.knowsEverybody);
  keyring.learn('anna', { ...credential!, scram: '' }, 'anna-password');
  while (!keyring.knowsEverybody) await new Promise((resolve) => setTimeout(resolve, 5));
  t.notOk(await server.store.credentials.unknownToScram());
  t.ok(authentication.scramForAll);
});
