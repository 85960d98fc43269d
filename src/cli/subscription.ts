/** `convene subscription …`: calendars of other servers. */
import type { Subscription } from '../calendar/subscriptions.ts';
import { type Command, textOption } from './command.ts';
import { columns, shownTime } from './times.ts';

function shown(list: readonly Subscription[]): string[] {
  const rows = list.map(({ id, segment, everyMinutes, fetchedAt, changedAt, error, url }) => [
    `c${id}`,
    segment,
    `${everyMinutes} min`,
    shownTime(fetchedAt),
    shownTime(changedAt),
    error === '' ? 'well' : error,
    url,
  ]);
  return columns([['ID', 'CALENDAR', 'EVERY', 'FETCHED', 'CHANGED', 'STATE', 'URL'], ...rows]);
}

const add: Command = {
  words: 'subscription add',
  usage: 'ADDRESS|NAME URL [--name TEXT] [--every MINUTES]',
  summary: 'show a calendar of another server to somebody, read-only',
  help: `URL is http, https or webcal. The server fetches it, once for everybody who subscribed.
  --name TEXT       default: what the calendar calls itself
  --every MINUTES   15 to 10080; default: what the calendar asks for, or an hour`,
  options: { name: { type: 'string' }, every: { type: 'string' } },
  positionals: 2,
  async run(given, terminal) {
    const [user = '', url = ''] = given.positionals;
    const made = await terminal.call('subscription.add', {
      user,
      url,
      name: textOption(given, 'name'),
      every: textOption(given, 'every'),
    });
    for (const line of shown([made])) terminal.print(line);
    return 0;
  },
};

const list: Command = {
  words: 'subscription list',
  usage: 'ADDRESS|NAME',
  summary: 'list the calendars somebody subscribed to, and whether they can be fetched',
  help: 'When a fetch fails, the last good copy stays; the state says why.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const found = await terminal.call('subscription.list', { user: given.positionals[0] ?? '' });
    for (const line of shown(found)) terminal.print(line);
    return 0;
  },
};

const refresh: Command = {
  words: 'subscription refresh',
  usage: 'ADDRESS|NAME ID',
  summary: 'fetch a subscribed calendar now',
  help: 'Exit code 1 when it cannot be fetched.',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    const fetched = await terminal.call('subscription.refresh', { user, id });
    for (const line of shown([fetched])) terminal.print(line);
    return fetched.failures === 0 ? 0 : 1;
  },
};

const remove: Command = {
  words: 'subscription remove',
  usage: 'ADDRESS|NAME ID',
  summary: 'end a subscription',
  help: 'Its calendar goes away.',
  options: {},
  positionals: 2,
  async run(given, terminal) {
    const [user = '', id = ''] = given.positionals;
    await terminal.call('subscription.remove', { user, id });
    terminal.print('Removed.');
    return 0;
  },
};

export const subscriptionCommands: readonly Command[] = [add, list, refresh, remove];
