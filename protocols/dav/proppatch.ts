/**
 * PROPPATCH: sets and removes properties, all or nothing.
 * RFC 4918 §9.2, RFC 8144 §2.3 (a minimal answer). Elsewhere: how one property is judged (property-update.ts).
 */
import { DomainError } from '../../src/errors.ts';
import { checkCollection, preconditionOf } from './conditional.ts';
import type { Exchange, Resource } from './contract.ts';
import { badRequest } from './dav-error.ts';
import { notAllowed } from './methods.ts';
import { startMultistatus } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { prefersMinimal } from './preferences.ts';
import { holderOf } from './properties.ts';
import { instructionsOf, judge, type UpdateRules, verified } from './property-update.ts';
import { patchProxies } from './proxies.ts';
import { parseXml } from './xml-parser.ts';

/** Answers a PROPPATCH on a resource. */
export async function proppatch(exchange: Exchange, resource: Resource, body: Buffer): Promise<void> {
  const { server, viewer, reply } = exchange;
  if (resource.kind === 'proxy') return patchProxies(exchange, resource, body);
  const holder = holderOf(resource);
  if (holder === undefined) throw notAllowed(resource);
  const rules = rulesFor(exchange, resource);
  const root = parseXml(body);
  if (!root.is(DAV, 'propertyupdate')) throw badRequest('The body must be a DAV:propertyupdate element.');
  const instructions = instructionsOf(root);
  if (instructions.length === 0) throw badRequest('DAV:propertyupdate names no property.');

  if (resource.kind !== 'member') await checkCollection(exchange);
  const check = resource.kind === 'member' ? await preconditionOf(exchange) : undefined;
  const refused = await verified(exchange, resource, instructions);
  const { changes, columns, failure, success } = judge(server.properties, resource, instructions, rules, refused);
  if (failure === undefined) await server.keptProperties.change(viewer, holder, changes, columns, check);
  else if (resource.kind === 'member') check?.(resource.member);

  if (failure === undefined && prefersMinimal(exchange)) {
    await reply.code(200).header('preference-applied', 'return=minimal').send();
    return;
  }
  const answer = startMultistatus(exchange);
  answer.add(`<D:response><D:href>${resource.href}</D:href>${failure ?? success}</D:response>`);
  await answer.end();
}

function rulesFor({ viewer }: Exchange, resource: Resource): UpdateRules {
  const forbidden = () => new DomainError('forbidden', 'You may not change these properties.');
  switch (resource.kind) {
    case 'collection': {
      const { rights, personal } = resource.collection;
      return { creating: false, shared: rights.manage, ownHome: personal?.busy === true, unknown: rights.write };
    }
    case 'member':
      if (!resource.collection.rights.write) throw forbidden();
      return { creating: false, shared: true, unknown: true };
    case 'home':
    case 'principal':
      if (resource.principal.id !== viewer.id) throw forbidden();
      return { creating: false, shared: true, unknown: true };
    default:
      throw notAllowed(resource);
  }
}
