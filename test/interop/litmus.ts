/**
 * litmus (Debian package): basic, copymove, props and http. They store plain files in plain collections, which homes of
 * calendars and address books refuse (RFC 4791 §4.2, RFC 6352 §5.2 leave that to the server); Convene has no other place yet.
 * So the script shows that every place refuses a plain collection with 403, and runs the programs in full in the first that
 * does not. LITMUS_COLLECTION names a path to try before the homes.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { interop, must, program } from './steps.ts';

const PROGRAMS = ['basic', 'copymove', 'props', 'http'];

await interop('litmus', 1, async ({ server, persons, work, step }) => {
  const [person] = persons;
  must(person, 'no person');
  const { name, password } = person;
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const places = [process.env['LITMUS_COLLECTION'], `/dav/calendars/${name}/`, `/dav/addressbooks/${name}/`];
  let applies: string | undefined;
  for (const place of places) {
    if (place === undefined || applies !== undefined) continue;
    const { status } = await fetch(`${server.url}${place}litmus-probe/`, {
      method: 'MKCOL',
      headers: { authorization },
    });
    if (status === 201) applies = place;
    else
      await step(`${place} refuses plain collections: litmus does not apply there`, () =>
        must(status === 403, `MKCOL is answered ${status}`),
      );
  }
  if (applies === undefined) return;
  for (const one of PROGRAMS) {
    await step(`${one} in ${applies}`, async () => {
      const folder = join(work, one);
      mkdirSync(folder);
      const said = await program(
        'sh',
        ['-c', 'litmus -k "$@" 2>&1 || true', 'sh', `${server.url}${applies}`, name, password],
        {
          environment: { TESTS: one },
          folder,
        },
      );
      const failed = [...said.matchAll(/^ *\d+\. (\S+?)\.+ (FAIL.*)$/gm)].map(
        ([, test = '', why = '']) => `${test}: ${why}`,
      );
      const passed = [...said.matchAll(/\.+ pass/g)].length;
      must(passed > 0 && failed.length === 0, [`${passed} passed`, ...failed].join('\n     '));
      console.log(`     ${passed} passed`);
    });
  }
});
