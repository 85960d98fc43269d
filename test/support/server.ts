/**
 * A whole server on free ports with a temporary store, and a plain HTTP client, for tests.
 * `startServer(t)` closes it when the test ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, type AppOptions, createApp } from '../../src/app.ts';
import { LISTENERS, portName, readConfig } from '../../src/config.ts';
import type { Store } from '../../storage/store.ts';

export interface TestUser {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly password: string;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface ServerOverrides
  extends Pick<
    AppOptions,
    | 'now'
    | 'scramIterations'
    | 'httpLimits'
    | 'imapLimits'
    | 'pop3Limits'
    | 'smtpLimits'
    | 'mailTransport'
    | 'verification'
    | 'rspamd'
    | 'lessons'
    | 'log'
  > {
  /**
   * CONVENE_ settings on top of those of tests: only HTTP listens, on a free port; the domain is example.org; nobody answers
   * questions to DNS.
   */
  readonly environment?: Readonly<Record<string, string>>;
  /** A folder to start on; kept afterwards. */
  readonly data?: string;
}

export interface TestServer {
  /** Origin without '/' at the end. */
  readonly url: string;
  readonly port: number;
  readonly data: string;
  readonly store: Store;
  readonly app: App;
  /** Adds `name@example.org` with the password `name-password`. */
  addUser(name: string): Promise<TestUser>;
  /** Sends one request; `undefined` as user sends no log-in. `path` is sent as it is written. */
  request(user: TestUser | undefined, method: string, path: string, options?: RequestOptions): Promise<TestResponse>;
  close(): Promise<void>;
}

/** The part of a test that startServer uses. */
export interface Teardown {
  teardown(fn: () => Promise<void>): void;
}

export const TEST_DOMAIN = 'example.org';
/** The fewest that RFC 7677 §4 allows. */
export const TEST_SCRAM_ITERATIONS = 4_096;

export async function startServer(t: Teardown, overrides: ServerOverrides = {}): Promise<TestServer> {
  const { environment, data: given, ...options } = overrides;
  const data = given ?? mkdtempSync(join(tmpdir(), 'convene-test-'));
  const ports = Object.fromEntries(LISTENERS.map((listener) => [portName(listener), listener === 'http' ? '0' : '']));
  const config = readConfig(
    {
      CONVENE_DATA: data,
      CONVENE_DOMAIN: TEST_DOMAIN,
      CONVENE_DNS_SERVERS: '127.0.0.1:9',
      ...ports,
      ...environment,
    },
    data,
  );
  const app = await createApp(config, { scramIterations: TEST_SCRAM_ITERATIONS, ...options });
  const port = app.addresses.http?.port ?? 0;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= app.close();
    return closing;
  };
  t.teardown(async () => {
    await close();
    if (given === undefined) rmSync(data, { recursive: true, force: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    data,
    store: app.store,
    app,
    async addUser(name) {
      const address = `${name}@${TEST_DOMAIN}`;
      const password = `${name}-password`;
      const { id } = await app.principals.add({ address, password });
      return { id, name, address, password };
    },
    request: (user, method, path, requestOptions) => send(port, user, method, path, requestOptions),
    close,
  };
}

/** The Authorization header of a user. */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function send(
  port: number,
  user: TestUser | undefined,
  method: string,
  path: string,
  { headers = {}, body }: RequestOptions = {},
): Promise<TestResponse> {
  return new Promise((resolve, reject) => {
    const authorization = user === undefined ? {} : { Authorization: basic(user.name, user.password) };
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method, path, headers: { ...authorization, ...length, ...headers }, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
