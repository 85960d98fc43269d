/**
 * Flags of messages as bits of one number below 2^53: five system flags, then the keywords of the mailbox.
 * RFC 9051 §2.3.2, RFC 3501 §2.3.2 and §9 (flag-keyword is an atom).
 * Names in, bits out, and back. Bit operators of JavaScript hold 32 bits, so the number is worked on in two halves, here only.
 * Elsewhere: the \Recent flag, which belongs to sessions (mailbox-view.ts); who may change flags (messages.ts).
 */
import { DomainError } from '../errors.ts';

export const SEEN = 1;
export const ANSWERED = 2;
export const FLAGGED = 4;
export const DELETED = 8;
export const DRAFT = 16;

/** In order of their bits. */
export const SYSTEM_FLAGS: readonly string[] = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'];

/** Keywords of one mailbox, and octets of one keyword. */
export const MAX_KEYWORDS = 48;
export const MAX_KEYWORD_OCTETS = 128;

/** Every bit a flag can have. */
export const ALL_FLAGS = 2 ** 53 - 1;

const HALF = 2 ** 32;

/** The bits of both. */
export function union(a: number, b: number): number {
  return (((a / HALF) | (b / HALF)) >>> 0) * HALF + ((a | b) >>> 0);
}

/** The bits that both have. */
export function intersection(a: number, b: number): number {
  return (((a / HALF) & (b / HALF)) >>> 0) * HALF + ((a & b) >>> 0);
}

/** The bits of `a` that `b` does not have. */
export function without(a: number, b: number): number {
  return (((a / HALF) & ~(b / HALF)) >>> 0) * HALF + ((a & ~b) >>> 0);
}

/** Whether `flags` has every one of these bits. */
export function hasAll(flags: number, bits: number): boolean {
  return intersection(flags, bits) === bits;
}

// RFC 9051 §9: flag-keyword is an atom: no controls, no space, none of ( ) { % * " \ ]; ASCII.
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/;

/** The bit of a system flag in any case; undefined for another name. */
export function systemFlag(name: string): number | undefined {
  const lower = name.toLowerCase();
  const index = SYSTEM_FLAGS.findIndex((flag) => flag.toLowerCase() === lower);
  return index < 0 ? undefined : 2 ** index;
}

/** The keywords of one mailbox with their bits. Never changed: a mailbox that takes a keyword gets another object. */
export class Keywords {
  /** By slot; '' is a free one. Slot 0 is bit 5. */
  readonly names: readonly string[];
  readonly #bits = new Map<string, number>();
  readonly #texts = new Map<number, string>();

  constructor(names: readonly string[]) {
    this.names = names;
    for (const [slot, name] of names.entries()) if (name !== '') this.#bits.set(name.toLowerCase(), bitOf(slot));
  }

  /** Reads the column `keywords` of a mailbox. */
  static parse(json: string): Keywords {
    const parsed: unknown = JSON.parse(json);
    return new Keywords(Array.isArray(parsed) ? parsed.map(String) : []);
  }

  /** The bit of a keyword in any case; undefined when the mailbox has no such keyword. */
  bit(name: string): number | undefined {
    return this.#bits.get(name.toLowerCase());
  }

  /** Keywords in use, as they were first written. */
  inUse(): string[] {
    return this.names.filter((name) => name !== '');
  }

  /** Whether another keyword may find a place: `\*` in PERMANENTFLAGS. Slots of unused keywords may still be freed. */
  get full(): boolean {
    return this.#bits.size >= MAX_KEYWORDS;
  }

  /** Whether so many others find a place without another being given up. */
  hasRoom(count: number): boolean {
    return this.#bits.size + count <= MAX_KEYWORDS;
  }

  /** Names of all bits set: system flags first. */
  flagNames(flags: number): string[] {
    const names = SYSTEM_FLAGS.filter((_, index) => (flags & (1 << index)) !== 0);
    if (flags >= 32)
      for (const [slot, name] of this.names.entries())
        if (name !== '' && intersection(flags, bitOf(slot)) !== 0) names.push(name);
    return names;
  }

  /** The same as text, `\Seen $Forwarded`; kept for each combination that was asked for. */
  flagText(flags: number): string {
    const known = this.#texts.get(flags);
    if (known !== undefined) return known;
    const text = this.flagNames(flags).join(' ');
    if (this.#texts.size < 4_096) this.#texts.set(flags, text);
    return text;
  }

  /** The column `keywords` of a mailbox. */
  toJson(): string {
    return JSON.stringify(this.names);
  }

  /**
   * With these keywords too. Slots whose bit is not in `used` are given away when there is no other left.
   * @param used the bits that messages of the mailbox have; asked for only when there is no free slot
   * @throws DomainError limit-exceeded: too many keywords
   */
  async with(added: readonly string[], used: () => Promise<number>): Promise<Keywords> {
    const missing = [...new Map(added.map((name) => [name.toLowerCase(), name])).values()].filter(
      (name) => this.bit(name) === undefined,
    );
    if (missing.length === 0) return this;
    let names = [...this.names];
    if (this.inUse().length + missing.length > MAX_KEYWORDS) {
      const bits = await used();
      const kept = new Set(added.map((name) => name.toLowerCase()));
      names = names.map((name, slot) =>
        intersection(bits, bitOf(slot)) !== 0 || kept.has(name.toLowerCase()) ? name : '',
      );
    }
    for (const name of missing) {
      const free = names.indexOf('');
      if (free >= 0) names[free] = name;
      else if (names.length < MAX_KEYWORDS) names.push(name);
      else
        throw new DomainError('limit-exceeded', `A mailbox has at most ${MAX_KEYWORDS} keywords.`, {
          limit: MAX_KEYWORDS,
        });
    }
    return new Keywords(names);
  }
}

function bitOf(slot: number): number {
  return 2 ** (slot + SYSTEM_FLAGS.length);
}

/** Flags as a client names them: the bits of system flags, and keywords. */
export interface FlagNames {
  readonly system: number;
  readonly keywords: readonly string[];
}

/**
 * Sorts flag names into system flags and keywords.
 * @throws DomainError limit-exceeded: a keyword is too long, or there are more than a mailbox can have; invalid-data: not
 *   an atom, or a backslash before an unknown name (\Recent included, which no client sets)
 */
export function parseFlagNames(names: readonly string[]): FlagNames {
  let system = 0;
  const keywords = new Map<string, string>();
  for (const name of names) {
    const bit = systemFlag(name);
    if (bit !== undefined) {
      system |= bit;
      continue;
    }
    if (name.length > MAX_KEYWORD_OCTETS)
      throw new DomainError('limit-exceeded', `A keyword has at most ${MAX_KEYWORD_OCTETS} octets.`, {
        limit: MAX_KEYWORD_OCTETS,
      });
    if (!KEYWORD.test(name)) throw new DomainError('invalid-data', `${JSON.stringify(name)} is not a flag.`);
    const lower = name.toLowerCase();
    if (!keywords.has(lower)) keywords.set(lower, name);
    if (keywords.size > MAX_KEYWORDS)
      throw new DomainError('limit-exceeded', `A mailbox has at most ${MAX_KEYWORDS} keywords.`, {
        limit: MAX_KEYWORDS,
      });
  }
  return { system, keywords: [...keywords.values()] };
}

/** The bits of these flags in a mailbox; keywords it does not have are left out. */
export function bitsOf({ system, keywords }: FlagNames, known: Keywords): number {
  return keywords.reduce((bits, name) => union(bits, known.bit(name) ?? 0), system);
}
