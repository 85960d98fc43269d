/**
 * Octets and texts of SASL responses: base64 (RFC 4648 §4), UTF-8. Pure.
 * Elsewhere: what the texts mean (sasl.ts, scram.ts).
 */
import { SaslSyntaxError } from './sasl-exchange.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The octets of canonical base64; undefined for everything else. */
export function decodedBase64(text: string): Buffer | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** RFC 4616 §2, RFC 5802 §5.1: names and passwords are UTF-8. @throws SaslSyntaxError */
export function decodedUtf8(response: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(response);
  } catch {
    throw new SaslSyntaxError('Names and passwords are UTF-8.');
  }
}
