/** RFC 5546: what follows from a change, and what a message changes. */
import fc from 'fast-check';
import t from 'tap';
import { printContent } from '../../../src/calendar/content.ts';
import { viewOf } from '../../../src/scheduling/attendee-view.ts';
import { attendeeChange } from '../../../src/scheduling/itip-attendee.ts';
import { applyAdd, applyCancel, applyRequest } from '../../../src/scheduling/itip-invitation.ts';
import type { Audience, ItipMessage } from '../../../src/scheduling/itip-message.ts';
import { organizerChange } from '../../../src/scheduling/itip-organizer.ts';
import { applyReply } from '../../../src/scheduling/itip-reply.ts';
import { fingerprint, isCancelled } from '../../../src/scheduling/schedule-comparison.ts';
import { attendeesOf, partstatOf, type SchedulingObject } from '../../../src/scheduling/scheduling-object.ts';
import {
  at,
  attendee,
  calendarText,
  type EventLines,
  objectOf,
  objectOfTree,
  only,
  organizer,
} from '../../support/scheduling.ts';

const NOW = Date.UTC(2026, 5, 1);
const people = [organizer('anna'), attendee('anna', 'ACCEPTED')];
const single = (...more: string[]): EventLines => ({ lines: [...people, 'SUMMARY:Plan', ...more] });
const series = (...more: string[]): EventLines => single('RRULE:FREQ=DAILY;COUNT=5', ...more);
const override = (day: number, start: string, ...more: string[]): EventLines => ({
  start: `202701${String(day).padStart(2, '0')}T${start}Z`,
  lines: [...people, `RECURRENCE-ID:202701${String(day).padStart(2, '0')}T090000Z`, 'SUMMARY:Plan', ...more],
});
const bob = attendee('bob');
const carl = attendee('carl');

function change(
  before: readonly EventLines[] | undefined,
  after: readonly EventLines[] | undefined,
  keepAnswers = false,
) {
  const object = (events: readonly EventLines[] | undefined) => events && objectOf(calendarText('u', events));
  return organizerChange({ before: object(before), after: object(after), isOwn: only('anna'), now: NOW, keepAnswers });
}

/** `REQUEST bob,carl [main 20270105T090000Z]`, with the audience when it is not for all. */
function shortly({ method, recipients, calendar, audience }: ItipMessage): string {
  const parts = calendar[2]
    .filter(([name]) => name !== 'vtimezone')
    .map((component) => component[1].find(([name]) => name === 'recurrence-id')?.[3] ?? 'main');
  const to = recipients.map((one) => one.replace('mailto:', '').replace('@example.org', ''));
  return `${method}${audience === undefined ? '' : ` ${audience}:`} ${to.join(',')} [${parts.join(' ')}]`;
}

t.test(
  'RFC 5546 §3.2.5: STATUS says CANCELLED where nobody goes on, and is not there for who is invited no more',
  async (t) => {
    const third = (...more: string[]) => override(7, '090000', ...more);
    const rows: [string, EventLines[], EventLines[] | undefined, string | undefined][] = [
      ['it is deleted', [single(bob, carl)], undefined, 'CANCELLED'],
      ['it is cancelled', [single(bob, carl)], [single(bob, carl, 'STATUS:CANCELLED')], 'CANCELLED'],
      [
        'one person is taken out',
        [single(bob, carl, 'STATUS:CONFIRMED')],
        [single(carl, 'STATUS:CONFIRMED')],
        undefined,
      ],
      ['the last person is taken out', [single(bob)], [single()], undefined],
      ['an instance goes', [series(bob)], [series(bob, 'EXDATE:20270107T090000Z')], 'CANCELLED'],
      ['one person is taken out of an instance', [series(bob, carl)], [series(bob, carl), third(carl)], undefined],
      ['an exception for one person goes back', [series(carl), third(bob, carl)], [series(carl)], undefined],
      ['one person stays for an instance', [series(bob, carl)], [series(carl), third(bob, carl)], undefined],
    ];
    for (const [title, before, after, status] of rows) {
      const cancels = change(before, after).messages.filter(({ method }) => method === 'CANCEL');
      t.ok(cancels.length > 0, title);
      for (const { calendar } of cancels)
        for (const [, properties] of calendar[2])
          t.equal(properties.find(([name]) => name === 'status')?.[3], status, title);
    }
  },
);

