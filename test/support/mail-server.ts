/** A whole server with its doors of mail on free ports, and a look into mailboxes, for tests of SMTP and LMTP. */
import type { Test } from 'tap';
import type { Listener } from '../../src/config.ts';
import { portName } from '../../src/config.ts';
import { type ServerOverrides, startServer, type TestServer, type TestUser } from './server.ts';
import { SmtpClient } from './smtp.ts';

type Door = Extract<Listener, 'submission' | 'submissions' | 'smtp' | 'lmtp'>;
const DOORS: readonly Door[] = ['submission', 'submissions', 'smtp', 'lmtp'];

export interface MailServer extends TestServer {
  readonly anna: TestUser;
  readonly bob: TestUser;
  door(name: Door): number;
  /** A connection that has greeted; at submission also logged in, as anna unless told otherwise. */
  talk(name: Door, user?: TestUser): Promise<SmtpClient>;
  /** The messages of somebody's mailbox, whole, the oldest first. */
  mailbox(user: TestUser, name?: string): Promise<string[]>;
  /** The messages of somebody's INBOX that came since this was last asked. */
  news(user: TestUser): Promise<string[]>;
  /** All of a mailbox as soon as there are `count`. */
  arrived(user: TestUser, count: number, name?: string): Promise<string[]>;
}

export async function startMailServer(t: Test, overrides: ServerOverrides = {}): Promise<MailServer> {
  const server = await startServer(t, {
    ...overrides,
    environment: {
      ...Object.fromEntries(DOORS.map((door) => [portName(door), '0'])),
      CONVENE_MAIL_HOSTNAME: 'mx.example.org',
      ...overrides.environment,
    },
  });
  const anna = await server.addUser('anna');
  const bob = await server.addUser('bob');
  const door = (name: Door): number => server.app.addresses[name]?.port ?? 0;
  const seen = new Map<string, number>();
  const largeMessage = async (messageId: number, size: number): Promise<Buffer> => {
    const whole = Buffer.alloc(size);
    for (let at = 0, length = 1; at < size && length > 0; at += length)
      length = (await server.app.mail.contents.octets(messageId, at, size - at)).copy(whole, at);
    return whole;
  };
  const mailbox = async (user: TestUser, name = 'INBOX', from = 1): Promise<string[]> => {
    const { principals, mail } = server.app;
    const { id } = await mail.mailboxes.find(await principals.find(user.name), name);
    const messages: string[] = [];
    for (let first = from; ; ) {
      const page = await mail.contents.bodies(id, first, 2 ** 32 - 1);
      const last = page.at(-1);
      if (last === undefined) {
        if (name === 'INBOX') seen.set(user.name, first);
        return messages;
      }
      for (const { octets, messageId, size } of page)
        messages.push((octets ?? (await largeMessage(messageId, size))).toString('latin1'));
      first = last.uid + 1;
    }
  };
  return {
    ...server,
    anna,
    bob,
    door,
    async talk(name, user = anna) {
      const client = await SmtpClient.connect(door(name), { tls: name === 'submissions' });
      t.teardown(() => client.end());
      await client.command(`${name === 'lmtp' ? 'LHLO' : 'EHLO'} client.example.net`);
      if (name.startsWith('submission')) {
        const reply = await client.logIn(user.name, user.password);
        if (!reply.startsWith('235')) throw new Error(reply);
      }
      return client;
    },
    mailbox: (user, name) => mailbox(user, name),
    news: (user) => mailbox(user, 'INBOX', seen.get(user.name)),
    async arrived(user, count, name) {
      for (let patience = 1_200; ; patience--) {
        const messages = await mailbox(user, name);
        if (messages.length >= count || patience === 0) return messages;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
  };
}

/** A message with the fields that every message has. */
export function letter(from: string, subject: string, body = 'Text.\r\n', more = ''): string {
  return `From: ${from}\r\nTo: bob@example.org\r\nSubject: ${subject}\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nMessage-ID: <${encodeURIComponent(subject)}@example.net>\r\n${more}\r\n${body}`;
}
