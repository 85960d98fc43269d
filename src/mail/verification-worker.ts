/**
 * The thread that checks who messages are from: signatures over any number of octets, written by strangers, keep nobody waiting.
 * Header and body in pieces in, a verification out. Elsewhere: the questions (sender-verification.ts), the checks
 * (sender-checks.ts).
 */
import { PassThrough } from 'node:stream';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { serve, startData } from '../workers.ts';
import { BoundedResolver } from './bounded-resolver.ts';
import { readHeader } from './header-fields.ts';
import { checkSender, type SendingClient, type SignatureChecks, type Verification } from './sender-checks.ts';

/** What the thread starts with. */
export interface VerificationStart {
  readonly servers: readonly string[];
  readonly deadlineMs: number;
}

export type VerificationQuestion =
  | { readonly kind: 'header'; readonly message: number; readonly octets: Uint8Array }
  | { readonly kind: 'body'; readonly message: number; readonly octets: Uint8Array }
  | {
      readonly kind: 'end';
      readonly message: number;
      readonly client: SendingClient | undefined;
      readonly mailFrom: string;
    }
  | { readonly kind: 'drop'; readonly message: number };

interface Message {
  readonly header: Buffer;
  readonly octets: PassThrough;
  readonly signatures: Promise<SignatureChecks>;
  /** Made when the message is complete, because its time runs from then on. */
  resolver: BoundedResolver | undefined;
}

/** Signatures that are looked at: a message has one or two, and each costs questions. */
const MAX_SIGNATURES = 10;
/** Octets of a field that is taken to pieces, and fields of a header whose signatures are looked at. */
const MAX_FIELD = 16 * 1024;
const MAX_FIELDS = 1_000;

const start = startData<VerificationStart>();
const messages = new Map<number, Message>();

// mailauth prints what it makes of odd signatures.
globalThis.console.log = () => {};

serve((question: VerificationQuestion) => {
  if (question.kind === 'header') return begin(question.message, Buffer.from(question.octets));
  const message = messages.get(question.message);
  if (message === undefined) throw new Error('no such message');
  if (question.kind === 'body') return write(message.octets, Buffer.from(question.octets));
  messages.delete(question.message);
  if (question.kind === 'end') return verify(message, question.client, question.mailFrom);
  message.octets.destroy();
  return undefined;
});

async function begin(id: number, header: Buffer): Promise<void> {
  const octets = new PassThrough();
  const message: Message = {
    header,
    octets,
    resolver: undefined,
    signatures: dkimVerify(octets, {
      resolver: (name, type) => (message.resolver as BoundedResolver).resolve(name, type),
    }) as unknown as Promise<SignatureChecks>,
  };
  // It is asked for later, or the message was given up.
  message.signatures.catch(() => {});
  messages.set(id, message);
  await write(octets, boundedHeader(header));
}

/** Resolves when the octets are taken. */
function write(stream: PassThrough, octets: Buffer): Promise<void> {
  return new Promise((resolve) => stream.write(octets, () => resolve()));
}

async function verify(message: Message, client: SendingClient | undefined, mailFrom: string): Promise<Verification> {
  const { header, octets } = message;
  const resolver = new BoundedResolver(start.servers, start.deadlineMs);
  message.resolver = resolver;
  for (const name of keyNames(header)) resolver.prefetch(name, 'TXT');
  try {
    octets.end();
    return await checkSender({ header, signatures: message.signatures, client, mailFrom }, resolver);
  } finally {
    resolver.close();
  }
}

/** Where the keys of the signatures are (RFC 6376 §3.6.2.1): asked for together, so that none waits for a slow one. */
function keyNames(header: Buffer): string[] {
  const tag = (value: string, name: string) =>
    new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*([^;\\s]+)`).exec(value)?.[1] ?? '';
  return readHeader(header, 0, header.length)
    .all('dkim-signature')
    .slice(0, MAX_SIGNATURES)
    .map((value) => `${tag(value, 's')}._domainkey.${tag(value, 'd')}`);
}

/**
 * The header without what would take long to read and that no honest message has: its signatures then say nothing, and others do
 * not wait for it.
 */
function boundedHeader(header: Buffer): Buffer {
  const fields = readHeader(header, 0, header.length);
  const kept: Buffer[] = [];
  let signatures = 0;
  for (let index = 0; index < fields.count; index++) {
    const { start: from, end } = fields.range(index);
    const name = fields.name(index);
    const signature = name === 'dkim-signature' || name.startsWith('arc-');
    if (signature && fields.count > MAX_FIELDS) continue;
    if (name === 'dkim-signature' && ++signatures > MAX_SIGNATURES) continue;
    if ((signature || name === 'from' || name === 'content-type') && end - from > MAX_FIELD) continue;
    kept.push(header.subarray(from, end));
  }
  return Buffer.concat([...kept, header.subarray(fields.fieldsEnd)]);
}
