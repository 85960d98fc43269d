/**
 * The one outbound HTTP client: fetches what people point the server at, and nothing inside its own network.
 * RFC 9110 §13.1 (conditional requests), §15.4 (redirects), RFC 6890 and RFC 4291 (addresses that are not for everybody).
 * A name is resolved once and every address checked; the connection goes to the address that was checked, so that a name that
 * changes in between gains nothing. Each redirect is judged like the first URL. Time, octets and redirects are bounded.
 * Elsewhere: what is fetched (src/calendar/subscriptions.ts, src/principals/token-keys.ts, mta-sts.ts of protocols/smtp).
 */
import { lookup } from 'node:dns/promises';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { FetchError, type Fetched, type Fetcher, type FetchRequest } from '../src/fetching.ts';
import { contains, isPublic, type Network, parseAddress } from '../src/networks.ts';

const REDIRECTS = 3;
const TOTAL_MS = 10_000;
const MAX_OCTETS = 10 * 1024 * 1024;
const MAX_HEAD = 16 * 1024;

export interface HttpClientOptions {
  /** Networks that may be asked though they are private, at any port: the operator's own. */
  readonly allowed: readonly Network[];
  /** 'Convene/0.1.0'. */
  readonly program: string;
  readonly totalMs?: number;
  readonly maxOctets?: number;
  /** How many are followed; 3 by default. */
  readonly redirects?: number;
  /** For tests. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

export function httpClient(options: HttpClientOptions): Fetcher {
  return { fetch: (request) => fetchWithin(options, request) };
}

/** @throws FetchError of kind 'refused' for what will never be fetched: another scheme, a log-in in the URL */
export function fetchableUrl(text: string): URL {
  if (text.length > 2_000 || !URL.canParse(text)) throw new FetchError('refused', 'This is not a URL.');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FetchError('refused', 'Only http and https URLs are fetched.');
  if (url.username !== '' || url.password !== '')
    throw new FetchError('refused', 'URLs with a user name or password in them are not fetched.');
  url.hash = '';
  return url;
}

async function fetchWithin(options: HttpClientOptions, request: FetchRequest): Promise<Fetched> {
  const deadline = AbortSignal.timeout(options.totalMs ?? TOTAL_MS);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  let url = fetchableUrl(request.url);
  try {
    for (let redirects = 0; ; redirects++) {
      const address = await withSignal(checkedAddress(options, url), signal);
      const response = await send(options, url, address, request, signal);
      const { statusCode: status = 0, headers } = response;
      if ([301, 302, 303, 307, 308].includes(status) && headers.location !== undefined) {
        response.destroy();
        if (redirects === (options.redirects ?? REDIRECTS))
          throw new FetchError('failed', 'The server redirects too often.');
        const next = fetchableUrl(resolved(headers.location, url));
        if (url.protocol === 'https:' && next.protocol === 'http:')
          throw new FetchError('refused', 'The server redirects from https to http.');
        url = next;
        continue;
      }
      return await answerOf(response, status, options.maxOctets ?? MAX_OCTETS);
    }
  } catch (error) {
    if (error instanceof FetchError) throw error;
    if (deadline.aborted) throw new FetchError('failed', 'The server did not answer in time.');
    throw new FetchError('failed', sentenceOf(error));
  }
}

/** Resolves a host and refuses it unless every address of it may be asked. */
async function checkedAddress(options: HttpClientOptions, url: URL): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const literal = parseAddress(host);
  let texts: readonly string[];
  try {
    texts = literal === undefined ? await (options.resolve ?? resolveAll)(host) : [host];
  } catch {
    throw new FetchError('failed', 'The host of the URL is not known.');
  }
  const addresses = texts.map((text) => ({ text, address: parseAddress(text) }));
  const own = addresses.filter(
    ({ address }) => address !== undefined && options.allowed.some((network) => contains(network, address)),
  );
  // Either all are the operator's own, or none is and all are public: a name that is both is up to something.
  if (own.length > 0 && own.length === addresses.length) return own[0]?.text ?? '';
  const port = url.port === '' ? undefined : url.port;
  if (port !== undefined) throw new FetchError('refused', 'Only the usual ports of http and https are fetched from.');
  const [first] = addresses;
  if (first === undefined) throw new FetchError('failed', 'The host of the URL is not known.');
  if (addresses.some(({ address }) => address === undefined || !isPublic(address)))
    throw new FetchError('refused', 'The URL leads into a private network.');
  return first.text;
}

async function resolveAll(host: string): Promise<string[]> {
  return (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address);
}

function send(
  options: HttpClientOptions,
  url: URL,
  address: string,
  { etag = '', lastModified = '', accept }: FetchRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const family = address.includes(':') ? 6 : 4;
  const request = url.protocol === 'https:' ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        agent: false,
        signal,
        maxHeaderSize: MAX_HEAD,
        // The address that was checked, whatever the name says by now.
        lookup: (_host, lookupOptions, done) => {
          if (lookupOptions.all === true) done(null, [{ address, family }]);
          else done(null, address, family);
        },
        headers: {
          Accept: accept,
          'Accept-Encoding': 'identity',
          'User-Agent': options.program,
          ...(etag === '' ? {} : { 'If-None-Match': etag }),
          ...(lastModified === '' ? {} : { 'If-Modified-Since': lastModified }),
        },
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function answerOf(response: IncomingMessage, status: number, maxOctets: number): Promise<Fetched> {
  const { headers } = response;
  const refuse = (kind: FetchError['kind'], message: string) => {
    response.destroy();
    return new FetchError(kind, message);
  };
  if (status === 304) {
    response.destroy();
    return { kind: 'same' };
  }
  if (status === 404 || status === 410)
    throw refuse('gone', `The server says that there is nothing there (${status}).`);
  if (status !== 200) throw refuse('failed', `The server answers with status ${status}.`);
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity')
    throw refuse('failed', 'The server compresses its answer though nobody asked.');
  if (Number(headers['content-length'] ?? 0) > maxOctets) throw refuse('failed', tooLarge(maxOctets));
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxOctets) throw refuse('failed', tooLarge(maxOctets));
    pieces.push(piece);
  }
  if (!response.complete) throw new FetchError('failed', 'The answer ended too early.');
  const octets = Buffer.concat(pieces);
  return { kind: 'octets', octets, etag: short(headers.etag), lastModified: short(headers['last-modified']) };
}

function tooLarge(maxOctets: number): string {
  return `The answer is larger than ${Math.round(maxOctets / 1_048_576)} MB.`;
}

/** A validator to send back, if it is a sane one. */
function short(text: string | undefined): string {
  return text !== undefined && text.length <= 500 && /^[\x20-\x7e]*$/.test(text) ? text : '';
}

function resolved(location: string, base: URL): string {
  if (!URL.canParse(location, base.href))
    throw new FetchError('failed', 'The server redirects to something that is no URL.');
  return new URL(location, base.href).href;
}

function withSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** What went wrong on the way, without anything the other side said. */
function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('ERR_TLS') || code.includes('CERT') || code.startsWith('ERR_SSL') || code.includes('SIGNED'))
    return 'The certificate of the server is not valid.';
  if (code === 'HPE_HEADER_OVERFLOW' || code.startsWith('HPE_')) return 'The server does not answer in HTTP.';
  return code === 'ECONNREFUSED' ? 'The server refuses the connection.' : 'The server cannot be reached.';
}
