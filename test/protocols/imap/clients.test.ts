/**
 * Sessions in the order in which clients hold them: Apple Mail on macOS and iOS, Thunderbird, Outlook and Microsoft's cloud, the Gmail
 * app. RFC 3501, RFC 9586, RFC 10022.
 */
import t from 'tap';
import { connectImap, IMAP_PORTS, type ImapClient, literal, loginImap } from '../../support/imap.ts';
import { startServer, type TestUser } from '../../support/server.ts';

/** A message as mailers send it: two texts and an attachment. */
function message(subject: string): string {
  return [
    'From: Bert <bert@example.org>',
    'To: anna@example.org',
    `Subject: ${subject}`,
    'Date: Sat, 28 Nov 2026 09:00:00 +0000',
    `Message-ID: <${subject}@example.org>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=outer',
    '',
    '--outer',
    'Content-Type: multipart/alternative; boundary=inner',
    '',
    '--inner',
    'Content-Type: text/plain',
    '',
    `about ${subject}`,
    '--inner',
    'Content-Type: text/html',
    '',
    `<p>about ${subject}</p>`,
    '--inner--',
    '--outer',
    'Content-Type: application/pdf; name=a.pdf',
    'Content-Disposition: attachment; filename=a.pdf',
    'Content-Transfer-Encoding: base64',
    '',
    'JVBERi0=',
    '--outer--',
    '',
  ].join('\r\n');
}

const SUBJECTS = ['apples', 'pears', 'plums', 'cherries'];

t.test('sessions of clients', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  /** Somebody with four messages in INBOX, the first of them read. */
  const somebody = async (name: string): Promise<TestUser> => {
    const user = await server.addUser(name);
    const client = await loginImap(t, server, user);
    for (const subject of SUBJECTS)
      await client.append('INBOX', message(subject), subject === 'apples' ? '(\\Seen) ' : '');
    client.close();
    return user;
  };
  const words = (line: string | undefined): string[] => line?.split(' ') ?? [];

  t.test('Apple Mail on macOS', async (t) => {
    const user = await somebody('mac');
    const client = await connectImap(t, server);
    t.match((await client.ok('CAPABILITY')).untagged[0], / AUTH=PLAIN( |$)/);
    t.match((await client.ok('ID ("name" "Mac OS X Mail" "version" "16.0")')).untagged, [/^ID \("name" "Convene"/]);
    const { text } = await client.login(user);
    t.match(text, /^\[CAPABILITY IMAP4rev1 .*\bIDLE\b/, 'capabilities in the answer to LOGIN');
    t.same((await client.ok('LIST "" ""')).untagged, ['LIST (\\Noselect) "/" ""']);
    const { untagged: listed } = await client.ok('LIST "" "*"');
    for (const use of ['\\Drafts', '\\Sent', '\\Junk', '\\Trash', '\\Archive'])
      t.equal(listed.filter((line) => line.includes(use)).length, 1, use);
    t.equal((await client.ok('LSUB "" "*"')).untagged.length, listed.length);
    t.match((await client.ok('NAMESPACE')).untagged, [/^NAMESPACE \(\("" "\/"\)\)/]);
    t.ok((await client.ok('SELECT INBOX')).untagged.includes('4 EXISTS'));
    t.equal((await client.ok('FETCH 1:4 (FLAGS UID)')).untagged.length, 4);
    t.same((await client.ok('UID SEARCH 1:* NOT DELETED')).untagged, ['SEARCH 1 2 3 4']);
    t.same((await client.ok('UID SEARCH 1:* DELETED')).untagged, ['SEARCH']);
    t.same((await client.ok('UID SEARCH RETURN (ALL) DELETED')).untagged, [`ESEARCH (TAG "${client.tag}") UID`]);
    const nested = '(OR FROM "plums" (OR SUBJECT "plums" (OR TO "plums" (OR CC "plums" BODY "plums")))) NOT DELETED';
    for (const charset of ['', 'CHARSET UTF-8 '])
      t.same((await client.ok(`UID SEARCH ${charset}${nested}`)).untagged, ['SEARCH 3'], charset);
    const items =
      '(BODYSTRUCTURE ENVELOPE FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)] UID MODSEQ)';
    const { untagged: whole } = await client.ok(`UID FETCH 1:4 ${items} (CHANGEDSINCE 0)`);
    t.equal(
      whole.filter((line) => /^\d FETCH (?=.* ENVELOPE \()(?=.* BODYSTRUCTURE \().* BODY\[HEADER/s.test(line)).length,
      4,
    );
    t.match((await client.ok('UID FETCH 2 (BODY.PEEK[1.2]<0.9> BODY.PEEK[1.2.MIME])')).untagged, [
      'BODY[1.2]<0> {9}\r\n<p>about  BODY[1.2.MIME] {27}\r\nContent-Type: text/html\r\n\r\n)',
    ]);
    t.match(await client.run('UID MOVE 99 Trash'), { status: 'OK', untagged: [] }, 'one that is gone');
    t.match((await client.ok('UID MOVE 4 Trash')).untagged, [/^OK \[COPYUID \d+ 4 1\]/, '4 EXPUNGE']);
    const others: ImapClient[] = [];
    for (let n = 0; n < 10; n++) others.push(await loginImap(t, server, user));
    const idle = client.begin('IDLE');
    t.match(await client.response(), /^\+ /);
    await others[9]?.append('INBOX', message('grapes'));
    t.equal(await client.response(), '* 4 EXISTS');
    client.send('DONE\r\n');
    t.equal((await client.reply(idle)).status, 'OK');
  });

  t.test('Apple Mail on iOS', async (t) => {
    const user = await somebody('phone');
    const client = await loginImap(t, server, user);
    const announced = words((await client.ok('CAPABILITY')).untagged[0]);
    for (const word of ['ENABLE', 'ESEARCH', 'PARTIAL', 'UIDONLY', 'UIDBATCHES', 'QRESYNC', 'MOVE', 'UIDPLUS'])
      t.ok(announced.includes(word), word);
    t.match((await client.ok('ENABLE QRESYNC UIDONLY')).untagged, ['ENABLED QRESYNC UIDONLY']);
    const { untagged: opened } = await client.ok('SELECT INBOX (CONDSTORE)');
    t.notOk(opened.some((line) => line.includes('UNSEEN')));
    const [, validity] = /UIDVALIDITY (\d+)/.exec(opened.join()) ?? [];
    const [, modseq] = /HIGHESTMODSEQ (\d+)/.exec(opened.join()) ?? [];
    const { untagged: batches } = await client.ok('UIDBATCHES 2000 1:1');
    t.same(batches, [`UIDBATCHES (TAG "${client.tag}") 4:1`]);
    const { untagged: found } = await client.ok('UID SEARCH RETURN (COUNT PARTIAL -1:-2) UID 4:1 UNDELETED');
    t.same(found, [`ESEARCH (TAG "${client.tag}") UID PARTIAL (-1:-2 3:4) COUNT 4`]);
    const { untagged: newest } = await client.ok('UID FETCH 4:1 (FLAGS ENVELOPE) (PARTIAL -1:-2)');
    t.match(newest, [/^3 UIDFETCH \(FLAGS \(.*\) ENVELOPE/, /^4 UIDFETCH/]);
    t.match((await client.ok('UID STORE 4 +FLAGS (\\Seen)')).untagged, [/^4 UIDFETCH \(FLAGS \(\\Seen.*MODSEQ/]);
    t.match((await client.ok('UID MOVE 3 Archive')).untagged, [/^OK \[COPYUID \d+ 3 1\]/, 'VANISHED 3']);
    const draft = (text: string) => `Subject: draft\r\n\r\n${text}\r\n`;
    const uid = await client.append('Drafts', draft('one'), '(\\Draft \\Seen) ');
    await client.ok('SELECT Drafts');
    t.match((await client.ok(`UID REPLACE ${uid} Drafts (\\Draft \\Seen) ${literal(draft('two'))}`)).untagged, [
      /^OK \[APPENDUID \d+ 2\]/,
      'VANISHED 1',
      '1 EXISTS',
      '1 RECENT',
    ]);
    const { untagged: again } = await client.ok(`SELECT INBOX (QRESYNC (${validity} ${modseq} 1:4))`);
    t.ok(again.includes('VANISHED (EARLIER) 3'));
    t.ok(again.some((line) => /^4 UIDFETCH \(FLAGS \(\\Seen.*MODSEQ/.test(line)));
    t.notOk(again.some((line) => / (FETCH|EXPUNGE)\b/.test(line)));
  });

  t.test('Thunderbird', async (t) => {
    const user = await somebody('bird');
    const client = await connectImap(t, server);
    await client.ok('ID ("name" "Thunderbird" "version" "153.7.0")');
    const secret = Buffer.from(`\0${user.name}\0${user.password}`).toString('base64');
    await client.ok(`AUTHENTICATE PLAIN ${secret}`);
    await client.ok('namespace');
    t.ok((await client.ok('list (subscribed) "" "*" return (special-use)')).untagged.length >= 6);
    t.equal((await client.ok('list "" "INBOX"')).untagged.length, 1);
    const opened = await client.ok('select "INBOX"');
    t.match(
      opened.untagged.find((line) => line.includes('PERMANENTFLAGS')),
      '\\*)',
    );
    t.equal((await client.ok('UID fetch 1:* (FLAGS)')).untagged.length, 4);
    const fields = 'From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To';
    t.match((await client.ok(`UID fetch 3:4 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (${fields})])`)).untagged, [
      /^3 FETCH \(UID 3 .*plums/s,
      /^4 FETCH \(UID 4 .*cherries/s,
    ]);
    t.match((await client.ok('UID fetch 3 (UID BODY.PEEK[]<0.65536>)')).untagged[0], /BODY\[\]<0> \{\d+\}/);
    t.match((await client.ok('uid store 2 +FLAGS ($label1 $MDNSent NonJunk)')).untagged.at(-1), '$label1');
    const tag = client.begin('uid SEARCH CHARSET UTF-8 UNDELETED SUBJECT "plums" BODY {7}');
    t.match(await client.response(), /^\+ /);
    client.send('about p\r\n');
    t.same((await client.reply(tag)).untagged, ['SEARCH 3']);
    await client.ok('create "Entw&APw-rfe"');
    await client.ok('subscribe "Entw&APw-rfe"');
    await client.ok('rename "Entw&APw-rfe" "Archive/2026"');
    await client.append('"Drafts"', message('draft'), '(\\Draft) ');
    t.match((await client.ok('uid move 2 "Archive/2026"')).untagged[0], /COPYUID \d+ 2 1/);
  });

  t.test('Outlook and Microsoft’s cloud', async (t) => {
    const user = await somebody('office');
    const client = await loginImap(t, server, user);
    t.ok(words((await client.ok('CAPABILITY')).untagged[0]).includes('XLIST'));
    const { untagged: listed } = await client.ok('XLIST "" "*"');
    for (const use of ['\\Inbox', '\\Sent', '\\Drafts', '\\Trash', '\\Spam', '\\Junk'])
      t.equal(listed.filter((line) => words(line.replace(/[()]/g, ' ')).includes(use)).length, 1, use);
    await client.ok('SELECT INBOX');
    t.equal((await client.ok('UID FETCH 1:* (UID FLAGS)')).untagged.length, 4);
    const long = Array.from({ length: 5_000 }, (_, n) => 2 * n + 1).join(',');
    t.same((await client.ok(`UID FETCH ${long} (UID)`)).untagged, ['1 FETCH (UID 1)', '3 FETCH (UID 3)']);
    await client.ok('UID STORE 3 +FLAGS (\\Deleted)');
    t.match((await client.ok('UID FETCH 3 (FLAGS)')).untagged[0], '\\Deleted', 'without EXPUNGE it stays');
    await client.append('Drafts', message('draft'), '(\\Draft) ');
    for (let cycle = 0; cycle < 5; cycle++) {
      t.ok((await client.ok('LIST "" "*"')).untagged.length >= 6);
      t.ok((await client.ok('SELECT INBOX')).untagged.includes('4 EXISTS'));
    }
  });

  t.test('the Gmail app', async (t) => {
    const user = await somebody('android');
    const client = await loginImap(t, server, user);
    const { untagged: listed } = await client.ok('LIST "" "*"');
    for (const name of ['Sent', 'Drafts', 'Trash', 'Archive']) t.ok(listed.some((line) => line.endsWith(` ${name}`)));
    await client.ok('SELECT INBOX');
    t.same((await client.ok('UID SEARCH 2:4 SINCE 1-Jan-2020')).untagged, ['SEARCH 2 3 4']);
    t.match((await client.ok('UID FETCH 2:4 (UID ENVELOPE BODYSTRUCTURE)')).untagged.length, 3);
    for (const uid of [2, 3, 4])
      t.match((await client.ok(`UID FETCH ${uid} (BODY.PEEK[1.1])`)).untagged[0], `about ${SUBJECTS[uid - 1]}`);
    t.match(await client.append('Sent', message('sent'), '(\\Seen) '), 1);
  });
});
