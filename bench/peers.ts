/** The servers that the benchmark of DAV measures beside ours, in the order in which they run. */
import { cyrusMissing, startCyrusPeer } from './cyrus.ts';
import { radicaleMissing, startRadicale } from './radicale.ts';
import type { Target } from './requests.ts';
import { startXandikos, xandikosMissing } from './xandikos.ts';

export interface Peer {
  readonly name: string;
  readonly target: Target;
  /** Root of the process tree. */
  readonly pid: number;
  readonly startedInMs: number;
  /** Whether the members are there already; otherwise they are put. */
  readonly filled: boolean;
  /** Divides the repetitions: what takes seconds is asked a few times only. */
  readonly scale: number;
  readonly mostConnections: number;
  stop(): Promise<void>;
}

interface Startable {
  /** Why it cannot be started here; undefined when it can. */
  missing(): string | undefined;
  start(base: string): Promise<Peer>;
}

export const PEERS: Readonly<Record<string, Startable>> = {
  Radicale: { missing: radicaleMissing, start: startRadicale },
  Xandikos: { missing: xandikosMissing, start: startXandikos },
  Cyrus: { missing: cyrusMissing, start: startCyrusPeer },
};
