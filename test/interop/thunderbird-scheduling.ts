/**
 * Two Thunderbirds without windows, one for each of two people: one invites to a weekly meeting, the other accepts; an occurrence is
 * moved and declined, the whole is cancelled, and each asks when the other is free. The server does the scheduling (RFC 6638); what
 * they do is what their windows do.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../support/server-process.ts';
import { interop, must, StepFailed } from './steps.ts';
import { CALENDAR, findCalendars, keepPassword, REFRESH } from './thunderbird-calendar.ts';
import { startThunderbird, type Thunderbird } from './thunderbird-process.ts';

const UID = 'weekly-1';

const addressOf = ({ name }: Person) => `mailto:${name}@example.com`;

/** As its window makes it: a series of four Thursdays with an organizer and an attendee. */
function meeting(organizer: Person, attendee: Person): string {
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN',
    'BEGIN:VEVENT',
    `UID:${UID}`,
    'DTSTAMP:20261101T000000Z',
    'DTSTART:20261105T100000Z',
    'DTEND:20261105T110000Z',
    'RRULE:FREQ=WEEKLY;COUNT=4',
    'SUMMARY:Weekly',
    `ORGANIZER;CN=User:${addressOf(organizer)}`,
    `ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:${addressOf(organizer)}`,
    `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;ROLE=REQ-PARTICIPANT:${addressOf(attendee)}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** The item, and its occurrence of the second week. */
const ITEM = `const item = [...await calendar.getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null)].find((one) => one.id === 'weekly-1');
  const second = () => item.recurrenceInfo.getOccurrenceFor(cal.createDateTime('20261112T100000Z'));`;

interface Seen {
  readonly title: string;
  readonly status: string | null;
  /** Answers of attendees by address. */
  readonly answers: Record<string, string>;
  readonly secondStart: string;
  readonly secondAnswers: Record<string, string>;
}

/** What somebody's calendar shows after asking the server; null when the meeting is not there. */
function seenBy(thunderbird: Thunderbird): Promise<Seen | null> {
  return thunderbird.run<Seen | null>(
    `${CALENDAR} ${REFRESH} ${ITEM}
     if (item === undefined) return null;
     const answers = (of) => Object.fromEntries(of.getAttendees().map((one) => [one.id.toLowerCase(), one.participationStatus]));
     return { title: item.title, status: item.status, answers: answers(item),
       secondStart: second().startDate.icalString, secondAnswers: answers(second()) };`,
  );
}

async function eventually<T>(
  what: string,
  thunderbird: Thunderbird,
  look: (seen: Seen | null) => T | undefined,
): Promise<T> {
  let seen: Seen | null = null;
  for (let i = 0; i < 40; i++) {
    seen = await seenBy(thunderbird);
    const found = look(seen);
    if (found !== undefined) return found;
    await sleep(250);
  }
  throw new StepFailed(`${what}: ${JSON.stringify(seen)}`);
}

/** Changes the meeting, or the occurrence of the second week. */
function change(thunderbird: Thunderbird, body: string, ...args: string[]): Promise<void> {
  return thunderbird.run(
    `${CALENDAR} ${REFRESH} ${ITEM} const changed = item.clone(); ${body} await calendar.modifyItem(changed, item);`,
    ...args,
  );
}

/** Busy periods of somebody, as the window with attendees asks for them. */
function busy(thunderbird: Thunderbird, of: Person, from: string, until: string): Promise<string[]> {
  return thunderbird.run<string[]>(
    `${CALENDAR}
     return new Promise((resolve, reject) => {
       const periods = [];
       const listener = { QueryInterface: ChromeUtils.generateQI(['calIGenericOperationListener']), onResult(operation, entries) {
         for (const entry of entries ?? [])
           periods.push(entry.freeBusyType + ' ' + entry.interval.start.getInTimezone(cal.dtz.UTC).icalString);
         if (operation === null || !operation.isPending) resolve(periods.sort());
       } };
       cal.freeBusyService.getFreeBusyIntervals(arguments[0], cal.createDateTime(arguments[1]), cal.createDateTime(arguments[2]),
         Ci.calIFreeBusyInterval.BUSY_ALL, listener);
       setTimeout(() => resolve(periods.sort()), 10000);
     });`,
    addressOf(of),
    from,
    until,
  );
}

await interop('Thunderbird scheduling', 2, async ({ server, persons, work, step }) => {
  const [anna, bert] = persons as [Person, Person];
  const started: Thunderbird[] = [];
  const startFor = async (person: Person): Promise<Thunderbird> => {
    const folder = join(work, person.name);
    mkdirSync(folder);
    const thunderbird = await startThunderbird(folder);
    started.push(thunderbird);
    await keepPassword(thunderbird, server.url, person);
    await findCalendars(thunderbird, server.url, person);
    return thunderbird;
  };
  try {
    const hers = await step('one starts and finds the calendars', () => startFor(anna));
    const his = await step('so does the other', () => startFor(bert));
    if (hers === undefined || his === undefined) return;
    await step('she invites him', async () => {
      await hers.run(`${CALENDAR} ${REFRESH} await calendar.addItem(new CalEvent(arguments[0]));`, meeting(anna, bert));
      await eventually('he is not invited', his, (seen) =>
        seen?.title === 'Weekly' && seen.answers[addressOf(bert)] === 'NEEDS-ACTION' ? true : undefined,
      );
    });
    await step('he accepts, and she sees it', async () => {
      await change(
        his,
        `const me = changed.getAttendeeById(arguments[0]); const answer = me.clone(); answer.participationStatus = 'ACCEPTED';
         changed.removeAttendee(me); changed.addAttendee(answer);`,
        addressOf(bert),
      );
      await eventually('she does not see it', hers, (seen) =>
        seen?.answers[addressOf(bert)] === 'ACCEPTED' ? true : undefined,
      );
    });
    await step('each sees when the other is busy', async () => {
      for (const [who, of] of [
        [hers, bert],
        [his, anna],
      ] as const) {
        const periods = await busy(who, of, '20261104T000000Z', '20261107T000000Z');
        must(
          periods.some((period) => period.includes('20261105T100000Z')),
          periods.join(),
        );
      }
    });
    await step('she moves one occurrence, and he sees it moved', async () => {
      await change(
        hers,
        `const occurrence = changed.recurrenceInfo.getOccurrenceFor(cal.createDateTime('20261112T100000Z')).clone();
         occurrence.startDate = cal.createDateTime('20261112T140000Z'); occurrence.endDate = cal.createDateTime('20261112T150000Z');
         changed.recurrenceInfo.modifyException(occurrence, true);`,
      );
      await eventually('he does not see it', his, (seen) =>
        seen?.secondStart.includes('20261112T140000') ? true : undefined,
      );
    });
    await step('he declines that one, and she sees it of that one alone', async () => {
      await change(
        his,
        `const occurrence = changed.recurrenceInfo.getOccurrenceFor(cal.createDateTime('20261112T100000Z')).clone();
         const me = occurrence.getAttendeeById(arguments[0]); const answer = me.clone(); answer.participationStatus = 'DECLINED';
         occurrence.removeAttendee(me); occurrence.addAttendee(answer);
         changed.recurrenceInfo.modifyException(occurrence, true);`,
        addressOf(bert),
      );
      const seen = await eventually('she does not see it', hers, (shown) =>
        shown?.secondAnswers[addressOf(bert)] === 'DECLINED' ? shown : undefined,
      );
      must(seen.answers[addressOf(bert)] === 'ACCEPTED', JSON.stringify(seen.answers));
    });
    await step('his time is free again in that week', async () => {
      const periods = await busy(hers, bert, '20261112T000000Z', '20261113T000000Z');
      must(!periods.some((period) => period.includes('20261112T14')), periods.join());
    });
    await step('she cancels, and it is off his calendar or marked', async () => {
      await hers.run(`${CALENDAR} ${REFRESH} ${ITEM} await calendar.deleteItem(item);`);
      await eventually('he still has it', his, (seen) =>
        seen === null || seen.status === 'CANCELLED' ? true : undefined,
      );
      const periods = await busy(hers, bert, '20261104T000000Z', '20261107T000000Z');
      must(!periods.some((period) => period.includes('20261105T10')), periods.join());
    });
  } finally {
    for (const thunderbird of started) await thunderbird.stop();
  }
});
