/** The rows of the benchmark of DAV: what each one does, how often, and what it prepares. */
import { card } from '../test/support/generated-data.ts';
import { factsOf } from './calendar-facts.ts';
import { HttpConnection } from './http-connection.ts';
import { requestOf, type Target, type Work } from './requests.ts';

export const MEMBERS = 10_000;
const MONTH = [Date.UTC(2026, 9, 1), Date.UTC(2026, 10, 1)] as const;
const WEEK = [Date.UTC(2026, 9, 5), Date.UTC(2026, 9, 12)] as const;
/** A part of an address that 111 or so of the generated cards have. */
const EMAIL = '77@mail';

export interface Row {
  readonly name: string;
  readonly connections: number;
  readonly requests: number;
  /** The work of one round. */
  work(target: Target, round: number): Work | Promise<Work>;
}

/** Rows that make new members start at these numbers, so that no UID is used twice. */
let nextNumber = MEMBERS;

async function once(target: Target, method: string, path: string, body: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${target.port}${path}`, {
    method,
    body,
    headers: { authorization: target.authorization, 'content-type': 'application/xml', depth: '0' },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return text;
}

let collections = 0;
async function freshCollection(target: Target, what: 'event' | 'card'): Promise<string> {
  const home = what === 'event' ? target.home : target.addressBook.replace(/[^/]+\/$/, '');
  const path = `${home}bench-${collections++}/`;
  if (what === 'event') await once(target, 'MKCALENDAR', path, '');
  else
    await once(
      target,
      'MKCOL',
      path,
      '<mkcol xmlns="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/><A:addressbook/></resourcetype></prop></set></mkcol>',
    );
  return path;
}

function putRow(name: string, what: 'event' | 'card', connections: number, requests: number): Row {
  return {
    name,
    connections,
    requests,
    async work(target) {
      const first = nextNumber;
      nextNumber += requests;
      return { kind: 'put', what, collection: await freshCollection(target, what), first };
    },
  };
}

/** The token before ten members change. */
async function tokenThenTenChanges(target: Target, round: number): Promise<string> {
  const text = await once(
    target,
    'PROPFIND',
    target.calendar,
    '<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>',
  );
  const token = /sync-token>([^<]+)</.exec(text)?.[1];
  if (token === undefined) throw new Error('no sync token');
  const connection = new HttpConnection(target.port);
  for (let i = 0; i < 10; i++) {
    const work: Work = { kind: 'put', what: 'event', collection: target.calendar, first: i * 997, revision: round + 1 };
    const { status } = await connection.exchange(requestOf(work, 0, target.authorization));
    if (status !== 204 && status !== 201) throw new Error(`a change was answered ${status}`);
  }
  connection.close();
  return token;
}

/** What calendars and address books have in common. */
function memberRows(what: 'event' | 'card', collectionOf: (target: Target) => string, scale: number): Row[] {
  const puts = Math.max(50, Math.ceil(2000 / scale));
  const heavy = Math.max(2, Math.ceil(40 / scale));
  return [
    putRow(`${what}.put1`, what, 1, puts),
    putRow(`${what}.put8`, what, 8, puts),
    putRow(`${what}.put32`, what, 32, puts),
    {
      name: `${what}.propfind`,
      connections: 1,
      requests: heavy,
      work: (target) => ({ kind: 'propfind', collection: collectionOf(target), members: MEMBERS }),
    },
    {
      name: `${what}.sync`,
      connections: 1,
      requests: heavy,
      work: (target) => ({ kind: 'sync', collection: collectionOf(target), token: '', members: MEMBERS }),
    },
    {
      name: `${what}.multiget50`,
      connections: 1,
      requests: Math.max(5, Math.ceil(500 / scale)),
      work: (target) => ({ kind: 'multiget', what, collection: collectionOf(target), of: MEMBERS }),
    },
  ];
}

/** `scale` divides the repetitions, for servers that take seconds for one. */
export function rowsOf(scale: number, wanted: RegExp): Row[] {
  const heavy = Math.max(2, Math.ceil(40 / scale));
  const light = Math.max(10, Math.ceil(1000 / scale));
  const month = factsOf(MEMBERS, ...MONTH);
  const week = factsOf(MEMBERS, ...WEEK);
  const days = [...week.days].map((day) => new Date(day).toISOString().slice(0, 10).replaceAll('-', ''));
  const emails = Array.from({ length: MEMBERS }, (_, i) => i).filter((i) =>
    card(i)
      .replaceAll('\r\n ', '')
      .split('\r\n')
      .some((line) => line.startsWith('EMAIL') && line.includes(EMAIL)),
  ).length;
  const rows: Row[] = [
    ...memberRows('event', ({ calendar }) => calendar, scale),
    {
      name: 'event.sync32',
      connections: 32,
      requests: 64,
      work: ({ calendar }) => ({ kind: 'sync', collection: calendar, token: '', members: MEMBERS }),
    },
    {
      name: 'event.sync10',
      connections: 1,
      requests: light,
      work: async (target, round) => ({
        kind: 'sync',
        collection: target.calendar,
        token: await tokenThenTenChanges(target, round),
        members: 10,
      }),
    },
    {
      name: 'event.month',
      connections: 1,
      requests: heavy,
      work: ({ calendar }) => ({
        kind: 'month',
        collection: calendar,
        from: MONTH[0],
        until: MONTH[1],
        expand: false,
        objects: month.objects,
        occurrences: month.occurrences,
      }),
    },
    {
      name: 'event.month.expand',
      connections: 1,
      requests: heavy,
      work: ({ calendar }) => ({
        kind: 'month',
        collection: calendar,
        from: MONTH[0],
        until: MONTH[1],
        expand: true,
        objects: month.objects,
        occurrences: month.occurrences,
      }),
    },
    {
      name: 'event.freebusy',
      connections: 1,
      requests: Math.ceil(light / 4),
      work: ({ calendar }) => ({ kind: 'free-busy', collection: calendar, from: WEEK[0], until: WEEK[1], days }),
    },
    {
      name: 'event.poll32',
      connections: 32,
      requests: light * 8,
      work: ({ calendar }) => ({ kind: 'poll', collection: calendar }),
    },
    ...memberRows('card', ({ addressBook }) => addressBook, scale),
    {
      name: 'card.email',
      connections: 1,
      requests: heavy,
      work: ({ addressBook }) => ({ kind: 'email', collection: addressBook, text: EMAIL, members: emails }),
    },
  ];
  return rows.filter(({ name }) => wanted.test(name));
}
