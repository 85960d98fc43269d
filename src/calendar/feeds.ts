/**
 * Published calendars: links that show a calendar to whoever has them, at a level of detail, until they expire or are revoked.
 * RFC 7986 §5 (NAME, DESCRIPTION, REFRESH-INTERVAL, COLOR), RFC 5545 §3.7.2 (METHOD).
 * The secret of a link is 128 random bits and stored as a hash: it is shown once. A link that was rotated, revoked or has
 * expired is 'gone'; one that never was is 'not-found'.
 * Elsewhere: what of an object is shown (published-components.ts), the wire (protocols/feeds).
 */
import { hash, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { BoundCollectionRow, FeedFetchRow, FeedLevel, FeedRow, Store } from '../../storage/store.ts';
import type { AuditLog } from '../administration/audit-log.ts';
import { propertyText } from '../collections/property-text.ts';
import { DomainError } from '../errors.ts';
import { ALL_RIGHTS, type Principal } from '../principals/access.ts';
import type { FreeBusy } from '../scheduling/free-busy.ts';
import { nearestColourName } from './colour-names.ts';
import { encodeText, foldLine } from './content.ts';
import { DAY } from './date-time.ts';
import { printInstant } from './date-values.ts';
import { parseCalendarObject } from './icalendar.ts';
import { PublishedZones, publishedComponents } from './published-components.ts';
import { findTimeZone, timeZoneVersion } from './time-zones.ts';
import { printVtimezone } from './vtimezone-printing.ts';

export const FEED_LEVELS: readonly FeedLevel[] = ['full', 'titles-hidden', 'busy'];

export interface NewFeed {
  /** Segment of a calendar in the owner's home. */
  readonly calendar: string;
  readonly level: FeedLevel;
  readonly name?: string;
  readonly expiresAt?: number | null;
}

/** A feed as its owner sees it. */
export interface FeedRecord {
  readonly id: number;
  readonly name: string;
  readonly calendar: string;
  readonly level: FeedLevel;
  readonly state: 'open' | 'expired' | 'revoked';
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly fetches: number;
}

/** With the path of its link, which cannot be told again. */
export interface NewLink extends FeedRecord {
  readonly path: string;
}

/** A feed that is about to be read. */
export interface OpenFeed {
  readonly feed: FeedRow;
  readonly collection: BoundCollectionRow;
  readonly owner: Principal;
  readonly title: string;
  /** Unquoted; strong: the same tag is the same octets. */
  readonly etag: string;
  readonly modifiedAt: number;
}

const MAX_PER_ACCOUNT = 200;
const MAX_NAME = 100;
const KEPT_FETCHES = 200;
const OBJECTS_AT_ONCE = 100;
/** Milliseconds of printing between two yields. */
const SLICE = 10;
/** What a link that tells busy times only covers: before and after the day it is asked on. */
const BUSY_BEFORE = 31 * DAY;
const BUSY_AFTER = 366 * DAY;
/** Moves with what this file prints, so that fetchers notice. */
const FORMAT = 1;

export class Feeds {
  private readonly store: Store;
  private readonly freeBusy: FreeBusy;
  private readonly audit: AuditLog;
  private readonly now: () => number;

  constructor(store: Store, freeBusy: FreeBusy, audit: AuditLog, now: () => number) {
    this.store = store;
    this.freeBusy = freeBusy;
    this.audit = audit;
    this.now = now;
  }

  /**
   * Publishes a calendar of the owner.
   * @param actor who asks, for the audit log
   * @throws DomainError not-found, invalid-data, limit-exceeded
   */
  async create(owner: Principal, made: NewFeed, actor = owner.name): Promise<NewLink> {
    const collection = await this.store.collections.bySegment(owner.id, 'calendars', made.calendar);
    if (collection?.accountId !== owner.id) throw new DomainError('not-found', 'There is no such calendar to publish.');
    const expiresAt = made.expiresAt ?? null;
    if (expiresAt !== null && !(expiresAt > this.now()))
      throw new DomainError('invalid-data', 'A link must expire in the future.');
    if (!FEED_LEVELS.includes(made.level))
      throw new DomainError('invalid-data', `The level is one of ${FEED_LEVELS.join(', ')}.`);
    const name = checkedName(made.name ?? '');
    const token = newToken();
    const id = await this.store.transaction(async (write) => {
      if ((await write.feeds.list(owner.id)).filter((feed) => feed.revokedAt === null).length >= MAX_PER_ACCOUNT)
        throw new DomainError('limit-exceeded', `One person has at most ${MAX_PER_ACCOUNT} links.`);
      const id = await write.feeds.add({
        accountId: owner.id,
        collectionId: collection.id,
        name,
        level: made.level,
        createdAt: this.now(),
        expiresAt,
      });
      await write.feeds.addToken(id, tokenHash(token));
      return id;
    });
    await this.audit.record({ actor, action: 'feed.create', target: `f${id}`, details: { level: made.level } });
    return this.link(owner, id, token);
  }

  /** The links of an owner, in order of their making. */
  async list(owner: Principal): Promise<FeedRecord[]> {
    const records: FeedRecord[] = [];
    for (const feed of await this.store.feeds.list(owner.id)) records.push(await this.record(feed));
    return records;
  }

  /** Gives a link another name, level or end. @throws DomainError not-found, gone, invalid-data */
  async change(
    owner: Principal,
    id: number,
    changes: Partial<Pick<FeedRow, 'name' | 'level' | 'expiresAt'>>,
    actor = owner.name,
  ): Promise<FeedRecord> {
    const feed = await this.own(owner, id);
    const { name = feed.name, level = feed.level, expiresAt = feed.expiresAt } = changes;
    if (!FEED_LEVELS.includes(level)) throw new DomainError('invalid-data', 'There is no such level.');
    await this.store.transaction((write) => write.feeds.update({ id, name: checkedName(name), level, expiresAt }));
    await this.audit.record({ actor, action: 'feed.change', target: `f${id}`, details: { level } });
    return this.record(await this.own(owner, id));
  }

  /** Replaces the secret of a link; who has the old one is told that it is gone. @throws DomainError not-found, gone */
  async rotate(owner: Principal, id: number, actor = owner.name): Promise<NewLink> {
    await this.own(owner, id);
    const token = newToken();
    await this.store.transaction(async (write) => {
      await write.feeds.retireTokens(id, this.now());
      await write.feeds.addToken(id, tokenHash(token));
    });
    await this.audit.record({ actor, action: 'feed.rotate', target: `f${id}` });
    return this.link(owner, id, token);
  }

  /** Ends a link for good. @throws DomainError not-found, gone */
  async revoke(owner: Principal, id: number, actor = owner.name): Promise<void> {
    await this.own(owner, id);
    await this.store.transaction((write) => write.feeds.revoke(id, this.now()));
    await this.audit.record({ actor, action: 'feed.revoke', target: `f${id}` });
  }

  /** Who fetched a link lately, the newest first. @throws DomainError not-found */
  async fetches(owner: Principal, id: number): Promise<FeedFetchRow[]> {
    const feed = await this.store.feeds.get(id);
    if (feed?.accountId !== owner.id) throw notFound();
    return this.store.feeds.fetches(id, KEPT_FETCHES);
  }

  /** The feed behind a secret. @throws DomainError not-found, gone */
  async open(token: string): Promise<OpenFeed> {
    const found = await this.store.feeds.byToken(tokenHash(token));
    if (found === undefined) throw notFound();
    const { retiredAt, ...feed } = found;
    const collection = await this.store.collections.get(feed.collectionId);
    const owner = await this.store.principals.get(feed.accountId);
    if (retiredAt !== null || this.stateOf(feed) !== 'open' || collection === undefined || owner === undefined)
      throw new DomainError('gone', 'This calendar is not published any more.');
    const properties = await this.store.properties.list('collection', collection.id, owner.id);
    const title = propertyText(properties, 'DAV:', 'displayname') || collection.segment;
    const seenAt = await this.lastChange(feed, collection);
    const day = Math.floor(this.now() / DAY);
    const modifiedAt = feed.level === 'busy' ? Math.max(seenAt, day * DAY) : seenAt;
    const facts = [FORMAT, feed.id, feed.level, collection.id, collection.modseq, timeZoneVersion(), title];
    if (feed.level === 'busy') facts.push(day);
    // The rules of time zones are those of the year.
    facts.push(new Date(this.now()).getUTCFullYear());
    const etag = hash('sha256', JSON.stringify(facts), 'base64url').slice(0, 22);
    return { feed, collection, owner: { ...owner, addresses: [] }, title, etag, modifiedAt };
  }

  /** Notes that somebody fetched what is behind a secret, or asked for it in vain; the answer does not wait for it. */
  noteFetch(token: string, fetch: Omit<FeedFetchRow, 'id' | 'at'>): void {
    const row = { ...fetch, client: fetch.client.slice(0, 200), at: this.now() };
    const note = async () => {
      const feed = await this.store.feeds.byToken(tokenHash(token));
      if (feed !== undefined) await this.store.transaction((write) => write.feeds.addFetch(feed.id, row, KEPT_FETCHES));
    };
    note().catch(() => {});
  }

  /** The iCalendar text of a feed, in pieces. What changes while it is read is left for the next fetch. */
  async *content(open: OpenFeed): AsyncGenerator<string> {
    yield await this.head(open);
    if (open.feed.level === 'busy') yield* this.busy(open);
    else yield* this.objects(open);
    yield 'END:VCALENDAR\r\n';
  }

  private async head({ collection, owner, title }: OpenFeed): Promise<string> {
    const properties = await this.store.properties.list('collection', collection.id, owner.id);
    const description = propertyText(properties, 'urn:ietf:params:xml:ns:caldav', 'calendar-description');
    const colour = /^#[0-9a-f]{6}/i.exec(propertyText(properties, 'http://apple.com/ns/ical/', 'calendar-color'))?.[0];
    const zone = findTimeZone(collection.timeZone)?.id;
    const lines = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Convene//Convene//EN',
      'CALSCALE:GREGORIAN',
      'METHOD:PUBLISH',
      `NAME:${encodeText(title)}`,
      `X-WR-CALNAME:${encodeText(title)}`,
      ...(description === ''
        ? []
        : [`DESCRIPTION:${encodeText(description)}`, `X-WR-CALDESC:${encodeText(description)}`]),
      ...(zone === undefined ? [] : [`X-WR-TIMEZONE:${zone}`]),
      ...(colour === undefined ? [] : [`COLOR:${nearestColourName(colour)}`, `X-APPLE-CALENDAR-COLOR:${colour}`]),
      'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
      'X-PUBLISHED-TTL:PT1H',
    ];
    return lines.map(foldLine).join('');
  }

  /** Objects in the order of their last change; each zone once, before the first that uses it. */
  private async *objects({ feed, collection }: OpenFeed): AsyncGenerator<string> {
    const zones = new PublishedZones();
    let after = { modseq: 0, memberId: 0 };
    let slice = performance.now();
    for (;;) {
      const page = (await this.store.calendarObjects.page(collection.id, after, OBJECTS_AT_ONCE)).filter(
        ({ modseq }) => modseq <= collection.modseq,
      );
      const last = page.at(-1);
      if (last === undefined) return;
      after = { modseq: last.modseq, memberId: last.id };
      const data = new Map(
        (await this.store.calendarObjects.dataOf(page.map(({ id }) => id))).map((row) => [row.id, row]),
      );
      let text = '';
      for (const { id } of page) {
        const row = data.get(id);
        if (row === undefined) continue;
        const publication = {
          titlesHidden: feed.level !== 'full',
          zones,
          salt: `f${feed.id}`,
          modifiedAt: row.modifiedAt,
        };
        const components = publishedComponents(parseCalendarObject(row.data), publication);
        for (const { tzid, zone } of zones.takeNew()) text += printVtimezone(tzid, zone, this.now());
        text += components;
        if (performance.now() - slice > SLICE) {
          await setImmediate();
          slice = performance.now();
        }
      }
      yield text;
    }
  }

  private async *busy({ feed, collection, owner, modifiedAt }: OpenFeed): AsyncGenerator<string> {
    const today = Math.floor(this.now() / DAY) * DAY;
    const calendar = { ...collection, owner, rights: ALL_RIGHTS };
    const periods = await this.freeBusy.periods([calendar], { from: today - BUSY_BEFORE, until: today + BUSY_AFTER });
    let text = '';
    for (const { from, until, type } of periods) {
      const tentative = type === 'BUSY-TENTATIVE';
      text +=
        `BEGIN:VEVENT\r\nUID:${feed.id}-${from / 1000}-${until / 1000}@convene\r\nDTSTAMP:${printInstant(modifiedAt)}\r\n` +
        `SEQUENCE:0\r\nDTSTART:${printInstant(from)}\r\nDTEND:${printInstant(until)}\r\n` +
        `SUMMARY:${tentative ? 'Tentative' : 'Busy'}\r\nSTATUS:${tentative ? 'TENTATIVE' : 'CONFIRMED'}\r\n` +
        'TRANSP:OPAQUE\r\nEND:VEVENT\r\n';
      if (text.length > 32_768) {
        yield text;
        text = '';
      }
    }
    if (text !== '') yield text;
  }

  /** When the calendar changed last: its newest object says, or else whoever asks first afterwards notes it. */
  private async lastChange(feed: FeedRow, collection: BoundCollectionRow): Promise<number> {
    if (feed.seenModseq === collection.modseq) return feed.seenAt;
    const [newest] = await this.store.calendarObjects.page(
      collection.id,
      { modseq: collection.modseq - 1, memberId: Number.MAX_SAFE_INTEGER },
      1,
    );
    const at = Math.max(
      newest?.modseq === collection.modseq ? newest.modifiedAt : this.now(),
      feed.seenModseq === 0 ? 0 : feed.seenAt,
    );
    await this.store.transaction((write) => write.feeds.seen(feed.id, collection.modseq, at));
    return at;
  }

  private async own(owner: Principal, id: number): Promise<FeedRow> {
    const feed = await this.store.feeds.get(id);
    if (feed?.accountId !== owner.id) throw notFound();
    if (feed.revokedAt !== null) throw new DomainError('gone', 'This link has been revoked.');
    return feed;
  }

  private async link(owner: Principal, id: number, token: string): Promise<NewLink> {
    const record = await this.record(await this.own(owner, id));
    return { ...record, path: `/feeds/${token}/${fileName(record.calendar)}.ics` };
  }

  private async record(feed: FeedRow): Promise<FeedRecord> {
    const { id, name, level, createdAt, expiresAt, fetches } = feed;
    const calendar = (await this.store.collections.get(feed.collectionId))?.segment ?? '';
    return { id, name, calendar, level, state: this.stateOf(feed), createdAt, expiresAt, fetches };
  }

  private stateOf({ revokedAt, expiresAt }: FeedRow): FeedRecord['state'] {
    if (revokedAt !== null) return 'revoked';
    return expiresAt !== null && expiresAt <= this.now() ? 'expired' : 'open';
  }
}

function newToken(): string {
  return randomBytes(16).toString('base64url');
}

function tokenHash(token: string): string {
  return hash('sha256', `feed ${token}`);
}

/** Only for the eye: the token alone says which calendar. */
function fileName(segment: string): string {
  return (
    segment
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 60) || 'calendar'
  );
}

function checkedName(name: string): string {
  if (name.length > MAX_NAME || /\p{Cc}/u.test(name))
    throw new DomainError('invalid-data', `A name has at most ${MAX_NAME} characters and no control characters.`);
  return name;
}

function notFound(): DomainError {
  return new DomainError('not-found', 'There is no such published calendar.');
}
