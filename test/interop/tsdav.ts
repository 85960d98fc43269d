/**
 * tsdav, a client library that shares no code with us: discovery, calendars and address books, objects made, changed and
 * deleted, `smart` synchronisation by sync token, a query by time range, a new calendar. It trims the octets it reads.
 */
import { addressBookMultiGet, calendarMultiGet, createDAVClient } from 'tsdav';
import { card, event, uidOf } from '../support/generated-data.ts';
import { interop, must } from './steps.ts';

await interop('tsdav', 1, async ({ server, persons, step }) => {
  const [person] = persons;
  must(person, 'no person');
  const login = (defaultAccountType: 'caldav' | 'carddav') =>
    createDAVClient({
      serverUrl: server.url,
      credentials: { username: person.name, password: person.password },
      authMethod: 'Basic',
      defaultAccountType,
    });

  const caldav = await step('caldav: log in from the bare host', () => login('caldav'));
  must(caldav, 'no client');
  const calendars =
    (await step('caldav: fetchCalendars', async () => {
      const found = await caldav.fetchCalendars();
      must(found.length === 2, `${found.length} calendars`);
      for (const { url, ctag, syncToken, reports } of found)
        must(ctag && syncToken && reports?.length, `${url} lacks ctag, sync token or reports`);
      must(
        found.some(({ components }) => components?.includes('VEVENT') && !components.includes('VTODO')),
        'no calendar for events',
      );
      must(
        found.some(({ components }) => components?.join() === 'VTODO'),
        'no calendar for tasks',
      );
      return found;
    })) ?? [];
  const calendar = calendars.find(({ components }) => components?.includes('VEVENT'));
  must(calendar, 'no calendar');
  await step('caldav: createCalendarObject three times', async () => {
    for (const i of [1, 2, 3]) {
      const answer = await caldav.createCalendarObject({ calendar, filename: `object-${i}.ics`, iCalString: event(i) });
      must(answer.status === 201, `${answer.status} ${await answer.text()}`);
    }
  });
  await step('caldav: a second create of the same name is refused', async () => {
    const answer = await caldav.createCalendarObject({ calendar, filename: 'object-1.ics', iCalString: event(9) });
    must(answer.status === 412, `${answer.status}`);
  });
  const objects =
    (await step('caldav: fetchCalendarObjects gives the octets back', async () => {
      const found = await caldav.fetchCalendarObjects({ calendar });
      must(found.length === 3, `${found.length} objects`);
      for (const i of [1, 2, 3])
        must(
          found.some(({ data }) => data === event(i).trimEnd()),
          `object ${i} is missing or changed`,
        );
      return found;
    })) ?? [];
  await step('caldav: fetchCalendarObjects by time range, expanded', async () => {
    const found = await caldav.fetchCalendarObjects({
      calendar,
      timeRange: { start: '2026-01-01T00:00:00Z', end: '2028-01-01T00:00:00Z' },
      expand: true,
    });
    must(found.length === 3, `${found.length} objects`);
    must(
      found.every(({ data }) => !String(data).includes('VTIMEZONE')),
      'they are not expanded',
    );
  });
  const before = { ...calendar, objects, objectMultiGet: calendarMultiGet };
  await step('caldav: updateCalendarObject', async () => {
    const object = objects.find(({ data }) => data.includes(uidOf(1)));
    must(object, 'no object');
    const answer = await caldav.updateCalendarObject({ calendarObject: { ...object, data: event(1, 2) } });
    must(answer.status === 204, `${answer.status}`);
    const stale = await caldav.updateCalendarObject({ calendarObject: { ...object, data: event(1, 3) } });
    must(stale.status === 412, `with the old ETag: ${stale.status}`);
  });
  await step('caldav: deleteCalendarObject', async () => {
    const object = objects.find(({ data }) => data.includes(uidOf(2)));
    must(object, 'no object');
    const answer = await caldav.deleteCalendarObject({ calendarObject: object });
    must(answer.status === 204, `${answer.status}`);
  });
  await step('caldav: smart syncCollection finds what was made, changed and deleted', async () => {
    await caldav.createCalendarObject({ calendar, filename: 'object-4.ics', iCalString: event(4) });
    const { created, updated, deleted } = (
      await caldav.smartCollectionSync({ collection: before, method: 'webdav', detailedResult: true })
    ).objects;
    must(
      created.length === 1 && updated.length === 1 && deleted.length === 1,
      `${created.length}, ${updated.length}, ${deleted.length}`,
    );
  });
  await step('caldav: makeCalendar', async () => {
    const home = calendar.url.replace(/[^/]+\/$/, '');
    const [answer] = await caldav.makeCalendar({ url: `${home}projects/`, props: { displayname: 'Projects' } });
    must(answer?.status === 201, `${answer?.status}`);
    must(
      (await caldav.fetchCalendars()).some(({ displayName }) => displayName === 'Projects'),
      'it is not listed',
    );
  });

  const carddav = await step('carddav: log in from the bare host', () => login('carddav'));
  must(carddav, 'no client');
  const [book] =
    (await step('carddav: fetchAddressBooks', async () => {
      const found = await carddav.fetchAddressBooks();
      must(found.length === 1, `${found.length} address books`);
      return found;
    })) ?? [];
  must(book, 'no address book');
  await step('carddav: createVCard three times', async () => {
    for (const i of [1, 2, 3]) {
      const answer = await carddav.createVCard({ addressBook: book, filename: `card-${i}.vcf`, vCardString: card(i) });
      must(answer.status === 201, `${answer.status} ${await answer.text()}`);
    }
  });
  const cards =
    (await step('carddav: fetchVCards gives the octets back', async () => {
      const found = await carddav.fetchVCards({ addressBook: book });
      must(found.length === 3, `${found.length} cards`);
      for (const i of [1, 2, 3])
        must(
          found.some(({ data }) => data === card(i).trimEnd()),
          `card ${i} is missing or changed`,
        );
      return found;
    })) ?? [];
  await step('carddav: updateVCard and deleteVCard', async () => {
    const [first, second] = cards;
    must(first && second, 'no cards');
    const number = [1, 2, 3].find((i) => first.data.includes(uidOf(i))) ?? 0;
    const updated = await carddav.updateVCard({ vCard: { ...first, data: card(number, 2) } });
    must(updated.status === 204, `update: ${updated.status}`);
    const removed = await carddav.deleteVCard({ vCard: second });
    must(removed.status === 204, `delete: ${removed.status}`);
  });
  await step('carddav: smart syncCollection finds what was changed and deleted', async () => {
    const { created, updated, deleted } = (
      await carddav.smartCollectionSync({
        collection: { ...book, objects: cards, objectMultiGet: addressBookMultiGet },
        method: 'webdav',
        detailedResult: true,
      })
    ).objects;
    must(
      created.length === 0 && updated.length === 1 && deleted.length === 1,
      `${created.length}, ${updated.length}, ${deleted.length}`,
    );
  });
});
