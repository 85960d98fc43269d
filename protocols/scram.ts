/**
 * The messages of SCRAM-SHA-256: challenges out, a proof in, a principal at the end.
 * RFC 5802 §5 (the exchange), §5.1 (attributes), §7 (grammar), RFC 7677.
 * A failure has no server-final-message, which §5.1 leaves optional: the protocol around it says no.
 * Elsewhere: how a message begins (gs2-header.ts), keys and proofs (src/principals/scram.ts), other mechanisms (sasl.ts).
 */
import { randomBytes } from 'node:crypto';
import { DomainError } from '../src/errors.ts';
import type { Principal } from '../src/principals/access.ts';
import { isIdentityOf } from '../src/principals/authentication.ts';
import { provesPassword, SCRAM_OCTETS, type ScramKeys, serverSignature } from '../src/principals/scram.ts';
import { gs2Header, saslName } from './gs2-header.ts';
import { type SaslContext, type SaslExchange, type SaslStep, SaslSyntaxError } from './sasl-exchange.ts';
import { decodedBase64, decodedUtf8 } from './sasl-text.ts';

const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
/** attr-val of RFC 5802 §7; values hold no NUL, and no comma by the way they are split. */
const ATTRIBUTE = /^[A-Za-z]=[^\0]+$/;

interface ClientFirst {
  readonly header: string;
  /** '' for the principal itself. */
  readonly authorization: string;
  readonly bare: string;
  readonly name: string;
  readonly nonce: string;
}

interface ServerFirst {
  readonly client: ClientFirst;
  readonly text: string;
  readonly nonce: string;
}

/** @param serverNonce what the server adds to the nonce of the client; another one for each exchange */
export function scram(context: SaslContext, serverNonce = randomBytes(18).toString('base64')): SaslExchange {
  let first: ServerFirst | undefined;
  let principal: Principal | undefined;
  return {
    firstChallenge: Buffer.alloc(0),
    async respond(response): Promise<SaslStep> {
      const text = decodedUtf8(response);
      if (principal !== undefined) {
        if (text !== '') throw new SaslSyntaxError('The exchange is over; the last response is empty.');
        return { principal };
      }
      if (first === undefined) {
        first = await answered(context, clientFirst(text), serverNonce);
        return { challenge: Buffer.from(first.text) };
      }
      const proved = await verified(context, first, text);
      principal = proved.principal;
      return { challenge: Buffer.from(`v=${proved.proof.toString('base64')}`) };
    },
  };
}

async function answered(context: SaslContext, client: ClientFirst, serverNonce: string): Promise<ServerFirst> {
  const { salt, iterations } = await context.scramParameters(client.name);
  const nonce = client.nonce + serverNonce;
  return { client, nonce, text: `r=${nonce},s=${salt.toString('base64')},i=${iterations}` };
}

/** RFC 5802 §7 client-first-message. @throws SaslSyntaxError */
function clientFirst(text: string): ClientFirst {
  const { text: header, authorization } = gs2Header(text);
  const bare = text.slice(header.length);
  const [name = '', nonce = '', ...extensions] = bare.split(',');
  // §5.1: "m" makes an extension mandatory, and none is known here.
  if (name.startsWith('m=')) throw new SaslSyntaxError('The extension is not known here.');
  if (!name.startsWith('n=') || !nonce.startsWith('r=') || !NONCE.test(nonce.slice(2))) throw malformed();
  if (!extensions.every((extension) => ATTRIBUTE.test(extension))) throw malformed();
  return { header, authorization, bare, name: saslName(name.slice(2)), nonce: nonce.slice(2) };
}

/** RFC 5802 §7 client-final-message, and what it proves. */
async function verified(context: SaslContext, { client, text, nonce }: ServerFirst, final: string) {
  const end = final.lastIndexOf(',p=');
  const withoutProof = final.slice(0, Math.max(end, 0));
  const [binding, repeated, ...extensions] = withoutProof.split(',');
  const proof = decodedBase64(final.slice(end + 3));
  if (end === -1 || proof?.length !== SCRAM_OCTETS) throw malformed();
  if (!extensions.every((extension) => ATTRIBUTE.test(extension))) throw malformed();
  // §5.1: what is bound is the header that was sent, and the nonce that of this exchange.
  if (binding !== `c=${Buffer.from(client.header).toString('base64')}`)
    throw new SaslSyntaxError('The channel binding is not the one of the first message.');
  if (repeated !== `r=${nonce}`) throw new SaslSyntaxError('The nonce is not the one of this exchange.');
  const authMessage = `${client.bare},${text},${withoutProof}`;
  const proved = await context.prove(client.name, (keys: ScramKeys) =>
    provesPassword(keys, authMessage, proof) ? serverSignature(keys, authMessage) : undefined,
  );
  if (client.authorization !== '' && !isIdentityOf(proved.principal, client.authorization))
    throw new DomainError('authentication-failed', 'One person cannot log in for another.');
  return proved;
}

function malformed(): SaslSyntaxError {
  return new SaslSyntaxError('This is not a message of SCRAM.');
}
