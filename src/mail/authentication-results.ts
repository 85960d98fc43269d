/**
 * The Authentication-Results field: what this server says of a message it took, and what others may not say in its name.
 * RFC 8601 §2.2 (the field), §2.3 (the name of who says it), §5 (removing forged ones), RFC 2045 §5.1 (tokens). Pure.
 * Results in, a field out; a header in, the same octets without forged fields out.
 * Elsewhere: how results are found (sender-checks.ts).
 */
import { readHeader } from './header-fields.ts';
import { commentEnd, readQuoted } from './mime-parameters.ts';

/** What one method found (RFC 8601 §2.7). */
export interface MethodResult {
  readonly method: 'spf' | 'dkim' | 'arc' | 'dmarc';
  readonly result: string;
  readonly comment?: string;
  /** Like `header.d` and its value. */
  readonly properties: readonly (readonly [name: string, value: string])[];
}

/** More of a value is of no use, and lines have an end. */
const MAX_VALUE = 255;
const MAX_COMMENT = 80;

/** The field with its line ends. */
export function authenticationResultsField(authservId: string, results: readonly MethodResult[]): string {
  // RFC 8601 §2.2: "none" says that nothing was checked.
  const found = results.length === 0 ? [' none'] : results.map((result) => `\r\n\t${printResult(result)}`);
  return `Authentication-Results: ${authservId};${found.join(';')}\r\n`;
}

function printResult({ method, result, comment, properties }: MethodResult): string {
  const said = comment === undefined ? '' : ` (${comment.replace(/[^\w .:=-]/g, ' ').slice(0, MAX_COMMENT)})`;
  const shown = properties.map(([name, value]) => ` ${name}=${printValue(value)}`);
  return `${method}=${result}${said}${shown.join('')}`;
}

/** A token or an address as it is; everything else as a quoted string, without what a header may not hold. */
function printValue(value: string): string {
  const text = value.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_VALUE);
  return /^[\w.!#$%&'*+^`{|}~@-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** A header without the fields that speak in our name: RFC 8601 §5 wants them gone before ours is believed. */
export function withoutForgedResults(header: Buffer, authservId: string): Buffer {
  const fields = readHeader(header, 0, header.length);
  const kept: Buffer[] = [];
  let from = 0;
  for (let index = 0; index < fields.count; index++) {
    if (fields.name(index) !== 'authentication-results') continue;
    if (authservIdOf(fields.value(index)) !== authservId.toLowerCase()) continue;
    const { start, end } = fields.range(index);
    kept.push(header.subarray(from, start));
    from = end;
  }
  return from === 0 ? header : Buffer.concat([...kept, header.subarray(from)]);
}

/** Who a field says it is from, in lower case: the first word, behind any comments. */
function authservIdOf(value: string): string {
  let at = 0;
  for (;;) {
    while (/\s/.test(value[at] ?? '')) at++;
    if (value[at] !== '(') break;
    at = commentEnd(value, at);
  }
  const word = value[at] === '"' ? readQuoted(value, at).text : (/^[^\s;(]*/.exec(value.slice(at))?.[0] ?? '');
  return word.toLowerCase();
}
