/**
 * Checking who a message is from while it arrives: the questions to the thread that does it.
 * Octets in as they come, a verification out; a thread that fails or hangs costs its messages the checks, never the messages.
 * Elsewhere: the thread (verification-worker.ts), the checks (sender-checks.ts).
 */
import { WorkerThread } from '../workers.ts';
import { readHeader } from './header-fields.ts';
import type { SendingClient, Verification } from './sender-checks.ts';
import type { VerificationQuestion, VerificationStart } from './verification-worker.ts';

export interface VerificationOptions {
  /** DNS servers with ports; none for those of the machine. */
  readonly servers: readonly string[];
  readonly log: { error(fields: object, message: string): void };
  /** For all questions to DNS about one message. */
  readonly deadlineMs?: number;
}

/** One message under way. */
export interface SenderCheck {
  /** The next octets of the body; wait for it before giving more. */
  write(octets: Buffer): Promise<void>;
  /** @param client undefined when nobody knows it */
  finish(client: SendingClient | undefined, mailFrom: string): Promise<Verification>;
  /** Instead of `finish`, when the message does not arrive. */
  drop(): void;
}

const DEADLINE_MS = 8_000;
/** Beyond the deadline a thread is no longer waited for. */
const PATIENCE_MS = 2_000;

/** Small pieces go to the thread together. */
const PIECE_OCTETS = 64 * 1024;

/** What is said when nothing could be found out. */
const UNKNOWN: Verification = {
  results: [{ method: 'dmarc', result: 'temperror', properties: [] }],
  verdict: { dmarc: 'temperror', policy: 'none', domain: '' },
};

export class SenderVerification {
  private readonly thread: WorkerThread;
  private readonly log: VerificationOptions['log'];
  private readonly patience: number;
  private last = 0;

  constructor({ servers, log, deadlineMs = DEADLINE_MS }: VerificationOptions) {
    const module = new URL(`./verification-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
    this.thread = new WorkerThread(module, (): VerificationStart => ({ servers, deadlineMs }));
    this.log = log;
    this.patience = deadlineMs + PATIENCE_MS;
  }

  /** Begins with a complete header. */
  begin(header: Buffer): SenderCheck {
    const message = ++this.last;
    const fields = readHeader(header, 0, header.length);
    const signed = fields.countOf('dkim-signature') > 0 || fields.countOf('arc-seal') > 0;
    let failed = false;
    const ask = async (question: VerificationQuestion): Promise<unknown> => {
      if (failed) return undefined;
      try {
        return await this.ask(question);
      } catch (error) {
        failed = true;
        this.log.error({ err: error }, 'a message could not be verified');
        return undefined;
      }
    };
    // Octets of their own: a view takes all of the memory it lies in along to the thread.
    const begun = ask({ kind: 'header', message, octets: new Uint8Array(header) });
    let pieces: Buffer[] = [];
    let held = 0;
    const flush = async (): Promise<void> => {
      if (held === 0) return;
      const octets = new Uint8Array(Buffer.concat(pieces));
      pieces = [];
      held = 0;
      await ask({ kind: 'body', message, octets });
    };
    return {
      async write(octets) {
        await begun;
        // Without a signature nobody asks for the body.
        if (!signed) return;
        pieces.push(octets);
        held += octets.length;
        if (held >= PIECE_OCTETS) await flush();
      },
      async finish(client, mailFrom) {
        await begun;
        await flush();
        return ((await ask({ kind: 'end', message, client, mailFrom })) as Verification | undefined) ?? UNKNOWN;
      },
      drop() {
        void ask({ kind: 'drop', message });
      },
    };
  }

  /** Ends the thread; messages under way go without their checks. */
  async close(): Promise<void> {
    await this.thread.terminate();
  }

  private async ask(question: VerificationQuestion): Promise<unknown> {
    const timer = setTimeout(() => void this.thread.terminate(), this.patience);
    try {
      return await this.thread.ask(question);
    } finally {
      clearTimeout(timer);
    }
  }
}
