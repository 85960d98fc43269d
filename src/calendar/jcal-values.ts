/**
 * Values of iCalendar properties as JSON and back, by type.
 * RFC 7265 §3.4 (properties), §3.6 (types), §3.4.1.1 (structured values), and the default types of RFC 5545 §3.8, RFC 7986 §5,
 * RFC 9073 §6, RFC 9074, RFC 9253 §8. Undefined: the value is not what its type demands.
 */
import { decodeText, encodeText } from './content.ts';

/** The type of what has none that is known. */
export const UNKNOWN = 'unknown';

const DEFAULT_TYPES: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  ...typed('text', [
    ...[
      'action',
      'calscale',
      'categories',
      'class',
      'comment',
      'contact',
      'description',
      'location',
      'method',
      'prodid',
    ],
    ...['related-to', 'request-status', 'resources', 'status', 'summary', 'transp', 'tzid', 'tzname', 'uid', 'version'],
    ...['name', 'busytype', 'location-type', 'participant-type', 'resource-type', 'proximity', 'color', 'refid'],
  ]),
  ...typed('date-time', ['completed', 'created', 'dtend', 'dtstamp', 'dtstart', 'due', 'exdate', 'last-modified']),
  ...typed('date-time', ['rdate', 'recurrence-id', 'tzuntil', 'acknowledged']),
  ...typed('duration', ['duration', 'trigger', 'refresh-interval']),
  ...typed('integer', ['percent-complete', 'priority', 'repeat', 'sequence']),
  ...typed('uri', ['attach', 'tzurl', 'url', 'source', 'image', 'conference', 'calendar-address', 'concept', 'link']),
  ...typed('cal-address', ['attendee', 'organizer']),
  ...typed('recur', ['rrule', 'exrule']),
  ...typed('utc-offset', ['tzoffsetfrom', 'tzoffsetto']),
  'calendar-address': 'cal-address',
  freebusy: 'period',
  geo: 'float',
});

/** RFC 5545: values separated by commas, each an element of its own. */
const MULTI_VALUED = new Set(['categories', 'resources', 'exdate', 'rdate', 'freebusy']);

function typed(type: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, type]));
}

/** The type of a property whose VALUE says nothing. */
export function defaultTypeOf(name: string): string {
  return DEFAULT_TYPES[name] ?? UNKNOWN;
}

export function isMultiValued(name: string): boolean {
  return MULTI_VALUED.has(name);
}

/** The JSON values of a property's text. */
export function valuesOf(name: string, type: string, raw: string): unknown[] | undefined {
  if (name === 'request-status' && type === 'text') return [splitText(raw, ';').map(decodeText)];
  if (name === 'geo' && type === 'float') {
    const values = raw.split(';').map((part) => numberOf(part, FLOAT));
    return values.length === 2 && values.every((value) => value !== undefined) ? [values] : undefined;
  }
  const parts = MULTI_VALUED.has(name) ? (type === 'text' ? splitText(raw, ',') : raw.split(',')) : [raw];
  const values = parts.map((part) => jsonValue(type, part));
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** The text of JSON values. */
export function rawOf(name: string, type: string, values: readonly unknown[]): string | undefined {
  if (Array.isArray(values[0]) && type !== 'period') {
    if (name !== 'request-status' && name !== 'geo') return undefined;
    const parts = values[0].map((part: unknown) => rawValue(type, part));
    return parts.every((part) => part !== undefined) ? parts.join(';') : undefined;
  }
  const parts = values.map((value) => rawValue(type, value));
  return parts.every((part) => part !== undefined) ? parts.join(',') : undefined;
}

const FLOAT = /^[+-]?\d{1,20}(?:\.\d{1,20})?$/;
const INTEGER = /^[+-]?\d{1,15}$/;
const DATE = /^(\d{4})(\d\d)(\d\d)$/;
const DATE_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)$/;
const TIME = /^(\d\d)(\d\d)(\d\d)(Z?)$/;
const OFFSET = /^([+-]\d\d)(\d\d)(\d\d)?$/;

