/** `convene setup-link` and `convene dns`: how clients find this server. */
import QR from 'qr';
import type { Command } from './command.ts';

const link: Command = {
  words: 'setup-link',
  usage: 'ADDRESS|NAME [--qr]',
  summary: 'make a link that sets up one device of a person, once',
  help: `Valid for a day, used up by its button. The device gets a password of its own and, on iOS and macOS, a profile.
  --qr   draw the link as a QR code to scan with the phone`,
  options: { qr: { type: 'boolean' } },
  positionals: 1,
  async run(given, terminal) {
    const { url } = await terminal.call('setup.link', { user: given.positionals[0] ?? '' });
    terminal.print(url);
    if (given.values['qr'] === true) terminal.print(QR(url, 'ascii'));
    return 0;
  },
};

const dns: Command = {
  words: 'dns',
  usage: '[DOMAIN]',
  summary: 'print the DNS records to publish: who finds this server, and who may send mail',
  help: `Lines for the zone of each domain, or of DOMAIN alone: where mail and clients find this server, who may send mail of the
domain (SPF, DMARC) and how that is signed (DKIM). Names of hosts come from CONVENE_PUBLIC_URL and CONVENE_MAIL_HOSTNAME.
The keys that sign are made by the first mail out, or by this command.`,
  options: {},
  positionals: [0, 1],
  async run(given, terminal) {
    for (const { services, senders } of await terminal.call('setup.records', { domain: given.positionals[0] }))
      for (const line of [...services, ...senders]) terminal.print(line);
    return 0;
  },
};

export const setupCommands: readonly Command[] = [link, dns];
