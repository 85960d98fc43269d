/** LIST and its extensions, LSUB, NAMESPACE. RFC 3501 §6.3.8, §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 3348, RFC 2342. */
import t from 'tap';
import { IMAP_PORTS, loginImap } from '../../../support/imap.ts';
import { startServer } from '../../../support/server.ts';

t.test('LIST', async (t) => {
  const server = await startServer(t, { environment: IMAP_PORTS });
  const anna = await server.addUser('anna');
  const client = await loginImap(t, server, anna);

  await t.test('a new account', async (t) => {
    t.same((await client.ok('LIST "" "*"')).untagged, [
      'LIST (\\HasNoChildren \\Archive) "/" Archive',
      'LIST (\\HasNoChildren \\Drafts) "/" Drafts',
      'LIST (\\HasNoChildren) "/" INBOX',
      'LIST (\\HasNoChildren \\Junk) "/" Junk',
      'LIST (\\HasNoChildren \\Sent) "/" Sent',
      'LIST (\\HasNoChildren \\Trash) "/" Trash',
    ]);
    t.equal((await client.ok('LSUB "" "*"')).untagged.length, 6, 'subscribed');
    t.same((await client.ok('LIST "" ""')).untagged, ['LIST (\\Noselect) "/" ""']);
    t.same((await client.ok('NAMESPACE')).untagged, ['NAMESPACE (("" "/")) (("Other users/" "/")) NIL']);
  });

  await client.ok('CREATE work/2020/June');
  await client.ok('SUBSCRIBE work/2020');
  await client.ok('UNSUBSCRIBE Junk');
  await client.ok('SUBSCRIBE missing/child');

  /** The names and attributes of a LIST. */
  const listed = async (command: string) =>
    Object.fromEntries(
      (await client.ok(command)).untagged.map((line) => {
        const [, attributes = '', name = '', more = ''] = /^L\w+ \((.*?)\) "\/" ("[^"]*"|\S+)( .*)?$/.exec(line) ?? [];
        return [name, attributes.replace(/\\Has(No)?Children ?/, '').trim() + more];
      }),
    );

  t.test('patterns', async (t) => {
    const names = async (command: string) => Object.keys(await listed(command));
    t.same(await names('LIST "" work%'), ['work']);
    t.same(await names('LIST "" work*'), ['work', 'work/2020', 'work/2020/June']);
    t.same(await names('LIST "" work/%'), ['work/2020']);
    t.same(await names('LIST work/ *'), ['work/2020', 'work/2020/June']);
    t.same(await names('LIST "" inbox'), ['INBOX']);
    t.same(await names('LIST "" WORK'), []);
    t.same(await names('LIST "" %/%'), ['work/2020']);
    t.same(await names('LIST "" (INBOX work/%/J*)'), ['INBOX', 'work/2020/June']);
    t.match((await client.ok('LIST "" work')).untagged, ['LIST (\\HasChildren) "/" work']);
  });

  t.test('LSUB', async (t) => {
    t.same(await listed('LSUB "" work*'), { 'work/2020': '' });
    t.same(await listed('LSUB "" %'), {
      Archive: '',
      Drafts: '',
      INBOX: '',
      Sent: '',
      Trash: '',
      missing: '\\Noselect',
      work: '\\Noselect',
    });
  });

  t.test('XLIST', async (t) => {
    t.same((await client.ok('XLIST "" "%"')).untagged.slice(2, 5), [
      'XLIST (\\HasNoChildren \\Inbox) "/" INBOX',
      'XLIST (\\HasNoChildren \\Junk \\Spam) "/" Junk',
      'XLIST (\\HasNoChildren \\Sent) "/" Sent',
    ]);
  });

  t.test('selection and return options', async (t) => {
    t.same(await listed('LIST (SUBSCRIBED) "" *'), {
      Archive: '\\Subscribed \\Archive',
      Drafts: '\\Subscribed \\Drafts',
      INBOX: '\\Subscribed',
      Sent: '\\Subscribed \\Sent',
      Trash: '\\Subscribed \\Trash',
      'missing/child': '\\NonExistent \\Subscribed',
      'work/2020': '\\Subscribed',
    });
    t.same(await listed('LIST (SUBSCRIBED RECURSIVEMATCH) "" %'), {
      Archive: '\\Subscribed \\Archive',
      Drafts: '\\Subscribed \\Drafts',
      INBOX: '\\Subscribed',
      Sent: '\\Subscribed \\Sent',
      Trash: '\\Subscribed \\Trash',
      missing: '\\NonExistent ("CHILDINFO" ("SUBSCRIBED"))',
      work: ' ("CHILDINFO" ("SUBSCRIBED"))',
    });
    t.same(Object.keys(await listed('LIST (SPECIAL-USE) "" *')), ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']);
    t.same(await listed('list (subscribed) "" "Trash" return (special-use)'), { Trash: '\\Subscribed \\Trash' });
    t.same(await listed('LIST "" (INBOX Junk) RETURN (SUBSCRIBED CHILDREN)'), {
      INBOX: '\\Subscribed',
      Junk: '\\Junk',
    });
    t.same((await client.ok('LIST "" INBOX RETURN (STATUS (MESSAGES UNSEEN))')).untagged, [
      'LIST (\\HasNoChildren) "/" INBOX',
      'STATUS INBOX (MESSAGES 0 UNSEEN 0)',
    ]);
  });

  t.test('what is no LIST', async (t) => {
    for (const bad of [
      'LIST',
      'LIST ""',
      'LIST "" * more',
      'LIST (NONSENSE) "" *',
      'LIST (RECURSIVEMATCH) "" *',
      'LIST "" * RETURN (NONSENSE)',
      'LIST "" * RETURN (STATUS)',
      'LIST "" ()',
      'LSUB "" (a b)',
      'NAMESPACE x',
    ])
      t.equal((await client.run(bad)).status, 'BAD', bad);
  });
});
