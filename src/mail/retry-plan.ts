/**
 * When mail that could not be handed over is tried again, and when that ends. Pure.
 * RFC 5321 §4.5.4.1: at first soon, then every few hours, for four to five days.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** After the first, second, … attempt; the last one for all further ones. */
const WAITS = [2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR];

/** No attempt is ever planned further ahead. */
export const LONGEST_WAIT = 5 * HOUR;
/** How long a message is kept, from when it was taken. */
export const GIVE_UP_AFTER = 5 * 24 * HOUR;
/** When its sender is told that it is late. */
export const DELAY_TOLD_AFTER = 4 * HOUR;

/**
 * The time of the next attempt.
 * @param attempts how many there were
 * @param random in [0, 1): spreads what failed together
 */
export function nextAttempt(now: number, attempts: number, random: number): number {
  const wait = WAITS[Math.min(attempts, WAITS.length) - 1] ?? (WAITS[0] as number);
  return now + Math.round(wait * (0.9 + random * 0.2));
}
