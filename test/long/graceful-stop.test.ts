/** SIGTERM under load: what is in flight is answered, what is new is refused, health says so first, and it ends within ten seconds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { verifyStore } from '../../src/administration/verification.ts';
import { event } from '../support/generated-data.ts';
import { basic } from '../support/server.ts';
import { addPeople, people, startServerProcess } from '../support/server-process.ts';

t.setTimeout(300_000);

t.test('ten stops under eight writers', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convene-stop-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  addPeople(data, people(8));
  const acknowledged = new Map<string, { name: string; body: string }>();
  for (let round = 0; round < 10; round++) {
    const server = await startServerProcess({ data });
    const answers = new Map<string, number>();
    let going = true;
    const writers = people(8).map(async ({ name }) => {
      const headers = { Authorization: basic(name, name), 'Content-Type': 'text/calendar' };
      for (let n = 0; going; n++) {
        const path = `/dav/calendars/${name}/calendar/${round}-${n}.ics`;
        const body = event(round * 100_000 + n);
        const answer = await fetch(server.url + path, { method: 'PUT', headers, body }).catch(() => undefined);
        const key = answer === undefined ? 'closed' : String(answer.status);
        answers.set(key, (answers.get(key) ?? 0) + 1);
        if (answer?.status === 201) acknowledged.set(path, { name, body });
        if (answer === undefined) await pause(10);
      }
    });
    while ((answers.get('201') ?? 0) < 40) await pause(20);
    const asked = performance.now();
    server.child.kill('SIGTERM');
    const { code } = await server.ended;
    const took = performance.now() - asked;
    going = false;
    await Promise.all(writers);
    t.equal(code, 0);
    t.ok(took < 10_000, `ended after ${took.toFixed()} ms`);
    t.same(
      [...answers.keys()].filter((key) => !['201', '503', 'closed'].includes(key)),
      [],
      JSON.stringify([...answers]),
    );
  }
  const server = await startServerProcess({ data });
  let lost = 0;
  for (const [path, { name, body }] of acknowledged) {
    const answer = await fetch(server.url + path, { headers: { Authorization: basic(name, name) } });
    if ((await answer.text()) !== body) lost += 1;
  }
  await server.stop();
  t.ok(acknowledged.size > 200, `${acknowledged.size} acknowledged`);
  t.equal(lost, 0);
  t.same((await verifyStore(data)).problems, []);
});