t.test('RFC 7986 §7: how the moderator enters a conference is not sent', async (t) => {
  const conference = 'CONFERENCE;VALUE=URI;FEATURE=PHONE;LABEL=Attendees:tel:+1-412-555-0123,,,555123';
  const moderators = (code: string) => `CONFERENCE;VALUE=URI;FEATURE=PHONE,moderator:tel:+1-412-555-0123,,,${code}`;
  const [message] = change(undefined, [single(bob, conference, moderators('654321'))]).messages;
  const text = printContent(message!.calendar).replaceAll('\r\n ', '');
  t.match(text, conference);
  t.notMatch(text, '654321');
  t.match(printContent(change(undefined, [single(bob, moderators('1'))]).stored!), 'moderator');
  t.same(change([single(bob, moderators('1'))], [single(bob, moderators('2'))]).messages, []);
});

t.test('RFC 5546 §3.2.2, §3.2.5: what an organizer’s change sends', async (t) => {
  const day = (number: number) => `202701${String(number).padStart(2, '0')}T090000Z`;
  const rows: [string, EventLines[] | undefined, EventLines[] | undefined, string[]][] = [
    ['a new event', undefined, [single(bob, carl)], ['REQUEST bob,carl [main]']],
    ['nobody invited', undefined, [single()], []],
    ['scheduled by the client', undefined, [single(attendee('bob', 'NEEDS-ACTION', ';SCHEDULE-AGENT=CLIENT'))], []],
    ['the same again', [single(bob)], [single(bob)], []],
    ['other stamps and alarms', [single(bob)], [single(bob, 'LAST-MODIFIED:20260102T000000Z', 'X-APPLE-FOO:1')], []],
    [
      'the same, sent on demand',
      [single(bob)],
      [single(attendee('bob', 'NEEDS-ACTION', ';SCHEDULE-FORCE-SEND=REQUEST'))],
      ['REQUEST bob [main]'],
    ],
    [
      'a property for programs',
      [single(bob)],
      [single(bob, 'X-GOOGLE-CONFERENCE:https://a')],
      ['REQUEST people-here: bob [main]'],
    ],
    ['a property of nobody', [single(bob)], [single(bob, 'X-CONFERENCE:https://a')], []],
    ['a higher number', [single(bob)], [single(bob, 'SEQUENCE:1')], ['REQUEST people-here: bob [main]']],
    ['an answer only', [single(bob)], [single(attendee('bob', 'ACCEPTED'))], []],
    ['another title', [single(bob)], [single(bob, 'LOCATION:Room')], ['REQUEST bob [main]']],
    ['one more attendee', [single(bob)], [single(bob, carl)], ['REQUEST bob [main]', 'REQUEST carl [main]']],
    ['one attendee less', [single(bob, carl)], [single(carl)], ['CANCEL bob [main]', 'REQUEST carl [main]']],
    ['deleted', [single(bob, carl)], undefined, ['CANCEL bob,carl [main]']],
    ['no invitation any more', [single(bob)], [single()], ['CANCEL bob [main]']],
    ['cancelled', [single(bob)], [single(bob, 'STATUS:CANCELLED')], ['CANCEL bob [main]']],
    [
      'deleted after it was cancelled',
      [single(bob, 'STATUS:CANCELLED')],
      undefined,
      ['CANCEL people-here: bob [main]'],
    ],
    ['a series', undefined, [series(bob)], ['REQUEST bob [main]']],
    ['an instance changed', [series(bob)], [series(bob), override(5, '100000', bob)], [`REQUEST bob [${day(5)}]`]],
    ['an instance as the series has it', [series(bob)], [series(bob), override(5, '090000', bob)], []],
    [
      'an instance left out',
      [series(bob)],
      [series(bob, `EXDATE:${day(5)}`)],
      [`CANCEL bob [${day(5)}]`, 'REQUEST people-here: bob [main]'],
    ],
    [
      'an instance left out, and another title',
      [series(bob)],
      [series(bob, `EXDATE:${day(5)}`, 'LOCATION:Room')],
      [`CANCEL bob [${day(5)}]`, 'REQUEST bob [main]'],
    ],
    [
      'two instances left out',
      [series(bob)],
      [series(bob, `EXDATE:${day(5)},${day(6)}`)],
      [
        `CANCEL calendars: bob [${day(5)} ${day(6)}]`,
        `CANCEL mail: bob [${day(5)}]`,
        `CANCEL mail: bob [${day(6)}]`,
        'REQUEST people-here: bob [main]',
      ],
    ],
    [
      'the same, in another order',
      [series(bob, `EXDATE:${day(5)},${day(6)}`)],
      [series(bob, `EXDATE:${day(6)}`, `EXDATE:${day(5)}`)],
      [],
    ],
    ['an instance taken back', [series(bob), override(5, '100000', bob)], [series(bob)], [`REQUEST bob [main]`]],
    ['invited to one instance only', [series()], [series(), override(5, '090000', bob)], [`REQUEST bob [${day(5)}]`]],
    ['not invited to one instance', [series(bob)], [series(bob), override(5, '090000')], [`CANCEL bob [${day(5)}]`]],
    [
      'an instance cancelled',
      [series(bob)],
      [series(bob), override(5, '090000', bob, 'STATUS:CANCELLED')],
      [`CANCEL bob [${day(5)}]`],
    ],
    [
      'of two instances only one is left',
      [series(), override(5, '090000', bob), override(6, '090000', bob)],
      [series(), override(5, '090000', bob), override(6, '090000')],
      [`CANCEL bob [${day(6)}]`],
    ],
  ];
  for (const [name, before, after, expected] of rows)
    t.same(change(before, after).messages.map(shortly), expected, name);
});

