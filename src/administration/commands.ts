/**
 * What an operator may tell a server: the commands behind `convene user …` and `convene domain …`.
 * Run by a server for its control socket, or in process when no server runs. Arguments arrive as JSON and are checked here.
 * Elsewhere: the words of the command line (src/cli/), the socket (protocols/control).
 */
import type { QuotaLimit } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import type { Organisations } from '../organisations/organisations.ts';
import { type LineProblem, readImport } from '../principals/import.ts';
import { generatePassword } from '../principals/password-hashing.ts';
import type { Principals } from '../principals/principals.ts';
import { parseSize } from '../sizes.ts';
import { Arguments } from './arguments.ts';
import { type MailCommands, type MailServices, mailCommands } from './mail-commands.ts';

export interface UserRecord {
  readonly name: string;
  readonly displayName: string;
  readonly kind: string;
  readonly role: string;
  /** The primary one first. */
  readonly addresses: readonly string[];
}

/** A name, its address, and the password when the server made it up. */
export interface UserPassword {
  readonly name: string;
  readonly address: string;
  readonly password?: string;
}

/** Each command: what it is given, what it gives back. */
export interface Commands extends MailCommands {
  'user.add': {
    arguments: { address: string; name?: string; displayName?: string; password?: string };
    result: UserPassword;
  };
  'user.import': {
    arguments: { csv: string };
    /** With problems, nothing was added. */
    result: { added: UserPassword[]; problems: LineProblem[] };
  };
  'user.list': { arguments: Record<string, never>; result: UserRecord[] };
  'user.password': { arguments: { user: string; password?: string }; result: UserPassword };
  'user.quota': {
    /** A size, `none`, `default`, or nothing: only asks. */
    arguments: { user: string; size?: string };
    /** Octets; without `limit` there is none. */
    result: { name: string; used: number; limit?: number };
  };
  'user.remove': { arguments: { user: string }; result: { name: string; address: string } };
  'domain.add': { arguments: { domain: string }; result: { domain: string } };
  'domain.list': { arguments: Record<string, never>; result: string[] };
}

export type CommandName = keyof Commands;
type Runner<Name extends CommandName> = (given: Arguments) => Promise<Commands[Name]['result']>;

export interface Administered extends MailServices {
  readonly principals: Principals;
  readonly organisations: Organisations;
}

/** The commands on these services: `run(name, arguments)` checks both. */
export function administration(services: Administered): (name: string, given: unknown) => Promise<unknown> {
  const { principals, organisations } = services;
  const runners: { [Name in CommandName]: Runner<Name> } = {
    async 'user.add'(given) {
      const generated = given.optional('password') === undefined ? generatePassword() : undefined;
      const principal = await principals.add({
        address: given.text('address'),
        name: given.optional('name'),
        displayName: given.optional('displayName'),
        password: generated ?? given.text('password'),
      });
      return { name: principal.name, address: principal.addresses[0] ?? '', password: generated };
    },
    async 'user.import'(given) {
      const { rows, problems } = readImport(given.text('csv'));
      if (problems.length > 0) return { added: [], problems: [...problems] };
      const refused = await principals.addAll(rows);
      if (refused.length > 0)
        return {
          added: [],
          problems: refused.map(({ index, message }) => ({ line: rows[index]?.line ?? 0, message })),
        };
      const added: UserPassword[] = [];
      for (const { address, password, generated } of rows) {
        const { name, addresses } = await principals.find(address);
        added.push({ name, address: addresses[0] ?? address, password: generated ? password : undefined });
      }
      return { added, problems: [] };
    },
    async 'user.list'() {
      const all = await principals.list();
      return all.map(({ name, displayName, kind, role, addresses }) => ({ name, displayName, kind, role, addresses }));
    },
    async 'user.password'(given) {
      const generated = given.optional('password') === undefined ? generatePassword() : undefined;
      const { name, addresses } = await principals.setPassword(given.text('user'), generated ?? given.text('password'));
      return { name, address: addresses[0] ?? '', password: generated };
    },
    async 'user.quota'(given) {
      const size = given.optional('size');
      const limit = size === undefined ? undefined : quotaLimit(size);
      const { principal, used, limit: octets } = await principals.quota(given.text('user'), limit);
      return { name: principal.name, used, limit: octets };
    },
    async 'user.remove'(given) {
      const { name, addresses } = await principals.remove(given.text('user'));
      return { name, address: addresses[0] ?? '' };
    },
    async 'domain.add'(given) {
      const organisation = await organisations.first();
      if (organisation === undefined) throw new DomainError('not-found', 'There is no organisation yet.');
      return { domain: await organisations.addDomain(organisation.id, given.text('domain')) };
    },
    async 'domain.list'() {
      return (await organisations.domains()).map(({ name }) => name);
    },
    ...mailCommands(services),
  };
  return (name, given) => {
    if (!isCommand(runners, name)) throw new DomainError('invalid-data', 'There is no such command.');
    return runners[name](new Arguments(given));
  };
}

function isCommand(runners: object, name: string): name is CommandName {
  return Object.hasOwn(runners, name);
}

function quotaLimit(text: string): QuotaLimit {
  if (text === 'none' || text === 'default') return text;
  const octets = parseSize(text);
  if (octets === undefined)
    throw new DomainError('invalid-data', 'A quota is a size like 500M or 5G, or none, or default.');
  return octets;
}
