/**
 * CalDAVTester, Apple's suite in its Python 3 version: every test of the files named below must pass; others can be named
 * as arguments. The suite is not part of this repository; three environment variables say where it is:
 *   CDT     a checkout of the suite (DeepDiver1975/ccs-caldavtester)
 *   PYCAL   the src folder of its iCalendar library (apple/ccs-pycalendar, branch python3)
 *   RUNNER  the folder with run-caldavtester.sh and profiles/convene.json
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { interop, must, program } from './steps.ts';

const CALDAV =
  'caldavIOP copymove ctag current-user-principal delete duplicate_uids freebusy ical-client options recurrenceput sync-report vtodos well-known';
const CARDDAV = 'ab-client copymove current-user-principal propfind sync-report well-known';
const REQUIRED = [
  ...CALDAV.split(' ').map((name) => `CalDAV/${name}.xml`),
  ...CARDDAV.split(' ').map((name) => `CardDAV/${name}.xml`),
];

interface Result {
  readonly name?: string;
  readonly result?: number;
  readonly details?: unknown;
  readonly tests?: readonly Result[];
}

/** Names and reasons of the tests that did not pass. */
function failures(results: readonly Result[]): string[] {
  return results.flatMap((one) => [
    ...(one.result === 1 || one.result === 2
      ? [
          `${one.name}: ${String(one.details ?? '')
            .replace(/\s+/g, ' ')
            .slice(0, 400)}`,
        ]
      : []),
    ...failures(one.tests ?? []),
  ]);
}

function variable(name: string): string {
  const value = process.env[name] ?? '';
  if (value === '' || !existsSync(value)) {
    console.log(`FAIL ${name} must name a folder that exists; see test/interop/README.md`);
    process.exit(1);
  }
  return value;
}

const [cdt, pycal, runner] = [variable('CDT'), variable('PYCAL'), variable('RUNNER')];
const chosen = process.argv.slice(2);
const files = chosen.length > 0 ? chosen : REQUIRED;

await interop('CalDAVTester', 40, async ({ server, persons, work, step }) => {
  const profile = join(runner, 'profiles/convene.json');
  await step('the suite’s collections are there', () => {
    const users = join(work, 'users.txt');
    return program(
      'sh',
      [
        '-c',
        `printf '%s\\n' "$@" > '${users}' && python3 '${runner}/provision.py' '${profile}' 127.0.0.1 ${server.port} '${users}'`,
        'sh',
      ].concat(persons.map(({ name, password }) => `${name}:${password}`)),
    );
  });
  const out = join(work, 'out');
  let missing = 0;
  for (const file of files) {
    // One run for each file, so that a crash or a hang costs one file and is printed as such.
    await step(file, async () => {
      const said = await program(
        join(runner, 'run-caldavtester.sh'),
        [profile, '127.0.0.1', String(server.port), out, file],
        {
          environment: { CDT: cdt, PYCAL: pycal, PART: 'all' },
          patience: 600_000,
        },
      );
      const line = said.split('\n').find((text) => text.startsWith(file)) ?? '';
      const [, passed = '-', failed = '-', errors = '-', ignored = '-', ...note] = line.split(' ');
      const results = join(out, `${file.replaceAll('/', '__').replace('.xml', '')}.json`);
      const reasons = existsSync(results) ? failures(JSON.parse(readFileSync(results, 'utf8')) as Result[]) : [];
      const summary = `${passed} passed, ${failed} failed, ${errors} errors, ${ignored} ignored ${note.join(' ')}`;
      if (failed !== '0' || errors !== '0' || !(Number(passed) > 0)) missing++;
      must(
        Number(passed) > 0 && failed === '0' && errors === '0',
        [summary, ...reasons.map((reason) => `     ${reason}`)].join('\n'),
      );
      console.log(`     ${summary}`);
    });
  }
  const kept = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.json')).length : 0;
  console.log(`${files.length} files asked for, ${kept} gave results, ${missing} not whole`);
});
