/** Forty people invite and answer each other at once: no message is lost, doubled or crossed. */
import t from 'tap';
import { CalendarObjects } from '../../../src/calendar/calendar-objects.ts';
import type { Collection } from '../../../src/collections/members.ts';
import { ALL_RIGHTS, type Principal } from '../../../src/principals/access.ts';
import { Rooms } from '../../../src/principals/rooms.ts';
import { AutoSchedule } from '../../../src/scheduling/auto-schedule.ts';
import { MessageDelivery } from '../../../src/scheduling/message-delivery.ts';
import { MessageQueue } from '../../../src/scheduling/message-queue.ts';
import { Recipients } from '../../../src/scheduling/recipients.ts';
import { RoomBookings } from '../../../src/scheduling/room-bookings.ts';
import { RoomDelivery } from '../../../src/scheduling/room-delivery.ts';
import { attendee, calendarText, organizer } from '../../support/scheduling.ts';
import { startServer } from '../../support/server.ts';

const PEOPLE = 40;
const INVITED = 5;

t.test('every invitation and every answer arrives exactly once', async (t) => {
  const server = await startServer(t);
  const { store } = server;
  const names = Array.from({ length: PEOPLE }, (_, index) => `person${index}`);
  await server.app.principals.addAll(
    names.map((name) => ({ address: `${name}@example.org`, password: `${name}-password-1` })),
  );
  const principals = new Map<string, Principal>();
  for (const principal of await server.app.principals.list()) principals.set(principal.name, principal);
  const collection = async (name: string, segment: string): Promise<Collection> => {
    const owner = principals.get(name) as Principal;
    const row = await store.collections.bySegment(owner.id, 'calendars', segment);
    if (row === undefined) throw new Error(`no ${segment} of ${name}`);
    return { ...row, owner, rights: ALL_RIGHTS };
  };
  const recipients = new Recipients(store);
  const failures: unknown[] = [];
  const queue = new MessageQueue(store, Date.now);
  const rooms = new Rooms(store, Date.now);
  const bookings = new RoomDelivery(store, rooms, recipients, new RoomBookings(store, rooms, Date.now), Date.now);
  const delivery = new MessageDelivery(store, recipients, bookings, Date.now);
  queue.start(delivery, { error: (fields) => failures.push(fields) });
  t.teardown(() => queue.stop());
  const objects = new CalendarObjects(store, Date.now, new AutoSchedule(store, recipients, queue, Date.now));

  const guestsOf = (index: number) =>
    Array.from({ length: INVITED }, (_, step) => names[(index + (step + 1) * 7) % PEOPLE] as string);
  await Promise.all(
    names.map(async (name, index) => {
      const lines = [organizer(name), attendee(name, 'ACCEPTED'), ...guestsOf(index).map((guest) => attendee(guest))];
      const text = calendarText(`of-${name}`, [{ lines: [...lines, `SUMMARY:Of ${name}`] }]);
      await objects.put(await collection(name, 'calendar'), 'own.ics', text, () => {});
    }),
  );
  const settled = async () => {
    for (let waits = 0; waits < 500 && (await store.scheduleMessages.nextAttemptAt()) !== undefined; waits++)
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await settled();

  const contents = async (name: string, segment: string) => {
    const { id } = await collection(name, segment);
    const rows = await store.calendarObjects.page(id, { modseq: 0, memberId: 0 }, 1_000);
    return Promise.all(rows.map(async (row) => ({ ...row, text: (await store.calendarObjects.data(row.id)) ?? '' })));
  };
  for (const [index, name] of names.entries()) {
    const hosts = names.filter((_, host) => guestsOf(host).includes(name));
    const copies = (await contents(name, 'calendar')).filter(({ icalUid }) => icalUid !== `of-${name}`);
    t.same(copies.map(({ icalUid }) => icalUid).sort(), hosts.map((host) => `of-${host}`).sort(), `copies of ${index}`);
    for (const { icalUid, text } of copies) t.match(text, `SUMMARY:Of ${icalUid.slice(3)}`, 'nothing is crossed');
    const inbox = await contents(name, 'inbox');
    t.same(
      inbox.map(({ icalUid, method }) => `${method} ${icalUid}`).sort(),
      hosts.map((host) => `REQUEST of-${host}`).sort(),
      `inbox of ${index}`,
    );
  }

  const answerOf = (index: number) => (index % 3 === 0 ? 'DECLINED' : index % 3 === 1 ? 'ACCEPTED' : 'TENTATIVE');
  await Promise.all(
    names.map(async (name, index) => {
      const calendar = await collection(name, 'calendar');
      for (const { name: file, icalUid } of await contents(name, 'calendar')) {
        if (icalUid === `of-${name}`) continue;
        // The copy changes while others answer: read it again until the answer is in.
        for (let attempts = 0; ; attempts++) {
          const row = await store.calendarObjects.get(calendar.id, file);
          const text = (await store.calendarObjects.data(row?.id ?? 0)) ?? '';
          const mine = new RegExp(`PARTSTAT=[A-Z-]+(:mailto:${name}@)`);
          try {
            await objects.put(
              calendar,
              file,
              text.replace(/\r\n /g, '').replace(mine, `PARTSTAT=${answerOf(index)}$1`),
              () => {},
            );
            break;
          } catch (error) {
            if (attempts === 20) throw error;
          }
        }
      }
    }),
  );
  await settled();
  // Everything is read once: what each person has in the end.
  const unfolded = (text: string) => text.replace(/\r\n /g, '');
  const calendars = new Map<string, Map<string, string>>();
  for (const name of names)
    calendars.set(
      name,
      new Map((await contents(name, 'calendar')).map(({ icalUid, text }) => [icalUid, unfolded(text)])),
    );
  const answers = (text: string, guests: readonly string[]) =>
    guests.filter(
      (guest) => !new RegExp(`PARTSTAT=${answerOf(names.indexOf(guest))}[^:]*:mailto:${guest}@`).test(text),
    );
  for (const [index, name] of names.entries()) {
    const guests = guestsOf(index);
    t.same(answers(calendars.get(name)?.get(`of-${name}`) ?? '', guests), [], `all answers reached ${name}`);
    const replies = (await contents(name, 'inbox')).filter(({ method }) => method === 'REPLY');
    const senders = replies.map(({ text }) => /ATTENDEE[^:]*:mailto:(person\d+)@/.exec(unfolded(text))?.[1]);
    t.same(senders.sort(), [...guests].sort(), `one reply of each guest of ${name}`);
    for (const guest of guests)
      t.same(answers(calendars.get(guest)?.get(`of-${name}`) ?? '', guests), [], `${guest} sees all answers`);
  }
  t.same(failures, [], 'nothing had to be tried again');
});
