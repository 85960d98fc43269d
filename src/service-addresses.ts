/**
 * Where services of the operator are that this server asks: the texts of settings, read. Pure.
 * Elsewhere: the settings (config.ts).
 */
import { contains, type Network, parseAddress, parseNetwork } from './networks.ts';

/** Something of the operator's that is spoken to by HTTP. */
export interface HttpService {
  readonly origin: string;
  readonly password: string | undefined;
}

/** The spam filter: who scans, who learns, and from which score mail is spam. */
export interface RspamdServices {
  readonly scanner: HttpService;
  readonly controller: HttpService | undefined;
  readonly threshold: number | undefined;
}

/** What is said of a text that `httpServiceOf` cannot read. */
export const HTTP_SERVICE = 'be http:// or https://, a host and perhaps a port, like http://127.0.0.1:11333';

/** `http://host:port`, with `:password@` before the host where it wants one; undefined for everything else. */
export function httpServiceOf(text: string): HttpService | undefined {
  if (!/^https?:\/\/[^\s/?#]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, username, password } = new URL(text);
  if (username !== '') return undefined;
  try {
    return { origin, password: password === '' ? undefined : decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

/** The spam filter of these settings; undefined when there is none. */
export function rspamdOf(scanner: string, controller: string, score: string): RspamdServices | undefined {
  const service = httpServiceOf(scanner);
  if (service === undefined) return undefined;
  return {
    scanner: service,
    controller: httpServiceOf(controller),
    threshold: score === '' ? undefined : Number(score),
  };
}

/** `address`, `address:port` or `[address]:port`, as node:dns takes them; undefined for everything else. */
export function dnsServerOf(text: string): string | undefined {
  const [, bracketed, plain = text, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  if (parseAddress(address) === undefined || Number(port ?? 53) > 65_535) return undefined;
  return address.includes(':') ? `[${address}]:${port ?? 53}` : `${address}:${port ?? 53}`;
}

/** The networks of this machine itself. */
export const LOOPBACK: readonly Network[] = ['127.0.0.0/8', '::1/128'].flatMap((text) => parseNetwork(text) ?? []);

/** Where the keys of an issuer of tokens are read: a URL, or the path of a file. */
export type KeySource = { readonly url: string; readonly loopback: boolean } | { readonly file: string };

/** A URL of https, or of http on this machine, or a path; undefined for URLs that are not to be trusted. */
export function keySourceOf(text: string): KeySource | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text.includes('\0') ? undefined : { file: text };
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password, href } = new URL(text);
  const address = parseAddress(hostname.replace(/^\[|\]$/g, ''));
  const loopback =
    hostname === 'localhost' || (address !== undefined && LOOPBACK.some((network) => contains(network, address)));
  if (username !== '' || password !== '' || (protocol !== 'https:' && !(protocol === 'http:' && loopback)))
    return undefined;
  return { url: href, loopback };
}
