/** Radicale (Debian package) beside us: its folder is filled as it would fill it itself, and it is started with one user. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { card, event } from '../test/support/generated-data.ts';
import { freePort } from '../test/support/server-process.ts';
import { memberName, type Target } from './requests.ts';

export interface Radicale {
  readonly target: Target;
  readonly pid: number;
  readonly startedInMs: number;
  stop(): Promise<void>;
}

/** Makes a calendar or address book in the folder; `count` members. */
export function fillRadicale(folder: string, name: string, what: 'event' | 'card', count: number): void {
  const collection = join(folder, 'collections/collection-root/user01', name);
  mkdirSync(collection, { recursive: true });
  const tag =
    what === 'event' ? { tag: 'VCALENDAR', 'C:supported-calendar-component-set': 'VEVENT' } : { tag: 'VADDRESSBOOK' };
  writeFileSync(join(collection, '.Radicale.props'), JSON.stringify(tag));
  for (let i = 0; i < count; i++)
    writeFileSync(join(collection, memberName(what, i)), (what === 'event' ? event : card)(i));
}

export async function startRadicale(folder: string): Promise<Radicale> {
  const port = await freePort();
  mkdirSync(join(folder, 'collections'), { recursive: true });
  writeFileSync(join(folder, 'users'), 'user01:user01\n');
  writeFileSync(
    join(folder, 'config'),
    `[server]
hosts = 127.0.0.1:${port}
timeout = 300
[auth]
type = htpasswd
htpasswd_filename = ${join(folder, 'users')}
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = ${join(folder, 'collections')}
[logging]
level = error
`,
  );
  const begun = performance.now();
  const child: ChildProcess = spawn('radicale', ['--config', join(folder, 'config')], { stdio: 'ignore' });
  const failed = once(child, 'exit').then(() => {
    throw new Error('radicale ended');
  });
  failed.catch(() => {});
  for (let answered = false; !answered; ) {
    answered = await Promise.race([
      failed,
      fetch(`http://127.0.0.1:${port}/.web/`).then(
        () => true,
        () => false,
      ),
    ]);
    if (!answered) await sleep(5);
    if (performance.now() - begun > 30_000) throw new Error('radicale does not answer');
  }
  return {
    target: {
      port,
      authorization: `Basic ${Buffer.from('user01:user01').toString('base64')}`,
      home: '/user01/',
      calendar: '/user01/calendar/',
      addressBook: '/user01/addressbook/',
    },
    pid: child.pid ?? 0,
    startedInMs: performance.now() - begun,
    async stop() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}