t.test('RFC 6638 §3.2.6: attendees see only what they are invited to', async (t) => {
  const { messages } = change(undefined, [series(bob), override(5, '100000', carl, 'DESCRIPTION:Secret')]);
  const toBob = messages.find(({ recipients }) => recipients.includes(at('bob')));
  const text = printContent(toBob?.calendar ?? ['x', [], []]);
  t.notMatch(text, /Secret|carl/, 'nothing of an instance without them');
  t.match(text, /EXDATE:20270105T090000Z/, 'the instance is left out instead');
  const toCarl = messages.find(({ recipients }) => recipients.includes(at('carl')));
  t.same(toCarl && shortly(toCarl), 'REQUEST carl [20270105T090000Z]');
});

t.test('RFC 5546 §2.1.4, RFC 6638 §3.2.8: numbers and answers', async (t) => {
  const accepted = attendee('bob', 'ACCEPTED');
  const stored = (before: EventLines[], after: EventLines[], keep = false) => {
    const tree = change(before, after, keep).stored;
    return printContent(tree ?? ['x', [], []]);
  };
  const moved = stored([single(accepted)], [{ ...single(accepted), start: '20270104T110000Z' }]);
  t.match(moved, /SEQUENCE:1/, 'another time raises SEQUENCE');
  t.match(moved, /PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob/, 'and asks again');
  t.match(moved, /PARTSTAT=ACCEPTED:mailto:anna/, 'but not the organizer');
  t.match(stored([single(accepted, 'SEQUENCE:4')], [single(accepted, 'SEQUENCE:2')]), /SEQUENCE:4/, 'never lower');
  t.match(stored([single(accepted)], [single(accepted, 'LOCATION:Room')]), /ACCEPTED:mailto:bob/, 'no time, no asking');
  t.match(
    stored([single(accepted)], [single(bob)], true),
    /ACCEPTED:mailto:bob/,
    'an answer the client had not seen stays',
  );
  t.match(stored([single(accepted)], [single(bob)]), /NEEDS-ACTION:mailto:bob/, 'the organizer may set answers');
  const shorter = stored([series(accepted)], [single(accepted, 'RRULE:FREQ=DAILY;COUNT=3')]);
  t.match(shorter, /ACCEPTED:mailto:bob/, 'a series that ends earlier keeps its answers');
});

