/** `convene domain …`: the domains that addresses can be given out in. */
import type { Command } from './command.ts';

const add: Command = {
  words: 'domain add',
  usage: 'DOMAIN',
  summary: 'add a mail domain to the organisation',
  help: 'Afterwards "convene user add" takes addresses in it.',
  options: {},
  positionals: 1,
  async run(given, terminal) {
    const { domain } = await terminal.call('domain.add', { domain: given.positionals[0] ?? '' });
    terminal.print(`Added ${domain}.`);
    return 0;
  },
};

const list: Command = {
  words: 'domain list',
  usage: '',
  summary: 'list the mail domains',
  help: 'One domain on each line.',
  options: {},
  positionals: 0,
  async run(_given, terminal) {
    for (const domain of await terminal.call('domain.list', {})) terminal.print(domain);
    return 0;
  },
};

export const domainCommands: readonly Command[] = [add, list];
