/**
 * The FREEBUSY periods of a VFREEBUSY component.
 * RFC 5545 §3.8.2.6 (FREEBUSY), §3.2.9 (FBTYPE).
 */
import { type Component, parameterOf } from './content.ts';
import { DAY } from './date-time.ts';
import { parseDuration, parseLocalTime } from './date-values.ts';

export interface FreeBusyPeriod {
  /** Instants; from inclusive, until exclusive. */
  readonly from: number;
  readonly until: number;
  /** FBTYPE in upper case; BUSY when absent. */
  readonly type: string;
}

/** Periods of one component; the rest is not looked at. */
const MAX_PERIODS = 10_000;

/** @throws DomainError invalid-data when a period is outside the grammar */
export function freeBusyPeriods(component: Component): FreeBusyPeriod[] {
  const periods: FreeBusyPeriod[] = [];
  for (const property of component[1]) {
    if (property[0] !== 'freebusy') continue;
    const type = parameterOf(property, 'fbtype').toUpperCase() || 'BUSY';
    for (const value of property[3].split(',', MAX_PERIODS - periods.length)) {
      const [first = '', second = ''] = value.split('/');
      const from = parseLocalTime(first).local;
      periods.push({ from, until: /^[+-]?P/i.test(second) ? after(from, second) : parseLocalTime(second).local, type });
    }
  }
  return periods;
}

function after(from: number, text: string): number {
  const { days, milliseconds } = parseDuration(text);
  return from + days * DAY + milliseconds;
}
