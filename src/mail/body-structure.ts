/**
 * BODYSTRUCTURE and BODY of a message, finished for FETCH.
 * RFC 9051 §7.5.2 and §9 (body), RFC 3501 §7.4.2.
 * The scanned tree in, ASCII text out. Names of types, parameters, dispositions and encodings in upper case, values as sent:
 * RFC 2231 pieces too. The tree has no multipart without parts, so what is printed always obeys the grammar.
 * Elsewhere: offsets and limits (message-structure.ts), strings (fetch-strings.ts).
 */
import { MAX_ADDRESSES } from './address-list.ts';
import { type AddressBudget, envelopeOf } from './envelope.ts';
import { nstring, quoted } from './fetch-strings.ts';
import type { MessagePart } from './message-structure.ts';
import { type MimeParameter, parseContentDisposition } from './mime-parameters.ts';

/**
 * @param extended true for BODYSTRUCTURE, false for BODY
 * @returns the parenthesised body structure
 */
export function bodyStructureOf(part: MessagePart, extended: boolean): string {
  return print(part, extended, { left: 4 * MAX_ADDRESSES });
}

function print(part: MessagePart, extended: boolean, budget: AddressBudget): string {
  if (part.kind === 'multipart') {
    const parts = part.parts.map((child) => print(child, extended, budget)).join('');
    const extension = extended ? ` ${parameterList(part.type.parameters)}${extensionData(part)}` : '';
    return `(${parts} ${quoted(upperCase(part.type.subtype))}${extension})`;
  }
  const { header, type, encoding } = part;
  const fields = [
    quoted(upperCase(type.type)),
    quoted(upperCase(type.subtype)),
    parameterList(type.parameters),
    nstring(header.get('content-id')),
    nstring(header.get('content-description')),
    quoted(upperCase(encoding)),
    String(part.end - part.bodyStart),
  ];
  const message = part.kind === 'message' ? part.parts[0] : undefined;
  if (message) fields.push(envelopeOf(message.header, budget), print(message, extended, budget));
  if (message || type.type === 'text') fields.push(String(part.lines));
  if (extended) fields.push(nstring(header.get('content-md5')) + extensionData(part));
  return `(${fields.join(' ')})`;
}

/** Disposition, language and location, each after a space. */
function extensionData({ header }: MessagePart): string {
  const disposition = header.get('content-disposition');
  const value = disposition === null ? null : parseContentDisposition(disposition);
  const printed = value ? `(${quoted(upperCase(value.type))} ${parameterList(value.parameters)})` : 'NIL';
  return ` ${printed} ${languages(header.get('content-language'))} ${nstring(header.get('content-location'))}`;
}

/** Letters of ASCII only: others may become ones that are no octets. */
function upperCase(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function parameterList(parameters: readonly MimeParameter[]): string {
  if (parameters.length === 0) return 'NIL';
  return `(${parameters.map(([name, value]) => `${quoted(upperCase(name))} ${quoted(value)}`).join(' ')})`;
}

/** RFC 3282: tags between commas. */
function languages(value: string | null): string {
  const tags = value === null ? [] : value.split(',').map((tag) => tag.trim());
  const printed = tags.filter((tag) => tag !== '').map(quoted);
  return printed.length === 0 ? 'NIL' : `(${printed.join(' ')})`;
}
