/** Hints: merged, bounded in time, to who asked. */
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { ChangeBus } from '../../src/change-bus.ts';

const hint = (collectionId: number, modseq = 1) => ({ accountId: 1, collectionId, modseq });

t.test('hints of a moment are one call with the collections that moved', async (t) => {
  const bus = new ChangeBus(() => {});
  const calls: number[][] = [];
  const subscription = bus.subscribe([1, 2, 3], (ids) => calls.push([...ids]));
  for (let i = 0; i < 1_000; i++) bus.publish(hint(1 + (i % 2), i));
  bus.publish(hint(4));
  await pause(250);
  t.same(calls, [[1, 2]]);
  bus.publish(hint(3));
  subscription.close();
  await pause(250);
  t.equal(calls.length, 1, 'nothing after close');
});

t.test('a stream of hints delays nobody for more than a second', async (t) => {
  const bus = new ChangeBus(() => {});
  const started = performance.now();
  const first = new Promise<number>((resolve) => {
    bus.subscribe([1], () => resolve(performance.now() - started));
  });
  const stream = setInterval(() => bus.publish(hint(1)), 20);
  const ms = await first;
  clearInterval(stream);
  t.ok(ms > 500 && ms < 1_300, `${ms} ms`);
});

t.test('a subscriber that throws harms nobody else', async (t) => {
  const errors: unknown[] = [];
  const bus = new ChangeBus((error) => errors.push(error));
  let woken = 0;
  bus.subscribe([1], () => {
    throw new Error('no');
  });
  bus.subscribe([1], () => woken++);
  bus.publish(hint(1));
  await pause(200);
  t.equal(woken, 1);
  t.equal(errors.length, 1);
});

t.test('the store tells the bus after its commits', async (t) => {
  const { startServer } = await import('../support/server.ts');
  const server = await startServer(t);
  const { id } = await server.addUser('anna');
  const [calendar] = await server.store.collections.home(id, 'calendars');
  const woken = new Promise<number[]>((resolve) => {
    server.app.bus.subscribe([calendar!.id], (ids) => resolve([...ids]));
  });
  await server.store.transaction((write) => write.accounts.nextModseq(id, [calendar!.id]));
  t.same(await woken, [calendar!.id]);
});
