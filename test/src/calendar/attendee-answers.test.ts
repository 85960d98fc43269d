/** What the index keeps of who is not coming: by address however it is written, and no more than a series can carry. */
import t from 'tap';
import { answerIn, answerKeys } from '../../../src/calendar/attendee-answers.ts';
import { indexCalendarObject } from '../../../src/calendar/calendar-index.ts';
import { parseCalendarObject } from '../../../src/calendar/icalendar.ts';

/** The marks of the first occurrence of a meeting with these attendees. */
function marksOf(attendees: readonly string[]): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Test//EN',
    'BEGIN:VEVENT',
    'UID:1',
    'DTSTAMP:20260101T000000Z',
  ];
  lines.push(
    'DTSTART:20260301T100000Z',
    'ORGANIZER:mailto:boss@example.org',
    ...attendees,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  );
  const window = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) };
  return indexCalendarObject(parseCalendarObject(lines.join('\r\n')), window).occurrences[0]?.answers ?? '';
}

t.test('answers are found by any spelling of an address', async (t) => {
  const marks = marksOf([
    'ATTENDEE;PARTSTAT=DECLINED:MAILTO:Anna@Example.org',
    'ATTENDEE;PARTSTAT=TENTATIVE:https://example.org/dav/principals/bob/',
    'ATTENDEE;PARTSTAT=ACCEPTED:mailto:carl@example.org',
  ]);
  t.equal(answerIn(marks, answerKeys(['other@example.org', 'anna@example.org'])), 'declined');
  t.equal(answerIn(marks, answerKeys(['principal:bob'])), 'tentative');
  t.equal(answerIn(marks, answerKeys(['carl@example.org'])), undefined);
  t.equal(marksOf(['ATTENDEE:mailto:carl@example.org']), '');
});

t.test('a hundred at most', async (t) => {
  const marks = marksOf(Array.from({ length: 150 }, (_, n) => `ATTENDEE;PARTSTAT=DECLINED:mailto:p${n}@example.org`));
  t.equal(answerIn(marks, answerKeys(['p99@example.org'])), 'declined');
  t.equal(answerIn(marks, answerKeys(['p100@example.org'])), undefined);
});
