/**
 * How a server that takes mail is spoken with.
 * RFC 8314 §3.3, RFC 3207 §4 for the relay; RFC 7435 §3 for mail exchangers, whose certificates promise nothing.
 */
import type { Config } from '../../src/config.ts';
import type { MailExchanger } from './mail-exchangers.ts';

/** One server and how to speak with it. */
export interface Route {
  /** Name or address, as shown and as its certificate must say. */
  readonly host: string;
  /** IP address to connect to, when the name was resolved already. */
  readonly address?: string;
  readonly port: number;
  readonly tls: 'implicit' | 'required' | 'opportunistic' | 'none';
  /** The certificate must be valid for the host. */
  readonly verify: boolean;
  /** Certificates to believe, as PEM; those of Node by default. */
  readonly authorities?: string;
  readonly auth?: { readonly user: string; readonly password: string };
}

/** The relay of the configuration. Passwords go only where nobody listens. */
export function relayRoute(relay: NonNullable<Config['relay']>): Route {
  const { host, port, implicitTls, user, password } = relay;
  const nearby = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i.test(host);
  const login = user === undefined ? undefined : { user, password: password ?? '' };
  return {
    host,
    port,
    tls: implicitTls ? 'implicit' : login !== undefined && !nearby ? 'required' : 'opportunistic',
    verify: (implicitTls || login !== undefined) && !nearby,
    ...(login === undefined ? {} : { auth: login }),
  };
}

/** A mail exchanger: encrypted where it can be, as RFC 3207 §4.1 leaves it to whoever sends; `proven` wants it, with its name. */
export function exchangerRoute(
  { host, address }: MailExchanger,
  port: number,
  proven: boolean,
  authorities: string | undefined,
): Route {
  const tls = proven ? 'required' : 'opportunistic';
  return { host, address, port, tls, verify: proven, ...(authorities === undefined ? {} : { authorities }) };
}
