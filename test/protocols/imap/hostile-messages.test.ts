/** Messages made to hurt: each is kept as it was, everything that is asked of it is answered soon, and nobody else waits. */
import t from 'tap';
import { HOSTILE_MESSAGES } from '../../support/hostile-messages.ts';
import { IMAP_PORTS, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

/** One answer, as the promise to clients says; and what somebody else may notice of it. */
const SOON_MS = 2_000;
const BYSTANDER_MS = 1_000;

const ASKED = [
  'UID FETCH ~ (ENVELOPE)',
  'UID FETCH ~ (BODYSTRUCTURE)',
  'UID FETCH ~ (BODY)',
  'UID FETCH ~ (RFC822.SIZE PREVIEW)',
  'UID FETCH ~ (BODY.PEEK[HEADER] BODY.PEEK[TEXT]<0.100>)',
  'UID FETCH ~ (BODY.PEEK[1] BODY.PEEK[1.1.1.1.MIME] BODY.PEEK[2.HEADER])',
  'UID FETCH ~ (BODY.PEEK[HEADER.FIELDS (SUBJECT TO X-1)] BINARY.SIZE[1])',
  'UID SEARCH UID ~ SUBJECT hostile',
  'UID SEARCH UID ~ BODY nowhere',
  'UID SEARCH UID ~ OR TO b@example.org HEADER X-Folded y',
  'UID SORT (SUBJECT FROM TO) UTF-8 UID ~',
  'UID THREAD REFERENCES UTF-8 UID ~',
];

t.test('hostile messages', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const bystander = await loginImap(t, server, await server.addUser('bob'));
  await bystander.ok('SELECT INBOX');
  await client.ok('SELECT INBOX');
  let watching = true;
  let longest = 0;
  const watch = (async () => {
    while (watching) {
      const began = performance.now();
      await bystander.ok('NOOP');
      longest = Math.max(longest, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (const [what, text] of Object.entries(HOSTILE_MESSAGES)) {
    const octets = Buffer.from(text, 'latin1');
    const appended = await client.run(`APPEND INBOX {${octets.length}+}\r\n${text}`);
    const uid = /APPENDUID \d+ (\d+)/.exec(appended.text)?.[1];
    t.equal(appended.status, 'OK', `${what} is taken`);
    let slowest = 0;
    for (const asked of ASKED) {
      const began = performance.now();
      const { status } = await client.run(asked.replace('~', String(uid)));
      slowest = Math.max(slowest, performance.now() - began);
      if (status !== 'OK' && status !== 'NO') t.fail(`${what}: ${asked} ${status}`);
    }
    t.ok(slowest < SOON_MS, `${what}: ${Math.round(slowest)} ms at most`);
    const { untagged } = await client.ok(`UID FETCH ${uid} BODY.PEEK[]`);
    t.ok(untagged[0]?.includes(`{${octets.length}}\r\n${text}`), `${what}: octet for octet`);
  }
  watching = false;
  await watch;
  t.ok(longest < BYSTANDER_MS, `somebody else waited ${Math.round(longest)} ms at most`);
});
