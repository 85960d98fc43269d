/**
 * DNS for checks of one message: each question asked once, all of them over by a deadline.
 * RFC 1035. Names and types in, records out; what is not answered in time fails as a timeout, which checks call a temporary error.
 */
import { Resolver } from 'node:dns/promises';

/** Of one attempt; there are two, and the second one gets longer. */
const ATTEMPT_MS = 2_000;

export class BoundedResolver {
  private readonly resolver = new Resolver({ timeout: ATTEMPT_MS, tries: 2 });
  private readonly answers = new Map<string, Promise<string[][] | string[]>>();
  private readonly timer: NodeJS.Timeout;
  private over = false;

  /** @param servers addresses with ports; none for those of the machine */
  constructor(servers: readonly string[], milliseconds: number) {
    if (servers.length > 0) this.resolver.setServers([...servers]);
    this.timer = setTimeout(() => this.close(), milliseconds);
  }

  /** Asks already, so that a slow answer does not hold up the questions after it. */
  prefetch(name: string, type: string): void {
    this.resolve(name, type).catch(() => {});
  }

  /** What mailauth asks with. Rejects with the `code` of node:dns. */
  readonly resolve = (name: string, type: string): Promise<string[][] | string[]> => {
    const key = `${type} ${name.toLowerCase()}`;
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const answer = this.ask(name, type);
    this.answers.set(key, answer);
    return answer;
  };

  /** Gives up what is not answered. */
  close(): void {
    clearTimeout(this.timer);
    this.over = true;
    this.resolver.cancel();
  }

  private async ask(name: string, type: string): Promise<string[][] | string[]> {
    if (this.over) throw failure('ETIMEOUT');
    try {
      return (await this.resolver.resolve(name, type)) as string[][] | string[];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A name that cannot be asked for does not exist, today and tomorrow.
      throw failure(code === 'EBADNAME' ? 'ENOTFOUND' : code === 'ECANCELLED' ? 'ETIMEOUT' : (code ?? 'ESERVFAIL'));
    }
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
