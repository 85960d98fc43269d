/** `convene user …`: people and their passwords. */
import type { UserPassword, UserRecord } from '../administration/commands.ts';
import { printSize } from '../sizes.ts';
import { type Command, passwordFrom, type Terminal, textOption } from './command.ts';

const PASSWORD_HELP = `Without --password-stdin a password is made up and printed, this once.
  --password-stdin       read the password from standard input; it may have any length up to 1,024 bytes`;

const add: Command = {
  words: 'user add',
  usage: 'ADDRESS [--name NAME] [--display-name TEXT] [--password-stdin]',
  summary: 'add a person, with calendar, tasks and address book',
  help: `Adds a person with this primary address. Its domain must be one of "convene domain list".
  --name NAME            log-in name and part of all URLs, for ever; default: what stands before the @
  --display-name TEXT    what others see; default: the name
${PASSWORD_HELP}`,
  options: { name: { type: 'string' }, 'display-name': { type: 'string' }, 'password-stdin': { type: 'boolean' } },
  positionals: 1,
  async run(given, terminal) {
    const user = await terminal.call('user.add', {
      address: given.positionals[0] ?? '',
      name: textOption(given, 'name'),
      displayName: textOption(given, 'display-name'),
      password: await passwordFrom(given, terminal),
    });
    terminal.print(`Added ${user.address}; the user name is ${user.name}.`);
    printPassword(user, terminal);
    return 0;
  },
};

const importFile: Command = {
  words: 'user import',
  usage: 'FILE.csv',
  summary: 'add many people from a CSV file',
  help: `The first line of the file names the columns: address,name,display name,password
All but address may be left out or empty. Where the password is empty one is made up and printed.
The whole file is checked first: with a problem in any line nothing is added, and all problems are listed.
FILE may be - for standard input.`,
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const file = given.positionals[0] ?? '';
    const csv = file === '-' ? await terminal.readInput() : await terminal.readFile(file);
    const { added, problems } = await terminal.call('user.import', { csv });
    for (const { line, message } of problems) terminal.complain(`${file}:${line}: ${message}`);
    if (problems.length > 0) {
      terminal.complain('Nothing was added.');
      return 1;
    }
    const made = added.filter(({ password }) => password !== undefined);
    if (made.length > 0) terminal.print('address,name,password');
    for (const { address, name, password } of made) terminal.print(`${address},${name},${password}`);
    terminal.complain(`Added ${added.length} ${added.length === 1 ? 'person' : 'people'}.`);
    return 0;
  },
};

const list: Command = {
  words: 'user list',
  usage: '[--json]',
  summary: 'list everybody',
  help: `  --json                 a JSON list of objects with name, displayName, kind, role and addresses`,
  options: { json: { type: 'boolean' } },
  positionals: 0,
  async run(given, terminal) {
    const users = await terminal.call('user.list', {});
    if (given.values['json'] === true) terminal.print(JSON.stringify(users, null, 2));
    else for (const line of table(users)) terminal.print(line);
    return 0;
  },
};

const password: Command = {
  words: 'user password',
  usage: 'ADDRESS|NAME [--password-stdin]',
  summary: 'give a person another password',
  help: `The old password stops working at once.
${PASSWORD_HELP}`,
  options: { 'password-stdin': { type: 'boolean' } },
  positionals: 1,
  async run(given, terminal) {
    const user = await terminal.call('user.password', {
      user: given.positionals[0] ?? '',
      password: await passwordFrom(given, terminal),
    });
    terminal.print(`Changed the password of ${user.name}.`);
    printPassword(user, terminal);
    return 0;
  },
};

const quota: Command = {
  words: 'user quota',
  usage: 'ADDRESS|NAME [SIZE|none|default]',
  summary: 'show or change how much a person may keep',
  help: `Without a size, tells what the person's mail and files take, and may take.
SIZE is like 500M or 5G. With less than is kept already nothing is lost, and nothing more is taken.
none lifts the limit; default makes it that of CONVENE_QUOTA again.`,
  options: {},
  positionals: [1, 2],
  async run(given, terminal) {
    const [user = '', size] = given.positionals;
    const { name, used, limit } = await terminal.call('user.quota', { user, size });
    terminal.print(
      `${name} uses ${printSize(used)} ${limit === undefined ? 'without a limit' : `of ${printSize(limit)}`}.`,
    );
    return 0;
  },
};

const remove: Command = {
  words: 'user remove',
  usage: 'ADDRESS|NAME',
  summary: 'remove a person and everything of theirs',
  help: 'Removes the person, their calendars, address books and passwords, without asking again. There is no way back.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const { name, address } = await terminal.call('user.remove', { user: given.positionals[0] ?? '' });
    terminal.print(`Removed ${name} (${address}) and everything of theirs.`);
    return 0;
  },
};

export const userCommands: readonly Command[] = [add, importFile, list, password, quota, remove];

function printPassword(user: UserPassword, terminal: Terminal): void {
  if (user.password !== undefined) terminal.print(`Password: ${user.password}`);
}

function table(users: readonly UserRecord[]): string[] {
  const rows = users.map(({ name, role, addresses, displayName }) => [name, role, addresses.join(' '), displayName]);
  const all = [['NAME', 'ROLE', 'ADDRESSES', 'DISPLAY NAME'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((value, column) => value.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
