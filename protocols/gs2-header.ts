/**
 * How messages of SCRAM and OAUTHBEARER begin: whether a channel is bound, and for whom. Pure.
 * RFC 5801 §4 and §5, RFC 5802 §6 and §7, RFC 7628 §3.1.
 */
import { SaslSyntaxError } from './sasl-exchange.ts';

export interface Gs2Header {
  /** As it was sent, its last comma included. */
  readonly text: string;
  /** The identity to act as; '' for the one that logs in. */
  readonly authorization: string;
}

/**
 * Reads the header at the start of a message. `n` and `y` are the same here: nothing that binds a channel is announced.
 * @throws SaslSyntaxError
 */
export function gs2Header(message: string): Gs2Header {
  const found = /^(n|y|p=[A-Za-z0-9.-]+),(?:a=([^,]*))?,/.exec(message);
  if (found === null) throw new SaslSyntaxError('The message does not begin with a GS2 header.');
  const [text, flag = '', authorization = ''] = found;
  // RFC 5802 §6: a client that binds a channel must not get in without.
  if (flag.startsWith('p')) throw new SaslSyntaxError('Channels are not bound here.');
  // By the grammar it is not empty; GNU SASL sends it so when there is none.
  return { text, authorization: authorization === '' ? '' : saslName(authorization) };
}

/** RFC 5802 §5.1: a comma is sent as =2C, an equals sign as =3D. @throws SaslSyntaxError */
export function saslName(text: string): string {
  if (text === '' || text.includes('\0') || /=(?!2C|3D)/.test(text))
    throw new SaslSyntaxError('A name has 1 or more characters, with =2C for commas and =3D for equals signs.');
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
