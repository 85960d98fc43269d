/**
 * A calendar as another server publishes it, taken apart into calendar object resources. Text in, texts out.
 * RFC 5545 §3.1, §3.4, §3.6; RFC 7986 §5 (NAME, COLOR, REFRESH-INTERVAL); RFC 4791 §4.1 (one UID for each object).
 * Lines are sorted, not understood: what each component means is judged when it is stored (icalendar.ts).
 * A component is known by a key of its content: everything but what some servers make anew for each fetch.
 * Elsewhere: fetching, and comparing with what is stored (subscriptions.ts).
 */
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** One calendar object resource. */
export interface RemoteObject {
  /** The same content has the same key, whatever its UID. */
  readonly key: string;
  readonly uid: string;
  readonly text: string;
}

export interface RemoteCalendar {
  readonly title: string | undefined;
  /** '#RRGGBB', or a CSS name. */
  readonly colour: string | undefined;
  /** How often the other side wants to be asked. */
  readonly everyMs: number | undefined;
  /** TZID of floating times. */
  readonly timeZone: string | undefined;
  readonly objects: readonly RemoteObject[];
  /** Whether there were more components than are taken. */
  readonly cut: boolean;
}

const KINDS = new Set(['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY']);
const MAX_COMPONENTS = 20_000;
const MAX_DEPTH = 8;
/** Milliseconds of work between two yields. */
const SLICE = 10;
/** What changes without anything having changed. */
const VOLATILE = /^(?:UID|DTSTAMP|LAST-MODIFIED|CREATED|SEQUENCE|X-(?:MICROSOFT|MS|GOOGLE|WR|ALT)[A-Z0-9-]*)[;:]/i;
const PRODID = '-//Convene//subscribed calendar//EN';

interface Group {
  readonly lines: string[];
  readonly zones: Set<string>;
}

/** Undefined when the text is no calendar at all. Others go on meanwhile: a large one takes a while. */
export async function readRemoteCalendar(octets: Buffer): Promise<RemoteCalendar | undefined> {
  const zones = new Map<string, string[]>();
  const groups = new Map<string, Group>();
  const facts = new Map<string, string>();
  let depth: string[] = [];
  let component: string[] = [];
  let components = 0;
  let found = false;
  let since = performance.now();
  for (const line of logicalLines(textOf(octets))) {
    if (performance.now() - since > SLICE) {
      await setImmediate();
      since = performance.now();
    }
    const mark = /^(BEGIN|END):([A-Za-z0-9-]+)\s*$/i.exec(plain(line));
    const begins = mark?.[1]?.toUpperCase() === 'BEGIN';
    if (mark !== null && begins) {
      depth.push((mark[2] ?? '').toUpperCase());
      if (depth[0] === 'VCALENDAR') found = true;
      if (depth.length > MAX_DEPTH) return undefined;
    }
    const inside = depth[0] === 'VCALENDAR';
    if (inside && depth.length >= 2) component.push(line);
    else if (inside && mark === null) note(facts, plain(line));
    if (mark === null || begins) continue;
    const ended = depth.pop();
    if (ended !== (mark[2] ?? '').toUpperCase()) {
      // An END that ends nothing: what it is in cannot be trusted.
      depth = [];
      component = [];
      continue;
    }
    if (depth.length !== 1 || !inside) continue;
    if (ended === 'VTIMEZONE') addZone(zones, component);
    else if (KINDS.has(ended) && components++ < MAX_COMPONENTS) addComponent(groups, component);
    component = [];
  }
  if (!found) return undefined;
  return {
    title: text(facts.get('NAME') ?? facts.get('X-WR-CALNAME')),
    colour: facts.get('X-APPLE-CALENDAR-COLOR')?.slice(0, 7) ?? facts.get('COLOR'),
    everyMs: durationOf(facts.get('REFRESH-INTERVAL') ?? facts.get('X-PUBLISHED-TTL')),
    timeZone: facts.get('X-WR-TIMEZONE'),
    objects: await objectsOf(groups, zones),
    cut: components > MAX_COMPONENTS,
  };
}

