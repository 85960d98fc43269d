/**
 * The settings of mail: where it goes, who is believed, how much is taken.
 * Elsewhere: reading them all at once (config.ts), the ports of the listeners (config.ts).
 */
import type { Network } from './networks.ts';
import { dnsServerOf, HTTP_SERVICE, httpServiceOf, type RspamdServices, rspamdOf } from './service-addresses.ts';
import { isDomain, networks, networksOf, oneOf, partsOf, type Setting, wholeNumber } from './setting.ts';
import { parseSize } from './sizes.ts';

const DMARC = ['apply', 'junk', 'ignore'] as const;

/** What a configuration says about mail. */
export interface MailConfig {
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
}

/** A mail server that sends on what this one takes. */
export interface Relay {
  readonly host: string;
  readonly port: number;
  readonly implicitTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** In the order of the document. */
export const MAIL_SETTINGS: readonly Setting[] = [
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
    check: networks,
  },
  {
    name: 'CONVENE_DNS_SERVERS',
    type: 'addresses, comma-separated',
    default: '',
    description:
      'DNS servers that are asked about other domains of mail, like 127.0.0.1 or [::1]:5353; without it those of the machine.',
    check(text) {
      const wrong = partsOf(text).find((part) => dnsServerOf(part) === undefined);
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
];

/**
 * Reads the settings of mail.
 * @param value the checked text of a setting, by name
 * @param hostname how this server calls itself when CONVENE_MAIL_HOSTNAME is silent
 */
export function readMailSettings(value: (name: string) => string, hostname: string): MailConfig {
  return {
    relay: relayOf(value('CONVENE_RELAY')),
    mailHostname: value('CONVENE_MAIL_HOSTNAME').toLowerCase() || hostname,
    deliverTo: networksOf(value('CONVENE_DELIVER_TO')),
    dnsServers: partsOf(value('CONVENE_DNS_SERVERS')).flatMap((text) => dnsServerOf(text) ?? []),
    dmarc: DMARC.find((choice) => choice === value('CONVENE_DMARC')) ?? 'apply',
    greylistSeconds: Number(value('CONVENE_GREYLIST_SECONDS')),
    rspamd: rspamdOf(value('CONVENE_RSPAMD'), value('CONVENE_RSPAMD_CONTROLLER'), value('CONVENE_SPAM_SCORE')),
    submissionLimits: {
      messages: Number(value('CONVENE_SUBMISSION_MESSAGES')),
      recipients: Number(value('CONVENE_SUBMISSION_RECIPIENTS')),
    },
    quota: parseSize(value('CONVENE_QUOTA')),
  };
}

/** What does not fit together, a sentence each. */
export function mailProblems(value: (name: string) => string): string[] {
  return ['CONVENE_RSPAMD_CONTROLLER', 'CONVENE_SPAM_SCORE']
    .filter((name) => value(name) !== '' && value('CONVENE_RSPAMD') === '')
    .map((name) => `${name} means nothing without CONVENE_RSPAMD.`);
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

function decodedOrUndefined(text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
