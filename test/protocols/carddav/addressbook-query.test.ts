/** Reports of address books. RFC 6352 §8.6, §8.7, §10.4 to §10.6; RFC 6578 with address-data. */
import t from 'tap';
import { busyTime } from '../../support/busy-time.ts';
import { startServer } from '../../support/server.ts';

const HOME = '/dav/addressbooks/jane/';
const BOOK = `${HOME}addressbook/`;
const NS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"';

function card(uid: string, ...lines: string[]): string {
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:Person ${uid}`, ...lines, 'END:VCARD', ''].join('\r\n');
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Last segments of the hrefs, with the status when it is not 200. */
  readonly hrefs: string[];
}

t.test('reports', async (t) => {
  const server = await startServer(t);
  const jane = await server.addUser('jane');
  const joe = await server.addUser('joe');
  const report = async (body: string, path = BOOK, headers: Record<string, string> = {}): Promise<Answer> => {
    const { status, text } = await server.request(jane, 'REPORT', path, { body, headers });
    const hrefs = [...text.matchAll(/<D:response><D:href>([^<]*)<\/D:href>(?:<D:status>HTTP\/1.1 (\d+))?/g)].map(
      ([, href, status]) => href!.replace(/.*\/(?=.)/, '') + (status === undefined ? '' : ` ${status}`),
    );
    return { status, text, hrefs };
  };
  const query = (filter: string, more = '', prop = '<getetag/>', headers = {}) =>
    report(`<C:addressbook-query ${NS}><prop>${prop}</prop>${filter}${more}</C:addressbook-query>`, BOOK, headers);
  const multiget = (names: string[], prop = '<getetag/>', path = BOOK) =>
    report(
      `<C:addressbook-multiget ${NS}><prop>${prop}</prop>${names.map((name) => `<href>${name}</href>`).join('')}</C:addressbook-multiget>`,
      path,
    );
  for (let n = 1; n <= 12; n++) {
    const body = card(`${n}`, `EMAIL;TYPE=${n % 2 ? 'work' : 'home'}:p${n}@example.com`, 'item1.TEL:1');
    await server.request(jane, 'PUT', `${BOOK}${n}.vcf`, { body });
  }
  const photo = `PHOTO;ENCODING=b;TYPE=JPEG:${'A'.repeat(300)}`.replace(/.{74}/g, '$&\r\n ');
  const four = card('urn:uuid:four', 'N:x;;;;', 'EMAIL;PREF=1:four@example.org').replace('3.0', '4.0');
  await server.request(jane, 'PUT', `${BOOK}four.vcf`, { body: four });
  await server.request(jane, 'PUT', `${BOOK}photo.vcf`, { body: card('photo', photo, 'NICKNAME:Pic') });
  await server.request(joe, 'PUT', '/dav/addressbooks/joe/addressbook/j.vcf', { body: card('j') });

  const email = (text: string, attributes = '') =>
    `<C:filter><C:prop-filter name="EMAIL"><C:text-match ${attributes}>${text}</C:text-match></C:prop-filter></C:filter>`;

  t.test('addressbook-query', async (t) => {
    t.same((await query(email('P7@'))).hrefs, ['7.vcf']);
    t.same((await query(email('p1'))).hrefs.sort(), ['1.vcf', '10.vcf', '11.vcf', '12.vcf']);
    t.same((await query(email('p1@', 'match-type="starts-with"'))).hrefs, ['1.vcf']);
    t.same((await query(email('example.com', 'negate-condition="yes"'))).hrefs, ['four.vcf']);
    t.same((await query(email('nobody'))).hrefs, []);
    t.equal((await query('<C:filter/>')).hrefs.length, 14);
    t.same(
      (await query('<C:filter><C:prop-filter name="EMAIL"><C:is-not-defined/></C:prop-filter></C:filter>')).hrefs,
      ['photo.vcf'],
    );
    const type = '<C:param-filter name="TYPE"><C:text-match>work</C:text-match></C:param-filter>';
    t.equal((await query(`<C:filter><C:prop-filter name="EMAIL">${type}</C:prop-filter></C:filter>`)).hrefs.length, 6);
    const pattern = await query(email('(a+)+$|.*'));
    t.same(pattern.hrefs, [], 'a pattern is plain text');
  });

  t.test('depth', async (t) => {
    const filter = email('p7@');
    for (const depth of ['1', 'infinity']) t.same((await query(filter, '', '<getetag/>', { depth })).hrefs, ['7.vcf']);
    t.same((await query(filter, '', '<getetag/>', { depth: '0' })).hrefs, []);
    const body = `<C:addressbook-query ${NS}><prop><getetag/></prop>${filter}</C:addressbook-query>`;
    t.same((await report(body, `${BOOK}7.vcf`)).hrefs, ['7.vcf'], 'of one card');
    t.same((await report(body, `${BOOK}8.vcf`)).hrefs, []);
  });

  t.test('RFC 6352 §8.6.2: limit', async (t) => {
    const limited = await query('<C:filter/>', '<C:limit><C:nresults>3</C:nresults></C:limit>');
    t.equal(limited.status, 207);
    t.same(limited.hrefs, ['addressbook/ 507', '1.vcf', '10.vcf', '11.vcf']);
    t.match(limited.text, '<D:error><D:number-of-matches-within-limits/></D:error>');
    t.equal((await query(email('p7@'), '<C:limit><C:nresults>1</C:nresults></C:limit>')).hrefs.length, 1, 'not passed');
    t.equal((await query('<C:filter/>', '<C:limit><C:nresults>x</C:nresults></C:limit>')).status, 400);
    const much = `<C:limit><C:nresults>${'9'.repeat(40)}</C:nresults></C:limit>`;
    t.equal((await query('<C:filter/>', much)).status, 207, 'a number is a number');
  });

  t.test('refusals', async (t) => {
    const table: [body: string, status: number, condition: string | undefined][] = [
      [email('x', 'collation="i;unknown"'), 403, '<CR:supported-collation/>'],
      ['<C:filter><C:param-filter name="X"/></C:filter>', 403, '<CR:supported-filter/>'],
      ['<C:filter><C:prop-filter/></C:filter>', 400, undefined],
      ['<C:filter test="none"/>', 400, undefined],
      [email('x', 'negate-condition="maybe"'), 400, undefined],
      [
        '<C:filter><C:prop-filter name="A"><C:is-not-defined/><C:text-match>x</C:text-match></C:prop-filter></C:filter>',
        400,
        undefined,
      ],
      ['', 400, undefined],
      [`<C:filter>${'<C:prop-filter name="A"/>'.repeat(1000)}</C:filter>`, 403, '<CR:supported-filter/>'],
    ];
    for (const [filter, status, condition] of table) {
      const refused = await query(filter);
      t.equal(refused.status, status, filter.slice(0, 80));
      if (condition !== undefined) t.match(refused.text, `>${condition}</D:error>`);
    }
    for (const attributes of ['content-type="text/html"', 'version="2.1"', 'version="5.0"']) {
      const prop = `<C:address-data ${attributes}/>`;
      for (const refused of [await query('<C:filter/>', '', prop), await multiget([`${BOOK}1.vcf`], prop)]) {
        t.equal(refused.status, 403, attributes);
        t.match(refused.text, '><CR:supported-address-data/></D:error>');
      }
    }
  });

  t.test('RFC 6352 §10.4: address-data whole, in part, in either version', async (t) => {
    const data = async (element: string, name = '1.vcf') => {
      const { text } = await multiget([BOOK + name], element);
      return /<CR:address-data[^>]*>([^<]*)</.exec(text)?.[1]?.replaceAll('&#13;', '\r');
    };
    t.equal(await data('<C:address-data/>'), card('1', 'EMAIL;TYPE=work:p1@example.com', 'item1.TEL:1'));
    t.equal(await data('<C:address-data><allprop/></C:address-data>'), await data('<C:address-data/>'));
    t.equal(
      await data(
        '<C:address-data><C:prop name="tel"/><C:prop name="VERSION"/><C:prop name="EMAIL" novalue="yes"/></C:address-data>',
      ),
      'BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL;TYPE=work:\r\nitem1.TEL:1\r\nEND:VCARD\r\n',
    );
    t.match(
      await data('<C:address-data/>', 'four.vcf'),
      /VERSION:3.0\r\nUID:four\r\n.*EMAIL;TYPE=pref;PREF=1:four/s,
      '3.0 unless asked',
    );
    t.equal(await data('<C:address-data version="4.0"/>', 'four.vcf'), four);
    t.match(
      await data('<C:address-data content-type="text/vcard" version="4.0"/>', 'photo.vcf'),
      /VERSION:4.0.*data:image\/jpeg;base64,/s,
    );
    t.equal(
      await data('<C:address-data version="4.0"><C:prop name="VERSION"/></C:address-data>'),
      'BEGIN:VCARD\r\nVERSION:4.0\r\nEND:VCARD\r\n',
    );
    t.match((await query(email('p7@'), '', '<C:address-data/>')).text, 'EMAIL;TYPE=work:p7@example.com&#13;');
  });

  t.test('RFC 6352 §8.7: multiget', async (t) => {
    const answer = await multiget([
      `${BOOK}2.vcf`,
      `${BOOK}missing.vcf`,
      `${server.url}${BOOK}1.vcf`,
      '/dav/addressbooks/joe/addressbook/j.vcf',
      '/dav/calendars/jane/calendar/1.ics',
      `${BOOK}../../joe/addressbook/j.vcf`,
      'nonsense',
      '/dav/addressbooks/JANE/addressbook/%33.vcf',
    ]);
    t.equal(answer.status, 207);
    t.same(
      answer.hrefs.map((href) => href.replace(/^.* /, '')),
      ['2.vcf', '404', '1.vcf', '404', '404', '404', '404', '3.vcf'],
    );
    t.same((await multiget([], '<getetag/>', `${BOOK}1.vcf`)).hrefs, ['1.vcf'], 'of the card itself');
    t.equal((await multiget([])).status, 400);
    const other = await server.request(joe, 'REPORT', BOOK, {
      body: `<C:addressbook-multiget ${NS}><prop><getetag/></prop><href>${BOOK}1.vcf</href></C:addressbook-multiget>`,
    });
    t.equal(other.status, 403);
  });

  t.test('50,000 cards that do not exist are answered, at the price of each of a few', async (t) => {
    const ask = async (count: number): Promise<number> => {
      const before = busyTime();
      const answer = await multiget(Array.from({ length: count }, (_, n) => `${BOOK}x${n}.vcf`));
      t.equal(answer.status, 207);
      return (busyTime() - before) / count;
    };
    await ask(5_000);
    const [few, many] = [await ask(5_000), await ask(50_000)];
    t.ok(many < few * 4, `${many} and ${few} ms for each`);
  });

  t.test('what was put is found at once by every report', async (t) => {
    for (let n = 0; n < 5; n++) {
      const body = card('fresh', `EMAIL:fresh${n}@example.net`).replace('3.0', n % 2 ? '4.0' : '3.0');
      await server.request(jane, 'PUT', `${BOOK}fresh.vcf`, { body });
      t.match((await multiget([`${BOOK}fresh.vcf`], '<C:address-data/>')).text, `fresh${n}@`);
      t.same((await query(email(`fresh${n}@`))).hrefs, ['fresh.vcf']);
    }
    const sync = await report(
      `<sync-collection ${NS}><sync-token/><sync-level>1</sync-level><prop><getetag/><C:address-data/></prop></sync-collection>`,
    );
    t.equal(sync.hrefs.length, 15);
    t.match(sync.text, 'fresh4@');
    t.match(sync.text, 'UID:four&#13;');
    const find = await server.request(jane, 'PROPFIND', `${BOOK}1.vcf`, {
      body: `<propfind ${NS}><prop><C:address-data/></prop></propfind>`,
      headers: { depth: '0' },
    });
    t.match(find.text, /<CR:address-data\/><\/D:prop><D:status>HTTP\/1.1 404/, 'no property of PROPFIND');
  });
});
