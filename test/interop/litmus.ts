/**
 * litmus (Debian package): basic, copymove, props and http, each in full on a plain collection in the home of calendars and of
 * address books. Locks are not offered (`DAV: 1, 3`), so its fifth program does not apply.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { interop, must, program } from './steps.ts';

const PROGRAMS = ['basic', 'copymove', 'props', 'http'];
/** Tests of litmus that its programs skip without locks are no failures; all others must pass. */
const RESULT = /^ *\d+\. (\S+?)\.+ (pass|FAIL.*|SKIPPED.*)$/gm;

await interop('litmus', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  const { name, password } = person;
  for (const home of ['calendars', 'addressbooks']) {
    for (const one of PROGRAMS) {
      await step(`${one} in the home of ${home}`, async () => {
        const folder = join(work, `${home}-${one}`);
        mkdirSync(folder);
        const url = `${server.url}/dav/${home}/${name}/`;
        const said = await program('sh', ['-c', 'litmus -k "$@" 2>&1 || true', 'sh', url, name, password], {
          environment: { TESTS: one },
          folder,
        });
        const results = [...said.matchAll(RESULT)].map(([, test = '', result = '']) => ({ test, result }));
        const passed = results.filter(({ result }) => result === 'pass').length;
        const others = results
          .filter(({ result }) => result !== 'pass')
          .map(({ test, result }) => `${test}: ${result}`);
        must(passed > 0 && others.length === 0, [`${passed} passed`, ...others, said.slice(-500)].join('\n     '));
        console.log(`     ${passed} passed`);
      });
    }
  }
});
