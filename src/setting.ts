/**
 * What a setting of the operator is, and the checks that several share. Pure.
 * Elsewhere: the settings (config.ts, mail-settings.ts).
 */
import { type Network, parseNetwork } from './networks.ts';

/** One environment variable: what it may be, and how the document shows it. */
export interface Setting {
  readonly name: string;
  /** What a value looks like, for the document. */
  readonly type: string;
  /** The text that stands when the variable is missing; '' is none. */
  readonly default: string;
  readonly description: string;
  /** Undefined when the text will do, else the end of the sentence "NAME must …". */
  readonly check: (text: string) => string | undefined;
}

/** Whether a text is a domain name in lower-case ASCII (RFC 1035 §2.3.1 with digits first, RFC 1123 §2.1). */
export function isDomain(text: string): boolean {
  return (
    text.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
  );
}

/** The parts of a list that commas or spaces divide. */
export function partsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** Checks a list of networks. */
export function networks(text: string): string | undefined {
  const wrong = partsOf(text).find((part) => parseNetwork(part) === undefined);
  return wrong === undefined ? undefined : `list addresses or networks like 10.0.0.0/8, and "${wrong}" is none`;
}

/** The networks of a list that `networks` had nothing to say about. */
export function networksOf(text: string): Network[] {
  return partsOf(text).flatMap((part) => parseNetwork(part) ?? []);
}

/** Checks a number of at most six digits. */
export function wholeNumber(least: number, most: number): Setting['check'] {
  return (text) =>
    /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? undefined
      : `be a whole number from ${least} to ${most}`;
}

/** Checks a choice. */
export function oneOf(choices: readonly string[]): Setting['check'] {
  return (text) => (choices.includes(text) ? undefined : `be one of ${choices.join(', ')}`);
}
