/**
 * Eight writers that note what a server acknowledged, and the comparison with what it holds after a crash.
 * Each writer owns its collections and has one request in flight, so that after a crash exactly two states are right for it:
 * the acknowledged one, and that with the request in flight wholly done. Everything else is a fault, described in words.
 */
import http from 'node:http';
import { card, event, randomFrom, uidOf } from './generated-data.ts';
import type { Person } from './server-process.ts';

const CALENDAR = 'urn:ietf:params:xml:ns:caldav';
const ADDRESS_BOOK = 'urn:ietf:params:xml:ns:carddav';
const OURS = 'urn:example:crash-oracle';

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

interface Member {
  readonly body: string;
  /** As acknowledged; undefined when the answer held none. */
  readonly etag: string | undefined;
  /** The dead property, as acknowledged. */
  readonly note: string | undefined;
}

/** Path to member, for collections (which end in a slash) with an empty body. */
type State = ReadonlyMap<string, Member>;

export interface WriterReport {
  readonly acknowledged: number;
  readonly faults: readonly string[];
}

/** A client with one kept connection. Rejects when the connection breaks. */
class Connection {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #authorization: string;

  constructor(port: number, person: Person) {
    this.#port = port;
    this.#authorization = `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`;
  }

  request(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port: this.#port,
          method,
          path,
          agent: this.#agent,
          timeout: 20_000,
          headers: { authorization: this.#authorization, 'content-length': Buffer.byteLength(body), ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error(`${method} ${path} was not answered`)));
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** One member as a multistatus shows it. */
interface Listed {
  readonly status: number;
  readonly etag: string | undefined;
  readonly note: string | undefined;
}

function text(element: string, xml: string): string | undefined {
  return new RegExp(`<(?:[\\w-]+:)?${element}(?:\\s[^>]*)?>([^<]*)</`).exec(xml)?.[1];
}

function unescaped(xml: string | undefined): string | undefined {
  return xml?.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&');
}

/** Reads the answers of a multistatus; doubled hrefs are told apart by `doubled`. */
function multistatus(answer: Answer): { members: Map<string, Listed>; doubled: string[]; token: string | undefined } {
  const members = new Map<string, Listed>();
  const doubled: string[] = [];
  for (const [, xml = ''] of answer.text.matchAll(
    /<(?:[\w-]+:)?response(?:\s[^>]*)?>(.*?)<\/(?:[\w-]+:)?response>/gs,
  )) {
    const href = decodeURIComponent(text('href', xml) ?? '');
    if (members.has(href)) doubled.push(href);
    const outside = xml.replace(/<(?:[\w-]+:)?propstat(?:\s[^>]*)?>.*?<\/(?:[\w-]+:)?propstat>/gs, '');
    members.set(href, {
      status: Number(/HTTP\/1\.1 (\d+)/.exec(outside)?.[1] ?? 200),
      etag: unescaped(text('getetag', xml)),
      // An empty element stands in the propstat of what is not there.
      note: text('note', xml) || undefined,
    });
  }
  return { members, doubled, token: text('sync-token', answer.text) };
}

const LIST = `<propfind xmlns="DAV:" xmlns:O="${OURS}"><prop><getetag/><O:note/></prop></propfind>`;
const syncBody = (token: string) =>
  `<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`;

/** One writer: its collections, the state that was acknowledged and the state if the request in flight was done. */
export class Writer {
  readonly #number: number;
  readonly #person: Person;
  readonly #cards: boolean;
  readonly #home: string;
  readonly #random: () => number;
  /** Members it keeps at most. */
  readonly #most: number;
  #state: Map<string, Member> = new Map();
  #next: State | undefined;
  #serial = 0;
  #collections = 0;
  #acknowledged = 0;
  /** Token of a collection, and its members' ETags at that moment. */
  #known: { path: string; token: string; etags: Map<string, string | undefined> }[] = [];
  #connection: Connection | undefined;

  constructor(number: number, person: Person, most: number) {
    this.#most = most;
    this.#number = number;
    this.#person = person;
    this.#cards = number % 2 === 1;
    this.#home = `/dav/${this.#cards ? 'addressbooks' : 'calendars'}/${person.name}/`;
    this.#random = randomFrom(number + 1);
  }

  /** Acknowledged writes since it was made. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Notes sync tokens, then writes until the connection breaks or `stop` says so. Throws on answers that make no sense. */
  async write(port: number, stop: () => boolean): Promise<void> {
    const connection = new Connection(port, this.#person);
    this.#connection = connection;
    await this.#noteTokens(connection);
    while (!stop()) {
      const step = this.#chooseStep();
      this.#next = step.next(undefined);
      let answer: Answer;
      try {
        answer = await connection.request(step.method, step.path, step.body, step.headers);
      } catch {
        return;
      }
      if (answer.status === 503 || answer.status >= 500) return;
      if (answer.status >= 300)
        throw new Error(`${step.method} ${step.path}: ${answer.status} ${answer.text.slice(0, 300)}`);
      if (answer.status === 207 && !/HTTP\/1\.1 200/.test(answer.text))
        throw new Error(`${step.method} ${step.path}: ${answer.text.slice(0, 300)}`);
      this.#state = new Map(step.next(answer.headers.etag));
      this.#next = undefined;
      this.#acknowledged++;
    }
  }

  /** Compares a server with what was acknowledged; afterwards its state is the truth to go on from. */
  async check(port: number): Promise<string[]> {
    this.#connection?.close();
    const connection = new Connection(port, this.#person);
    try {
      const { actual, faults } = await this.#read(connection);
      const candidates = this.#next === undefined ? [this.#state] : [this.#state, this.#next];
      const found = candidates.map((candidate) => differences(candidate, actual));
      const nearest = found.reduce((best, list) => (list.length < best.length ? list : best));
      faults.push(...nearest, ...(await this.#checkSync(connection, actual)));
      this.#state = actual;
      this.#next = undefined;
      return faults.map((fault) => `writer ${this.#number}: ${fault}`);
    } finally {
      connection.close();
    }
  }

  #chooseStep() {
    const collections = [...this.#state.keys()].filter((path) => path.endsWith('/'));
    const members = [...this.#state.keys()].filter((path) => !path.endsWith('/'));
    const chosen = <T>(list: readonly T[]) => list[Math.floor(this.#random() * list.length)] as T;
    if (collections.length < 2) return this.#makeCollection();
    const dice = this.#random();
    const full = members.length >= this.#most;
    if (members.length < 4 || (dice < 0.4 && !full)) return this.#put(this.#freshPath(chosen(collections)), undefined);
    if (dice < 0.6) {
      const path = chosen(members);
      return this.#put(path, this.#state.get(path));
    }
    if (dice < 0.75 || (dice < 0.86 && full)) return this.#remove(chosen(members));
    if (dice < 0.86) return this.#move(chosen(members), this.#freshPath(chosen(collections)));
    if (dice < 0.98 || collections.length >= 6) return this.#annotate(chosen([...members, ...collections]));
    return this.#makeCollection();
  }

  #freshPath(collection: string): string {
    return `${collection}m${this.#number}-${this.#serial++}.${this.#cards ? 'vcf' : 'ics'}`;
  }

  #with(change: (state: Map<string, Member>) => void): State {
    const state = new Map(this.#state);
    change(state);
    return state;
  }

  #makeCollection() {
    const path = `${this.#home}oracle-${this.#number}-${this.#collections++}/`;
    return {
      method: this.#cards ? 'MKCOL' : 'MKCALENDAR',
      path,
      body: this.#cards
        ? `<mkcol xmlns="DAV:" xmlns:A="${ADDRESS_BOOK}"><set><prop><resourcetype><collection/><A:addressbook/></resourcetype></prop></set></mkcol>`
        : `<C:mkcalendar xmlns="DAV:" xmlns:C="${CALENDAR}"><set><prop><displayname>Oracle</displayname></prop></set></C:mkcalendar>`,
      headers: { 'content-type': 'application/xml' },
      next: () => this.#with((state) => state.set(path, { body: '', etag: undefined, note: undefined })),
    };
  }

  #put(path: string, before: Member | undefined) {
    const index = this.#number * 1_000_000 + this.#serial++;
    // A changed object keeps its UID.
    const kept = before === undefined ? undefined : /^UID:(\S+)/m.exec(before.body)?.[1];
    const made = this.#cards ? card(index) : event(index);
    const body = kept === undefined ? made : made.replace(uidOf(index), kept);
    return {
      method: 'PUT',
      path,
      body,
      headers: {
        'content-type': this.#cards ? 'text/vcard' : 'text/calendar',
        ...(before === undefined
          ? { 'if-none-match': '*' }
          : before.etag === undefined
            ? {}
            : { 'if-match': before.etag }),
      } as Record<string, string>,
      next: (etag: string | undefined) => this.#with((state) => state.set(path, { body, etag, note: before?.note })),
    };
  }

  #remove(path: string) {
    return {
      method: 'DELETE',
      path,
      body: '',
      headers: {},
      next: () => this.#with((state) => state.delete(path)),
    };
  }

  #move(path: string, to: string) {
    const member = this.#state.get(path) as Member;
    return {
      method: 'MOVE',
      path,
      body: '',
      headers: { destination: to, overwrite: 'F' },
      next: () =>
        this.#with((state) => {
          state.delete(path);
          state.set(to, { ...member, etag: undefined });
        }),
    };
  }

  #annotate(path: string) {
    const note = `note ${this.#serial++}`;
    const member = this.#state.get(path) as Member;
    return {
      method: 'PROPPATCH',
      path,
      body: `<propertyupdate xmlns="DAV:" xmlns:O="${OURS}"><set><prop><O:note>${note}</O:note></prop></set></propertyupdate>`,
      headers: { 'content-type': 'application/xml' },
      next: () => this.#with((state) => state.set(path, { ...member, note })),
    };
  }

  async #list(connection: Connection, path: string) {
    const answer = await connection.request('PROPFIND', path, LIST, { depth: '1', 'content-type': 'application/xml' });
    if (answer.status !== 207) throw new Error(`PROPFIND ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
    return multistatus(answer);
  }

  /** Everything the server shows in this writer's collections, each member also fetched by itself. */
  async #read(connection: Connection): Promise<{ actual: Map<string, Member>; faults: string[] }> {
    const actual = new Map<string, Member>();
    const faults: string[] = [];
    const uids = new Map<string, string>();
    const home = await this.#list(connection, this.#home);
    const mine = [...home.members].filter(([path]) => path.startsWith(`${this.#home}oracle-${this.#number}-`));
    for (const [collection, shown] of mine) {
      actual.set(collection, { body: '', etag: undefined, note: shown.note });
      const { members, doubled } = await this.#list(connection, collection);
      faults.push(...doubled.map((path) => `${path} is listed twice`));
      for (const [path, listed] of members) {
        if (path === collection) continue;
        const got = await connection.request('GET', path);
        if (got.status !== 200) {
          faults.push(`${path} is listed, and GET answers ${got.status}`);
          continue;
        }
        if (got.headers.etag !== listed.etag)
          faults.push(`${path} has ETag ${listed.etag} in the list and ${got.headers.etag} alone`);
        const uid = /^UID:(\S+)/m.exec(got.text)?.[1] ?? 'none';
        const twin = uids.get(`${collection} ${uid}`);
        if (twin !== undefined) faults.push(`${path} and ${twin} are the same object`);
        uids.set(`${collection} ${uid}`, path);
        actual.set(path, { body: got.text, etag: listed.etag, note: listed.note });
      }
    }
    return { actual, faults };
  }

  async #sync(connection: Connection, path: string, token: string): Promise<ReturnType<typeof multistatus>> {
    const all: ReturnType<typeof multistatus> = { members: new Map(), doubled: [], token };
    for (let page = 0; page < 100; page++) {
      const answer = await connection.request('REPORT', path, syncBody(all.token ?? ''), {
        depth: '0',
        'content-type': 'application/xml',
      });
      if (answer.status !== 207) throw new Error(`sync of ${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
      const one = multistatus(answer);
      all.token = one.token;
      for (const [href, listed] of one.members) if (href !== path) all.members.set(href, listed);
      if (one.members.get(path)?.status !== 507) return all;
    }
    throw new Error(`sync of ${path} has no end`);
  }

  async #noteTokens(connection: Connection): Promise<void> {
    this.#known = [];
    for (const path of this.#state.keys()) {
      if (!path.endsWith('/')) continue;
      const { members, token = '' } = await this.#sync(connection, path, '');
      this.#known.push({ path, token, etags: new Map([...members].map(([href, { etag }]) => [href, etag])) });
    }
  }

  /** The list as of the noted token, with the changes since then, must be the present list (RFC 6578 §3.4). */
  async #checkSync(connection: Connection, actual: State): Promise<string[]> {
    const faults: string[] = [];
    for (const { path, token, etags } of this.#known) {
      if (!actual.has(path)) continue;
      let changes: ReturnType<typeof multistatus>;
      try {
        changes = await this.#sync(connection, path, token);
      } catch (error) {
        faults.push(String(error));
        continue;
      }
      const model = new Map(etags);
      for (const [href, { status, etag }] of changes.members) {
        if (status === 404) model.delete(href);
        else model.set(href, etag);
      }
      const present = [...actual].filter(([href]) => href.startsWith(path) && href !== path);
      for (const [href, { etag }] of present)
        if (model.get(href) !== etag)
          faults.push(`sync from before says ${model.get(href)} for ${href}, which is ${etag}`);
      for (const href of model.keys()) if (!actual.has(href)) faults.push(`sync from before still has ${href}`);
    }
    return faults;
  }
}

/** What is wrong with `actual` if `expected` was acknowledged. */
function differences(expected: State, actual: State): string[] {
  const faults: string[] = [];
  for (const [path, member] of expected) {
    const found = actual.get(path);
    if (found === undefined) faults.push(`${path} was acknowledged and is lost`);
    else {
      if (found.body !== member.body) faults.push(`${path} holds other octets than were acknowledged`);
      if (member.etag !== undefined && found.etag !== member.etag)
        faults.push(`${path} has ETag ${found.etag} and ${member.etag} was acknowledged`);
      if (found.note !== member.note)
        faults.push(`${path} has the property "${found.note}" and "${member.note}" was acknowledged`);
    }
  }
  for (const path of actual.keys()) if (!expected.has(path)) faults.push(`${path} is there and should not be`);
  return faults;
}