function answer(before: readonly EventLines[], after: readonly EventLines[] | undefined, reply = true) {
  const object = (events: readonly EventLines[] | undefined) => events && objectOf(calendarText('u', events));
  return attendeeChange({ before: object(before), after: object(after), isOwn: only('bob'), now: NOW, reply });
}

t.test('RFC 5546 §3.2.3: what an attendee’s change sends', async (t) => {
  const yes = attendee('bob', 'ACCEPTED');
  const no = attendee('bob', 'DECLINED');
  const day5 = '20270105T090000Z';
  const rows: [string, EventLines[], EventLines[] | undefined, string | undefined][] = [
    ['accepted', [single(bob)], [single(yes)], 'REPLY anna [main]'],
    ['nothing new', [single(yes)], [single(yes)], undefined],
    ['an alarm or a colour', [single(yes)], [single(yes, 'COLOR:red', 'TRANSP:TRANSPARENT')], undefined],
    ['a comment', [single(yes)], [single(yes, 'COMMENT:Late')], 'REPLY anna [main]'],
    ['deleted unanswered', [single(bob)], undefined, undefined],
    ['deleted after a refusal', [single(no)], undefined, undefined],
    ['deleted after an acceptance', [single(yes)], undefined, 'REPLY anna [main]'],
    ['deleted after it was cancelled', [single(yes, 'STATUS:CANCELLED')], undefined, undefined],
    ['one instance answered', [series(bob)], [series(bob), override(5, '090000', no)], `REPLY anna [${day5}]`],
    ['one instance left out', [series(yes)], [series(yes, `EXDATE:${day5}`)], `REPLY anna [${day5}]`],
    [
      'a refused instance left out',
      [series(yes), override(5, '090000', no)],
      [series(yes, `EXDATE:${day5}`)],
      undefined,
    ],
    [
      'exceptions dropped by the client',
      [series(bob), override(5, '100000', bob)],
      [series(yes)],
      `REPLY anna [main ${day5}]`,
    ],
    [
      'scheduled by the client',
      [{ lines: [organizer('anna', ';SCHEDULE-AGENT=CLIENT'), bob] }],
      [{ lines: [organizer('anna', ';SCHEDULE-AGENT=CLIENT'), yes] }],
      undefined,
    ],
  ];
  for (const [name, before, after, expected] of rows) {
    const { message } = answer(before, after);
    t.same(message && shortly(message), expected, name);
  }
  t.equal(answer([single(yes)], undefined, false).message, undefined, 'RFC 6638 §8.1: Schedule-Reply: F');
  const { message } = answer([single(bob, carl)], [single(yes, carl)]);
  t.notMatch(printContent(message?.calendar ?? ['x', [], []]), /carl/, 'a reply names nobody else');
});

t.test('RFC 6638 §3.2.2.1: what an attendee may not change', async (t) => {
  const yes = attendee('bob', 'ACCEPTED');
  const refused = { name: 'DomainError', code: 'attendee-change-forbidden' };
  t.throws(() => answer([single(bob)], [{ ...single(yes), start: '20270104T100000Z' }]), refused, 'the time');
  t.throws(() => answer([single(bob)], [{ lines: [organizer('carl'), yes] }]), refused, 'the organizer');
  t.throws(() => answer([single(bob)], [single()]), refused, 'being invited');
  t.throws(() => answer([series(bob)], [series(bob), override(20, '090000', yes)]), refused, 'an instance that is not');
  const { stored } = answer([single(bob, carl, 'LOCATION:Room')], [single(yes, 'LOCATION:Pub', 'X-MINE:1')]);
  const text = printContent(stored ?? ['x', [], []]);
  t.match(text, /LOCATION:Room/, 'what is the organizer’s is put back');
  t.match(text, /mailto:carl/, 'others stay invited');
  t.match(text, /X-MINE:1/, 'what is one’s own is kept');
});

