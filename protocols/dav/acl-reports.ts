/**
 * Reports about who is named by what: acl-principal-prop-set and principal-match.
 * RFC 3744 §9.2, §9.3. Elsewhere: searching for principals (principal-reports.ts).
 */
import type { Principal } from '../../src/principals/access.ts';
import { rightsOf } from './acl.ts';
import { entriesOf } from './acl-entries.ts';
import type { Exchange, HomeResource, Report, Resource } from './contract.ts';
import { badRequest, DavError } from './dav-error.ts';
import { principalHref } from './hrefs.ts';
import { startMultistatus } from './multistatus.ts';
import { DAV } from './namespaces.ts';
import { collectionAt } from './paths.ts';
import { requireDepthZero } from './principal-reports.ts';
import { hrefsIn, storedProperty } from './stored-hrefs.ts';
import type { Element } from './xml.ts';

const aclPrincipalPropSet: Report = {
  namespace: DAV,
  name: 'acl-principal-prop-set',
  on: ['principals', 'principal', 'home', 'collection', 'member'],
  async run(exchange, { resource, body, depth }) {
    requireDepthZero(depth);
    if (body.elements(DAV, 'prop').length !== 1) throw badRequest('DAV:acl-principal-prop-set has one DAV:prop.');
    if (!rightsOf(resource, exchange).manage) throw needsReadAcl();
    const asked = exchange.server.properties.ask(exchange, body, 'nothing');
    const answer = startMultistatus(exchange);
    const told = new Set<number>();
    for (const { principal } of await entriesOf(resource, exchange)) {
      const one = principal === 'owner' ? ownerOf(resource) : principal;
      if (one === undefined || one === 'authenticated' || told.has(one.id)) continue;
      told.add(one.id);
      answer.add(await asked.respond({ kind: 'principal', href: principalHref(one.name), principal: one }));
    }
    await answer.end();
  },
};

const principalMatch: Report = {
  namespace: DAV,
  name: 'principal-match',
  on: ['principals', 'homes', 'home', 'collection'],
  async run(exchange, { resource, body, depth }) {
    requireDepthZero(depth);
    if (body.elements(DAV, 'prop').length > 1) throw badRequest('DAV:principal-match has at most one DAV:prop.');
    const property = body.child(DAV, 'principal-property')?.elements()[0];
    if (property === undefined && body.child(DAV, 'self') === undefined)
      throw badRequest('DAV:principal-match says DAV:self or DAV:principal-property.');
    const { server, viewer } = exchange;
    const asked = server.properties.ask(exchange, body, 'nothing');
    const self = [viewer, ...(await server.directory.groupsOf(viewer, viewer))];
    const answer = startMultistatus(exchange);
    if (property === undefined) {
      for (const principal of resource.kind === 'principals' ? self : [])
        answer.add(await asked.respond({ kind: 'principal', href: principalHref(principal.name), principal }));
    } else if (resource.kind === 'home') {
      for (const member of await namedIn(exchange, resource, property, self)) answer.add(await asked.respond(member));
    }
    await answer.end();
  },
};

export const aclReports: readonly Report[] = [aclPrincipalPropSet, principalMatch];

/** Collections of a home that name one of these principals in a property. */
async function namedIn(exchange: Exchange, home: HomeResource, property: Element, principals: readonly Principal[]) {
  const { server, viewer } = exchange;
  const hrefs = principals.map(({ name }) => `<D:href>${principalHref(name)}</D:href>`);
  const paths = new Set(principals.map(({ name }) => principalHref(name).replace(/\/$/, '')));
  const live = server.properties.find(property.namespace, property.name, home);
  const found: Resource[] = [];
  for (const collection of await server.collections.list(viewer, home.principal, home.extension.home)) {
    const resource = collectionAt(server, home, collection);
    if (live === undefined) {
      const kept = await storedProperty(exchange, resource, property);
      if (kept !== undefined && hrefsIn(kept).some((href) => paths.has(href.replace(/\/$/, '')))) found.push(resource);
      continue;
    }
    const value = await live.read(resource, exchange, property);
    const text = typeof value === 'string' ? value : (value?.content ?? '');
    if (hrefs.some((href) => text.includes(href))) found.push(resource);
  }
  return found;
}

function ownerOf(resource: Resource): Principal | undefined {
  if (resource.kind === 'collection' || resource.kind === 'member') return resource.collection.owner;
  return 'principal' in resource ? resource.principal : undefined;
}

function needsReadAcl(): DavError {
  return new DavError(403, 'You may not see who may do what here.', '<D:need-privileges/>');
}
