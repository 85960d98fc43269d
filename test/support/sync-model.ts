/**
 * A model of clients that synchronise: random changes by two people to calendars, an address book and a shared calendar; every
 * few changes each client applies sync-collection, in pieces of random size, to what it had, and compares with a full listing.
 * Clients fall behind by chance, so tokens of every age are used. RFC 6578 §3; tokens that the server did not give are refused.
 */
import { bookmarkOf, homeBookmarkOf, homeTokenOf, tokenOf } from '../../protocols/dav/sync-token.ts';
import { ask, CALENDAR, event, propfindBody, setBody, syncBody } from './dav.ts';
import type { TestServer, TestUser } from './server.ts';

export interface SyncModelOptions {
  readonly seed: number;
  readonly operations: number;
  /** Changes between two comparisons. */
  readonly every: number;
  /** Stops the server and starts it again, about that often. */
  readonly restart?: { readonly every: number; again(): Promise<TestServer> };
}

export interface SyncModelResult {
  /** What a client had and the listing did not, or the other way round. */
  readonly differences: readonly string[];
  /** Tokens that were refused or taken against the rules. */
  readonly wrongTokens: readonly string[];
  readonly operations: number;
  readonly comparisons: number;
  readonly refusals: number;
}

const CARD = { 'content-type': 'text/vcard; charset=utf-8' };
const NAMES = 30;
const HOMES = ['calendars', 'addressbooks'] as const;

/** One collection as a client has it. */
interface Copy {
  token: string;
  members: Map<string, string>;
}

/** One program of a person: its homes, and what it has of each collection in them. */
class Client {
  readonly user: TestUser;
  readonly copies = new Map<string, Copy>();
  readonly homes = new Map<string, { token: string; collections: Set<string> }>();

  constructor(user: TestUser) {
    this.user = user;
  }
}

class Model {
  private server: TestServer;
  private readonly options: SyncModelOptions;
  private readonly random: () => number;
  private readonly owner: TestUser;
  private readonly other: TestUser;
  private readonly clients: readonly Client[];
  private readonly differences: string[] = [];
  private readonly wrongTokens: string[] = [];
  private comparisons = 0;
  private refusals = 0;
  private serial = 0;

  constructor(server: TestServer, owner: TestUser, other: TestUser, options: SyncModelOptions) {
    this.server = server;
    this.options = options;
    this.random = generator(options.seed);
    this.owner = owner;
    this.other = other;
    this.clients = [new Client(owner), new Client(owner), new Client(other)];
  }

