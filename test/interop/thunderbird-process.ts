/** Thunderbird as a process without a window, in a profile of its own, told by Marionette what to do. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Marionette } from './marionette.ts';
import { StepFailed } from './steps.ts';

/** A profile that asks nothing and calls nobody but the server under test. */
const PREFERENCES: Record<string, string | number | boolean> = {
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'calendar.timezone.local': 'Europe/Berlin',
  'calendar.timezone.useSystemTimezone': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.rights.version': 1,
  'mail.shell.checkDefaultClient': false,
  'mail.spotlight.firstRunDone': true,
  'marionette.port': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'signon.rememberSignons': true,
};

export interface Thunderbird {
  readonly run: Marionette['run'];
  /** Ends it, and waits until it wrote its profile for the last time. */
  stop(): Promise<void>;
}

/** Starts it with a new profile in a folder; `preferences` beside those that keep it quiet. */
export async function startThunderbird(work: string, preferences: typeof PREFERENCES = {}): Promise<Thunderbird> {
  const profile = join(work, 'profile');
  mkdirSync(profile);
  const lines = Object.entries({ ...PREFERENCES, ...preferences }).map(
    ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  const words = ['--headless', '--no-remote', '--profile', profile, '--marionette', '--remote-allow-system-access'];
  const child = spawn('thunderbird', words, {
    env: { PATH: process.env['PATH'], HOME: work, LANG: 'C.UTF-8', MOZ_CRASHREPORTER_DISABLE: '1' },
    stdio: 'ignore',
  });
  let gone = '';
  child.on('error', (error) => {
    gone = error.message;
  });
  child.on('exit', (code) => {
    gone = `it ended with ${code}`;
  });
  const file = join(profile, 'MarionetteActivePort');
  for (let i = 0; i < 600 && gone === '' && !existsSync(file); i++) await sleep(100);
  if (!existsSync(file)) throw new StepFailed(`thunderbird does not start: ${gone}`);
  await sleep(200);
  const marionette = await Marionette.connect(Number(readFileSync(file, 'utf8')));
  return {
    run: (body, ...args) => marionette.run(body, ...args),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await marionette.quit();
      if (gone === '') await Promise.race([ended, sleep(15_000)]);
      if (gone === '') child.kill('SIGKILL');
      if (gone === '') await ended;
    },
  };
}
