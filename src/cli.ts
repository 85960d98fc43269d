/**
 * The command line. Each command goes to the running server over the control socket of the data folder; without a server the
 * lock is taken and the same services run in process.
 * Exit codes: 0 done, 1 refused or failed, 2 not written correctly.
 * Elsewhere: the commands (cli/), what they do (administration/commands.ts), `convene serve` (main.ts).
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NoServer, sendCommand } from '../protocols/control/control-socket.ts';
import { StoreError } from '../storage/store.ts';
import { administration, type CommandName, type Commands } from './administration/commands.ts';
import { backupCommands } from './cli/backup.ts';
import { checkCommands } from './cli/check.ts';
import { type Command, type Given, type Terminal, UsageError } from './cli/command.ts';
import { deletedCommands } from './cli/deleted.ts';
import { deviceCommands } from './cli/device.ts';
import { domainCommands } from './cli/domain.ts';
import { feedCommands } from './cli/feed.ts';
import { mailCommands } from './cli/mail.ts';
import { roomCommands } from './cli/room.ts';
import { setupCommands } from './cli/setup.ts';
import { sharingCommands } from './cli/sharing.ts';
import { subscriptionCommands } from './cli/subscription.ts';
import { userCommands } from './cli/user.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { DomainError } from './errors.ts';
import { packageRoot, packageVersion } from './package-root.ts';
import { servicesOf } from './setup/service-records.ts';

/** A server that is starting or stopping holds the lock without a socket; that is waited for. */
const ATTEMPTS = 25;
const BETWEEN_ATTEMPTS_MS = 200;

const serveCommand: Command = {
  words: 'serve',
  usage: '',
  summary: 'run the server',
  help: `Runs until Ctrl-C or SIGTERM. Settings are environment variables: see docs/configuration.md.
The first start creates the organisation of CONVENE_DOMAIN and prints the password of its administrator, once.`,
  options: {},
  positionals: 0,
  async run() {
    const { serve } = await import('./main.ts');
    return serve(process.env);
  },
};

const COMMANDS: readonly Command[] = [
  serveCommand,
  ...userCommands,
  ...domainCommands,
  ...sharingCommands,
  ...deviceCommands,
  ...feedCommands,
  ...setupCommands,
  ...roomCommands,
  ...subscriptionCommands,
  ...backupCommands,
  ...deletedCommands,
  ...checkCommands,
  ...mailCommands,
];

/** Runs one command line, without the name of the program. Returns the exit code. */
export async function run(line: readonly string[]): Promise<number> {
  // Folders are closed to others; so is each file, wherever it is copied or moved to.
  process.umask(0o077);
  try {
    const command = COMMANDS.find(({ words }) => words === line.slice(0, words.split(' ').length).join(' '));
    if (command === undefined) return general(line);
    const rest = line.slice(command.words.split(' ').length);
    if (rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(helpOf(command));
      return 0;
    }
    return await command.run(parse(command, rest), terminal());
  } catch (error) {
    return report(error);
  }
}

function general(line: readonly string[]): number {
  const [first] = line;
  if (first === '--version') {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const asked = first === undefined || first === '--help' || first === '-h' || first === 'help';
  const known = COMMANDS.filter(({ words }) => words.split(' ')[0] === first);
  const wantsHelp = asked || line.slice(1).some((word) => word === '--help' || word === '-h');
  const text = overview(known.length > 0 ? known : COMMANDS);
  if (wantsHelp) {
    process.stdout.write(text);
    return first === undefined ? 2 : 0;
  }
  process.stderr.write(`"${line.slice(0, 2).join(' ').slice(0, 60)}" is not a command.\n\n${text}`);
  return 2;
}

function overview(commands: readonly Command[]): string {
  const lines = commands.map(
    ({ words, usage, summary }) => `  ${`convene ${words} ${usage}`.trimEnd()}\n      ${summary}`,
  );
  return `Usage:\n${lines.join('\n')}\n\n"convene COMMAND --help" explains each.\n`;
}

function helpOf({ words, usage, summary, help }: Command): string {
  return `Usage: ${`convene ${words} ${usage}`.trimEnd()}\n${summary}\n\n${help}\n`;
}

function parse(command: Command, rest: readonly string[]): Given {
  try {
    const { values, positionals } = parseArgs({ args: [...rest], options: command.options, allowPositionals: true });
    const { positionals: wanted } = command;
    const [least, most] = typeof wanted === 'number' ? [wanted, wanted] : wanted;
    if (positionals.length < least) throw new UsageError('Something is missing.');
    if (positionals.length > most) throw new UsageError('That is too much.');
    return { positionals, values: values as Given['values'] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message}\n${helpOf(command)}`);
  }
}

function terminal(): Terminal {
  return {
    call,
    async readInput() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    async readFile(path) {
      try {
        return await readFile(path, 'utf8');
      } catch {
        throw new DomainError('not-found', `The file ${path} cannot be read.`);
      }
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (line) => void process.stderr.write(`${line}\n`),
  };
}

async function call<Name extends CommandName>(
  command: Name,
  given: Commands[Name]['arguments'],
): Promise<Commands[Name]['result']> {
  const config = readConfig(process.env, packageRoot);
  for (let attempt = 1; ; attempt++) {
    try {
      return (await sendCommand(config.data, command, given)) as Commands[Name]['result'];
    } catch (error) {
      if (!(error instanceof NoServer)) throw error;
    }
    try {
      return (await inProcess(config, command, given)) as Commands[Name]['result'];
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'locked') || attempt === ATTEMPTS) throw error;
    }
    await pause(BETWEEN_ATTEMPTS_MS);
  }
}

async function inProcess(config: Config, command: string, given: unknown): Promise<unknown> {
  const { openServices } = await import('./services.ts');
  const services = await openServices(config);
  try {
    if (services.founded !== undefined) {
      const { name, password } = services.founded;
      process.stderr.write(
        `Created the organisation ${config.domain} in ${config.data}.\nIts administrator is ${name}, password: ${password}\n`,
      );
    }
    return await administration({ ...services, services: () => servicesOf(config) })(command, given);
  } finally {
    await services.store.close();
  }
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (error instanceof ConfigError) for (const problem of error.problems) process.stderr.write(`${problem}\n`);
  else if (error instanceof DomainError || error instanceof StoreError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
