/** The scanner with invented messages and with damaged ones: RFC 2045, RFC 2046, RFC 5322. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { parseAddresses } from '../../src/mail/address-list.ts';
import { baseSubjectOf } from '../../src/mail/base-subject.ts';
import { decodeHeaderText, encodeHeaderText } from '../../src/mail/encoded-words.ts';
import { readHeader, selectHeaderFields } from '../../src/mail/header-fields.ts';
import { addressText, fromAddresses, messageIdOf, referencesOf } from '../../src/mail/message-identity.ts';
import { packLayout, sectionRange, unpackLayout } from '../../src/mail/message-sections.ts';
import { summariseMessage } from '../../src/mail/message-summary.ts';
import { parseContentDisposition, parseContentType } from '../../src/mail/mime-parameters.ts';
import { parseSentDate } from '../../src/mail/sent-date.ts';
import { checkMessage } from '../support/message-invariants.ts';

const FIXTURES = new URL('../../fixtures/mail/', import.meta.url);

/** Pieces that matter to the grammar, in any order. */
const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('\r\n', '\n', '--b', '--b--', '--bb', '--c', '--c--', ' ', '\t', '\r', '\0'),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'Content-Type: multipart/mixed; boundary=b\r\n',
      'Content-Type: multipart/digest; boundary="c"\r\n',
      'Content-Type: multipart/alternative; boundary=bb\r\n\r\n',
      'Content-Type: message/rfc822\r\n\r\n',
      'Content-Type: text/html; charset="utf-8"\n',
      'Content-Transfer-Encoding: base64\r\n',
      'Content-Disposition: attachment; filename*0="a\\"b"; filename*1*=%20\r\n',
      'Content-Language: en, de\r\n',
      'From: a <b@c>, g: d@e, "f" (x) <@h:i@j>;\r\n',
      'Subject: =?utf-8?q?=C3=A9?= \xe9\xff "\\\r\n',
      'To:',
      ':',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('"', '\\', '(', ')', '<', '>', '@', ',', ';', '=', '.', '[', ']', '=?', '?='),
  },
  {
    weight: 2,
    arbitrary: fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
  },
);
const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

t.test('invented messages', async (t) => {
  fc.assert(
    fc.property(text, fc.nat({ max: 7 }), (message, shift) => {
      // A Buffer may begin anywhere in its memory.
      const octets = Buffer.concat([Buffer.alloc(shift), Buffer.from(message, 'latin1')]).subarray(shift);
      const summary = summariseMessage(octets, 0);
      checkMessage(octets, summary);
      const layout = unpackLayout(packLayout(summary.message));
      for (const path of [[], [1], [2], [1, 1], [2, 1], [1, 2]]) {
        for (const section of ['BODY', 'HEADER', 'TEXT', 'MIME'] as const) {
          const range = sectionRange(layout, path, section);
          if (JSON.stringify(range) !== JSON.stringify(sectionRange(summary.message, path, section))) return false;
          if (range && !(range.start >= 0 && range.start <= range.end && range.end <= octets.length)) return false;
        }
      }
      return true;
    }),
    { numRuns: 4_000 },
  );
  t.pass('4,000 messages');
});

t.test('a header: fields, their complement and the empty line are the whole of it', async (t) => {
  fc.assert(
    fc.property(text, fc.subarray(['from', 'content-type', 'SUBJECT', 'to']), (message, names) => {
      const octets = Buffer.from(message, 'latin1');
      const { end, emptyLine } = readHeader(octets, 0, octets.length);
      const size = (not: boolean) =>
        selectHeaderFields(octets, { start: 0, end }, names, not).reduce(
          (sum, range) => sum + range.end - range.start,
          0,
        );
      // The empty line is in both.
      return size(false) + size(true) === end + (end - emptyLine);
    }),
    { numRuns: 2_000 },
  );
  t.pass('2,000 headers');
});

t.test('letters outside ASCII have no upper case: theirs is no octet', async (t) => {
  const octets = Buffer.from(
    'Content-Type: multipart/mixed; \xffb\xb5\xdf=x; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n',
    'latin1',
  );
  checkMessage(octets, summariseMessage(octets, 0));
  t.match(summariseMessage(octets, 0).structure, /"=\?UTF-8\?B\?w79CwrXDnw==\?=" "x"/);
});

t.test('damaged messages', async (t) => {
  const messages = readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(new URL(name, FIXTURES)));
  const damage = fc.record({ at: fc.nat(), remove: fc.nat({ max: 40 }), insert: fc.uint8Array({ maxLength: 8 }) });
  fc.assert(
    fc.property(fc.constantFrom(...messages), fc.array(damage, { minLength: 1, maxLength: 6 }), (message, damages) => {
      let octets = message;
      for (const { at, remove, insert } of damages) {
        const from = at % (octets.length + 1);
        octets = Buffer.concat([octets.subarray(0, from), insert, octets.subarray(from + remove)]);
      }
      checkMessage(octets, summariseMessage(octets, 0));
    }),
    { numRuns: 2_000 },
  );
  t.pass('2,000 messages');
});

t.test('values of fields', async (t) => {
  fc.assert(
    fc.property(text, (value) => {
      parseContentType(value);
      parseContentDisposition(value);
      decodeHeaderText(value);
      const { text: base } = baseSubjectOf(value);
      if (baseSubjectOf(base).text !== base) return false;
      const date = parseSentDate(value);
      if (date && !(Number.isFinite(date.time) && date.day % 86_400_000 === 0)) return false;
      const open = parseAddresses(value).reduce((depth, { host, mailbox }) => {
        return host !== null ? depth : mailbox !== null ? depth + 1 : depth - 1;
      }, 0);
      const header = readHeader(Buffer.from(`From: ${value}\nReferences: ${value}`, 'latin1'), 0, value.length + 20);
      messageIdOf(header);
      referencesOf(header);
      fromAddresses(header);
      addressText(header, 'from');
      return open === 0;
    }),
    { numRuns: 4_000 },
  );
  t.pass('4,000 values');
});

t.test('encoded words carry any text there and back', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (value) => {
      // What looks like an encoded word is one, and white space beside one may go.
      if (/[\r\n\t\0]|=\?| {2}|^ | $/.test(value)) return true;
      const ascii = encodeHeaderText(Buffer.from(value).toString('latin1'));
      return /^[\x00-\x7f]*$/.test(ascii) && decodeHeaderText(ascii) === value;
    }),
    { numRuns: 2_000 },
  );
  t.pass('2,000 texts');
});
