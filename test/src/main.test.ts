/** Starting and stopping the server as an operator does. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { convene, environmentFor, startProgram } from '../support/program.ts';
import { exchange } from '../support/raw-http.ts';
import { basic } from '../support/server.ts';

t.setTimeout(120_000);
const data = join(mkdtempSync(join(tmpdir(), 'convene-test-')), 'data');
t.teardown(() => rmSync(data, { recursive: true, force: true }));

t.test('the first start prints the password, later ones do not; both stop cleanly', async (t) => {
  const first = await startProgram(environmentFor(data));
  const password = /^ {2}Password {3}(\S+)/m.exec(first.introduction)?.[1] ?? '';
  t.match(password, /^[a-z0-9]{5}(-[a-z0-9]{5}){3}$/);
  t.match(first.introduction, /User name {2}admin .*admin@example\.org/);
  for (const client of ['iOS', 'Thunderbird', 'DAVx5']) t.match(first.introduction, new RegExp(client));
  t.match(first.introduction, /^convene ready http:\/\/127\.0\.0\.1:\d+\/\n$/m);
  const get = `GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${basic('admin', password)}\r\n\r\n`;
  t.same((await exchange(first.port, [get])).statuses, [404], 'the password is right');
  for (const file of readdirSync(data).filter((name) => /sqlite$|sock$/.test(name) && name !== 'lock.sqlite'))
    t.equal(statSync(join(data, file)).mode & 0o077, 0, `${file} is the operator's alone`);
  t.equal(statSync(data).mode & 0o077, 0, 'and so is the folder');
  first.process.kill('SIGTERM');
  const ended = await first.ended;
  t.equal(ended.code, 0);
  const lines = ended.err
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  t.match(
    lines.find(({ msg }) => msg === 'request'),
    { method: 'GET', url: '/x', status: 404, user: 'admin', peer: '127.0.0.1' },
  );
  t.notMatch(ended.err + ended.out.replace(/^ {2}Password.*$/m, ''), password, 'no secret in the log');

  const second = await startProgram(environmentFor(data));
  t.notMatch(second.introduction, /Password/);
  t.match(second.introduction, /http:\/\/127\.0\.0\.1:\d+\//);
  second.process.kill('SIGINT');
  t.equal((await second.ended).code, 0);
});

t.test('a server for other machines tells the address at which it takes their passwords', async (t) => {
  const open = `${data}-open`;
  t.teardown(() => rmSync(open, { recursive: true, force: true }));
  const settings = { CONVENE_HOST: '0.0.0.0', CONVENE_HTTPS_PORT: '0' };
  const server = await startProgram(environmentFor(open, settings));
  t.match(server.introduction, /^ {2}Server {5}https:\/\/localhost:\d+\/$/m);
  t.match(server.introduction, /URL and user name: https:/);
  server.process.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
});

t.test('what stops a start: one sentence for each problem', async (t) => {
  const server = await startProgram(environmentFor(data));
  const locked = await convene(['serve'], environmentFor(data));
  t.equal(locked.code, 1);
  t.match(locked.err, /Another process uses the data/);
  const other = `${data}-other`;
  t.teardown(() => rmSync(other, { recursive: true, force: true }));
  const taken = await convene(['serve'], environmentFor(other, { CONVENE_HTTP_PORT: String(server.port) }));
  t.equal(taken.code, 1);
  t.match(
    taken.err,
    /Something else listens on 127\.0\.0\.1 port \d+; stop it, or set CONVENE_HTTP_PORT to another port\.\n/,
  );
  const mail = await convene(['serve'], environmentFor(other, { CONVENE_IMAP_PORT: String(server.port) }));
  t.match(
    mail.err,
    /Something else listens on 127\.0\.0\.1 port \d+; stop it, or set CONVENE_IMAP_PORT to another port\.\n/,
  );
  const bad = await convene(['serve'], environmentFor(other, { CONVENE_IMAP_PORT: 'x', CONVENE_NONE: '1' }));
  t.equal(bad.code, 1);
  t.equal(bad.err.split('\n').filter((line) => line.includes('CONVENE_')).length, 2);
  const tls = { CONVENE_HTTPS_PORT: '0', CONVENE_TLS_CERT: '/none/cert.pem', CONVENE_TLS_KEY: '/none/key.pem' };
  const files = await convene(['serve'], environmentFor(other, tls));
  t.equal(files.code, 1);
  t.match(files.err, /CONVENE_TLS_CERT names \/none\/cert\.pem, which cannot be read\.\nCONVENE_TLS_KEY names/);
  server.process.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
});

t.test('TLS with a certificate of its own, kept over starts', async (t) => {
  const environment = environmentFor(data, { CONVENE_HTTP_PORT: '', CONVENE_HTTPS_PORT: '0' });
  const first = await startProgram(environment);
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(first.introduction)?.[1]);
  const cert = readFileSync(join(data, 'tls-cert.pem'), 'utf8');
  t.equal(statSync(join(data, 'tls-key.pem')).mode & 0o077, 0);
  const ask = (options: object) =>
    new Promise<number | string>((resolve) => {
      request({ host: '127.0.0.1', port, path: '/health/live', agent: false, ...options }, (reply) => {
        reply.resume();
        resolve(reply.statusCode ?? 0);
      })
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        .end();
    });
  t.equal(await ask({ ca: cert }), 200, 'a client that trusts it connects to 127.0.0.1');
  t.equal(await ask({ ca: cert, servername: 'example.org' }), 200, 'and to the domain');
  t.type(
    await ask({ ca: cert, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    'string',
    'TLS 1.1 is refused',
  );
  first.process.kill('SIGTERM');
  await first.ended;
  const second = await startProgram(environment);
  t.equal(readFileSync(join(data, 'tls-cert.pem'), 'utf8'), cert);
  second.process.kill('SIGTERM');
  t.equal((await second.ended).code, 0);
});
