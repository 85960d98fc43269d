/**
 * Clients that send their head or body a byte at a time, or never read what they asked for, with the limits people run with:
 * others are answered within a second all along, and each slow one is dropped at its deadline.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { card, event } from '../support/generated-data.ts';
import { basic, startServer, type TestServer, type TestUser } from '../support/server.ts';

t.setTimeout(400_000);

const CLIENTS = 100;
/** Deadlines of src/http.ts and what checking them may add. */
const HEAD_MS = 30_000;
const BODY_MS = 75_000;
const READ_MS = 150_000;

interface SlowClient {
  readonly socket: Socket;
  readonly closedAt: () => number | undefined;
}

function open(server: TestServer, send: (socket: Socket) => void): SlowClient {
  const socket = connect(server.port, '127.0.0.1');
  let closedAt: number | undefined;
  socket.on('error', () => {});
  socket.on('close', () => {
    closedAt = performance.now();
  });
  socket.on('connect', () => send(socket));
  return { socket, closedAt: () => closedAt };
}

/** Sends one byte every two seconds until the other side had enough. */
function drip(socket: Socket, start: string, byte: string): void {
  socket.resume();
  socket.write(start);
  const timer = setInterval(() => socket.write(byte), 2_000);
  socket.on('close', () => clearInterval(timer));
}

/** Longest answer to an ordinary client until `done`. */
async function bystand(server: TestServer, user: TestUser, done: () => boolean): Promise<number> {
  let longest = 0;
  for (let i = 0; !done(); i++) {
    const asked = performance.now();
    const path = `/dav/calendars/${user.name}/calendar/bystander-${i % 50}.ics`;
    const put = await server.request(user, 'PUT', path, {
      headers: { 'content-type': 'text/calendar' },
      body: event(i % 50),
    });
    const list = await server.request(user, 'PROPFIND', `/dav/calendars/${user.name}/`, { headers: { depth: '1' } });
    longest = Math.max(longest, performance.now() - asked);
    if (put.status >= 300 || list.status !== 207) return Number.POSITIVE_INFINITY;
    await sleep(200);
  }
  return longest;
}

async function allDropped(clients: readonly SlowClient[], within: number, since: number): Promise<number> {
  while (clients.some(({ closedAt }) => closedAt() === undefined) && performance.now() - since < within)
    await sleep(100);
  return clients.filter(({ closedAt }) => closedAt() === undefined).length;
}

t.test('slow heads, slow bodies, and readers that never read', async (t) => {
  const server = await startServer(t);
  const user = await server.addUser('bystander');
  const authorization = `Host: x\r\nAuthorization: ${basic(user.name, user.password)}\r\n`;
  const calendar = `/dav/calendars/${user.name}/calendar/`;
  // More than any socket buffer holds.
  const large = `/dav/addressbooks/${user.name}/addressbook/large.vcf`;
  const body = card(1).replace('NOTE:', `NOTE:${'a long note '.repeat(300_000)}`);
  const put = await server.request(user, 'PUT', large, { headers: { 'content-type': 'text/vcard' }, body });
  t.equal(put.status, 201);
  const since = performance.now();
  const heads = Array.from({ length: CLIENTS }, () =>
    open(server, (socket) => drip(socket, 'PROPFIND /dav/ HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a')),
  );
  const bodies = Array.from({ length: CLIENTS }, (_, i) =>
    open(server, (socket) =>
      drip(
        socket,
        `PUT ${calendar}slow-${i}.ics HTTP/1.1\r\n${authorization}Content-Type: text/calendar\r\nContent-Length: 5000\r\n\r\nBEGIN`,
        ':',
      ),
    ),
  );
  let done = false;
  const bystander = bystand(server, user, () => done);
  const readers: SlowClient[] = [];
  for (let i = 0; i < 20; i++) {
    readers.push(
      open(server, (socket) => {
        socket.pause();
        socket.write(`GET ${large} HTTP/1.1\r\n${authorization}\r\n`.repeat(4));
      }),
    );
    // One after the other: what is tested is that they wait, not that eighty large answers are begun at once.
    await sleep(250);
  }
  t.equal(await allDropped(heads, HEAD_MS, since), 0, `slow heads are dropped within ${HEAD_MS} ms`);
  t.equal(await allDropped(bodies, BODY_MS, since), 0, `slow bodies within ${BODY_MS} ms`);
  // A paused socket learns of its end only when it reads; the server knows before.
  while (performance.now() - since < READ_MS && (await connections(server)) > 3) await sleep(500);
  t.ok((await connections(server)) <= 3, `readers that never read within ${READ_MS} ms`);
  done = true;
  const longest = await bystander;
  t.ok(longest <= 1_000, `others waited ${longest.toFixed()} ms at most`);
  for (const { socket } of [...heads, ...bodies, ...readers]) socket.destroy();
  const listing = await server.request(user, 'PROPFIND', calendar, { headers: { depth: '1' } });
  t.notMatch(listing.text, 'slow-', 'nothing half-sent was stored');
});

function connections(server: TestServer): Promise<number> {
  return new Promise((resolve, reject) =>
    server.app.http.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
