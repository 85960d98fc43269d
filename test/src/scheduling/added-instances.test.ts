/** RFC 6638 §3.2.8: which changes of a series ask everybody again. */
import t from 'tap';
import { printContent } from '../../../src/calendar/content.ts';
import { organizerChange } from '../../../src/scheduling/itip-organizer.ts';
import { attendeesOf, MAIN, partstatOf } from '../../../src/scheduling/scheduling-object.ts';
import {
  attendee,
  calendarText,
  type EventLines,
  objectOf,
  objectOfTree,
  only,
  organizer,
} from '../../support/scheduling.ts';

const people = (bob = attendee('bob', 'ACCEPTED')) => [organizer('anna'), attendee('anna', 'ACCEPTED'), bob];

/** PARTSTAT of Bob, who had accepted, after the series changed from some lines to others. */
function answerAfter(before: readonly string[], after: readonly string[], bob?: string) {
  const object = (lines: readonly string[]) => objectOf(calendarText('u', [{ lines: [...people(bob), ...lines] }]));
  const { stored } = organizerChange({
    before: object(before),
    after: object(after),
    isOwn: only('anna'),
    now: Date.UTC(2026, 5, 1),
    keepAnswers: false,
  });
  const component = objectOfTree(stored ?? ['x', [], []]).components.get(MAIN);
  return partstatOf(attendeesOf(component ?? ['x', [], []]).get('bob@example.org') ?? ['', {}, '', '']);
}

const DAILY = 'RRULE:FREQ=DAILY';
const ROWS: [string, string[], string[], 'ACCEPTED' | 'NEEDS-ACTION'][] = [
  ['the same', [`${DAILY};COUNT=5`], [`${DAILY};COUNT=5`], 'ACCEPTED'],
  ['fewer of COUNT', [`${DAILY};COUNT=5`], [`${DAILY};COUNT=3`], 'ACCEPTED'],
  ['more of COUNT', [`${DAILY};COUNT=5`], [`${DAILY};COUNT=6`], 'NEEDS-ACTION'],
  ['an end', [DAILY], [`${DAILY};UNTIL=20270110T090000Z`], 'ACCEPTED'],
  ['no end any more', [`${DAILY};COUNT=5`], [DAILY], 'NEEDS-ACTION'],
  ['a later end', [`${DAILY};UNTIL=20270110T090000Z`], [`${DAILY};UNTIL=20270111T090000Z`], 'NEEDS-ACTION'],
  [
    'a later end without one more',
    [`${DAILY};UNTIL=20270110T090000Z`],
    [`${DAILY};UNTIL=20270110T235959Z`],
    'ACCEPTED',
  ],
  ['the same end, said otherwise', [`${DAILY};COUNT=3`], [`${DAILY};UNTIL=20270106T090000Z`], 'ACCEPTED'],
  [
    'one more that is left out at once',
    [`${DAILY};COUNT=5`],
    [`${DAILY};COUNT=6`, 'EXDATE:20270109T090000Z'],
    'ACCEPTED',
  ],
  ['another rhythm', [`${DAILY};COUNT=5`], ['RRULE:FREQ=WEEKLY;COUNT=5'], 'NEEDS-ACTION'],
  ['an instance left out', [DAILY], [DAILY, 'EXDATE:20270106T090000Z'], 'ACCEPTED'],
  ['an instance that is back', [DAILY, 'EXDATE:20270106T090000Z'], [DAILY], 'NEEDS-ACTION'],
  ['EXDATE of no instance taken away', [DAILY, 'EXDATE:20270106T093000Z'], [DAILY], 'ACCEPTED'],
  ['one more date', [`${DAILY};COUNT=2`], [`${DAILY};COUNT=2`, 'RDATE:20270301T090000Z'], 'NEEDS-ACTION'],
  ['one date less', [`${DAILY};COUNT=2`, 'RDATE:20270301T090000Z'], [`${DAILY};COUNT=2`], 'ACCEPTED'],
  ['a date that the rule has', [`${DAILY};COUNT=2`], [`${DAILY};COUNT=2`, 'RDATE:20270105T090000Z'], 'ACCEPTED'],
  ['other words', [DAILY], [DAILY, 'DESCRIPTION:Agenda'], 'ACCEPTED'],
];

t.test('RFC 6638 §3.2.8: RRULE, RDATE and EXDATE', async (t) => {
  for (const [name, before, after, expected] of ROWS) t.equal(answerAfter(before, after), expected, name);
});

t.test('RFC 6638 §3.2.8: answers that the client collects are its own', async (t) => {
  const collected = attendee('bob', 'ACCEPTED', ';SCHEDULE-AGENT=CLIENT');
  t.equal(answerAfter([`${DAILY};COUNT=2`], [`${DAILY};COUNT=4`], collected), 'ACCEPTED');
});

t.test('a series that goes on keeps the answers to its exceptions', async (t) => {
  const exception = {
    start: '20270105T100000Z',
    lines: [...people(attendee('bob', 'TENTATIVE')), 'RECURRENCE-ID:20270105T090000Z'],
  };
  const object = (rule: string) => objectOf(calendarText('u', [{ lines: [...people(), rule] }, exception]));
  const { stored } = organizerChange({
    before: object(`${DAILY};COUNT=3`),
    after: object(`${DAILY};COUNT=5`),
    isOwn: only('anna'),
    now: Date.UTC(2026, 5, 1),
    keepAnswers: false,
  });
  const answers = [...objectOfTree(stored ?? ['x', [], []]).components.values()].map((one) =>
    partstatOf(attendeesOf(one).get('bob@example.org') ?? ['', {}, '', '']),
  );
  t.same(answers, ['NEEDS-ACTION', 'TENTATIVE']);
});

t.test('an exception with a time of its own that goes asks again for that instance alone', async (t) => {
  const exception = (start: string, partstat = 'ACCEPTED') => ({
    start: `20270105T${start}Z`,
    lines: [...people(attendee('bob', partstat)), 'RECURRENCE-ID:20270105T090000Z', 'SEQUENCE:3'],
  });
  const series = (partstat = 'ACCEPTED') => ({ lines: [...people(attendee('bob', partstat)), `${DAILY};COUNT=3`] });
  const change = (before: EventLines[], after: EventLines[]) =>
    organizerChange({
      before: objectOf(calendarText('u', before)),
      after: objectOf(calendarText('u', after)),
      isOwn: only('anna'),
      now: Date.UTC(2026, 5, 1),
      keepAnswers: false,
    });
  const answers = ({ stored }: ReturnType<typeof change>) =>
    [...objectOfTree(stored ?? ['x', [], []]).components.values()].map((one) =>
      partstatOf(attendeesOf(one).get('bob@example.org') ?? ['', {}, '', '']),
    );
  const back = change([series(), exception('110000')], [series()]);
  t.same(answers(back), ['ACCEPTED', 'NEEDS-ACTION']);
  t.equal(back.messages.length, 1);
  const told = printContent(back.messages[0]?.calendar ?? ['x', [], []]);
  t.match(told, /METHOD:REQUEST/);
  t.match(told, /DTSTART:20270105T090000Z/);
  t.match(told, /SEQUENCE:4/, 'the number of the exception goes on');
  t.notMatch(told, /RRULE/, 'the series is as it was');
  t.same(answers(change([series(), exception('090000')], [series()])), ['ACCEPTED'], 'the same time asks nobody');
  const unanswered = change([series('NEEDS-ACTION'), exception('110000', 'NEEDS-ACTION')], [series('NEEDS-ACTION')]);
  t.same(answers(unanswered), ['NEEDS-ACTION'], 'who did not answer is asked already');
});
