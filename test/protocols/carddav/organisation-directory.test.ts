/** The organisation's directory as an address book to read: draft-daboo-carddav-directory-gateway, RFC 6352 §8.6 and §8.7. */
import t from 'tap';
import { parseVCard } from '../../../src/contacts/vcard.ts';
import { ask, propfindBody, xml } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
await server.addUser('bob');
const directory = '/dav/directory/';
const query = (filter: string, more = '') =>
  xml('CR:addressbook-query', `<D:prop><D:getetag/><CR:address-data/></D:prop><CR:filter>${filter}</CR:filter>${more}`);
const named = (text: string) =>
  `<CR:prop-filter name="FN"><CR:text-match match-type="contains">${text}</CR:text-match></CR:prop-filter>`;

t.test('it is named by principals and describes itself', async (t) => {
  const principal = await ask(
    server,
    alice,
    'PROPFIND',
    '/dav/principals/alice/',
    { depth: '0' },
    propfindBody('CR:directory-gateway'),
  );
  t.equal(principal.responses[0]?.ok.get('directory-gateway')?.text(), directory);
  const names = ['resourcetype', 'current-user-privilege-set', 'supported-report-set', 'sync-token', 'add-member'];
  const body = propfindBody(...names.map((name) => `D:${name}`), 'CS:getctag', 'CR:supported-address-data');
  const [self] = (await ask(server, alice, 'PROPFIND', directory, { depth: '0' }, body)).responses;
  t.strictSame(
    self?.ok
      .get('resourcetype')
      ?.elements()
      .map(({ name }) => name),
    ['collection', 'addressbook', 'directory'],
  );
  const privileges = self?.ok.get('current-user-privilege-set')?.elements() ?? [];
  t.strictSame(
    privileges.flatMap((one) => one.elements().map(({ name }) => name)),
    ['read', 'read-current-user-privilege-set'],
  );
  const reports = (self?.ok.get('supported-report-set')?.elements() ?? []).flatMap((one) =>
    one.elements().flatMap((report) => report.elements().map(({ name }) => name)),
  );
  t.ok(reports.includes('addressbook-query') && reports.includes('addressbook-multiget'));
  t.notOk(reports.includes('sync-collection'), 'there is no change log');
  t.strictSame([...(self?.failed.keys() ?? [])], ['sync-token', 'add-member']);
  t.ok(self?.ok.has('getctag'));
});

t.test('cards of everybody in the organisation', async (t) => {
  const listing = await ask(server, alice, 'PROPFIND', directory, { depth: '1' }, propfindBody('D:getetag'));
  t.match(listing.headers.dav, /addressbook/);
  t.strictSame(
    listing.responses.map(({ href }) => href),
    [directory, ...['admin', 'alice', 'bob'].map((name) => `${directory}${name}.vcf`)],
  );
  const got = await server.request(alice, 'GET', `${directory}bob.vcf`);
  t.equal(got.status, 200);
  t.equal(got.headers.etag, listing.responses[3]?.ok.get('getetag')?.text());
  const card = parseVCard(got.text);
  t.match(card.properties.find(({ name }) => name === 'EMAIL')?.value, /^bob@/);
  const four = await server.request(alice, 'GET', `${directory}bob.vcf`, {
    headers: { accept: 'text/vcard;version=4.0' },
  });
  t.match(four.text, /VERSION:4.0/);
  const again = await server.request(alice, 'GET', `${directory}bob.vcf`, {
    headers: { 'if-none-match': String(got.headers.etag) },
  });
  t.equal(again.status, 304);
});

t.test('is searched by queries and read by multigets', async (t) => {
  const search = (body: string) => ask(server, alice, 'REPORT', directory, { depth: '1' }, body);
  const found = await search(query(named('BO')));
  t.strictSame(
    found.responses.map(({ href }) => href),
    [`${directory}bob.vcf`],
  );
  t.match(found.responses[0]?.ok.get('address-data')?.text(), /^BEGIN:VCARD/);
  t.equal((await search(query(named('zzz')))).responses.length, 0);
  const limited = await search(query('', '<CR:limit><CR:nresults>1</CR:nresults></CR:limit>'));
  t.strictSame(
    limited.responses.map(({ href, status }) => [href, status]),
    [
      [directory, 'HTTP/1.1 507 Insufficient Storage'],
      [`${directory}admin.vcf`, undefined],
    ],
  );
  const hrefs = [`${directory}bob.vcf`, `${directory}nobody.vcf`, '/dav/addressbooks/bob/addressbook/x.vcf'];
  const multiget = await search(
    xml(
      'CR:addressbook-multiget',
      `<D:prop><D:getetag/></D:prop>${hrefs.map((h) => `<D:href>${h}</D:href>`).join('')}`,
    ),
  );
  t.strictSame(
    multiget.responses.map(({ status }) => status),
    [undefined, 'HTTP/1.1 404 Not Found', 'HTTP/1.1 404 Not Found'],
  );
  const sync = xml('D:sync-collection', '<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>');
  const refused = await search(sync);
  t.strictSame([refused.status, refused.condition], [403, ['supported-report']]);
});

t.test('changes with its people, and by nobody else', async (t) => {
  const ctag = async () =>
    (await ask(server, alice, 'PROPFIND', directory, { depth: '0' }, propfindBody('CS:getctag'))).responses[0]?.ok
      .get('getctag')
      ?.text();
  const before = await ctag();
  t.equal(await ctag(), before);
  await server.addUser('carol');
  t.not(await ctag(), before);
  const cases: [method: string, path: string, status: number][] = [
    ['PUT', `${directory}bob.vcf`, 403],
    ['PUT', `${directory}new.vcf`, 404],
    ['DELETE', `${directory}bob.vcf`, 403],
    ['DELETE', directory, 403],
    ['PROPPATCH', directory, 403],
    ['MOVE', `${directory}bob.vcf`, 403],
    ['MKCOL', `${directory}x/`, 404],
    ['POST', directory, 405],
    ['GET', `${directory}nobody.vcf`, 404],
    ['GET', `${directory}bob.vcf/x`, 404],
    ['OPTIONS', directory, 200],
  ];
  for (const [method, path, status] of cases) {
    t.equal((await server.request(alice, method, path)).status, status, `${method} ${path}`);
  }
  t.equal((await server.request(undefined, 'PROPFIND', directory)).status, 401);
});
