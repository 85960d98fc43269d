/** What one command of the command line is: its words, its help, and what it does with what the terminal offers. */
import type { CommandName, Commands } from '../administration/commands.ts';

/** The command was not written correctly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The terminal and the server, as far as a command needs them. */
export interface Terminal {
  /** Sends a command to the running server, or runs it in process. */
  call<Name extends CommandName>(command: Name, given: Commands[Name]['arguments']): Promise<Commands[Name]['result']>;
  /** All of standard input. */
  readInput(): Promise<string>;
  readFile(path: string): Promise<string>;
  print(line: string): void;
  complain(line: string): void;
}

export interface Options {
  readonly [name: string]: { readonly type: 'string' | 'boolean' };
}

export interface Given {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Command {
  /** 'user add'. */
  readonly words: string;
  /** What follows the words: 'ADDRESS [--name NAME]'. */
  readonly usage: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What --help says below the usage. */
  readonly help: string;
  readonly options: Options;
  /** How many words it takes after its own, or the least and the most. */
  readonly positionals: number | readonly [least: number, most: number];
  /** Returns the exit code. */
  run(given: Given, terminal: Terminal): Promise<number>;
}

/** A password from standard input when asked for: everything but the line end. */
export async function passwordFrom(given: Given, terminal: Terminal): Promise<string | undefined> {
  if (given.values['password-stdin'] !== true) return undefined;
  return (await terminal.readInput()).replace(/\r?\n$/, '');
}

/** A value of an option that takes text. */
export function textOption(given: Given, name: string): string | undefined {
  const value = given.values[name];
  return typeof value === 'string' ? value : undefined;
}
