/**
 * IP addresses and networks as values: parsing, membership, and the network a peer is counted under.
 * Text forms of RFC 4291 §2.2 and §2.3, RFC 4632 §3.1; addresses that are not for everybody: RFC 6890, RFC 4291 §2.4. An IPv4-mapped IPv6 address counts as the IPv4 one (RFC 4291 §2.5.5.2).
 * Pure: no sockets.
 */

/** An address: 4 or 16 octets. */
export type IpAddress = Uint8Array;

export interface Network {
  readonly address: IpAddress;
  /** Leading bits that count. */
  readonly prefix: number;
}

/** IPv4 that is not a host of the internet: the registry of special-purpose addresses (RFC 6890 §2.2.2), and multicast. */
const REFUSED_V4 = networks(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3',
);
/** The only IPv6 addresses that are hosts of the internet (RFC 4291 §2.4), and those among them that lead elsewhere. */
const GLOBAL_V6 = networks('2000::/3');
const REFUSED_V6 = networks('2001::/23 2001:db8::/32 2002::/16 3fff::/20');

/** The address a text names, undefined when it is none. A zone (`%eth0`) is ignored. */
export function parseAddress(text: string): IpAddress | undefined {
  if (text.length > 64) return undefined;
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  return bare.includes(':') ? unmapped(parseV6(bare)) : parseV4(bare);
}

/** The network a text names: `10.0.0.0/8`, or an address alone; undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [written = '', bits, ...rest] = text.split('/');
  if (rest.length > 0) return undefined;
  const address = parseAddress(written);
  if (address === undefined) return undefined;
  const width = address.length * 8;
  if (bits === undefined) return { address, prefix: width };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  return { address, prefix: Number(bits) };
}

export function contains(network: Network, address: IpAddress): boolean {
  if (network.address.length !== address.length) return false;
  const whole = network.prefix >> 3;
  for (let i = 0; i < whole; i++) if (network.address[i] !== address[i]) return false;
  const rest = network.prefix & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return ((network.address[whole]! ^ address[whole]!) & mask & 0xff) === 0;
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(address: IpAddress): boolean {
  if (address.length === 4) return address[0] === 127;
  return address[15] === 1 && address.every((octet, i) => i === 15 || octet === 0);
}

/** Whether an address is a host of the internet at large. */
export function isPublic(address: IpAddress): boolean {
  const within = (list: readonly Network[]) => list.some((network) => contains(network, address));
  return address.length === 4 ? !within(REFUSED_V4) : within(GLOBAL_V6) && !within(REFUSED_V6);
}

/** What attempts of a peer are counted under: its /32, or /64 of IPv6. Text that is no address stands for itself. */
export function networkKey(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text.slice(0, 64);
  return Buffer.from(address.length === 4 ? address : address.subarray(0, 8)).toString('hex');
}

function parseV4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const octets = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    octets[i] = Number(part);
  }
  return octets;
}

function parseV6(text: string): IpAddress | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const head = groups(sides[0]!);
  const tail = sides.length === 2 ? groups(sides[1]!) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (sides.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...head, ...Array<number>(Math.max(missing, 0)).fill(0), ...tail]);
}

/** Octets of colon-separated groups, the last of which may be a dotted IPv4 address. */
function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const value = Number.parseInt(part, 16);
      octets.push(value >> 8, value & 0xff);
    } else {
      const dotted = i === parts.length - 1 ? parseV4(part) : undefined;
      if (dotted === undefined) return undefined;
      octets.push(...dotted);
    }
  }
  return octets.length > 16 ? undefined : octets;
}

function unmapped(address: IpAddress | undefined): IpAddress | undefined {
  if (address === undefined) return undefined;
  const mapped = address.every((octet, i) => i >= 12 || octet === (i < 10 ? 0 : 0xff));
  return mapped ? address.slice(12) : address;
}

function networks(...lists: readonly string[]): readonly Network[] {
  return lists
    .join(' ')
    .split(' ')
    .flatMap((text) => parseNetwork(text) ?? []);
}
