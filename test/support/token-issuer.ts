/** An issuer of bearer tokens for tests: its keys on a real HTTP server, and tokens as a test wants them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const ISSUER = 'https://login.example.net/realms/staff';
export const AUDIENCE = 'convene';

export interface TokenIssuer {
  readonly url: string;
  /** If-None-Match of each request; '' where there was none. */
  readonly requests: string[];
  /** What is answered instead of the keys, as long as it is set. */
  trouble: number | 'garbage' | 'redirect' | undefined;
  /** Signs from now on with another key under another id; the old one is not published any more. */
  rotate(): Promise<void>;
  /**
   * A token of an hour for anna@example.org.
   * @param claims on top of those; undefined ones are left out
   */
  token(claims?: JWTPayload, header?: { alg?: string; kid?: string; typ?: string }, key?: CryptoKey): Promise<string>;
}

/** @param now epoch milliseconds */
export async function startTokenIssuer(
  t: { teardown(fn: () => void): void },
  now: () => number = Date.now,
): Promise<TokenIssuer> {
  let published: JWK[] = [];
  let current: { readonly kid: string; readonly key: CryptoKey };
  let rotations = 0;
  const rotate = async (): Promise<void> => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = `key-${++rotations}`;
    published = [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }];
    current = { kid, key: privateKey };
  };
  await rotate();
  const server = createServer((incoming, outgoing) => {
    issuer.requests.push(incoming.headers['if-none-match'] ?? '');
    const etag = `"${rotations}"`;
    if (typeof issuer.trouble === 'number') outgoing.writeHead(issuer.trouble).end();
    else if (issuer.trouble === 'redirect') outgoing.writeHead(302, { Location: '/elsewhere' }).end();
    else if (issuer.trouble === 'garbage') outgoing.writeHead(200).end('{"keys":');
    else if (incoming.headers['if-none-match'] === etag) outgoing.writeHead(304, { ETag: etag }).end();
    else outgoing.writeHead(200, { ETag: etag }).end(JSON.stringify({ keys: published }));
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const issuer: TokenIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    requests: [],
    trouble: undefined,
    rotate,
    token(claims = {}, header = {}, key = current.key) {
      const seconds = Math.floor(now() / 1000);
      const all = { iss: ISSUER, aud: AUDIENCE, exp: seconds + 3_600, email: 'anna@example.org', ...claims };
      const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(kept).setProtectedHeader({ alg: 'ES256', kid: current.kid, ...header }).sign(key);
    },
  };
  return issuer;
}

/** Settings of a server that trusts it. */
export function trusting({ url }: TokenIssuer): Record<string, string> {
  return { CONVENE_OAUTH_ISSUER: ISSUER, CONVENE_OAUTH_KEYS: url, CONVENE_OAUTH_AUDIENCE: AUDIENCE };
}
