/** Discovery and properties of address books. RFC 6352 §6.2, §7.1; what Apple's and other clients ask for. */
import t from 'tap';
import { startServer } from '../../support/server.ts';

const HOME = '/dav/addressbooks/jane/';
const BOOK = `${HOME}addressbook/`;
const NS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/"';

t.test('properties', async (t) => {
  const server = await startServer(t);
  const jane = await server.addUser('jane');
  const propfind = async (path: string, names: string, depth = '0') => {
    const body = `<propfind ${NS}><prop>${names}</prop></propfind>`;
    const answer = await server.request(jane, 'PROPFIND', path, { body, headers: { depth } });
    t.equal(answer.status, 207);
    return answer.text;
  };

  t.test('of a principal', async (t) => {
    const text = await propfind('/dav/principals/jane/', '<C:addressbook-home-set/><C:directory-gateway/>');
    t.match(text, `<CR:addressbook-home-set><D:href>${HOME}</D:href></CR:addressbook-home-set>`);
    t.match(text, '<CR:directory-gateway><D:href>/dav/directory/</D:href></CR:directory-gateway>');
  });

  t.test('of an address book', async (t) => {
    const text = await propfind(
      BOOK,
      '<resourcetype/><C:supported-address-data/><C:supported-collation-set/><C:max-resource-size/><C:max-image-size/><supported-report-set/>',
    );
    t.match(text, '<D:resourcetype><D:collection/><CR:addressbook/></D:resourcetype>');
    t.match(
      text,
      '<CR:supported-address-data><CR:address-data-type content-type="text/vcard" version="3.0"/><CR:address-data-type content-type="text/vcard" version="4.0"/></CR:supported-address-data>',
    );
    for (const collation of ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap']) t.match(text, `>${collation}<`);
    t.match(text, '<CR:max-resource-size>10485760</CR:max-resource-size>');
    t.match(text, '<CR:max-image-size>10485760</CR:max-image-size>');
    for (const report of ['CR:addressbook-query', 'CR:addressbook-multiget', 'D:sync-collection']) {
      t.match(text, `<D:report><${report}/></D:report>`);
    }
    t.notMatch(text, 'calendar-query');
  });

  t.test('OPTIONS and what is announced', async (t) => {
    const answer = await server.request(jane, 'OPTIONS', BOOK);
    t.match(answer.headers['dav'], /^1, .*addressbook/);
  });

  t.test('setting: description, me-card; protected ones', async (t) => {
    const patch = (path: string, set: string) =>
      server.request(jane, 'PROPPATCH', path, {
        body: `<propertyupdate ${NS}><set><prop>${set}</prop></set></propertyupdate>`,
      });
    const described = await patch(
      BOOK,
      '<C:addressbook-description xml:lang="fr">Carnet &amp; co</C:addressbook-description>',
    );
    t.match(described.text, '200 OK');
    t.match(await propfind(BOOK, '<C:addressbook-description/>'), /xml:lang="fr"[^>]*>Carnet &amp; co</);
    const me = await patch(HOME, `<S:me-card><href>${BOOK}me.vcf</href></S:me-card>`);
    t.match(me.text, '200 OK');
    t.match(await propfind(HOME, '<S:me-card/>'), `${BOOK}me.vcf`);
    t.match((await patch(HOME, '<S:me-card>no</S:me-card>')).text, 'HTTP/1.1 409');
    t.match((await patch(BOOK, '<C:supported-address-data/>')).text, 'HTTP/1.1 403');
    t.match(await propfind(HOME, '<C:default-addressbook-URL/>'), `<D:href>${BOOK}</D:href>`);
    const choose = (href: string) =>
      patch(HOME, `<C:default-addressbook-URL><href>${href}</href></C:default-addressbook-URL>`);
    for (const href of [`${HOME}bogus/`, HOME, '/dav/calendars/jane/calendar/', `${BOOK}x.vcf`, '']) {
      t.match((await choose(href)).text, 'HTTP/1.1 409', href);
    }
    t.match((await choose(`${server.url}${BOOK}`)).text, '200 OK');
  });

  t.test('the personal address book comes first, new ones after it', async (t) => {
    const body = `<mkcol ${NS}><set><prop><resourcetype><collection/><C:addressbook/></resourcetype><displayname>A</displayname><C:addressbook-description>d</C:addressbook-description></prop></set></mkcol>`;
    t.equal((await server.request(jane, 'MKCOL', `${HOME}aaa/`, { body })).status, 201);
    const text = await propfind(HOME, '<displayname/><C:addressbook-description/>', '1');
    t.same(
      [...text.matchAll(/<D:response><D:href>([^<]*)/g)].map(([, href]) => href),
      [HOME, BOOK, `${HOME}aaa/`],
    );
    t.equal((await server.request(jane, 'DELETE', `${HOME}aaa/`)).status, 204);
    t.equal((await server.request(jane, 'PROPFIND', `${HOME}aaa/`, { headers: { depth: '0' } })).status, 404);
  });

  t.test('the last address book comes back empty', async (t) => {
    const body = 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:x\r\nEND:VCARD\r\n';
    t.equal((await server.request(jane, 'PUT', `${BOOK}1.vcf`, { body })).status, 201);
    t.equal((await server.request(jane, 'DELETE', BOOK)).status, 204);
    t.equal((await server.request(jane, 'GET', `${BOOK}1.vcf`)).status, 404);
    t.match(await propfind(HOME, '<resourcetype/>', '1'), `<D:href>${BOOK}</D:href>`);
    t.equal((await server.request(jane, 'PUT', `${BOOK}1.vcf`, { body })).status, 201);
  });
});
