/**
 * The messages of OAUTHBEARER: a token in, a principal out; or why not, in JSON, and the answer that ends the exchange.
 * RFC 7628 §3.1 (the token), §3.2.2 (errors), §3.2.3 (how an error ends), RFC 6750 §3.1 (what they are called).
 * Elsewhere: judging tokens (src/principals/bearer-tokens.ts), other mechanisms (sasl.ts).
 */
import { DomainError } from '../src/errors.ts';
import { gs2Header } from './gs2-header.ts';
import { type SaslContext, type SaslExchange, type SaslStep, SaslSyntaxError } from './sasl-exchange.ts';
import { decodedUtf8 } from './sasl-text.ts';

const SEPARATOR = '\x01';
const PAIR = /^([A-Za-z]+)=([\x20-\x7e\t\r\n]*)$/;
/** RFC 6750 §2.1: b64token. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Exchanges of tokens. @see SaslMechanism */
export function oauthBearer(context: SaslContext): SaslExchange {
  let refusal: DomainError | undefined;
  return {
    firstChallenge: Buffer.alloc(0),
    async respond(response): Promise<SaslStep> {
      const text = decodedUtf8(response);
      if (refusal !== undefined) {
        if (text !== SEPARATOR) throw new SaslSyntaxError('The answer to an error is a single control-A.');
        throw refusal;
      }
      const { authorization, token } = clientResponse(text);
      try {
        // A client without a token asks where to get one (RFC 7628 §4.3).
        if (token === '') throw new DomainError('authentication-failed', 'There is no token.');
        return { principal: await context.bearer(authorization, token) };
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'authentication-failed') throw error;
        refusal = error;
        return { challenge: Buffer.from(JSON.stringify(invalidToken(context.configurationUrl))) };
      }
    },
  };
}

/** RFC 7628 §3.2.2. */
function invalidToken(url: string | undefined): object {
  return { status: 'invalid_token', ...(url === undefined ? {} : { 'openid-configuration': url }) };
}

/** @throws SaslSyntaxError */
function clientResponse(text: string): { readonly authorization: string; readonly token: string } {
  const header = gs2Header(text);
  const [before, ...lines] = text.slice(header.text.length).split(SEPARATOR);
  // Each pair ends with a separator, and one more ends them all.
  if (before !== '' || lines.length < 3 || lines.pop() !== '' || lines.pop() !== '') throw malformed();
  const pairs = lines.map((line) => PAIR.exec(line));
  if (pairs.includes(null)) throw malformed();
  const tokens = pairs.flatMap((pair) => (pair?.[1] === 'auth' ? [pair[2] ?? ''] : []));
  if (tokens.length !== 1) throw malformed();
  return { authorization: header.authorization, token: BEARER.exec(tokens[0] ?? '')?.[1] ?? '' };
}

function malformed(): SaslSyntaxError {
  return new SaslSyntaxError('This is not a message of OAUTHBEARER.');
}
