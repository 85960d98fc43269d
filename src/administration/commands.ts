/**
 * What an operator may tell a server: the commands behind `convene user …` and `convene domain …`.
 * Run by a server for its control socket, or in process when no server runs. Arguments arrive as JSON and are checked here.
 * Elsewhere: the words of the command line (src/cli/), the socket (protocols/control).
 */
import type { Feeds } from '../calendar/feeds.ts';
import type { QuotaLimit } from '../collections/quota.ts';
import { DomainError } from '../errors.ts';
import type { Organisations } from '../organisations/organisations.ts';
import { type LineProblem, readImport } from '../principals/import.ts';
import { generatePassword } from '../principals/password-hashing.ts';
import { parseSize } from '../sizes.ts';
import { Arguments } from './arguments.ts';
import { OPERATOR } from './audit-log.ts';
import { type BackupCommands, type BackupServices, backupCommands } from './backup-commands.ts';
import { type DeletedCommands, type DeletedServices, deletedCommands } from './deleted-commands.ts';
import { type DeviceCommands, type DeviceServices, deviceCommands } from './device-commands.ts';
import { type FeedCommands, feedCommands } from './feed-commands.ts';
import { type MailCommands, type MailServices, mailCommands } from './mail-commands.ts';
import { type RoomCommands, type RoomServices, roomCommands } from './room-commands.ts';
import { type SetupCommands, type SetupServices, setupCommands } from './setup-commands.ts';
import { type SharingCommands, type SharingServices, sharingCommands } from './sharing-commands.ts';
import { type SubscriptionCommands, type SubscriptionServices, subscriptionCommands } from './subscription-commands.ts';

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
export interface Commands
  extends FeedCommands,
    DeviceCommands,
    SetupCommands,
    RoomCommands,
    BackupCommands,
    DeletedCommands,
    SharingCommands,
    SubscriptionCommands,
    MailCommands {
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

export interface Administered
  extends DeviceServices,
    SetupServices,
    RoomServices,
    BackupServices,
    DeletedServices,
    SharingServices,
    SubscriptionServices,
    MailServices {
  readonly organisations: Organisations;
  readonly feeds: Feeds;
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
    ...feedCommands(services.feeds, principals, services.services),
    ...deviceCommands(services),
    ...setupCommands(services),
    ...roomCommands(services),
    ...backupCommands(services),
    ...deletedCommands(services),
    ...subscriptionCommands(services),
    ...sharingCommands(services),
    ...mailCommands(services),
  };
  return async (name, given) => {
    if (!isCommand(runners, name)) throw new DomainError('invalid-data', 'There is no such command.');
    const read = new Arguments(given);
    const result = await runners[name](read);
    const target = AUDITED[name];
    if (target !== undefined)
      await services.audit.record({ actor: OPERATOR, action: name, target: read.optional(target) ?? '' });
    return result;
  };
}

/** Commands that change something and write no entry of their own, with the argument that says what. */
const AUDITED: Partial<Record<CommandName, string>> = {
  'user.add': 'address',
  'user.import': '',
  'user.password': 'user',
  'user.remove': 'user',
  'domain.add': 'domain',
  'backup.make': 'folder',
  'queue.retry': 'id',
  'queue.hold': 'id',
  'queue.drop': 'id',
  'alias.add': 'address',
  'alias.remove': 'address',
  'group.add': 'address',
  'group.remove': 'group',
  'group.join': 'group',
  'group.leave': 'group',
};

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
