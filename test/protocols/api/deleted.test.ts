/** What a person deleted, put back by that person alone. */
import t from 'tap';
import { startServer } from '../../support/server.ts';

const event = (uid: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261201T090000Z\r\nSUMMARY:${uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c\r\nFN:Cleo\r\nN:Cleo;;;;\r\nEND:VCARD\r\n';
const home = '/dav/calendars/anna';

t.test('items and whole calendars come back where they were, or where there is room', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  const bob = await server.addUser('bob');
  const put = async (path: string, body: string) =>
    (
      await server.request(anna, 'PUT', path, {
        headers: { 'Content-Type': path.endsWith('vcf') ? 'text/vcard' : 'text/calendar' },
        body,
      })
    ).status;
  const get = async (path: string) => (await server.request(anna, 'GET', path)).status;
  const remove = async (path: string) => (await server.request(anna, 'DELETE', path)).status;
  const list = async () => JSON.parse((await server.request(anna, 'GET', '/api/deleted')).text);
  const restore = async (kind: string, id: number, user = anna) => {
    const { status, text } = await server.request(user, 'POST', `/api/deleted/${kind}/${id}/restore`);
    return { status, ...(text === '' ? {} : JSON.parse(text)) };
  };

  await put(`${home}/calendar/a.ics`, event('a'));
  await put('/dav/addressbooks/anna/addressbook/c.vcf', card);
  await remove(`${home}/calendar/a.ics`);
  await remove('/dav/addressbooks/anna/addressbook/c.vcf');
  const { items } = await list();
  t.match(items, [
    { name: 'c.vcf', kind: 'card' },
    { name: 'a.ics', kind: 'calendar-object', uid: 'a' },
  ]);
  t.match(await restore('items', items[1].id, bob), { status: 404 }, 'not by somebody else');
  t.match(await restore('items', items[1].id), { status: 200, place: 'calendars/calendar', result: 'added' });
  t.equal((await server.request(anna, 'GET', `${home}/calendar/a.ics`)).text, event('a'));
  t.match(await restore('items', items[1].id), { status: 404 }, 'once');
  t.match(await restore('items', items[0].id), { status: 200 });
  t.equal(await get('/dav/addressbooks/anna/addressbook/c.vcf'), 200);

  await server.request(anna, 'MKCALENDAR', `${home}/work/`);
  await put(`${home}/work/w.ics`, event('w'));
  await put(`${home}/work/x.ics`, event('x'));
  await remove(`${home}/work/x.ics`);
  await remove(`${home}/work/`);
  t.equal(await get(`${home}/work/w.ics`), 404);
  const [work] = (await list()).collections;
  t.match(work, { place: 'calendars/work', kind: 'calendar' });
  const [x] = (await list()).items;
  t.match(await restore('items', x.id), { place: 'calendars/calendar' }, 'its calendar is gone: into the first');
  await server.request(anna, 'MKCALENDAR', `${home}/work/`);
  t.match(await restore('collections', work.id, bob), { status: 404 });
  t.match(await restore('collections', work.id), { status: 200, place: 'calendars/work-2' });
  t.equal(await get(`${home}/work-2/w.ics`), 200);
  t.equal(await put(`${home}/work-2/y.ics`, event('y')), 201, 'it can be written to');
  t.same((await list()).collections, []);

  await put(`${home}/calendar/m.ics`, event('m'));
  await remove(`${home}/calendar/m.ics`);
  await put(`${home}/work/m.ics`, event('m'));
  const [m] = (await list()).items;
  t.match(await restore('items', m.id), { status: 409 }, 'it is in another calendar by now');
});
