/** What a room tells an organizer about its answers: the COMMENT of a reply (RFC 5545 §3.8.1.4). Pure. */
import type { TimeZone } from '../calendar/date-time.ts';
import { MAX_BOOKED } from '../calendar/exclusive-time.ts';
import type { BookablePrincipal } from '../principals/rooms.ts';
import { type Answered, MAX_EXCEPTIONS, type Refusal } from './booking-rules.ts';
import { clock } from './slot-reasons.ts';

/** Occurrences named one by one. */
const MAX_NAMED = 10;

export function bookingComment(
  { displayName, longestMinutes }: BookablePrincipal,
  answers: readonly Answered[],
  series: { readonly beyond: boolean; readonly open: boolean },
  horizon: number,
  zone: TimeZone,
): string {
  const lastDay = clock(horizon, zone).slice(0, 10);
  if (series.beyond && answers[0]?.refusal === 'too-far')
    return `The series does not end; ${displayName} can be booked until ${lastDay}. Give it an end and ask again.`;
  const sentences: Record<Refusal, string> = {
    taken: `${displayName} is taken`,
    closed: `${displayName} is closed`,
    'too-long': `${displayName} can be booked for ${longestMinutes} minutes at most`,
    'too-far': `${displayName} can be booked until ${lastDay}`,
    'not-booked': `${displayName} cannot be booked`,
    'too-many': `${displayName} takes at most ${MAX_BOOKED} occurrences, of which at most ${MAX_EXCEPTIONS} may be declined`,
  };
  const lines: string[] = [];
  for (const [refusal, sentence] of Object.entries(sentences)) {
    const refused = answers.filter((one) => one.refusal === refusal);
    if (refused.length === 0) continue;
    const times = refused.length === answers.length && answers.length > 1 ? '' : `: ${namesOf(refused, zone)}`;
    lines.push(`${sentence}${times}.`);
  }
  if (answers.some(({ answer }) => answer === 'TENTATIVE'))
    lines.push(`${displayName} is held until its manager has answered.`);
  if (series.open && answers.some(({ answer }) => answer !== 'DECLINED'))
    lines.push(`The series does not end; it is booked until ${lastDay}, and further as the days come nearer.`);
  return lines.join('\n');
}

function namesOf(answers: readonly Answered[], zone: TimeZone): string {
  const named = answers.slice(0, MAX_NAMED).map(({ from, until }) => {
    const end = clock(until, zone);
    const start = clock(from, zone);
    return `${start} to ${end.startsWith(start.slice(0, 10)) ? end.slice(11) : end}`;
  });
  const more = answers.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''} (${zone.id})`;
}
