/** `convene feed …`: links that publish a calendar. */
import { type Command, type Terminal, textOption } from './command.ts';
import { columns, shownTime, timeOption } from './times.ts';

function printOneTap(terminal: Terminal, url: string): void {
  terminal.print(`To subscribe with one tap: ${url.replace(/^https?:/, 'webcal:')}`);
}

const add: Command = {
  words: 'feed add',
  usage: 'ADDRESS|NAME CALENDAR [--level LEVEL] [--expires WHEN] [--name TEXT]',
  summary: 'publish a calendar under a secret link',
  help: `CALENDAR is the last part of the calendar's path: "calendar" for the first one of everybody.
The link is shown only now; "convene feed rotate" makes another.
  --level LEVEL    full, titles-hidden or busy (default); private events are never told
  --expires WHEN   30d, 12h, or a date like 2027-01-31; default: never
  --name TEXT      whom it is for`,
  options: { level: { type: 'string' }, expires: { type: 'string' }, name: { type: 'string' } },
  positionals: 2,
  async run(given, terminal) {
    const [user = '', calendar = ''] = given.positionals;
    const link = await terminal.call('feed.add', {
      user,
      calendar,
      level: textOption(given, 'level') ?? 'busy',
      name: textOption(given, 'name'),
      expiresAt: timeOption(textOption(given, 'expires')),
    });
    terminal.print(`Published as f${link.id}: ${link.url}`);
    printOneTap(terminal, link.url);
    return 0;
  },
};

const list: Command = {
  words: 'feed list',
  usage: 'ADDRESS|NAME',
  summary: "list the links to somebody's calendars",
  help: 'With their level, state, end and how often they were fetched.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const feeds = await terminal.call('feed.list', { user: given.positionals[0] ?? '' });
    const rows = feeds.map(({ id, calendar, level, state, expiresAt, fetches, name }) => [
      `f${id}`,
      calendar,
      level,
      state,
      shownTime(expiresAt),
      String(fetches),
      name,
    ]);
    for (const line of columns([['ID', 'CALENDAR', 'LEVEL', 'STATE', 'UNTIL', 'FETCHES', 'NAME'], ...rows]))
      terminal.print(line);
    return 0;
  },
};

const rotate: Command = {
  words: 'feed rotate',
  usage: 'ADDRESS|NAME ID',
  summary: 'replace a link; the old one stops working',
  help: 'Who has the old link is told that it is gone (410).',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    const { url } = await terminal.call('feed.rotate', { user, id });
    terminal.print(url);
    printOneTap(terminal, url);
    return 0;
  },
};

const revoke: Command = {
  words: 'feed revoke',
  usage: 'ADDRESS|NAME ID',
  summary: 'end a link for good',
  help: 'Who has the link is told that it is gone (410).',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    await terminal.call('feed.revoke', { user, id });
    terminal.print('Revoked.');
    return 0;
  },
};

const log: Command = {
  words: 'feed log',
  usage: 'ADDRESS|NAME ID',
  summary: 'show who fetched a link lately',
  help: 'The newest first, at most 200: time in UTC, address, status, program.',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    const fetches = await terminal.call('feed.log', { user, id });
    const rows = fetches.map(({ at, peer, status, client }) => [shownTime(at), peer, String(status), client]);
    for (const line of columns([['TIME', 'ADDRESS', 'STATUS', 'PROGRAM'], ...rows])) terminal.print(line);
    return 0;
  },
};

export const feedCommands: readonly Command[] = [add, list, rotate, revoke, log];
