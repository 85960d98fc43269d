/**
 * What a SASL mechanism is to a protocol, and what it asks of the server. RFC 4422 §3.
 * Elsewhere: the mechanisms (sasl.ts), who may log in (src/principals/authentication.ts).
 */
import type { Principal } from '../src/principals/access.ts';
import type { Authentication, Scope } from '../src/principals/authentication.ts';
import type { ScramKeys, ScramParameters } from '../src/principals/scram.ts';

/** A response that is not of the mechanism's form, or not of this exchange. */
export class SaslSyntaxError extends Error {
  override readonly name = 'SaslSyntaxError';
}

export interface SaslContext {
  /** @throws DomainError when the log-in is refused */
  login(name: string, password: string): Promise<Principal>;
  scramParameters(name: string): Promise<ScramParameters>;
  /**
   * @param check returns undefined for keys that the proof was not made with
   * @throws DomainError when the log-in is refused
   */
  prove<Proof>(
    name: string,
    check: (keys: ScramKeys) => Proof | undefined,
  ): Promise<{ readonly principal: Principal; readonly proof: Proof }>;
  /**
   * @param name whom the client says it is; '' when it does not
   * @throws DomainError when the log-in is refused
   */
  bearer(name: string, token: string): Promise<Principal>;
  /** Where clients learn how to get a token. */
  readonly configurationUrl: string | undefined;
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

export type SaslMechanism = (context: SaslContext) => SaslExchange;

/** One connection of a protocol. */
export interface LoginSource {
  /** Log-ins are remembered for each protocol by itself. */
  readonly protocol: string;
  /** IP address. */
  readonly peer: string;
  readonly scopes: readonly Scope[];
  /** Runs an attempt under a name; to count refusals and log them. */
  readonly attempt?: <T>(name: string, run: () => Promise<T>) => Promise<T>;
}

/** The context of exchanges on one connection. */
export function saslContext(authentication: Authentication, source: LoginSource): SaslContext {
  const { protocol, peer, scopes, attempt = (_name, run) => run() } = source;
  return {
    login: (name, password) =>
      attempt(name, () =>
        authentication.login(authentication.keyOf(`${protocol}\0${name}\0${password}`), {
          name,
          password,
          peer,
          scopes,
        }),
      ),
    scramParameters: (name) => authentication.scramParameters(name),
    prove: (name, check) => attempt(name, () => authentication.prove({ name, peer, scopes }, check)),
    bearer: (name, token) => attempt(name, () => authentication.bearer({ name, peer, scopes }, token)),
    configurationUrl: authentication.tokens?.configurationUrl,
  };
}
