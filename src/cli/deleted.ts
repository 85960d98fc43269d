/** `convene deleted …`: what people deleted and can have back. */
import type { Command } from './command.ts';
import { columns, shownTime } from './times.ts';

const list: Command = {
  words: 'deleted list',
  usage: 'ADDRESS|NAME',
  summary: 'list what somebody deleted and can have back',
  help: 'Calendars and address books first, then events, tasks and contacts, the newest first. Kept for CONVENE_DELETED_KEPT_DAYS.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const { items, collections } = await terminal.call('deleted.list', { user: given.positionals[0] ?? '' });
    const rows = [
      ...collections.map(({ id, kind, place, deletedAt }) => [`c${id}`, kind, shownTime(deletedAt), place]),
      ...items.map(({ id, kind, name, deletedAt }) => [`i${id}`, kind, shownTime(deletedAt), name]),
    ];
    for (const line of columns([['ID', 'KIND', 'DELETED', 'NAME'], ...rows])) terminal.print(line);
    return 0;
  },
};

const restore: Command = {
  words: 'deleted restore',
  usage: 'ADDRESS|NAME ID',
  summary: 'put back what somebody deleted',
  help: 'Silently: no invitations are sent. A calendar comes back with all that was in it.',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    const { place } = await terminal.call('deleted.restore', { user, id });
    terminal.print(`Restored in ${place}.`);
    return 0;
  },
};

export const deletedCommands: readonly Command[] = [list, restore];
