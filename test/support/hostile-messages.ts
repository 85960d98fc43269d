/**
 * Messages made to hurt who reads them: depth, number and length of everything a message has, and forms that no grammar knows.
 * Each is small enough to be sent, and none is refused for its shape.
 */

const PLAIN = 'From: a@example.org\r\nSubject: hostile\r\n';

function multipart(boundary: string, parts: readonly string[], end = true): string {
  const bodies = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n${bodies}${end ? `--${boundary}--\r\n` : ''}`;
}

function nested(depth: number): string {
  let inner = 'Content-Type: text/plain\r\n\r\ndeep\r\n';
  for (let level = depth; level > 0; level--) inner = multipart(`b${level}`, [inner]);
  return inner;
}

function forwarded(depth: number): string {
  return `${'Content-Type: message/rfc822\r\n\r\n'.repeat(depth)}Subject: innermost\r\n\r\nx\r\n`;
}

const repeated = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

/** By what is wrong with them, latin1. */
export const HOSTILE_MESSAGES: Readonly<Record<string, string>> = {
  'multiparts 1,000 deep': PLAIN + nested(1_000),
  'forwarded 2,000 times': PLAIN + forwarded(2_000),
  '20,000 parts':
    PLAIN +
    multipart(
      'b',
      Array.from({ length: 20_000 }, (_, i) => `\r\n${i}`),
    ),
  'a boundary that never comes': `${PLAIN}Content-Type: multipart/mixed; boundary=never\r\n\r\n${'x\r\n'.repeat(10_000)}`,
  'an empty boundary': `${PLAIN}Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx\r\n----\r\n`,
  'a boundary of 10,000 octets': PLAIN + multipart('b'.repeat(10_000), ['\r\nx']),
  'the same boundary inside': PLAIN + multipart('b', [multipart('b', ['\r\nx']), '\r\ny']),
  'boundaries that begin alike': PLAIN + multipart('b', [multipart('bb', ['\r\nx']), multipart('bbb', ['\r\ny'])]),
  '50,000 lines that look like boundaries': PLAIN + multipart('b', [`\r\n${'--bb\r\n'.repeat(50_000)}`]),
  'a multipart that ends at once': `${PLAIN}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--`,
  '100,000 addresses': `${PLAIN}To: ${repeated(100_000, (i) => `a${i}@example.org,\r\n `)}b@example.org\r\n\r\nx\r\n`,
  '20,000 groups': `${PLAIN}To: ${repeated(20_000, (i) => `g${i}:;,\r\n `)}b@example.org\r\n\r\nx\r\n`,
  'comments 50,000 deep': `${PLAIN}To: ${'('.repeat(50_000)}${')'.repeat(50_000)} b@example.org\r\n\r\nx\r\n`,
  'a quote that never closes': `${PLAIN}To: "${'a\\"'.repeat(50_000)}\r\n\r\nx\r\n`,
  'a route of 10,000 hosts': `${PLAIN}To: <${repeated(10_000, (i) => `@h${i},`)}:b@example.org>\r\n\r\nx\r\n`,
  '100,000 fields': `${PLAIN}${repeated(100_000, (i) => `X-${i}: y\r\n`)}\r\nx\r\n`,
  'a field of a megabyte': `${PLAIN}X-Long: ${'y'.repeat(1_000_000)}\r\n\r\nx\r\n`,
  'a field folded 100,000 times': `${PLAIN}X-Folded: y${'\r\n y'.repeat(100_000)}\r\n\r\nx\r\n`,
  '10,000 subjects': `From: a@example.org\r\n${'Subject: again\r\n'.repeat(10_000)}\r\nx\r\n`,
  'a subject of 50,000 prefixes': `From: a@example.org\r\nSubject: ${'Re: [x] Fwd: '.repeat(50_000)}hostile\r\n\r\nx\r\n`,
  '20,000 encoded words': `From: a@example.org\r\nSubject: ${'=?utf-8?q?=C3=A9?= '.repeat(20_000)}\r\n\r\nx\r\n`,
  'encoded words that are none': `From: a@example.org\r\nSubject: ${'=?utf-8?b?*?='.repeat(20_000)}=?=?=?\r\n\r\nx\r\n`,
  'a charset nobody has': `${PLAIN}Content-Type: text/plain; charset="${'x'.repeat(1_000)}"\r\n\r\n\xff\xfe\r\n`,
  '20,000 continued parameters': `${PLAIN}Content-Type: text/plain${repeated(20_000, (i) => `;\r\n name*${i}*=%41`)}\r\n\r\nx\r\n`,
  'parameters numbered past all numbers': `${PLAIN}Content-Type: text/plain; name*99999999999999999999=x; name*-1=y; name*0=z\r\n\r\nx\r\n`,
  '50,000 references': `${PLAIN}References: ${repeated(50_000, (i) => `<${i}@x>\r\n `)}\r\n\r\nx\r\n`,
  'base64 that is none': `${PLAIN}Content-Transfer-Encoding: base64\r\n\r\n${'=*='.repeat(100_000)}\r\n`,
  'HTML 100,000 deep': `${PLAIN}Content-Type: text/html\r\n\r\n${'<b '.repeat(100_000)}${'<!--'.repeat(10_000)}\r\n`,
  'every octet, bare line ends, and NUL': `${PLAIN}X: \x00\r\n\r\n${repeated(256, (i) => String.fromCharCode(i))}\n\r\n\r.\r\n`,
};
