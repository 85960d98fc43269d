/**
 * The random clients of imaptest, one profile after the other: several sessions on the same mailboxes, each checking what it
 * is told against what it knows. `-- SECONDS CLIENTS` for other measures than 60 s and 5 clients.
 * README.md says where the program and its messages come from.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { imapPorts, interop, must } from './steps.ts';

/** By name, what is given to imaptest beside who, where and how long. */
const PROFILES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  'no pipelining': ['no_pipelining'],
  'own messages': ['own_msgs'],
  'own flags': ['own_flags'],
  // With pipelining imaptest's own checkpoints end in an assertion of imaptest.
  checkpoints: ['checkpoint=1', 'no_pipelining'],
  'states at random': ['random'],
  'looking often': ['noop=50', 'check=50', 'listroot=50'],
  'searching, fetching by UID': ['search=100', 'uidfetch=100'],
  'copies and moves': ['copybox=Archive', 'copy=100', 'move=50'],
  qresync: ['qresync'],
};

const { IMAPTEST_BIN, IMAPTEST_TESTS } = process.env;
const [seconds = '60', clients = '5'] = process.argv.slice(2);
const ports = await imapPorts();

/** Runs imaptest. Returns everything it printed. */
function stress(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(IMAPTEST_BIN ?? '', words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: (Number(seconds) + 60) * 1000,
    });
    let said = '';
    const keep = (data: Buffer) => {
      if (said.length < 10_000_000) said += data.toString('latin1');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', () => resolve(said));
  });
}

await interop(
  'imaptest stress',
  Object.keys(PROFILES).length,
  async ({ persons, step }) => {
    for (const [index, [name, words]] of Object.entries(PROFILES).entries())
      await step(`${name}, ${clients} clients, ${seconds} s`, async () => {
        must(IMAPTEST_BIN && IMAPTEST_TESTS, 'set IMAPTEST_BIN and IMAPTEST_TESTS');
        const person = persons[index];
        must(person, 'no person');
        const said = await stress([
          'host=127.0.0.1',
          `port=${ports.imap}`,
          `user=${person.name}`,
          `pass=${person.password}`,
          `mbox=${join(IMAPTEST_TESTS, 'default.mbox')}`,
          `secs=${seconds}`,
          `clients=${clients}`,
          ...words,
        ]);
        const errors = said.split('\n').filter((line) => /^(Error|Panic|Fatal)|Assertion/.test(line));
        must(errors.length === 0, errors.slice(0, 5).join('\n     '));
        const totals = /^Totals:\n(?:.*\n){0,4}/m.exec(said)?.[0];
        must(totals !== undefined, `no totals: ${said.slice(-300)}`);
        console.log(totals.replace(/^/gm, '     '));
      });
  },
  ports.environment,
);
