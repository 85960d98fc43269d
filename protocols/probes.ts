/**
 * The network as `convene check` looks at it: DNS, connections, certificates, addresses of the web.
 * Elsewhere: what should be found (src/administration/preflight.ts).
 */
import { Resolver } from 'node:dns/promises';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Probes } from '../src/administration/preflight.ts';

const PATIENCE_MS = 4_000;

export function networkProbes(): Probes {
  const resolver = new Resolver({ timeout: PATIENCE_MS / 2, tries: 2 });
  return {
    async records(name, kind) {
      try {
        switch (kind) {
          case 'A':
            return await resolver.resolve4(name);
          case 'AAAA':
            return await resolver.resolve6(name);
          case 'CNAME':
            return await resolver.resolveCname(name);
          case 'MX':
            return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
          case 'SRV':
            return (await resolver.resolveSrv(name)).map(
              (one) => `${one.priority} ${one.weight} ${one.port} ${one.name}`,
            );
          case 'TXT':
            return (await resolver.resolveTxt(name)).map((pieces) => pieces.join(''));
        }
      } catch {
        return [];
      }
    },
    reverse: (address) => resolver.reverse(address).catch(() => []),
    connects: (host, port) =>
      new Promise((resolve) => {
        const socket = connect({ host, port, timeout: PATIENCE_MS });
        const end = (answer: boolean) => {
          socket.destroy();
          resolve(answer);
        };
        socket
          .once('connect', () => end(true))
          .once('timeout', () => end(false))
          .once('error', () => end(false));
      }),
    certificate: (host, port) =>
      new Promise((resolve) => {
        // Looked at, not relied on: nothing is sent over it.
        const socket = connectTls({ host, port, servername: host, rejectUnauthorized: false, timeout: PATIENCE_MS });
        const end = (answer: Awaited<ReturnType<Probes['certificate']>>) => {
          socket.destroy();
          resolve(answer);
        };
        socket.once('secureConnect', () => {
          const { valid_to: validTo } = socket.getPeerCertificate();
          const error = socket.authorizationError as Error | string | null | undefined;
          const reason = error instanceof Error ? error.message : String(error ?? '');
          end({ trusted: socket.authorized, reason, validTo: Date.parse(validTo) });
        });
        socket.once('timeout', () => end(undefined)).once('error', () => end(undefined));
      }),
    get: (url) =>
      new Promise((resolve) => {
        const request = url.startsWith('https:') ? requestSecure : requestPlain;
        const asked = request(
          url,
          { agent: false, rejectUnauthorized: false, signal: AbortSignal.timeout(PATIENCE_MS) },
          (response) => {
            response.destroy();
            resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' });
          },
        );
        asked.on('error', () => resolve(undefined));
        asked.end();
      }),
  };
}
