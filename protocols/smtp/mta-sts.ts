/**
 * Policies of domains that want their mail encrypted to servers of a proven name.
 * RFC 8461 §3 (discovery, the file), §4.1 (names), §5 (what a sender does), §5.1 (which of two policies holds).
 * A policy that was fetched is kept for the time it asks for, and fetched again well before. `testing` asks for reports
 * (RFC 8460), which are not sent.
 * Elsewhere: keeping policies (src/mail/sts-policies.ts), what an enforced policy does to a delivery (transport.ts), the HTTP client (../http-client.ts).
 */
import { Resolver } from 'node:dns/promises';
import type { Fetcher } from '../../src/fetching.ts';
import type { KeptStsPolicy, StsPolicy } from '../../src/mail/sts-policies.ts';

export interface MtaStsOptions {
  /** Follows no redirects (§3.3). */
  readonly fetcher: Fetcher;
  /** DNS servers with ports; none: those of the machine. */
  readonly dnsServers: readonly string[];
  readonly now: () => number;
  /** Where policies are kept. */
  readonly policies: {
    get(domain: string): Promise<KeptStsPolicy | undefined>;
    put(domain: string, policy: KeptStsPolicy): Promise<void>;
  };
}

const ATTEMPT_MS = 4_000;
/** §3.3: how long a version that could not be fetched is left alone. */
const LEFT_ALONE = 5 * 60_000;
/** §3.2: a year and a quarter of a day. */
const MAX_AGE_S = 31_557_600;
const MAX_NAMES = 100;
/** §3.3: a policy is fetched again once a day, or when half its time is over. */
const REFRESHED_MS = 24 * 3_600_000;
/** Failures that are remembered. */
const FAILURES = 2_000;

export class MtaSts {
  private readonly options: MtaStsOptions;
  /** `domain id` → when it may be fetched again. */
  private readonly failed = new Map<string, number>();

  constructor(options: MtaStsOptions) {
    this.options = options;
  }

  /** The policy that holds for a domain; undefined when there is none. Never rejects. */
  async policyOf(domain: string): Promise<StsPolicy | undefined> {
    const now = this.options.now();
    const kept = await this.options.policies.get(domain);
    const known = kept !== undefined && kept.expiresAt > now ? kept : undefined;
    const id = await this.idOf(domain);
    // §5.1: what cannot be discovered or fetched does not end a policy that holds.
    if (id === undefined || (id === known?.version && now < known.refreshAt)) return known?.policy;
    const version = `${domain} ${id}`;
    if ((this.failed.get(version) ?? 0) > now) return known?.policy;
    const read = await this.fetched(domain);
    if (read === undefined) {
      this.leaveAlone(version, now + LEFT_ALONE);
      return known?.policy;
    }
    this.failed.delete(version);
    const { policy, maxAge } = read;
    const age = maxAge * 1_000;
    // In doubt it holds for this message alone.
    await this.options.policies
      .put(domain, { version: id, policy, refreshAt: now + Math.min(REFRESHED_MS, age / 2), expiresAt: now + age })
      .catch(() => undefined);
    return policy;
  }

  private async fetched(domain: string): Promise<{ policy: StsPolicy; maxAge: number } | undefined> {
    try {
      const fetched = await this.options.fetcher.fetch({
        url: `https://mta-sts.${domain}/.well-known/mta-sts.txt`,
        accept: 'text/plain',
      });
      return fetched.kind === 'octets' ? readPolicy(fetched.octets.toString('utf8')) : undefined;
    } catch {
      return undefined;
    }
  }

  private leaveAlone(version: string, until: number): void {
    this.failed.delete(version);
    this.failed.set(version, until);
    const [oldest] = this.failed.keys();
    if (this.failed.size > FAILURES && oldest !== undefined) this.failed.delete(oldest);
  }

  /** The version that DNS announces (§3.1); undefined without exactly one record. */
  private async idOf(domain: string): Promise<string | undefined> {
    const resolver = new Resolver({ timeout: ATTEMPT_MS, tries: 2 });
    if (this.options.dnsServers.length > 0) resolver.setServers([...this.options.dnsServers]);
    try {
      const records = (await resolver.resolveTxt(`_mta-sts.${domain}`))
        .map((pieces) => pieces.join(''))
        .filter((text) => /^v=STSv1[ \t]*;/.test(text));
      return records.length === 1
        ? /;[ \t]*id=([a-zA-Z0-9]{1,32})[ \t]*(?:;|$)/.exec(records[0] ?? '')?.[1]
        : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The file of a policy (§3.2); undefined when it is none. Exported for tests. */
export function readPolicy(text: string): { policy: StsPolicy; maxAge: number } | undefined {
  const fields = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => /^([a-zA-Z0-9_.-]{1,32})[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line) ?? ['', '', '']);
  const values = (name: string) => fields.filter((field) => field[1] === name).map((field) => field[2] ?? '');
  const mode = (['enforce', 'testing', 'none'] as const).find((one) => one === values('mode')[0]);
  const [maxAge = ''] = values('max_age');
  const mx = values('mx').map((name) => name.toLowerCase());
  if (fields[0]?.[1] !== 'version' || fields[0][2] !== 'STSv1') return undefined;
  if (mode === undefined || !/^\d{1,10}$/.test(maxAge) || mx.length > MAX_NAMES) return undefined;
  if (mode !== 'none' && mx.length === 0) return undefined;
  return { policy: { mode, mx }, maxAge: Math.min(Number(maxAge), MAX_AGE_S) };
}

/** Whether a policy names a mail exchanger (§4.1). */
export function names({ mx }: StsPolicy, host: string): boolean {
  const parent = host.slice(host.indexOf('.'));
  return mx.some((pattern) => pattern === host || (pattern.startsWith('*.') && pattern.slice(1) === parent));
}
