/** What the peers of a benchmark have in common as processes. */
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
