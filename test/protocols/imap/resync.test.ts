/** QRESYNC: what a client that comes back is told. RFC 7162 §3.2. */
import fc from 'fast-check';
import t from 'tap';
import { intersection } from '../../../protocols/imap/resync.ts';
import { hasUid, uidSetOf } from '../../../src/mail/uid-set.ts';
import { IMAP_PORTS, type ImapClient, loginImap } from '../../support/imap.ts';
import { startServer } from '../../support/server.ts';

const MESSAGE = 'Subject: x\r\n\r\nbody\r\n';

/** UIDs of a set as answers print it. */
function uidsOf(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** A client that keeps what it knows of a mailbox between its visits: flags by UID, and when that was. */
class Replica {
  readonly known = new Map<number, string>();
  uidvalidity = 0;
  modseq = 0;

  /** Opens the mailbox and takes over what is told. */
  async visit(client: ImapClient, mailbox: string): Promise<void> {
    const parameters = this.modseq === 0 ? '(CONDSTORE)' : `(QRESYNC (${this.uidvalidity} ${this.modseq}))`;
    const { untagged } = await client.ok(`SELECT ${mailbox} ${parameters}`);
    const all = this.modseq === 0 ? (await client.ok('UID FETCH 1:* (FLAGS)')).untagged : [];
    for (const line of [...untagged, ...all]) this.take(line);
  }

  take(line: string): void {
    const vanished = /^VANISHED (?:\(EARLIER\) )?(\S+)$/.exec(line)?.[1];
    if (vanished !== undefined) for (const uid of uidsOf(vanished)) this.known.delete(uid);
    const flags = /^\d+ FETCH \((?=.*UID (\d+))(?=.*FLAGS \((.*?)\))/.exec(line);
    if (flags !== null) this.known.set(Number(flags[1]), sorted(flags[2] ?? ''));
    this.modseq = Number(/^OK \[HIGHESTMODSEQ (\d+)/.exec(line)?.[1] ?? this.modseq);
    this.uidvalidity = Number(/^OK \[UIDVALIDITY (\d+)/.exec(line)?.[1] ?? this.uidvalidity);
  }
}

function sorted(flags: string): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== '\\Recent')
    .sort()
    .join(' ');
}

t.test('sets that both have', async (t) => {
  const set = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })), { maxLength: 8 });
  fc.assert(
    fc.property(set, set, (a, b) => {
      const [one, other] = [uidSetOf(a), uidSetOf(b)];
      const both = intersection(one, other);
      for (let uid = 1; uid <= 40; uid++)
        if (hasUid(both, uid) !== (hasUid(one, uid) && hasUid(other, uid))) return false;
      return true;
    }),
  );
  t.pass();
});

