/**
 * The listeners of POP3 of one server, as the configuration has them.
 * RFC 2595 §4 (STLS on `pop3`), RFC 8314 §3.3 (implicit TLS on `pop3s`).
 * Elsewhere: accepting (../listener.ts), what a connection does (connection.ts).
 */
import type { AddressInfo } from 'node:net';
import type { Config, Listener } from '../../src/config.ts';
import { type CertificatePair, listen, type SocketListener, tlsContext } from '../listener.ts';
import { createPop3Server, type Pop3ServerOptions } from './server.ts';

export interface Pop3ListenersOptions extends Omit<Pop3ServerOptions, 'tls' | 'plaintextLogin'> {
  readonly config: Config;
  /** Undefined: no STLS, and no `pop3s`. */
  readonly tls: CertificatePair | undefined;
}

export type Pop3ListenerName = Extract<Listener, 'pop3' | 'pop3s'>;

export interface Pop3Listeners {
  readonly addresses: Readonly<Partial<Record<Pop3ListenerName, AddressInfo>>>;
  /** New connections, and those that begin TLS, get this certificate. */
  renew(tls: CertificatePair): void;
  close(): Promise<void>;
}

const REFUSAL = '-ERR [SYS/TEMP] Too many connections; try again later.\r\n';

/** Opens those that have a port; all or none. */
export async function openPop3({ config, tls, ...services }: Pop3ListenersOptions): Promise<Pop3Listeners> {
  let context = tls && tlsContext(tls);
  const { serve } = createPop3Server({
    ...services,
    tls: () => context,
    plaintextLogin: config.plaintextLogin,
  });
  const opened = new Map<Pop3ListenerName, SocketListener>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((listener) => listener.close()));
  };
  async function open(name: Pop3ListenerName, listenerTls: Pop3ListenersOptions['tls']): Promise<void> {
    const port = config.ports[name];
    if (port === undefined) return;
    opened.set(name, await listen({ name, host: config.host, port, refusal: REFUSAL, serve, tls: listenerTls }));
  }
  try {
    await open('pop3', undefined);
    if (tls !== undefined) await open('pop3s', tls);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: Object.fromEntries([...opened].map(([name, { address }]) => [name, address])),
    renew(renewed) {
      context = tlsContext(renewed);
      for (const listener of opened.values()) listener.renew(renewed);
    },
    close,
  };
}
