/** Cards over HTTP: PUT, GET, preconditions, versions. RFC 6352 §5.1.1, §6.3.2. */
import t from 'tap';
import { startServer } from '../../support/server.ts';

const BOOK = '/dav/addressbooks/jane/addressbook/';

function card(uid: string, ...lines: string[]): string {
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${uid}`, ...lines, 'END:VCARD', ''].join('\r\n');
}

function card4(uid: string, ...lines: string[]): string {
  return card(uid, ...lines).replace('3.0', '4.0');
}

/** The one element inside DAV:error. */
function condition(text: string): string | undefined {
  return /<D:error[^>]*>(.*)<\/D:error>/s.exec(text)?.[1];
}

t.test('cards', async (t) => {
  const server = await startServer(t);
  const jane = await server.addUser('jane');
  const put = (name: string, body: string | Buffer, type: string | null = 'text/vcard; charset=utf-8') =>
    server.request(jane, 'PUT', BOOK + name, { body, headers: type === null ? {} : { 'content-type': type } });
  const get = (name: string, headers: Record<string, string> = {}) =>
    server.request(jane, 'GET', BOOK + name, { headers });

  t.test('stored and given back octet for octet', async (t) => {
    const octets = card('a', 'X-ODD;x-Param="a;b":\\,ü😀', 'NOTE:folded', '  line', 'PHOTO;BASE64:', '  AAAA', ' ');
    const made = await put('a.vcf', octets);
    t.equal(made.status, 201);
    const read = await get('a.vcf');
    t.equal(read.text, octets);
    t.equal(read.headers.etag, made.headers.etag);
    t.equal(read.headers['content-type'], 'text/vcard; charset=utf-8');
    t.equal(read.headers['x-content-type-options'], 'nosniff');
    const lf = octets.replaceAll('\r\n', '\n');
    t.equal((await put('a.vcf', lf)).status, 204);
    t.equal((await get('a.vcf')).text, lf);
    t.equal((await server.request(jane, 'HEAD', `${BOOK}a.vcf`)).status, 200);
  });

  t.test('media types', async (t) => {
    for (const type of ['text/vcard', 'text/x-vcard', 'TEXT/Directory; profile=vCard', null]) {
      t.equal((await put('a.vcf', card('a'), type)).status, 204, String(type));
    }
    for (const type of ['text/calendar', 'text/plain', 'application/json', 'text/vcard; charset=iso-8859-1']) {
      const refused = await put('new.vcf', card('new'), type);
      t.equal(refused.status, 403, type);
      t.equal(condition(refused.text), '<CR:supported-address-data/>', type);
    }
    t.equal((await get('new.vcf')).status, 404);
  });

  t.test('bad data is refused with its precondition and leaves nothing', async (t) => {
    const bad: [what: string, body: string | Buffer, condition: string][] = [
      ['nothing', '', 'valid-address-data'],
      ['calendar data', 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n', 'valid-address-data'],
      ['no UID', card('x').replace('UID:x\r\n', ''), 'valid-address-data'],
      ['two UIDs', card('x', 'UID:y'), 'valid-address-data'],
      ['two cards', card('x') + card('y'), 'valid-address-data'],
      ['50,000 levels', 'BEGIN:VCARD\r\n'.repeat(50_000), 'valid-address-data'],
      ['1 million folded lines', card('x', `NOTE:${'\r\n a'.repeat(1_000_000)}`), 'valid-address-data'],
      ['100,000 parameters', card('x', `X-A${';P=1'.repeat(100_000)}:v`), 'valid-address-data'],
      ['a control character', card('x', 'NOTE:\x07'), 'valid-address-data'],
      ['not UTF-8', Buffer.from(card('x', 'NOTE:\xe4'), 'latin1'), 'valid-address-data'],
      ['vCard 2.1', card('x').replace('3.0', '2.1'), 'supported-address-data'],
    ];
    for (const [what, body, name] of bad) {
      const before = performance.now();
      const refused = await put('bad.vcf', body);
      t.equal(refused.status, 403, what);
      t.equal(condition(refused.text), `<CR:${name}/>`, what);
      t.ok(performance.now() - before < 1000, `${what} in time`);
      t.equal((await get('bad.vcf')).status, 404, what);
    }
  });

  t.test('text that looks like markup or more properties is text', async (t) => {
    const hostile = card(
      'h',
      'NOTE:<script>alert(1)</script>\\r\\nEMAIL:x]]>&amp;',
      'PHOTO;VALUE=uri:javascript:alert(1)',
    );
    t.equal((await put('h.vcf', hostile)).status, 201);
    t.equal((await get('h.vcf')).text, hostile);
    const body = `<C:addressbook-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><C:address-data/></prop><href>${BOOK}h.vcf</href></C:addressbook-multiget>`;
    const report = await server.request(jane, 'REPORT', BOOK, { body });
    t.match(report.text, '&lt;script&gt;alert(1)&lt;/script&gt;\\r\\nEMAIL:x]]&gt;&amp;amp;&#13;\n');
  });

  t.test('RFC 6352 §6.3.2.1: no-uid-conflict names the card', async (t) => {
    t.equal((await put('one two.vcf'.replace(' ', '%20'), card('same'))).status, 201);
    const refused = await put('b.vcf', card('same'));
    t.equal(refused.status, 403);
    t.equal(condition(refused.text), `<CR:no-uid-conflict><D:href>${BOOK}one%20two.vcf</D:href></CR:no-uid-conflict>`);
    const changed = await put('one%20two.vcf', card('other'));
    t.equal(condition(changed.text), `<CR:no-uid-conflict><D:href>${BOOK}one%20two.vcf</D:href></CR:no-uid-conflict>`);
    const copy = await server.request(jane, 'COPY', `${BOOK}one%20two.vcf`, {
      headers: { destination: `${server.url}${BOOK}c.vcf` },
    });
    t.equal(copy.status, 403);
    t.match(condition(copy.text), 'no-uid-conflict');
    const move = await server.request(jane, 'MOVE', `${BOOK}one%20two.vcf`, {
      headers: { destination: `${server.url}${BOOK}c.vcf` },
    });
    t.equal(move.status, 201);
    t.equal((await get('c.vcf')).text, card('same'));
  });

  t.test('too large', async (t) => {
    const refused = await put('l.vcf', card('l', `NOTE:${'x'.repeat(10 * 1024 * 1024)}`));
    t.ok(refused.status === 403 || refused.status === 413, String(refused.status));
    t.equal((await get('l.vcf')).status, 404);
    const large = card('l', `PHOTO;ENCODING=b:${'A'.repeat(9_000_000)}`.replace(/.{74}/g, '$&\r\n '));
    t.equal((await put('l.vcf', large)).status, 201, '9 MB');
    t.equal((await get('l.vcf')).text, large);
  });

  t.test('RFC 6352 §5.1.1: GET in the version asked for, with the tag of the stored card', async (t) => {
    const four = card4('urn:uuid:4', 'N:Four;;;;', 'BDAY:--0415');
    const { etag } = (await put('4.vcf', four)).headers;
    const table: [accept: string | undefined, version: string, body: string | RegExp][] = [
      [undefined, '', four],
      ['*/*', '', four],
      ['text/vcard', '', four],
      ['image/png', '', four],
      ['text/vcard;version=2.1', '', four],
      ['text/vcard; version=4.0', '; version=4.0', four],
      ['text/vcard;version="3.0"', '; version=3.0', /VERSION:3.0\r\nUID:4\r\n.*1604-04-15/s],
      ['text/vcard;version=4.0;q=0.5, text/vcard;version=3.0', '; version=3.0', /VERSION:3.0/],
      ['text/vcard;version=3.0, text/vcard;version=4.0', '; version=4.0', four],
      ['text/vcard;version=3.0;q=0.5, */*', '', four],
      ['text/vcard;version=3.0;q=0', '', four],
    ];
    for (const [accept, version, body] of table) {
      const read = await get('4.vcf', accept === undefined ? {} : { accept });
      t.equal(read.headers['content-type'], `text/vcard; charset=utf-8${version}`, String(accept));
      t.match(read.text, body, String(accept));
      t.equal(read.headers.etag, etag);
      t.match(read.headers.vary, /accept/i);
    }
  });
});

t.test('one ETag, eight writers', async (t) => {
  const server = await startServer(t);
  const jane = await server.addUser('jane');
  const first = await server.request(jane, 'PUT', `${BOOK}a.vcf`, {
    body: card('a'),
    headers: { 'if-none-match': '*' },
  });
  const write = (n: number) =>
    server.request(jane, 'PUT', `${BOOK}a.vcf`, {
      body: card('a', `NOTE:${n}`),
      headers: { 'if-match': String(first.headers.etag), 'content-type': 'text/vcard' },
    });
  const statuses = (await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(write))).map(({ status }) => status);
  t.same(statuses.sort(), [204, 412, 412, 412, 412, 412, 412, 412]);
});
