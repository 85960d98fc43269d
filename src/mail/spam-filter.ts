/**
 * The port of the spam filter: what mail is shown to it, what it says, what it is taught.
 * Elsewhere: the one that is spoken to (protocols/rspamd.ts), who asks (reception.ts), who teaches (spam-lessons.ts).
 */
import type { SendingClient } from './sender-checks.ts';

export interface ScannedMessage {
  readonly id: string;
  /** As it came; may be read once, and need not be read to its end. */
  readonly octets: AsyncIterable<Buffer>;
  readonly size: number;
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  /** Undefined when nobody knows it. */
  readonly client: SendingClient | undefined;
}

export interface SpamOpinion {
  readonly spam: boolean;
  readonly score: number;
}

export type Lesson = 'spam' | 'ham';

export interface SpamFilter {
  /** Undefined when it cannot tell now; never rejects. */
  check(message: ScannedMessage): Promise<SpamOpinion | undefined>;
  /** Whether people's decisions are wanted. */
  readonly learns: boolean;
  /** Resolves when it was told, wanted or not. Rejects when it may be told later. */
  learn(lesson: Lesson, octets: Buffer, signal: AbortSignal): Promise<void>;
}
