/**
 * Time zones for clients that keep none: a list, one as VTIMEZONE, its changes in a range.
 * RFC 7808 §4.1 (discovery), §5.1 to §5.4 (actions), §4.2.3 and §6 (JSON, errors). Public: it tells nothing about anybody.
 * The data is that of the platform, and its version names every answer. Programs written to the draft before the RFC find its
 * names too (dtstamp, error-code, `/observances/{tzid}`).
 * Elsewhere: VTIMEZONEs (src/calendar/vtimezone-text.ts).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { findTimeZone, timeZoneAliases, timeZoneNames, timeZoneVersion } from '../../src/calendar/time-zones.ts';
import { transitionsBetween, vtimezoneOf } from '../../src/calendar/vtimezone-text.ts';
import { ICALENDAR_CONTENT_TYPE } from './calendar-representation.ts';

export const TIME_ZONE_SERVICE = '/dav/stdtimezones';
const ACTIONS: readonly [name: string, template: string, parameters: readonly string[]][] = [
  ['capabilities', '/capabilities', []],
  ['list', '/zones{?changedsince}', ['changedsince']],
  ['get', '/zones{/tzid}{?start,end}', ['start', 'end']],
  ['expand', '/zones{/tzid}/observances{?start,end}', ['start', 'end']],
  ['find', '/zones{?pattern}', ['pattern']],
];
/** Years of changes that one answer may tell. */
const MAX_YEARS = 150;
const YEAR = 366 * 86_400_000;

/** A refusal of RFC 7808 §6.2. */
class Refusal extends Error {
  readonly status: number;
  readonly error: string;

  constructor(status: number, error: string) {
    super(error);
    this.status = status;
    this.error = error;
  }
}

export function timeZoneRoutes(fastify: FastifyInstance): void {
  const anonymous = { config: { anonymous: true }, exposeHeadRoute: false } as const;
  for (const end of ['', '/']) {
    fastify.route({
      ...anonymous,
      method: ['GET', 'HEAD', 'PROPFIND'],
      url: `/.well-known/timezone${end}`,
      handler: (request, reply) =>
        reply.code(301).header('location', `${request.publicOrigin}${TIME_ZONE_SERVICE}`).send(),
    });
  }
  for (const url of [TIME_ZONE_SERVICE, `${TIME_ZONE_SERVICE}/*`]) {
    fastify.route({ ...anonymous, method: ['GET', 'HEAD'], url, handler: answer });
    const others = fastify.supportedMethods.filter((method) => method !== 'GET' && method !== 'HEAD');
    fastify.route({
      ...anonymous,
      method: others,
      url,
      handler: (_request, reply) => reply.code(405).header('allow', 'GET, HEAD').send(),
    });
  }
}

async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const [path = '', query = ''] = request.url.split('?', 2);
  try {
    return dispatch(path.slice(TIME_ZONE_SERVICE.length), new URLSearchParams(query), reply);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return reply
      .code(error.status)
      .header('content-type', 'application/problem+json')
      .send(
        JSON.stringify({
          type: `urn:ietf:params:tzdist:error:${error.error}`,
          title: error.error.replaceAll('-', ' '),
          status: error.status,
          'error-code': error.error,
        }),
      );
  }
}

function dispatch(path: string, parameters: URLSearchParams, reply: FastifyReply): FastifyReply {
  const segments = segmentsOf(path);
  const [first, second, third] = segments;
  reply.header('cache-control', 'public, max-age=3600');
  if (first === 'capabilities' && segments.length === 1) return json(reply, capabilities());
  if (first === 'zones' && segments.length === 1) {
    return json(reply, parameters.has('pattern') ? find(parameters.getAll('pattern')) : list(parameters));
  }
  if (first === 'zones' && segments.length === 2) return component(reply, zoneName(second));
  const expands = first === 'zones' ? third === 'observances' && segments.length === 3 : first === 'observances';
  if (expands && (first === 'zones' || segments.length === 2)) return json(reply, expand(zoneName(second), parameters));
  throw new Refusal(400, 'invalid-action');
}

