/**
 * POST: to make a member (RFC 5995), to share and to answer an invitation, and what the extensions take (outbox, attachments).
 * Everywhere else 405. Elsewhere: each of these (add-member.ts, sharing.ts, the extensions).
 */
import { addMember } from './add-member.ts';
import type { Exchange, Resource } from './contract.ts';
import { notAllowed } from './methods.ts';
import { CALENDARSERVER } from './namespaces.ts';
import type { Target } from './paths.ts';
import { replyToInvitation, share } from './sharing.ts';
import { parseXml } from './xml-parser.ts';

/** Answers POST; `readable` gives what the target names when the viewer may read it. */
export async function post(
  exchange: Exchange,
  target: Target,
  body: Buffer,
  readable: (target: Target) => Resource,
): Promise<void> {
  if (await addMember(exchange, target, body)) return;
  const resource = readable(target);
  // What an extension takes is read as it wants, also when it is called XML.
  if ('extension' in resource && (await resource.extension.post?.(exchange, resource, body))) return;
  if (await sharing(exchange, resource, body)) return;
  throw notAllowed(resource);
}

async function sharing(exchange: Exchange, resource: Resource, body: Buffer): Promise<boolean> {
  if (resource.kind !== 'collection' && resource.kind !== 'home') return false;
  if (!/^(application|text)\/xml\b/i.test(exchange.request.headers['content-type'] ?? '')) return false;
  const root = parseXml(body);
  if (resource.kind === 'collection' && root.is(CALENDARSERVER, 'share')) await share(exchange, resource, root);
  else if (resource.kind === 'home' && root.is(CALENDARSERVER, 'invite-reply'))
    await replyToInvitation(exchange, resource, root);
  else return false;
  return true;
}