/** The key of an object that is stored: that of the text it was made of. */
export function keyOfText(stored: string): string {
  const kept: string[] = [];
  let zone = false;
  for (const line of logicalLines(stored)) {
    const bare = plain(line);
    if (/^BEGIN:VTIMEZONE$/i.test(bare)) zone = true;
    if (!zone && !/^(?:BEGIN|END):VCALENDAR$|^(?:VERSION|PRODID):/i.test(bare)) kept.push(line);
    if (/^END:VTIMEZONE$/i.test(bare)) zone = false;
  }
  return keyOf(kept);
}

function keyOf(lines: readonly string[]): string {
  const meaningful = lines.map(plain).filter((line) => !VOLATILE.test(line));
  return hash('sha256', meaningful.join('\n'), 'base64url').slice(0, 27);
}

/** UTF-8, or what old servers send instead. */
function textOf(octets: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return new TextDecoder('windows-1252').decode(octets);
  }
}

/** Lines with their continuations, as they are folded, without control characters that must not be stored. */
function* logicalLines(whole: string): Generator<string> {
  let current: string | undefined;
  for (const match of whole.matchAll(/[^\r\n]+/g)) {
    const line = match[0].replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/g, '');
    if (current !== undefined && /^[ \t]/.test(line)) current += `\r\n${line}`;
    else {
      if (current !== undefined) yield current;
      current = line;
    }
  }
  if (current !== undefined) yield current;
}

function plain(line: string): string {
  return line.replace(/\r\n[ \t]/g, '');
}

function note(facts: Map<string, string>, line: string): void {
  const match = /^([A-Za-z0-9-]+)(?:;[^:]*)?:(.*)$/s.exec(line);
  const name = match?.[1]?.toUpperCase();
  if (name !== undefined && !facts.has(name) && facts.size < 50) facts.set(name, (match?.[2] ?? '').slice(0, 1_000));
}

function addZone(zones: Map<string, string[]>, lines: string[]): void {
  const id = /^TZID(?:;[^:]*)?:(.*)$/i.exec(lines.map(plain).find((line) => /^TZID[;:]/i.test(line)) ?? '')?.[1];
  if (id !== undefined && !zones.has(id)) zones.set(id, lines);
}

function addComponent(groups: Map<string, Group>, lines: string[]): void {
  const bare = lines.map(plain);
  const of = (name: string) => bare.find((line) => new RegExp(`^${name}[;:]`, 'i').test(line))?.replace(/^[^:]*:/, '');
  const made = [...lines];
  let uid = of('UID')?.trim();
  if (uid === undefined || uid === '') {
    uid = `${keyOf(lines)}@subscribed`;
    made.splice(1, 0, `UID:${uid}`);
  }
  if (of('DTSTAMP') === undefined) made.splice(1, 0, 'DTSTAMP:19700101T000000Z');
  const group = groups.get(uid) ?? { lines: [], zones: new Set<string>() };
  group.lines.push(...made);
  for (const line of bare)
    for (const match of line.matchAll(/;TZID=(?:"([^"]*)"|([^:;,"]*))/gi)) group.zones.add(match[1] ?? match[2] ?? '');
  groups.set(uid, group);
}

async function objectsOf(
  groups: ReadonlyMap<string, Group>,
  zones: ReadonlyMap<string, readonly string[]>,
): Promise<RemoteObject[]> {
  const objects: RemoteObject[] = [];
  for (const [uid, group] of groups) {
    if (objects.length % 500 === 499) await setImmediate();
    const used = [...group.zones].flatMap((id) => zones.get(id) ?? []);
    const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', `PRODID:${PRODID}`, ...used, ...group.lines, 'END:VCALENDAR', ''];
    objects.push({ uid, key: keyOf(group.lines), text: lines.join('\r\n') });
  }
  return objects;
}

/** RFC 5545 §3.3.11. */
function text(value: string | undefined): string | undefined {
  return value?.replace(/\\([\\;,nN])/g, (_, sign: string) => (sign === 'n' || sign === 'N' ? ' ' : sign)).trim();
}

/** RFC 5545 §3.3.6. */
function durationOf(value: string | undefined): number | undefined {
  const match = /^\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?$/i.exec(
    value?.trim() ?? '',
  );
  if (match === null) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (
    ((((weeks ?? 0) * 7 + (days ?? 0)) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000 + (seconds ?? 0) * 1_000
  );
}
