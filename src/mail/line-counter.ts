/**
 * Counts the line ends of a message, in one pass over it.
 * Positions in rising order in, the number of LF octets before each out. Compares four octets at a time: a message of
 * nothing but line ends costs no more than any other.
 */

const LF = 10;
const BLOCK = 255;

export class LineCounter {
  readonly #octets: Buffer;
  #words: Int32Array | null = null;
  #at = 0;
  #count = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  /** The LF octets in [0, position). Positions must not fall. */
  upTo(position: number): number {
    if (position - this.#at > 64) this.#skipWords(position);
    const octets = this.#octets;
    for (let at = this.#at; at < position; at++) if (octets[at] === LF) this.#count++;
    if (position > this.#at) this.#at = position;
    return this.#count;
  }

  #skipWords(position: number): void {
    const octets = this.#octets;
    const shift = (4 - (octets.byteOffset % 4)) % 4;
    this.#words ??= new Int32Array(octets.buffer, octets.byteOffset + shift, (octets.length - shift) >> 2);
    const first = (this.#at - shift + 3) >> 2;
    const last = (position - shift) >> 2;
    for (const start = first * 4 + shift; this.#at < start; this.#at++) if (octets[this.#at] === LF) this.#count++;
    this.#count += feedsIn(this.#words, first, last);
    this.#at = last * 4 + shift;
  }
}

/** LF octets in the words [first, last). */
function feedsIn(words: Int32Array, first: number, last: number): number {
  let count = 0;
  for (let at = first; at < last; ) {
    const stop = Math.min(last, at + BLOCK);
    // Four counters of eight bits, emptied before one can overflow.
    let counters = 0;
    for (; at < stop; at++) {
      const difference = (words[at] as number) ^ 0x0a0a0a0a;
      // The high bit of each octet that differs from LF, by a sum that cannot carry into its neighbour.
      const differs = ((difference & 0x7f7f7f7f) + 0x7f7f7f7f) | difference;
      counters = (counters + ((~differs >>> 7) & 0x01010101)) | 0;
    }
    count += (counters & 255) + ((counters >>> 8) & 255) + ((counters >>> 16) & 255) + (counters >>> 24);
  }
  return count;
}
