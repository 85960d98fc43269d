/** `convene device …`: passwords for single programs; the second factor; the audit log. */
import QR from 'qr';
import { type Command, textOption } from './command.ts';
import { columns, listOption, shownTime, timeOption } from './times.ts';

const add: Command = {
  words: 'device add',
  usage: 'ADDRESS|NAME DEVICE [--scopes LIST] [--expires WHEN] [--networks LIST] [--qr]',
  summary: 'make a password for one device, good for chosen things only',
  help: `DEVICE is a name to recognise it by: "phone". The password is shown only now.
  --scopes LIST    some of mail,calendars,contacts,send; default: all
  --expires WHEN   30d, 12h, or a date like 2027-01-31; default: never
  --networks LIST  addresses or networks it may be used from: 192.0.2.0/24,2001:db8::/32
  --qr             draw the password as a QR code too`,
  options: {
    scopes: { type: 'string' },
    expires: { type: 'string' },
    networks: { type: 'string' },
    qr: { type: 'boolean' },
  },
  positionals: 2,
  async run(given, terminal) {
    const [user = '', name = ''] = given.positionals;
    const made = await terminal.call('device.add', {
      user,
      name,
      scopes: listOption(textOption(given, 'scopes')),
      networks: listOption(textOption(given, 'networks')),
      expiresAt: timeOption(textOption(given, 'expires')),
    });
    terminal.print(`Made d${made.id} for ${made.user}, good for ${made.scopes.join(', ')}.`);
    terminal.print(`Password: ${made.password}`);
    if (given.values['qr'] === true) terminal.print(QR(made.password, 'ascii'));
    return 0;
  },
};

const list: Command = {
  words: 'device list',
  usage: 'ADDRESS|NAME',
  summary: "list somebody's device passwords, and their last use",
  help: 'Time in UTC, address and program of the last use, as the program calls itself.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const devices = await terminal.call('device.list', { user: given.positionals[0] ?? '' });
    const rows = devices.map((one) => [
      `d${one.id}`,
      one.name,
      one.scopes.join(','),
      shownTime(one.expiresAt),
      shownTime(one.lastUsedAt),
      one.lastPeer,
      one.lastClient,
    ]);
    const heading = ['ID', 'NAME', 'SCOPES', 'UNTIL', 'LAST USE', 'FROM', 'PROGRAM'];
    for (const line of columns([heading, ...rows])) terminal.print(line);
    return 0;
  },
};

const revoke: Command = {
  words: 'device revoke',
  usage: 'ADDRESS|NAME ID',
  summary: 'end a device password at once',
  help: 'ID as "convene device list" shows it.',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    await terminal.call('device.revoke', { user, id });
    terminal.print('Revoked.');
    return 0;
  },
};

const secondFactorOff: Command = {
  words: 'user second-factor-off',
  usage: 'ADDRESS|NAME',
  summary: 'let somebody in who lost the second factor',
  help: 'Afterwards the chosen password is enough again, also for programs.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const { name, was } = await terminal.call('user.second-factor-off', { user: given.positionals[0] ?? '' });
    terminal.print(was ? `${name} signs in with the password alone now.` : `${name} had no second factor.`);
    return 0;
  },
};

const audit: Command = {
  words: 'audit',
  usage: '[--of NAME]',
  summary: 'show log-ins, grants and administrative acts, the newest first',
  help: '  --of NAME   only what this person did, or "operator" for the command line',
  options: { of: { type: 'string' } },
  positionals: 0,
  async run(given, terminal) {
    const entries = await terminal.call('audit.list', { actor: textOption(given, 'of') });
    const rows = entries.map(({ at, actor, action, target, peer, details }) => [
      shownTime(at),
      actor,
      action,
      target,
      peer,
      details === '{}' ? '' : details,
    ]);
    for (const line of columns([['TIME', 'WHO', 'WHAT', 'TO', 'FROM', 'DETAILS'], ...rows])) terminal.print(line);
    return 0;
  },
};

export const deviceCommands: readonly Command[] = [add, list, revoke, secondFactorOff, audit];
