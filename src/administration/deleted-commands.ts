/** The commands behind `convene deleted …`. */
import type { PutBack } from '../collections/put-back.ts';
import type { Deleted, RestoringDeleted } from '../collections/restoring.ts';
import type { Principals } from '../principals/principals.ts';
import type { Arguments } from './arguments.ts';
import { type AuditLog, OPERATOR } from './audit-log.ts';

export interface DeletedCommands {
  'deleted.list': { arguments: { user: string }; result: Deleted };
  'deleted.restore': { arguments: { user: string; id: string }; result: { place: string; result?: PutBack } };
}

export interface DeletedServices {
  readonly deleted: RestoringDeleted;
  readonly principals: Principals;
  readonly audit: AuditLog;
}

export function deletedCommands({ deleted, principals, audit }: DeletedServices) {
  return {
    async 'deleted.list'(given: Arguments) {
      return deleted.list(await principals.find(given.text('user')));
    },
    /** Ids of collections are shown with a c before them. */
    async 'deleted.restore'(given: Arguments) {
      const owner = await principals.find(given.text('user'));
      const id = given.id('id');
      const collection = /^c/i.test(given.text('id'));
      const restored = await (collection ? deleted.restoreCollection(owner, id) : deleted.restoreItem(owner, id));
      await audit.record({
        actor: OPERATOR,
        action: 'deleted.restore',
        target: owner.name,
        details: { place: restored.place },
      });
      return restored;
    },
  };
}
