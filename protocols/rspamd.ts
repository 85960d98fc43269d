/**
 * rspamd by its HTTP interface: what it thinks of a message, and telling it what people think.
 * RFC 9110. A message in, a score out (POST /checkv2); a message and a lesson in (POST /learnspam, /learnham).
 * Elsewhere: when (src/mail/reception.ts, src/mail/spam-lessons.ts).
 */

import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Lesson, ScannedMessage, SpamFilter, SpamOpinion } from '../src/mail/spam-filter.ts';
import type { HttpService, RspamdServices } from '../src/service-addresses.ts';

export interface RspamdOptions extends RspamdServices {
  readonly log: { error(fields: object, message: string): void };
  readonly timeoutMs?: number;
  /** Of a larger message the beginning is shown. */
  readonly maxOctets?: number;
}

/** rspamd gives up after eight seconds itself. */
const TIMEOUT_MS = 10_000;
/** `max_message` of rspamd as it comes; it refuses what is larger. */
const MAX_OCTETS = 50 * 1024 * 1024;
const MAX_ANSWER = 1024 * 1024;
/** Its actions that mean spam; those that mean "later" are not for mail that was taken. */
const SPAM_ACTIONS = new Set(['add header', 'rewrite subject', 'quarantine', 'discard', 'reject']);

export function rspamd({
  scanner,
  controller,
  threshold,
  log,
  timeoutMs = TIMEOUT_MS,
  maxOctets = MAX_OCTETS,
}: RspamdOptions): SpamFilter {
  return {
    learns: controller !== undefined,
    async check(message) {
      try {
        const signal = AbortSignal.timeout(timeoutMs);
        const size = Math.min(message.size, maxOctets);
        const body = { size, octets: beginning(message.octets, size) };
        const { status, text } = await post(scanner, '/checkv2', body, envelopeOf(message), signal);
        if (status !== 200) throw new Error(`rspamd answered ${status}`);
        return opinionOf(JSON.parse(text), threshold);
      } catch (error) {
        log.error({ err: error, id: message.id }, 'rspamd did not say what it thinks of a message');
        return undefined;
      }
    },
    async learn(lesson: Lesson, octets, signal) {
      if (controller === undefined) return;
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const { status } = await post(
        controller,
        `/learn${lesson}`,
        { size: octets.length, octets: [octets] },
        {},
        limited,
      );
      // 208 and 204: it knows already, or wants to hear no more; 4xx does not change by asking again.
      if (status >= 400 && status < 500) log.error({ status, lesson }, 'rspamd refused to learn');
      if (status >= 500) throw new Error(`rspamd answered ${status}`);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Body {
  readonly size: number;
  readonly octets: AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** So many octets and no more. */
async function* beginning(octets: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let left = size;
  for await (const piece of octets) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) return;
  }
}

/** Several fields of one name go as several lines, which is how rspamd reads recipients. */
async function post(
  { origin, password }: HttpService,
  path: string,
  body: Body,
  fields: Readonly<Record<string, string | readonly string[]>>,
  signal: AbortSignal,
): Promise<Answer> {
  const url = new URL(path, origin);
  const send = url.protocol === 'https:' ? requestSecure : requestPlain;
  // A header takes octets as latin1, and none that ends it.
  const written = (value: string) => Buffer.from(value.replace(/[\x00-\x1f\x7f]/g, '')).toString('latin1');
  const headers: Record<string, string | string[]> = {
    'Content-Type': 'message/rfc822',
    'Content-Length': String(body.size),
    ...(password === undefined ? {} : { Password: written(password) }),
  };
  for (const [name, value] of Object.entries(fields))
    headers[name] = typeof value === 'string' ? written(value) : value.map(written);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = send(url, { method: 'POST', headers, signal, agent: false }, resolve).on('error', reject);
    // A piece at a time, as fast as it is read there. Who answers before the end has heard enough.
    pipeline(body.octets, outgoing).catch(reject);
  });
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_ANSWER) throw new Error('rspamd said too much');
    pieces.push(piece);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() };
}

function envelopeOf({ id, mailFrom, recipients, client }: ScannedMessage): Record<string, string | readonly string[]> {
  return {
    'Queue-Id': id,
    From: mailFrom,
    Rcpt: recipients,
    ...(client === undefined ? {} : { IP: client.address, Helo: client.helo }),
  };
}

function opinionOf(answer: unknown, threshold: number | undefined): SpamOpinion | undefined {
  const { score, action, is_skipped: skipped } = (answer ?? {}) as Record<string, unknown>;
  // Whatever decides before all rules have run skips the rest; it may have decided that this is spam.
  if (skipped === true && action === 'no action') return undefined;
  if (typeof score !== 'number' || !Number.isFinite(score) || typeof action !== 'string')
    throw new Error('rspamd gave no score');
  return { score, spam: threshold === undefined ? SPAM_ACTIONS.has(action) : score >= threshold };
}
