/**
 * Large collections: first synchronisation of 10,000 events and 10,000 cards streams with flat memory, and no request holds
 * the event loop for long. The server is a process of its own with a meter; figures are printed as comments.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { icalendar } from '../support/calendar.ts';
import { propfindBody, syncBody, xml } from '../support/dav.ts';
import { MEASURED, measure } from '../support/measured-server.ts';
import { basic } from '../support/server.ts';
import { addPeople, startServerProcess } from '../support/server-process.ts';

const MEMBERS = 10_000;
/** Mebibytes that any request may add to what the server takes at rest. */
const GROWTH = 120;
/** Milliseconds; the machines that run this are shared, so the bar of 50 ms is judged on the 99th percentile. */
const HELD = 50;
const calendar = '/dav/calendars/user01/calendar/';
const book = '/dav/addressbooks/user01/addressbook/';

const data = mkdtempSync(join(tmpdir(), 'convene-streaming-'));
t.teardown(() => rmSync(data, { recursive: true, force: true }));
addPeople(data, [
  { name: 'user01', password: 'user01' },
  { name: 'user02', password: 'user02' },
]);
await fill();
const server = await startServerProcess({ data, program: MEASURED });
t.teardown(() => server.stop());

/** Puts the members through a server in this process, which then gives the folder up. */
async function fill(): Promise<void> {
  const environment = Object.fromEntries(
    ['HTTPS', 'IMAP', 'IMAPS', 'POP3', 'POP3S', 'SUBMISSION', 'SUBMISSIONS', 'SMTP', 'LMTP'].map((name) => [
      `CONVENE_${name}_PORT`,
      '',
    ]),
  );
  const app = await createApp(
    readConfig({ CONVENE_DATA: data, CONVENE_DOMAIN: 'example.com', CONVENE_HTTP_PORT: '0', ...environment }, data),
  );
  const origin = `http://127.0.0.1:${app.addresses.http?.port}`;
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < 2 * MEMBERS; i = next++) {
      const number = i % MEMBERS;
      const [path, type, body] =
        i < MEMBERS
          ? [`${calendar}${number}.ics`, 'text/calendar', eventNumber(number)]
          : [`${book}${number}.vcf`, 'text/vcard', cardNumber(number)];
      const answer = await fetch(origin + path, {
        method: 'PUT',
        headers: { authorization: basic('user01', 'user01'), 'content-type': type },
        body,
      });
      await answer.arrayBuffer();
      if (answer.status !== 201) throw new Error(`${path} ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  await app.close();
}

/** Every tenth one recurs. */
function eventNumber(number: number): string {
  const start = new Date(Date.UTC(2026, 0, 1 + (number % 365), number % 24)).toISOString().replace(/[-:]|\.\d+/g, '');
  const rule = number % 10 === 0 ? ['RRULE:FREQ=WEEKLY;COUNT=20'] : [];
  return icalendar(
    'VEVENT',
    `UID:event-${number}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART:${start}`,
    'DURATION:PT1H',
    ...rule,
    `SUMMARY:Meeting ${number}`,
    `DESCRIPTION:${'text '.repeat(60)}`,
  );
}

function cardNumber(number: number): string {
  const lines = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `UID:card-${number}`,
    `FN:Person ${number}`,
    `N:${number};Person;;;`,
    `EMAIL;TYPE=WORK:p${number}@example.com`,
    `TEL:+41 44 ${number}`,
    `NOTE:${'note '.repeat(60)}`,
    'END:VCARD',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Sends a request and reads the answer without keeping it. */
async function send(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const began = performance.now();
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: basic('user01', 'user01'), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  let octets = 0;
  let responses = 0;
  let tail = '';
  for await (const chunk of answer.body ?? []) {
    octets += chunk.length;
    const text = tail + Buffer.from(chunk).toString('latin1');
    responses += text.split('<D:response>').length - 1;
    tail = text.slice(1 - '<D:response>'.length);
  }
  return { status: answer.status, octets, responses, ms: Math.round(performance.now() - began) };
}

const everything =
  '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>';
const year = '<C:expand start="20260101T000000Z" end="20260701T000000Z"/>';
const half =
  '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260101T000000Z" end="20260401T000000Z"/></C:comp-filter></C:comp-filter></C:filter>';
const hrefs = (path: string, end: string) =>
  Array.from({ length: 2_000 }, (_, i) => `<D:href>${path}${i}.${end}</D:href>`).join('');
const found =
  '<CR:filter><CR:prop-filter name="EMAIL"><CR:text-match>example</CR:text-match></CR:prop-filter></CR:filter>';

const REQUESTS: [
  name: string,
  method: string,
  path: string,
  body: string | undefined,
  headers?: Record<string, string>,
][] = [
  [
    'PROPFIND of a calendar, ETags',
    'PROPFIND',
    calendar,
    propfindBody('D:getetag', 'D:resourcetype', 'D:getcontenttype'),
    { depth: '1' },
  ],
  [
    'PROPFIND of an address book, more properties',
    'PROPFIND',
    book,
    propfindBody('D:getetag', 'D:getlastmodified', 'D:resource-id', 'D:current-user-privilege-set'),
    { depth: '1' },
  ],
  ['first sync-collection of a calendar', 'REPORT', calendar, syncBody('')],
  [
    'first sync-collection of an address book with its cards',
    'REPORT',
    book,
    syncBody('', '<D:getetag/><CR:address-data/>'),
  ],
  [
    'multiget of 2,000 events',
    'REPORT',
    calendar,
    xml('C:calendar-multiget', `<D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs(calendar, 'ics')}`),
  ],
  [
    'multiget of 2,000 cards as vCard 4.0',
    'REPORT',
    book,
    xml(
      'CR:addressbook-multiget',
      `<D:prop><D:getetag/><CR:address-data content-type="text/vcard" version="4.0"/></D:prop>${hrefs(book, 'vcf')}`,
    ),
  ],
  [
    'calendar-query of everything with data',
    'REPORT',
    calendar,
    xml('C:calendar-query', `<D:prop><D:getetag/><C:calendar-data/></D:prop>${everything}`),
    { depth: '1' },
  ],
  [
    'calendar-query of three months, expanded',
    'REPORT',
    calendar,
    xml('C:calendar-query', `<D:prop><C:calendar-data>${year}</C:calendar-data></D:prop>${half}`),
    { depth: '1' },
  ],
  [
    'addressbook-query that matches everything',
    'REPORT',
    book,
    xml('CR:addressbook-query', `<D:prop><D:getetag/><CR:address-data/></D:prop>${found}`),
    { depth: '1' },
  ],
  [
    'free/busy of a year',
    'REPORT',
    calendar,
    xml('C:free-busy-query', '<C:time-range start="20260101T000000Z" end="20270101T000000Z"/>'),
  ],
  ['a whole calendar', 'GET', calendar, undefined],
  ['a whole address book as vCard 4.0', 'GET', book, undefined, { accept: 'text/vcard; version=4.0' }],
];

t.test('each request', { timeout: 600_000 }, async (t) => {
  // What is compiled or read once is not what is measured.
  for (const [, method, path, body, headers] of REQUESTS) await send(method, path, body, headers);
  const rest = (await measure(server)).rss;
  for (const [name, method, path, body, headers] of REQUESTS) {
    const { status, octets, responses, ms } = await send(method, path, body, headers);
    const { longest, p99, rss } = await measure(server);
    t.comment(
      `${name}: ${status}, ${responses} responses, ${Math.round(octets / 1024)} KiB in ${ms} ms; loop held ${longest} ms at most, ${p99} ms at the 99th percentile; ${rss - rest} MiB more`,
    );
    t.ok(status === 207 || status === 200, `${name}: ${status}`);
    t.ok(rss - rest < GROWTH, `${name}: ${rss - rest} MiB more than before`);
    t.ok(p99 < HELD, `${name}: held ${p99} ms`);
  }
});

t.test('many at once', { timeout: 600_000 }, async (t) => {
  const { rss: rest } = await measure(server);
  const waits: number[] = [];
  let done = false;
  const bystander = (async () => {
    while (!done) {
      const { ms } = await send('PROPFIND', '/dav/principals/user01/', propfindBody('D:displayname'), { depth: '0' });
      waits.push(ms);
    }
  })();
  await Promise.all(REQUESTS.map(([, method, path, body, headers]) => send(method, path, body, headers)));
  done = true;
  await bystander;
  const { longest, p99, rss, peak } = await measure(server);
  t.comment(
    `all at once: loop held ${longest} ms at most, ${p99} ms at the 99th percentile; ${rss - rest} MiB more, ${peak} MiB peak; a bystander waited ${Math.max(...waits)} ms at most`,
  );
  // They take their slices in turns, so that many hold the loop no longer than one.
  t.ok(p99 < HELD, `held ${p99} ms`);
  t.ok(rss - rest < 2 * GROWTH);
  t.ok(Math.max(...waits) < 1_000, 'nobody waits for a second');
});

t.test('many first synchronisations that arrive together', { timeout: 600_000 }, async (t) => {
  for (const [name, path] of [
    ['calendar', calendar],
    ['address book', book],
  ] as const) {
    await measure(server);
    const answers = await Promise.all(Array.from({ length: 32 }, () => send('REPORT', path, syncBody(''))));
    const { longest, p99 } = await measure(server);
    t.comment(`${name}: loop held ${longest} ms at most, ${p99} ms at the 99th percentile`);
    t.ok(
      answers.every(({ status, responses }) => status === 207 && responses === MEMBERS),
      'each is whole',
    );
    t.ok(p99 < HELD, `held ${p99} ms`);
  }
});
