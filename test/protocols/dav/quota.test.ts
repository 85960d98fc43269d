/** Quota: RFC 4331 §3, §4 (properties), §6 (507 with quota-not-exceeded). */
import t from 'tap';
import { ask, CALENDAR, event, propfindBody } from '../../support/dav.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const alice = await server.addUser('alice');
const home = '/dav/calendars/alice/';
const files = `${home}files/`;
const CARD = ['BEGIN:VCARD', 'VERSION:3.0', 'UID:c', 'FN:C', 'N:C;;;;', 'NOTE:Note', 'END:VCARD', ''].join('\r\n');
const properties = propfindBody('D:quota-used-bytes', 'D:quota-available-bytes');
const quota = async (path = home) => {
  const { responses } = await ask(server, alice, 'PROPFIND', path, { depth: '0' }, properties);
  const read = (name: string) => {
    const text = responses[0]?.ok.get(name)?.text();
    return text === undefined ? undefined : Number(text);
  };
  return { used: read('quota-used-bytes'), available: read('quota-available-bytes') };
};
const setQuota = (octets: number | null) =>
  server.store.transaction((write) => write.accounts.setQuota(alice.id, octets));
const send = (method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) =>
  ask(server, alice, method, path, headers, body as string);

t.test('what is used is counted with every change', async (t) => {
  t.same(await quota(), { used: 0, available: undefined }, 'without a limit nothing is promised');
  await send('MKCOL', files);
  const object = event('a');
  await send('PUT', `${home}calendar/a.ics`, object, CALENDAR);
  await send('PUT', `${files}f`, 'x'.repeat(1000));
  await send('PUT', '/dav/addressbooks/alice/addressbook/c.vcf', CARD, { 'content-type': 'text/vcard' });
  let used = object.length + 1000 + CARD.length;
  t.equal((await quota()).used, used);
  t.equal((await quota('/dav/addressbooks/alice/')).used, used, 'one account');
  await send('PUT', `${files}f`, 'x'.repeat(10));
  t.equal((await quota(files)).used, used - 990);
  used -= 990;
  await send('COPY', `${files}f`, undefined, { destination: `${files}g` });
  t.equal((await quota()).used, used + 10);
  used += 10;
  await send('MOVE', `${files}g`, undefined, { destination: `${files}h` });
  t.equal((await quota()).used, used);
  await send('DELETE', `${home}calendar/a.ics`);
  t.equal((await quota()).used, used - object.length);
  await send('DELETE', files);
  t.equal((await quota()).used, CARD.length, 'a collection goes with what it took');
});

t.test('what does not fit is refused, and changes nothing', async (t) => {
  const { used = 0 } = await quota();
  await setQuota(used + 1000);
  t.equal((await quota()).available, 1000);
  await send('MKCOL', files);
  for (const [path, body, headers] of [
    [`${files}f`, 'x'.repeat(1001), {}],
    [`${home}calendar/b.ics`, event('b', 'x'.repeat(1001)), CALENDAR],
    [
      '/dav/addressbooks/alice/addressbook/d.vcf',
      CARD.replace('Note', 'x'.repeat(1000)).replace('UID:c', 'UID:d'),
      { 'content-type': 'text/vcard' },
    ],
  ] as const) {
    const refused = await send('PUT', path, body, headers);
    t.same([refused.status, refused.condition], [507, ['quota-not-exceeded']], path);
    t.equal((await send('GET', path)).status, 404);
  }
  t.equal((await quota()).available, 1000);
  t.equal((await send('PUT', `${files}f`, 'x'.repeat(1000))).status, 201);
  t.equal((await quota()).available, 0);
  t.equal((await send('COPY', `${files}f`, undefined, { destination: `${files}g` })).status, 507);
  t.equal((await send('PUT', `${files}f`, 'x'.repeat(900))).status, 204, 'shrinking is always allowed');
  await setQuota(10);
  t.equal((await quota()).available, 0, 'never negative');
  t.equal((await send('PUT', `${files}f`, 'x'.repeat(899))).status, 204);
  await setQuota(null);
});
