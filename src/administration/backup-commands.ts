/** The commands behind `convene backup` and `convene restore` of a part. */
import type { Arguments } from './arguments.ts';
import type { BackupRecord, Backups } from './backups.ts';
import type { PartOfBackup, RestoredPart, Restoring } from './restoring.ts';

export interface BackupCommands {
  'backup.make': { arguments: { folder?: string }; result: BackupRecord };
  'backup.restore': {
    arguments: { folder: string; user: string; collection?: string; item?: string };
    result: RestoredPart[];
  };
}

export interface BackupServices {
  readonly backups: Backups;
  readonly restoring: Restoring;
}

export function backupCommands({ backups, restoring }: BackupServices) {
  return {
    async 'backup.make'(given: Arguments) {
      return backups.make(given.optional('folder'));
    },
    async 'backup.restore'(given: Arguments) {
      const part: PartOfBackup = {
        user: given.text('user'),
        collection: given.optional('collection'),
        item: given.optional('item'),
      };
      return restoring.restore(given.text('folder'), part);
    },
  };
}
