/** Radicale (Debian package) beside us: its folder is filled as it would fill it itself, and it is started with one user. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { card, event } from '../test/support/generated-data.ts';
import { freePort } from '../test/support/server-process.ts';
import { answersHttp, endProcess, isInstalled } from './peer-process.ts';
import type { Peer } from './peers.ts';
import { memberName } from './requests.ts';
import { MEMBERS } from './rows.ts';

/** Why it cannot be started here; undefined when it can. */
export function radicaleMissing(): string | undefined {
  return isInstalled('radicale') ? undefined : 'install the Debian package radicale';
}

/** Makes a calendar or address book in the folder. */
function fillRadicale(folder: string, name: string, what: 'event' | 'card'): void {
  const collection = join(folder, 'collections/collection-root/user01', name);
  mkdirSync(collection, { recursive: true });
  const tag =
    what === 'event' ? { tag: 'VCALENDAR', 'C:supported-calendar-component-set': 'VEVENT' } : { tag: 'VADDRESSBOOK' };
  writeFileSync(join(collection, '.Radicale.props'), JSON.stringify(tag));
  for (let i = 0; i < MEMBERS; i++)
    writeFileSync(join(collection, memberName(what, i)), (what === 'event' ? event : card)(i));
}

export async function startRadicale(base: string): Promise<Peer> {
  const folder = join(base, 'radicale');
  fillRadicale(folder, 'calendar', 'event');
  fillRadicale(folder, 'addressbook', 'card');
  const port = await freePort();
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
  const child = spawn('radicale', ['--config', join(folder, 'config')], { stdio: 'ignore' });
  await answersHttp(child, `http://127.0.0.1:${port}/.web/`);
  return {
    name: 'Radicale',
    filled: true,
    // It reads its whole collection for every request, so a few must do, over few connections.
    scale: 20,
    mostConnections: 4,
    target: {
      port,
      authorization: `Basic ${Buffer.from('user01:user01').toString('base64')}`,
      home: '/user01/',
      calendar: '/user01/calendar/',
      addressBook: '/user01/addressbook/',
    },
    pid: child.pid ?? 0,
    startedInMs: performance.now() - begun,
    stop: () => endProcess(child),
  };
}
