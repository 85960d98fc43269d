/** The mail that the benchmark of mail sends and stores: like real ones in size and shape, the same in every run. */

const WORDS =
  'agenda budget contract delivery estimate forecast garden harbour invoice journey kitchen library meeting notebook office project quarter report schedule travel update village weather yesterday'.split(
    ' ',
  );
const PEOPLE = 'anna bruno clara david elena felix greta hugo irene jonas'.split(' ');
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2024, 0, 1, 8);

/** One message in this many has the word of `rareWord`. */
const RARE = 500;

/** A small generator of numbers (mulberry32), so that message 17 is always the same. */
function numbers(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function text(next: () => number, octets: number, extra: string): string {
  const lines: string[] = extra === '' ? [] : [extra];
  for (let length = 0; length < octets; ) {
    const words = Array.from({ length: 11 }, () => WORDS[Math.floor(next() * WORDS.length)]).join(' ');
    lines.push(words);
    length += words.length + 2;
  }
  return lines.join('\r\n');
}

/** A word that stands in the body of every 500th message, and in no other; there are 500 such words. */
export function rareWord(n: number): string {
  return `zq${String(n % RARE).padStart(3, '0')}x`;
}

/** A word of the subject of every 500th message. */
export function rareSubject(n: number): string {
  return `ref${String(n % RARE).padStart(3, '0')}`;
}

/** How many of the first `count` messages hold the rare words of `n`. */
export function rareCount(n: number, count: number): number {
  return Math.ceil((count - (n % RARE)) / RARE);
}

/** Message `n`: 16 kB in the mean, between 2 and 120 kB, ASCII with CRLF, one part in two, some with an attachment. */
export function message(n: number, sender?: string): Buffer {
  const next = numbers(n + 1);
  const from = PEOPLE[Math.floor(next() * PEOPLE.length)];
  const size = next();
  const octets = size < 0.6 ? 2_000 + next() * 4_000 : 8_000 + next() * 12_000;
  const header = [
    `Received: from mx.example.org by example.com with ESMTP id ${n.toString(36)}; ${new Date(FIRST_DAY).toUTCString().replace('GMT', '+0000')}`,
    `From: ${from} example <${sender ?? `${from}@example.org`}>`,
    'To: user01@example.com',
    `Cc: ${PEOPLE[n % PEOPLE.length]}@example.net, team@example.org`,
    `Subject: Re: ${WORDS[n % WORDS.length]} ${WORDS[(n * 7) % WORDS.length]} ${rareSubject(n)}`,
    `Date: ${new Date(FIRST_DAY + (n % 700) * DAY_MS).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <bench.${n}@example.org>`,
    `In-Reply-To: <bench.${Math.max(0, n - 3)}@example.org>`,
    'MIME-Version: 1.0',
  ];
  const body = text(next, octets, rareWord(n));
  if (n % 2 === 0)
    return Buffer.from([...header, 'Content-Type: text/plain; charset=utf-8', '', body, ''].join('\r\n'), 'latin1');
  const boundary = `=_bench_${n}`;
  const attached = Buffer.from(text(next, size < 0.6 ? 3_000 : 40_000, ''), 'latin1').toString('base64');
  const parts = [
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    body,
    `--${boundary}`,
    'Content-Type: application/octet-stream; name="notes.bin"',
    'Content-Disposition: attachment; filename="notes.bin"',
    'Content-Transfer-Encoding: base64',
    '',
    attached.replace(/.{76}/g, '$&\r\n'),
    `--${boundary}--`,
    '',
  ];
  const type = `Content-Type: multipart/mixed; boundary="${boundary}"`;
  return Buffer.from([...header, type, '', ...parts].join('\r\n'), 'latin1');
}
