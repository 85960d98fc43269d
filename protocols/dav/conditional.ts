/**
 * Conditional requests: the headers as one precondition, which services ask again inside their transaction.
 * RFC 6638 §8.1, §8.3 (Schedule-Reply, If-Schedule-Tag-Match), RFC 9110 §13 (If-Match, If-None-Match, If-Unmodified-Since, If-Modified-Since), RFC 4918 §10.4 (If).
 * Lock tokens never match: there are no locks. Elsewhere: Prefer (properties.ts).
 */
import type { Precondition, WriteRequest } from '../../src/collections/members.ts';
import { DomainError } from '../../src/errors.ts';
import type { Exchange } from './contract.ts';
import { badRequest } from './dav-error.ts';
import { resolve, splitPath } from './paths.ts';

/** What conditions look at. Collections exist without an ETag. */
interface State {
  readonly exists: boolean;
  readonly etag?: string;
  readonly modifiedAt?: number;
}

const NO_CONDITION: Precondition = () => {};

/**
 * The precondition that the headers of a request put on the resource at its URL.
 * Other resources, named by tagged lists of If, are looked up now.
 * @throws DavError 400 when If cannot be read
 */
export async function preconditionOf(exchange: Exchange, method: 'read' | 'write' = 'write'): Promise<Precondition> {
  const { headers } = exchange.request;
  const match = headers['if-match'];
  // RFC 9110 §13.2.2: of GET and HEAD it makes a 304, see isNotModified.
  const noneMatch = method === 'read' ? undefined : headers['if-none-match'];
  const unmodified = headers['if-unmodified-since'];
  const lists = headers.if;
  const tag = method === 'read' ? undefined : headers['if-schedule-tag-match'];
  if (
    match === undefined &&
    noneMatch === undefined &&
    unmodified === undefined &&
    lists === undefined &&
    tag === undefined
  )
    return NO_CONDITION;
  const productions = lists === undefined ? undefined : await resolveLists(exchange, String(lists));
  return (member) => {
    const state: State = { exists: member !== undefined, etag: member?.etag, modifiedAt: member?.modifiedAt };
    // RFC 6638 §8.3: what has no Schedule-Tag matches none.
    if (tag !== undefined && !matchesAny(String(tag), { exists: state.exists, etag: scheduleTagOf(member) }, false))
      throw refused();
    if (match !== undefined && !matchesAny(match, state, false)) throw refused();
    if (match === undefined && unmodified !== undefined && !unmodifiedSince(unmodified, state)) throw refused();
    if (noneMatch !== undefined && matchesAny(noneMatch, state, true)) throw refused();
    if (productions !== undefined && !productions.some((list) => holds(list, state))) throw refused();
  };
}

function scheduleTagOf(member: object | undefined): string | undefined {
  const tag = member !== undefined && 'scheduleTag' in member ? member.scheduleTag : undefined;
  return typeof tag === 'string' ? tag : undefined;
}

/** What a request says of a write beside its conditions. */
export function writeRequestOf({ viewer, request }: Exchange): WriteRequest {
  const { headers } = request;
  return {
    viewer,
    keepAnswers: headers['if-schedule-tag-match'] !== undefined,
    // RFC 6638 §8.1: only F means no.
    reply:
      String(headers['schedule-reply'] ?? 'T')
        .trim()
        .toUpperCase() !== 'F',
  };
}

/** For collections: they exist and have no ETag. @throws DomainError etag-mismatch */
export async function checkCollection(exchange: Exchange): Promise<void> {
  const check = await preconditionOf(exchange);
  check({ id: 0, collectionId: 0, name: '', etag: '', size: 0, modseq: 0, createdAt: 0, modifiedAt: 0 });
}

/** Whether GET or HEAD answers 304 (RFC 9110 §13.2.2). */
export function isNotModified({ request }: Exchange, etag: string, modifiedAt: number): boolean {
  const noneMatch = request.headers['if-none-match'];
  if (noneMatch !== undefined) return matchesAny(noneMatch, { exists: true, etag }, true);
  const since = request.headers['if-modified-since'];
  return since !== undefined && unmodifiedSince(since, { exists: true, modifiedAt });
}

