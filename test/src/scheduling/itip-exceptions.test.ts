/** Single instances of a series: cancelled, answered or declined apart from it, and a series that changes meanwhile. */
import t from 'tap';
import { printContent } from '../../../src/calendar/content.ts';
import { applyCancel, applyRequest } from '../../../src/scheduling/itip-invitation.ts';
import { organizerChange } from '../../../src/scheduling/itip-organizer.ts';
import type { SchedulingObject } from '../../../src/scheduling/scheduling-object.ts';
import {
  attendee,
  calendarText,
  type EventLines,
  objectOf,
  objectOfTree,
  only,
  organizer,
} from '../../support/scheduling.ts';

const NOW = Date.UTC(2026, 5, 1);
const yes = attendee('bob', 'ACCEPTED');
const series = (title: string, ...more: string[]): EventLines => ({
  lines: [organizer('anna'), attendee('anna', 'ACCEPTED'), 'RRULE:FREQ=DAILY;COUNT=5', `SUMMARY:${title}`, ...more],
});
const instance = (start: string, title: string, ...more: string[]): EventLines => ({
  start: `20270105T${start}Z`,
  lines: [
    organizer('anna'),
    attendee('anna', 'ACCEPTED'),
    'RECURRENCE-ID:20270105T090000Z',
    `SUMMARY:${title}`,
    ...more,
  ],
});
const object = (events: readonly EventLines[]) => objectOf(calendarText('u', events));
const textOf = (one: SchedulingObject | undefined) =>
  one === undefined ? '' : printContent(one.model.content).replace(/\r\n /g, '');

/** What the organizer keeps and what bob's copy becomes when the organizer writes an object. */
function written(before: SchedulingObject, after: SchedulingObject, copy: SchedulingObject, keepAnswers = false) {
  const { stored, messages } = organizerChange({ before, after, isOwn: only('anna'), now: NOW, keepAnswers });
  let current: SchedulingObject | undefined = copy;
  for (const { method, calendar } of messages) {
    const invitation = { message: objectOfTree(calendar), current, isOwn: only('bob'), complete: true };
    const outcome = method === 'CANCEL' ? applyCancel(invitation) : applyRequest(invitation);
    if (outcome.stored !== undefined) current = objectOfTree(outcome.stored);
  }
  return { kept: stored && objectOfTree(stored), copy: current as SchedulingObject };
}

t.test('an instance that is cancelled does not come back with a new title of the series', async (t) => {
  const before = object([series('Plan', yes), instance('100000', 'Plan', yes)]);
  const cancelled = object([series('New plan', yes), instance('100000', 'Plan', yes, 'STATUS:CANCELLED')]);
  const { kept, copy } = written(before, cancelled, before);
  t.match(textOf(copy), /SUMMARY:New plan/);
  t.match(textOf(copy), /DTSTART:20270105T100000Z[\s\S]*STATUS:CANCELLED/, 'it stays visible as cancelled');
  t.notMatch(textOf(copy), /EXDATE/);
  const later = written(kept as SchedulingObject, object([series('Third plan', yes)]), copy);
  t.notMatch(textOf(later.copy), /STATUS:CANCELLED|EXDATE/, 'until the organizer has it take place again');
});

t.test('RFC 5546 §3.2.5: what the organizer says of a cancellation is told', async (t) => {
  const before = object([series('Plan', yes), instance('100000', 'Exception', yes)]);
  const one = object([series('Plan', yes), instance('100000', 'Off: strike', yes, 'STATUS:CANCELLED')]);
  t.match(textOf(written(before, one, before).copy), /SUMMARY:Off: strike/);
  const all = object([series('Off', yes, 'STATUS:CANCELLED'), instance('100000', 'Exception', yes)]);
  const { copy } = written(before, all, before);
  t.match(textOf(copy), /SUMMARY:Off\r\n/);
  t.match(textOf(copy), /SUMMARY:Exception/, 'exceptions keep their own title');
  t.equal(textOf(copy).match(/STATUS:CANCELLED/g)?.length, 2);
});

