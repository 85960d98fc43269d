/**
 * Thunderbird, without a window: what its account wizard makes of an address alone, with the module that the wizard fetches and
 * reads with; and a published calendar that it subscribes to, sees change, and is refused after it was revoked.
 * The wizard asks ports 80 and 443 of the domain; a proxy on the loopback leads the first to the server under test.
 */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../support/server-process.ts';
import { interop, must } from './steps.ts';
import { startThunderbird } from './thunderbird-process.ts';

const DOMAIN = 'example.com';
const ports = {
  imap: await freePort(),
  imaps: await freePort(),
  pop3s: await freePort(),
  submissions: await freePort(),
};
const environment = Object.fromEntries(
  Object.entries(ports).map(([listener, port]) => [`CONVENE_${listener.toUpperCase()}_PORT`, String(port)]),
);

interface Found {
  readonly type: string;
  readonly hostname: string;
  readonly port: number;
  readonly socketType: number;
  readonly username: string;
}

/** An HTTP proxy that knows one way; tells what was asked of it. */
async function proxyTo(target: string) {
  const asked: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? '');
    const { pathname, search } = new URL(incoming.url ?? '', target);
    request(new URL(pathname + search, target), { headers: { host: new URL(target).host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { port: (proxy.address() as AddressInfo).port, asked, close: () => proxy.close() };
}

const event = (summary: string) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Other//EN',
    'BEGIN:VEVENT',
    'UID:published',
    'DTSTAMP:20261101T000000Z',
    'DTSTART:20261105T100000Z',
    'DTEND:20261105T110000Z',
    `SUMMARY:${summary}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

/** The subscribed calendar, and asking its server for changes until the answer or a failure is there. */
const SUBSCRIBED = `const { cal } = ChromeUtils.importESModule('resource:///modules/calendar/calUtils.sys.mjs');
  const calendar = cal.manager.getCalendars().find((one) => one.type === 'ics');
  const refreshed = () => new Promise((resolve) => {
    let timer;
    const observer = { QueryInterface: ChromeUtils.generateQI(['calIObserver']), onLoad: () => end('loaded'),
      onError: (_calendar, code, message) => end('failed ' + code + ' ' + message), onStartBatch() {}, onEndBatch() {},
      onAddItem() {}, onModifyItem() {}, onDeleteItem() {}, onPropertyChanged() {}, onPropertyDeleting() {} };
    function end(how) { clearTimeout(timer); calendar.removeObserver(observer); resolve(how); }
    const { setTimeout, clearTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
    calendar.addObserver(observer);
    timer = setTimeout(() => end('silent'), 20_000);
    calendar.refresh();
  });`;

await interop(
  'Thunderbird set-up',
  1,
  async ({ server, persons, work, step }) => {
    const [person] = persons;
    must(person, 'no person');
    const address = `${person.name}@${DOMAIN}`;
    const authorization = `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`;
    const http = async (method: string, path: string, body?: string, type = 'text/calendar') => {
      const headers = { authorization, ...(body === undefined ? {} : { 'content-type': type }) };
      const answer = await fetch(new URL(path, server.url), { method, headers, body });
      const text = await answer.text();
      must(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
      return text;
    };
    const thunderbird = await step('starts', () => startThunderbird(work));
    if (thunderbird === undefined) return;
    const proxy = await proxyTo(server.url);
    try {
      await step('finds every server of mail from the address alone', async () => {
        const found = await thunderbird.run<{ domains: string[]; incoming: Found[]; outgoing: Found[] }>(
          `Services.prefs.setCharPref('network.proxy.http', '127.0.0.1');
           Services.prefs.setIntPref('network.proxy.http_port', arguments[2]);
           Services.prefs.setCharPref('network.proxy.ssl', '127.0.0.1');
           Services.prefs.setIntPref('network.proxy.ssl_port', arguments[2]);
           Services.prefs.setIntPref('network.proxy.type', 1);
           try {
             const { FetchConfig } = ChromeUtils.importESModule('resource:///modules/accountcreation/FetchConfig.sys.mjs');
             const { AccountConfig } = ChromeUtils.importESModule('resource:///modules/accountcreation/AccountConfig.sys.mjs');
             const config = await FetchConfig.fromISP(arguments[0], arguments[1], new AbortController().signal);
             AccountConfig.replaceVariables(config, 'A Person', arguments[1], 'secret');
             const plain = ({ type, hostname, port, socketType, username }) => ({ type, hostname, port, socketType, username });
             return {
               domains: config.domains,
               incoming: [config.incoming, ...config.incomingAlternatives].map(plain),
               outgoing: [config.outgoing, ...config.outgoingAlternatives].map(plain),
             };
           } finally { Services.prefs.setIntPref('network.proxy.type', 0); }`,
          DOMAIN,
          address,
          proxy.port,
        );
        must(found.domains.join() === DOMAIN, `for ${found.domains}`);
        const seen = [...found.incoming, ...found.outgoing].map(
          ({ type, hostname, port, socketType, username }) => `${type} ${hostname}:${port} ${socketType} ${username}`,
        );
        // nsMsgSocketType: 2 is STARTTLS, 3 is TLS from the first octet.
        const wanted = [
          `imap ${DOMAIN}:${ports.imaps} 3 ${address}`,
          `imap ${DOMAIN}:${ports.imap} 2 ${address}`,
          `pop3 ${DOMAIN}:${ports.pop3s} 3 ${address}`,
          `smtp ${DOMAIN}:${ports.submissions} 3 ${address}`,
        ];
        must(seen.join() === wanted.join(), `it found ${seen.join(', ')}`);
      });
      await step('asked at the addresses of its documentation', () =>
        must(
          proxy.asked.some((url) => url.startsWith(`http://autoconfig.${DOMAIN}/mail/config-v1.1.xml`)),
          proxy.asked.join(' '),
        ),
      );

      const path = `/dav/calendars/${person.name}/calendar/published.ics`;
      const feed = await step('a calendar is published', async () => {
        await http('PUT', path, event('Open day'));
        const asked = JSON.stringify({ calendar: 'calendar', level: 'full' });
        return JSON.parse(await http('POST', '/api/feeds', asked, 'application/json')) as { id: number; url: string };
      });
      if (feed === undefined) return;
      const title = () =>
        thunderbird.run<string>(
          `${SUBSCRIBED} const how = await refreshed();
           return how === 'loaded' ? (await calendar.getItem('published'))?.title ?? 'nothing' : how;`,
        );
      await step('subscribes to it', async () => {
        await thunderbird.run(
          `const { cal } = ChromeUtils.importESModule('resource:///modules/calendar/calUtils.sys.mjs');
           const calendar = cal.manager.createCalendar('ics', Services.io.newURI(arguments[0]));
           calendar.name = 'Published'; calendar.readOnly = true;
           cal.manager.registerCalendar(calendar);`,
          new URL(new URL(feed.url, server.url).pathname, server.url).href,
        );
        const seen = await title();
        must(seen === 'Open day', `it shows ${seen}`);
      });
      await step('sees a change', async () => {
        await http('PUT', path, event('Open day, from ten'));
        const seen = await title();
        must(seen === 'Open day, from ten', `it shows ${seen}`);
      });
      await step('gets nothing more after revocation', async () => {
        await http('DELETE', `/api/feeds/${feed.id}`);
        await http('PUT', path, event('For nobody'));
        // Thunderbird keeps what it has when a server says 410, and gets nothing more.
        const seen = await title();
        must(seen !== 'For nobody', `it says ${seen}`);
        // It did ask: a Thunderbird that never came would show nothing new either.
        must(/"url":"\/feeds\/[^"]*","status":410/.test(server.output()), `it was not told 410; it says ${seen}`);
        const { status } = await fetch(new URL(new URL(feed.url, server.url).pathname, server.url));
        must(status === 410, `the feed is answered ${status}`);
      });
    } finally {
      proxy.close();
      await thunderbird.stop();
    }
  },
  // With a line for each request: what Thunderbird was answered.
  { ...environment, CONVENE_LOG_LEVEL: 'info' },
);
