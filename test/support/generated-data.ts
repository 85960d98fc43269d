/**
 * Calendar objects and cards like those of real people, made from a number: the same number gives the same octets.
 * Events of about 1.1 kB with a zone, attendees and an alarm, spread over two years; one in twenty is a series.
 * Cards of about 1.8 kB with addresses, telephones and a small photograph.
 */

const DAY = 86_400_000;

/** First day of the two years over which `event` spreads, a Thursday. */
export const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAYS = 728;

/** Pseudo-random numbers in [0, 1) that depend on the seed alone (a 32-bit multiply-and-mix generator). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
}

const ZONE = [
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Berlin',
  'BEGIN:DAYLIGHT',
  'TZOFFSETFROM:+0100',
  'TZOFFSETTO:+0200',
  'TZNAME:CEST',
  'DTSTART:19700329T020000',
  'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
  'END:DAYLIGHT',
  'BEGIN:STANDARD',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'TZNAME:CET',
  'DTSTART:19701025T030000',
  'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
  'END:STANDARD',
  'END:VTIMEZONE',
];

const WORDS = 'budget review garden planning roof delivery interview choir dentist übergabe standup release'.split(' ');
const PEOPLE = 'ada,bela,chloé,dmitri,emine,farah,günther,hana,ivo,jolanta'.split(',');

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** UID of event or card number `index`. */
export function uidOf(index: number): string {
  return `made-${String(index).padStart(6, '0')}-4f1e-8c33-5d1f6ab0c9e2`;
}

/** Calendar object number `index` with CRLF line ends; `revision` changes its summary. One in twenty is a series. */
export function event(index: number, revision = 0): string {
  const random = randomFrom(index * 2_654_435_761);
  const day = new Date(FIRST_DAY + Math.floor(random() * DAYS) * DAY);
  const date = day.toISOString().slice(0, 10).replaceAll('-', '');
  const hour = 8 + Math.floor(random() * 9);
  const summary = `${pick(random, WORDS)} ${pick(random, WORDS)} ${index}${revision === 0 ? '' : ` rev ${revision}`}`;
  const first = Math.floor(random() * PEOPLE.length);
  const guests = [0, 3, 6].map((step) => PEOPLE[(first + step) % PEOPLE.length] as string);
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Example//Generated data//EN',
    ...ZONE,
    'BEGIN:VEVENT',
    `UID:${uidOf(index)}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART;TZID=Europe/Berlin:${date}T${two(hour)}${pick(random, ['00', '30'])}00`,
    `DTEND;TZID=Europe/Berlin:${date}T${two(hour + 1)}${pick(random, ['00', '30'])}00`,
    ...(index % 20 === 19 ? [ruleOf(index, random)] : []),
    `SUMMARY:${summary}`,
    `LOCATION:Room ${Math.floor(random() * 40)}`,
    'ORGANIZER;CN=Organizer:mailto:organizer@example.com',
    ...guests.map((guest) => `ATTENDEE;CN=${guest};PARTSTAT=ACCEPTED:mailto:${ascii(guest)}@example.net`),
    `DESCRIPTION:${Array.from({ length: 12 }, () => pick(random, WORDS)).join(' ')}`,
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    'DESCRIPTION:Reminder',
    'TRIGGER:-PT15M',
    'END:VALARM',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ]
    .map(fold)
    .join('\r\n');
}

function ruleOf(index: number, random: () => number): string {
  const kind = Math.floor(index / 20) % 5;
  if (kind < 3) return `RRULE:FREQ=WEEKLY;COUNT=${8 + Math.floor(random() * 23)}`;
  if (kind === 3) return 'RRULE:FREQ=MONTHLY;COUNT=12';
  return `RRULE:FREQ=DAILY;COUNT=${5 + Math.floor(random() * 10)}`;
}

/** vCard 3.0 number `index` with CRLF line ends; `revision` changes its note. */
export function card(index: number, revision = 0): string {
  const random = randomFrom(index * 40_503 + 7);
  const given = pick(random, PEOPLE);
  const family = `${pick(random, WORDS)}-${index}`;
  const digits = () => String(Math.floor(random() * 9_000_000) + 1_000_000);
  const photo = Buffer.from(Array.from({ length: 840 }, () => Math.floor(random() * 256))).toString('base64');
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    'PRODID:-//Example//Generated data//EN',
    `UID:${uidOf(index)}`,
    `FN:${given} ${family}`,
    `N:${family};${given};;;`,
    `ORG:${pick(random, WORDS)} works;${pick(random, WORDS)}`,
    `EMAIL;TYPE=WORK:${ascii(given)}.${index}@example.com`,
    `EMAIL;TYPE=HOME:${ascii(given)}${index}@mail.example.org`,
    `TEL;TYPE=CELL:+49 170 ${digits()}`,
    `TEL;TYPE=WORK:+49 30 ${digits()}`,
    `ADR;TYPE=WORK:;;Street ${index};Berlin;;10115;Germany`,
    'BDAY:1980-04-12',
    `NOTE:${Array.from({ length: 16 }, () => pick(random, WORDS)).join(' ')}${revision === 0 ? '' : ` rev ${revision}`}`,
    `PHOTO;ENCODING=b;TYPE=JPEG:${photo}`,
    'REV:2026-01-01T00:00:00Z',
    'END:VCARD',
    '',
  ]
    .map(fold)
    .join('\r\n');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function ascii(name: string): string {
  return name.normalize('NFD').replace(/[^a-z]/g, '');
}

/** Folds a content line at 75 octets (RFC 5545 §3.1, RFC 2425 §5.8.1), never inside a character. */
function fold(line: string): string {
  const pieces: string[] = [];
  let piece = '';
  let octets = 0;
  for (const character of line) {
    const length = Buffer.byteLength(character);
    if (octets + length > 75) {
      pieces.push(piece);
      piece = ' ';
      octets = 1;
    }
    piece += character;
    octets += length;
  }
  return [...pieces, piece].join('\r\n');
}
