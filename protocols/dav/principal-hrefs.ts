/**
 * From an href to the principal it names: a mailto address, a path, or the urn:uuid that resource-id tells.
 * RFC 6638 §2.4.1, RFC 3744 §5.5.1, RFC 5842 §3.1. Elsewhere: the way back (hrefs.ts).
 */
import type { Principal } from '../../src/principals/access.ts';
import type { Exchange } from './contract.ts';
import { resolve } from './paths.ts';

/** The principal that an href names and the viewer may see. */
export async function principalOf({ server, viewer }: Exchange, href: string): Promise<Principal | undefined> {
  const address = /^mailto:([^?]+)$/i.exec(href)?.[1];
  if (address !== undefined) return server.directory.byAddress(viewer, decoded(address).trim().toLowerCase());
  const uuid = /^urn:uuid:([0-9a-f-]{36})$/i.exec(href)?.[1]?.toLowerCase();
  if (uuid !== undefined) return (await server.directory.list(viewer)).find((one) => one.uuid === uuid);
  const path = href.replace(/^https?:\/\/[^/]*/i, '');
  if (!path.startsWith('/')) return undefined;
  const { resource } = await resolve(server, viewer, path);
  return resource?.kind === 'principal' ? resource.principal : undefined;
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
