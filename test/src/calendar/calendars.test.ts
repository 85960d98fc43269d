import t from 'tap';
import { calendarColumns, componentColumn, timeZoneColumn, zoneOf } from '../../../src/calendar/calendars.ts';

t.test('supported-calendar-component-set (RFC 4791 §5.2.3)', async (t) => {
  t.equal(calendarColumns().components, 'VEVENT,VTODO,VJOURNAL');
  for (const [asked, column] of [
    [['VEVENT'], 'VEVENT'],
    [['vtodo', 'VEVENT', 'VEVENT'], 'VEVENT,VTODO'],
    [['VCALENDAR', 'VEVENT', 'VTODO', 'VFREEBUSY', 'VJOURNAL'], 'VEVENT,VTODO,VJOURNAL,VFREEBUSY'],
  ] as const) {
    t.equal(componentColumn(asked), column, asked.join());
  }
  t.throws(() => componentColumn([]), { code: 'unsupported-component' });
  t.throws(() => componentColumn(['VPOLL']), { code: 'unsupported-component' });
});

const vtimezone = (tzid: string, offset: string) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Convene//Tests//EN',
    'BEGIN:VTIMEZONE',
    `TZID:${tzid}`,
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    `TZOFFSETFROM:${offset}`,
    `TZOFFSETTO:${offset}`,
    'END:STANDARD',
    'END:VTIMEZONE',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

t.test('calendar-timezone (RFC 4791 §5.2.2)', async (t) => {
  t.equal(timeZoneColumn(vtimezone('Europe/Paris', '+0900')), 'Europe/Paris', 'a known name wins over its text');
  t.equal(zoneOf({ timeZone: 'Europe/Paris' }).offsetAt(Date.UTC(2026, 6, 1)), 2 * 3_600_000);
  const own = vtimezone('Our office', '+0345');
  t.equal(timeZoneColumn(own), own, 'a zone of its own is kept as text');
  t.equal(zoneOf({ timeZone: own }).offsetAt(0), 3.75 * 3_600_000);
  t.equal(zoneOf({ timeZone: '' }).offsetAt(0), 0);
  t.equal(zoneOf({ timeZone: 'Gone/Away' }).offsetAt(0), 0, 'a calendar always answers');
  t.throws(() => timeZoneColumn('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n'), { code: 'invalid-time-zone' });
  t.throws(() => timeZoneColumn('Europe/Paris'), { code: 'invalid-time-zone' });
});
