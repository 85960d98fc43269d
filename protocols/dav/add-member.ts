/**
 * POST to make a member whose name the server chooses.
 * RFC 5995 §3.1 (the address), §3.2.1 (DAV:add-member, the property), §3.3 (relation to PUT).
 * The address is `;add-member` inside of the collection, a name that no member can have.
 * Elsewhere: everything that a PUT does (members.ts).
 */
import { randomUUID } from 'node:crypto';
import type { CollectionResource, Exchange, LiveProperty } from './contract.ts';
import { encodeSegment } from './hrefs.ts';
import { putMember } from './members.ts';
import { DAV } from './namespaces.ts';
import { ADD_MEMBER, type Target } from './paths.ts';
import { hrefXml } from './xml.ts';

/** Whether members of this collection are made by clients at all. */
function takesMembers({ extension, collection }: CollectionResource): boolean {
  return extension.resourceTypesOf?.(collection) === undefined;
}

/** Answers POST at the address of a collection; false for every other target. */
export async function addMember(exchange: Exchange, { parent, name }: Target, body: Buffer): Promise<boolean> {
  if (name !== ADD_MEMBER || parent?.kind !== 'collection' || !takesMembers(parent)) return false;
  const member = `${randomUUID()}${parent.extension.memberSuffix}`;
  await putMember(exchange, parent, member, body, () => {
    exchange.reply.header('location', parent.href + encodeSegment(member));
  });
  return true;
}

export const addMemberProperty: LiveProperty = {
  namespace: DAV,
  name: 'add-member',
  on: ['collection'],
  read: (resource) =>
    resource.kind === 'collection' && takesMembers(resource) ? hrefXml(resource.href + ADD_MEMBER) : undefined,
};
