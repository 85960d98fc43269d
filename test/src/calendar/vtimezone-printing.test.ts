/** Printed VTIMEZONEs, read back, are the zone they were made from. RFC 5545 §3.6.5 */
import t from 'tap';
import { parseVtimezone } from '../../../src/calendar/calendar-zones.ts';
import { findTimeZone } from '../../../src/calendar/time-zones.ts';
import { printVtimezone } from '../../../src/calendar/vtimezone-printing.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const HOUR = 3_600_000;

t.test('a zone is the same for ten years', async (t) => {
  for (const name of [
    'Europe/Paris',
    'America/New_York',
    'America/Sao_Paulo',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
    'Africa/Casablanca',
    'Pacific/Auckland',
    'America/Santiago',
    'Asia/Jerusalem',
    'Africa/Cairo',
  ]) {
    const zone = findTimeZone(name)!;
    const text = printVtimezone(`x-${name.replace('/', '-')}`, zone, NOW);
    const read = parseVtimezone(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${text}END:VCALENDAR\r\n`).zone;
    let differences = 0;
    for (let at = Date.UTC(2026, 0, 2); at < Date.UTC(2035, 11, 1); at += 6 * HOUR)
      if (read.offsetAt(at) !== zone.offsetAt(at)) differences++;
    t.equal(differences, 0, `${name}\n${text}`);
    t.notMatch(text, /[+-]\d{6}\r/);
  }
});

t.test('a zone with a rule is small', async (t) => {
  const text = printVtimezone('Europe/Paris', findTimeZone('Europe/Paris')!, NOW);
  t.equal(
    text,
    'BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n' +
      'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\n' +
      'TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n',
  );
  const brazil = printVtimezone('America/Sao_Paulo', findTimeZone('America/Sao_Paulo')!, NOW);
  t.notMatch(brazil, 'DAYLIGHT', 'no summer time that was abolished');
});