t.test('RFC 5546 §2.1.5, §3.2.4, §3.2.5: what a message changes', async (t) => {
  const yes = attendee('bob', 'ACCEPTED');
  const apply = (
    how: typeof applyRequest,
    current: readonly EventLines[] | undefined,
    message: readonly EventLines[],
    complete = false,
  ) => {
    const object = (events: readonly EventLines[]) => objectOf(calendarText('u', events));
    const known = current && object(current);
    return how({ message: object(message), current: known, isOwn: only('bob'), complete });
  };
  const text = (outcome: { stored?: unknown }) =>
    outcome.stored === undefined ? '' : printContent(outcome.stored as Parameters<typeof printContent>[0]);

  t.equal(apply(applyRequest, [single(yes, 'SEQUENCE:2')], [single(bob, 'SEQUENCE:1')]).result, 'stale');
  t.equal(apply(applyRequest, [single(yes)], [{ lines: [organizer('carl'), bob] }]).result, 'not-organizer');
  t.equal(apply(applyCancel, [single(yes)], [{ lines: [organizer('carl'), bob] }]).result, 'not-organizer');
  t.equal(apply(applyCancel, undefined, [single(bob)]).result, 'unknown');
  t.match(
    text(apply(applyRequest, [single(yes)], [single(bob, 'LOCATION:Room')])),
    /ACCEPTED:mailto:bob/,
    'an answer on its way is not lost',
  );
  const later = apply(applyRequest, [single(yes)], [{ ...single(bob, 'SEQUENCE:1'), start: '20270104T110000Z' }]);
  t.match(text(later), /NEEDS-ACTION:mailto:bob/, 'another time asks again');
  const kept = apply(
    applyRequest,
    [single(yes, 'TRANSP:TRANSPARENT', 'X-MINE:1')],
    [single(bob, 'SEQUENCE:1', 'TRANSP:OPAQUE')],
  );
  t.match(text(kept), /TRANSP:TRANSPARENT[\s\S]*X-MINE:1/, 'what is one’s own stays');

  const exception = apply(
    applyRequest,
    [series(yes), override(5, '100000', yes)],
    [override(6, '110000', bob, 'SEQUENCE:1')],
  );
  t.match(
    text(exception),
    /20270105T100000Z[\s\S]*20270106T110000Z|20270106T110000Z[\s\S]*20270105T100000Z/,
    'exceptions are merged',
  );
  const whole = apply(
    applyRequest,
    [series(yes), override(5, '100000', yes)],
    [series(bob, 'SEQUENCE:1', 'LOCATION:Room')],
  );
  t.match(text(whole), /20270105T100000Z/, 'a message that names only the series leaves them');
  const complete = apply(applyRequest, [series(yes), override(5, '100000', yes)], [series(bob, 'SEQUENCE:1')], true);
  t.notMatch(text(complete), /20270105T100000Z/, 'unless it is known to be all there is');

  const one = apply(applyCancel, [series(yes)], [override(5, '090000', bob, 'STATUS:CANCELLED', 'SEQUENCE:1')]);
  t.match(
    text(one),
    /RECURRENCE-ID:20270105T090000Z[\s\S]*STATUS:CANCELLED|STATUS:CANCELLED[\s\S]*RECURRENCE-ID/,
    'an instance stays visible as cancelled',
  );
  t.equal(text(one).match(/STATUS:CANCELLED/g)?.length, 1, 'and only that one');
  const all = apply(
    applyCancel,
    [series(yes), override(5, '100000', yes)],
    [single(bob, 'STATUS:CANCELLED', 'SEQUENCE:1')],
  );
  t.equal(text(all).match(/STATUS:CANCELLED/g)?.length, 2, 'a series goes with its exceptions');
  const added = apply(applyAdd, [series(yes)], [{ ...single(bob, 'SEQUENCE:1'), start: '20270120T150000Z' }]);
  t.match(text(added), /RDATE:20270120T150000Z/);
  const left = apply(
    applyRequest,
    [series(yes, 'EXDATE:20270105T090000Z')],
    [series(yes, 'SEQUENCE:1'), override(5, '090000', attendee('bob', 'DECLINED'))],
    true,
  );
  t.match(text(left), /EXDATE:20270105T090000Z/, 'what was declined by leaving it out stays out');
  const elsewhere = [{ ...series(bob, 'SEQUENCE:1'), start: '20270104T120000Z' }];
  const moved = apply(applyRequest, [series(yes, 'EXDATE:20270105T090000Z')], elsewhere, true);
  t.notMatch(text(moved), /EXDATE/, 'unless the series has no such instance any more');
});

