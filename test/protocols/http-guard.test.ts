/** Requests refused by their head, and connections dropped by the clock: raw bytes against a running server. */

import { mkdtempSync, rmSync } from 'node:fs';
import { get as getTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import t from 'tap';
import { readConfig } from '../../src/config.ts';
import { createHttp, type HttpLimits } from '../../src/http.ts';
import { Metrics } from '../../src/metrics.ts';
import { Sessions } from '../../src/principals/sessions.ts';
import { openServices } from '../../src/services.ts';
import { exchange, idleConnection } from '../support/raw-http.ts';
import { basic, startServer, type Teardown } from '../support/server.ts';

/** The door with one route behind it that reads whole bodies, as the plugins do. */
async function startDoor(t: Teardown, limits: Partial<HttpLimits> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'convene-test-'));
  const config = readConfig({ CONVENE_DATA: folder, CONVENE_HTTP_PORT: '0', CONVENE_HTTPS_PORT: '' }, folder);
  const services = await openServices(config);
  const log = pino({ level: 'silent' });
  const http = createHttp({
    config,
    authentication: services.authentication,
    sessions: new Sessions(Date.now),
    log,
    tls: undefined,
    problem: async () => undefined,
    metrics: new Metrics(),
    limits,
  });
  let received = 0;
  addBodyRoute(http.fastify, (octets) => {
    received += octets;
  });
  const { http: address } = await http.listen();
  t.teardown(async () => {
    await http.close();
    await services.store.close();
    rmSync(folder, { recursive: true });
  });
  const login = `Authorization: ${basic('admin', services.founded?.password ?? '')}\r\n`;
  return { port: address?.port ?? 0, login, received: () => received, http };
}

function addBodyRoute(fastify: FastifyInstance, count: (octets: number) => void): void {
  const limit = 1024 * 1024;
  fastify.addContentTypeParser('*', (_request, payload, done) => {
    let size = 0;
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      count(chunk.length);
      if (size > limit) {
        payload.pause();
        done(Object.assign(new Error('too large'), { statusCode: 413 }));
      }
    });
    payload.on('end', () => done(null, size));
    payload.on('error', () => {});
  });
  fastify.put('/body', (request, reply) => reply.send(`${String(request.body)}\n`));
  fastify.get('/origin', { config: { anonymous: true } }, (request, reply) => reply.send(`<${request.publicOrigin}>`));
  fastify.get('/endless', { config: { anonymous: true } }, (_request, reply) => {
    reply.hijack();
    const chunk = Buffer.alloc(65_536, 0x61);
    const push = () => {
      while (reply.raw.write(chunk));
      if (!reply.raw.destroyed) reply.raw.once('drain', push);
    };
    reply.raw.writeHead(200);
    push();
  });
}

