/** The commands behind `convene queue …`, `convene alias …` and `convene group …`. */
import type { Queue, QueuedMail } from '../mail/queue.ts';
import type { Alias, Aliases } from '../principals/aliases.ts';
import type { Group, Groups } from '../principals/groups.ts';
import type { Arguments } from './arguments.ts';

type QueueChange = { arguments: { id?: string }; result: { count: number } };

export interface MailCommands {
  'queue.list': { arguments: Record<string, never>; result: QueuedMail[] };
  /** Without an id: everything. */
  'queue.retry': QueueChange;
  'queue.hold': QueueChange;
  'queue.drop': QueueChange;
  'alias.add': { arguments: { address: string; user: string }; result: Alias };
  'alias.remove': { arguments: { address: string }; result: Alias };
  'alias.list': { arguments: Record<string, never>; result: Alias[] };
  'group.add': { arguments: { address: string; name?: string }; result: Group };
  'group.remove': { arguments: { group: string }; result: Group };
  'group.list': { arguments: Record<string, never>; result: Group[] };
  'group.join': { arguments: { group: string; member: string }; result: Group };
  'group.leave': { arguments: { group: string; member: string }; result: Group };
}

export interface MailServices {
  readonly queue: Queue;
  readonly aliases: Aliases;
  readonly groups: Groups;
}

export function mailCommands({ queue, aliases, groups }: MailServices) {
  const change = (action: 'retry' | 'hold' | 'drop') => async (given: Arguments) => ({
    count: await queue.change(action, given.optional('id') === undefined ? undefined : given.id('id')),
  });
  return {
    'queue.list': () => queue.list(),
    'queue.retry': change('retry'),
    'queue.hold': change('hold'),
    'queue.drop': change('drop'),
    'alias.add': (given: Arguments) => aliases.add(given.text('address'), given.text('user')),
    'alias.remove': (given: Arguments) => aliases.remove(given.text('address')),
    'alias.list': () => aliases.list(),
    'group.add': (given: Arguments) => groups.add(given.text('address'), given.optional('name')),
    'group.remove': (given: Arguments) => groups.remove(given.text('group')),
    'group.list': () => groups.list(),
    'group.join': (given: Arguments) => groups.addMember(given.text('group'), given.text('member')),
    'group.leave': (given: Arguments) => groups.removeMember(given.text('group'), given.text('member')),
  };
}
