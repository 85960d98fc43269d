/**
 * litmus (Debian package): basic, copymove, props and http on a collection made for it in the calendar home.
 * A home of calendars takes only calendar objects (RFC 4791 §4.2 allows that), so tests that store plain files or make
 * collections inside collections do not apply; they are printed as such, with the answer they got, and not counted.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { interop, must, program } from './steps.ts';

/** Program to the tests that need what a groupware server refuses: plain files or nested collections. */
const OUT_OF_SCOPE: Readonly<Record<string, RegExp>> = {};

const PROGRAMS = ['basic', 'copymove', 'props', 'http'];

await interop('litmus', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  for (const name of PROGRAMS) {
    await step(name, async () => {
      const folder = join(work, name);
      mkdirSync(folder);
      const said = await program(
        'sh',
        [
          '-c',
          'litmus -k "$@" 2>&1 || true',
          'sh',
          `${server.url}/dav/calendars/${person.name}/`,
          person.name,
          person.password,
        ],
        {
          environment: { TESTS: name },
          folder,
        },
      );
      const failed = [...said.matchAll(/^ *\d+\. (\S+?)\.+ (FAIL.*)$/gm)].map(
        ([, test = '', why = '']) => `${test}: ${why}`,
      );
      const passed = [...said.matchAll(/\.+ pass/g)].length;
      const wrong = failed.filter((line) => !OUT_OF_SCOPE[name]?.test(line));
      for (const line of failed.filter((text) => OUT_OF_SCOPE[name]?.test(text)))
        console.log(`     does not apply: ${line}`);
      must(passed > 0 && wrong.length === 0, [`${passed} passed`, ...wrong].join('\n     '));
      console.log(`     ${passed} passed`);
    });
  }
});
