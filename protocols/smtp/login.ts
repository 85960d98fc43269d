/**
 * The words around SASL in SMTP: the AUTH command, base64, cancelling.
 * RFC 4954 §4.
 * Elsewhere: mechanisms (../sasl.ts), when AUTH may come and how often it may fail (session.ts).
 */
import {
  type SaslContext,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
  SaslSyntaxError,
} from '../sasl-exchange.ts';
import { decodedBase64 } from '../sasl-text.ts';
import { SmtpRefusal } from './refusal.ts';

/**
 * Reads `AUTH mechanism [initial response]`.
 * @throws SmtpRefusal
 */
export function beginLogin(
  command: Buffer,
  mechanisms: ReadonlyMap<string, SaslMechanism>,
  context: SaslContext,
): { readonly exchange: SaslExchange; readonly initial: string | undefined } {
  const [, method = '', initial, ...more] = command.toString('latin1').trim().split(/ +/);
  const mechanism = mechanisms.get(method.toUpperCase());
  if (mechanism === undefined) throw new SmtpRefusal(504, '5.5.4', 'The mechanisms are those that EHLO names.');
  if (more.length > 0) throw new SmtpRefusal(501, '5.5.4', 'AUTH takes a mechanism and an initial response.');
  // "=" is an empty initial response.
  return { exchange: mechanism(context), initial: initial === '=' ? '' : initial };
}

/**
 * Passes a response on.
 * @throws SmtpRefusal; DomainError when the log-in is refused
 */
export async function takeResponse(exchange: SaslExchange, response: string): Promise<SaslStep> {
  if (response === '*') throw new SmtpRefusal(501, '5.7.0', 'The log-in was cancelled.');
  const octets = decodedBase64(response);
  if (octets === undefined) throw new SmtpRefusal(501, '5.5.2', 'The response is not base64.');
  try {
    return await exchange.respond(octets);
  } catch (error) {
    if (error instanceof SaslSyntaxError) throw new SmtpRefusal(501, '5.5.2', error.message);
    throw error;
  }
}
