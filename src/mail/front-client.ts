/**
 * The client of the mail server in front of this one, as that server wrote it down.
 * RFC 5321 §4.4 (Received), RFC 7208 §9 (checking behind a border). Pure: a header in, a client out.
 */
import { isLoopback, parseAddress } from '../networks.ts';
import { readHeader } from './header-fields.ts';
import type { SendingClient } from './sender-checks.ts';

/**
 * Who handed a message to the server in front, by the topmost Received field, which that server wrote. Fields below it are
 * anybody's. Undefined when it names no address, or one of the machine: interpretation 95.
 */
export function frontClient(header: Buffer): SendingClient | undefined {
  const [top = ''] = readHeader(header, 0, header.length).all('received');
  // A name with brackets in it could bring an address of its own.
  const [, helo = '', address = ''] =
    /^from\s+([^\s()[\]]+)\s+\((?:[^\s()[\]]+\s+)?\[(?:IPv6:)?([\da-f.:]{2,45})\]/i.exec(top) ?? [];
  const octets = parseAddress(address);
  return octets === undefined || isLoopback(octets) ? undefined : { address, helo };
}
