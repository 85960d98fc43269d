/**
 * The ENVELOPE of a message, finished for FETCH.
 * RFC 9051 §7.5.2, RFC 3501 §7.4.2.
 * Header fields in, ASCII text out. A field that is absent is NIL; Date, Subject, In-Reply-To and Message-ID that are
 * present but empty are "", address fields NIL. Addresses of repeated fields are joined, of others the first one counts.
 * Elsewhere: reading of addresses (address-list.ts), how octets above 127 are sent (fetch-strings.ts).
 */
import { domainToASCII } from 'node:url';
import { type Address, MAX_ADDRESSES, parseAddresses } from './address-list.ts';
import { decodeOctets } from './encoded-words.ts';
import { nstring, quoted } from './fetch-strings.ts';
import type { HeaderFields } from './header-fields.ts';

/** What a mailbox without local part or domain says there: NIL would make it a group, and clients know these words. */
const MISSING_MAILBOX = '"MISSING_MAILBOX"';
const MISSING_DOMAIN = '"MISSING_DOMAIN"';

/** How many addresses may still be printed; shared by the envelopes of one BODYSTRUCTURE. */
export interface AddressBudget {
  left: number;
}

/**
 * The parenthesised envelope structure.
 * @param budget addresses beyond it are left out; one for each message when several envelopes are printed
 */
export function envelopeOf(header: HeaderFields, budget: AddressBudget = { left: 4 * MAX_ADDRESSES }): string {
  const from = addresses(header, 'from', budget);
  const sender = addresses(header, 'sender', budget);
  const replyTo = addresses(header, 'reply-to', budget);
  const fields = [
    nstring(header.get('date')),
    nstring(header.get('subject')),
    from,
    // RFC 9051 §7.5.2: absent or empty, the server sets these two to From.
    sender === 'NIL' ? from : sender,
    replyTo === 'NIL' ? from : replyTo,
    addresses(header, 'to', budget),
    addresses(header, 'cc', budget),
    addresses(header, 'bcc', budget),
    nstring(header.get('in-reply-to')),
    nstring(header.get('message-id')),
  ];
  return `(${fields.join(' ')})`;
}

function addresses(header: HeaderFields, name: string, budget: AddressBudget): string {
  let text = '';
  for (const value of header.all(name)) {
    for (const address of parseAddresses(value, Math.min(MAX_ADDRESSES, budget.left))) {
      text += printAddress(address);
      budget.left--;
    }
    if (budget.left <= 0) break;
  }
  return text === '' ? 'NIL' : `(${text})`;
}

function printAddress({ name, route, mailbox, host }: Address): string {
  const displayName = name === null || name === '' ? 'NIL' : quoted(name);
  const local = mailbox === '' ? MISSING_MAILBOX : nstring(mailbox);
  return `(${displayName} ${nstring(route)} ${local} ${host === '' ? MISSING_DOMAIN : printHost(host)})`;
}

/** A domain with octets above 127 is sent as its A-label form (RFC 5890 §2.3.2.1), which can be answered to. */
function printHost(host: string | null): string {
  if (host === null || /^[\x00-\x7f]*$/.test(host)) return nstring(host);
  return quoted(domainToASCII(decodeOctets(host)) || host);
}
