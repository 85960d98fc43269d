/**
 * Memory and the event loop under a mixed load: after a warm-up, resident memory does not grow, and nothing blocks the loop.
 * SOAK_MINUTES sets how long, 6 by default; two hours are for a release.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { card, event } from '../support/generated-data.ts';
import { basic } from '../support/server.ts';
import { addPeople, people, startServerProcess } from '../support/server-process.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 6);
t.setTimeout((MINUTES + 5) * 60_000);

/** Slope of a line through points, by least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length;
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / n;
  const [mx, my] = [mean(0), mean(1)];
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return over / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

t.test('a mixed load', { skip: process.platform === 'linux' ? false : 'reads /proc' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convene-soak-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  addPeople(data, people(4));
  const server = await startServerProcess({ data });
  t.teardown(() => server.stop());
  const until = Date.now() + MINUTES * 60_000;
  const wrong = new Map<number, number>();
  let requests = 0;
  const ask = async (name: string, method: string, path: string, body?: string, more: Record<string, string> = {}) => {
    const headers = { Authorization: basic(name, name), ...more };
    const answer = await fetch(server.url + path, { method, headers, body });
    await answer.arrayBuffer();
    requests += 1;
    if (answer.status >= 400) wrong.set(answer.status, (wrong.get(answer.status) ?? 0) + 1);
  };
  const clients = people(4).map(async ({ name }) => {
    const calendar = `/dav/calendars/${name}/calendar/`;
    const ics = { 'Content-Type': 'text/calendar' };
    for (let n = 0; Date.now() < until; n++) {
      // A window of 200 objects that are rewritten, so that the store itself does not grow.
      const at = `${calendar}${n % 200}.ics`;
      await ask(name, 'PUT', at, event(n % 200, n), ics);
      await ask(name, 'PUT', `/dav/addressbooks/${name}/addressbook/${n % 200}.vcf`, card(n % 200, n), {
        'Content-Type': 'text/vcard',
      });
      await ask(name, 'GET', at);
      await ask(name, 'PROPFIND', calendar, undefined, { Depth: '1' });
      if (n % 10 === 0) await ask(name, 'DELETE', at);
      if (n % 50 === 0)
        await ask(
          name,
          'REPORT',
          calendar,
          '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>',
        );
    }
  });
  const points: [hours: number, megabytes: number][] = [];
  const warm = Date.now() + (MINUTES * 60_000) / 3;
  while (Date.now() < until) {
    await pause(2_000);
    const kilobytes = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0);
    if (Date.now() > warm) points.push([Date.now() / 3_600_000, kilobytes / 1024]);
  }
  await Promise.all(clients);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const p99 = Number(/^convene_event_loop_delay_p99_seconds (\S+)/m.exec(metrics)?.[1] ?? Number.NaN);
  const half = points.length >> 1;
  const mean = (some: typeof points) => some.reduce((sum, [, megabytes]) => sum + megabytes, 0) / some.length;
  const grown = mean(points.slice(half)) - mean(points.slice(0, half));
  t.comment(`${requests} requests; ${mean(points).toFixed()} MB, slope ${slope(points).toFixed(1)} MB an hour`);
  t.same([...wrong], []);
  t.ok(p99 < 0.05, `event loop p99 ${(p99 * 1000).toFixed(1)} ms`);
  // A short run says little about an hour: what is looked for there is a leak that shows at once.
  if (MINUTES >= 60) t.ok(slope(points) < 5, 'grows by less than 5 MB an hour');
  else t.ok(grown < 20, `${grown.toFixed(1)} MB more in the second half`);
});
