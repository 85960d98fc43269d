/** Bytes to a port and back, for requests no HTTP client would send. */
import { connect, type Socket } from 'node:net';

export interface Exchange {
  /** Everything received until the other side closed or the time was over. */
  readonly text: string;
  /** Status codes of the answers in it, interim ones included. */
  readonly statuses: number[];
  readonly closed: boolean;
  readonly ms: number;
}

/** Sends pieces one after the other and collects what comes back until close, or for `waitMs`. */
export function exchange(port: number, pieces: readonly (string | Buffer)[], waitMs = 1_500): Promise<Exchange> {
  return new Promise((resolve) => {
    const started = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
      resolve({ text, statuses, closed, ms: performance.now() - started });
    };
    const timer = setTimeout(() => finish(false), waitMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(true));
    for (const piece of pieces) socket.write(piece);
  });
}

/** Opens a connection that does nothing by itself. */
export function idleConnection(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
