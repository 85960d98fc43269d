/**
 * What CAPA tells: only what works on this connection, in this state.
 * RFC 2449 §5 and §6, RFC 2595 §4 (STLS), RFC 5034 §3 (SASL), RFC 6856 §2 (UTF8), RFC 3206 §3 (AUTH-RESP-CODE).
 */
import { saslMechanisms } from '../sasl.ts';
import type { Pop3Session } from './session.ts';

/** Mechanisms that may be used on this connection. */
export function mechanisms(session: Pop3Session): string[] {
  return session.mayLogIn ? [...saslMechanisms(session.services.authentication).keys()] : [];
}

/** The lines of CAPA. */
export function capabilities(session: Pop3Session): string[] {
  const { encrypted, services } = session;
  const offered = mechanisms(session);
  return [
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    'UTF8 USER',
    'EXPIRE NEVER',
    ...(session.mayLogIn ? ['USER'] : []),
    ...(offered.length > 0 ? [`SASL ${offered.join(' ')}`] : []),
    ...(services.tls() !== undefined && !encrypted ? ['STLS'] : []),
    `IMPLEMENTATION Convene-${services.version}`,
  ];
}
