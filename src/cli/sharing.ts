/** `convene grant …`, `convene grants …`, `convene share …`: who may use whose collections. */
import type { Command } from './command.ts';

const COLLECTION_HELP = `COLLECTION is its path as in its URL: calendars/anna/calendar, addressbooks/anna/addressbook.
USER is a name or an address`;

const grant: Command = {
  words: 'grant',
  usage: 'COLLECTION USER|everybody RIGHTS',
  summary: 'say what somebody may do with a collection',
  help: `${COLLECTION_HELP}, or everybody: all in the organisation but externals.
RIGHTS replace those USER had: free-busy, read, read-write, manage, or none to take them back.
A grant opens the collection where it is. To make it appear in the home of USER as well: convene share`,
  options: {},
  positionals: 3,
  async run({ positionals: [collection = '', to = '', rights = ''] }, terminal) {
    await terminal.call('grant.set', { collection, to, rights });
    terminal.print(
      rights === 'none' ? `${to} has no rights on ${collection}.` : `${to} has ${rights} on ${collection}.`,
    );
    return 0;
  },
};

const grants: Command = {
  words: 'grants',
  usage: 'COLLECTION',
  summary: 'list who may do what with a collection',
  help: `${COLLECTION_HELP}.
One line for each: the name, the rights, and "all calendars" when they were given for all of them.`,
  options: {},
  positionals: 1,
  async run({ positionals: [collection = ''] }, terminal) {
    for (const { to, rights, inherited } of await terminal.call('grant.list', { collection }))
      terminal.print([to, rights, ...(inherited ? ['all calendars'] : [])].join('\t'));
    return 0;
  },
};

const share: Command = {
  words: 'share',
  usage: 'COLLECTION USER [--write]',
  summary: 'put a calendar or an address book into the home of somebody else',
  help: `${COLLECTION_HELP}.
It appears in their programs without an invitation; they may give it an own name and colour, or take it out again.
  --write                they may change it too; without it they only read`,
  options: { write: { type: 'boolean' } },
  positionals: 2,
  async run({ positionals: [collection = '', to = ''], values }, terminal) {
    const { place } = await terminal.call('share.add', { collection, to, write: values['write'] === true });
    terminal.print(`${to} finds it at ${place}.`);
    return 0;
  },
};

export const sharingCommands: readonly Command[] = [grant, grants, share];
