/** The commands behind `convene grant`, `convene grants` and `convene share`. */
import type { Granted, SharedAccess } from '../collections/shared-access.ts';
import type { Arguments } from './arguments.ts';

export interface SharingCommands {
  'grant.set': { arguments: { collection: string; to: string; rights: string }; result: Record<string, never> };
  'grant.list': { arguments: { collection: string }; result: Granted[] };
  'share.add': { arguments: { collection: string; to: string; write?: boolean }; result: { place: string } };
}

export interface SharingServices {
  readonly access: SharedAccess;
}

export function sharingCommands({ access }: SharingServices) {
  return {
    async 'grant.set'(given: Arguments) {
      await access.grant(given.text('collection'), given.text('to'), given.text('rights'));
      return {};
    },
    async 'grant.list'(given: Arguments) {
      return access.list(given.text('collection'));
    },
    async 'share.add'(given: Arguments) {
      return { place: await access.share(given.text('collection'), given.text('to'), given.flag('write')) };
    },
  };
}
