/** `convene backup`, `convene restore`, `convene verify`: keeping the store safe, and finding out whether it is. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { verifyBackup, verifyStore } from '../administration/verification.ts';
import { restoreWhole } from '../administration/whole-restore.ts';
import { type Config, readConfig } from '../config.ts';
import { packageRoot } from '../package-root.ts';
import { type Command, textOption, UsageError } from './command.ts';
import { shownTime } from './times.ts';

const backup: Command = {
  words: 'backup',
  usage: '[FOLDER]',
  summary: 'copy everything to a new folder, while the server runs',
  help: `FOLDER must not exist yet; without it the backup goes where the daily ones go (CONVENE_BACKUP_FOLDER).
It holds everything that was acknowledged before it began. Keep it where the data folder is not.`,
  options: {},
  positionals: [0, 1],
  async run(given, terminal) {
    const [folder] = given.positionals;
    const made = await terminal.call('backup.make', { folder: folder === undefined ? undefined : resolve(folder) });
    terminal.print(`${made.folder}: ${shownOctets(made.octets)} in ${(made.ms / 1000).toFixed(1)} s`);
    return 0;
  },
};

const restore: Command = {
  words: 'restore',
  usage: 'FOLDER [--replace] [--user ADDRESS|NAME [--collection PLACE [--item NAME]]]',
  summary: 'put a backup back: the whole, or a part of it',
  help: `The whole: no server may run. What was there before is kept in the data folder under before-restore-….
Clients notice and synchronise anew; mail that waited to be sent is held, because it may have been sent since.
  --replace             the data folder holds a store already: put the backup in its place

A part, while the server runs or not: what was changed since is set back, what came since stays. Nothing is sent to anybody.
  --user ADDRESS|NAME   everything of this person, who may have been removed since
  --collection PLACE    only this one: calendars/work, addressbooks/addressbook
  --item NAME           only this member of it, by the last part of its path: 20260101.ics`,
  options: {
    replace: { type: 'boolean' },
    user: { type: 'string' },
    collection: { type: 'string' },
    item: { type: 'string' },
  },
  positionals: 1,
  async run(given, terminal) {
    const folder = resolve(given.positionals[0] ?? '');
    const user = textOption(given, 'user');
    const collection = textOption(given, 'collection');
    const item = textOption(given, 'item');
    if (user === undefined && collection !== undefined) throw new UsageError('--collection needs --user.');
    if (collection === undefined && item !== undefined) throw new UsageError('--item needs --collection.');
    if (user === undefined) {
      const { data } = settings();
      const { manifest, before } = await restoreWhole(folder, data, given.values['replace'] === true, Date.now);
      terminal.print(`Restored the backup of ${shownTime(manifest.startedAt)} into ${data}.`);
      if (before !== undefined) terminal.print(`What was there before is in ${before}.`);
      return 0;
    }
    const parts = await terminal.call('backup.restore', { folder, user, collection, item });
    for (const { collection: place, counts, refused } of parts) {
      const { added, replaced, same, elsewhere } = counts;
      terminal.print(`${place}: ${added} added, ${replaced} set back, ${same} the same, ${elsewhere} moved elsewhere`);
      for (const name of refused) terminal.complain(`${place}/${name} is not accepted any more and was left out.`);
    }
    return parts.some(({ refused }) => refused.length > 0) ? 1 : 0;
  },
};

const verify: Command = {
  words: 'verify',
  usage: '[BACKUP]',
  summary: 'find out whether the store, or a backup, is what was stored',
  help: `Reads everything beside the running server: hashes of all texts and messages, counters, quotas, the index of
occurrences, and what SQLite checks itself. With the folder of a backup, that backup, on a copy brought to this version.
Exit code 1 when something is wrong; "convene restore" of a part puts back what a backup has of it.`,
  options: {},
  positionals: [0, 1],
  async run(given, terminal) {
    const [backup] = given.positionals;
    const { data } = settings();
    const { read, problems } = await (backup === undefined
      ? verifyStore(data)
      : verifyBackup(resolve(backup), tmpdir()));
    for (const problem of problems) terminal.complain(problem);
    const counts = Object.entries(read).map(([what, count]) => `${count} ${what}`);
    terminal.print(`${counts.join(', ')}: ${problems.length === 0 ? 'all is well.' : `${problems.length} problems.`}`);
    return problems.length === 0 ? 0 : 1;
  },
};

function settings(): Config {
  return readConfig(process.env, packageRoot);
}

function shownOctets(octets: number): string {
  return octets < 1_000_000 ? `${Math.ceil(octets / 1_000)} kB` : `${(octets / 1_000_000).toFixed(1)} MB`;
}

export const backupCommands: readonly Command[] = [backup, restore, verify];
