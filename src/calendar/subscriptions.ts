/**
 * Subscribed calendars: calendars of other servers, fetched once for everybody who subscribed, on a schedule of each source,
 * and shown as read-only calendars to every client.
 * The last good copy stays when a source fails; its state says why.
 * Elsewhere: the one HTTP client (protocols/http-client.ts), taking the text apart (remote-calendar.ts), bringing calendars
 * up to date (subscribed-objects.ts), tables (storage/sources.ts).
 */
import { hash } from 'node:crypto';
import type { CalendarColumns, SourceRow, Store } from '../../storage/store.ts';
import type { AuditLog } from '../administration/audit-log.ts';
import { addCollection } from '../collections/collections.ts';
import type { NewProperty } from '../collections/kept-properties.ts';
import { displayNameXml } from '../collections/property-text.ts';
import { DomainError } from '../errors.ts';
import { FetchError, type Fetcher } from '../fetching.ts';
import type { Job } from '../jobs.ts';
import type { Principal } from '../principals/access.ts';
import { CALENDAR_COMPONENTS, calendarColumns } from './calendars.ts';
import { type RemoteCalendar, readRemoteCalendar } from './remote-calendar.ts';
import { SubscribedObjects } from './subscribed-objects.ts';
import { findTimeZone } from './time-zones.ts';

export interface NewSubscription {
  readonly url: string;
  /** Default: what the calendar calls itself. */
  readonly name?: string;
  /** Segment in the owner's home; default: made of the name. */
  readonly segment?: string;
  /** Minutes between two fetches, from 15 to a week; default: what the source asks for. */
  readonly everyMinutes?: number;
}

/** A subscription as its owner sees it. */
export interface Subscription {
  readonly id: number;
  readonly segment: string;
  readonly url: string;
  readonly everyMinutes: number;
  /** Of the last good answer, and of the last one that was different. */
  readonly fetchedAt: number | null;
  readonly changedAt: number | null;
  readonly nextFetchAt: number;
  readonly failures: number;
  /** Why the last fetch failed; '' when it did not. */
  readonly error: string;
}

const MINUTE = 60_000;
const LEAST_MS = 15 * MINUTE;
const MOST_MS = 7 * 24 * 60 * MINUTE;
const DEFAULT_MS = 60 * MINUTE;
const PER_ACCOUNT = 100;
/** Sources of one turn. */
const SOURCES_AT_ONCE = 20;
const ACCEPT = 'text/calendar, text/plain;q=0.5, */*;q=0.1';

export class Subscriptions {
  private readonly store: Store;
  private readonly fetcher: Fetcher;
  private readonly audit: AuditLog;
  private readonly now: () => number;
  private readonly objects: SubscribedObjects;

  constructor(store: Store, fetcher: Fetcher, audit: AuditLog, now: () => number) {
    this.store = store;
    this.fetcher = fetcher;
    this.audit = audit;
    this.now = now;
    this.objects = new SubscribedObjects(store, now);
  }

  /**
   * Subscribes: the source is fetched first, so that a wrong URL is told at once.
   * @throws DomainError invalid-data for what cannot be fetched or is no calendar; limit-exceeded; already-exists
   */
  async add(owner: Principal, asked: NewSubscription): Promise<Subscription> {
    const url = sourceUrl(asked.url);
    if ((await this.list(owner)).some((one) => one.url === url))
      throw new DomainError('already-exists', 'This calendar is subscribed already.');
    const remote = await this.first(url);
    const name = asked.name ?? remote?.title ?? new URL(url).hostname;
    const segment = asked.segment ?? (await this.freeSegment(owner, name));
    await this.attach(owner, segment, url, {
      properties: [title(name), ...colour(remote?.colour)],
      columns: { timeZone: remote?.timeZone !== undefined && findTimeZone(remote.timeZone) ? remote.timeZone : '' },
      everyMs: bounded(asked.everyMinutes === undefined ? remote?.everyMs : asked.everyMinutes * MINUTE),
    });
    const source = await this.store.sources.byUrl(url);
    if (source !== undefined) await this.refresh(source);
    const made = (await this.list(owner)).find((one) => one.segment === segment);
    if (made === undefined) throw new DomainError('unavailable', 'The calendar went away while it was subscribed to.');
    return made;
  }

