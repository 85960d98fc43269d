/**
 * The SCRAM keys of credentials: derived when a password is made or comes in plain, kept sealed beside its hash.
 * RFC 5802 §3 and §9, RFC 7677 §4.
 * One salt and one iteration count for all passwords of a principal, because the first message names a principal and no more; the
 * salt is made from the name, so that names that do not exist have one too.
 * Elsewhere: the algorithm (scram.ts), who may log in (authentication.ts).
 */
import { createHmac } from 'node:crypto';
import type { CredentialRow, Store } from '../../storage/store.ts';
import { type ScramKeys, type ScramParameters, scramKeys } from './scram.ts';
import type { Sealing } from './sealing.ts';

/**
 * RFC 7677 §4 asks for 4,096 at least; Cyrus SASL, which mbsync and others use, computes no more than 65,536. What is kept is sealed
 * with the key of the data folder, so that a copy of the database alone is nothing to guess with.
 */
const ITERATIONS = 60_000;
const SALT = 16;
/** Passwords that wait to be learned; one that finds no room is learned the next time it comes. */
const WAITING = 16;

export class ScramKeyring {
  private readonly store: Store;
  private readonly sealing: Sealing;
  private readonly iterations: number;
  private readonly saltKey: Buffer;
  private readonly learning = new Set<number>();
  /** The newest derivation, and the newest of passwords to learn: those wait for each other, and let all others go first. */
  private last: Promise<unknown> = Promise.resolve();
  private lastLearned: Promise<unknown> = Promise.resolve();
  private stopped = false;
  /** Whether SCRAM knows what everybody chose: clients that prefer it would lock out who is not known. */
  knowsEverybody = false;

  constructor(store: Store, sealing: Sealing, iterations = ITERATIONS) {
    this.store = store;
    this.sealing = sealing;
    this.iterations = iterations;
    this.saltKey = sealing.keyFor('scram-salt');
  }

  /** Looks whether there are passwords that SCRAM does not know. */
  async look(): Promise<void> {
    this.knowsEverybody = !(await this.store.credentials.unknownToScram());
  }

  /** What a client is told before it proves its password. @param name of a principal, or what stands for one that is not there */
  parameters(name: string): ScramParameters {
    return {
      salt: createHmac('sha256', this.saltKey).update(name).digest().subarray(0, SALT),
      iterations: this.iterations,
    };
  }

  /** The keys of a credential; undefined while its password is not known by SCRAM, or only by other parameters. */
  keysOf(principal: string, { scram }: Pick<CredentialRow, 'scram'>): ScramKeys | undefined {
    if (scram === '') return undefined;
    const [iterations, storedKey = '', serverKey = ''] = this.sealing.open(scram, ownerOf(principal))?.split(' ') ?? [];
    if (Number(iterations) !== this.iterations) return undefined;
    return { storedKey: Buffer.from(storedKey, 'base64'), serverKey: Buffer.from(serverKey, 'base64') };
  }

  /** What to keep of a password of a principal; '' when it cannot be presented by SCRAM. One at a time. */
  seal(principal: string, password: string): Promise<string> {
    const sealed = this.last.then(async () => {
      const keys = await scramKeys(password, this.parameters(principal));
      if (keys === undefined) return '';
      const text = [this.iterations, keys.storedKey.toString('base64'), keys.serverKey.toString('base64')].join(' ');
      return this.sealing.seal(text, ownerOf(principal));
    });
    this.last = sealed.catch(() => {});
    return sealed;
  }

  /** Takes a password that was just verified, unless it is known already: later, and nobody waits for it. */
  learn(principal: string, credential: CredentialRow, password: string): void {
    const { id } = credential;
    if (this.learning.has(id) || this.learning.size >= WAITING || this.keysOf(principal, credential) !== undefined)
      return;
    this.learning.add(id);
    this.lastLearned = this.lastLearned
      .then(() => (this.stopped ? '' : this.seal(principal, password)))
      .then(async (scram) => {
        if (scram === '') return;
        await this.store.transaction((write) => write.credentials.setScram(id, scram));
        await this.look();
      })
      // A log-in is not worse because this could not be written.
      .catch(() => {})
      .finally(() => this.learning.delete(id));
  }

  /** Learns nothing any more; resolves when the one under way is done. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.lastLearned;
  }
}

function ownerOf(principal: string): string {
  return `scram ${principal}`;
}
