/** Background work: again and again, one at a time, until stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { Jobs } from '../../src/jobs.ts';

const quiet = { debug() {}, error() {} };

t.test('jobs run again and again, never two at once', async (t) => {
  const jobs = new Jobs(quiet);
  let running = 0;
  let most = 0;
  const runs = { a: 0, b: 0 };
  for (const name of ['a', 'b'] as const)
    jobs.add({
      name,
      everyMs: 5,
      async run() {
        most = Math.max(most, ++running);
        await pause(2);
        running--;
        runs[name]++;
      },
    });
  await pause(150);
  await jobs.stop();
  t.ok(runs.a > 3 && runs.b > 3, `${runs.a} and ${runs.b}`);
  t.equal(most, 1);
  const before = runs.a + runs.b;
  await pause(30);
  t.equal(runs.a + runs.b, before, 'nothing after the stop');
});

t.test('a job that fails is logged and runs again', async (t) => {
  const logged: object[] = [];
  const jobs = new Jobs({ ...quiet, error: (fields) => logged.push(fields) });
  let runs = 0;
  jobs.add({
    name: 'bad',
    everyMs: 5,
    async run() {
      runs++;
      throw new Error('no');
    },
  });
  await pause(60);
  await jobs.stop();
  t.ok(runs > 1);
  t.match(logged[0], { job: 'bad', err: { message: 'no' } });
});

t.test('stopping tells the running job, and waits for it', async (t) => {
  const jobs = new Jobs(quiet);
  let ended = false;
  const started = new Promise<void>((resolve) => {
    jobs.add({
      name: 'long',
      everyMs: 1,
      run: (signal) =>
        new Promise<void>((end) => {
          resolve();
          signal.addEventListener('abort', async () => {
            await pause(20);
            ended = true;
            end();
          });
        }),
    });
  });
  // The timers of jobs keep no process alive.
  await Promise.all([started, pause(50)]);
  await jobs.stop();
  t.ok(ended);
});