  /**
   * Makes a subscribed calendar whose source is fetched soon: what a client asks for with its own properties.
   * @throws DomainError invalid-data, limit-exceeded, already-exists
   */
  async attach(
    owner: Principal,
    segment: string,
    address: string,
    made: { properties: readonly NewProperty[]; columns?: Partial<CalendarColumns>; everyMs?: number },
  ): Promise<void> {
    const url = sourceUrl(address);
    if ((await this.list(owner)).length >= PER_ACCOUNT)
      throw new DomainError('limit-exceeded', `Nobody subscribes to more than ${PER_ACCOUNT} calendars.`, {
        limit: PER_ACCOUNT,
      });
    const columns = calendarColumns({ ...made.columns, components: CALENDAR_COMPONENTS.join(','), transparent: 1 });
    await this.store.transaction(async (write) => {
      const row = await addCollection(
        write,
        owner.id,
        'calendars',
        segment,
        { kind: 'calendar', columns, properties: made.properties },
        this.now(),
      );
      const known = await write.sources.byUrl(url);
      const id = known?.id ?? (await write.sources.add(url, made.everyMs ?? DEFAULT_MS, this.now()));
      // A new subscriber of a known source gets what there is with the next fetch, which must not be answered by 304.
      if (known !== undefined)
        await write.sources.update({ ...known, etag: '', lastModified: '', contentHash: '', nextFetchAt: this.now() });
      await write.sources.subscribe(row.id, id);
    });
    await this.audit.record({
      actor: owner.name,
      action: 'subscription.add',
      target: segment,
      details: { host: new URL(url).host },
    });
  }

  async list(owner: Principal): Promise<Subscription[]> {
    const found: Subscription[] = [];
    for (const row of await this.store.collections.home(owner.id, 'calendars')) {
      if (row.subscribed === 0 || row.accountId !== owner.id) continue;
      const source = await this.store.sources.ofCollection(row.id);
      if (source !== undefined) found.push(recordOf(row, source));
    }
    return found;
  }

  /** The URL a calendar is fetched from. */
  async sourceOf(collectionId: number): Promise<string | undefined> {
    return (await this.store.sources.ofCollection(collectionId))?.url;
  }

  /** Ends a subscription and takes its calendar away. @throws DomainError not-found */
  async remove(owner: Principal, id: number): Promise<void> {
    await this.requireOwn(owner, id);
    await this.store.transaction(async (write) => {
      await write.collections.remove(id, await write.accounts.nextModseq(owner.id, []));
    });
    await this.audit.record({ actor: owner.name, action: 'subscription.remove', target: `c${id}` });
  }

  /** Fetches now, whatever the schedule. @throws DomainError not-found */
  async refreshNow(owner: Principal, id: number): Promise<Subscription> {
    const { row, source } = await this.requireOwn(owner, id);
    await this.refresh(source);
    return recordOf(row, (await this.store.sources.get(source.id)) ?? source);
  }

  /** The job that fetches what is due. */
  get schedule(): Job {
    return {
      name: 'fetch-subscribed-calendars',
      everyMs: MINUTE,
      run: async (signal) => {
        await this.store.transaction((write) => write.sources.removeUnused());
        for (const source of await this.store.sources.due(this.now(), SOURCES_AT_ONCE)) {
          if (signal.aborted) return;
          await this.refresh(source, signal);
        }
      },
    };
  }

