/** UIDBATCHES (RFC 10022), and the set of extensions that iOS wants together. */
import t from 'tap';
import { IMAP_PORTS, literal, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('UIDBATCHES', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const message = literal('Subject: one\r\n\r\nbody\r\n');
  await client.ok('CREATE box');
  // 1,204 messages whose UIDs are 1 and 3 to 1205.
  for (let n = 0; n < 5; n++) await client.ok(`APPEND box${` () ${message}`.repeat(241)}`);
  await client.ok('SELECT box');
  await client.ok('UID STORE 2 +FLAGS.SILENT (\\Deleted)');
  await client.ok('EXPUNGE');
  const batches = (command: string) =>
    client.ok(command).then(({ untagged }) => {
      t.equal(untagged.length, 1);
      return untagged[0]?.replace(`(TAG "${client.tag}")`, 'TAG');
    });

  t.test('from the newest to UID 1', async (t) => {
    t.equal(await batches('UIDBATCHES 500'), 'UIDBATCHES TAG 1205:706,705:206,205:1');
    t.equal(await batches('uidbatches 1204'), 'UIDBATCHES TAG 1205:1');
    t.equal(await batches('UIDBATCHES 602'), 'UIDBATCHES TAG 1205:604,603:1');
    t.equal(await batches('UIDBATCHES 4000000000'), 'UIDBATCHES TAG 1205:1');
  });

  t.test('some of the batches', async (t) => {
    t.equal(await batches('UIDBATCHES 500 2:3'), 'UIDBATCHES TAG 705:206,205:1');
    t.equal(await batches('UIDBATCHES 500 1:1'), 'UIDBATCHES TAG 1205:706');
    t.equal(await batches('UIDBATCHES 500 3:4000000000'), 'UIDBATCHES TAG 205:1');
    t.equal(await batches('UIDBATCHES 500 4:9'), 'UIDBATCHES TAG');
  });

  t.test('each batch has so many messages, whatever was expunged', async (t) => {
    await client.ok('UID STORE 700:709,1205 +FLAGS.SILENT (\\Deleted)');
    await client.ok('EXPUNGE');
    const text = await batches('UIDBATCHES 500');
    const ranges = text?.split(' ')[2]?.split(',') ?? [];
    t.equal(ranges.length, 3);
    for (const [index, range] of ranges.entries()) {
      const { untagged } = await client.ok(`UID SEARCH RETURN (COUNT) UID ${range}`);
      t.match(untagged[0], new RegExp(`COUNT ${[500, 500, 193][index]}$`));
    }
  });

  t.test('what is refused', async (t) => {
    const refused: readonly [string, string, RegExp][] = [
      ['UIDBATCHES 499', 'NO', /^\[TOOFEW\]/],
      ['UIDBATCHES 0', 'BAD', /^\[CLIENTBUG\]/],
      ['UIDBATCHES 500 3:2', 'BAD', /^\[CLIENTBUG\]/],
      ['UIDBATCHES 500 0:2', 'BAD', /^\[CLIENTBUG\]/],
      ['UIDBATCHES 500 2', 'BAD', /./],
      ['UIDBATCHES 500 1:*', 'BAD', /./],
      ['UIDBATCHES', 'BAD', /./],
      ['UIDBATCHES 500 1:2 3', 'BAD', /./],
    ];
    for (const [command, status, text] of refused)
      t.match(await client.run(command), { status, text, untagged: [] }, command);
    await client.ok('UNSELECT');
    t.equal((await client.run('UIDBATCHES 500')).status, 'BAD');
    await client.ok('SELECT INBOX');
    t.equal(await batches('UIDBATCHES 500'), 'UIDBATCHES TAG');
  });

  t.test('as iOS uses it', async (t) => {
    const phone = await loginImap(t, server, anna);
    const announced = (await phone.ok('CAPABILITY')).untagged[0]?.split(' ') ?? [];
    for (const word of ['ENABLE', 'ESEARCH', 'PARTIAL', 'UIDONLY', 'UIDBATCHES', 'CONDSTORE', 'QRESYNC', 'IDLE'])
      t.ok(announced.includes(word), word);
    await phone.ok('ENABLE UIDONLY QRESYNC');
    await phone.ok('SELECT box');
    const { untagged } = await phone.ok('UIDBATCHES 1000 1:1');
    const newest = untagged[0]?.split(' ').at(-1);
    const found = await phone.ok(`UID SEARCH RETURN (ALL PARTIAL -1:-3) UID ${newest}`).catch(() => undefined);
    t.equal(found, undefined, 'ALL and PARTIAL exclude each other');
    const { untagged: last } = await phone.ok(`UID SEARCH RETURN (PARTIAL -1:-3) UID ${newest}`);
    t.match(last[0], /UID PARTIAL \(-1:-3 1202:1204\)/);
    const { untagged: flags } = await phone.ok(`UID FETCH ${newest} (FLAGS) (PARTIAL -1:-3)`);
    t.match(flags, [/^1202 UIDFETCH \(FLAGS \(/, /^1203 UIDFETCH/, /^1204 UIDFETCH/]);
  });
});
