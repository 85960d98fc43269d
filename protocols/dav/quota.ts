/**
 * What an account uses and may use, told on its homes and collections.
 * RFC 4331 §3, §4. An account without a limit has no quota-available-bytes: what the disk has left is not the account's.
 * Elsewhere: counting and refusing (src/collections/quota.ts).
 */
import type { Exchange, LiveProperty, Resource } from './contract.ts';
import { DAV } from './namespaces.ts';

export const quotaProperties: readonly LiveProperty[] = [
  {
    namespace: DAV,
    name: 'quota-used-bytes',
    on: ['home', 'collection'],
    read: async (resource, exchange) => String((await quotaOf(resource, exchange)).used),
  },
  {
    namespace: DAV,
    name: 'quota-available-bytes',
    on: ['home', 'collection'],
    async read(resource, exchange) {
      const { used, limit } = await quotaOf(resource, exchange);
      return limit === undefined ? undefined : String(Math.max(0, limit - used));
    },
  },
];

function quotaOf(resource: Resource, { server, viewer }: Exchange) {
  if (resource.kind === 'collection') return server.quota(resource.collection.accountId);
  return server.quota(resource.kind === 'home' ? resource.principal.id : viewer.id);
}
