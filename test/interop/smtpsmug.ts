/**
 * The endings of hannob/smtpsmug at every door: none may end a message. SMUG names the program in a checkout.
 */
import { freePort } from '../support/server-process.ts';
import { interop, must, program } from './steps.ts';

const [submission, smtp] = await Promise.all([freePort(), freePort()]);
const smug = process.env['SMUG'] ?? 'smtpsmug';

await interop(
  'smtpsmug',
  2,
  async ({ step, persons }) => {
    const [anna, bob] = persons as [(typeof persons)[number], (typeof persons)[number]];
    const list = await program('python3', [smug, '--list-tests']);
    const endings = [...list.matchAll(/"(\w+):"/g)].map(([, name = '']) => name);
    for (const [door, port, login] of [
      ['submission', submission, ['-u', anna.name, '-p', anna.password]],
      ['smtp', smtp, []],
    ] as const)
      for (const ending of endings)
        await step(`${door}, ${ending}`, async () => {
          const words = ['-f', `${anna.name}@example.com`, '-t', `${bob.name}@example.com`, ...login];
          const said = await program('python3', [smug, ...words, '--port', `${port}`, '-c', ending, '127.0.0.1']);
          if (ending === 'pipelining')
            must(/rejects bad protocol/.test(said), said.trim().split('\n').slice(-3).join(' | '));
          else must(!/was accepted \(bad/.test(said), said.trim().split('\n').slice(-3).join(' | '));
        });
  },
  { CONVENE_SUBMISSION_PORT: `${submission}`, CONVENE_SMTP_PORT: `${smtp}` },
);