function jsonValue(type: string, raw: string): unknown {
  switch (type) {
    case 'text':
      return decodeText(raw);
    case 'date':
      return DATE.test(raw) ? raw.replace(DATE, '$1-$2-$3') : undefined;
    case 'date-time':
      return jsonDateTime(raw);
    case 'time':
      return TIME.test(raw) ? raw.replace(TIME, '$1:$2:$3$4') : undefined;
    case 'period':
      return jsonPeriod(raw);
    case 'utc-offset':
      return OFFSET.test(raw)
        ? raw.replace(OFFSET, (_, hours, minutes, seconds) => [hours, minutes, seconds].filter(Boolean).join(':'))
        : undefined;
    case 'integer':
      return numberOf(raw, INTEGER);
    case 'float':
      return numberOf(raw, FLOAT);
    case 'boolean':
      return /^(?:true|false)$/i.test(raw) ? raw.toUpperCase() === 'TRUE' : undefined;
    case 'recur':
      return jsonRule(raw);
    default:
      return raw;
  }
}

function rawValue(type: string, value: unknown): string | undefined {
  switch (type) {
    case 'integer':
    case 'float':
      return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? String(value).toUpperCase() : undefined;
    case 'recur':
      return rawRule(value);
    case 'period':
      return rawPeriod(value);
  }
  if (typeof value !== 'string') return undefined;
  switch (type) {
    case 'text':
      return encodeText(value.replace(/\r\n?/g, '\n'));
    case 'date':
    case 'date-time':
      return rawDateTime(value);
    case 'time':
    case 'utc-offset':
      return /^[+-]?[\d:]+Z?$/.test(value) ? value.replaceAll(':', '') : undefined;
    default:
      return value;
  }
}

/** A number that prints as it was written, or nothing: `007` stays text. */
function numberOf(raw: string, syntax: RegExp): number | undefined {
  return syntax.test(raw) && String(Number(raw)) === raw ? Number(raw) : undefined;
}

function jsonDateTime(raw: string): string | undefined {
  return DATE_TIME.test(raw) ? raw.replace(DATE_TIME, '$1-$2-$3T$4:$5:$6$7') : undefined;
}

function rawDateTime(value: string): string | undefined {
  // Some programs leave the hyphens and colons out.
  const written = /^(?:\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ?)?|\d{8}(?:T\d{6}Z?)?)$/.test(value);
  return written ? value.replace(/[-:]/g, '') : undefined;
}

function jsonPeriod(raw: string): string[] | undefined {
  const [start = '', end = '', ...more] = raw.split('/');
  const from = jsonDateTime(start);
  const until = /^[+-]?P/i.test(end) ? end : jsonDateTime(end);
  return from !== undefined && until !== undefined && more.length === 0 ? [from, until] : undefined;
}

function rawPeriod(value: unknown): string | undefined {
  const [start, end] = Array.isArray(value) ? value : typeof value === 'string' ? value.split('/') : [];
  if (typeof start !== 'string' || typeof end !== 'string') return undefined;
  const from = rawDateTime(start);
  const until = /^[+-]?P[0-9WDTHMS]+$/i.test(end) ? end : rawDateTime(end);
  return from === undefined || until === undefined ? undefined : `${from}/${until}`;
}

/** RFC 7265 §3.6.10: an object; numbers as numbers, several values as an array. */
function jsonRule(raw: string): Record<string, unknown> | undefined {
  const rule: Record<string, unknown> = Object.create(null);
  for (const part of raw.split(';')) {
    const match = /^([A-Za-z0-9-]{1,40})=(.+)$/.exec(part);
    const name = match?.[1]?.toLowerCase();
    if (name === undefined || name in rule) return undefined;
    const value = match?.[2] ?? '';
    if (name === 'until') {
      const until = DATE.test(value) ? value.replace(DATE, '$1-$2-$3') : jsonDateTime(value);
      if (until === undefined) return undefined;
      rule[name] = until;
      continue;
    }
    const values = value.split(',').map((one) => numberOf(one, INTEGER) ?? one);
    rule[name] = values.length === 1 ? values[0] : values;
  }
  return rule;
}

function rawRule(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const parts: string[] = [];
  for (const [name, content] of Object.entries(value)) {
    if (!/^[A-Za-z0-9-]{1,40}$/.test(name)) return undefined;
    const values = (Array.isArray(content) ? content : [content]).map((one: unknown) =>
      typeof one === 'number' || typeof one === 'string' ? String(one) : undefined,
    );
    if (values.some((one) => one === undefined || !/^[A-Za-z0-9+:-]+$/.test(one))) return undefined;
    const text = values.join(',');
    parts.push(`${name.toUpperCase()}=${name.toLowerCase() === 'until' ? (rawDateTime(text) ?? '') : text}`);
  }
  return parts.join(';');
}

/** Splits at a separator that no backslash precedes. */
function splitText(raw: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] === '\\') at++;
    else if (raw[at] === separator) {
      parts.push(raw.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, raw.slice(from)];
}
