/** The Depth header. RFC 4918 §10.2 */
import type { Depth, Exchange } from './contract.ts';
import { badRequest } from './dav-error.ts';

/** The Depth header (RFC 4918 §10.2), undefined when absent. 400 for anything but 0, 1 and infinity. */
export function depthOf({ request }: Exchange): Depth | undefined {
  const header = request.headers.depth;
  if (header === undefined) return undefined;
  const value = String(header).trim().toLowerCase();
  if (value === '0') return 0;
  if (value === '1') return 1;
  if (value === 'infinity') return 'infinity';
  throw badRequest('The Depth header must be 0, 1 or infinity.');
}