t.test('framing that two readers could take differently is refused, and the connection ends', async (t) => {
  const { port, login } = await startDoor(t);
  const smuggled = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const put = `PUT /body HTTP/1.1\r\nHost: localhost\r\n${login}`;
  const cases: [name: string, request: string][] = [
    ['two different lengths', `${put}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['the same length twice', `${put}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
    ['a list of lengths', `${put}Content-Length: 5, 5\r\n\r\nhello`],
    ['length and chunks', `${put}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks and length', `${put}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`],
    ['two codings', `${put}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunked twice', `${put}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an unknown coding', `${put}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['chunked not last', `${put}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    [
      'chunks in HTTP/1.0',
      `PUT /body HTTP/1.0\r\nHost: localhost\r\n${login}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a space before the colon', `${put}Content-Length : 5\r\n\r\nhello`],
    ['a folded header', `${put}X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
    ['a negative length', `${put}Content-Length: -1\r\n\r\n`],
    ['a signed length', `${put}Content-Length: +5\r\n\r\nhello`],
    ['a length that is no number', `${put}Content-Length: 0x5\r\n\r\nhello`],
    ['a bad chunk size', `${put}Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n`],
    ['a negative chunk size', `${put}Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n`],
    ['a chunk longer than said', `${put}Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n`],
    ['a bare LF after a chunk', `${put}Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n`],
    ['bare LF line ends', `PUT /body HTTP/1.1\nHost: localhost\n${login.replace('\r', '')}Content-Length: 5\n\nhello`],
    ['a NUL in a header', `${put}X-A: a\0b\r\n\r\n`],
    ['two Hosts', `GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n`],
    ['no Host', 'GET /health/live HTTP/1.1\r\n\r\n'],
    ['no version', 'GET /health/live\r\n\r\n'],
    ['another protocol', 'EHLO there\r\n\r\n'],
    ['a target that is no path', 'GET health HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ];
  for (const [name, request] of cases) {
    const result = await exchange(port, [request + smuggled]);
    t.equal(result.statuses[0], 400, `${name}: 400`);
    t.equal(result.statuses.length, 1, `${name}: what follows is not answered`);
    t.ok(result.closed && result.ms < 1_000, `${name}: closed at once`);
  }
});

t.test('heads that are too large are refused', async (t) => {
  const { port } = await startDoor(t);
  const get = (target: string, headers: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
  const cases: [name: string, request: string, status: number][] = [
    ['64 kB URL', get(`/${'a'.repeat(65_536)}`, ''), 414],
    ['1 MB header', get('/health/live', `X-A: ${'a'.repeat(1_048_576)}\r\n`), 431],
    ['20,000 headers', get('/health/live', Array.from({ length: 20_000 }, (_, i) => `X-${i}: a\r\n`).join('')), 431],
    ['300 short headers', get('/health/live', 'A: b\r\n'.repeat(300)), 431],
  ];
  for (const [name, request, status] of cases) {
    const result = await exchange(port, [request]);
    t.same(result.statuses, [status], `${name}: ${status}`);
    t.ok(result.closed, `${name}: closed`);
  }
  t.same((await exchange(port, [get('/health/live', 'Connection: close\r\n')])).statuses, [200]);
});

t.test('bodies: announced too large, endless, compressed, expected', async (t) => {
  const { port, login, received } = await startDoor(t);
  const put = `PUT /body HTTP/1.1\r\nHost: localhost\r\n${login}`;

  const huge = await exchange(port, [`${put}Content-Length: 10737418240\r\n\r\n`]);
  t.same([huge.statuses, huge.closed], [[413], true], '10 GB');

  const expected = await exchange(port, [`${put}Content-Length: 10737418240\r\nExpect: 100-continue\r\n\r\n`]);
  t.same([expected.statuses, expected.closed], [[413], true], '10 GB with Expect: no 100');

  const stranger = await exchange(port, [
    'PUT /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
  ]);
  t.same([stranger.statuses, stranger.closed], [[401], true], 'who is not logged in is not told to continue');

  const fine = await exchange(port, [
    `${put}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    'hello',
  ]);
  t.same(fine.statuses, [100, 200], 'a wanted body is asked for');

  const piece = `10000\r\n${'a'.repeat(65_536)}\r\n`;
  const before = received();
  const endless = await exchange(
    port,
    [`${put}Transfer-Encoding: chunked\r\n\r\n`, ...Array.from({ length: 320 }, () => piece)],
    5_000,
  );
  t.same([endless.statuses, endless.closed], [[413], true], 'endless chunks: the client learns why');
  t.ok(received() - before < 4 * 1024 * 1024, 'and the rest is not read by the route');

  const bomb = await exchange(port, [`${put}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello`]);
  t.same([bomb.statuses, bomb.closed], [[415], true], 'compressed');
});

t.test('slow and silent clients are dropped at the deadline while others are served', async (t) => {
  const { port, login } = await startDoor(t, { head: 300, request: 600, idle: 900, keepAlive: 300, check: 50 });
  const silent = exchange(port, [], 3_000);
  const slowHeads = Array.from({ length: 100 }, () =>
    exchange(port, ['GET /health/live HTTP/1.1\r\nHost: loc'], 3_000),
  );
  const slowBody = exchange(
    port,
    [`PUT /body HTTP/1.1\r\nHost: localhost\r\n${login}Content-Length: 100\r\n\r\nhel`],
    3_000,
  );
  const reader = await idleConnection(port);
  reader.pause();
  const readerGone = new Promise<number>((resolve) => {
    const started = performance.now();
    reader.on('error', () => {});
    reader.on('close', () => resolve(performance.now() - started));
  });
  reader.write('GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const newcomer = await exchange(port, ['GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n']);
  t.same(newcomer.statuses, [200]);
  t.ok(newcomer.ms < 1_000, 'a newcomer does not wait');
  for (const result of await Promise.all(slowHeads)) {
    if (!result.closed || result.ms > 1_500) t.fail(`a slow head stayed for ${result.ms} ms`);
  }
  t.ok((await silent).closed, 'nothing sent: dropped');
  const body = await slowBody;
  t.ok(body.closed && body.ms < 2_000, 'body never sent: dropped');
  // A paused socket learns of the end only when it reads on.
  setTimeout(() => reader.resume(), 2_500);
  t.ok((await readerGone) < 5_000, 'a reader that never reads: dropped');
});

t.test(
  'absolute URLs name the configured base or a Host of ours, and forwarded headers count only from listed proxies',
  async (t) => {
    const { port } = await startDoor(t);
    const ask = async (host: string, headers = '') => {
      const { text } = await exchange(port, [
        `GET /origin HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\n\r\n`,
      ]);
      return /<(.*)>/.exec(text)?.[1];
    };
    const cases: [host: string, headers: string, origin: string][] = [
      [`localhost:${port}`, '', `http://localhost:${port}`],
      [`127.0.0.1:${port}`, '', `http://127.0.0.1:${port}`],
      ['convene.localhost', '', 'http://convene.localhost'],
      ['dav.convene.localhost:1', '', 'http://dav.convene.localhost:1'],
      ['evil.example', '', ''],
      ['convene.localhost.evil.example', '', ''],
      ['localhost@evil.example', '', ''],
      ['10.1.2.3', '', ''],
      ['localhost', 'X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n', 'http://localhost'],
    ];
    for (const [host, headers, origin] of cases) t.equal(await ask(host, headers), origin, `${host} ${headers.trim()}`);
  },
);

t.test('a password without TLS is for peers on this machine', async (t) => {
  const never = await startServer(t, { environment: { CONVENE_PLAINTEXT_LOGIN: 'never' } });
  const user = await never.addUser('anna');
  const refused = await never.request(user, 'GET', '/dav/');
  t.equal(refused.status, 403);
  t.match(refused.text, /TLS/);
  t.equal((await never.request(undefined, 'GET', '/dav/')).status, 403, 'nor is one asked for');
  t.equal((await never.request(undefined, 'GET', '/health/live')).status, 200);

  const proxied = await startServer(t, {
    environment: { CONVENE_TRUSTED_PROXIES: '127.0.0.0/8', CONVENE_HTTPS_PORT: '0' },
  });
  const bob = await proxied.addUser('bob');
  const through = (headers: Record<string, string>) => proxied.request(bob, 'GET', '/nothing-here', { headers });
  t.equal((await through({ 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.7' })).status, 404);
  t.equal((await through({ 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '203.0.113.7' })).status, 403);
  t.equal((await through({ 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '127.0.0.1' })).status, 403, 'who says so?');
  t.equal((await through({})).status, 403);

  // Programs on the machine of the proxy, and proxies that pass TLS through, have TLS of their own.
  const straight = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port } = proxied.app.addresses.https!;
      const options = {
        port,
        path: '/nothing-here',
        rejectUnauthorized: false,
        agent: false,
        auth: `bob:${bob.password}`,
        headers,
      };
      getTls(options, (answer) => resolve(answer.resume().statusCode)).on('error', reject);
    });
  t.equal(await straight({}), 404);
  t.equal(
    await straight({ 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '203.0.113.7' }),
    403,
    'not before the proxy',
  );
  t.equal(await straight({ 'X-Forwarded-For': '203.0.113.7' }), 403, 'a proxy that does not say how it was reached');
});

t.test('other forms of the request target', async (t) => {
  const { port } = await startDoor(t);
  const status = async (line: string) =>
    (await exchange(port, [`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`])).statuses[0];
  t.equal(await status('GET http://localhost/health/live'), 200, 'absolute-form');
  t.equal(await status('GET http://localhost'), 401, 'absolute-form without a path');
  t.equal(await status('GET /%ZZ'), 400, 'bad escape');
  t.equal(await status('GET *'), 400);
});

t.test('RFC 6454 §7: pages of other sites change nothing', async (t) => {
  const { port, login } = await startDoor(t);
  const status = async (method: string, origin: string) =>
    (
      await exchange(port, [
        `${method} /body HTTP/1.1\r\nHost: localhost:8080\r\n${login}Origin: ${origin}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      ])
    ).statuses[0];
  for (const origin of ['https://evil.example', 'null', 'http://localhost', 'http://localhost:8080.evil.example']) {
    t.equal(await status('PUT', origin), 403, origin);
    t.equal(await status('POST', origin), 403, origin);
  }
  for (const origin of ['http://localhost:8080', 'https://localhost:8080']) t.equal(await status('PUT', origin), 200);
});

t.test('stopping answers what is in flight and ends kept connections', async (t) => {
  const door = await startDoor(t, { grace: 1_000 });
  const slow = exchange(
    door.port,
    [`PUT /body HTTP/1.1\r\nHost: localhost\r\n${door.login}Content-Length: 5\r\n\r\nhel`],
    3_000,
  );
  const idle = await idleConnection(door.port);
  const idleGone = new Promise((resolve) => idle.on('close', resolve));
  const finishing = await idleConnection(door.port);
  const chunks: Buffer[] = [];
  finishing.on('data', (chunk: Buffer) => chunks.push(chunk));
  const finished = new Promise((resolve) => finishing.on('close', resolve));
  finishing.write(`PUT /body HTTP/1.1\r\nHost: localhost\r\n${door.login}Content-Length: 5\r\n\r\nhel`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const started = performance.now();
  const closed = door.http.close();
  setTimeout(() => finishing.write('lo'), 200);
  await finished;
  const text = Buffer.concat(chunks).toString();
  t.match(text, /^HTTP\/1\.1 200 /, 'the request in flight is answered');
  t.match(text, /connection: close/i);
  await idleGone;
  await closed;
  t.ok(performance.now() - started < 1_800, 'and one that never ends is dropped after the grace');
  t.ok((await slow).closed);
});
