/**
 * Every setting of the operator: type, default, one-sentence description. Environment variables only.
 * `readConfig` checks them all and reports every problem at once; docs/configuration.md is printed from this schema.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Network, parseNetwork } from './networks.ts';
import {
  dnsServerOf,
  HTTP_SERVICE,
  httpServiceOf,
  type KeySource,
  keySourceOf,
  type RspamdServices,
  rspamdOf,
} from './service-addresses.ts';
import { parseSize } from './sizes.ts';

/** Names of the listeners, as in CONVENE_<NAME>_PORT. */
export const LISTENERS = [
  'http',
  'https',
  'imap',
  'imaps',
  'pop3',
  'pop3s',
  'submission',
  'submissions',
  'smtp',
  'lmtp',
] as const;
export type Listener = (typeof LISTENERS)[number];

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
const LANGUAGES = ['en', 'fr'] as const;
const DMARC = ['apply', 'junk', 'ignore'] as const;
const PLAINTEXT_LOGIN = ['loopback', 'never'] as const;

export interface Config {
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly host: string;
  readonly domain: string;
  /** Origin without a path, `https://dav.example.org`; undefined when the operator gave none. */
  readonly publicUrl: string | undefined;
  readonly trustedProxies: readonly Network[];
  /** Private networks that people may still point the server at. */
  readonly fetchFrom: readonly Network[];
  /** Who may read /metrics. */
  readonly metricsFrom: readonly Network[];
  /** Hours between backups; 0: none by itself. */
  readonly backupHours: number;
  /** Folder of the backups the server makes by itself; undefined: `backups` in the data folder. */
  readonly backupFolder: string | undefined;
  readonly backupsKept: number;
  /** How long what was deleted can be had back. */
  readonly deletedKeptDays: number;
  readonly plaintextLogin: (typeof PLAINTEXT_LOGIN)[number];
  /** Whose bearer tokens log people in; undefined: nobody's. */
  readonly oauth: OAuthIssuer | undefined;
  /** PEM files; both or neither. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Of what the server writes to people whose own language it does not know. */
  readonly language: (typeof LANGUAGES)[number];
  /** Where mail for other servers goes; undefined: nowhere yet. */
  readonly relay: Relay | undefined;
  /** The name this server greets other mail servers with. */
  readonly mailHostname: string;
  /** Private networks whose mail exchangers may be connected to. */
  readonly deliverTo: readonly Network[];
  /** Who is asked about other domains, with ports; none: those of the machine. */
  readonly dnsServers: readonly string[];
  /** What happens to mail that is not from the domain it says, as far as that domain asks for something. */
  readonly dmarc: (typeof DMARC)[number];
  /** How long strangers are asked to wait before their mail is taken; 0: not at all. */
  readonly greylistSeconds: number;
  /** The spam filter; undefined: there is none. */
  readonly rspamd: RspamdServices | undefined;
  /** Of one person, for an hour; 0: none. */
  readonly submissionLimits: { readonly messages: number; readonly recipients: number };
  /** Octets an account may hold that has no limit of its own; undefined: as many as the disk. */
  readonly quota: number | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** 0: any free port. Undefined: switched off. */
  readonly ports: Readonly<Record<Listener, number | undefined>>;
}

/** Who issues bearer tokens, for whom, and how they say who somebody is. */
export interface OAuthIssuer {
  readonly issuer: string;
  readonly keys: KeySource;
  readonly audience: string;
  readonly claim: string;
}

