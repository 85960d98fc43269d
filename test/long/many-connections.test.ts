/**
 * Ten thousand connections that do nothing: what each costs, and how soon a newcomer is served beside them. As many as the limit
 * of descriptors of this process and of the server allow, at least 2,000.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { basic } from '../support/server.ts';
import { addPeople, people, startServerProcess } from '../support/server-process.ts';

t.setTimeout(300_000);

const WANTED = 10_000;
/** Connections of one address of the client: each has its own ports. */
const PER_ADDRESS = 5_000;

function residentOctets(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

function openTo(port: number, localAddress: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }, () => resolve(socket));
    socket.once('error', reject);
  });
}

t.test('idle connections', { skip: process.platform === 'linux' ? false : 'counts by /proc' }, async (t) => {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout) || 20_000;
  // The HTTP door takes 8,192 at once by its own limit.
  const count = Math.min(WANTED, 8_000, limit - 500);
  t.ok(count >= 2_000, `${count} connections`);
  const folder = mkdtempSync(join(tmpdir(), 'convene-many-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  addPeople(join(folder, 'data'), people(1));
  const server = await startServerProcess({ data: join(folder, 'data') });
  t.teardown(() => server.stop());
  const headers = { Authorization: basic('user01', 'user01'), Depth: '0' };
  const newcomer = async () => {
    const began = performance.now();
    const { status } = await fetch(`${server.url}/dav/calendars/user01/`, { method: 'PROPFIND', headers });
    t.equal(status, 207);
    return performance.now() - began;
  };
  for (let i = 0; i < 20; i++) await newcomer();
  const before = residentOctets(server.pid);
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let i = 0; i < count; i += 200) {
    const some = Array.from({ length: Math.min(200, count - i) }, (_, n) =>
      openTo(server.port, `127.0.0.${2 + Math.floor((i + n) / PER_ADDRESS)}`),
    );
    sockets.push(...(await Promise.all(some)));
  }
  // A keep-alive that is between two requests, not one that never spoke: those are dropped after 20 s.
  const slowest = Math.max(await newcomer(), await newcomer(), await newcomer());
  const each = (residentOctets(server.pid) - before) / count;
  t.ok(slowest < 5_000, `a newcomer waits ${slowest.toFixed()} ms beside ${count}`);
  t.ok(each <= 40 * 1024, `${(each / 1024).toFixed(1)} kB each`);
  t.ok(residentOctets(server.pid) < 1e9, 'below a gigabyte in all');
});
