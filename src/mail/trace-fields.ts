/**
 * What a server writes above a message it took: where it came from. Pure.
 * RFC 5321 §4.4 (Received, Return-Path), RFC 3848 (protocol words), RFC 5322 §3.3 (dates).
 */

/** Where a message came from. */
export interface Trace {
  /** As the client named itself: only characters of host names and address literals. */
  readonly helo: string;
  /** IP address of the client; undefined leaves out where people submit from. */
  readonly address: string | undefined;
  /** `ESMTPS` and the like. */
  readonly protocol: string;
  readonly id: string;
}

/** The Received field of this server, line ends included. */
export function receivedField({ helo, address, protocol, id }: Trace, hostname: string, now: number): string {
  const literal = address === undefined ? '' : ` ([${address.includes(':') ? `IPv6:${address}` : address}])`;
  return `Received: from ${helo}${literal}\r\n\tby ${hostname} with ${protocol} id ${id};\r\n\t${messageDate(now)}\r\n`;
}

/** The Return-Path field of the last delivery (RFC 5321 §4.4); '' is the null sender. */
export function returnPathField(mailFrom: string): string {
  return `Return-Path: <${mailFrom}>\r\n`;
}

/** What the spam filter thinks, in the words that mail programs look for. */
export function spamStatusField({ spam, score }: { readonly spam: boolean; readonly score: number }): string {
  return `X-Spam-Status: ${spam ? 'Yes' : 'No'}, score=${score.toFixed(2)}\r\n`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A date-time of RFC 5322 §3.3, in UTC. */
export function messageDate(time: number): string {
  const date = new Date(time);
  const clock = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${clock} +0000`;
}
