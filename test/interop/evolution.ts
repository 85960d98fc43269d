/**
 * Evolution's data server, as Evolution and GNOME Calendar use it: discovery from the root, then a calendar and an address book
 * through create, change by itself, change by somebody else, conflict and delete. What it did is read back over HTTP.
 * evolution-client.py drives it through its own library inside of a D-Bus session of its own.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { interop, must, StepFailed } from './steps.ts';

const TIME = ['DTSTAMP:20261101T000000Z', 'DTSTART;TZID=Europe/Berlin:20261105T100000', 'DURATION:PT1H'];

function event(uid: string, summary: string): string {
  return ['BEGIN:VEVENT', `UID:${uid}`, ...TIME, `SUMMARY:${summary}`, 'END:VEVENT', ''].join('\r\n');
}

const inCalendar = (text: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Other//EN\r\n${text}END:VCALENDAR\r\n`;

const card = (uid: string, name: string) =>
  `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nFN:${name}\r\nN:${name};;;;\r\nEND:VCARD\r\n`;

interface Discovered {
  readonly collections: readonly { readonly href: string; readonly name: string; readonly supports: number }[];
  readonly addresses: readonly string[];
}

/** A running client; `ask` sends a command and waits for its answer. */
function startClient(work: string, port: number, name: string, password: string) {
  const home = join(work, 'home');
  const runtime = join(work, 'run');
  mkdirSync(home);
  mkdirSync(runtime, { mode: 0o700 });
  const script = join(import.meta.dirname, 'evolution-client.py');
  const child = spawn(
    'dbus-run-session',
    ['--', '/usr/bin/python3', script, '127.0.0.1', String(port), name, password],
    {
      env: {
        PATH: process.env['PATH'],
        LANG: 'C.UTF-8',
        HOME: home,
        XDG_RUNTIME_DIR: runtime,
        GSETTINGS_BACKEND: 'memory',
        GIO_USE_VFS: 'local',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const lines = createInterface({ input: child.stdout });
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  lines.on('line', (line) => {
    if (line.startsWith('{')) waiting.shift()?.resolve(line);
  });
  const gone = (why: string) => {
    for (const { reject } of waiting.splice(0)) reject(new StepFailed(why));
  };
  child.on('error', (error) => gone(`dbus-run-session cannot be run: ${error.message}`));
  child.on('exit', (code) => gone(`the client ended with ${code}`));
  return {
    async ask<T>(...command: unknown[]): Promise<T> {
      if (child.exitCode !== null) throw new StepFailed('the client does not run');
      const line = await new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(command)}\n`);
        setTimeout(() => reject(new StepFailed(`no answer to ${String(command[0])}`)), 60_000).unref();
      });
      const answer = JSON.parse(line) as { ok?: T; error?: string };
      if (answer.error !== undefined) throw new StepFailed(answer.error);
      return answer.ok as T;
    },
    stop(): Promise<void> {
      return new Promise((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.on('exit', () => resolve());
        child.stdin.end();
      });
    },
  };
}

await interop('Evolution’s data server', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  const authorization = `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`;
  const calendar = `/dav/calendars/${person.name}/calendar/`;
  const book = `/dav/addressbooks/${person.name}/addressbook/`;
  /** Somebody else's request. */
  const http = async (method: string, path: string, body?: string, type = 'text/calendar') => {
    const headers = {
      authorization,
      depth: '1',
      ...(body === undefined ? {} : { 'content-type': `${type}; charset=utf-8` }),
    };
    const answer = await fetch(new URL(path, server.url), { method, headers, body });
    return { status: answer.status, text: await answer.text() };
  };
  /** The address of the member with a UID, which Evolution named. */
  const hrefOf = async (collection: string, uid: string) => {
    const listing = (await http('PROPFIND', collection)).text;
    const hrefs = [...listing.matchAll(/<D:href>([^<]+)<\/D:href>/g)].map(([, href]) => href ?? '');
    for (const href of hrefs.filter((one) => !one.endsWith('/'))) {
      if ((await http('GET', href)).text.includes(uid)) return href;
    }
    throw new StepFailed(`the server has nothing with ${uid}`);
  };
  const client = startClient(work, server.port, person.name, person.password);
  try {
    await step('finds the calendar and the tasks from the root', async () => {
      const { collections, addresses } = await client.ask<Discovered>('discover', 'calendar', '/');
      const hrefs = collections.map(({ href }) => new URL(href).pathname);
      must(hrefs.includes(calendar), `it found ${hrefs}`);
      must(hrefs.includes(`/dav/calendars/${person.name}/tasks/`), `it found ${hrefs}`);
      must(addresses.length > 0, 'it found no calendar user address');
    });
    await step('finds the address book from the root', async () => {
      const { collections } = await client.ask<Discovered>('discover', 'contacts', '/');
      must(collections.map(({ href }) => new URL(href).pathname).includes(book), JSON.stringify(collections));
    });
    for (const [kind, path] of [
      ['calendar', calendar],
      ['contacts', book],
    ]) {
      await step(`opens the ${kind} to write`, async () => {
        const { status, readonly } = await client.ask<{ status: string; readonly: boolean }>('open', kind, path, kind);
        must(status === 'connected' && !readonly, `${status}, read-only: ${readonly}`);
      });
    }

    const uid = 'evolution-1';
    await step('creates an event', async () => {
      await client.ask('create-event', event(uid, 'Übergabe'));
      const stored = (await http('GET', await hrefOf(calendar, uid))).text;
      must(stored.includes('SUMMARY:Übergabe'), stored);
    });
    await step('changes it', async () => {
      await client.ask('change-event', uid, 'Übergabe um zehn');
      must((await http('GET', await hrefOf(calendar, uid))).text.includes('um zehn'), 'the change did not arrive');
    });
    await step('sees what somebody else creates, changes and deletes', async () => {
      const path = `${calendar}other.ics`;
      const seen = async () => (await client.ask<string[]>('events')).filter((text) => text.includes('UID:other'));
      await http('PUT', path, inCalendar(event('other', 'Theirs')));
      await client.ask('refresh', 'calendar');
      must((await seen())[0]?.includes('SUMMARY:Theirs'), 'the new event is missing');
      await http('PUT', path, inCalendar(event('other', 'Theirs anew')));
      await client.ask('refresh', 'calendar');
      must((await seen())[0]?.includes('SUMMARY:Theirs anew'), 'the change is missing');
      await http('DELETE', path);
      await client.ask('refresh', 'calendar');
      must((await seen()).length === 0, 'the deleted event is still there');
    });
    await step('does not overwrite what somebody else changed meanwhile', async () => {
      const path = await hrefOf(calendar, uid);
      await http('PUT', path, inCalendar(event(uid, 'Theirs')));
      const refusal = await client.ask('change-event', uid, 'Mine').then(
        () => undefined,
        (error: Error) => error.message,
      );
      must(refusal !== undefined, 'the change was taken');
      must((await http('GET', path)).text.includes('SUMMARY:Theirs'), 'their change is lost');
    });
    await step('and shows theirs after a refresh, and changes that', async () => {
      await client.ask('refresh', 'calendar');
      must((await client.ask<string>('event', uid)).includes('SUMMARY:Theirs'), 'it shows its own');
      await client.ask('change-event', uid, 'Ours');
      must((await http('GET', await hrefOf(calendar, uid))).text.includes('SUMMARY:Ours'), 'it did not arrive');
    });
    await step('deletes the event', async () => {
      const path = await hrefOf(calendar, uid);
      await client.ask('remove-event', uid);
      must((await http('GET', path)).status === 404, 'it is still there');
    });

    const contact = await step('creates a contact', async () => {
      const made = await client.ask<string>('create-contact', card('', 'Jolanta Żółty').replace('UID:\r\n', ''));
      must((await http('GET', await hrefOf(book, made))).text.includes('FN:Jolanta Żółty'), 'it did not arrive');
      return made;
    });
    must(contact, 'no contact');
    await step('changes it', async () => {
      await client.ask('change-contact', contact, 'nickname', 'Jola');
      must((await http('GET', await hrefOf(book, contact))).text.includes('NICKNAME:Jola'), 'it did not arrive');
    });
    await step('sees what somebody else puts into the address book, and that it goes', async () => {
      const path = `${book}other.vcf`;
      const seen = async () => (await client.ask<string[]>('contacts')).filter((text) => text.includes('Somebody'));
      await http('PUT', path, card('other', 'Somebody Else'), 'text/vcard');
      await client.ask('refresh', 'contacts');
      must((await seen()).length === 1, 'the new contact is missing');
      await http('DELETE', path);
      await client.ask('refresh', 'contacts');
      must((await seen()).length === 0, 'the deleted contact is still there');
    });
    await step('does not overwrite a contact that somebody else changed meanwhile', async () => {
      const path = await hrefOf(book, contact);
      await http('PUT', path, card(contact, 'Theirs'), 'text/vcard');
      const refusal = await client.ask('change-contact', contact, 'nickname', 'Mine').then(
        () => undefined,
        (error: Error) => error.message,
      );
      must(refusal !== undefined, 'the change was taken');
      must((await http('GET', path)).text.includes('FN:Theirs'), 'their change is lost');
    });
    await step('deletes the contact', async () => {
      const path = await hrefOf(book, contact);
      await client.ask('refresh', 'contacts');
      await client.ask('remove-contact', contact);
      must((await http('GET', path)).status === 404, 'it is still there');
    });
  } finally {
    await client.stop();
  }
});
