/**
 * A member as the body of an answer: of GET, and of a change whose client asked for the outcome.
 * RFC 9110 §8.7 (Content-Location), RFC 8144 §3.1 and §3.2 (return=representation, also of a 412).
 * Stored octets in, the form that the client accepts out.
 * Elsewhere: which forms there are (the extensions), Prefer itself (preferences.ts).
 */
import { DomainError } from '../../src/errors.ts';
import type { Exchange, MemberResource } from './contract.ts';
import { resolve } from './paths.ts';
import { preferenceApplied, prefersRepresentation } from './preferences.ts';

/** Sends a member in the form that `accept` asks for; status and further headers are the caller's. */
export async function sendMember(
  { request, reply }: Exchange,
  resource: MemberResource,
  octets: string | Buffer,
  accept = request.headers.accept ?? '',
): Promise<void> {
  const { extension, member } = resource;
  // Files have the form they were put in, and no other.
  const representation =
    typeof octets === 'string' ? extension.represent?.(resource, octets, accept, request.headers) : undefined;
  if (representation?.vary !== undefined) reply.header('vary', representation.vary);
  await reply
    .header('content-type', representation?.contentType ?? extension.contentType(member))
    .send(representation?.body ?? octets);
}

/** Sends what a change made of a member: the body is what GET of its own address would answer. */
export async function sendOutcome(
  exchange: Exchange,
  resource: MemberResource,
  octets: string | Buffer,
  accept?: string,
): Promise<void> {
  preferenceApplied(exchange, 'return=representation');
  exchange.reply.header('etag', `"${resource.member.etag}"`).header('content-location', resource.href);
  await sendMember(exchange, resource, octets, accept);
}

/**
 * Runs a change of the member at the address of the request. When it fails for its conditions and the client wants to see what is
 * there instead, answers 412 with it (RFC 8144 §3.2) and returns undefined.
 */
export async function orCurrent<T>(exchange: Exchange, change: () => Promise<T>): Promise<T | undefined> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'etag-mismatch' || !prefersRepresentation(exchange))
      throw error;
    const { resource } = await resolve(exchange.server, exchange.viewer, exchange.request.url);
    if (resource?.kind !== 'member') throw error;
    const octets = await resource.extension.members.read(resource.member, resource.collection);
    exchange.reply.code(412);
    await sendOutcome(exchange, resource, octets);
    return undefined;
  }
}