  /** Fetches one source and brings every calendar that shows it up to date. */
  async refresh(source: SourceRow, signal?: AbortSignal): Promise<void> {
    const { url, etag, lastModified } = source;
    try {
      const fetched = await this.fetcher.fetch({ url, etag, lastModified, accept: ACCEPT, signal });
      const now = this.now();
      const fine = { ...source, fetchedAt: now, nextFetchAt: now + source.everyMs, failures: 0, error: '' };
      if (fetched.kind === 'same') return await this.save(fine);
      const contentHash = hash('sha256', fetched.octets, 'base64url');
      const validators = { etag: fetched.etag, lastModified: fetched.lastModified, contentHash };
      if (contentHash === source.contentHash) return await this.save({ ...fine, ...validators });
      const remote = await readRemoteCalendar(fetched.octets);
      if (remote === undefined) throw new FetchError('failed', 'What the server sends is no calendar.');
      const { changed, refused } = await this.objects.bring(await this.store.sources.subscribers(source.id), remote);
      const notes = [
        remote.cut ? 'It is too large and was cut.' : '',
        refused > 0 ? `${refused} entries cannot be read.` : '',
      ];
      await this.save({
        ...fine,
        ...validators,
        changedAt: changed ? now : source.changedAt,
        error: notes.filter((one) => one !== '').join(' '),
      });
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof FetchError)) throw error;
      const failures = source.failures + 1;
      // 15 minutes, 30, 60 … up to a day; what is refused or gone is asked once a day.
      const wait =
        error.kind === 'failed'
          ? Math.min(LEAST_MS * 2 ** Math.min(failures - 1, 10), 24 * 60 * MINUTE)
          : 24 * 60 * MINUTE;
      await this.save({
        ...source,
        failures,
        error: error.message,
        nextFetchAt: this.now() + Math.max(wait, source.everyMs),
      });
    }
  }

  private save(row: SourceRow): Promise<void> {
    return this.store.transaction((write) => write.sources.update(row));
  }

  /** The first look at a source that nobody has subscribed to; what is known already needs none. */
  private async first(url: string): Promise<RemoteCalendar | undefined> {
    if ((await this.store.sources.byUrl(url)) !== undefined) return undefined;
    try {
      const fetched = await this.fetcher.fetch({ url, accept: ACCEPT });
      const remote = fetched.kind === 'octets' ? await readRemoteCalendar(fetched.octets) : undefined;
      if (remote !== undefined) return remote;
    } catch (error) {
      if (error instanceof FetchError) throw new DomainError('invalid-data', error.message);
      throw error;
    }
    throw new DomainError('invalid-data', 'What the server sends is no calendar.');
  }

  private async freeSegment(owner: Principal, name: string): Promise<string> {
    const stem =
      name
        .normalize('NFKD')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 40) || 'subscribed';
    for (let n = 1; ; n++) {
      const segment = n === 1 ? stem : `${stem}-${n}`;
      if ((await this.store.collections.bySegment(owner.id, 'calendars', segment)) === undefined) return segment;
    }
  }

  private async requireOwn(owner: Principal, id: number) {
    const row = await this.store.collections.get(id);
    const source = row?.accountId === owner.id ? await this.store.sources.ofCollection(id) : undefined;
    if (row === undefined || source === undefined) throw new DomainError('not-found', 'There is no such subscription.');
    return { row, source };
  }
}

/** http(s) of what people paste: webcal and webcals too. @throws DomainError invalid-data */
export function sourceUrl(text: string): string {
  const url = text.trim().replace(/^webcals?:\/\//i, (scheme) => (/^webcals/i.test(scheme) ? 'https://' : 'http://'));
  if (url.length > 2_000 || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new DomainError('invalid-data', 'Only http, https and webcal URLs can be subscribed to.');
  const { href } = new URL(url);
  return href.replace(/#.*$/s, '');
}

function recordOf(row: { id: number; segment: string }, source: SourceRow): Subscription {
  const { url, everyMs, fetchedAt, changedAt, nextFetchAt, failures, error } = source;
  const everyMinutes = Math.round(everyMs / MINUTE);
  return { id: row.id, segment: row.segment, url, everyMinutes, fetchedAt, changedAt, nextFetchAt, failures, error };
}

function bounded(everyMs: number | undefined): number {
  return Math.min(Math.max(everyMs ?? DEFAULT_MS, LEAST_MS), MOST_MS);
}

function title(name: string): NewProperty {
  return { namespace: 'DAV:', name: 'displayname', xml: displayNameXml(name), scope: 'personal' };
}

function colour(value: string | undefined): NewProperty[] {
  if (value === undefined || !/^#[0-9a-f]{6}$/i.test(value)) return [];
  const namespace = 'http://apple.com/ns/ical/';
  return [
    {
      namespace,
      name: 'calendar-color',
      xml: `<calendar-color xmlns="${namespace}">${value}</calendar-color>`,
      scope: 'personal',
    },
  ];
}
