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
    [['UID:c1', 'LAST-MODIFIED:20260101T000000Z', 'URL:https://example.com/', 'CATEGORIES:a', 'CATEGORIES:b'], good],
    [['UID:c1', 'UID:c2'], bad],
    [['LAST-MODIFIED:20260101T000000Z', 'LAST-MODIFIED:20260102T000000Z'], bad],
    [['URL:https://example.com/a', 'URL:https://example.com/b'], bad],
    [['NAME:Home', 'NAME:House'], bad],
    [['NAME;LANGUAGE=de:Heim', 'NAME;LANGUAGE=DE:Haus'], bad],
    [['DESCRIPTION:Mine', 'DESCRIPTION;LANGUAGE=fr:À moi', 'DESCRIPTION;LANGUAGE=de:Meins'], good],
    [['DESCRIPTION:Mine', 'DESCRIPTION:Yours'], bad],
    [['IMAGE;VALUE=URI:https://example.com/a', 'IMAGE;VALUE=URI:https://example.com/b'], good],
    [event('COMMENT:a', 'COMMENT:b', 'DESCRIPTION:c', 'URL:https://example.com/'), good],
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
    [event('STYLED-DESCRIPTION:a', 'STYLED-DESCRIPTION;DERIVED=TRUE;VALUE=URI:https://example.com/a.html'), good],
    [event('STYLED-DESCRIPTION;DERIVED=FALSE:a', 'STYLED-DESCRIPTION;DERIVED=true:b', 'DESCRIPTION:a'), good],
    [event('STYLED-DESCRIPTION:a', 'STYLED-DESCRIPTION;DERIVED=FALSE:b'), bad],
    [event('STYLED-DESCRIPTION;DERIVED=TRUE:a', 'STYLED-DESCRIPTION;DERIVED=TRUE:b'), bad],
    [event('STYLED-DESCRIPTION;DERIVED=TRUE:a'), good],
    [event('STYLED-DESCRIPTION;VALUE=MARKDOWN:*a*'), good],
    [event('STYLED-DESCRIPTION;DERIVED=maybe:a'), bad],
    [event('STYLED-DESCRIPTION;VALUE=URI:a b'), bad],
    [event('STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=application/ld+json;SCHEMA="https://schema.org/Event":{}'), good],
    [event('STRUCTURED-DATA;VALUE=URI:https://example.com/a.json'), good],
    [event('STRUCTURED-DATA;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=a/b;SCHEMA="https://example.com":e30='), good],
    [event('STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=application/ld+json:{}'), bad],
    [event('STRUCTURED-DATA;VALUE=INTEGER:1'), bad],
    [event('STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=application/ld+json;SCHEMA=Event:{}'), bad],
    [event('STRUCTURED-DATA;VALUE=URI;SCHEMA="not a uri":https://example.com/a.json'), bad],
    [event('ATTENDEE;ORDER=2:mailto:a@example.com', 'IMAGE;VALUE=URI;ORDER=1:https://example.com/a'), good],
    [event('ATTENDEE;ORDER=0:mailto:a@example.com'), bad],
    [event('ATTENDEE;ORDER=-1:mailto:a@example.com'), bad],
    [event('ATTENDEE;ORDER=first:mailto:a@example.com'), bad],
    [participant(...speaker, 'DTSTAMP:20260101T000000Z', 'GEO:1;2', 'PRIORITY:1', 'STATUS:CONFIRMED', 'URL:a:b'), good],
    [participant(...speaker, 'COMMENT:a', 'COMMENT:b', 'ATTACH:a:b', 'ATTACH:a:c', 'RESOURCES:x', 'X-A:1'), good],
    [participant(...speaker, 'SUMMARY:a', 'SUMMARY:b'), bad],
    [participant(...speaker, ...inside('VRESOURCE', 'UID:r1', 'NAME:Piano')), good],
    [participant(...speaker, ...inside('VRESOURCE', 'NAME:Piano')), bad],
    [inside('VTODO', 'UID:1', ...inside('PARTICIPANT', ...speaker)), good],
    [inside('VTODO', 'UID:1', ...inside('PARTICIPANT', 'UID:p1')), bad],
    [event(...inside('VLOCATION', 'UID:l1', 'URL:geo:1,2', 'STRUCTURED-DATA;VALUE=URI:a:b')), good],
    [event(...inside('VLOCATION', 'UID:l1', 'URL:geo:1,2', 'URL:geo:1,3')), bad],
    [event(...inside('VLOCATION', 'UID:l1', 'UID:l2')), bad],
    [event(...inside('VRESOURCE', 'UID:r1', 'RESOURCE-TYPE:ROOM', 'RESOURCE-TYPE:PROJECTOR')), bad],
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
    [alarm('PROXIMITY:CONNECT'), good],
    [alarm('PROXIMITY:at home'), bad],
    [alarm('PROXIMITY:ARRIVE', 'PROXIMITY:DEPART', ...inside('VLOCATION', 'UID:l1')), bad],
    [alarm('PROXIMITY:DEPART', ...inside('VLOCATION', 'UID:l1'), ...inside('VLOCATION', 'UID:l2')), good],
    [alarm('PROXIMITY:DEPART', ...inside('VLOCATION', 'NAME:no UID')), bad],
    [alarm('PROXIMITY:ARRIVE'), bad],
    [alarm('PROXIMITY:depart'), bad],
    [alarm('PROXIMITY:ARRIVE', 'STRUCTURED-LOCATION;VALUE=URI:geo:1,2'), good],
    [alarm('PROXIMITY:ARRIVE', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:1,2'), good],
    [alarm(...inside('VLOCATION', 'UID:l1', 'URL:geo:40.4,-79.9')), bad],
    [alarm('RELATED-TO;RELTYPE=SNOOZE:a0', 'RELATED-TO;RELTYPE=SNOOZE:a1', 'STYLED-DESCRIPTION:a'), good],
  ]);
});

