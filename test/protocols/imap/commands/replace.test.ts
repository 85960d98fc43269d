/** REPLACE and UID REPLACE (RFC 8508): one message comes and one goes, or neither. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const OLD = 'Subject: old\r\n\r\nbody\r\n';
const NEW = 'Subject: new\r\n\r\nanother body\r\n';

t.test('REPLACE', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const other = await loginImap(t, server, anna);

  /** A mailbox with three messages, selected. */
  const mailboxOf = async (name: string): Promise<void> => {
    await client.ok(`CREATE ${name}`);
    for (let n = 0; n < 3; n++) await client.append(name, OLD, '(\\Seen) ');
    await client.ok(`SELECT ${name}`);
  };
  const subjects = async (): Promise<string[]> => {
    const { untagged } = await client.ok('UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    return untagged.map((line) => `${/UID (\d+)/.exec(line)?.[1]} ${/Subject: (\w+)/.exec(line)?.[1]}`);
  };

  t.test('is announced', async (t) => {
    t.match((await client.ok('CAPABILITY')).untagged[0], / REPLACE /);
  });

  t.test('a draft in its mailbox: APPENDUID comes before EXPUNGE', async (t) => {
    await mailboxOf('drafts');
    const { untagged, text } = await client.ok(`REPLACE 2 drafts (\\Draft $Label1) ${literal(NEW)}`);
    t.match(untagged[0], /^OK \[APPENDUID \d+ 4\] /);
    t.ok(untagged.indexOf('2 EXPUNGE') > 0);
    t.ok(untagged.includes('3 EXISTS'));
    t.notMatch(text, /APPENDUID|HIGHESTMODSEQ/);
    t.notOk(
      untagged.some((line) => /^\d+ FETCH/.test(line)),
      'nothing is said of \\Deleted',
    );
    t.strictSame(await subjects(), ['1 old', '3 old', '4 new']);
    const { untagged: flags } = await client.ok('UID FETCH 4 FLAGS');
    t.match(flags[0], /FLAGS \(\\Draft \$Label1 \\Recent\)/, 'flags are its own');
  });

  t.test('by UID, into another mailbox, seen by others', async (t) => {
    await mailboxOf('outgoing');
    await client.ok('CREATE sent-here');
    await other.ok('SELECT outgoing');
    const { untagged } = await client.ok(`UID REPLACE 3 sent-here "01-Feb-2020 00:00:00 +0000" ${literal(NEW)}`);
    t.match(untagged, [/^OK \[APPENDUID \d+ 1\] /, '3 EXPUNGE']);
    t.match((await other.ok('NOOP')).untagged, ['3 EXPUNGE']);
    t.strictSame(await subjects(), ['1 old', '2 old']);
    await client.ok('SELECT sent-here');
    t.strictSame(await subjects(), ['1 new']);
    t.match((await client.ok('FETCH 1 INTERNALDATE')).untagged[0], '" 1-Feb-2020 00:00:00 +0000"');
  });

  t.test('with CONDSTORE and QRESYNC', async (t) => {
    const sync = await loginImap(t, server, anna);
    await sync.ok('ENABLE QRESYNC');
    await mailboxOf('sync');
    const opened = await sync.ok('SELECT sync');
    const before = Number(/HIGHESTMODSEQ (\d+)/.exec(opened.untagged.join())?.[1]);
    const { untagged, text } = await sync.ok(`REPLACE * sync ${literal(NEW)}`);
    t.match(untagged[0], /^OK \[APPENDUID \d+ 4\] /);
    t.ok(untagged.includes('VANISHED 3'));
    t.ok(Number(/^\[HIGHESTMODSEQ (\d+)\]/.exec(text)?.[1]) > before);
  });

  t.test('what is refused changes nothing', async (t) => {
    await mailboxOf('kept');
    const refused: readonly [string, string, RegExp][] = [
      ['REPLACE 4 kept', 'BAD', /number/],
      ['REPLACE 0 kept', 'BAD', /./],
      ['REPLACE 1:2 kept', 'BAD', /./],
      ['UID REPLACE 77 kept', 'NO', /^\[EXPUNGEISSUED\]/],
      ['REPLACE 1 nowhere', 'NO', /^\[TRYCREATE\]/],
      ['REPLACE 1 kept (\\Nonsense)', 'NO', /./],
      ['REPLACE 1', 'BAD', /./],
    ];
    for (const [command, status, text] of refused) {
      t.match(await client.run(`${command} ${literal(NEW)}`), { status, text }, command);
      t.match(await client.run(`${command} {999999999}`), { status }, `${command}, too large`);
    }
    t.match(await client.run('REPLACE 1 kept {999999999}'), { status: 'NO', text: /^\[TOOBIG\]/ });
    t.match(await client.run(`REPLACE 1 kept ${literal('')}`), { status: 'NO' });
    t.match(await client.run(`REPLACE 1 kept ${literal(NEW)} ${literal(NEW)}`), { status: 'BAD' });
    t.equal((await client.run('REPLACE 1 kept')).status, 'BAD');
    t.strictSame(await subjects(), ['1 old', '2 old', '3 old']);
    await client.ok('EXAMINE kept');
    t.match(await client.run(`REPLACE 1 kept ${literal(NEW)}`), { status: 'NO', text: /^\[NOPERM\]/ });
    await client.ok('UNSELECT');
    t.match(await client.run(`REPLACE 1 kept ${literal(NEW)}`), { status: 'BAD' });
    t.match((await client.ok('STATUS kept (MESSAGES)')).untagged, ['STATUS kept (MESSAGES 3)']);
  });

  t.test('a message that others removed is not replaced', async (t) => {
    await mailboxOf('race');
    await other.ok('SELECT race');
    await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    t.match(await client.run(`REPLACE 2 race ${literal(NEW)}`), { status: 'NO', text: /^\[EXPUNGEISSUED\]/ });
    t.strictSame(await subjects(), ['1 old', '3 old']);
  });

  t.test('of two who replace the same message one is told that it is gone', async (t) => {
    await mailboxOf('twice');
    await other.ok('SELECT twice');
    const answers = await Promise.all([
      client.run(`UID REPLACE 1 twice ${literal(NEW)}`),
      other.run(`UID REPLACE 1 twice ${literal(NEW)}`),
    ]);
    t.strictSame(answers.map(({ status }) => status).sort(), ['NO', 'OK']);
    t.equal((await subjects()).length, 3);
  });

  t.test('into the mailbox of somebody else, with the rights for it', async (t) => {
    const bert = await server.addUser('bert');
    const theirs = await loginImap(t, server, bert);
    await theirs.ok('SETACL INBOX anna lrs');
    await mailboxOf('mine');
    const name = 'Other users/bert/INBOX';
    t.match(await client.run(`REPLACE 1 "${name}" ${literal(NEW)}`), { status: 'NO', text: /^\[NOPERM\]/ });
    t.equal((await subjects()).length, 3);
    await theirs.ok('SETACL INBOX anna lrsi');
    t.match((await client.ok(`REPLACE 1 "${name}" ${literal(NEW)}`)).untagged[0], /^OK \[APPENDUID \d+ 1\]/);
    t.equal((await subjects()).length, 2);
    await client.ok(`SELECT "${name}"`);
    t.match(await client.run(`REPLACE 1 mine ${literal(NEW)}`), { status: 'NO', text: /^\[NOPERM\]/ }, 'not to remove');
  });
});
