/** Plain collections with files of any type: RFC 4918 §5.2, §9.3, §9.6 to §9.9; RFC 9110 §8.3, §8.8.3. */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody, setBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const bob = await server.addUser('bob');
const home = '/dav/calendars/alice/';
const plain = `${home}files/`;
const send = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) =>
  server.request(alice, method, path, { headers, ...(body === undefined ? {} : { body }) });
const status = async (...args: Parameters<typeof send>) => (await send(...args)).status;
const members = async (path: string) => {
  const { responses } = await ask(server, alice, 'PROPFIND', path, { depth: '1' }, propfindBody('D:resourcetype'));
  return responses.map(({ href }) => href).sort();
};
t.equal(await status('MKCOL', plain), 201);

t.test('a file is given back octet for octet with its type', async (t) => {
  const octets = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7919) % 256));
  const path = `${plain}a%20picture.png`;
  const put = await send('PUT', path, { 'content-type': 'image/png' }, octets);
  t.equal(put.status, 201);
  const got = await fetch(server.url + path, {
    headers: { authorization: `Basic ${Buffer.from('alice:alice-password').toString('base64')}` },
  });
  t.equal(got.headers.get('content-type'), 'image/png');
  t.equal(got.headers.get('etag'), put.headers.etag);
  t.match(got.headers.get('content-security-policy'), /sandbox/, 'nothing of it runs in a browser');
  t.ok(Buffer.from(await got.arrayBuffer()).equals(octets));
  t.equal(await status('GET', path, { 'if-none-match': String(put.headers.etag) }), 304);
  t.equal(await status('PUT', path, { 'content-type': 'image/png', 'if-match': '"other"' }, 'x'), 412);
  const other = await send('PUT', path, { 'content-type': 'image/gif' }, octets);
  t.equal(other.status, 204);
  t.not(other.headers.etag, put.headers.etag, 'another type is another representation');
  t.equal((await send('HEAD', path)).headers['content-length'], '70000');
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    path,
    { depth: '0' },
    propfindBody('D:getcontenttype', 'D:getcontentlength', 'D:resourcetype'),
  );
  t.equal(responses[0]?.ok.get('getcontenttype')?.text(), 'image/gif');
  t.equal(responses[0]?.ok.get('getcontentlength')?.text(), '70000');
  t.equal(await status('PUT', `${plain}large`, {}, Buffer.alloc(10 * 1024 * 1024 + 1)), 413);
  const large = Buffer.alloc(600 * 1024, 'ab');
  t.equal(await status('PUT', `${plain}large`, { 'content-type': 'no type' }, large), 415);
  t.equal(await status('PUT', `${plain}large`, {}, large), 201);
  const back = await send('GET', `${plain}large`);
  t.equal(back.headers['content-type'], 'application/octet-stream', 'without a type');
  t.equal(back.text.length, large.length);
});

t.test('files and collections exclude each other, and need what is above them', async (t) => {
  t.equal(await status('PUT', `${plain}f`, {}, 'f'), 201);
  t.equal(await status('MKCOL', `${plain}f`), 405);
  t.equal(await status('MKCOL', `${plain}f/below/`), 409);
  t.equal(await status('PUT', `${plain}f/below`, {}, 'x'), 409);
  t.equal(await status('MKCOL', `${plain}d/`), 201);
  t.equal(await status('PUT', `${plain}d`, {}, 'x'), 403);
  t.equal(await status('PUT', `${plain}missing/x`, {}, 'x'), 409);
  t.equal(await status('PUT', `${home}x.txt`, {}, 'x'), 403, 'a home holds collections');
  t.equal(await status('MKCOL', `${home}inbox/x/`), 403);
  t.equal(await status('MKCOL', `${home}calendar/x/`), 403);
  t.equal(await status('MKCOL', `${plain}inbox/`), 201, 'names mean nothing below the home');
  for (const [method, destination] of [
    ['COPY', `${home}calendar/f.ics`],
    ['MOVE', `${home}calendar/f.ics`],
    ['COPY', `${home}f`],
  ] as const)
    t.equal(await status(method, `${plain}f`, { destination }), 403, `${method} to ${destination}`);
  await send('PUT', `${home}calendar/e.ics`, CALENDAR, event('e'));
  t.equal(await status('COPY', `${home}calendar/e.ics`, { destination: `${plain}e.ics` }), 403);
});

