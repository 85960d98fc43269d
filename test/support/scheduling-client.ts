/** What people do with their calendars and inboxes over HTTP, once everything sent was delivered. */
import { ask, CALENDAR, propfindBody } from './dav.ts';
import type { TestServer, TestUser } from './server.ts';

export interface Copy {
  readonly href: string;
  readonly text: string;
  readonly tag: string;
  readonly etag: string;
}

export const home = (user: TestUser) => `/dav/calendars/${user.name}/`;

/** The text without folds. */
export const unfolded = (text: string) => text.replace(/\r\n /g, '');

export function schedulingClient(server: TestServer) {
  const { store } = server;

  const put = (user: TestUser, path: string, text: string, headers: Record<string, string> = {}) =>
    ask(server, user, 'PUT', home(user) + path, { ...CALENDAR, ...headers }, text);

  async function delivered(): Promise<void> {
    for (let waits = 0; waits < 500; waits++) {
      if ((await store.scheduleMessages.due(Number.MAX_SAFE_INTEGER, 1)).length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Names of the members of a collection. */
  async function members(user: TestUser, segment: string): Promise<string[]> {
    await delivered();
    const url = `${home(user)}${segment}/`;
    const { responses } = await ask(server, user, 'PROPFIND', url, { depth: '1' }, propfindBody('D:getetag'));
    return responses.map(({ href }) => href).filter((href) => !href.endsWith('/'));
  }

  async function copyOf(user: TestUser, uid: string): Promise<Copy> {
    for (const href of await members(user, 'calendar')) {
      const { text, headers } = await server.request(user, 'GET', href);
      if (text.includes(`UID:${uid}\r\n`))
        return { href, text, tag: String(headers['schedule-tag'] ?? ''), etag: String(headers.etag) };
    }
    return { href: '', text: '', tag: '', etag: '' };
  }

  /** Empties an inbox; the texts of what was in it. */
  async function takeInbox(user: TestUser): Promise<string[]> {
    const texts: string[] = [];
    for (const href of await members(user, 'inbox')) {
      texts.push((await server.request(user, 'GET', href)).text);
      await server.request(user, 'DELETE', href);
    }
    return texts;
  }

  /** METHOD of what was in an inbox, in the order of the alphabet. */
  async function methodsTold(user: TestUser): Promise<string[]> {
    const texts = await takeInbox(user);
    return texts.map((text) => /^METHOD:(.*)\r$/m.exec(text)?.[1] ?? '').sort();
  }

  /** How many mails to an address elsewhere were written, or are about to be. */
  async function mailsTo(address: string): Promise<number> {
    return store.snapshot(async (read) => {
      const [written, queued] = [
        await read.submissions.due(Number.MAX_SAFE_INTEGER, 1_000),
        await read.scheduleMessages.outgoing(Number.MAX_SAFE_INTEGER, 1_000),
      ];
      return [...written.map(({ rcptTo }) => rcptTo), ...queued.map(({ recipient }) => recipient)].filter(
        (one) => one === address,
      ).length;
    });
  }

  return { put, members, copyOf, takeInbox, methodsTold, mailsTo };
}
