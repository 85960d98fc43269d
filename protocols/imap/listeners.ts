/**
 * The listeners of IMAP of one server, as the configuration has them.
 * RFC 3501 §6.2.1 (STARTTLS on `imap`), RFC 8314 §3.2 (implicit TLS on `imaps`).
 * Elsewhere: accepting (../listener.ts), what a connection does (server.ts).
 */
import type { AddressInfo } from 'node:net';
import type { Config, Listener } from '../../src/config.ts';
import { type CertificatePair, listen, type SocketListener, tlsContext } from '../listener.ts';
import { createImapServer, type ImapServerOptions } from './server.ts';

export interface ImapListenersOptions extends Omit<ImapServerOptions, 'tls' | 'plaintextLogin'> {
  readonly config: Config;
  /** Undefined: no STARTTLS, and no `imaps`. */
  readonly tls: CertificatePair | undefined;
}

export type ImapListenerName = Extract<Listener, 'imap' | 'imaps'>;

export interface ImapListeners {
  readonly addresses: Readonly<Partial<Record<ImapListenerName, AddressInfo>>>;
  /** New connections, and those that begin TLS, get this certificate. */
  renew(tls: CertificatePair): void;
  close(): Promise<void>;
}

const REFUSAL = '* BYE [UNAVAILABLE] Too many connections; try again later.\r\n';

/** Opens those that have a port; all or none. */
export async function openImap({ config, tls, ...services }: ImapListenersOptions): Promise<ImapListeners> {
  let context = tls && tlsContext(tls);
  const server = createImapServer({
    ...services,
    tls: () => context,
    plaintextLogin: config.plaintextLogin,
  });
  const opened = new Map<ImapListenerName, SocketListener>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((listener) => listener.close()));
    server.close();
  };
  async function open(name: ImapListenerName, listenerTls: ImapListenersOptions['tls']): Promise<void> {
    const port = config.ports[name];
    if (port === undefined) return;
    const at = { name, host: config.host, port, refusal: REFUSAL, serve: server.serve };
    opened.set(name, await listen({ ...at, tls: listenerTls }));
  }
  try {
    await open('imap', undefined);
    if (tls !== undefined) await open('imaps', tls);
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
