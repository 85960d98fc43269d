/** SEARCH RETURN (UPDATE) and CANCELUPDATE (RFC 5267 §4.3): what the client is told is always the result of the same search made anew. */
import t from 'tap';
import { IMAP_PORTS, type ImapClient, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('CONTEXT=SEARCH', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  const other = await loginImap(t, server, anna);
  t.match((await client.ok('CAPABILITY')).untagged[0], / CONTEXT=SEARCH /);

  const boxOf = async (name: string, count: number): Promise<void> => {
    await client.ok(`CREATE ${name}`);
    for (let n = 0; n < count; n++) await client.append(name, MESSAGE);
    await client.ok(`SELECT ${name}`);
    await other.ok(`SELECT ${name}`);
  };
  /** What is said of a search with this tag, in its order among EXISTS and EXPUNGE. */
  const told = (untagged: readonly string[], tag: string): string[] =>
    untagged
      .filter((line) => line.includes(`"${tag}"`) || / (EXISTS|EXPUNGE)$/.test(line))
      .map((line) => line.replace(`ESEARCH (TAG "${tag}")`, 'ESEARCH'));

  t.test('flags come and go, messages too', async (t) => {
    await boxOf('flags', 4);
    const first = await client.ok('SEARCH RETURN (UPDATE ALL) FLAGGED');
    const { tag } = client;
    t.strictSame(told(first.untagged, tag), ['ESEARCH']);
    t.strictSame(told((await client.ok('STORE 1,2,4 +FLAGS (\\Flagged)')).untagged, tag), ['ESEARCH ADDTO (0 1:2,4)']);
    t.strictSame(told((await client.ok('STORE 1 -FLAGS (\\Flagged)')).untagged, tag), ['ESEARCH REMOVEFROM (0 1)']);
    await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    t.strictSame(told((await client.ok('NOOP')).untagged, tag), ['ESEARCH REMOVEFROM (0 2)', '2 EXPUNGE']);
    await other.append('flags', MESSAGE, '(\\Flagged) ');
    t.strictSame(told((await client.ok('NOOP')).untagged, tag), ['4 EXISTS', 'ESEARCH ADDTO (0 4)']);
    await other.append('flags', MESSAGE);
    t.strictSame(told((await client.ok('NOOP')).untagged, tag), ['5 EXISTS'], 'one that does not match');
    t.strictSame(told((await client.ok('STORE 3 +FLAGS (\\Flagged)')).untagged, tag), [], 'one that matches already');
    await client.ok(`CANCELUPDATE "${tag}"`);
    t.strictSame(told((await client.ok('STORE 1 +FLAGS (\\Flagged)')).untagged, tag), []);
  });

  t.test('by UID, several at once, in IDLE', async (t) => {
    await boxOf('uids', 3);
    await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.ok('EXPUNGE');
    await client.ok('UID SEARCH RETURN (UPDATE COUNT) UNSEEN');
    const unseen = client.tag;
    await client.ok('SEARCH RETURN (UPDATE CONTEXT) OR SUBJECT one BODY nothing SEEN');
    const subject = client.tag;
    const idle = client.begin('IDLE');
    t.match(await client.response(), /^\+ /);
    await other.ok('UID STORE 3 +FLAGS.SILENT (\\Seen)');
    const lines = [await client.response(), await client.response(), await client.response()];
    t.ok(lines.includes(`* ESEARCH (TAG "${unseen}") UID REMOVEFROM (0 3)`), String(lines));
    t.ok(lines.includes(`* ESEARCH (TAG "${subject}") ADDTO (0 2)`), String(lines));
    client.send('DONE\r\n');
    t.equal((await client.reply(idle)).status, 'OK');
    t.match(await client.run(`CANCELUPDATE "${unseen}" "nonsense" "${subject}"`), { status: 'NO' });
    t.strictSame((await client.ok('UID STORE 3 -FLAGS.SILENT (\\Seen)')).untagged, [], 'both are cancelled');
  });

  t.test('an expunge that may not be said yet is not told as a removal either', async (t) => {
    await boxOf('held', 3);
    await client.ok('SEARCH RETURN (UPDATE) ALL');
    const { tag } = client;
    await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
    await other.ok('EXPUNGE');
    t.strictSame(told((await client.ok('FETCH 1 FLAGS')).untagged, tag), []);
    t.strictSame(told((await client.ok('NOOP')).untagged, tag), ['ESEARCH REMOVEFROM (0 2)', '2 EXPUNGE']);
  });

  t.test('another mailbox ends it, and there is an end to how many are kept', async (t) => {
    await boxOf('first', 1);
    await client.ok('SEARCH RETURN (UPDATE) ALL');
    const { tag } = client;
    await client.ok('SELECT INBOX');
    t.match(await client.run(`CANCELUPDATE "${tag}"`), { status: 'NO' });
    for (let n = 0; n < 16; n++) t.notMatch((await client.ok('SEARCH RETURN (UPDATE) ALL')).untagged, [/NOUPDATE/]);
    const { untagged } = await client.ok('SEARCH RETURN (UPDATE COUNT) ALL');
    t.match(untagged, [/^ESEARCH .* COUNT 0$/, new RegExp(`^NO \\[NOUPDATE "${client.tag}"\\]`)]);
    await client.ok('UNSELECT');
  });

  t.test('what is refused', async (t) => {
    await boxOf('refused', 1);
    for (const command of [
      'SORT RETURN (UPDATE) (DATE) UTF-8 ALL',
      'CANCELUPDATE',
      'CANCELUPDATE tag',
      'SEARCH RETURN (UPDATES) ALL',
    ])
      t.equal((await client.run(command)).status, 'BAD', command);
  });

  t.test('any changes, and the result is that of the search made anew', async (t) => {
    await boxOf('model', 12);
    await client.ok('UID SEARCH RETURN (UPDATE ALL) OR FLAGGED UNSEEN NOT DELETED');
    const kept = { tag: client.tag, uids: new Set(Array.from({ length: 12 }, (_, n) => n + 1)) };
    const learn = (untagged: readonly string[]): void => {
      for (const line of untagged) {
        const [, what, set] = new RegExp(`"${kept.tag}"\\) UID (ADDTO|REMOVEFROM) \\(0 (\\S+)\\)`).exec(line) ?? [];
        for (const range of set?.split(',') ?? []) {
          const [from = 0, to = from] = range.split(':').map(Number);
          for (let uid = from; uid <= to; uid++) {
            t.equal(kept.uids.has(uid), what === 'REMOVEFROM', `${line} is news`);
            if (what === 'ADDTO') kept.uids.add(uid);
            else kept.uids.delete(uid);
          }
        }
      }
    };
    // A small generator of numbers, the same in every run.
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const flags = ['\\Flagged', '\\Seen', '\\Deleted'];
    const change = async (who: ImapClient): Promise<readonly string[]> => {
      const kind = random(8);
      if (kind === 0)
        return (await who.ok(`APPEND model (${flags[random(3)]}) {${MESSAGE.length}+}\r\n${MESSAGE}`)).untagged;
      if (kind === 1) return (await who.ok('EXPUNGE')).untagged;
      const sign = random(2) === 0 ? '+' : '-';
      return (await who.ok(`UID STORE ${1 + random(15)}:${1 + random(15)} ${sign}FLAGS.SILENT (${flags[random(3)]})`))
        .untagged;
    };
    for (let round = 0; round < 150; round++) {
      learn(await change(client));
      await change(other);
      if (random(3) === 0) learn((await client.ok('NOOP')).untagged);
    }
    learn((await client.ok('NOOP')).untagged);
    const { untagged } = await client.ok('UID SEARCH OR FLAGGED UNSEEN NOT DELETED');
    t.strictSame([...kept.uids].sort((a, b) => a - b).join(' '), untagged.join().replace(/^SEARCH ?/, ''));
  });
});
