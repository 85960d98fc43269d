/** RFC 7986, 9073, 9074 and 9253: what a client that writes these properties is held to, and what is let pass. */
import t, { type Test } from 'tap';
import { parseContent } from '../../../src/calendar/content.ts';
import { checkExtensions } from '../../../src/calendar/extension-properties.ts';
import { DomainError } from '../../../src/errors.ts';

function verdict(...lines: string[]): string {
  try {
    checkExtensions(parseContent(['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n')));
    return 'accepted';
  } catch (error) {
    return error instanceof DomainError ? error.code : `thrown: ${String(error)}`;
  }
}

const inside = (name: string, ...lines: string[]) => [`BEGIN:${name}`, ...lines, `END:${name}`];
const event = (...lines: string[]) => inside('VEVENT', 'UID:1', ...lines);
const alarm = (...lines: string[]) => event(...inside('VALARM', 'ACTION:AUDIO', 'TRIGGER:-PT5M', ...lines));
const participant = (...lines: string[]) => event(...inside('PARTICIPANT', ...lines));

function judge(t: Test, cases: readonly [lines: string[], expected: string][]): void {
  for (const [lines, expected] of cases) t.equal(verdict(...lines), expected, lines.join(' '));
}

const bad = 'invalid-data';
const good = 'accepted';

t.test('RFC 7986: calendars', async (t) => {
  judge(t, [
    [['NAME:Home', 'NAME;LANGUAGE=de:Zuhause', 'COLOR:turquoise', 'SOURCE;VALUE=URI:https://example.com/a.ics'], good],
    [['REFRESH-INTERVAL;VALUE=DURATION:P1W', 'IMAGE;VALUE=URI;DISPLAY=BADGE:https://example.com/a.png'], good],
    [['COLOR:Turquoise'], good],
    [['COLOR:rebeccapurple'], good],
    [['COLOR:#ff8800'], good],
    [['COLOR:reddish'], bad],
    [['COLOR:'], bad],
    [['COLOR:red', 'COLOR:blue'], bad],
    [event('COLOR:red'), good],
    [event('COLOR:red', 'COLOR:red'), bad],
    [['REFRESH-INTERVAL:P1D'], good],
    [['REFRESH-INTERVAL;VALUE=DURATION:P0D'], bad],
    [['REFRESH-INTERVAL;VALUE=DURATION:-P1D'], bad],
    [['REFRESH-INTERVAL;VALUE=DURATION:daily'], bad],
    [['REFRESH-INTERVAL;VALUE=TEXT:P1D'], bad],
    [['REFRESH-INTERVAL:P1D', 'REFRESH-INTERVAL:P2D'], bad],
    [['SOURCE;VALUE=URI:somewhere'], bad],
    [['SOURCE:https://example.com/a', 'SOURCE:https://example.com/b'], bad],
  ]);
});

t.test('RFC 7986: images and conferences', async (t) => {
  judge(t, [
    [event('IMAGE;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=image/png:iVBORw0KGgo='), good],
    [event('IMAGE;ENCODING=BASE64:iVBORw0KGgo='), good],
    [event('IMAGE:https://example.com/a.png', 'IMAGE:https://example.com/b.png'), good],
    [event('IMAGE;VALUE=BINARY:iVBORw0KGgo='), bad],
    [event('IMAGE;VALUE=BINARY;ENCODING=BASE64:not base64'), bad],
    [event('IMAGE;VALUE=URI;DISPLAY=THUMBNAIL,X-OWN:https://example.com/a.png'), good],
    [event('IMAGE;VALUE=URI;DISPLAY="a b":https://example.com/a.png'), bad],
    [event('IMAGE;VALUE=TEXT:picture'), bad],
    [event('CONFERENCE;VALUE=URI;FEATURE=PHONE,MODERATOR;LABEL=Call:tel:+1-412-555-0123,,,654321'), good],
    [event('CONFERENCE:https://example.com/call', 'CONFERENCE:xmpp:room@example.com'), good],
    [event('CONFERENCE;VALUE=URI:call me'), bad],
    [event('CONFERENCE;VALUE=TEXT:https://example.com/call'), bad],
    [event('CONFERENCE;VALUE=URI;FEATURE="a;b":https://example.com/call'), bad],
  ]);
});

