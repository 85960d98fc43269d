/**
 * Who is at the other end of an HTTP connection, and under which name it reached this server.
 * Forwarded headers count only from listed proxies; the Host header only when it names this machine or one of its domains.
 * Elsewhere: what a peer may do (src/http.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { contains, isLoopback, type Network, parseAddress } from '../src/networks.ts';

export interface Peer {
  /** IP address as text. */
  readonly address: string;
  /** TLS, either here or at a proxy that is believed. */
  readonly encrypted: boolean;
  /** A peer on this machine, not one behind a proxy. */
  readonly loopback: boolean;
}

export interface PeerRules {
  readonly trustedProxies: readonly Network[];
  readonly domain: string;
  /** Origin the operator gave. */
  readonly publicUrl: string | undefined;
}

const direct = new WeakMap<Socket, Peer & { readonly proxy: boolean }>();

/** The client of a request: the peer of the connection, or whom a listed proxy names. */
export function peerOf(request: IncomingMessage, rules: PeerRules): Peer {
  const { socket } = request;
  let peer = direct.get(socket);
  if (peer === undefined) {
    const text = socket.remoteAddress ?? '';
    const address = parseAddress(text);
    const proxy = address !== undefined && rules.trustedProxies.some((network) => contains(network, address));
    const loopback = address !== undefined && isLoopback(address);
    peer = { address: text, encrypted: 'encrypted' in socket, loopback, proxy };
    direct.set(socket, peer);
  }
  return peer.proxy ? forwarded(request, rules, peer) : peer;
}

/**
 * Reads the forwarded chain from its near end: the first hop that is not a listed proxy is the client. Without any forwarded header
 * the proxy passes TLS through, or a program on its machine came by itself: then the TLS is that of the connection.
 */
function forwarded(request: IncomingMessage, rules: PeerRules, proxy: Peer): Peer {
  const { 'x-forwarded-for': chain, 'x-forwarded-proto': schemes } = request.headers;
  if (chain === undefined && schemes === undefined) return { ...proxy, loopback: false };
  let address = proxy.address;
  for (const hop of lastValues(chain)) {
    const parsed = parseAddress(hop);
    if (parsed === undefined) break;
    address = hop;
    if (!rules.trustedProxies.some((network) => contains(network, parsed))) break;
  }
  const [scheme] = lastValues(schemes);
  return { address, encrypted: scheme?.toLowerCase() === 'https', loopback: false };
}

/** Comma-separated values, the one written last first; at most 16 of them. */
function lastValues(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .slice(-2048)
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '')
    .reverse()
    .slice(0, 16);
}

/**
 * The origin for absolute URLs: what the operator gave, else scheme and Host of the request when that Host is one of ours,
 * else '' — a path alone is then the same place for every client, and nobody else's Host is ever repeated.
 */
export function publicOrigin(request: IncomingMessage, rules: PeerRules): string {
  if (rules.publicUrl !== undefined) return rules.publicUrl;
  const host = request.headers.host ?? '';
  const match = /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(:\d{1,5})?$/.exec(host);
  if (match === null) return '';
  const name = match[1]!.toLowerCase().replace(/^\[|\]$/g, '');
  if (!isOurs(name, request.socket.localAddress ?? '', rules.domain)) return '';
  return `${peerOf(request, rules).encrypted ? 'https' : 'http'}://${host.toLowerCase()}`;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a page of another site sends a request that may change something, with the password that the browser keeps for this
 * one. RFC 6454 §7: browsers say from which origin a page came; other programs say nothing.
 */
export function isCrossSite(request: IncomingMessage, rules: PeerRules): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || SAFE.has(request.method ?? '')) return false;
  const known = publicOrigin(request, rules);
  if (known !== '' && origin.toLowerCase() === known.toLowerCase()) return false;
  return origin.toLowerCase().replace(/^https?:\/\//, '') !== host?.toLowerCase();
}

function isOurs(name: string, localAddress: string, domain: string): boolean {
  if (name === domain || name.endsWith(`.${domain}`) || name === 'localhost') return true;
  const address = parseAddress(name);
  if (address === undefined) return false;
  const local = parseAddress(localAddress);
  return (
    isLoopback(address) || (local !== undefined && contains({ address: local, prefix: local.length * 8 }, address))
  );
}
