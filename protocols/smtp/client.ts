/**
 * One conversation as an SMTP client: a message to recipients of one destination, by one server.
 * RFC 5321 §3 and §4.2, RFC 3207, RFC 3461 §5 (DSN parameters), RFC 6152, RFC 6531 §3.6.
 * nodemailer speaks; what it is given is checked here, what it hears becomes an outcome for each recipient.
 * Elsewhere: which servers (routes.ts), when (src/mail/outbound.ts).
 */
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Outcome, OutgoingMessage } from '../../src/mail/mail-transport.ts';
import { checkedOctets } from './data-guard.ts';
import type { Route } from './routes.ts';

export interface ClientTimeouts {
  readonly connect: number;
  readonly greeting: number;
  /** Between two signs of life; RFC 5321 §4.5.3.2 wants ten minutes after the message. */
  readonly silence: number;
}

export const CLIENT_TIMEOUTS: ClientTimeouts = { connect: 30_000, greeting: 60_000, silence: 600_000 };

type NodemailerError = Error & {
  code?: string;
  response?: string;
  responseCode?: number;
  recipient?: string;
  rejectedErrors?: NodemailerError[];
};

/** What became of a conversation: an outcome for each recipient, or that this server could not be used at all. */
export type Attempt =
  | {
      readonly outcomes: Outcome[];
      /** No answer came after the message: asking another server might deliver it twice. */
      readonly doubtful: boolean;
    }
  | {
      readonly unusable: Outcome;
      /** It was encryption that failed. */
      readonly encryption: boolean;
    };

const MAX_REPLY = 400;
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/** Hands a message to one server. Never rejects. */
export async function sendOver(
  route: Route,
  hostname: string,
  message: OutgoingMessage,
  timeouts: ClientTimeouts,
  signal: AbortSignal,
): Promise<Attempt> {
  const refused = unsendable(hostname, message);
  if (refused !== undefined) return { outcomes: message.recipients.map(() => refused), doubtful: false };
  const connection = new SMTPConnection({
    host: route.address ?? route.host,
    port: route.port,
    secure: route.tls === 'implicit',
    requireTLS: route.tls === 'required',
    opportunisticTLS: route.tls === 'opportunistic',
    ignoreTLS: route.tls === 'none',
    name: hostname,
    servername: route.host,
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.silence,
    allowInternalNetworkInterfaces: true,
    logger: false,
    tls: {
      rejectUnauthorized: route.verify,
      servername: route.host,
      minVersion: 'TLSv1.2',
      ...(route.authorities === undefined ? {} : { ca: route.authorities }),
    },
  });
  const stop = (): void => connection.close();
  signal.addEventListener('abort', stop);
  try {
    await opened(connection, route);
  } catch (error) {
    // Not in nodemailer's types: set from the beginning of the handshake to its end.
    const { upgrading } = connection as unknown as { readonly upgrading?: boolean };
    connection.close();
    signal.removeEventListener('abort', stop);
    const failure = error as NodemailerError;
    return {
      unusable: deferred(failure, route, 'could not be reached'),
      encryption: upgrading === true || failure.code === 'ETLS',
    };
  }
  try {
    return await conversation(connection, route, message);
  } finally {
    signal.removeEventListener('abort', stop);
    connection.quit();
    // Whoever does not answer QUIT is left.
    setTimeout(() => connection.close(), 5_000).unref();
  }
}

/** What can never be sent: a value that would end a command early (nodemailer GHSA-c7w3), or more than the message. */
function unsendable(hostname: string, message: OutgoingMessage): Outcome | undefined {
  const values = [hostname, message.mailFrom, ...message.recipients.map(({ address }) => address)];
  for (const { options } of message.recipients)
    values.push(options.envelopeId ?? '', options.originalRecipient ?? '', ...(options.notify ?? []));
  if (!values.some((value) => CONTROL.test(value) || (/[<>]/.test(value) && !value.includes(';')))) return undefined;
  return { status: 'failed', enhanced: '5.1.3', reply: 'The address cannot be written in a command.' };
}

function opened(connection: SMTPConnection, { auth }: Route): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('The connection was closed.')));
    connection.connect((error) => {
      if (error) return reject(error);
      if (auth === undefined) return resolve();
      connection.login(
        { user: auth.user, pass: auth.password, credentials: { user: auth.user, pass: auth.password } },
        (failure) => (failure ? reject(failure) : resolve()),
      );
    });
  });
}

