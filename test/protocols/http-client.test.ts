/** The outbound client: what it refuses to ask, and what it bounds. Item by item: schemes, addresses, names, redirects, size, time. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { httpClient } from '../../protocols/http-client.ts';
import { isPublic, parseAddress, parseNetwork } from '../../src/networks.ts';

const loopback = [parseNetwork('127.0.0.1/32')].filter((network) => network !== undefined);
const accept = 'text/calendar';

async function listening(t: Test, answer: RequestListener): Promise<{ origin: string; port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, seen };
}

t.test('addresses that are not hosts of the internet', async (t) => {
  const refused = [
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    '::7f00:1',
  ];
  for (const text of refused) t.notOk(isPublic(parseAddress(text) ?? new Uint8Array(16)), text);
  for (const text of ['8.8.8.8', '172.32.0.1', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])
    t.ok(isPublic(parseAddress(text) ?? new Uint8Array(16)), text);
});

t.test('what is refused is not asked', async (t) => {
  const target = await listening(t, (_request, response) => response.end('inside'));
  const client = httpClient({
    allowed: [],
    program: 'test',
    resolve: async (host) => (host === 'inside.example' ? ['127.0.0.1'] : ['8.8.8.8', '10.0.0.1']),
  });
  const urls = [
    target.origin,
    `http://localhost:${target.port}/`,
    `http://[::1]:${target.port}/`,
    `http://[::ffff:127.0.0.1]:${target.port}/`,
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::]/',
    'http://inside.example/',
    'http://both.example/',
    'http://public.example:25/',
    'https://user:secret@public.example/',
    'file:///etc/passwd',
    'ftp://public.example/',
    'gopher://public.example/',
    'data:text/calendar,x',
    'not a url',
    `http://public.example/${'x'.repeat(2_000)}`,
  ];
  for (const url of urls)
    await t.rejects(client.fetch({ url, accept }), { name: 'FetchError', kind: 'refused' }, url.slice(0, 60));
  t.same(target.seen, []);
});

t.test('a name that changes between look-up and connection gains nothing', async (t) => {
  const target = await listening(t, (_request, response) => response.end('ok'));
  let asked = 0;
  const client = httpClient({
    allowed: loopback,
    program: 'test',
    resolve: async () => {
      asked += 1;
      return asked === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
    },
  });
  t.match(await client.fetch({ url: `http://rebinding.example:${target.port}/x`, accept }), { kind: 'octets' });
  t.equal(asked, 1);
  t.same(target.seen, [`rebinding.example:${target.port} /x`], 'by its own name');
});

t.test('redirects are judged like the first URL, and bounded', async (t) => {
  const target = await listening(t, (request, response) => {
    const [, kind, n] = (request.url ?? '').split('/');
    const to: Record<string, string> = {
      metadata: 'http://169.254.169.254/latest/',
      file: 'file:///etc/passwd',
      own: 'http://127.0.0.2/',
      loop: `/loop/${Number(n) + 1}`,
      good: '/feed/',
    };
    if (kind === 'feed') return void response.end('feed');
    response.writeHead(302, { Location: to[kind ?? ''] ?? '/' }).end();
  });
  const client = httpClient({ allowed: loopback, program: 'test' });
  for (const kind of ['metadata', 'file', 'own'])
    await t.rejects(
      client.fetch({ url: `${target.origin}/${kind}/`, accept }),
      { name: 'FetchError', kind: 'refused' },
      kind,
    );
  await t.rejects(client.fetch({ url: `${target.origin}/loop/0`, accept }), { kind: 'failed', message: /too often/ });
  t.equal(target.seen.filter((line) => line.includes('/loop/')).length, 4);
  t.match(await client.fetch({ url: `${target.origin}/good/`, accept }), { kind: 'octets' });
});

t.test('size and time are bounded, validators are sent, refusals have a reason', async (t) => {
  const target = await listening(t, (request, response) => {
    switch (request.url) {
      case '/long':
        response.writeHead(200, { 'Content-Length': String(5 * 1024 ** 3) }).write('x');
        break;
      case '/endless': {
        const more = () => {
          while (response.writable && response.write(Buffer.alloc(65_536)));
          response.once('drain', more);
        };
        more();
        break;
      }
      case '/drip':
        response.writeHead(200);
        setInterval(() => response.write('x'), 20).unref();
        break;
      case '/silent':
        break;
      case '/short':
        response.writeHead(200, { 'Content-Length': '100' }).write('x');
        setTimeout(() => response.destroy(), 20);
        break;
      case '/gzip':
        response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x');
        break;
      case '/heads':
        response.writeHead(200, { 'X-Long': 'x'.repeat(20_000) }).end();
        break;
      case '/gone':
        response.writeHead(410).end();
        break;
      case '/error':
        response.writeHead(500).end('secret of the inside');
        break;
      default:
        if (request.headers['if-none-match'] === '"a"') response.writeHead(304).end();
        else response.writeHead(200, { ETag: '"a"', 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }).end('feed');
    }
  });
  const client = httpClient({ allowed: loopback, program: 'test', totalMs: 400, maxOctets: 200_000 });
  const reasons: [path: string, kind: string, message: RegExp][] = [
    ['/long', 'failed', /larger than/],
    ['/endless', 'failed', /larger than/],
    ['/drip', 'failed', /in time/],
    ['/silent', 'failed', /in time/],
    ['/short', 'failed', /./],
    ['/gzip', 'failed', /compresses/],
    ['/heads', 'failed', /HTTP/],
    ['/gone', 'gone', /410/],
    ['/error', 'failed', /^The server answers with status 500\.$/],
  ];
  for (const [path, kind, message] of reasons) {
    const started = performance.now();
    await t.rejects(client.fetch({ url: target.origin + path, accept }), { kind, message }, path);
    t.ok(performance.now() - started < 2_000, `${path} in time`);
  }
  const first = await client.fetch({ url: `${target.origin}/`, accept });
  t.match(first, { kind: 'octets', etag: '"a"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' });
  t.same(await client.fetch({ url: `${target.origin}/`, accept, etag: '"a"' }), { kind: 'same' });
  await t.rejects(client.fetch({ url: 'http://127.0.0.1:1/', accept }), { kind: 'failed', message: /refuses/ });
});
