/**
 * How fast passwords may be guessed: by account name and network, and by network alone, shared by all protocols.
 * Names that exist and names that do not are counted alike. Nothing here locks an account: another network is not affected,
 * and log-ins found in the cache (authentication.ts) never come here.
 */
import { networkKey } from '../networks.ts';

/** Failures of one name from one network that cost nothing. */
const FREE = 5;
/** After those, one attempt in this time. */
const SPACING = 1_000;
/** A name is forgotten when it was not tried for this long. */
const MEMORY = 15 * 60_000;
/** Failures of one network, any names, within the window. */
const NETWORK_LIMIT = 100;
const NETWORK_WINDOW = 60_000;
/** Entries kept of each kind; the oldest go first. */
const MAX_ENTRIES = 20_000;

interface Guesses {
  count: number;
  /** Of the last attempt. */
  at: number;
}

interface Window {
  count: number;
  since: number;
}

export class LoginThrottle {
  private readonly now: () => number;
  private readonly names = new Map<string, Guesses>();
  private readonly networks = new Map<string, Window>();

  /** @param now epoch milliseconds */
  constructor(now: () => number) {
    this.now = now;
  }

  /**
   * Notes an attempt before it is verified, so that parallel guesses are counted too. Take it back with `succeeded`.
   * @param name the account name, folded
   * @param peer IP address
   * @returns 0 when it may go on, else the milliseconds until another may
   */
  attempt(name: string, peer: string): number {
    const now = this.now();
    const network = networkKey(peer);
    const window = this.window(network, now);
    if (window.count >= NETWORK_LIMIT) return window.since + NETWORK_WINDOW - now;
    const key = keyOf(name, network);
    const guesses = this.names.get(key);
    const before = guesses === undefined || now - guesses.at >= MEMORY ? 0 : guesses.count;
    if (guesses !== undefined && before >= FREE && now - guesses.at < SPACING) return guesses.at + SPACING - now;
    window.count++;
    remember(this.names, key, { count: before + 1, at: now });
    return 0;
  }

  /** The attempt was right: it counts for nothing, and what failed before it under this name is forgiven. */
  succeeded(name: string, peer: string): void {
    const network = networkKey(peer);
    this.names.delete(keyOf(name, network));
    const window = this.networks.get(network);
    if (window !== undefined && window.count > 0) window.count--;
  }

  /** The attempt could not be verified: it counts for nothing. */
  withdraw(name: string, peer: string): void {
    const network = networkKey(peer);
    const guesses = this.names.get(keyOf(name, network));
    if (guesses !== undefined && guesses.count > 0) guesses.count--;
    const window = this.networks.get(network);
    if (window !== undefined && window.count > 0) window.count--;
  }

  /** Entries kept, for tests of the bound. */
  get size(): number {
    return this.names.size + this.networks.size;
  }

  private window(network: string, now: number): Window {
    const known = this.networks.get(network);
    if (known !== undefined && now - known.since < NETWORK_WINDOW && now >= known.since) return known;
    const fresh = { count: 0, since: now };
    remember(this.networks, network, fresh);
    return fresh;
  }
}

function keyOf(name: string, network: string): string {
  return `${network} ${name}`;
}

/** Puts an entry last and drops the oldest beyond the bound. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_ENTRIES) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