t.test('RFC 9253: relations, links and concepts', async (t) => {
  judge(t, [
    [event('LINK;VALUE=URI;LINKREL="https://example.com/rel":https://example.com/a', 'REFID:x', 'REFID:y'), good],
    [event('LINK;VALUE=UID;LINKREL=SOURCE:some-uid'), good],
    [event('LINK;LINKREL=latest-version;FMTTYPE=text/html;LABEL=a;LANGUAGE=en:https://example.com/a'), good],
    [event('LINK;VALUE=XML-REFERENCE;LINKREL=SOURCE:https://example.com/a.xml#xpointer(id(a)/range-to(b[1]))'), good],
    [event('LINK;VALUE=XML-REFERENCE;LINKREL=SOURCE:a.xml'), bad],
    [alarm('LINK;VALUE=URI;LINKREL=SOURCE:https://example.com/a', 'CONCEPT:a:b', 'REFID:x'), good],
    [['LINK;VALUE=URI;LINKREL=SOURCE:https://example.com/a', 'CONCEPT:a:b', 'REFID:x'], good],
    [event('LINK;VALUE=URI:https://example.com/a'), bad],
    [event('LINK;VALUE=URI;LINKREL="two words":https://example.com/a'), bad],
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
    [event('RELATED-TO;VALUE=URI;RELTYPE=PARENT:https://example.com/t.ics'), bad],
    [event('RELATED-TO;VALUE=URI;RELTYPE=child:https://example.com/t.ics'), bad],
    [event('RELATED-TO;VALUE=UID;RELTYPE=PARENT:2', 'RELATED-TO;VALUE=TEXT;RELTYPE=SIBLING:3'), good],
    [event('RELATED-TO;RELTYPE=FIRST:2', 'RELATED-TO;RELTYPE=NEXT:3', 'RELATED-TO;RELTYPE=X-OWN:4'), good],
    [event('RELATED-TO;VALUE=URI;RELTYPE=CONCEPT:https://example.com/c', 'RELATED-TO;RELTYPE=REFID:x'), good],
  ]);
});

t.test('what other RFCs and vendors define is none of these rules’ business', async (t) => {
  judge(t, [
    [event('X-COLOR:a', 'X-COLOR:b', 'SOMETHING;VALUE=NEW:?', 'ATTACH:nonsense', 'URL:no url'), good],
    [event('X-A;ORDER=none:b', 'X-A;LINKREL=" ":c', ...inside('X-PLACE', 'NAME:a', 'NAME:b')), good],
    [event(...inside('VSOMETHING', 'UID:a', 'UID:b')), good],
    [alarm('X-WR-ALARMUID:a', 'X-APPLE-PROXIMITY:at home', 'TRIGGER;VALUE=DATE-TIME:19760401T005545Z'), good],
  ]);
});
