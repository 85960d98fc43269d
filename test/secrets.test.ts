/**
 * Secrets stay secret: a whole day of a server with a canary in every place a secret can be, and then a search through all it
 * wrote: the data folder with its log, a backup, the server's own log at its most talkative, and every answer that is an error.
 * By HTTP, IMAP and submission. Keys are in their own files and in the backup; texts of people in the databases.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { codeAt } from '../src/principals/second-factor.ts';
import { literal, loginImap } from './support/imap.ts';
import { convene, environmentFor, startProgram } from './support/program.ts';
import { basic } from './support/server.ts';
import { freePort } from './support/server-process.ts';
import { SmtpClient } from './support/smtp.ts';

t.setTimeout(120_000);

t.test('canaries are found nowhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convene-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  const [imap, submission] = [await freePort(), await freePort()];
  const environment = environmentFor(data, {
    CONVENE_LOG_LEVEL: 'trace',
    CONVENE_FETCH_FROM: '127.0.0.1',
    CONVENE_IMAP_PORT: String(imap),
    CONVENE_SUBMISSION_PORT: String(submission),
  });
  const password = 'canary-chosen-password';
  await convene(['user', 'add', 'anna@example.org', '--password-stdin'], environment, `${password}\n`);
  const server = await startProgram(environment);
  const origin = `http://127.0.0.1:${server.port}`;
  const errors: string[] = [];
  /** Secrets of this run, by what they are. */
  const canaries = new Map([
    ['chosen password', password],
    ['its header', basic('anna', password).slice(6)],
  ]);
  const ask = async (method: string, path: string, headers: Record<string, string>, body?: string) => {
    const answer = await fetch(origin + path, { method, headers, body, redirect: 'manual' });
    const text = await answer.text();
    if (answer.status >= 400) errors.push(text, JSON.stringify([...answer.headers]));
    return { status: answer.status, text, cookie: answer.headers.get('set-cookie') ?? '' };
  };
  const json = { 'Content-Type': 'application/json' };
  const anna = { Authorization: basic('anna', password) };

  const device = JSON.parse(
    (await ask('POST', '/api/device-passwords', { ...anna, ...json }, '{"name":"phone"}')).text,
  );
  canaries.set('device password', device.password);
  const phone = { Authorization: basic('anna', device.password) };
  const event =
    'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:canary-event-text\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n';
  const calendar = { ...phone, 'Content-Type': 'text/calendar' };
  t.equal((await ask('PUT', '/dav/calendars/anna/calendar/1.ics', calendar, event)).status, 201);
  await ask('PUT', '/dav/calendars/anna/calendar/2.ics', calendar, event.replace('DTSTART', 'canary-event-text'));
  for (const guess of ['canary-wrong-password', '', 'canary\u0000nul'])
    await ask('GET', '/dav/', { Authorization: `Basic ${Buffer.from(`anna:${guess}`).toString('base64')}` });
  canaries.set('guess', 'canary-wrong-password');
  await ask('GET', '/dav/?token=canary-query', anna);
  canaries.set('query', 'canary-query');
  await ask('GET', '/feeds/canary-feed-token-0123456789abcdef/x.ics', {});
  canaries.set('guessed link', 'canary-feed-token');
  const feed = JSON.parse(
    (await ask('POST', '/api/feeds', { ...anna, ...json }, '{"calendar":"calendar","level":"full"}')).text,
  );
  const path = new URL(feed.url).pathname;
  canaries.set('feed link', path.split('/')[2] ?? '');
  t.equal((await ask('GET', path, {})).status, 200);
  const link = await convene(['setup-link', 'anna'], environment);
  canaries.set('set-up link', link.out.trim().split('/').pop() ?? '');
  t.equal((await ask('GET', new URL(link.out.trim()).pathname, {})).status, 200);

  const letter = 'Subject: canary-mail-subject\r\nFrom: <anna@example.org>\r\n\r\ncanary-mail-text\r\n';
  const address = { address: '127.0.0.1', family: 'IPv4', port: imap };
  const mail = await loginImap(
    t,
    { app: { addresses: { imap: address } } },
    { name: 'anna', password: device.password },
  );
  await mail.ok(`APPEND INBOX ${literal(letter)}`);
  await mail.ok('SELECT INBOX');
  await mail.ok('SEARCH TEXT canary-mail-text');
  for (const line of ['LOGIN anna canary-wrong-password', 'FETCH 1 (canary-mail-text)'])
    errors.push((await mail.run(line)).text);
  mail.close();
  const sender = await SmtpClient.connect(submission);
  await sender.command('EHLO client.example.net');
  for (const guess of [`anna\0anna\0canary-wrong-password`, `anna\0anna\0${device.password}`]) {
    const initial = Buffer.from(guess).toString('base64');
    canaries.set(`AUTH PLAIN ${canaries.size}`, initial);
    errors.push(await sender.command(`AUTH PLAIN ${initial}`));
  }
  await sender.commands('MAIL FROM:<anna@example.org>', 'RCPT TO:<anna@example.org>');
  t.match(await sender.data(letter), /^250/, 'logged in, and sent');
  sender.end();

  const begun = JSON.parse((await ask('POST', '/api/second-factor', anna)).text);
  canaries.set('seed of the second factor', begun.secret);
  const code = codeAt(begun.secret, Date.now());
  t.equal(
    (await ask('POST', '/api/second-factor/confirm', { ...anna, ...json }, JSON.stringify({ code }))).status,
    204,
  );
  const next = codeAt(begun.secret, Date.now() + 30_000);
  const login = JSON.stringify({ name: 'anna', password, code: next });
  const session = await ask('POST', '/api/session', json, login);
  t.equal(session.status, 201);
  canaries.set('session', /=([^;]+)/.exec(session.cookie)?.[1] ?? '');
  canaries.set('form token', JSON.parse(session.text).csrf);
  await ask('POST', '/api/session', json, '{"name":"anna","password":"canary-broken-json');
  canaries.set('broken JSON', 'canary-broken-json');
  const backup = await convene(['backup', join(folder, 'saved')], environment);
  t.equal(backup.code, 0, backup.err);
  server.process.kill('SIGTERM');
  const ended = await server.ended;

  const places = new Map([
    ['the log', ended.err],
    ['standard output', ended.out.slice(server.introduction.length)],
    ['errors', errors.join('\n')],
  ]);
  t.ok(errors.length > 8, 'errors were provoked');
  t.match(ended.err, /"msg":"stopped"/, 'the log is whole');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    try {
      places.set(name, readFileSync(join(folder, name), 'latin1'));
    } catch {}
  }
  t.ok(places.has('data/convene.sqlite') && places.has('saved/convene.sqlite'));
  for (const [what, secret] of canaries) {
    t.ok(secret.length >= 12, `${what} is a secret`);
    for (const [place, text] of places) t.notOk(text.includes(secret), `${what} in ${place}`);
  }
  // The log of SQLite is a part of its database.
  for (const [place, text] of places)
    if (!/\.sqlite(-wal)?$/.test(place))
      for (const canary of ['canary-event-text', 'canary-mail-text', 'canary-mail-subject'])
        t.notOk(text.includes(canary), `${canary} in ${place}`);
  t.ok(places.get('data/convene.sqlite')?.includes('canary-mail-text'), 'where it belongs it is found');
  for (const name of ['tls-key.pem', 'secret.key']) {
    const [key = ''] = /[A-Za-z0-9+/=]{40,}/.exec(places.get(`data/${name}`) ?? '') ?? [];
    t.ok(key.length >= 40, `${name} is a key`);
    for (const [place, text] of places) t.equal(text.includes(key), place.endsWith(`/${name}`), `${name} and ${place}`);
  }
  const lines = ended.err.split('\n').filter((line) => line.includes('"request"'));
  t.ok(lines.length > 10);
  for (const line of lines)
    t.match(JSON.parse(line), { id: /^\w+-\w+$/, method: String, status: Number, ms: Number }, line.slice(0, 80));
});
