/**
 * The load generator, a process of its own: takes one job by message, sends its requests over as many connections as it
 * says, checks the answers after the clock stopped, and sends back what it measured.
 */
import { HttpConnection, type Reply } from './http-connection.ts';
import { requestOf, type Work, wrongIn } from './requests.ts';
import { percentile } from './statistics.ts';

export interface Job {
  readonly work: Work;
  readonly port: number;
  readonly authorization: string;
  readonly connections: number;
  readonly requests: number;
  /** Requests before the measured ones. */
  readonly warmUp: number;
  /** Where a cheap request opens each connection. */
  readonly home: string;
  /** No request is begun after so many milliseconds. */
  readonly limitMs: number;
}

export interface JobResult {
  readonly requests: number;
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytes: number;
  /** Why the first wrong answer is wrong. */
  readonly wrong: string | undefined;
}

export type Message = { readonly ready: true } | { readonly done: JobResult } | { readonly failed: string };

/** Answers above this size are checked one in ten; the check would take longer than the answer. */
const LARGE = 1_000_000;

async function run(job: Job, started: () => Promise<void>): Promise<JobResult> {
  const { work, authorization, warmUp, requests } = job;
  const all = Array.from({ length: work.kind === 'put' || work.kind === 'multiget' ? requests : 1 }, (_, i) =>
    requestOf(work, i, authorization),
  );
  const bytesOf = (index: number) => all[index % all.length] as Buffer;
  const connections = Array.from({ length: job.connections }, () => new HttpConnection(job.port));
  let wrong: string | undefined;
  // What changes something cannot be tried twice: there a harmless request opens the connections and the log-in cache.
  const harmless = requestOf({ kind: 'poll', collection: job.home }, 0, authorization);
  for (const connection of connections) await connection.exchange(harmless);
  if (work.kind !== 'put')
    for (let i = 0; i < warmUp; i++) {
      const reply = await (connections[i % connections.length] as HttpConnection).exchange(bytesOf(i));
      wrong ??= wrongIn(work, reply);
    }
  await started();
  const latencies: number[] = [];
  const small: Reply[] = [];
  let bytes = 0;
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      for (let index = next++; index < requests && performance.now() - begun < job.limitMs; index = next++) {
        const sent = performance.now();
        const reply = await connection.exchange(bytesOf(index));
        latencies.push(performance.now() - sent);
        bytes += reply.body.length;
        if (reply.body.length < LARGE) small.push(reply);
        else if (index % 10 === 0) wrong ??= wrongIn(work, reply);
      }
    }),
  );
  const elapsed = performance.now() - begun;
  for (const reply of small) wrong ??= wrongIn(work, reply);
  for (const connection of connections) connection.close();
  // With one connection the time between requests is ours, not the server's.
  const busy = job.connections === 1 ? latencies.reduce((sum, ms) => sum + ms, 0) : elapsed;
  return {
    requests: latencies.length,
    opsPerSecond: (latencies.length / busy) * 1000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    bytes,
    wrong,
  };
}

function tell(message: Message): void {
  process.send?.(message);
}

if (process.send !== undefined) {
  let go: () => void = () => {};
  process.on('message', (message: Job | 'go') => {
    if (message === 'go') {
      go();
      return;
    }
    const started = () =>
      new Promise<void>((resolve) => {
        go = resolve;
        tell({ ready: true });
      });
    run(message, started).then(
      (done) => tell({ done }),
      (error: unknown) => tell({ failed: String(error) }),
    );
  });
}
