/** Entity tags of stored octets: the same octets have the same tag, wherever they are. RFC 9110 §8.8.3 */
import { hash } from 'node:crypto';

/** 22 characters, unquoted: half of SHA-256, enough that nobody meets two octet strings with one tag. */
export function etagOf(octets: string): string {
  return hash('sha256', octets, 'base64url').slice(0, 22);
}
