/** IDLE. RFC 2177. */
import t from 'tap';
import { idle } from '../../../../protocols/imap/commands/idle.ts';
import { Arguments } from '../../../../protocols/imap/grammar.ts';
import type { ImapSession } from '../../../../protocols/imap/session.ts';
import { IMAP_PORTS, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

const MESSAGE = 'Subject: one\r\n\r\nbody\r\n';

t.test('IDLE', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const [idler, other] = [await loginImap(t, server, anna), await loginImap(t, server, anna)];

  t.test('tells at once what happens: new, changed, gone', async (t) => {
    await idler.ok('SELECT INBOX');
    const tag = idler.begin('IDLE');
    t.equal(await idler.response(), '+ idling');
    await other.append('INBOX', MESSAGE);
    t.equal(await idler.response(), '* 1 EXISTS');
    t.equal(await idler.response(), '* 1 RECENT');
    await other.ok('SELECT INBOX');
    await other.ok('STORE 1 +FLAGS (\\Seen)');
    t.equal(await idler.response(), '* 1 FETCH (FLAGS (\\Seen \\Recent))');
    await other.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
    t.equal(await idler.response(), '* 1 FETCH (FLAGS (\\Seen \\Deleted \\Recent))');
    await other.ok('EXPUNGE');
    t.equal(await idler.response(), '* 1 EXPUNGE');
    idler.send('DONE\r\n');
    t.same((await idler.reply(tag)).untagged, []);
  });

  t.test('tells first what happened before', async (t) => {
    await other.append('INBOX', MESSAGE);
    const tag = idler.begin('IDLE');
    t.equal(await idler.response(), '+ idling');
    t.equal(await idler.response(), '* 1 EXISTS');
    await idler.response();
    idler.send('done\r\n');
    t.equal((await idler.reply(tag)).status, 'OK');
  });

  t.test('without a mailbox, and ended by something else', async (t) => {
    const third = await loginImap(t, server, anna);
    const tag = third.begin('IDLE');
    await third.response();
    third.send('DONE\r\n');
    t.equal((await third.reply(tag)).status, 'OK');
    const wrong = third.begin('IDLE');
    await third.response();
    third.send('NOOP\r\n');
    t.equal((await third.reply(wrong)).status, 'BAD');
    t.equal((await third.run('IDLE now')).status, 'BAD');
  });

  t.test('DONE may be on its way before the server has answered', async (t) => {
    idler.send('p1 IDLE\r\nDONE\r\np2 NOOP\r\n');
    t.equal((await idler.reply('p1')).status, 'OK');
    t.equal((await idler.reply('p2')).status, 'OK');
  });
});

t.test('nothing is told by an IDLE that is over', async (t) => {
  const announced: boolean[] = [];
  let refreshed = (): void => {};
  let stale = true;
  const session = {
    stream: { crowded: false, write: () => {}, flush: () => {}, interrupt: () => {}, line: async () => 'DONE' },
    get hasStaleContexts() {
      return stale;
    },
    refreshContexts: () =>
      new Promise<void>((resolve) => {
        refreshed = resolve;
      }),
    announce: (expunges: boolean) => announced.push(expunges),
  } as unknown as ImapSession;
  const command = { tag: 't', name: 'IDLE', arguments: new Arguments(''), message: undefined };
  t.equal(await idle.run(session, command), 'Awake.');
  stale = false;
  refreshed();
  await new Promise(setImmediate);
  t.strictSame(announced, []);
});