t.test('QRESYNC', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const enabled = async () => {
    const client = await loginImap(t, server, anna);
    t.same((await client.ok('ENABLE QRESYNC')).untagged, ['ENABLED QRESYNC']);
    return client;
  };

  t.test('what is told when the mailbox is opened again', async (t) => {
    const client = await enabled();
    await client.ok('CREATE again');
    for (let n = 0; n < 6; n++) await client.append('again', MESSAGE);
    const { untagged } = await client.ok('SELECT again');
    const uidvalidity = Number(/UIDVALIDITY (\d+)/.exec(untagged.join())?.[1]);
    const modseq = Number(/HIGHESTMODSEQ (\d+)/.exec(untagged.join())?.[1]);
    const other = await enabled();
    await other.ok('SELECT again');
    await other.ok('STORE 1 +FLAGS (\\Seen)');
    await other.ok('STORE 2,5 +FLAGS (\\Deleted)');
    t.same((await other.ok('EXPUNGE')).untagged, ['VANISHED 2,5']);
    t.match((await client.ok('NOOP')).untagged, [/^VANISHED 2,5$/, /^1 FETCH \(.*UID 1 MODSEQ \(\d+\)\)$/]);
    const resync = async (parameters: string) =>
      (await client.ok(`SELECT again (QRESYNC (${parameters}))`)).untagged.filter((line) =>
        /VANISHED|FETCH/.test(line),
      );
    const changed = /^1 FETCH \(UID 1 FLAGS \(\\Seen.*\) MODSEQ \(\d+\)\)$/;
    t.match(await resync(`${uidvalidity} ${modseq}`), ['VANISHED (EARLIER) 2,5', changed]);
    t.match(await resync(`${uidvalidity} ${modseq} 3:6`), ['VANISHED (EARLIER) 5']);
    t.match(await resync(`${uidvalidity} ${modseq} 1:6 (1:3 1:3)`), ['VANISHED (EARLIER) 2,5', changed]);
    t.match(await resync(`${uidvalidity} ${modseq} (1,3 1,3)`), ['VANISHED (EARLIER) 2,5', changed]);
    t.same(await resync(`${uidvalidity + 1} ${modseq}`), [], 'another mailbox');
    const now = Number(/HIGHESTMODSEQ (\d+)/.exec((await client.ok('SELECT again')).untagged.join())?.[1]);
    t.same(await resync(`${uidvalidity} ${now}`), []);
    const forged = await resync(`${uidvalidity} 9223372036854775807 1:6`);
    t.equal(forged.length, 5, 'a modseq that never was: everything is told');
    t.equal(forged[0], 'VANISHED (EARLIER) 2,5');
    t.match((await client.ok(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`)).untagged, [
      'VANISHED (EARLIER) 2,5',
      /^1 FETCH/,
    ]);
    t.match((await client.ok(`UID FETCH 3:5 (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`)).untagged, [
      'VANISHED (EARLIER) 5',
    ]);
    await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    t.match((await client.ok('CLOSE')).text, /^\[HIGHESTMODSEQ \d+\]/);
  });

  t.test('what is refused', async (t) => {
    const plain = await loginImap(t, server, anna);
    t.equal((await plain.run('SELECT INBOX (QRESYNC (1 1))')).status, 'BAD', 'without ENABLE');
    await plain.ok('SELECT INBOX');
    t.equal((await plain.run('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)')).status, 'BAD');
    const client = await enabled();
    for (const bad of [
      '0 1',
      '1 0',
      '1',
      '1 x',
      '1 1 1:*',
      '1 1 1:3 (1:3 1:2)',
      '1 1 1:3 1:3',
      '1 99999999999999999999',
    ])
      t.equal((await client.run(`SELECT INBOX (QRESYNC (${bad}))`)).status, 'BAD', bad);
    await client.ok('SELECT INBOX');
    t.equal((await client.run('FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)')).status, 'BAD', 'UID FETCH only');
    t.equal((await client.run('UID FETCH 1:* (FLAGS) (VANISHED)')).status, 'BAD');
  });

  t.test('replicas end up with what the server has, whatever others did', async (t) => {
    const [one, two, away] = [await enabled(), await enabled(), await enabled()];
    let round = 0;
    type Step = {
      readonly kind: 'append' | 'store' | 'expunge' | 'move' | 'visit';
      readonly who: boolean;
      readonly n: number;
    };
    const step: fc.Arbitrary<Step> = fc.record({
      kind: fc.constantFrom('append', 'append', 'store', 'store', 'expunge', 'move', 'visit'),
      who: fc.boolean(),
      n: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const box = `model${++round}`;
        await one.ok(`CREATE ${box}`);
        await one.ok(`SELECT ${box}`);
        await two.ok(`SELECT ${box}`);
        const replica = new Replica();
        const live = new Replica();
        await replica.visit(away, box);
        for (const line of (await one.ok(`SELECT ${box} (CONDSTORE)`)).untagged) live.take(line);
        for (const { kind, who, n } of steps) {
          const client = who ? one : two;
          const commands = {
            append: `APPEND ${box} (${n % 3 === 0 ? '\\Flagged' : `kw${n % 4}`}) {20+}\r\n${MESSAGE.slice(0, 20)}`,
            store: `UID STORE ${n}:* ${['', '+', '-'][n % 3]}FLAGS${n % 2 ? '.SILENT' : ''} (\\Seen kw${n % 5})`,
            expunge: `UID STORE ${n} +FLAGS.SILENT (\\Deleted)`,
            move: `UID MOVE ${n} Archive`,
            visit: 'NOOP',
          };
          const said = [await client.ok(commands[kind])];
          if (kind === 'expunge') said.push(await client.ok('EXPUNGE'));
          if (kind === 'visit') {
            await away.ok('UNSELECT').catch(() => undefined);
            await replica.visit(away, box);
          }
          // What SILENT keeps back is asked for.
          if (client === one) said.push(await one.ok('UID FETCH 1:* (FLAGS)'));
          if (client === one) for (const { untagged } of said) for (const line of untagged) live.take(line);
        }
        for (const line of (await one.ok('NOOP')).untagged) live.take(line);
        for (const line of (await one.ok('UID FETCH 1:* (FLAGS)')).untagged) live.take(line);
        await replica.visit(away, box);
        const truth = new Replica();
        await truth.visit(two, box);
        const text = (known: Replica) => JSON.stringify([...known.known].sort(([a], [b]) => a - b));
        if (text(replica) !== text(truth)) throw new Error(`away ${text(replica)}\ntruth ${text(truth)}`);
        if (text(live) !== text(truth)) throw new Error(`live ${text(live)}\ntruth ${text(truth)}`);
      }),
      { numRuns: 15 },
    );
    t.pass();
  });
});

t.test('SEARCHRES, WITHIN, PARTIAL', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);
  await client.ok('CREATE box');
  for (let n = 1; n <= 6; n++)
    await client.append(
      'box',
      `Subject: ${n}\r\n\r\n`,
      n <= 2 ? '" 1-Jan-2020 00:00:00 +0000" ' : n % 2 ? '(\\Flagged) ' : '',
    );
  await client.ok('SELECT box');
  await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await client.ok('EXPUNGE');
  const answers: readonly [string, readonly string[]][] = [
    ['SEARCH RETURN (SAVE) FLAGGED', []],
    ['FETCH $ (UID)', ['2 FETCH (UID 3)', '4 FETCH (UID 5)']],
    ['UID FETCH $ (UID)', ['2 FETCH (UID 3)', '4 FETCH (UID 5)']],
    ['SEARCH $', ['SEARCH 2 4']],
    ['UID SEARCH UID $ SUBJECT 5', ['SEARCH 5']],
    ['SEARCH NOT $', ['SEARCH 1 3 5']],
    [
      'STORE $ +FLAGS (\\Seen)',
      ['2 FETCH (FLAGS (\\Seen \\Flagged \\Recent))', '4 FETCH (FLAGS (\\Seen \\Flagged \\Recent))'],
    ],
    ['SEARCH RETURN (SAVE MIN) ALL', ['ESEARCH (TAG "") MIN 1']],
    ['SEARCH $', ['SEARCH 1']],
    ['SEARCH RETURN (SAVE COUNT) SUBJECT none', ['ESEARCH (TAG "") COUNT 0']],
    ['FETCH $ (UID)', []],
    ['SEARCH OLDER 86400', ['SEARCH 1']],
    ['SEARCH YOUNGER 86400', ['SEARCH 2 3 4 5']],
    ['SEARCH RETURN (PARTIAL 1:2) ALL', ['ESEARCH (TAG "") PARTIAL (1:2 1:2)']],
    ['UID SEARCH RETURN (PARTIAL -1:-2 COUNT) ALL', ['ESEARCH (TAG "") UID PARTIAL (-1:-2 5:6) COUNT 5']],
    ['UID SEARCH RETURN (PARTIAL 9:12) ALL', ['ESEARCH (TAG "") UID PARTIAL (9:12 NIL)']],
    ['UID FETCH 1:* (UID) (PARTIAL 2:3)', ['2 FETCH (UID 3)', '3 FETCH (UID 4)']],
    ['UID FETCH 2:5 (UID) (PARTIAL -1:-2)', ['3 FETCH (UID 4)', '4 FETCH (UID 5)']],
    ['UID FETCH 1:* (UID) (PARTIAL 6:9)', []],
  ];
  for (const [command, expected] of answers) {
    const { untagged } = await client.ok(command);
    t.same(
      untagged.map((line) => line.replace(client.tag, '')),
      expected,
      command,
    );
  }
  for (const bad of [
    'SEARCH RETURN (PARTIAL 0:1) ALL',
    'SEARCH RETURN (PARTIAL 1:-1) ALL',
    'SEARCH RETURN (PARTIAL) ALL',
    'SEARCH RETURN (ALL PARTIAL 1:2) ALL',
    'FETCH 1:* (UID) (PARTIAL 1:2)',
    'SEARCH OLDER 0',
    'SEARCH YOUNGER x',
    'FETCH $,1 (UID)',
  ])
    t.equal((await client.run(bad)).status, 'BAD', bad);
});
