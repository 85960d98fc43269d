/**
 * The scripted tests of imaptest, each in a process of its own. A test is skipped for a capability that is not announced.
 * README.md says where program, tests and runner come from.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { imapPorts, interop, must } from './steps.ts';

const { IMAPTEST_BIN, IMAPTEST_TESTS, RUNNER } = process.env;
const ports = await imapPorts();

await interop(
  'imaptest',
  2,
  async ({ persons, step }) => {
    const [person, other] = persons;
    must(person && other, 'no person');
    await step('program, tests and runner are named', () =>
      must(IMAPTEST_BIN && IMAPTEST_TESTS && RUNNER, 'set IMAPTEST_BIN, IMAPTEST_TESTS and RUNNER'),
    );
    if (RUNNER === undefined) return;
    // The suite wants a mailbox of this name with the second user.
    const auth = { user: other.name, pass: other.password };
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: ports.imap,
      secure: false,
      doSTARTTLS: false,
      auth,
      logger: false,
    });
    await client.connect();
    await client.mailboxCreate('imaptest');
    await client.logout();
    const words = ['127.0.0.1', String(ports.imap), person.name, person.password, other.name, ...process.argv.slice(2)];
    const child = spawn(join(RUNNER, 'run-imaptest.sh'), words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      process.stdout.write(data);
    });
    await new Promise((resolve) => child.on('close', resolve));
    await step('nothing failed', () => {
      const [, passed, failed, base, extensions] =
        /^TOTAL pass=(\d+) fail=(\d+) .*base_failed=(\d+)\/\d+ ext_failed=(\d+)\//m.exec(said) ?? [];
      must(Number(passed) > 0 && failed === '0' && base === '0' && extensions === '0', 'see above');
    });
  },
  ports.environment,
);
