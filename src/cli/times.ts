/** Times as the command line takes and shows them. */
import { UsageError } from './command.ts';

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** `30d`, `12h`, `2w` from now, or a date like 2027-01-31, which is until its end in UTC. */
export function timeOption(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined;
  const span = /^(\d{1,5})([hdw])$/.exec(text);
  if (span !== null) return now + Number(span[1]) * (UNITS[span[2] ?? ''] ?? 0);
  const date = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T23:59:59Z`) : Number.NaN;
  if (Number.isNaN(date)) throw new UsageError(`"${text}" is neither a span like 30d nor a date like 2027-01-31.`);
  return date;
}

/** A list of commas. */
export function listOption(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** To the minute, in UTC; '-' for none. */
export function shownTime(at: number | null): string {
  return at === null ? '-' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** Rows under a heading, in columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((value, column) => value.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
