/**
 * Bearer tokens of one issuer that the operator trusts: whose are they?
 * RFC 7519 §4.1 and §7.2 (claims, validation), RFC 7515, RFC 8725 §3.1 (algorithms are ours to choose), RFC 9068 §4.
 * Elsewhere: their keys (token-keys.ts), the person behind an address (authentication.ts), the wire (protocols/oauth-bearer.ts).
 */
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { KeySet, TokenKeys } from './token-keys.ts';

export interface TokenIssuer {
  /** `iss`, letter for letter. */
  readonly issuer: string;
  /** `aud`, or one of them. */
  readonly audience: string;
  /** The claim that holds an address or a name of a principal. */
  readonly claim: string;
}

/** Signatures with a public key only: a key that can be read by everybody must not make tokens. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Seconds that clocks may differ. */
const CLOCK_TOLERANCE = 30;
const MAX_TOKEN = 16_384;

export class BearerTokens {
  private readonly trusted: TokenIssuer;
  private readonly keys: TokenKeys;
  private readonly now: () => number;

  constructor(trusted: TokenIssuer, keys: TokenKeys, now: () => number) {
    this.trusted = trusted;
    this.keys = keys;
    this.now = now;
  }

  /** Where a client finds out how to get a token (OpenID Connect Discovery 1.0 §4); undefined when the issuer is no URL. */
  get configurationUrl(): string | undefined {
    const { issuer } = this.trusted;
    return /^https?:\/\//.test(issuer) ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` : undefined;
  }

  /**
   * The address or name a token speaks for; undefined when it is not good: malformed, of others, for others, outdated, or without
   * an address that its issuer stands for.
   * @throws DomainError unavailable when there are no keys to verify it with
   */
  async subject(token: string): Promise<string | undefined> {
    if (token.length > MAX_TOKEN) return undefined;
    const claims = await this.verified(token);
    const subject = claims?.[this.trusted.claim];
    // OpenID Connect Core 1.0 §5.7: an e-mail address tells who somebody is only as far as somebody checked it.
    if (this.trusted.claim === 'email' && claims?.['email_verified'] === false) return undefined;
    return typeof subject === 'string' && subject !== '' ? subject : undefined;
  }

  private async verified(token: string): Promise<JWTPayload | undefined> {
    try {
      return await this.verifiedWith(await this.keys.current(), token);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      if (!(error instanceof errors.JWKSNoMatchingKey)) return undefined;
    }
    const renewed = await this.keys.renewed();
    if (renewed === undefined) return undefined;
    return this.verifiedWith(renewed, token).catch((error: unknown) => {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    });
  }

  private async verifiedWith(keys: KeySet, token: string): Promise<JWTPayload> {
    const options: JWTVerifyOptions = {
      issuer: this.trusted.issuer,
      audience: this.trusted.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE,
      currentDate: new Date(this.now()),
    };
    return (await jwtVerify(token, keys, options)).payload;
  }
}
