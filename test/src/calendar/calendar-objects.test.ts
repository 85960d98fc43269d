import t, { type Test } from 'tap';
import { CalendarObjects } from '../../../src/calendar/calendar-objects.ts';
import { indexWindow } from '../../../src/calendar/object-writing.ts';
import { etagOf } from '../../../src/collections/etag.ts';
import { DomainError } from '../../../src/errors.ts';
import { NO_RIGHTS } from '../../../src/principals/access.ts';
import { always, calendar, event, icalendar, person } from '../../support/calendar.ts';
import { temporaryStore } from '../../support/store.ts';

const NOW = Date.UTC(2026, 2, 1, 12);

async function setUp(test: Test) {
  const store = await temporaryStore(test, { now: () => NOW });
  const anna = await person(store, 'anna');
  const home = await calendar(store, anna, 'calendar');
  const objects = new CalendarObjects(store, () => NOW);
  return { store, anna, home, objects };
}

const refused = (code: string, details: object = {}) => ({ name: 'DomainError', code, details });

t.test('what is put is stored as it came, indexed, and named by its ETag (RFC 4791 §5.3.2)', async (t) => {
  const { store, home, objects } = await setUp(t);
  const octets = event('a', '20260302T100000Z', 'RRULE:FREQ=WEEKLY', 'X-OWN;X-P=é:kept');
  const { created, member, verbatim } = await objects.put(home, 'a.ics', octets, always);
  t.equal(created, true);
  t.equal(verbatim, true);
  t.equal(member.etag, etagOf(octets));
  t.equal(member.size, Buffer.byteLength(octets));
  t.equal(await objects.read(member, home), octets);
  const row = await objects.find(home, 'a.ics');
  t.match(row, {
    icalUid: 'a',
    component: 'VEVENT',
    recurring: 1,
    lastEnd: null,
    indexedUntil: indexWindow(NOW).until,
  });
  const week = await store.calendarObjects.overlapping(home.id, Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 8));
  t.same(
    week.map(({ name }) => name),
    ['a.ics'],
  );

  const changed = await objects.put(home, 'a.ics', event('a', '20270101T100000Z'), always);
  t.equal(changed.created, false);
  t.equal(changed.member.id, member.id);
  t.ok(changed.member.modseq > member.modseq);
  t.same(await store.calendarObjects.overlapping(home.id, Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 8)), []);
  t.equal((await store.collections.get(home.id))?.modseq, changed.member.modseq);
});

t.test('a precondition decides on what is stored at the moment of writing', async (t) => {
  const { home, objects } = await setUp(t);
  const { member } = await objects.put(home, 'a.ics', event('a'), always);
  const unchanged = (current: { etag: string } | undefined) => {
    if (current?.etag !== member.etag) throw new DomainError('etag-mismatch', 'It changed.');
  };
  const writers = Array.from({ length: 8 }, (_, i) =>
    objects.put(home, 'a.ics', event('a', '20260303T100000Z', `SUMMARY:${i}`), unchanged),
  );
  const results = await Promise.allSettled(writers);
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  await t.rejects(objects.remove(home, 'a.ics', unchanged), refused('etag-mismatch'));
  await objects.remove(home, 'a.ics', always);
  t.equal(await objects.find(home, 'a.ics'), undefined);
  await t.rejects(objects.remove(home, 'a.ics', always), refused('not-found'));
});

t.test('UIDs (RFC 4791 §5.3.2.1 no-uid-conflict, RFC 6638 §3.2.4.1)', async (t) => {
  const { store, anna, home, objects } = await setUp(t);
  const other = await calendar(store, anna, 'other');
  await objects.put(home, 'a.ics', event('a'), always);
  await t.rejects(objects.put(home, 'b.ics', event('a'), always), refused('uid-conflict', { name: 'a.ics' }));
  await t.rejects(objects.put(home, 'a.ics', event('b'), always), refused('uid-conflict', { name: 'a.ics' }));
  await t.rejects(objects.put(other, 'a.ics', event('a'), always), refused('uid-conflict', { name: undefined }));
  t.same((await objects.put(other, 'b.ics', event('b'), always)).created, true);
  const bert = await person(store, 'bert');
  const his = await calendar(store, bert, 'calendar');
  t.equal((await objects.put(his, 'a.ics', event('a'), always)).created, true, 'another owner may have the same');
});