function segmentsOf(path: string): string[] {
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    throw new Refusal(400, 'invalid-action');
  }
}

function json(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header('content-type', 'application/json').send(JSON.stringify(value));
}

function capabilities() {
  return {
    version: 1,
    info: { 'primary-source': `IANA:${timeZoneVersion()}`, formats: ['text/calendar'] },
    actions: ACTIONS.map(([name, template, parameters]) => ({
      name,
      'uri-template': `${TIME_ZONE_SERVICE}${template}`,
      parameters: parameters.map((parameter) => ({ name: parameter, required: name === 'expand' || name === 'find' })),
    })),
  };
}

/** All zones, or none when nothing is newer than what the client has (RFC 7808 §5.2). */
function list(parameters: URLSearchParams) {
  const since = parameters.getAll('changedsince');
  if (since.length > 1) throw new Refusal(400, 'invalid-changedsince');
  return listing(since[0] === timeZoneVersion() ? [] : timeZoneNames());
}

function listing(names: readonly string[]) {
  const version = timeZoneVersion();
  const timezones = names.map((tzid) => {
    const aliases = timeZoneAliases(tzid);
    return { tzid, etag: version, publisher: 'IANA', version, ...(aliases.length > 0 ? { aliases } : {}) };
  });
  return { synctoken: version, dtstamp: version, timezones };
}

/** RFC 7808 §5.5: asterisks stand at the ends; case and underscores do not matter. */
function find(patterns: readonly string[]) {
  const folded = (text: string) => text.toLowerCase().replaceAll('_', ' ');
  const pattern = folded(patterns[0] ?? '');
  const text = pattern.replace(/^\*/, '').replace(/\*$/, '');
  if (patterns.length > 1 || text === '' || text.includes('*')) throw new Refusal(400, 'invalid-pattern');
  const [before, after] = [pattern.startsWith('*'), pattern.endsWith('*')];
  const matches = (name: string) => {
    const known = folded(name);
    if (before && after) return known.includes(text);
    return before ? known.endsWith(text) : after ? known.startsWith(text) : known === text;
  };
  return listing(timeZoneNames().filter((tzid) => [tzid, ...timeZoneAliases(tzid)].some(matches)));
}

function zoneName(name: string | undefined): string {
  if (name === undefined) throw new Refusal(400, 'invalid-action');
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name) || findTimeZone(name) === undefined)
    throw new Refusal(404, 'tzid-not-found');
  return name;
}

function component(reply: FastifyReply, tzid: string): FastifyReply {
  const text = vtimezoneOf(tzid, 1970) ?? '';
  return reply
    .header('etag', `"${timeZoneVersion()}"`)
    .header('content-type', ICALENDAR_CONTENT_TYPE)
    .send(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Convene//Time zones//EN\r\n${text}END:VCALENDAR\r\n`);
}

/** The changes of a zone in a range, the first one being what holds at its start (RFC 7808 §5.4). */
function expand(tzid: string, parameters: URLSearchParams) {
  const zone = findTimeZone(tzid)!;
  const start = instantOf(parameters.getAll('start'), 'invalid-start');
  const end = instantOf(parameters.getAll('end'), 'invalid-end');
  if (end <= start || end - start > MAX_YEARS * YEAR) throw new Refusal(400, 'invalid-end');
  const offset = zone.offsetAt(start);
  const changes = [{ at: start, from: offset, to: offset }, ...transitionsBetween(zone, start, end)];
  const observances = changes.map(({ at, from, to }) => ({
    name: to > from ? 'Daylight' : 'Standard',
    onset: new Date(at).toISOString().replace('.000', ''),
    'utc-offset-from': from / 1000,
    'utc-offset-to': to / 1000,
  }));
  return { dtstamp: timeZoneVersion(), tzid, start: parameters.get('start'), end: parameters.get('end'), observances };
}

function instantOf(values: readonly string[], error: string): number {
  const [value = ''] = values;
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) ? Date.parse(value) : Number.NaN;
  if (values.length !== 1 || Number.isNaN(instant)) throw new Refusal(400, error);
  return instant;
}
