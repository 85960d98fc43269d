/**
 * The date a message says it was sent at.
 * RFC 5322 §3.3 and §4.3 (obsolete years and zones); ISO 8601 and asctime, which some programs write in its place.
 * A Date value in, an instant and the day that was written out. The text is split into words and numbers, which may come in
 * any order that leaves no doubt.
 */

export interface SentDate {
  /** Milliseconds since 1970, UTC: what SORT compares (RFC 5256 §2.2). */
  readonly time: number;
  /** Minutes east of UTC. */
  readonly offset: number;
  /** The written day as midnight UTC: SENTON and its like disregard time and zone (RFC 9051 §6.4.4). */
  readonly day: number;
}

const DAY = 86_400_000;
const MINUTE = 60_000;
const MAX_OCTETS = 200;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 5322 §4.3: the zones with a known meaning, in minutes; all other names say nothing. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  edt: -240,
  est: -300,
  cdt: -300,
  cst: -360,
  mdt: -360,
  mst: -420,
  pdt: -420,
  pst: -480,
};

const ISO = /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](.*))?$/i;
const TIME = /(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:\.\d+)?)?\s*([ap]m)?/i;
const NUMERIC_ZONE = /(?:^|\s|gmt|utc)([+-])(\d\d):?(\d\d)(?!\d)/i;

/** @returns null for a value without a day that exists */
export function parseSentDate(value: string): SentDate | null {
  const text = value
    .slice(0, MAX_OCTETS)
    .replace(/\([^()]*\)/g, ' ')
    .trim();
  const iso = ISO.exec(text);
  const clockText = iso ? (iso[4] ?? '') : text;
  const clock = TIME.exec(clockText);
  const zoneText = clock ? clockText.slice(clock.index + clock[0].length) : '';
  const written = iso
    ? isoDay(iso)
    : writtenDay(clock ? `${text.slice(0, clock.index)} ${zoneText.replace(NUMERIC_ZONE, ' ')}` : text);
  if (!written) return null;
  const day = dayOf(written);
  if (day === null) return null;
  const offset = offsetOf(zoneText);
  const time = clock ? timeOf(clock) : 0;
  return time === null ? null : { time: day + time - offset * MINUTE, offset, day };
}

interface WrittenDay {
  year: number;
  /** 0 to 11 */
  month: number;
  day: number;
}

function isoDay(match: RegExpExecArray): WrittenDay {
  return { year: Number(match[1]), month: Number(match[2]) - 1, day: Number(match[3]) };
}

/** Day, month name and year in a text without time and numeric zone. */
function writtenDay(text: string): WrittenDay | null {
  const words = text.match(/[a-z]+|\d+/gi) ?? [];
  const month = words.findIndex((word) => MONTHS.includes(word.slice(0, 3).toLowerCase()));
  if (month < 0) return null;
  const numbers = words.filter((word) => /^\d+$/.test(word));
  // A day has one or two digits; where two such numbers stand, the first is the day.
  const dayAt = numbers.findIndex((number) => number.length <= 2);
  const day = numbers[dayAt];
  const year = numbers.find((_, index) => index !== dayAt);
  if (day === undefined || year === undefined) return null;
  return {
    year: fullYear(year),
    month: MONTHS.indexOf((words[month] as string).slice(0, 3).toLowerCase()),
    day: Number(day),
  };
}

/** RFC 5322 §4.3: years of two and three digits. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length >= 4) return year;
  return text.length === 3 || year >= 50 ? 1900 + year : 2000 + year;
}

function dayOf({ year, month, day }: WrittenDay): number | null {
  if (year < 1900 || year > 9999 || month < 0 || month > 11 || day < 1) return null;
  const time = Date.UTC(year, month, day);
  return new Date(time).getUTCMonth() === month ? time : null;
}

function timeOf([, hours, minutes, seconds, half]: RegExpExecArray): number | null {
  let hour = Number(hours);
  if (half && hour <= 12) hour = (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  const time = (hour * 60 + Number(minutes)) * MINUTE + Number(seconds ?? 0) * 1000;
  // 24:00 and the leap second 60 are written; anything past them is no time.
  return hour > 24 || Number(minutes) > 59 || Number(seconds ?? 0) > 60 || time > DAY ? null : time;
}

/** The zone after the time; an unknown one is UTC (RFC 5322 §4.3). */
function offsetOf(text: string): number {
  const numeric = NUMERIC_ZONE.exec(text);
  if (numeric) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    if (Number(numeric[2]) > 23 || Number(numeric[3]) > 59) return 0;
    return numeric[1] === '-' ? -minutes : minutes;
  }
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    if (Object.hasOwn(ZONES, word)) return ZONES[word] as number;
  }
  return 0;
}
