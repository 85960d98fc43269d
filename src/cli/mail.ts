/** `convene queue …`, `convene alias …`, `convene group …`: mail on its way out, further addresses, lists of members. */
import type { QueuedMail } from '../mail/queue.ts';
import type { Group } from '../principals/groups.ts';
import { type Command, textOption } from './command.ts';

const queueList: Command = {
  words: 'queue list',
  usage: '[--json]',
  summary: 'list mail that is on its way to other servers',
  help: `One line for each recipient, the oldest first: number, state, attempts, next attempt in UTC, sender, recipient, last answer.
  --json                 a JSON list`,
  options: { json: { type: 'boolean' } },
  positionals: 0,
  async run(given, terminal) {
    const queued = await terminal.call('queue.list', {});
    if (given.values['json'] === true) terminal.print(JSON.stringify(queued, null, 2));
    else for (const one of queued) terminal.print(queueLine(one));
    return 0;
  },
};

function queueChange(action: 'retry' | 'hold' | 'drop', summary: string, done: string, help: string): Command {
  return {
    words: `queue ${action}`,
    usage: 'ID|all',
    summary,
    help: `ID is the number of "convene queue list", like q17. ${help}`,
    options: {},
    positionals: 1,
    async run(given, terminal) {
      const [id = ''] = given.positionals;
      const { count } = await terminal.call(`queue.${action}`, id === 'all' ? {} : { id });
      terminal.print(`${done} ${count} ${count === 1 ? 'recipient' : 'recipients'}.`);
      return 0;
    },
  };
}

const aliasAdd: Command = {
  words: 'alias add',
  usage: 'ADDRESS USER|GROUP',
  summary: 'give somebody another address',
  help: 'Mail to it reaches them, and they may send as it. *@DOMAIN gets what nobody else of that domain has.',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [address = '', user = ''] = given.positionals;
    const alias = await terminal.call('alias.add', { address, user });
    terminal.print(`${alias.address} now reaches ${alias.name}.`);
    return 0;
  },
};

const aliasRemove: Command = {
  words: 'alias remove',
  usage: 'ADDRESS',
  summary: 'take an address away again',
  help: 'Primary addresses stay.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const alias = await terminal.call('alias.remove', { address: given.positionals[0] ?? '' });
    terminal.print(`${alias.address} no longer reaches ${alias.name}.`);
    return 0;
  },
};

const aliasList: Command = {
  words: 'alias list',
  usage: '',
  summary: 'list further addresses',
  help: 'Address and name, one on each line.',
  options: {},
  positionals: 0,
  async run(_given, terminal) {
    for (const { address, name } of await terminal.call('alias.list', {})) terminal.print(`${address}  ${name}`);
    return 0;
  },
};

const groupAdd: Command = {
  words: 'group add',
  usage: 'ADDRESS [--name NAME]',
  summary: 'make a group: mail to its address goes to each member',
  help: '  --name NAME            its name, for ever; default: what stands before the @',
  options: { name: { type: 'string' } },
  positionals: 1,
  async run(given, terminal) {
    const address = given.positionals[0] ?? '';
    printGroup(await terminal.call('group.add', { address, name: textOption(given, 'name') }), terminal.print);
    return 0;
  },
};

const groupRemove: Command = {
  words: 'group remove',
  usage: 'GROUP',
  summary: 'remove a group; its members stay',
  help: 'GROUP is its name or address.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const { name } = await terminal.call('group.remove', { group: given.positionals[0] ?? '' });
    terminal.print(`Removed the group ${name}.`);
    return 0;
  },
};

const groupList: Command = {
  words: 'group list',
  usage: '',
  summary: 'list groups and their members',
  help: 'Address, name and members, one group on each line.',
  options: {},
  positionals: 0,
  async run(_given, terminal) {
    for (const group of await terminal.call('group.list', {})) printGroup(group, terminal.print);
    return 0;
  },
};

function membership(verb: 'join' | 'leave', summary: string): Command {
  return {
    words: `group ${verb}`,
    usage: 'GROUP MEMBER',
    summary,
    help: 'Both by name or address. A member may be a group too.',
    options: {},
    positionals: 2,
    async run(given, terminal) {
      const [group = '', member = ''] = given.positionals;
      printGroup(await terminal.call(`group.${verb}`, { group, member }), terminal.print);
      return 0;
    },
  };
}

export const mailCommands: readonly Command[] = [
  queueList,
  queueChange('retry', 'try to send now', 'Tried now:', 'Held mail is tried too.'),
  queueChange('hold', 'do not try until "queue retry"', 'Held', ''),
  queueChange('drop', 'forget mail, without telling its sender', 'Dropped', 'There is no way back.'),
  aliasAdd,
  aliasRemove,
  aliasList,
  groupAdd,
  groupRemove,
  groupList,
  membership('join', 'make somebody a member of a group'),
  membership('leave', 'take a member out of a group'),
];

function printGroup({ address, name, members }: Group, print: (line: string) => void): void {
  print(`${address}  ${name}  ${members.length === 0 ? '(no members)' : members.join(' ')}`);
}

function queueLine({ id, state, attempts, nextAttemptAt, mailFrom, rcptTo, lastError }: QueuedMail): string {
  const when = state === 'held' ? 'held' : new Date(nextAttemptAt).toISOString().slice(0, 16).replace('T', ' ');
  return `q${id}  ${state}  ${attempts}  ${when}  <${mailFrom}>  <${rcptTo}>  ${lastError ?? ''}`.trimEnd();
}
