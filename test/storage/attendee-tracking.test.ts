/** What is known of attendees: the last message and the last answer count, and both go with the event and the account. */
import t from 'tap';
import { addCollection, addObject, addPerson, temporaryStore } from '../support/store.ts';

t.test('the last message stands for all before it; answers are kept beside', async (t) => {
  const store = await temporaryStore(t);
  const accountId = await addPerson(store, 'anna');
  const of = { accountId, icalUid: 'u', attendee: 'bob@elsewhere.example' };
  const read = async () => (await store.attendeeTracking.list(accountId, 'u', 10))[0];
  await store.transaction((write) => write.attendeeTracking.settled(of, 'bounced', 1, 'nothing was sent'));
  t.equal(await read(), undefined);
  await store.transaction((write) => write.attendeeTracking.answered(of, 'ACCEPTED', 'web', 5));
  await store.transaction((write) => write.attendeeTracking.settled(of, 'bounced', 6, 'nothing was sent'));
  t.match(await read(), { method: null, state: null, partstat: 'ACCEPTED', answeredVia: 'web', answeredAt: 5 });
  await store.transaction(async (write) => {
    await write.attendeeTracking.sent(of, 'REQUEST', 'mail', 10);
    await write.attendeeTracking.mailed(of, 'e1');
    await write.attendeeTracking.settled(of, 'bounced', 11, '5.1.1 gone');
  });
  t.match(await read(), {
    method: 'REQUEST',
    way: 'mail',
    state: 'bounced',
    detail: '5.1.1 gone',
    partstat: 'ACCEPTED',
  });
  await store.transaction((write) => write.attendeeTracking.sent(of, 'CANCEL', 'mail', 20));
  t.match(await read(), { method: 'CANCEL', state: 'queued', stateAt: 20, detail: '', envelopeId: null });
  t.equal(await store.attendeeTracking.byEnvelope(accountId, 'e1'), undefined, 'an old mail tells nothing any more');
});

t.test('what is known goes some time after the event, and with the account', async (t) => {
  const store = await temporaryStore(t);
  const accountId = await addPerson(store, 'anna');
  const calendar = await addCollection(store, accountId, 'calendar', 'calendar');
  await addObject(store, accountId, calendar, 'kept.ics');
  const [kept] = await store.calendarObjects.page(calendar, { modseq: 0, memberId: 0 }, 10);
  await store.transaction(async (write) => {
    for (const icalUid of [kept?.icalUid ?? '', 'gone', 'fresh'])
      await write.attendeeTracking.sent(
        { accountId, icalUid, attendee: 'bob@elsewhere.example' },
        'REQUEST',
        'mail',
        icalUid === 'fresh' ? 100 : 10,
      );
  });
  const expire = () => store.transaction((write) => write.attendeeTracking.expire(50, 60, 10));
  t.equal(await expire(), 2);
  t.equal(await expire(), 0, 'what is still there is looked at later again');
  t.same(await store.attendeeTracking.list(accountId, 'gone', 10), []);
  for (const icalUid of [kept?.icalUid ?? '', 'fresh'])
    t.equal((await store.attendeeTracking.list(accountId, icalUid, 10)).length, 1);
});
