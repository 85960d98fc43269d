/**
 * SASL mechanisms of IMAP and POP3: challenges out, responses in, a principal at the end.
 * RFC 4422 §3 (exchanges), RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN, for clients that know nothing else).
 * Base64, the cancelling `*` and the words around it belong to the protocol; who may log in to src/principals/authentication.ts.
 */
import { DomainError } from '../src/errors.ts';
import type { Principal } from '../src/principals/access.ts';
import { foldAddress } from '../src/principals/addresses.ts';

/** A response that is not of the mechanism's form. */
export class SaslSyntaxError extends Error {
  override readonly name = 'SaslSyntaxError';
}

export interface SaslContext {
  /** @throws DomainError when the log-in is refused */
  readonly login: (name: string, password: string) => Promise<Principal>;
}

export type SaslStep = { readonly challenge: Buffer } | { readonly principal: Principal };

/** One attempt to log in. */
export interface SaslExchange {
  /** What the server says before the client's first response; a client that sends one at once skips it (RFC 4959). */
  readonly firstChallenge: Buffer;
  /**
   * @throws SaslSyntaxError
   * @throws DomainError when the log-in is refused
   */
  respond(response: Buffer): Promise<SaslStep>;
}

export interface SaslMechanism {
  /** The password itself is sent: only where nobody can listen. */
  readonly plaintext: boolean;
  begin(context: SaslContext): SaslExchange;
}

const EMPTY = Buffer.alloc(0);

/** By name, in the order they are announced. */
export const saslMechanisms: ReadonlyMap<string, SaslMechanism> = new Map([
  ['PLAIN', { plaintext: true, begin: plain }],
  ['LOGIN', { plaintext: true, begin: loginInTwoSteps }],
]);

/** RFC 4616 §2: authorization identity NUL name NUL password. */
function plain({ login }: SaslContext): SaslExchange {
  return {
    firstChallenge: EMPTY,
    async respond(response) {
      const parts = decoded(response).split('\0');
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

function isIdentityOf(principal: Principal, identity: string): boolean {
  const folded = foldAddress(identity);
  return folded === principal.name || principal.addresses.includes(folded);
}

function loginInTwoSteps({ login }: SaslContext): SaslExchange {
  let name: string | undefined;
  return {
    firstChallenge: Buffer.from('Username:'),
    async respond(response) {
      if (name !== undefined) return { principal: await login(name, decoded(response)) };
      name = decoded(response);
      return { challenge: Buffer.from('Password:') };
    },
  };
}

/** RFC 4616 §2: names and passwords are UTF-8. */
function decoded(response: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(response);
  } catch {
    throw new SaslSyntaxError('Names and passwords are UTF-8.');
  }
}
