/** `convene check`: whether clients and other servers find this one, with the remedy for what is not well. */
import { networkProbes } from '../../protocols/probes.ts';
import { type Finding, preflight } from '../administration/preflight.ts';
import { readConfig } from '../config.ts';
import { packageRoot } from '../package-root.ts';
import { servicesOf } from '../setup/service-records.ts';
import type { Command } from './command.ts';

const MARKS: Readonly<Record<Finding['state'], string>> = { well: 'ok   ', note: 'note ', wrong: 'WRONG' };

const check: Command = {
  words: 'check',
  usage: '',
  summary: 'look at folders, ports, DNS, certificate and addresses, and say what to do',
  help: `Needs CONVENE_PUBLIC_URL for all but the first of these. Run it where the server runs; it sends nothing but questions.
Exit code 1 when something is wrong; notes are advice.`,
  options: {},
  positionals: 0,
  async run(_given, terminal) {
    const config = readConfig(process.env, packageRoot);
    const zones = await terminal.call('setup.records', {});
    let failed = false;
    for await (const { state, what, remedy } of preflight(
      config,
      zones,
      servicesOf(config),
      networkProbes(),
      Date.now(),
    )) {
      failed ||= state === 'wrong';
      terminal.print(`${MARKS[state]} ${what}`);
      if (remedy !== '') terminal.print(`      → ${remedy}`);
    }
    return failed ? 1 : 0;
  },
};

export const checkCommands: readonly Command[] = [check];
