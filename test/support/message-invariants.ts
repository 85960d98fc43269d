/**
 * What holds for every scanned message, whatever its octets.
 * Throws with a sentence where something does not.
 */
import { strict as assert } from 'node:assert';
import { bodyStructureOf } from '../../src/mail/body-structure.ts';
import { sectionRange } from '../../src/mail/message-sections.ts';
import { LIMITS, type MessagePart } from '../../src/mail/message-structure.ts';
import type { MessageSummary } from '../../src/mail/message-summary.ts';
import { type ParsedBody, parseBodyStructure, parseEnvelope } from './fetch-grammar.ts';

/** Checks a summary against its octets. Returns the structure as read by the grammar. */
export function checkMessage(octets: Buffer, { message, size, summary, structure }: MessageSummary): ParsedBody {
  assert.equal(size, octets.length);
  assert.match(summary, /^[\x01-\x7f]*$/, 'the summary is ASCII');
  const items = /^INTERNALDATE "[^"]{26}" RFC822\.SIZE (\d+) ENVELOPE (\([\s\S]*\))$/.exec(summary);
  assert.ok(items, 'the summary has its three items');
  assert.equal(Number(items[1]), octets.length);
  parseEnvelope(items[2] as string);
  assert.equal(message.start, 0);
  assert.equal(message.end, octets.length, 'header and body are the whole message');
  checkPart(octets, message);
  assert.ok(countParts(message) <= LIMITS.parts + LIMITS.depth + 1);
  const body = parseBodyStructure(structure, true);
  checkSame(message, body);
  checkSame(message, parseBodyStructure(bodyStructureOf(message, false), false));
  checkNumbers(message, message, []);
  return body;
}

/** The numbers of a multipart's children lead to them, and to nothing after the last. */
function checkNumbers(message: MessagePart, container: MessagePart, path: readonly number[]): void {
  if (container.kind !== 'multipart' || path.length > 4) return;
  for (const [index, part] of container.parts.entries()) {
    const own = [...path, index + 1];
    assert.deepEqual(sectionRange(message, own, 'BODY'), { start: part.bodyStart, end: part.end });
    assert.deepEqual(sectionRange(message, own, 'MIME'), { start: part.start, end: part.bodyStart });
    checkNumbers(message, part, own);
  }
  assert.equal(sectionRange(message, [...path, container.parts.length + 1], 'BODY'), null);
}

function checkPart(octets: Buffer, part: MessagePart): void {
  const { start, bodyStart, end, kind, parts } = part;
  assert.ok(
    0 <= start && start <= bodyStart && bodyStart <= end && end <= octets.length,
    'offsets rise and stay inside',
  );
  assert.equal(part.header.start, start);
  assert.equal(part.header.end, bodyStart);
  let feeds = 0;
  for (let at = octets.indexOf(10, bodyStart); at >= 0 && at < end; at = octets.indexOf(10, at + 1)) feeds++;
  assert.equal(part.lines, feeds, 'lines are line ends');
  if (kind === 'single') assert.equal(parts.length, 0);
  if (kind === 'message') {
    assert.equal(parts.length, 1);
    assert.deepEqual([parts[0]?.start, parts[0]?.end], [bodyStart, end], 'a nested message fills its part');
  }
  if (kind === 'multipart') assert.ok(parts.length > 0);
  let before = bodyStart;
  for (const child of parts) {
    assert.ok(child.start >= before && child.end <= end, 'parts follow each other inside their parent');
    before = child.end;
    checkPart(octets, child);
  }
}

function countParts(part: MessagePart): number {
  return part.parts.reduce((count, child) => count + countParts(child), 1);
}

function checkSame(part: MessagePart, body: ParsedBody): void {
  assert.equal(body.parts.length, part.parts.length);
  assert.equal(`${body.type}/${body.subtype}`.toLowerCase(), `${part.type.type}/${part.type.subtype}`);
  assert.equal(body.envelope !== null, part.kind === 'message');
  if (part.kind !== 'multipart') assert.equal(body.octets, part.end - part.bodyStart);
  if (body.lines !== null) assert.equal(body.lines, part.lines);
  for (const [index, child] of part.parts.entries()) checkSame(child, body.parts[index] as ParsedBody);
}
