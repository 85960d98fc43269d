/**
 * The server process: read the configuration, start the app, say how to connect, stop on a signal.
 * Plain lines for people go to standard output, log lines in JSON to standard error.
 * Elsewhere: assembling (app.ts), other commands (cli.ts).
 */
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { StoreError } from '../storage/store.ts';
import { type App, createApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { isLoopback, parseAddress } from './networks.ts';
import { packageRoot, packageVersion } from './package-root.ts';

/** A second signal ends the process at once, but not one that a terminal and npm both delivered. */
const IMPATIENCE_MS = 1_500;
/** Whatever still hangs after the app's own deadlines. */
const LAST_RESORT_MS = 15_000;

/** A checkout has the command in its own folder only; a container has it on the path. */
const COMMAND = existsSync(join(packageRoot, 'tsconfig.build.json')) ? 'npx convene' : 'convene';

/** Values that never reach the log, wherever a line carries them. */
const SECRETS = ['password', 'authorization', 'cookie', 'token', 'secret', 'key'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** Runs a server until a signal. Resolves with the exit code. */
export async function serve(environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  const config = tryOr(() => readConfig(environment, packageRoot));
  if (config === undefined) return 1;
  const destination = pino.destination({ dest: 2, sync: false });
  const log = pino(
    {
      level: config.logLevel,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: '[redacted]' },
    },
    destination,
  );
  const die = (error: unknown): never => {
    log.fatal({ err: error }, 'the server ends on an error nobody expected');
    destination.flushSync();
    process.exit(1);
  };
  process.on('uncaughtException', die);
  const stopped = untilSignal();
  let app: App;
  try {
    // At once, not in a turn of the event loop that whoever tries again and again may keep from coming.
    app = await createApp(config, { log, onFatal: die });
  } catch (error) {
    explain(error);
    return 1;
  }
  for (const line of [...introduction(app), readyLine(app)]) process.stdout.write(`${line}\n`);
  log.info({ version: packageVersion(), data: config.data }, 'ready');
  const domains = (await app.organisations.domains()).map(({ name }) => name);
  if (!domains.includes(config.domain))
    log.warn({ domain: config.domain, domains }, 'CONVENE_DOMAIN is no domain of this store; see "convene domain add"');
  log.info({ signal: await stopped }, 'stopping');
  setTimeout(() => die(new Error('stopping took too long')), LAST_RESORT_MS).unref();
  await app.close();
  log.info('stopped');
  destination.flushSync();
  return 0;
}

function tryOr<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    explain(error);
    return undefined;
  }
}

/** One sentence for each problem that an operator can do something about; the stack of all others. */
function explain(error: unknown): void {
  const lines =
    error instanceof ConfigError
      ? error.problems
      : [error instanceof StoreError ? error.message : String((error instanceof Error && error.stack) || error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
}

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => {
        first ??= performance.now();
        if (performance.now() - first > IMPATIENCE_MS) process.exit(130);
        resolve(signal);
      });
  });
}

function urlOf(scheme: string, address: AddressInfo | undefined): string | undefined {
  if (address === undefined) return undefined;
  const host = hostOf(address.address);
  return `${scheme}://${host?.includes(':') ? `[${host}]` : host}:${address.port}/`;
}

/** How this machine reaches a listener. */
function hostOf(address: string | undefined): string | undefined {
  return address === '0.0.0.0' || address === '::' ? 'localhost' : address;
}

/** `IMAP 127.0.0.1, port 1143 (STARTTLS) or 1993 (TLS)`; undefined when neither listener is on. */
function mailDoor(name: string, starts: AddressInfo | undefined, tls: AddressInfo | undefined): string | undefined {
  const host = hostOf((starts ?? tls)?.address);
  if (host === undefined) return undefined;
  const ports = [starts && `${starts.port} (STARTTLS)`, tls && `${tls.port} (TLS)`];
  return `${name} ${host}, port ${ports.filter((port) => port !== undefined).join(' or ')}`;
}

function addressesOf({ config, addresses }: App): string[] {
  const own = [urlOf('http', addresses.http), urlOf('https', addresses.https)].filter((url) => url !== undefined);
  return config.publicUrl === undefined ? own : [`${config.publicUrl}/`, ...own];
}

/** Where no machine but this one can send a password without TLS, others are told of TLS alone. */
function addressForPeople(app: App): string | undefined {
  const { host, publicUrl } = app.config;
  const [first, ...more] = addressesOf(app);
  const address = parseAddress(host);
  if (publicUrl !== undefined || address === undefined || isLoopback(address)) return first;
  return more.find((url) => url.startsWith('https:')) ?? first;
}

function readyLine(app: App): string {
  return ['convene ready', ...addressesOf(app)].join(' ');
}

/** What a person at the terminal needs; more at the first start. */
function introduction(app: App): string[] {
  const { config, founded, tls } = app;
  const server = addressForPeople(app) ?? 'no listener is switched on';
  const lines = [`Convene ${packageVersion()}, data in ${config.data}`];
  if (tls?.selfSigned === true && config.publicUrl === undefined)
    lines.push(`Self-signed certificate, SHA-256 ${tls.fingerprint}`);
  const { addresses } = app;
  const mail = [
    mailDoor('IMAP', addresses.imap, addresses.imaps),
    mailDoor('POP3', addresses.pop3, addresses.pop3s),
    mailDoor('SMTP', addresses.submission, addresses.submissions),
  ].filter((door) => door !== undefined);
  if (founded === undefined)
    return [
      ...lines,
      `Clients connect to ${server} with name or address and password.`,
      ...mail.map((door) => `Mail: ${door}`),
    ];
  return [
    ...lines,
    '',
    `This is the first start. It created the organisation ${config.domain} and its administrator:`,
    '',
    `  Server     ${server}`,
    ...mail.map((door) => `  Mail       ${door}`),
    `  User name  ${founded.name}   (or ${founded.address})`,
    `  Password   ${founded.password}   (shown only now; "${COMMAND} user password ${founded.name}" makes another)`,
    '',
    'What to type into a client:',
    '  iOS, macOS   Add Account, Other, CalDAV (for contacts CardDAV), manual: server, user name and password as above',
    '  Thunderbird  New Calendar, On the Network: user name and server; Address Book, New, CardDAV: the same',
    `  DAVx5        Log in with URL and user name: ${server}dav/`,
    '',
    `Add people with "${COMMAND} user add ADDRESS".`,
    '',
  ];
}
