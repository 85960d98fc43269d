/** Xandikos (Debian package) beside us: its collections are Git repositories, filled with one commit each. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { card, event } from '../test/support/generated-data.ts';
import { freePort } from '../test/support/server-process.ts';
import { answersHttp, endProcess, isInstalled } from './peer-process.ts';
import type { Peer } from './peers.ts';
import { memberName } from './requests.ts';
import { MEMBERS } from './rows.ts';

/** Why it cannot be started here; undefined when it can. */
export function xandikosMissing(): string | undefined {
  return isInstalled('xandikos') && isInstalled('git') ? undefined : 'install the Debian packages xandikos and git';
}

function fillXandikos(folder: string, what: 'event' | 'card'): void {
  mkdirSync(folder, { recursive: true });
  const git = (...words: string[]) => {
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
    const { status, stderr } = spawnSync('git', ['-C', folder, ...identity, ...words], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${words[0]}: ${stderr}`);
  };
  git('init', '--quiet');
  writeFileSync(join(folder, '.xandikos'), `[DEFAULT]\ntype = ${what === 'event' ? 'calendar' : 'addressbook'}\n`);
  for (let i = 0; i < MEMBERS; i++)
    writeFileSync(join(folder, memberName(what, i)), (what === 'event' ? event : card)(i));
  git('add', '.');
  git('commit', '--quiet', '--message', 'members');
}

export async function startXandikos(base: string): Promise<Peer> {
  const folder = join(base, 'xandikos');
  fillXandikos(join(folder, 'user01/calendars/calendar'), 'event');
  fillXandikos(join(folder, 'user01/contacts/addressbook'), 'card');
  const port = await freePort();
  const begun = performance.now();
  const words = ['-d', folder, '--listen-address', '127.0.0.1', '--port', String(port)];
  const child = spawn('xandikos', [...words, '--current-user-principal', '/user01/'], { stdio: 'ignore' });
  await answersHttp(child, `http://127.0.0.1:${port}/`);
  return {
    name: 'Xandikos',
    filled: true,
    scale: 20,
    mostConnections: 4,
    target: {
      port,
      // It takes no passwords by itself.
      authorization: 'Basic dXNlcjAxOnVzZXIwMQ==',
      home: '/user01/calendars/',
      calendar: '/user01/calendars/calendar/',
      addressBook: '/user01/contacts/addressbook/',
    },
    pid: child.pid ?? 0,
    startedInMs: performance.now() - begun,
    stop: () => endProcess(child),
  };
}
