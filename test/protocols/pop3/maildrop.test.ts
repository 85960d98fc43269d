/** What is read, marked and removed in a maildrop. RFC 1939 §4 to §7, RFC 2449 §8. */
import t from 'tap';
import { connectPop3, fillInbox, POP3_PORTS } from '../../support/pop3.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t, { environment: POP3_PORTS });

function message(subject: string, body: string): string {
  return `From: a@example.org\r\nSubject: ${subject}\r\n\r\n${body}`;
}

t.test('listings, marks, and what QUIT makes of them', async (t) => {
  const anna = await server.addUser('anna');
  const texts = ['one', 'two', 'three'].map((subject) => message(subject, `${subject}\r\n`));
  await fillInbox(server, anna, texts);
  const sizes = texts.map((text) => text.length);
  const total = sizes.reduce((sum, size) => sum + size);

  const client = await connectPop3(t, server);
  t.equal(await client.login(anna), `+OK 3 messages (${total} octets)`);
  t.equal(await client.run('STAT'), `+OK 3 ${total}`);
  t.same(
    await client.lines('LIST'),
    sizes.map((size, index) => `${index + 1} ${size}`),
  );
  t.equal(await client.run('LIST 2'), `+OK 2 ${sizes[1]}`);
  const ids = (await client.lines('UIDL')).map((line) => line.split(' ')[1]!);
  t.equal(new Set(ids).size, 3);
  for (const id of ids) t.match(id, /^[\x21-\x7e]{1,70}$/);
  t.equal(await client.run('UIDL 3'), `+OK 3 ${ids[2]}`);
  t.equal(await client.octets('RETR 2'), texts[1]);

  t.match(await client.run('DELE 1'), /^\+OK/);
  t.match(await client.run('DELE 1'), /^-ERR/, 'it is marked already');
  for (const command of ['LIST 1', 'UIDL 1', 'RETR 1', 'TOP 1 0']) t.match(await client.run(command), /^-ERR/, command);
  t.equal(await client.run('STAT'), `+OK 2 ${total - sizes[0]!}`);
  t.same(await client.lines('LIST'), [`2 ${sizes[1]}`, `3 ${sizes[2]}`], 'numbers stay');
  t.match(await client.run('RSET'), /^\+OK/);
  t.equal(await client.run('STAT'), `+OK 3 ${total}`);
  t.match(await client.run('NOOP'), /^\+OK/);
  await client.run('DELE 1');
  await client.run('DELE 3');
  t.match(await client.run('QUIT'), /^\+OK/);
  await client.rest();

  const again = await connectPop3(t, server);
  await again.login(anna);
  t.same(await again.lines('UIDL'), [`1 ${ids[1]}`], 'what was not marked is here, under its id');
  const { mail, store } = server.app;
  const row = (await store.principals.get(anna.id))!;
  const inbox = await mail.mailboxes.find({ ...row, addresses: [] }, 'INBOX');
  t.match(await mail.mailboxes.status(inbox), { messages: 1, unseen: 0, deleted: 0 }, 'what was sent is \\Seen');
});

t.test('nothing is removed without QUIT', async (t) => {
  const bert = await server.addUser('bert');
  await fillInbox(server, bert, [message('kept', 'x\r\n'), message('kept too', 'x\r\n')]);
  const client = await connectPop3(t, server);
  await client.login(bert);
  await client.run('DELE 1');
  await client.run('DELE 2');
  client.destroy();

  let next = await connectPop3(t, server);
  // The server may not have noticed yet.
  for (let tries = 0; (await next.login(bert)).startsWith('-ERR [IN-USE]') && tries < 50; tries++) {
    next.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    next = await connectPop3(t, server);
  }
  t.match(await next.run('STAT'), /^\+OK 2 /);
  await next.run('DELE 1');
  next.send('QUI');
  next.destroy();
  const { mail, store } = server.app;
  const row = (await store.principals.get(bert.id))!;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const inbox = await mail.mailboxes.find({ ...row, addresses: [] }, 'INBOX');
  t.match(await mail.mailboxes.status(inbox), { messages: 2 });
});

t.test('one session has a maildrop; messages that come meanwhile are for the next', async (t) => {
  const cleo = await server.addUser('cleo');
  await fillInbox(server, cleo, [message('first', 'x\r\n')]);
  const client = await connectPop3(t, server);
  await client.login(cleo);
  const second = await connectPop3(t, server, { tls: true });
  t.match(await second.login(cleo), /^-ERR \[IN-USE\] /, 'through the other listener too');
  t.match(await second.run('STAT'), /^-ERR/);
  const [, later] = await fillInbox(server, cleo, [message('second', 'x\r\n'), message('third', 'x\r\n')]);
  t.match(await client.run('STAT'), /^\+OK 1 /);
  t.match(await client.run('RETR 2'), /^-ERR/);
  await client.run('QUIT');
  await client.rest();
  t.match(await second.login(cleo), /^\+OK 3 /);
  t.match(await second.run('UIDL 3'), new RegExp(`^\\+OK 3 \\d+\\.${later}$`));
});

t.test('messages that another client took away', async (t) => {
  const dora = await server.addUser('dora');
  await fillInbox(server, dora, [message('first', 'x\r\n'), message('second', 'y\r\n')]);
  const client = await connectPop3(t, server);
  await client.login(dora);
  const { mail, store } = server.app;
  const viewer = { ...(await store.principals.get(dora.id))!, addresses: [] };
  const inbox = await mail.mailboxes.find(viewer, 'INBOX');
  const view = await mail.views.open(inbox.id);
  await mail.messages.remove(viewer, view, [[1, 1]]);
  mail.views.release(view);
  t.equal(await client.octets('RETR 2'), message('second', 'y\r\n'), 'numbers stay with their messages');
  const first = await client.run('RETR 1');
  t.match(first, /^-ERR/, 'it is not another message');
  await client.run('DELE 1');
  t.match(await client.run('QUIT'), /^\+OK/, 'gone is gone');
});
