/**
 * Who a message is really from: SPF, DKIM, ARC and DMARC, by mailauth.
 * RFC 7208, RFC 6376 §6 (with RFC 8301 and RFC 8463), RFC 8617 §5, RFC 7489 §6.6.
 * mailauth is loaded with the first message that is judged: it takes a third of the time of a start.
 * What mailauth found of the signatures, the client and a resolver in; results and a verdict out.
 * Elsewhere: octets and the thread (verification-worker.ts), what follows from the verdict (reception.ts).
 */
import { domainToASCII } from 'node:url';
import type { MethodResult } from './authentication-results.ts';
import type { BoundedResolver } from './bounded-resolver.ts';
import { readHeader } from './header-fields.ts';
import { addressesOf } from './message-identity.ts';

/** The server that brought a message. */
export interface SendingClient {
  readonly address: string;
  readonly helo: string;
}

/** What the author's domain asks for when a message is not from it (RFC 7489 §6.3). */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

export interface Verdict {
  /** `none`: the domain publishes nothing, or it cannot be told; `temperror`: it may be told later. */
  readonly dmarc: 'pass' | 'fail' | 'none' | 'temperror';
  /** Of a message that fails. */
  readonly policy: DmarcPolicy;
  /** Of From, the one that decided. */
  readonly domain: string;
}

/** What was found of a message. */
export interface Verification {
  readonly results: readonly MethodResult[];
  readonly verdict: Verdict;
}

/** Of mailauth's result, what is used here; its own types differ from what it gives. */
export interface SignatureChecks {
  readonly results: readonly {
    readonly signingDomain?: string;
    readonly selector?: string;
    readonly signature?: string;
    readonly algo?: string;
    readonly signingHeaders?: { readonly keys: string };
    readonly status: { readonly result: string; readonly comment?: string; readonly underSized?: number };
  }[];
  readonly headerFrom: readonly string[];
  readonly arc?: object;
}

export interface CheckedMessage {
  readonly header: Buffer;
  readonly signatures: Promise<SignatureChecks>;
  /** Undefined: nobody knows, so nothing is said of SPF. */
  readonly client: SendingClient | undefined;
  readonly mailFrom: string;
}

/** Domains of From that are asked about; a message is from one person. */
const MAX_DOMAINS = 4;

/** Judges a message. Whatever happens in DNS, it resolves. */
export async function checkSender(message: CheckedMessage, resolver: BoundedResolver): Promise<Verification> {
  // Asked before anything of the sender's choice can use up the time: a slow key is no way around a policy.
  for (const domain of authorDomains(message.header, []).slice(0, MAX_DOMAINS))
    for (const name of parentsOf(domain)) resolver.prefetch(`_dmarc.${name}`, 'TXT');
  const [sender, found] = await Promise.all([spfOf(message, resolver), message.signatures]);
  const signatures = found.results.map(signatureOf);
  const chain = await arcOf(found, resolver);
  const domains = authorDomains(message.header, found.headerFrom);
  const spfDomains = sender?.domain === undefined ? [] : [{ result: sender.result.result, domain: sender.domain }];
  const evidence: Evidence = { spf: spfDomains, dkim: signatures.filter(({ domain }) => domain !== '') };
  const judged: Judged[] = [];
  for (const domain of domains.slice(0, MAX_DOMAINS)) judged.push(await dmarcOf(domain, evidence, resolver));
  const known = message.client !== undefined;
  // Which of two From fields is shown is anybody's guess, and one of them may be unsigned.
  const malformed = fromFields(message.header) > 1 || domains.length > MAX_DOMAINS;
  const verdict = verdictOf(judged, known, malformed);
  const results = [
    ...(sender === undefined ? [] : [sender.result]),
    ...signatures.map(({ result }) => result),
    ...(chain === undefined ? [] : [chain]),
    // Without SPF a failure is not known to be one: interpretation 95.
    ...(known || verdict.dmarc === 'pass' ? judged.map(({ result }) => (malformed ? unclear(result) : result)) : []),
  ];
  return { results, verdict };
}

