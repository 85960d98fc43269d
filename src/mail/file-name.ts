/**
 * The file name that a part of a message gives itself.
 * RFC 2183 §2.3 (filename), RFC 2231 §3 and §4 (names in pieces, charsets); `name` of Content-Type and encoded words in
 * parameters (RFC 2047 §5 forbids them) because programs write them.
 * A part in, Unicode text out. Elsewhere: reading the parameters (mime-parameters.ts).
 */
import { decodeHeaderText, decodeOctets, decoderOf } from './encoded-words.ts';
import type { MessagePart } from './message-structure.ts';
import { type MimeParameter, parseContentDisposition } from './mime-parameters.ts';

/** The name, as it was given: it may hold slashes and anything else. '' when there is none. */
export function fileNameOf(part: MessagePart): string {
  const disposition = parseContentDisposition(part.header.get('content-disposition') ?? '');
  return named(disposition?.parameters ?? [], 'filename') || named(part.type.parameters, 'name');
}

function named(parameters: readonly MimeParameter[], name: string): string {
  const pieces = parameters.filter(([parameter]) => parameter.startsWith(`${name}*`));
  if (pieces.length > 0) return joined(pieces, name.length + 1);
  const plain = parameters.find(([parameter]) => parameter === name);
  return plain === undefined ? '' : decodeHeaderText(plain[1]);
}

/** RFC 2231 §4.1: pieces are numbered from 0, those that end with `*` have escapes, the first one names the charset. */
function joined(pieces: readonly MimeParameter[], from: number): string {
  const numbered = pieces.map(([parameter, value]) => {
    const [number = '', escaped] = parameter.slice(from).split('*');
    const isEscaped = escaped !== undefined || number === '';
    return { at: Number.parseInt(number, 10) || 0, isEscaped, value };
  });
  numbered.sort((one, other) => one.at - other.at);
  const [, charset = '', rest] = /^([^']*)'[^']*'(.*)$/s.exec(numbered[0]?.value ?? '') ?? [];
  const values = numbered.map(({ value, isEscaped }, index) => {
    const text = index === 0 && isEscaped && rest !== undefined ? rest : value;
    return isEscaped
      ? text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
      : text;
  });
  const octets = values.join('');
  const decoder = charset === '' ? null : decoderOf(charset);
  return decoder === null ? decodeOctets(octets) : decoder.decode(Buffer.from(octets, 'latin1'));
}