t.test('a tree is copied, moved and deleted as a whole', async (t) => {
  for (const path of ['tree/', 'tree/sub/', 'tree/sub/deep/', 'tree_/'])
    t.equal(await status('MKCOL', plain + path), 201);
  for (const path of ['tree/1', 'tree/sub/2', 'tree/sub/deep/3', 'tree_/other'])
    t.equal(await status('PUT', plain + path, {}, path), 201);
  await ask(server, alice, 'PROPPATCH', `${plain}tree/sub/2`, {}, setBody('<p xmlns="urn:x">kept</p>'));
  t.equal(await status('COPY', `${plain}tree/`, { destination: `${plain}copy/` }), 201);
  t.same(await members(`${plain}copy/sub/`), [`${plain}copy/sub/`, `${plain}copy/sub/2`, `${plain}copy/sub/deep/`]);
  t.equal((await send('GET', `${plain}copy/sub/deep/3`)).text, 'tree/sub/deep/3');
  const { responses } = await ask(
    server,
    alice,
    'PROPFIND',
    `${plain}copy/sub/2`,
    { depth: '0' },
    '<propfind xmlns="DAV:"><prop><p xmlns="urn:x"/></prop></propfind>',
  );
  t.equal(responses[0]?.ok.get('p')?.text(), 'kept');
  t.equal(await status('COPY', `${plain}tree/`, { destination: `${plain}shallow/`, depth: '0' }), 201);
  t.same(await members(`${plain}shallow/`), [`${plain}shallow/`]);
  for (const method of ['COPY', 'MOVE']) {
    t.equal(await status(method, `${plain}tree/`, { destination: `${plain}tree/sub/inside/` }), 403, 'into itself');
    t.equal(await status(method, `${plain}tree/sub/`, { destination: `${plain}tree/` }), 403, 'in place of its parent');
  }
  t.equal(await status('MOVE', `${plain}tree/`, { destination: `${plain}copy/`, overwrite: 'F' }), 412);
  t.equal(await status('MOVE', `${plain}tree/`, { destination: `${plain}moved/` }), 201);
  t.equal(await status('GET', `${plain}tree/sub/2`), 404);
  t.equal((await send('GET', `${plain}moved/sub/2`)).text, 'tree/sub/2');
  t.equal(await status('MOVE', `${plain}moved/sub/2`, { destination: `${plain}copy/sub` }), 204, 'over a collection');
  t.equal((await send('GET', `${plain}copy/sub`)).text, 'tree/sub/2');
  t.equal(
    await status('MOVE', `${plain}moved/`, { destination: `${plain}copy/sub/` }),
    204,
    'a collection over a file',
  );
  t.equal((await send('GET', `${plain}copy/sub/1`)).text, 'tree/1');
  t.equal(await status('DELETE', `${plain}copy/`), 204);
  t.equal(await status('GET', `${plain}copy/sub/1`), 404);
  t.equal((await send('GET', `${plain}tree_/other`)).text, 'tree_/other', 'a name that starts the same stays');
  t.equal(await status('DELETE', `${home}files/tree_/`, { depth: '0' }), 400);
});

t.test('nobody else sees it', async (t) => {
  for (const method of ['GET', 'PUT', 'DELETE', 'PROPFIND', 'MKCOL'])
    for (const path of [plain, `${plain}f`, `${plain}none`, `${plain}d/none`]) {
      const { status } = await server.request(bob, method, path, { headers: { depth: '0' } });
      t.equal(status, 403, `${method} ${path}`);
    }
});