  async run(): Promise<SyncModelResult> {
    const { operations, every, restart } = this.options;
    let done = 0;
    let compared = 0;
    let restarted = 0;
    while (done < operations) {
      // Some at once, so that they share a flush.
      const some = 1 + this.below(4);
      await Promise.all(Array.from({ length: some }, () => this.change()));
      done += some;
      if (restart !== undefined && done - restarted >= restart.every) {
        restarted = done;
        this.server = await restart.again();
      }
      if (done - compared < every) continue;
      compared = done;
      for (const client of this.clients) if (this.random() < 0.6) await this.compare(client);
      await this.forge();
    }
    for (const client of this.clients) await this.compare(client);
    const { differences, wrongTokens, comparisons, refusals } = this;
    return { differences, wrongTokens, operations: done, comparisons, refusals };
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  private send(user: TestUser, method: string, path: string, headers: Record<string, string> = {}, body?: string) {
    return this.server.request(user, method, path, { headers, ...(body === undefined ? {} : { body }) });
  }

  /** A change that may be refused: what counts is that the log tells what happened. */
  private async change(): Promise<void> {
    const shared = `/dav/calendars/${this.other.name}/${this.owner.name}-shared/`;
    const own = ['calendar', 'shared', 'extra'].map((name) => `/dav/calendars/${this.owner.name}/${name}/`);
    const book = `/dav/addressbooks/${this.owner.name}/addressbook/`;
    const user = this.random() < 0.25 ? this.other : this.owner;
    const collections = user === this.other ? [shared, `/dav/calendars/${user.name}/calendar/`] : [...own, book];
    const from = this.pick(collections);
    const isBook = from === book;
    const suffix = isBook ? '.vcf' : '.ics';
    const name = `n${this.below(NAMES)}${suffix}`;
    const path = from + name;
    const destination = `${this.pick(isBook ? [book] : collections.filter((one) => one !== book))}n${this.below(NAMES)}${suffix}`;
    const chance = this.random();
    if (chance < 0.45) {
      // Names keep their UID for a while, then another one comes.
      const uid = `${from.endsWith('shared/') ? 'shared/' : from}${name}-${Math.floor(this.serial++ / 50)}`;
      // Often the words stay, and only an alarm comes, changes or goes.
      const words = `T${Math.floor(this.serial / 100)}`;
      const body = isBook ? card(uid, words) : withAlarm(event(uid, words), user, this.below(4));
      await this.send(user, 'PUT', path, isBook ? CARD : CALENDAR, body);
    } else if (chance < 0.65) await this.send(user, 'DELETE', path);
    else if (chance < 0.78) await this.send(user, 'MOVE', path, { destination });
    else if (chance < 0.88) await this.send(user, 'COPY', path, { destination });
    else if (chance < 0.92)
      await this.send(user, 'PROPPATCH', path, {}, setBody(`<x xmlns="urn:x">${this.serial++}</x>`));
    else if (chance < 0.96)
      await this.send(user, 'PROPPATCH', from, {}, setBody(`<A:calendar-order>${this.serial++}</A:calendar-order>`));
    else if (chance < 0.98) await this.collection();
    else await this.share();
  }

  private async collection(): Promise<void> {
    const home = `/dav/calendars/${this.owner.name}/`;
    switch (this.below(4)) {
      case 0:
        await this.send(this.owner, 'DELETE', `${home}extra/`);
        break;
      case 1:
        await this.send(this.owner, 'MOVE', `${home}extra/`, { destination: `${home}renamed/` });
        break;
      case 2:
        await this.send(this.owner, 'MOVE', `${home}renamed/`, { destination: `${home}extra/` });
        break;
      default:
        await this.send(this.owner, 'MKCALENDAR', `${home}extra/`);
    }
  }

  private async share(): Promise<void> {
    const { access } = this.server.app;
    const path = `calendars/${this.owner.name}/shared`;
    if (this.random() < 0.5) await access.share(path, this.other.name, true);
    else await access.grant(path, this.other.name, this.pick(['read', 'read-write', 'none']));
  }

  /** Brings a client up to date and looks whether it is. */
  private async compare(client: Client): Promise<void> {
    for (const kind of HOMES) {
      const home = `/dav/${kind}/${client.user.name}/`;
      const had = client.homes.get(home) ?? { token: '', collections: new Set<string>() };
      const answer = await ask(this.server, client.user, 'REPORT', home, {}, syncBody(had.token, '<D:resourcetype/>'));
      if (answer.status !== 207) this.wrongTokens.push(`${home} ${had.token}: ${answer.status}`);
      for (const { href, status } of answer.responses) {
        if (status === undefined) had.collections.add(href);
        else {
          had.collections.delete(href);
          client.copies.delete(href);
        }
      }
      had.token = answer.syncToken ?? '';
      client.homes.set(home, had);
      const listed = await ask(
        this.server,
        client.user,
        'PROPFIND',
        home,
        { depth: '1' },
        propfindBody('D:resourcetype'),
      );
      const there = listed.responses
        .map(({ href }) => href)
        .filter((href) => href !== home && !href.endsWith('/Directory/'));
      this.expect(
        home,
        new Map([...had.collections].map((href) => [href, ''])),
        new Map(there.map((href) => [href, ''])),
      );
      for (const href of there) await this.compareCollection(client, href);
    }
  }

  private async compareCollection(client: Client, collection: string): Promise<void> {
    // Another collection may have the name by now; its client starts again.
    const copy = client.copies.get(collection) ?? { token: '', members: new Map<string, string>() };
    client.copies.set(collection, copy);
    for (let again = true; again; ) {
      const limit = this.random() < 0.5 ? '' : `<D:limit><D:nresults>${1 + this.below(9)}</D:nresults></D:limit>`;
      const answer = await ask(
        this.server,
        client.user,
        'REPORT',
        collection,
        {},
        syncBody(copy.token, '<D:getetag/>', limit),
      );
      if (
        answer.status === 403 &&
        answer.condition[0] === 'valid-sync-token' &&
        /\/(extra|renamed)\/$/.test(collection)
      ) {
        copy.token = '';
        copy.members.clear();
        continue;
      }
      if (answer.status !== 207) {
        this.wrongTokens.push(`${collection} ${copy.token}: ${answer.status} ${answer.condition}`);
        return;
      }
      again = false;
      for (const { href, status, ok } of answer.responses) {
        if (href === collection) again = true;
        else if (status === undefined) copy.members.set(href, ok.get('getetag')?.text() ?? '');
        else copy.members.delete(href);
      }
      copy.token = answer.syncToken ?? '';
    }
    const listed = await ask(
      this.server,
      client.user,
      'PROPFIND',
      collection,
      { depth: '1' },
      propfindBody('D:getetag'),
    );
    const members = listed.responses.filter(({ href }) => href !== collection);
    this.expect(
      collection,
      copy.members,
      new Map(members.map(({ href, ok }) => [href, ok.get('getetag')?.text() ?? ''])),
    );
    if (members.length > 0) await this.read(client, this.pick(members).href, copy.members);
  }

  /** What is read has the ETag that was listed, and nobody else's alarm. */
  private async read({ user }: Client, href: string, had: ReadonlyMap<string, string>): Promise<void> {
    const { status, headers, text } = await this.send(user, 'GET', href);
    if (status !== 200 || headers.etag !== had.get(href))
      this.differences.push(`${href} is read as ${status} ${headers.etag}, the client has ${had.get(href)}`);
    for (const [, whose] of text.matchAll(/^X-WHOSE:(.*?)\r?$/gm))
      if (whose !== user.name) this.differences.push(`${href} shows an alarm of ${whose} to ${user.name}`);
  }

  private expect(where: string, had: ReadonlyMap<string, string>, there: ReadonlyMap<string, string>): void {
    this.comparisons++;
    for (const [href, etag] of there)
      if (had.get(href) !== etag)
        this.differences.push(`${where}: ${href} is ${etag}, the client has ${had.get(href)}`);
    for (const href of had.keys())
      if (!there.has(href)) this.differences.push(`${where}: ${href} is gone, the client has it`);
  }

  /** Tokens of another collection, of the future, of starts that never were. */
  private async forge(): Promise<void> {
    const client = this.pick(this.clients);
    const [collection, copy] = this.pick([...client.copies]) ?? [];
    const mark = copy === undefined ? undefined : bookmarkOf(copy.token);
    if (collection === undefined || mark === undefined) return;
    const forged = this.pick([
      tokenOf({ ...mark, modseq: mark.modseq + 1_000_000 }),
      tokenOf({ ...mark, collectionId: mark.collectionId + 1 }),
      tokenOf({ ...mark, boot: mark.boot + 1_000 }),
      tokenOf({ ...mark, boot: 0 }),
      `${tokenOf(mark)}x`,
    ]);
    await this.expectRefusal(client, collection, forged);
    const [home, { token }] = this.pick([...client.homes]);
    const at = homeBookmarkOf(token);
    if (at === undefined) return;
    const wrong = this.pick([
      homeTokenOf({ ...at, modseq: at.modseq + 1_000_000 }),
      homeTokenOf({ ...at, principalId: at.principalId + 1 }),
      homeTokenOf({ ...at, boot: at.boot + 1_000 }),
      tokenOf(mark),
    ]);
    await this.expectRefusal(client, home, wrong);
  }

  private async expectRefusal({ user }: Client, path: string, token: string): Promise<void> {
    const answer = await ask(this.server, user, 'REPORT', path, {}, syncBody(token));
    // The collection may be gone by now.
    if (answer.status === 404) return;
    if (answer.status === 403 && answer.condition[0] === 'valid-sync-token') this.refusals++;
    else this.wrongTokens.push(`${path} took ${token}: ${answer.status}`);
  }
}

/** Runs the model on a server with two people; the first has the calendar `shared`, which the second may be given. */
export async function runSyncModel(
  server: TestServer,
  owner: TestUser,
  other: TestUser,
  options: SyncModelOptions,
): Promise<SyncModelResult> {
  for (const name of ['shared', 'extra'])
    await server.request(owner, 'MKCALENDAR', `/dav/calendars/${owner.name}/${name}/`);
  await server.app.access.share(`calendars/${owner.name}/shared`, other.name, true);
  return new Model(server, owner, other, options).run();
}

/** The event with an alarm of its writer, a quarter of the time without. */
function withAlarm(octets: string, { name }: TestUser, kind: number): string {
  if (kind === 0) return octets;
  const lines = ['BEGIN:VALARM', 'ACTION:AUDIO', `TRIGGER:-PT${kind}M`, `X-WHOSE:${name}`, 'END:VALARM', 'END:VEVENT'];
  return octets.replace('END:VEVENT', lines.join('\r\n'));
}

function card(uid: string, name: string): string {
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${name}`, `N:${name};;;;`, 'END:VCARD', ''].join('\r\n');
}

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
