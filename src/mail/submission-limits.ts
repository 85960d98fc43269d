/**
 * How much one person may send in an hour: who has a stolen password is not to send for long.
 * RFC 6409 §3.3 (site policy), RFC 5321 §4.5.3.1.10. Counted in memory by the minute; a restart begins anew.
 * Elsewhere: what is answered (protocols/smtp/submission.ts).
 */

/** For an hour; 0 is no limit. */
export interface HourlyLimits {
  readonly messages: number;
  /** Recipients on other servers. */
  readonly recipients: number;
}

/** Which limit was reached, and when it is worth another attempt. */
export interface LimitReached {
  readonly limit: 'messages' | 'recipients';
  readonly most: number;
  readonly minutes: number;
}

interface Minute {
  /** Since the epoch. */
  readonly at: number;
  messages: number;
  recipients: number;
}

const MINUTE_MS = 60_000;
const HOUR = 60;

export class SubmissionLimits {
  private readonly limits: HourlyLimits;
  private readonly now: () => number;
  private readonly sent = new Map<number, Minute[]>();

  constructor(limits: HourlyLimits, now: () => number) {
    this.limits = limits;
    this.now = now;
  }

  /** Which limit another message to so many recipients elsewhere would pass; undefined when it may go. */
  reached(principalId: number, recipients: number): LimitReached | undefined {
    const minutes = this.lastHour(principalId);
    for (const [limit, more] of [
      ['messages', 1],
      ['recipients', recipients],
    ] as const) {
      const most = this.limits[limit];
      if (most === 0 || more === 0) continue;
      let total = minutes.reduce((sum, minute) => sum + minute[limit], more);
      if (total <= most) continue;
      // The oldest minutes fall out first; one message for more than an hour's share has to be divided.
      let wait = HOUR;
      for (const minute of minutes) {
        total -= minute[limit];
        if (total > most) continue;
        wait = minute.at + HOUR - this.minute();
        break;
      }
      return { limit, most, minutes: Math.max(wait, 1) };
    }
    return undefined;
  }

  /** Counts a message, unless a limit is reached. Returns how to take it back when it was not sent after all. */
  take(principalId: number, recipients: number): LimitReached | (() => void) {
    const reached = this.reached(principalId, recipients);
    if (reached !== undefined) return reached;
    const minutes = this.lastHour(principalId);
    let minute = minutes.at(-1);
    if (minute?.at !== this.minute()) {
      minute = { at: this.minute(), messages: 0, recipients: 0 };
      minutes.push(minute);
    }
    const counted = minute;
    counted.messages++;
    counted.recipients += recipients;
    this.sent.set(principalId, minutes);
    return () => {
      counted.messages--;
      counted.recipients -= recipients;
    };
  }

  private lastHour(principalId: number): Minute[] {
    const now = this.minute();
    // A clock that was set back leaves minutes ahead; they count until they would have fallen out.
    return (this.sent.get(principalId) ?? []).filter(({ at }) => Math.abs(now - at) < HOUR);
  }

  private minute(): number {
    return Math.floor(this.now() / MINUTE_MS);
  }
}
