/**
 * The arguments of MAIL and RCPT: a path and parameters.
 * RFC 5321 §4.1.2 (paths; source routes are ignored, appendix C) and §4.1.1.11 (parameters), RFC 6531 §3.3 (UTF-8),
 * RFC 3461 §4 (xtext).
 * One command line in, an address and a map out; anything else is refused with its reply. Nothing that leaves this file holds
 * a control character, so that no value can end an outgoing command early.
 * Elsewhere: which parameters a door knows (session.ts), whose the address is (the doors).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { foldDomain } from '../../src/principals/addresses.ts';
import { isDomain } from '../../src/setting.ts';
import { SmtpRefusal } from './refusal.ts';

/** A mailbox of an envelope. */
export interface Path {
  /** As commands print it between angle brackets: the domain in A-labels, the local part quoted where it must be; '' for <>. */
  readonly address: string;
  /** Without quotes. */
  readonly local: string;
  /** Folded; a literal with its brackets; '' for <> and for the domainless <postmaster>. */
  readonly domain: string;
}

export interface PathCommand {
  readonly path: Path;
  /** By keyword in upper case; '' for one without a value. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The path holds characters beyond ASCII, which takes SMTPUTF8. */
  readonly utf8: boolean;
}

/** RFC 5321 §4.5.3.1.1. Senders may be longer: forwarders write whole addresses into them. */
const MAX_LOCAL = 64;
/** RFC 5321 §4.5.3.1.3, without the brackets. */
const MAX_PATH = 254;

const BEYOND_ASCII = '\\u00a0-\\u200a\\u200c-\\u205f\\u2061-\\ufefe\\uff00-\\ufffd\\u{10000}-\\u{10ffff}';
const ATOM = `[A-Za-z0-9!#$%&'*+/=?^_\`{|}~${BEYOND_ASCII}-]+`;
const DOT_STRING = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
const QUOTED_STRING = new RegExp(`^"(?:[ !#-\\[\\]-~${BEYOND_ASCII}]|\\\\[ -~])*"$`, 'u');
const ROUTE = /^@[^\s,:@<>"]+(?:,@[^\s,:@<>"]+)*:/;
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/**
 * Reads the arguments of a command.
 * @param line the whole command, without its line end
 * @param verb `MAIL FROM` or `RCPT TO`
 * @throws SmtpRefusal
 */
export function parsePathCommand(line: Buffer, verb: 'MAIL FROM' | 'RCPT TO'): PathCommand {
  const text = decoded(line);
  const bad = (sentence: string): SmtpRefusal =>
    new SmtpRefusal(501, verb === 'MAIL FROM' ? '5.1.7' : '5.1.3', sentence);
  const colon = text.indexOf(':');
  if (text.slice(0, colon).trimEnd().replace(/ +/, ' ').toUpperCase() !== verb)
    throw new SmtpRefusal(501, '5.5.4', `The command is ${verb}:<address>.`);
  // RFC 5321 §3.3 allows no space here, and clients send one.
  const rest = text.slice(colon + 1).trimStart();
  const end = rest.startsWith('<') ? closingBracket(rest) : -1;
  if (end < 0) throw bad('An address stands in angle brackets.');
  const after = rest.slice(end + 1);
  if (after !== '' && !after.startsWith(' ')) throw bad('Something follows the address without a space.');
  const path = pathOf(rest.slice(1, end), verb, bad);
  return { path, parameters: parametersOf(after), utf8: /[^\x00-\x7f]/.test(path.address) };
}

/** The value of a keyword coded as xtext (RFC 3461 §4): `+` and two hexadecimal digits stand for an octet. */
export function decodeXtext(value: string): string {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(value)) throw new SmtpRefusal(501, '5.5.4', 'A value is not xtext.');
  const octets = value.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (CONTROL.test(octets)) throw new SmtpRefusal(501, '5.5.4', 'A value holds control characters.');
  return octets;
}

function decoded(line: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new SmtpRefusal(501, '5.5.4', 'Commands are ASCII, or UTF-8 with SMTPUTF8.');
  }
  if (CONTROL.test(text)) throw new SmtpRefusal(501, '5.5.4', 'Commands hold no control characters.');
  return text.trimEnd();
}

/** Where the path that begins at 0 ends; -1 when it does not. A quoted local part may hold brackets. */
function closingBracket(text: string): number {
  let quoted = false;
  for (let at = 1; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === '>' && !quoted) return at;
  }
  return -1;
}

function pathOf(text: string, verb: string, bad: (sentence: string) => SmtpRefusal): Path {
  if (text === '' && verb === 'MAIL FROM') return { address: '', local: '', domain: '' };
  const mailbox = text.replace(ROUTE, '');
  // RFC 5321 §4.1.1.3: this one needs no domain.
  if (verb === 'RCPT TO' && mailbox.toLowerCase() === 'postmaster')
    return { address: 'postmaster', local: 'postmaster', domain: '' };
  const at = mailbox.lastIndexOf('@');
  if (at < 1) throw bad('An address is local@domain.');
  const written = mailbox.slice(0, at);
  const local = localPart(written);
  if (local === undefined) throw bad('The local part of the address is not well-formed.');
  const domain = domainOf(mailbox.slice(at + 1));
  if (domain === undefined) throw bad('The domain of the address is not well-formed.');
  const address = `${DOT_STRING.test(local) ? local : quotedString(local)}@${domain}`;
  const tooLong = Buffer.byteLength(address) > MAX_PATH || (verb === 'RCPT TO' && Buffer.byteLength(local) > MAX_LOCAL);
  if (tooLong) throw bad('The address is too long.');
  return { address, local, domain };
}

function localPart(written: string): string | undefined {
  if (DOT_STRING.test(written)) return written;
  if (!QUOTED_STRING.test(written) || written === '""') return undefined;
  return written.slice(1, -1).replace(/\\(.)/gu, '$1');
}

function quotedString(local: string): string {
  return `"${local.replace(/["\\]/g, '\\$&')}"`;
}

function domainOf(written: string): string | undefined {
  if (written.startsWith('[')) {
    const inside = /^\[(.*)\]$/.exec(written)?.[1] ?? '';
    const six = /^IPv6:(.*)$/i.exec(inside)?.[1];
    const right = six === undefined ? isIPv4(inside) : isIPv6(six) && !six.includes('%');
    return right ? written.toLowerCase() : undefined;
  }
  const folded = foldDomain(written);
  return isDomain(folded) && !/^[\d.]+$/.test(folded) ? folded : undefined;
}

/** RFC 5321 §4.1.2: SP-separated keyword or keyword=value. */
function parametersOf(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(' ')) {
    if (part === '') continue;
    const [, keyword = '', equals = '', value = ''] =
      /^([A-Za-z0-9][A-Za-z0-9-]*)(=?)([!-<>-~\u00a0-\u{10ffff}]*)$/u.exec(part) ?? [];
    const name = keyword.toUpperCase();
    if (name === '' || (equals === '=' && value === ''))
      throw new SmtpRefusal(501, '5.5.4', 'A parameter is not keyword or keyword=value.');
    if (parameters.has(name)) throw new SmtpRefusal(501, '5.5.4', `The parameter ${name} stands twice.`);
    parameters.set(name, value);
  }
  return parameters;
}
