/** Log-ins by SASL over real sockets, in the words of IMAP, POP3 and submission alike, for tests of mechanisms. */
import type { Test } from 'tap';
import { connectImap, IMAP_PORTS } from './imap.ts';
import { connectPop3, POP3_PORTS } from './pop3.ts';
import type { TestServer } from './server.ts';
import { SmtpClient } from './smtp.ts';

export const PORTS = { ...IMAP_PORTS, ...POP3_PORTS, CONVENE_SUBMISSION_PORT: '0', CONVENE_SUBMISSIONS_PORT: '0' };

/** A log-in in the words of one protocol: a challenge, or what ended it. */
export interface Door {
  readonly protocol: 'IMAP' | 'POP3' | 'SMTP';
  begin(mechanism: string, initial?: string): Promise<string>;
  respond(line: string): Promise<string>;
  /** Another session may have the maildrop then. */
  leave(): Promise<unknown>;
}

export const CHALLENGE = /^(?:\+(?!OK)|334) ?(.*)$/;
export const IN = /^(?:\w+ OK|\+OK|235)/;
export const REFUSED = /^(?:\w+ NO \[AUTHENTICATIONFAILED\]|-ERR \[AUTH\]|535 5\.7\.8)/;
export const MALFORMED = /^(?:\w+ BAD|-ERR (?!\[)|501 5\.)/;

export async function imapDoor(t: Test, server: TestServer): Promise<Door> {
  const client = await connectImap(t, server);
  return {
    protocol: 'IMAP',
    begin: (mechanism, initial) => {
      client.begin(`AUTHENTICATE ${mechanism}${initial === undefined ? '' : ` ${initial}`}`);
      return client.response();
    },
    respond: (line) => {
      client.send(`${line}\r\n`);
      return client.response();
    },
    leave: async () => client.close(),
  };
}

export async function pop3Door(t: Test, server: TestServer): Promise<Door> {
  const client = await connectPop3(t, server);
  return {
    protocol: 'POP3',
    begin: (mechanism, initial) => client.run(`AUTH ${mechanism}${initial === undefined ? '' : ` ${initial}`}`),
    respond: (line) => client.run(line),
    leave: async () => {
      await client.run('QUIT');
      return client.rest();
    },
  };
}

export async function smtpDoor(t: Test, server: TestServer): Promise<Door> {
  const client = await SmtpClient.connect(server.app.addresses.submission?.port ?? 0);
  t.teardown(() => client.end());
  await client.command('EHLO client');
  return {
    protocol: 'SMTP',
    begin: (mechanism, initial) => client.command(`AUTH ${mechanism}${initial === undefined ? '' : ` ${initial}`}`),
    respond: (line) => client.command(line),
    leave: () => client.command('QUIT'),
  };
}

export const DOORS = [imapDoor, pop3Door, smtpDoor];
export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The text of a challenge; throws when it is none. */
export function challenge(line: string): string {
  const found = CHALLENGE.exec(line);
  if (found === null) throw new Error(`no challenge: ${line}`);
  return Buffer.from(found[1] ?? '', 'base64').toString();
}
