/**
 * Which servers take mail for a domain, by DNS.
 * RFC 5321 §5.1 (MX, implicit MX, the order), RFC 7505 (domains without mail), RFC 5321 §6.3 (loops).
 * A domain in; addresses in the order they are tried out, or what becomes of its mail when there are none. Questions have a
 * deadline, answers a bound. What is not an address of the internet is not connected to, unless the operator allows its network.
 * Elsewhere: the conversation (client.ts), which of them was used (transport.ts).
 */
import { Resolver } from 'node:dns/promises';
import type { Outcome } from '../../src/mail/mail-transport.ts';
import { contains, isPublic, type Network, parseAddress } from '../../src/networks.ts';

export interface MailExchanger {
  /** The name in the MX record, in lower case. */
  readonly host: string;
  readonly address: string;
}

export interface MailExchangersOptions {
  /** The name of this server: mail is not sent to itself. */
  readonly hostname: string;
  /** DNS servers with ports; none: those of the machine. */
  readonly dnsServers: readonly string[];
  /** Networks that may be connected to though they are private. */
  readonly allowed: readonly Network[];
}

type Found = { readonly exchangers: readonly MailExchanger[] } | { readonly none: Outcome };

const ATTEMPT_MS = 4_000;
/** Hosts of one domain that are asked for, and addresses that are tried in all (RFC 5321 §5.1: at least two). */
const HOSTS = 8;
const ADDRESSES = 10;

export class MailExchangers {
  private readonly options: MailExchangersOptions;

  constructor(options: MailExchangersOptions) {
    this.options = options;
  }

  /** Where to go with mail for a domain. Never rejects. */
  async find(domain: string): Promise<Found> {
    const resolver = new Resolver({ timeout: ATTEMPT_MS, tries: 2 });
    if (this.options.dnsServers.length > 0) resolver.setServers([...this.options.dnsServers]);
    let hosts: string[];
    try {
      hosts = hostsOf(await resolver.resolveMx(domain), this.options.hostname.toLowerCase());
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // RFC 5321 §5.1: a domain that does not exist is an error; one without MX is its own exchanger.
      if (code === 'ENOTFOUND' || code === 'EBADNAME') return failed('5.1.2', `The domain ${domain} does not exist.`);
      if (code !== 'ENODATA') return deferred(`DNS gave no answer about ${domain} (${code}).`);
      hosts = [domain];
    }
    // RFC 7505 §3: a single MX record with an empty name.
    if (hosts.length === 1 && hosts[0] === '') return failed('5.1.10', `The domain ${domain} takes no mail.`);
    hosts = hosts.filter((host) => host !== '');
    if (hosts.length === 0)
      return failed('5.4.6', `The mail exchanger of ${domain} is this server, which does not know the domain.`);
    return this.resolved(resolver, domain, hosts);
  }

  private async resolved(resolver: Resolver, domain: string, hosts: readonly string[]): Promise<Found> {
    const answers = await Promise.all(hosts.map((host) => addressesOf(resolver, host)));
    const exchangers = answers.flatMap(({ host, addresses }) => addresses.map((address) => ({ host, address })));
    if (exchangers.length > 0) return this.usable(exchangers, domain);
    const silent = answers.some(({ unanswered }) => unanswered);
    return silent
      ? deferred(`DNS gave no answer about the mail exchangers of ${domain}.`)
      : failed('5.4.4', `No mail exchanger of ${domain} has an address.`);
  }

  private usable(exchangers: readonly MailExchanger[], domain: string): Found {
    const usable = exchangers.filter(({ address }) => {
      const parsed = parseAddress(address);
      if (parsed === undefined) return false;
      return isPublic(parsed) || this.options.allowed.some((network) => contains(network, parsed));
    });
    return usable.length > 0
      ? { exchangers: usable.slice(0, ADDRESSES) }
      : failed('5.4.4', `The mail exchangers of ${domain} are in a private network.`);
  }
}

/** The names in the order they are tried: by preference, and by chance among equals. */
function hostsOf(records: readonly { exchange: string; priority: number }[], own: string): string[] {
  const known = records.map(({ exchange, priority }) => ({
    host: exchange.replace(/\.$/, '').toLowerCase(),
    priority,
    chance: Math.random(),
  }));
  // RFC 5321 §5.1: what is as far away as this server, or further, would only send it back.
  const limit = Math.min(...known.filter(({ host }) => host === own).map(({ priority }) => priority));
  return known
    .filter(({ priority }) => priority < limit)
    .sort((one, other) => one.priority - other.priority || one.chance - other.chance)
    .slice(0, HOSTS)
    .map(({ host }) => host);
}

interface Addresses {
  readonly host: string;
  readonly addresses: string[];
  /** DNS did not say whether there are any. */
  readonly unanswered: boolean;
}

/** IPv4 first: a server without IPv6 behind a name with both would otherwise cost a wait for each message. */
async function addressesOf(resolver: Resolver, host: string): Promise<Addresses> {
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const answers = [v4, v6].map((result) => (result.status === 'fulfilled' ? result.value : []));
  const unanswered = [v4, v6].some(
    (result) => result.status === 'rejected' && !['ENOTFOUND', 'ENODATA', 'EBADNAME'].includes(codeOf(result.reason)),
  );
  return { host, addresses: answers.flat(), unanswered };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function failed(enhanced: string, reply: string): Found {
  return { none: { status: 'failed', enhanced, reply } };
}

function deferred(reply: string): Found {
  return { none: { status: 'deferred', enhanced: '4.4.3', reply } };
}
