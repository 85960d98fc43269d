/** What the peers of a benchmark have in common as processes. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when a port of loopback takes connections; throws after `limitMs`. */
export async function acceptsConnections(port: number, limitMs: number): Promise<void> {
  for (const until = performance.now() + limitMs; ; await sleep(5)) {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > until) throw new Error(`nothing listens at port ${port}`, { cause: error });
    } finally {
      socket.destroy();
    }
  }
}

/** Resolves when something answers GET; throws when the process ends before, or after 30 s. */
export async function answersHttp(child: ChildProcess, url: string): Promise<void> {
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${child.spawnfile} ended`);
  });
  failed.catch(() => {});
  const begun = performance.now();
  for (;;) {
    const answered = await Promise.race([
      failed,
      fetch(url).then(
        () => true,
        () => false,
      ),
    ]);
    if (answered) return;
    await sleep(5);
    if (performance.now() - begun > 30_000) throw new Error(`${child.spawnfile} does not answer`);
  }
}

export async function endProcess(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}

/** Whether a program is on the PATH. */
export function isInstalled(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}
