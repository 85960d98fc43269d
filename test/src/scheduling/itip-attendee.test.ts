/** RFC 6638 §3.2.2, §7.1, §7.2; RFC 5546 §3.4.3: what attendees decide for themselves, and what they are told of others. */
import t from 'tap';
import { printContent } from '../../../src/calendar/content.ts';
import { attendeeChange } from '../../../src/scheduling/itip-attendee.ts';
import { applyReply } from '../../../src/scheduling/itip-reply.ts';
import { attendee, calendarText, type EventLines, objectOf, only, organizer } from '../../support/scheduling.ts';

const NOW = Date.UTC(2026, 5, 1);
const bob = attendee('bob');
const yes = attendee('bob', 'ACCEPTED');
const event = (host: string, ...more: string[]): EventLines => ({ lines: [organizer('anna', host), ...more] });
const instance = (day: string, ...more: string[]): EventLines => ({
  start: `202701${day}T090000Z`,
  lines: [organizer('anna'), `RECURRENCE-ID:202701${day}T090000Z`, ...more],
});

function answer(before: readonly EventLines[], after: readonly EventLines[]) {
  const object = (events: readonly EventLines[]) => objectOf(calendarText('u', events));
  const change = { before: object(before), after: object(after), isOwn: only('bob'), now: NOW, reply: true };
  const { stored, message } = attendeeChange(change);
  const text = (calendar: typeof stored) =>
    calendar === undefined ? '' : printContent(calendar).replace(/\r\n /g, '');
  return { stored: text(stored), sent: text(message?.calendar) };
}

t.test('RFC 6638 §7.1: an attendee says who schedules with the organizer', async (t) => {
  const own = answer([event('', bob)], [event(';SCHEDULE-AGENT=CLIENT', yes)]);
  t.match(own.stored, /ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:anna/, 'it is kept');
  t.equal(own.sent, '', 'and the answer is left to the client');
  const none = answer([event(';SCHEDULE-AGENT=CLIENT', yes)], [event(';SCHEDULE-AGENT=NONE', yes)]);
  t.match(none.stored, /SCHEDULE-AGENT=NONE/);
  const back = answer([event(';SCHEDULE-AGENT=CLIENT', yes)], [event(';SCHEDULE-AGENT=SERVER', yes)]);
  t.match(back.sent, /METHOD:REPLY[\s\S]*ACCEPTED:mailto:bob/, 'the server tells the answer it takes over');
  t.equal(answer([event(';SCHEDULE-AGENT=NONE', bob)], [event('', bob)]).sent, '', 'which is none here');
  const told = answer([event(';SCHEDULE-STATUS=1.2', yes)], [event('', yes)]);
  t.match(told.stored, /SCHEDULE-STATUS=1.2/, 'the status is the server’s');
  const forged = answer([event(';SCHEDULE-STATUS=1.2', yes)], [event(';SCHEDULE-STATUS=5.1', yes)]);
  t.match(forged.stored, /SCHEDULE-STATUS=1.2/);
  const reported = answer(
    [event(';SCHEDULE-AGENT=CLIENT', yes)],
    [event(';SCHEDULE-AGENT=CLIENT;SCHEDULE-STATUS=1.1', yes)],
  );
  t.match(reported.stored, /SCHEDULE-STATUS=1.1/, 'unless the client schedules');
});

t.test('RFC 6638 §7.2: an answer sent again on demand, once', async (t) => {
  const again = answer([event('', yes)], [event(';SCHEDULE-FORCE-SEND=REPLY', yes)]);
  t.match(again.sent, /METHOD:REPLY/);
  t.notMatch(again.stored, /FORCE-SEND/);
  t.notMatch(again.sent, /FORCE-SEND/);
});

t.test('RFC 6638 §3.2.2.3: single instances without a series can be left out', async (t) => {
  const before = [instance('05', yes), instance('06', yes)];
  const { stored, sent } = answer(before, [instance('06', yes)]);
  t.notMatch(stored, /20270105/);
  t.match(stored, /20270106/);
  t.match(sent, /RECURRENCE-ID:20270105[\s\S]*DECLINED|DECLINED[\s\S]*RECURRENCE-ID:20270105/);
  t.notMatch(sent, /20270106/);
  const unnamed = answer(before, [
    { start: '20270106T090000Z', lines: [organizer('anna'), attendee('bob', 'TENTATIVE')] },
  ]);
  t.match(
    unnamed.stored,
    /20270105/,
    'a client that writes one instance as an event of its own knows nothing of the others',
  );
});

t.test('what is cancelled can be answered, and is not declined by deleting it', async (t) => {
  const { sent } = answer(
    [event('', bob, 'STATUS:CANCELLED')],
    [event('', attendee('bob', 'DECLINED'), 'STATUS:CANCELLED')],
  );
  t.match(sent, /DECLINED:mailto:bob/);
  const left = answer([instance('05', yes, 'STATUS:CANCELLED'), instance('06', yes)], [instance('06', yes)]);
  t.notMatch(left.stored, /20270105/);
  t.equal(left.sent, '');
});

t.test('RFC 5545 §3.8.1.8: a task of several is not done when one of them is', async (t) => {
  const task = (...lines: string[]) =>
    objectOf(calendarText('u', [{ lines }]).replaceAll('VEVENT', 'VTODO').replace('DURATION:PT1H\r\n', ''));
  const done = task(
    organizer('anna'),
    attendee('bob', 'COMPLETED'),
    'PERCENT-COMPLETE:100',
    'COMPLETED:20260601T000000Z',
  );
  const after = (...others: string[]) => {
    const { stored } = applyReply(
      done,
      task(organizer('anna'), attendee('anna', 'ACCEPTED'), bob, ...others),
      'bob@example.org',
    );
    return stored === undefined ? '' : printContent(stored);
  };
  t.match(after(), /COMPLETED:20260601/, 'of one assignee it is');
  t.match(after(attendee('carl')), /PARTSTAT=COMPLETED/);
  t.notMatch(after(attendee('carl')), /^(?:COMPLETED|PERCENT-COMPLETE):/m);
});