interface Evidence {
  readonly spf: readonly { readonly result: string; readonly domain: string }[];
  readonly dkim: readonly Signature[];
}

async function spfOf(
  { client, mailFrom }: CheckedMessage,
  { resolve }: BoundedResolver,
): Promise<{ result: MethodResult; domain: string } | undefined> {
  if (client === undefined) return undefined;
  const { address, helo } = client;
  const at = mailFrom.lastIndexOf('@');
  // RFC 7208 §2.4: of the null sender, the name of the greeting is asked.
  const domain = asciiDomain(at < 0 ? helo : mailFrom.slice(at + 1));
  const identity = at < 0 ? '' : `${mailFrom.slice(0, at)}@${domain}`;
  const { spf } = await import('mailauth/lib/spf/index.js');
  const found = await spf({ sender: identity, ip: address, helo, mta: 'localhost', resolver: resolve });
  const property = at < 0 ? (['smtp.helo', helo] as const) : (['smtp.mailfrom', mailFrom] as const);
  return { domain, result: { method: 'spf', result: found.status.result, properties: [property] } };
}

interface Signature {
  readonly result: MethodResult;
  readonly domain: string;
}

function signatureOf({
  signingDomain = '',
  selector = '',
  signature = '',
  algo = '',
  signingHeaders,
  status,
}: SignatureChecks['results'][number]): Signature {
  let { result, comment } = status;
  if (result === 'pass') {
    const signed = (signingHeaders?.keys ?? '').toLowerCase().split(/\s*:\s*/);
    // RFC 6376 §6.1.1: a signature that does not cover From says nothing.
    if (!signed.includes('from')) [result, comment] = ['permerror', 'From is not signed'];
    // RFC 8301 §3.1.
    else if (/sha1$/i.test(algo)) [result, comment] = ['policy', 'SHA-1'];
    // RFC 6376 §8.2: anything may have been put below.
    else if ((status.underSized ?? 0) > 0) [result, comment] = ['policy', 'not all of the body is signed'];
  }
  const properties: [string, string][] = [
    ['header.d', signingDomain],
    ['header.s', selector],
    ['header.a', algo],
    ['header.b', signature.slice(0, 8)],
  ];
  return {
    domain: signingDomain.toLowerCase(),
    result: {
      method: 'dkim',
      result,
      ...(comment === undefined ? {} : { comment }),
      properties: properties.filter(([, value]) => value !== ''),
    },
  };
}

async function arcOf({ arc: chain }: SignatureChecks, resolver: BoundedResolver): Promise<MethodResult | undefined> {
  if (chain === undefined) return undefined;
  let failed = false;
  const resolve = (name: string, type: string) =>
    resolver.resolve(name, type).catch((error) => {
      // mailauth does not tell a missing key from a silent server.
      if (!/^(?:ENOTFOUND|ENODATA)$/.test((error as NodeJS.ErrnoException).code ?? '')) failed = true;
      throw error;
    });
  const { arc } = await import('mailauth/lib/arc/index.js');
  const { status } = await arc(chain as never, { resolver: resolve });
  if (status.result === 'none') return undefined;
  // RFC 8617 §4.4 knows no temporary error; the method's registry of RFC 8601 does not forbid one.
  const result = status.result === 'fail' && failed ? 'temperror' : status.result;
  return {
    method: 'arc',
    result,
    ...(status.comment === undefined ? {} : { comment: status.comment }),
    properties: [],
  };
}

interface Judged extends Verdict {
  readonly result: MethodResult;
}