t.test('RFC 6638 §3.2.10: an answer to one instance that the organizer’s client had not seen is kept', async (t) => {
  const no = attendee('bob', 'DECLINED');
  const before = object([series('Plan', yes), instance('090000', 'Plan', no)]);
  const after = object([series('New plan', yes)]);
  const { kept } = written(before, after, before, true);
  t.match(textOf(kept), /DECLINED:mailto:bob[\s\S]*RECURRENCE-ID:20270105T090000Z/);
  t.equal(textOf(kept).match(/SUMMARY:New plan/g)?.length, 2, 'with the title of the series');
  t.notMatch(textOf(written(before, after, before, false).kept), /RECURRENCE-ID/, 'who saw it means to remove it');
  const out = object([series('New plan', yes, 'EXDATE:20270105T090000Z')]);
  t.notMatch(textOf(written(before, out, before, true).kept), /RECURRENCE-ID/, 'and what is left out stays out');
  const other = object([series('Plan', yes), instance('100000', 'Plan', no)]);
  const back = textOf(written(other, after, other, true).kept);
  t.notMatch(back, /T100000Z|DECLINED/, 'an exception of the organizer goes');
  t.match(
    back,
    /NEEDS-ACTION[^:]*:mailto:bob[\s\S]*RECURRENCE-ID:20270105T090000Z/,
    '§3.2.8: for that instance all are asked',
  );
});

t.test('what was declined and deleted does not come back before it asks again', async (t) => {
  const apply = (events: readonly EventLines[], current?: readonly EventLines[], complete = true) =>
    applyRequest({ message: object(events), current: current && object(current), isOwn: only('bob'), complete });
  const no = attendee('bob', 'DECLINED');
  t.equal(apply([series('New plan', no)]).result, 'unchanged');
  t.equal(apply([series('New plan', attendee('bob'))]).result, 'applied');
  const room = { message: object([series('New plan', no)]), current: undefined, isOwn: only('bob'), complete: true };
  t.equal(applyRequest({ ...room, anew: true }).result, 'applied', 'a room may be free by now');
  t.equal(apply([series('New plan', no)], undefined, false).result, 'applied', 'others may know better by mail');
  const sixth = { ...instance('090000', 'Plan', yes), start: '20270106T090000Z' };
  const other: EventLines = { ...sixth, lines: sixth.lines.map((line) => line.replace('20270105', '20270106')) };
  const { stored } = apply([instance('090000', 'New plan', no), other], [other]);
  const text = (calendar: typeof stored) => (calendar === undefined ? '' : printContent(calendar));
  t.notMatch(text(stored), /20270105/, 'nor a single instance');
  const first = apply([instance('090000', 'New plan', no), other]);
  t.match(text(first.stored), /20270106/);
  t.notMatch(text(first.stored), /20270105|METHOD/, 'also when all of them were deleted');
});

t.test('an alarm or an answer of one’s own for one instance does not keep its old title', async (t) => {
  const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Mine', 'TRIGGER:-PT5M', 'END:VALARM'];
  const before = object([series('Plan', yes)]);
  const after = object([series('New plan', yes)]);
  const copyWith = (...lines: string[]) => object([series('Plan', yes), instance('090000', 'Plan', ...lines)]);
  const alarmed = textOf(written(before, after, copyWith(yes, ...alarm)).copy);
  t.equal(alarmed.match(/SUMMARY:New plan/g)?.length, 2);
  t.match(alarmed, /RECURRENCE-ID:20270105T090000Z[\s\S]*DESCRIPTION:Mine/, 'the alarm stays');
  t.equal(alarmed.match(/SEQUENCE:1/g)?.length, 2);
  const declined = textOf(written(before, after, copyWith(attendee('bob', 'DECLINED'))).copy);
  t.equal(declined.match(/SUMMARY:New plan/g)?.length, 2);
  t.match(declined, /DECLINED:mailto:bob/, 'an answer that the organizer does not have yet stays');
  const again = object([series('New plan', attendee('bob'))]);
  const asked = textOf(written(before, again, copyWith(yes, ...alarm)).copy);
  t.equal(asked.match(/NEEDS-ACTION[^:]*:mailto:bob/g)?.length, 2, 'who is asked again is asked for each instance');
});