/** A mail server that sends on what this one takes. */
export interface Relay {
  readonly host: string;
  readonly port: number;
  readonly implicitTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** Refuses a start: one sentence for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

interface Setting {
  readonly name: string;
  /** What a value looks like, for the document. */
  readonly type: string;
  /** The text that stands when the variable is missing; '' is none. */
  readonly default: string;
  readonly description: string;
  /** Undefined when the text will do, else the end of the sentence "NAME must …". */
  readonly check: (text: string) => string | undefined;
}

const PORTS: Readonly<Record<Listener, readonly [port: number, description: string]>> = {
  http: [8080, 'HTTP for CalDAV and CardDAV, without TLS.'],
  https: [8443, 'HTTP over TLS.'],
  imap: [1143, 'IMAP with STARTTLS.'],
  imaps: [1993, 'IMAP over TLS.'],
  pop3: [1110, 'POP3 with STLS.'],
  pop3s: [1995, 'POP3 over TLS.'],
  submission: [1587, 'Message submission with STARTTLS.'],
  submissions: [1465, 'Message submission over TLS.'],
  smtp: [1025, 'Inbound SMTP.'],
  lmtp: [1024, 'LMTP, on loopback whatever CONVENE_HOST says.'],
};

export function portName(listener: Listener): string {
  return `CONVENE_${listener.toUpperCase()}_PORT`;
}

/** The schema, in the order of the document. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'CONVENE_DATA',
    type: 'folder',
    default: './data',
    description:
      'Where everything is kept; made at first start. A relative path starts where the server is started; the default lies in the folder of the package.',
    check: (text) => (text.includes('\0') ? 'name a folder' : undefined),
  },
  {
    name: 'CONVENE_HOST',
    type: 'address',
    default: '127.0.0.1',
    description: 'Address the listeners bind to; 0.0.0.0 or :: for all.',
    check: (text) =>
      /^[A-Za-z0-9.:_-]{1,253}$/.test(text) ? undefined : 'be an IP address or a host name, like 127.0.0.1',
  },
  {
    name: 'CONVENE_DOMAIN',
    type: 'domain',
    default: 'convene.localhost',
    description:
      'Mail domain of the organisation that the first start creates; its users have addresses in it. Later starts ignore it: use `convene domain add`.',
    check: (text) => (isDomain(text.toLowerCase()) ? undefined : 'be a domain name, like example.org'),
  },
  {
    name: 'CONVENE_PUBLIC_URL',
    type: 'URL',
    default: '',
    description:
      'How clients reach this server, without a path: https://dav.example.org. Without it absolute URLs are built from the Host header when that names the domain or this machine, and invitations by mail have no link for answering on the web.',
    check: (text) =>
      originOf(text) === undefined
        ? 'be http:// or https:// and a host without a path, like https://dav.example.org'
        : undefined,
  },
  {
    name: 'CONVENE_TRUSTED_PROXIES',
    type: 'networks, comma-separated',
    default: '',
    description:
      'Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; https from them counts as TLS. A proxy on this machine must be listed too.',
    check(text) {
      const wrong = networksIn(text).find((part) => parseNetwork(part) === undefined);
      return wrong === undefined ? undefined : `list addresses or networks like 10.0.0.0/8, and "${wrong}" is none`;
    },
  },
  {
    name: 'CONVENE_METRICS_FROM',
    type: 'networks, comma-separated',
    default: '127.0.0.0/8,::1',
    description: 'Who may read /metrics; for all others the address does not exist.',
    check(text) {
      const wrong = networksIn(text).find((part) => parseNetwork(part) === undefined);
      return wrong === undefined ? undefined : `list addresses or networks like 10.0.0.0/8, and "${wrong}" is none`;
    },
  },
  {
    name: 'CONVENE_FETCH_FROM',
    type: 'networks, comma-separated',
    default: '',
    description:
      'Private networks that subscribed calendars may still be fetched from, at any port. Without it the server asks only public addresses, at the usual ports.',
    check(text) {
      const wrong = networksIn(text).find((part) => parseNetwork(part) === undefined);
      return wrong === undefined ? undefined : `list addresses or networks like 10.0.0.0/8, and "${wrong}" is none`;
    },
  },
  {
    name: 'CONVENE_BACKUP_HOURS',
    type: 'hours',
    default: '24',
    description: 'How often the server backs itself up while it runs; 0 for never.',
    check: wholeNumber(0, 8_760),
  },
  {
    name: 'CONVENE_BACKUP_FOLDER',
    type: 'folder',
    default: '',
    description: 'Where those backups go; without it, `backups` in the data folder, which does not survive the disk.',
    check: (text) => (text.includes('\0') ? 'name a folder' : undefined),
  },
  {
    name: 'CONVENE_BACKUPS_KEPT',
    type: 'number',
    default: '7',
    description: 'How many of those backups are kept; the oldest go first.',
    check: wholeNumber(1, 1_000),
  },
  {
    name: 'CONVENE_DELETED_KEPT_DAYS',
    type: 'days',
    default: '30',
    description: 'How long deleted calendar objects, cards, calendars and address books can be had back.',
    check: wholeNumber(0, 3_650),
  },
  {
    name: 'CONVENE_PLAINTEXT_LOGIN',
    type: PLAINTEXT_LOGIN.join(' or '),
    default: 'loopback',
    description: 'Who may send a password without TLS: peers on 127.0.0.0/8 and ::1, or nobody.',
    check: oneOf(PLAINTEXT_LOGIN),
  },
  {
    name: 'CONVENE_OAUTH_ISSUER',
    type: 'URL',
    default: '',
    description:
      'Issuer whose bearer tokens (JWT) log people in to IMAP, POP3 and submission by OAUTHBEARER, as in their `iss`: https://login.example.org/realms/staff.',
    check: (text) => (/^[\x21-\x7e]{1,1000}$/.test(text) ? undefined : 'be the `iss` of tokens'),
  },
  {
    name: 'CONVENE_OAUTH_KEYS',
    type: 'URL or file',
    default: '',
    description:
      'The public keys of that issuer as a JWK set: an https URL (the `jwks_uri` of its discovery document) or a file. The URL is asked like subscribed calendars, see `CONVENE_FETCH_FROM`; http is for this machine only.',
    check: (text) =>
      keySourceOf(text) === undefined
        ? 'be a file, or a URL that begins with https:// (http:// on loopback)'
        : undefined,
  },
  {
    name: 'CONVENE_OAUTH_AUDIENCE',
    type: 'text',
    default: '',
    description: 'What tokens for this server have as `aud`; all others are refused.',
    check: (text) => (/^[\x21-\x7e]{1,1000}$/.test(text) ? undefined : 'be the `aud` of tokens'),
  },
  {
    name: 'CONVENE_OAUTH_CLAIM',
    type: 'text',
    default: 'email',
    description:
      'The claim that names a person by address or name. People must not be able to choose it themselves at the issuer; `email` is not believed beside `email_verified: false`.',
    check: (text) => (/^[\x21-\x7e]{1,200}$/.test(text) ? undefined : 'be the name of a claim, like email'),
  },
  {
    name: 'CONVENE_TLS_CERT',
    type: 'file',
    default: '',
    description:
      'Certificate chain in PEM. Without it a self-signed one is made at first start and kept in the data folder.',
    check: () => undefined,
  },
  {
    name: 'CONVENE_TLS_KEY',
    type: 'file',
    default: '',
    description: 'Private key of CONVENE_TLS_CERT in PEM.',
    check: () => undefined,
  },
  {
    name: 'CONVENE_LANGUAGE',
    type: LANGUAGES.join(', '),
    default: 'en',
    description:
      'Language of invitations that leave by mail to people whose own language neither the event nor a contact tells.',
    check: oneOf(LANGUAGES),
  },
  {
    name: 'CONVENE_MAIL_HOSTNAME',
    type: 'host name',
    default: '',
    description:
      'Name this server greets other mail servers with and writes into trace fields; by default the host of CONVENE_PUBLIC_URL, else CONVENE_DOMAIN.',
    check: (text) => (isDomain(text.toLowerCase()) ? undefined : 'be a host name, like mail.example.org'),
  },
  {
    name: 'CONVENE_RELAY',
    type: 'URL',
    default: '',
    description:
      'Mail server that takes all mail for other servers; without it mail goes to the servers that DNS names for each domain. smtp://host:port or smtps://host:port, with user:password@ before the host where it wants a log-in (then TLS is required, except on this machine). Ports are 25 and 465, with a log-in 587 and 465.',
    check: (text) =>
      relayOf(text) === undefined
        ? 'be smtp:// or smtps://, a host and perhaps a port, like smtp://relay.example.org:587'
        : undefined,
  },
  {
    name: 'CONVENE_DELIVER_TO',
    type: 'networks, comma-separated',
    default: '',
    description:
      'Private networks whose mail servers are used when DNS names them. Without it, and without a relay, mail goes to public addresses only.',
    check(text) {
      const wrong = networksIn(text).find((part) => parseNetwork(part) === undefined);
      return wrong === undefined ? undefined : `list addresses or networks like 10.0.0.0/8, and "${wrong}" is none`;
    },
  },
  {
    name: 'CONVENE_DNS_SERVERS',
    type: 'addresses, comma-separated',
    default: '',
    description:
      'DNS servers that are asked about other domains of mail, like 127.0.0.1 or [::1]:5353; without it those of the machine.',
    check(text) {
      const wrong = networksIn(text).find((part) => dnsServerOf(part) === undefined);
      return wrong === undefined ? undefined : `list IP addresses, and "${wrong}" is none`;
    },
  },
  {
    name: 'CONVENE_DMARC',
    type: DMARC.join(', '),
    default: 'apply',
    description:
      'Mail that fails DMARC: apply refuses it or puts it into Junk as the domain of its author asks; junk never refuses; ignore only says so in Authentication-Results.',
    check: oneOf(DMARC),
  },
  {
    name: 'CONVENE_RSPAMD',
    type: 'URL',
    default: '',
    description:
      'Worker of rspamd that scans what comes from elsewhere, like http://127.0.0.1:11333; spam goes to Junk. A password stands before the host: http://:password@host:port.',
    check: (text) => (httpServiceOf(text) === undefined ? HTTP_SERVICE : undefined),
  },
  {
    name: 'CONVENE_RSPAMD_CONTROLLER',
    type: 'URL',
    default: '',
    description:
      'Controller of rspamd, like http://:password@127.0.0.1:11334; it is told what people move into Junk and out of it.',
    check: (text) => (httpServiceOf(text) === undefined ? HTTP_SERVICE : undefined),
  },
  {
    name: 'CONVENE_SPAM_SCORE',
    type: 'number',
    default: '',
    description: 'Score of rspamd from which mail goes to Junk; without it where the actions of rspamd call it spam.',
    check: (text) => (/^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? undefined : 'be a number, like 6 or 7.5'),
  },
  {
    name: 'CONVENE_GREYLIST_SECONDS',
    type: 'seconds',
    default: '0',
    description:
      'How long servers that bring mail for the first time are asked to wait (greylisting), like 300; 0 takes mail at once. LMTP is not concerned.',
    check: wholeNumber(0, 14_400),
  },
  {
    name: 'CONVENE_SUBMISSION_MESSAGES',
    type: 'number',
    default: '5000',
    description: 'Messages that one person may send in an hour; 0 for any number.',
    check: wholeNumber(0, 999_999),
  },
  {
    name: 'CONVENE_SUBMISSION_RECIPIENTS',
    type: 'number',
    default: '2000',
    description: 'Recipients on other servers that one person may write to in an hour; 0 for any number.',
    check: wholeNumber(0, 999_999),
  },
  {
    name: 'CONVENE_QUOTA',
    type: 'size',
    default: '',
    description:
      'What each account may hold, like 5G; without it as much as the disk. `convene user quota` gives one person another limit.',
    check: (text) => (parseSize(text) === undefined ? 'be a size, like 500M or 5G' : undefined),
  },
  {
    name: 'CONVENE_LOG_LEVEL',
    type: LOG_LEVELS.join(', '),
    default: 'info',
    description: 'Least severe log line to print; info has one line for each request.',
    check: oneOf(LOG_LEVELS),
  },
  ...LISTENERS.map((listener) => ({
    name: portName(listener),
    type: 'port',
    default: String(PORTS[listener][0]),
    description: PORTS[listener][1],
    check: (text: string) =>
      text === '' || (/^\d{1,5}$/.test(text) && Number(text) <= 65_535)
        ? undefined
        : 'be a number from 0 to 65535 (0 picks a free port), or empty to switch the listener off',
  })),
];

/**
 * Reads the settings out of an environment.
 * @param root folder of the package, where the default data folder lies
 * @throws ConfigError with every problem
 */
export function readConfig(given: Readonly<Record<string, string | undefined>>, root: string): Config {
  const problems: string[] = [];
  const environment = withFiles(given, problems);
  const values = new Map<string, string>();
  for (const name of Object.keys(environment).sort()) {
    if (name.startsWith('CONVENE_') && !SETTINGS.some((setting) => setting.name === name))
      problems.push(unknownName(name));
  }
  for (const setting of SETTINGS) {
    const given = environment[setting.name];
    // Empty means something for ports only; elsewhere it is what compose files make of a missing variable.
    const text = given === undefined || (given === '' && setting.type !== 'port') ? setting.default : given.trim();
    const complaint = text === '' ? undefined : setting.check(text);
    // A URL may hold a password, which is not for the terminal.
    const seen = setting.type === 'URL' ? text.replace(/\/\/.*@/, '//…@') : text;
    if (complaint !== undefined) problems.push(`${setting.name} must ${complaint}; it is "${shown(seen)}".`);
    values.set(setting.name, text);
  }
  const value = (name: string) => values.get(name) ?? '';
  const cert = value('CONVENE_TLS_CERT');
  const key = value('CONVENE_TLS_KEY');
  if ((cert === '') !== (key === ''))
    problems.push(
      `Set ${cert === '' ? 'CONVENE_TLS_CERT' : 'CONVENE_TLS_KEY'} too: a certificate and its key belong together.`,
    );
  const oauth = ['CONVENE_OAUTH_ISSUER', 'CONVENE_OAUTH_KEYS', 'CONVENE_OAUTH_AUDIENCE'];
  if (oauth.some((name) => value(name) !== ''))
    for (const name of oauth.filter((one) => value(one) === ''))
      problems.push(`Set ${name} too: issuer, keys and audience of tokens belong together.`);
  for (const name of ['CONVENE_RSPAMD_CONTROLLER', 'CONVENE_SPAM_SCORE'])
    if (value(name) !== '' && value('CONVENE_RSPAMD') === '')
      problems.push(`${name} means nothing without CONVENE_RSPAMD.`);
  problems.push(...samePorts(value));
  if (problems.length > 0) throw new ConfigError(problems);

  const port = (listener: Listener) => {
    const text = value(portName(listener));
    return text === '' ? undefined : Number(text);
  };
  return {
    data: environment['CONVENE_DATA'] ? resolve(value('CONVENE_DATA')) : resolve(root, value('CONVENE_DATA')),
    host: value('CONVENE_HOST'),
    domain: value('CONVENE_DOMAIN').toLowerCase(),
    publicUrl: originOf(value('CONVENE_PUBLIC_URL')),
    trustedProxies: networksIn(value('CONVENE_TRUSTED_PROXIES')).flatMap((text) => parseNetwork(text) ?? []),
    fetchFrom: networksIn(value('CONVENE_FETCH_FROM')).flatMap((text) => parseNetwork(text) ?? []),
    metricsFrom: networksIn(value('CONVENE_METRICS_FROM')).flatMap((text) => parseNetwork(text) ?? []),
    backupHours: Number(value('CONVENE_BACKUP_HOURS')),
    backupFolder: value('CONVENE_BACKUP_FOLDER') === '' ? undefined : resolve(value('CONVENE_BACKUP_FOLDER')),
    backupsKept: Number(value('CONVENE_BACKUPS_KEPT')),
    deletedKeptDays: Number(value('CONVENE_DELETED_KEPT_DAYS')),
    plaintextLogin: value('CONVENE_PLAINTEXT_LOGIN') === 'never' ? 'never' : 'loopback',
    oauth: oauthOf(value),
    tls: cert === '' ? undefined : { cert: resolve(cert), key: resolve(key) },
    language: LANGUAGES.find((language) => language === value('CONVENE_LANGUAGE')) ?? 'en',
    relay: relayOf(value('CONVENE_RELAY')),
    mailHostname: (
      value('CONVENE_MAIL_HOSTNAME') ||
      publicHostname(value('CONVENE_PUBLIC_URL')) ||
      value('CONVENE_DOMAIN')
    ).toLowerCase(),
    deliverTo: networksIn(value('CONVENE_DELIVER_TO')).flatMap((text) => parseNetwork(text) ?? []),
    dnsServers: networksIn(value('CONVENE_DNS_SERVERS')).flatMap((text) => dnsServerOf(text) ?? []),
    dmarc: DMARC.find((choice) => choice === value('CONVENE_DMARC')) ?? 'apply',
    greylistSeconds: Number(value('CONVENE_GREYLIST_SECONDS')),
    rspamd: rspamdOf(value('CONVENE_RSPAMD'), value('CONVENE_RSPAMD_CONTROLLER'), value('CONVENE_SPAM_SCORE')),
    submissionLimits: {
      messages: Number(value('CONVENE_SUBMISSION_MESSAGES')),
      recipients: Number(value('CONVENE_SUBMISSION_RECIPIENTS')),
    },
    quota: parseSize(value('CONVENE_QUOTA')),
    logLevel: LOG_LEVELS.find((level) => level === value('CONVENE_LOG_LEVEL')) ?? 'info',
    ports: Object.fromEntries(LISTENERS.map((listener) => [listener, port(listener)])) as Config['ports'],
  };
}

/**
 * NAME_FILE names a file that holds the value of NAME, as containers are given secrets. A setting that exists under such a name
 * itself stays what it is.
 */
function withFiles(
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Readonly<Record<string, string | undefined>> {
  const read: Record<string, string | undefined> = { ...environment };
  for (const { name } of SETTINGS) {
    const path = environment[`${name}_FILE`];
    if (path === undefined || SETTINGS.some((setting) => setting.name === `${name}_FILE`)) continue;
    delete read[`${name}_FILE`];
    if (path === '') continue;
    if (environment[name]) problems.push(`Set ${name} or ${name}_FILE, not both.`);
    try {
      read[name] = readFileSync(path, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE names ${path}, which cannot be read.`);
    }
  }
  return read;
}

/** Whether a text is a domain name in lower-case ASCII (RFC 1035 §2.3.1 with digits first, RFC 1123 §2.1). */
export function isDomain(text: string): boolean {
  return (
    text.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
  );
}

function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^\s/?#@\\]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** The host of a public URL when it is a name. */
function publicHostname(text: string): string | undefined {
  const origin = originOf(text);
  const host = origin === undefined ? undefined : new URL(origin).hostname;
  return host !== undefined && isDomain(host) && !/^[\d.]+$/.test(host) ? host : undefined;
}

function relayOf(text: string): Relay | undefined {
  if (!/^smtps?:\/\/[^\s/?#]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password } = new URL(text);
  const implicitTls = protocol === 'smtps:';
  const user = decodedOrUndefined(username);
  const secret = decodedOrUndefined(password);
  if (hostname === '' || (username !== '' && user === undefined) || (password !== '' && secret === undefined))
    return undefined;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (implicitTls ? 465 : user === undefined ? 25 : 587) : Number(port),
    implicitTls,
    user,
    password: secret,
  };
}

function oauthOf(value: (name: string) => string): OAuthIssuer | undefined {
  const source = value('CONVENE_OAUTH_KEYS') === '' ? undefined : keySourceOf(value('CONVENE_OAUTH_KEYS'));
  if (source === undefined) return undefined;
  return {
    issuer: value('CONVENE_OAUTH_ISSUER'),
    keys: 'file' in source ? { file: resolve(source.file) } : source,
    audience: value('CONVENE_OAUTH_AUDIENCE'),
    claim: value('CONVENE_OAUTH_CLAIM'),
  };
}

function decodedOrUndefined(text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function networksIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

function wholeNumber(least: number, most: number): Setting['check'] {
  return (text) =>
    /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? undefined
      : `be a whole number from ${least} to ${most}`;
}

function oneOf(choices: readonly string[]): Setting['check'] {
  return (text) => (choices.includes(text) ? undefined : `be one of ${choices.join(', ')}`);
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function samePorts(value: (name: string) => string): string[] {
  const problems: string[] = [];
  const taken = new Map<string, string>();
  for (const name of LISTENERS.map(portName)) {
    const port = value(name);
    if (port === '' || Number(port) === 0) continue;
    const other = taken.get(port);
    if (other !== undefined) problems.push(`${name} and ${other} are both ${port}; give each listener its own port.`);
    else taken.set(port, name);
  }
  return problems;
}

function unknownName(name: string): string {
  const [nearest] = SETTINGS.map((setting) => ({
    name: setting.name,
    distance: editDistance(name, setting.name),
  })).sort((a, b) => a.distance - b.distance);
  const hint = nearest !== undefined && nearest.distance <= 3 ? `did you mean ${nearest.name}?` : 'remove it.';
  return `${shown(name)} is not a setting of Convene; ${hint}`;
}

/** Levenshtein distance of two short texts. */
function editDistance(a: string, b: string): number {
  if (a.length > 64) return a.length;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