async function dmarcOf(domain: string, evidence: Evidence, { resolve }: BoundedResolver): Promise<Judged> {
  const { dmarc } = await import('mailauth/lib/dmarc/index.js');
  const ask = (...accepted: string[]) =>
    dmarc({
      headerFrom: `author@${domain}`,
      spfDomains: evidence.spf.filter(({ result }) => accepted.includes(result)).map((one) => one.domain),
      dkimDomains: evidence.dkim.filter(({ result }) => accepted.includes(result.result)) as never,
      resolver: resolve,
    } as never) as Promise<{ status: { result: string }; policy?: string; pct?: number; rr?: string } | false>;
  const found = await ask('pass');
  const status = found === false ? 'none' : found.status.result;
  const asked = policyOf(found === false ? {} : found);
  let outcome: Verdict['dmarc'] = status === 'pass' || status === 'fail' || status === 'temperror' ? status : 'none';
  // RFC 7489 §6.6.2: what could not be checked now and would have vouched for it.
  if (outcome === 'fail') {
    const hoped = await ask('pass', 'temperror');
    if (hoped !== false && hoped.status.result === 'pass') outcome = 'temperror';
  }
  return {
    dmarc: outcome,
    policy: outcome === 'fail' ? asked : 'none',
    domain,
    result: {
      method: 'dmarc',
      result: outcome,
      ...(outcome === 'pass' || outcome === 'fail' ? { comment: `p=${asked}` } : {}),
      properties: [['header.from', domain]],
    },
  };
}

/** What a record asks for, one step milder while its domain tests it: interpretation 96. */
function policyOf({ policy, pct, rr = '' }: { policy?: string; pct?: number; rr?: string }): DmarcPolicy {
  const word = (policy ?? '').trim().toLowerCase();
  const asked = word === 'reject' || word === 'quarantine' ? word : 'none';
  if (pct !== 0 && !/;\s*t\s*=\s*y\s*(?:;|$)/i.test(rr)) return asked;
  return asked === 'reject' ? 'quarantine' : 'none';
}

function unclear(result: MethodResult): MethodResult {
  return result.result === 'pass' ? { ...result, result: 'permerror', comment: 'several From fields' } : result;
}

/** Of several authors the one least vouched for decides (RFC 7489 §6.6.1). */
function verdictOf(judged: readonly Judged[], clientKnown: boolean, malformed: boolean): Verdict {
  const order: readonly Verdict['dmarc'][] = ['pass', 'none', 'temperror', 'fail'];
  const strictness: readonly DmarcPolicy[] = ['none', 'quarantine', 'reject'];
  const weight = ({ dmarc, policy }: Verdict) => order.indexOf(dmarc) * 4 + strictness.indexOf(policy);
  const worst = judged.reduce<Verdict>((a, b) => (weight(b) > weight(a) || a.domain === '' ? b : a), {
    dmarc: 'none',
    policy: 'none',
    domain: '',
  });
  if (malformed && worst.dmarc === 'pass') return { ...worst, dmarc: 'none' };
  return worst.dmarc === 'fail' && !clientKnown ? { ...worst, dmarc: 'none', policy: 'none' } : worst;
}

/** Domains of all authors, as two parsers see them: what one overlooks, a mail program may show. */
function authorDomains(header: Buffer, addresses: readonly string[]): string[] {
  const parsed = addressesOf(readHeader(header, 0, header.length), 'from').map(({ host }) => host ?? '');
  const others = addresses.map((address) => address.slice(address.lastIndexOf('@') + 1));
  const domains = [...parsed, ...others].map(asciiDomain).filter((domain) => domain.includes('.'));
  return [...new Set(domains)];
}

function fromFields(header: Buffer): number {
  return readHeader(header, 0, header.length).countOf('from');
}

/** The domain as DNS has it; latin1 of a header stands for UTF-8. */
function asciiDomain(domain: string): string {
  const text = /[\x80-\xff]/.test(domain) ? Buffer.from(domain, 'latin1').toString() : domain;
  return (domainToASCII(text) || domain).toLowerCase();
}

/** A domain and those above it that can have a policy; mailauth picks the one of the organisation. */
function parentsOf(domain: string): string[] {
  const labels = domain.split('.');
  return labels
    .slice(0, -1)
    .map((_, index) => labels.slice(index).join('.'))
    .slice(-4);
}
