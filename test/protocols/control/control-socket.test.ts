/** The control socket: who may open it, what it answers, what it refuses. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { NoServer, sendCommand, serveControl } from '../../../protocols/control/control-socket.ts';
import { DomainError } from '../../../src/errors.ts';

function folderFor(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'convene-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

t.test('commands, results and refusals', async (t) => {
  const folder = folderFor(t);
  await t.rejects(sendCommand(folder, 'x', {}), NoServer);
  await t.rejects(sendCommand(join(folder, 'none'), 'x', {}), NoServer);
  writeFileSync(join(folder, 'control.sock'), 'left behind');
  const failures: unknown[] = [];
  const run = async (command: string, given: unknown) => {
    if (command === 'refuse') throw new DomainError('forbidden', 'Not this.');
    if (command === 'fail') throw new Error('secret detail');
    return { command, given };
  };
  const server = await serveControl(folder, run, (error) => failures.push(error));
  t.equal(statSync(join(folder, 'control.sock')).mode & 0o777, 0o600);
  t.same(await sendCommand(folder, 'echo', { text: 'ä\n"' }), { command: 'echo', given: { text: 'ä\n"' } });
  const large = 'x'.repeat(4 * 1024 * 1024);
  t.match(await sendCommand(folder, 'echo', { large }), { given: { large } });
  await t.rejects(sendCommand(folder, 'echo', { large: 'x'.repeat(17 * 1024 * 1024) }), { code: 'too-large' });
  await t.rejects(sendCommand(folder, 'refuse', {}), { name: 'DomainError', code: 'forbidden', message: 'Not this.' });
  await t.rejects(sendCommand(folder, 'fail', {}), { code: 'unavailable' });
  t.match(failures, [{ message: 'secret detail' }]);
  await server.close();
  await t.rejects(sendCommand(folder, 'echo', {}), NoServer);
});

t.test('what is not a request', async (t) => {
  const folder = folderFor(t);
  const server = await serveControl(
    folder,
    async () => 'done',
    () => {},
  );
  const send = (text: string) =>
    new Promise<string>((resolve) => {
      let reply = '';
      const socket = connect(join(folder, 'control.sock'), () => socket.write(text));
      socket.on('data', (chunk) => {
        reply += chunk.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(reply));
    });
  t.match(await send('not json\n'), /one line of JSON/);
  t.match(await send('null\n'), /"result":"done"/);
  t.equal(await send('x'.repeat(17 * 1024 * 1024)), '', 'an endless line is cut off');
  const silent = connect(join(folder, 'control.sock'));
  silent.on('error', () => {});
  const started = performance.now();
  await server.close();
  t.ok(performance.now() - started < 4_000, 'who asks nothing does not delay the stop');
});