t.test('RFC 5546 §3.2.3, §4.2.5: what a reply changes', async (t) => {
  const yes = attendee('bob', 'ACCEPTED');
  const reply = (current: readonly EventLines[], message: readonly EventLines[], sender = 'bob@example.org') => {
    const outcome = applyReply(objectOf(calendarText('u', message)), objectOf(calendarText('u', current)), sender);
    return { ...outcome, text: outcome.stored === undefined ? '' : printContent(outcome.stored) };
  };
  t.match(
    reply([single(bob, carl)], [{ lines: [yes] }]).text,
    /ACCEPTED;SCHEDULE-STATUS=2.0:mailto:bob/,
    'without ORGANIZER and SEQUENCE',
  );
  t.equal(reply([single(carl)], [{ lines: [yes] }]).result, 'not-attendee', 'nobody invites themselves');
  t.equal(
    reply([single(bob, carl)], [{ lines: [attendee('carl', 'ACCEPTED'), yes] }], 'mallory@example.org').result,
    'not-attendee',
  );
  t.equal(
    reply([{ ...single(bob, 'SEQUENCE:3'), start: '20270104T120000Z' }], [{ lines: [yes, 'SEQUENCE:1'] }]).result,
    'stale',
    'for another time',
  );
  t.equal(
    reply([single(bob, 'SEQUENCE:3')], [{ lines: [yes, 'SEQUENCE:1'] }]).result,
    'applied',
    'for the time that holds',
  );
  const instance = reply([series(bob)], [override(5, '090000', yes)]);
  t.equal(instance.text.match(/ACCEPTED;SCHEDULE-STATUS/g)?.length, 1, 'an answer to one instance makes an exception');
  t.match(instance.text, /RECURRENCE-ID:20270105T090000Z/);
  t.equal(reply([series(bob)], [override(20, '090000', yes)]).result, 'unknown', 'there is no such instance');
  const both = reply([series(bob), override(5, '100000', bob)], [series(yes)]);
  t.equal(both.text.match(/ACCEPTED;SCHEDULE-STATUS/g)?.length, 2, 'an answer to the series is one to its exceptions');
  const apart = reply([series(bob), override(5, '100000', attendee('bob', 'DECLINED'))], [series(yes)]);
  t.match(apart.text, /DECLINED/, 'but not where there was another');
  const delegated = reply(
    [single(bob)],
    [{ lines: [attendee('bob', 'DELEGATED', ';DELEGATED-TO="mailto:dora@example.org"')] }],
  );
  t.same(delegated.delegates, ['dora@example.org']);
  t.match(delegated.text.replace(/\r\n /g, ''), /DELEGATED-FROM="mailto:bob@example.org":mailto:dora/);
});

/** An object out of few numbers: which days are moved or left out, and who is invited to what. */
const state = fc.record({
  hour: fc.integer({ min: 9, max: 10 }),
  title: fc.integer({ min: 0, max: 1 }),
  main: fc.boolean(),
  days: fc.array(fc.constantFrom('as is', 'moved', 'without', 'out', 'cancelled'), { minLength: 4, maxLength: 4 }),
});

function objectFor({ hour, title, main, days }: typeof state extends fc.Arbitrary<infer T> ? T : never): EventLines[] {
  const start = (day: number) => `202701${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}0000Z`;
  const lines = [...people, `SUMMARY:${title}`, ...(main ? [bob] : [])];
  const exdates: string[] = [];
  const events: EventLines[] = [];
  for (const [index, what] of days.entries()) {
    const id = `RECURRENCE-ID:${start(5 + index)}`;
    if (what === 'out') exdates.push(`EXDATE:${start(5 + index)}`);
    if (what === 'moved')
      events.push({
        start: `202701${String(5 + index).padStart(2, '0')}T150000Z`,
        lines: [...people, bob, id, 'SUMMARY:M'],
      });
    if (what === 'without') events.push({ start: start(5 + index), lines: [...people, id, 'SUMMARY:W'] });
    if (what === 'cancelled')
      events.push({ start: start(5 + index), lines: [...people, bob, id, 'SUMMARY:C', 'STATUS:CANCELLED'] });
  }
  return [{ start: start(4), lines: [...lines, 'RRULE:FREQ=DAILY;COUNT=6', ...exdates] }, ...events];
}

