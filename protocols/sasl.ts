/**
 * SASL mechanisms of IMAP, POP3 and submission, by name. All of them need a connection on which nobody listens: PLAIN and LOGIN show
 * the password, OAUTHBEARER shows what is as good (RFC 7628 §5), and who hears an exchange of SCRAM can try passwords as fast as a
 * machine computes (RFC 5802 §9).
 * RFC 4422 §3 (exchanges), RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN, for clients that know nothing else).
 * Base64, the cancelling `*` and the words around it belong to the protocol; who may log in to src/principals/authentication.ts.
 */
import { DomainError } from '../src/errors.ts';
import { type Authentication, isIdentityOf } from '../src/principals/authentication.ts';
import { oauthBearer } from './oauth-bearer.ts';
import { type SaslContext, type SaslExchange, type SaslMechanism, SaslSyntaxError } from './sasl-exchange.ts';
import { decodedUtf8 } from './sasl-text.ts';
import { scram } from './scram.ts';

/**
 * What a server offers, in the order it is announced: SCRAM when everybody can use it, because clients that prefer it try nothing else;
 * tokens only where somebody is trusted to issue them.
 */
export function saslMechanisms({
  tokens,
  scramForAll,
}: Pick<Authentication, 'tokens' | 'scramForAll'>): ReadonlyMap<string, SaslMechanism> {
  const mechanisms = new Map<string, SaslMechanism>();
  if (scramForAll) mechanisms.set('SCRAM-SHA-256', (context) => scram(context));
  mechanisms.set('PLAIN', plain).set('LOGIN', loginInTwoSteps);
  if (tokens !== undefined) mechanisms.set('OAUTHBEARER', oauthBearer);
  return mechanisms;
}

/** RFC 4616 §2: authorization identity NUL name NUL password. */
function plain({ login }: SaslContext): SaslExchange {
  return {
    firstChallenge: Buffer.alloc(0),
    async respond(response) {
      const parts = decodedUtf8(response).split('\0');
      const [authorization, name, password] = parts;
      if (parts.length !== 3 || authorization === undefined || !name || !password)
        throw new SaslSyntaxError('PLAIN takes an identity, a name and a password with NUL between them.');
      const principal = await login(name, password);
      if (authorization !== '' && !isIdentityOf(principal, authorization))
        throw new DomainError('authentication-failed', 'One person cannot log in for another.');
      return { principal };
    },
  };
}

function loginInTwoSteps({ login }: SaslContext): SaslExchange {
  let name: string | undefined;
  return {
    firstChallenge: Buffer.from('Username:'),
    async respond(response) {
      if (name !== undefined) return { principal: await login(name, decodedUtf8(response)) };
      name = decodedUtf8(response);
      return { challenge: Buffer.from('Password:') };
    },
  };
}
