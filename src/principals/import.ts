/**
 * A CSV file of people to what Principals adds: header, rows, and every problem with its line.
 * RFC 4180, with the liberties spreadsheets take: a byte order mark, semicolons, any order of columns, empty lines. Pure.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { generatePassword } from './password-hashing.ts';
import type { NewIndividual } from './principals.ts';

export interface ImportRow extends NewIndividual {
  /** In the file, counted from 1. */
  readonly line: number;
  /** Whether the password was made here and has to be told. */
  readonly generated: boolean;
}

export interface LineProblem {
  readonly line: number;
  readonly message: string;
}

export interface ImportFile {
  readonly rows: readonly ImportRow[];
  readonly problems: readonly LineProblem[];
}

const COLUMNS = ['address', 'name', 'display name', 'password'];
const MAX_ROWS = 10_000;

/** Reads a file. Rows with a problem are left out; what their values mean is checked when they are added. */
export function readImport(text: string): ImportFile {
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: 65_536,
      to: MAX_ROWS + 2,
    }) as unknown as typeof records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return {
      rows: [],
      problems: [{ line: Number(error['lines'] ?? 1), message: `This is not CSV: ${error.message}.` }],
    };
  }
  const [header, ...body] = records;
  const columns = (header?.record ?? []).map((name) => name.toLowerCase());
  const complaint = headerComplaint(columns);
  if (complaint !== undefined) return { rows: [], problems: [{ line: 1, message: complaint }] };
  if (body.length > MAX_ROWS)
    return { rows: [], problems: [{ line: 1, message: `Import at most ${MAX_ROWS} people at once.` }] };
  const rows: ImportRow[] = [];
  const problems: LineProblem[] = [];
  for (const { record, info } of body) {
    if (record.every((value) => value === '')) continue;
    if (record.length > columns.length) {
      problems.push({ line: info.lines, message: `${record.length} values under ${columns.length} columns.` });
      continue;
    }
    const value = (column: string) => record[columns.indexOf(column)] ?? '';
    const password = value('password');
    rows.push({
      line: info.lines,
      address: value('address'),
      name: value('name') || undefined,
      displayName: value('display name') || undefined,
      password: password || generatePassword(),
      generated: password === '',
    });
  }
  return { rows, problems };
}

function headerComplaint(columns: readonly string[]): string | undefined {
  const wanted = `The first line names the columns: ${COLUMNS.join(',')}.`;
  if (!columns.includes('address')) return wanted;
  const unknown = columns.find((name) => !COLUMNS.includes(name));
  if (unknown !== undefined) return `"${unknown.slice(0, 40)}" is not a column. ${wanted}`;
  return new Set(columns).size < columns.length ? `A column is named twice. ${wanted}` : undefined;
}

/** Spreadsheets of many countries write semicolons. */
function delimiterOf(text: string): string {
  const end = text.search(/[\r\n]/);
  const header = text.slice(0, end === -1 ? 1_000 : end);
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}