/** What somebody believes to be on: instances that are not cancelled. */
function seen(object: SchedulingObject | undefined): string[] {
  const { components } = viewOf(object, 'bob@example.org');
  return [...components]
    .filter(([, component]) => !isCancelled(component))
    .map(([key, component]) => {
      const without = new Set(
        [...(object?.components ?? [])].filter(([, one]) => isCancelled(one)).map(([other]) => other),
      );
      return `${key} ${key === '' ? fingerprint(component, object as SchedulingObject, without).replace(/^exdate.*\n/gm, '') : fingerprint(component, object as SchedulingObject)}`;
    })
    .sort();
}

t.test('whatever an organizer does, an attendee who gets every message sees the same', async (t) => {
  const ways = fc.constantFrom<Audience[]>(['calendars', 'people-here'], ['calendars'], ['mail']);
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), ways, (states, way) => {
      let before: SchedulingObject | undefined;
      let copy: SchedulingObject | undefined;
      for (const [index, one] of states.entries()) {
        const after = objectOf(calendarText('u', objectFor(one)));
        const outcome = organizerChange({
          before,
          after,
          isOwn: only('anna'),
          now: NOW + index * 1000,
          keepAnswers: false,
        });
        before = outcome.stored && objectOfTree(outcome.stored);
        for (const message of outcome.messages) {
          if (message.audience !== undefined && !way.includes(message.audience)) continue;
          const apply = message.method === 'REQUEST' ? applyRequest : applyCancel;
          const { stored } = apply({
            message: objectOfTree(message.calendar),
            current: copy,
            isOwn: only('bob'),
            complete: true,
          });
          if (stored !== undefined) copy = objectOfTree(stored);
        }
        const [expected, actual] = [seen(before), seen(copy)];
        if (expected.join('\n') !== actual.join('\n'))
          throw new Error(`${expected.join('\n')}\n---\n${actual.join('\n')}`);
        const again = organizerChange({ before, after: before, isOwn: only('anna'), now: NOW, keepAnswers: false });
        if (again.messages.length > 0) throw new Error('the same change was sent twice');
      }
    }),
    { numRuns: 300 },
  );
  t.pass('300 histories');
});

t.test('an answer reaches the organizer whatever the attendee answers', async (t) => {
  const partstat = fc.constantFrom('ACCEPTED', 'DECLINED', 'TENTATIVE', 'NEEDS-ACTION');
  fc.assert(
    fc.property(fc.record({ main: partstat, exception: partstat, second: partstat }), ({ main, exception, second }) => {
      const before = objectOf(calendarText('u', [series(bob), override(5, '100000', bob)]));
      let organizers = before;
      let copy = before;
      for (const [first, other] of [
        [main, exception],
        [second, main],
      ] as const) {
        const after = objectOf(
          calendarText('u', [series(attendee('bob', first)), override(5, '100000', attendee('bob', other))]),
        );
        const { stored, message } = attendeeChange({ before: copy, after, isOwn: only('bob'), now: NOW, reply: true });
        copy = objectOfTree(stored ?? ['x', [], []]);
        if (message === undefined) continue;
        const outcome = applyReply(objectOfTree(message.calendar), organizers, 'bob@example.org');
        if (outcome.stored !== undefined) organizers = objectOfTree(outcome.stored);
      }
      const answers = (object: SchedulingObject) =>
        [...object.components].map(
          ([key, one]) => `${key} ${partstatOf(attendeesOf(one).get('bob@example.org') ?? ['', {}, '', ''])}`,
        );
      if (answers(copy).join() !== answers(organizers).join())
        throw new Error(`${answers(copy)} / ${answers(organizers)}`);
    }),
    { numRuns: 64 },
  );
  t.pass();
});