t.test('RFC 9073: participants, places, things and text', async (t) => {
  const speaker = ['UID:p1', 'PARTICIPANT-TYPE:SPEAKER'];
  judge(t, [
    [participant(...speaker, 'CALENDAR-ADDRESS:mailto:a@example.com', ...inside('VLOCATION', 'UID:l1')), good],
    [participant('UID:p1', 'PARTICIPANT-TYPE:X-JUGGLER'), good],
    [participant('UID:p1'), bad],
    [participant('PARTICIPANT-TYPE:SPEAKER'), bad],
    [participant(...speaker, ...speaker), bad],
    [participant('UID:p1', 'PARTICIPANT-TYPE:two words'), bad],
    [participant(...speaker, 'CALENDAR-ADDRESS:nobody'), bad],
    [event(...inside('VLOCATION', 'UID:l1', 'NAME:Hall', 'LOCATION-TYPE:arts,stadium', 'GEO:1.0;2.0')), good],
    [event(...inside('VLOCATION', 'NAME:Hall')), bad],
    [event(...inside('VLOCATION', 'UID:l1', 'NAME:a', 'NAME:b')), bad],
    [event(...inside('VRESOURCE', 'UID:r1', 'RESOURCE-TYPE:PROJECTOR')), good],
    [event(...inside('VRESOURCE', 'RESOURCE-TYPE:PROJECTOR')), bad],
    [event(...inside('VRESOURCE', 'UID:r1', 'RESOURCE-TYPE:a b')), bad],
    [event('STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html;DERIVED=TRUE:<b>a</b>'), good],
    [event('STYLED-DESCRIPTION:<b>a</b>', 'STYLED-DESCRIPTION;VALUE=URI:https://example.com/a.html'), good],
    [event('STYLED-DESCRIPTION;VALUE=MARKDOWN:*a*'), good],
    [event('STYLED-DESCRIPTION;DERIVED=maybe:a'), bad],
    [event('STYLED-DESCRIPTION;VALUE=URI:a b'), bad],
    [event('STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=application/ld+json;SCHEMA="https://schema.org/Event":{}'), good],
    [event('STRUCTURED-DATA;VALUE=URI:https://example.com/a.json'), good],
    [event('STRUCTURED-DATA;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=a/b;SCHEMA="https://example.com":e30='), good],
    [event('STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=application/ld+json:{}'), bad],
    [event('STRUCTURED-DATA;VALUE=INTEGER:1'), bad],
  ]);
});

t.test('RFC 9074: alarms', async (t) => {
  judge(t, [
    [alarm('UID:a1', 'ACKNOWLEDGED:20260101T100000Z', 'RELATED-TO;RELTYPE=SNOOZE:a0'), good],
    [alarm('UID:a1', 'UID:a2'), bad],
    [alarm('ACKNOWLEDGED:20260101T100000'), bad],
    [alarm('ACKNOWLEDGED;VALUE=DATE:20260101'), bad],
    [alarm('ACKNOWLEDGED:yes'), bad],
    [alarm('ACKNOWLEDGED:20260101T100000Z', 'ACKNOWLEDGED:20260101T100000Z'), bad],
    [alarm('PROXIMITY:ARRIVE', ...inside('VLOCATION', 'UID:l1', 'URL:geo:40.4,-79.9')), good],
    [alarm('PROXIMITY:X-NEAR'), good],
    [alarm('PROXIMITY:at home'), bad],
    [alarm('PROXIMITY:ARRIVE', 'PROXIMITY:DEPART'), bad],
  ]);
});

t.test('RFC 9253: relations, links and concepts', async (t) => {
  judge(t, [
    [event('LINK;VALUE=URI;LINKREL="https://example.com/rel":https://example.com/a', 'REFID:x', 'REFID:y'), good],
    [event('LINK;VALUE=UID;LINKREL=SOURCE:some-uid'), good],
    [event('LINK;VALUE=URI:https://example.com/a'), bad],
    [event('LINK;VALUE=URI;LINKREL=SOURCE:nowhere'), bad],
    [event('LINK;VALUE=DATE;LINKREL=SOURCE:20260101'), bad],
    [event('CONCEPT:https://example.com/type', 'CONCEPT:https://example.com/other'), good],
    [event('CONCEPT:just words'), bad],
    [event('RELATED-TO;RELTYPE=FINISHTOSTART;GAP=PT1H:2'), good],
    [event('RELATED-TO;RELTYPE=FINISHTOSTART;GAP=-P1D:2'), good],
    [event('RELATED-TO;VALUE=URI;RELTYPE=DEPENDS-ON:https://example.com/t.ics'), good],
    [event('RELATED-TO;RELTYPE=FINISHTOSTART;GAP=later:2'), bad],
    [event('RELATED-TO;VALUE=URI:two words'), bad],
    [event('RELATED-TO;VALUE=DATE:20260101'), bad],
  ]);
});

t.test('what other RFCs and vendors define is none of these rules’ business', async (t) => {
  judge(t, [
    [event('X-COLOR:a', 'X-COLOR:b', 'SOMETHING;VALUE=NEW:?', 'ATTACH:nonsense', 'URL:no url'), good],
    [alarm('X-WR-ALARMUID:a', 'X-APPLE-PROXIMITY:at home', 'TRIGGER;VALUE=DATE-TIME:19760401T005545Z'), good],
  ]);
});