async function conversation(connection: SMTPConnection, route: Route, message: OutgoingMessage): Promise<Attempt> {
  const { recipients, mailFrom, size } = message;
  // Not in nodemailer's types, and the only place where it says what EHLO brought.
  const { _supportedExtensions: extensions } = connection as unknown as {
    readonly _supportedExtensions: readonly string[];
  };
  // RFC 6531 §3.6: neither addresses nor headers beyond ASCII go to a server that does not know them.
  const needs = message.utf8 || recipients.some(({ address }) => beyondAscii(address)) || beyondAscii(mailFrom);
  if (needs && !extensions.includes('SMTPUTF8')) {
    const outcome: Outcome = {
      status: 'failed',
      enhanced: '5.6.7',
      reply: 'The server does not take addresses or headers beyond ASCII.',
      host: route.host,
    };
    return { outcomes: recipients.map(() => outcome), doubtful: false };
  }
  if (needs) announceUtf8(connection);
  let complete = false;
  const octets = Readable.from(
    (async function* () {
      yield* checkedOctets(message.octets());
      complete = true;
    })(),
    { objectMode: false },
  );
  const options = recipients[0]?.options ?? {};
  const asked = options.notify ?? options.originalRecipient ?? options.returned ?? options.envelopeId;
  try {
    const info = await new Promise<{ response: string; rejectedErrors?: NodemailerError[] }>((resolve, reject) => {
      connection.on('error', reject);
      // Closed by this side: nodemailer tells nobody.
      connection.once('end', () => reject(new Error('The connection was closed.')));
      connection.send(
        {
          from: mailFrom === '' ? false : mailFrom,
          to: recipients.map(({ address }) => address),
          size,
          use8BitMime: true,
          ...(asked === undefined
            ? {}
            : {
                dsn: {
                  ret: options.returned ?? null,
                  envid: options.envelopeId ?? null,
                  notify:
                    options.notify === undefined ? null : options.notify.length === 0 ? 'NEVER' : [...options.notify],
                  orcpt: options.originalRecipient ?? null,
                },
              }),
        },
        octets,
        (error, result) => (error ? reject(error) : resolve(result as never)),
      );
    });
    const rejected = new Map((info.rejectedErrors ?? []).map((error) => [error.recipient, error]));
    const sent: Outcome = {
      status: 'sent',
      enhanced: enhancedIn(info.response) ?? '2.0.0',
      reply: oneLine(info.response),
      host: route.host,
      relaysNotifications: extensions.includes('DSN'),
    };
    const outcomes = recipients.map(({ address }) => {
      const error = rejected.get(address);
      return error === undefined ? sent : answered(error, route, 'refused the recipient');
    });
    return { outcomes, doubtful: false };
  } catch (thrown) {
    octets.destroy();
    const error = thrown as NodemailerError;
    const rejected = new Map((error.rejectedErrors ?? []).map((one) => [one.recipient, one]));
    // RFC 5321 §4.5.4.2: it may have the message; sending it twice is better than losing it.
    const silent = complete && error.responseCode === undefined;
    const general = silent
      ? { ...deferred(error, route, 'gave no answer'), reply: 'No answer came after the message; it may arrive twice.' }
      : answered(error, route, 'ended the conversation');
    const outcomes = recipients.map(({ address }) => {
      const own = rejected.get(address);
      return own === undefined ? general : answered(own, route, 'refused the recipient');
    });
    return { outcomes, doubtful: silent };
  }
}

/** RFC 6531 §3.4: MAIL says that UTF-8 follows; nodemailer says so of addresses alone. */
function announceUtf8(connection: SMTPConnection): void {
  // Not in nodemailer's types.
  const inner = connection as unknown as { _sendCommand(line: string, shown?: string): void };
  const send = inner._sendCommand.bind(connection);
  inner._sendCommand = (line, shown) =>
    send(line.startsWith('MAIL FROM:') && !/> (?:.* )?SMTPUTF8(?: |$)/.test(line) ? `${line} SMTPUTF8` : line, shown);
}

/** A refusal by its reply code: 5yz for good, everything else for now (RFC 5321 §4.2.1). */
function answered(error: NodemailerError, route: Route, what: string): Outcome {
  // Octets that may not leave are refused by checkedOctets; another attempt reads the same.
  if (error.code === 'ESTREAM')
    return { status: 'failed', enhanced: '5.6.0', reply: 'The message holds octets that cannot be sent.' };
  if (error.code === 'EMESSAGE' && error.responseCode === undefined && /larger than allowed/.test(error.message))
    return { status: 'failed', enhanced: '5.3.4', reply: oneLine(error.message), host: route.host };
  const { responseCode = 0, response } = error;
  if (responseCode < 500 || response === undefined) return deferred(error, route, what);
  return {
    status: 'failed',
    enhanced: enhancedIn(response) ?? '5.0.0',
    reply: oneLine(response),
    host: route.host,
  };
}

function deferred(error: NodemailerError, route: Route, what: string): Outcome {
  const { response } = error;
  if (response !== undefined && response !== '')
    return {
      status: 'deferred',
      enhanced: enhancedIn(response)?.replace(/^./, '4') ?? '4.0.0',
      reply: oneLine(response),
      host: route.host,
    };
  return { status: 'deferred', enhanced: '4.4.1', reply: `${route.host} ${what}: ${oneLine(error.message)}` };
}

function beyondAscii(text: string): boolean {
  return /[^\x00-\x7f]/.test(text);
}

function enhancedIn(response: string): string | undefined {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
}

function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, MAX_REPLY);
}