function refused(): DomainError {
  return new DomainError('etag-mismatch', 'The resource is not in the state that the request expects.');
}

/** RFC 9110 §13.1.1 and §13.1.2: strong comparison for If-Match, weak for If-None-Match. */
function matchesAny(header: string, state: State, weak: boolean): boolean {
  if (header.trim() === '*') return state.exists;
  if (!state.exists || !state.etag) return false;
  for (const [, isWeak, etag] of header.matchAll(/(W\/)?"([^"]*)"/g)) {
    if (etag === state.etag && (weak || isWeak === undefined)) return true;
  }
  return false;
}

/** RFC 9110 §13.1.4: a date that cannot be read is ignored. */
function unmodifiedSince(header: string, { modifiedAt }: State): boolean {
  const at = Date.parse(header);
  return Number.isNaN(at) || modifiedAt === undefined || Math.floor(modifiedAt / 1000) * 1000 <= at;
}

interface Condition {
  readonly not: boolean;
  /** undefined: a state token, which never matches. */
  readonly etag: string | undefined;
}

interface List {
  /** The URL of a tagged list. */
  readonly tag: string | undefined;
  readonly conditions: readonly Condition[];
}

interface Production {
  readonly conditions: readonly Condition[];
  /** The state of another resource; undefined: that of the resource at the request's URL. */
  readonly of: State | undefined;
}

function holds({ conditions, of }: Production, current: State): boolean {
  const state = of ?? current;
  return conditions.every(({ not, etag }) => (etag !== undefined && state.etag === etag) !== not);
}

async function resolveLists(exchange: Exchange, header: string): Promise<Production[]> {
  const own = splitPath(exchange.request.url).join('/');
  const productions: Production[] = [];
  for (const { tag, conditions } of parseIf(header)) {
    const path = tag === undefined ? undefined : tag.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
    if (path === undefined || splitPath(path).join('/') === own) {
      productions.push({ conditions, of: undefined });
      continue;
    }
    const { resource } = await resolve(exchange.server, exchange.viewer, path);
    const etag = resource?.kind === 'member' ? resource.member.etag : undefined;
    productions.push({ conditions, of: { exists: resource !== undefined, etag } });
  }
  return productions;
}

/** Lists of one If header; more would only be sent to keep the server busy. */
const MAX_LISTS = 100;

/**
 * The grammar of RFC 4918 §10.4.2, exported for its test.
 * @throws DavError 400
 */
export function parseIf(header: string): List[] {
  const lists: List[] = [];
  let at = 0;
  let tag: string | undefined;
  const space = () => {
    while (header[at] === ' ' || header[at] === '\t') at++;
  };
  const until = (end: string): string => {
    const close = header.indexOf(end, at + 1);
    if (close < 0) throw badRequest('The If header cannot be read.');
    const inside = header.slice(at + 1, close);
    at = close + 1;
    return inside;
  };
  for (space(); at < header.length; space()) {
    if (header[at] === '<') {
      tag = until('>');
      space();
    }
    if (header[at] !== '(') throw badRequest('The If header cannot be read.');
    at++;
    const conditions: Condition[] = [];
    for (space(); header[at] !== ')'; space()) {
      const not = header.slice(at, at + 3).toLowerCase() === 'not';
      if (not) {
        at += 3;
        space();
      }
      if (header[at] === '<') {
        until('>');
        conditions.push({ not, etag: undefined });
      } else if (header[at] === '[') {
        // A weak tag never matches strongly, so it is kept with its prefix.
        const inside = until(']').trim();
        conditions.push({ not, etag: /^"[^"]*"$/.test(inside) ? inside.slice(1, -1) : undefined });
      } else throw badRequest('The If header cannot be read.');
    }
    at++;
    if (conditions.length === 0 || lists.length >= MAX_LISTS) throw badRequest('The If header cannot be read.');
    lists.push({ tag, conditions });
  }
  if (lists.length === 0) throw badRequest('The If header is empty.');
  return lists;
}
