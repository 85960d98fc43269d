/**
 * Patterns of LIST and LSUB: `*` any characters, `%` any but the hierarchy delimiter.
 * RFC 3501 §6.3.8.
 * Patterns are compared as sent, octets of modified UTF-7, with names as they would be printed. The time is the product of
 * the two lengths at worst, whatever the pattern: no backtracking.
 */
import { DELIMITER } from './mailbox-name.ts';

const ANY = 42;
const LEVEL = 37;

export class ListPattern {
  readonly #pattern: string;

  /** @param wire a pattern, with its reference name before it */
  constructor(wire: string) {
    // RFC 3501 §5.1: INBOX in any letter case. A run of wildcards with `*` in it matches what `*` does.
    this.#pattern = wire
      .replace(/^inbox(?=$|\/)/i, 'INBOX')
      .replace(/[*%]{2,}/g, (run) => (run.includes('*') ? '*' : '%'));
  }

  /**
   * Names of ancestors of `name` that match; they are those that LIST shows for `%` though nothing of that name exists.
   * From the nearest up.
   */
  ancestors(name: string): string[] {
    const found: string[] = [];
    for (let end = name.lastIndexOf(DELIMITER); end > 0; end = name.lastIndexOf(DELIMITER, end - 1)) {
      const ancestor = name.slice(0, end);
      if (this.matches(ancestor)) found.push(ancestor);
    }
    return found;
  }

  /** Simulates the automaton whose states are the positions in the pattern. */
  matches(name: string): boolean {
    const pattern = this.#pattern;
    const length = pattern.length;
    let states = new Uint8Array(length + 1);
    let next = new Uint8Array(length + 1);
    states[0] = 1;
    const separator = DELIMITER.charCodeAt(0);
    for (let at = 0; at < name.length; at++) {
      const character = name.charCodeAt(at);
      let alive = false;
      next.fill(0);
      for (let state = 0; state < length; state++) {
        if (states[state] === 0) continue;
        const expected = pattern.charCodeAt(state);
        if (expected === ANY || expected === LEVEL) {
          // A wildcard may also stand for nothing.
          states[state + 1] = 1;
          if (expected === LEVEL && character === separator) continue;
          next[state] = 1;
          alive = true;
        } else if (expected === character) {
          next[state + 1] = 1;
          alive = true;
        }
      }
      if (!alive) return false;
      [states, next] = [next, states];
    }
    for (let state = 0; state < length; state++) {
      const expected = pattern.charCodeAt(state);
      if (states[state] === 1 && (expected === ANY || expected === LEVEL)) states[state + 1] = 1;
    }
    return states[length] === 1;
  }
}
