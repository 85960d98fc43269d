/** RFC 5545 §3.2.10, RFC 6350 §6.4.4 and §6.5.1: in which language and on which clock an invitation is read. */
import t from 'tap';
import { readerOf } from '../../../src/scheduling/readers.ts';
import { attendee, calendarText, objectOf, organizer } from '../../support/scheduling.ts';

const BOB = 'bob@example.org';
const event = (...lines: string[]) => objectOf(calendarText('u', [{ lines: [organizer('anna'), ...lines] }]));
const card = (version: string, ...lines: string[]) =>
  ['BEGIN:VCARD', `VERSION:${version}`, 'FN:Bob', ...lines, 'END:VCARD', ''].join('\r\n');
const plain = event(attendee('bob'), 'SUMMARY:Plan');

t.test('the language: of the person, of the card, of the text, of the server', async (t) => {
  const named = event(attendee('bob', 'NEEDS-ACTION', ';LANGUAGE=fr-CA'), 'SUMMARY;LANGUAGE=en:Plan');
  t.equal(readerOf(named, BOB, card('4.0', 'LANG:en'), 'en').language, 'fr');
  t.equal(readerOf(named, 'anna@example.org', undefined, 'fr').language, 'en', 'what is said of somebody else is not');
  t.equal(readerOf(plain, BOB, card('4.0', 'LANG;PREF=2:en', 'LANG;PREF=1:de', 'LANG;PREF=3:fr'), 'fr').language, 'en');
  const written = event(attendee('bob'), 'SUMMARY;LANGUAGE=fr-FR:Réunion');
  t.equal(readerOf(written, BOB, card('4.0', 'LANG:ja'), 'en').language, 'fr');
  t.equal(readerOf(plain, BOB, undefined, 'fr').language, 'fr');
  t.equal(readerOf(event(attendee('bob', 'NEEDS-ACTION', ';LANGUAGE=x')), BOB, undefined, 'en').language, 'en');
});

t.test('the clock is that of the card, when it names a zone', async (t) => {
  const zone = (...lines: string[]) => readerOf(plain, BOB, card('4.0', ...lines), 'en').zone;
  t.equal(zone('TZ:Europe/Paris'), 'Europe/Paris');
  t.equal(zone('TZ;VALUE=utc-offset:-0500', 'TZ:America/New_York'), 'America/New_York', 'an offset is no zone');
  t.equal(zone('TZ:Nowhere/Land'), undefined);
  t.equal(readerOf(plain, BOB, card('3.0', 'TZ;VALUE=text:Europe/Paris'), 'en').zone, 'Europe/Paris');
  t.equal(readerOf(plain, BOB, 'no card', 'en').zone, undefined);
});