t.test('what a calendar refuses', async (t) => {
  const { store, anna, home, objects } = await setUp(t);
  const tasks = await calendar(store, anna, 'tasks', { components: 'VTODO' });
  await t.rejects(objects.put(tasks, 'a.ics', event('a'), always), refused('unsupported-component'));
  await t.rejects(objects.put(home, 'a.ics', 'BEGIN:VCARD\r\nEND:VCARD\r\n', always), refused('invalid-data'));
  await t.rejects(
    objects.put(home, 'a.ics', icalendar('VEVENT', 'DTSTART:20260101'), always),
    refused('invalid-object'),
  );
  const large = event('a', '20260101', `ATTACH;ENCODING=BASE64;VALUE=BINARY:${'A'.repeat(10 * 1024 * 1024)}`);
  await t.rejects(objects.put(home, 'a.ics', large, always), refused('too-large'));
  await t.rejects(objects.put(home, 'n'.repeat(256), event('a'), always), refused('forbidden'));
  t.equal(await store.calendarObjects.count(home.id), 0);
});

t.test('rights: nothing without read, no change without write', async (t) => {
  const { home, objects } = await setUp(t);
  await objects.put(home, 'a.ics', event('a'), always);
  const hidden = { ...home, rights: NO_RIGHTS };
  const readable = { ...home, rights: { ...NO_RIGHTS, freeBusy: true, read: true } };
  await t.rejects(objects.find(hidden, 'a.ics'), refused('not-found'));
  await t.rejects(objects.put(hidden, 'a.ics', event('a'), always), refused('not-found'));
  await t.rejects(objects.put(readable, 'a.ics', event('a'), always), refused('forbidden'));
  await t.rejects(objects.remove(readable, 'a.ics', always), refused('forbidden'));
  await t.rejects(objects.move(readable, 'a.ics', home, 'b.ics', true, always), refused('forbidden'));
  await t.rejects(objects.copy(hidden, 'a.ics', home, 'b.ics', true, always), refused('not-found'));
  t.ok(await objects.find(home, 'a.ics'));
});

t.test('nothing is put into a calendar that was deleted meanwhile', async (t) => {
  const { store, anna, home, objects } = await setUp(t);
  await store.transaction(async (write) =>
    write.collections.remove(home.id, await write.accounts.nextModseq(anna.id, [home.id])),
  );
  await t.rejects(objects.put(home, 'a.ics', event('a'), always), refused('not-found'));
});

t.test('move within an account keeps the object and leaves a tombstone (RFC 4918 §9.9)', async (t) => {
  const { store, anna, home, objects } = await setUp(t);
  const other = await calendar(store, anna, 'other');
  const { member } = await objects.put(home, 'a.ics', event('a'), always);
  t.same(await objects.move(home, 'a.ics', other, 'b.ics', false, always), { created: true });
  t.match(await objects.find(other, 'b.ics'), { id: member.id, etag: member.etag });
  t.equal(await objects.find(home, 'a.ics'), undefined);
  t.match(await store.tombstones.page(home.id, { modseq: 0, memberId: 0 }, 10), [{ name: 'a.ics' }]);
  const found = await store.calendarObjects.overlapping(other.id, Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 3));
  t.equal(found.length, 1, 'its index moved with it');

  await objects.put(other, 'c.ics', event('c'), always);
  await t.rejects(objects.move(other, 'b.ics', other, 'c.ics', false, always), refused('etag-mismatch'));
  await t.rejects(
    objects.move(other, 'b.ics', other, 'c.ics', true, always),
    refused('uid-conflict', { name: 'c.ics' }),
  );
  await t.rejects(objects.move(other, 'b.ics', other, 'b.ics', true, always), refused('forbidden'));
  const tasks = await calendar(store, anna, 'tasks', { components: 'VTODO' });
  await t.rejects(objects.move(other, 'b.ics', tasks, 'b.ics', true, always), refused('unsupported-component'));
});

t.test('copy and move into the calendar of another owner', async (t) => {
  const { store, home, objects } = await setUp(t);
  const bert = await person(store, 'bert');
  const his = await calendar(store, bert, 'calendar');
  const { member } = await objects.put(home, 'a.ics', event('a'), always);
  await store.transaction((write) =>
    write.properties.set('calendar-object', member.id, { principalId: 0, namespace: 'x', name: 'y', xml: '<y/>' }),
  );
  t.same(await objects.copy(home, 'a.ics', his, 'a.ics', false, always), { created: true });
  const copy = await objects.find(his, 'a.ics');
  t.not(copy?.id, member.id);
  t.equal(copy?.etag, member.etag);
  t.equal((await store.properties.list('calendar-object', copy?.id ?? 0, bert.id)).length, 1);
  await t.rejects(objects.copy(home, 'a.ics', his, 'b.ics', false, always), refused('uid-conflict', { name: 'a.ics' }));
  t.same(await objects.copy(home, 'a.ics', his, 'a.ics', true, always), { created: false });
  t.same(await objects.move(home, 'a.ics', his, 'a.ics', true, always), { created: false });
  t.equal(await objects.find(home, 'a.ics'), undefined);
  t.equal((await store.collections.get(his.id))?.modseq, (await objects.find(his, 'a.ics'))?.modseq);
});
