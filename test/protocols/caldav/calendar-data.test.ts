/** The instructions inside CALDAV:calendar-data: RFC 4791 §9.6. */
import t from 'tap';
import { readDataRequest } from '../../../protocols/caldav/calendar-data.ts';
import { DavError } from '../../../protocols/dav/dav-error.ts';
import { parseXml } from '../../../protocols/dav/xml-parser.ts';
import { DomainError } from '../../../src/errors.ts';

function read(content: string, attributes = '') {
  const xml = `<C:calendar-data xmlns:C="urn:ietf:params:xml:ns:caldav"${attributes}>${content}</C:calendar-data>`;
  return readDataRequest(parseXml(Buffer.from(xml)));
}

function refusal(content: string, attributes = ''): string {
  try {
    read(content, attributes);
    return 'accepted';
  } catch (error) {
    if (error instanceof DavError) return String(error.status);
    return error instanceof DomainError ? error.code : String(error);
  }
}

const year = 'start="20260101T000000Z" end="20270101T000000Z"';
const range = { from: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) };
const nothing = { selection: null, expand: null, limitRecurrence: null, limitFreeBusy: null };

t.test('what is read', async (t) => {
  t.strictSame(read(''), nothing);
  t.strictSame(read('', ' content-type="text/calendar" version="2.0"'), nothing);
  t.strictSame(read(`<C:expand ${year}/>`), { ...nothing, expand: range });
  t.strictSame(read(`<C:limit-recurrence-set ${year}/><C:limit-freebusy-set ${year}/>`), {
    ...nothing,
    limitRecurrence: range,
    limitFreeBusy: range,
  });
  t.strictSame(
    read(
      '<C:comp name="vcalendar"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:allprop/><C:comp name="VALARM"><C:prop name="TRIGGER" novalue="yes"/><C:allcomp/></C:comp></C:comp></C:comp>',
    ).selection,
    {
      name: 'VCALENDAR',
      allProperties: false,
      properties: [{ name: 'VERSION', noValue: false }],
      allComponents: false,
      components: [
        {
          name: 'VEVENT',
          allProperties: true,
          properties: [],
          allComponents: false,
          components: [
            {
              name: 'VALARM',
              allProperties: false,
              properties: [{ name: 'TRIGGER', noValue: true }],
              allComponents: true,
              components: [],
            },
          ],
        },
      ],
    },
  );
});

t.test('what is refused', async (t) => {
  t.equal(refusal('', ' content-type="text/plain"'), 'unsupported-media-type');
  t.equal(refusal('', ' version="3.0"'), 'unsupported-media-type');
  t.equal(refusal('<C:comp name="VEVENT"/>'), '400');
  t.equal(refusal('<C:comp/>'), '400');
  t.equal(refusal('<C:expand start="20260101T000000Z"/>'), '400');
  t.equal(refusal(`<C:expand ${year}/><C:limit-recurrence-set ${year}/>`), '400');
  t.equal(refusal(`<C:comp name="VCALENDAR">${'<C:prop name="X"/>'.repeat(1_000)}</C:comp>`), '400');
  t.equal(refusal('<C:expand start="00010101T000000Z" end="20270101T000000Z"/>'), 'date-out-of-range');
  t.equal(refusal('<C:expand start="20260101T000000Z" end="99980101T000000Z"/>'), 'date-out-of-range');
});
