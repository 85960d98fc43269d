/** Adding, importing and removing people; what a new person finds. */
import t from 'tap';
import { DomainError } from '../../../src/errors.ts';
import { foldAddress, parseAddressText, parseName } from '../../../src/principals/addresses.ts';
import { readImport } from '../../../src/principals/import.ts';
import { startServer } from '../../support/server.ts';

t.test('a new person has an address, a calendar, a task list and an address book', async (t) => {
  const { app, store } = await startServer(t);
  const anna = await app.principals.add({ address: ' Anna.B@Example.org ', displayName: 'Anna B', password: 'x' });
  t.match(anna, {
    name: 'anna.b',
    displayName: 'Anna B',
    kind: 'individual',
    role: 'member',
    addresses: ['anna.b@example.org'],
  });
  const calendars = await store.collections.home(anna.id, 'calendars');
  t.match(calendars, [
    { segment: 'calendar', kind: 'calendar', components: 'VEVENT', accountId: anna.id },
    { segment: 'tasks', kind: 'calendar', components: 'VTODO' },
  ]);
  const books = await store.collections.home(anna.id, 'addressbooks');
  t.match(books, [{ segment: 'addressbook', kind: 'addressbook', components: '' }]);
  const names = await Promise.all(
    [...calendars, ...books].map(async ({ id }) => (await store.properties.list('collection', id, anna.id))[0]?.xml),
  );
  t.same(
    names,
    ['Calendar', 'Tasks', 'Inbox', 'Outbox', 'Contacts'].map(
      (name) => `<displayname xmlns="DAV:">${name}</displayname>`,
    ),
  );
});

t.test('the first start founds the organisation with its owner', async (t) => {
  const { app } = await startServer(t);
  t.match(app.founded, { name: 'admin', address: 'admin@example.org' });
  t.match(app.founded?.password, /^[a-z0-9]{5}(-[a-z0-9]{5}){3}$/);
  t.match(await app.principals.list(), [{ name: 'admin', role: 'owner', displayName: 'Administrator' }]);
  await t.rejects(app.principals.remove('admin'), { code: 'forbidden' }, 'the last owner stays');
});

t.test('refusals', async (t) => {
  const { app } = await startServer(t);
  await app.principals.add({ address: 'anna@example.org', password: 'x' });
  await app.organisations.addDomain((await app.organisations.first())!.id, 'Bücher.example');
  const cases: [address: string, name: string | undefined, password: string, code: string][] = [
    ['anna@example.org', 'other', 'x', 'already-exists'],
    ['ANNA@example.org', 'other', 'x', 'already-exists'],
    ['anna@bücher.example', undefined, 'x', 'already-exists'],
    ['bob@nowhere.example', undefined, 'x', 'not-found'],
    ['bob', undefined, 'x', 'invalid-data'],
    ['@example.org', undefined, 'x', 'invalid-data'],
    ['bob@', undefined, 'x', 'invalid-data'],
    ['b ob@example.org', undefined, 'x', 'invalid-data'],
    ['bob..b@example.org', undefined, 'x', 'invalid-data'],
    ['bob+tag@example.org', undefined, 'x', 'invalid-data'],
    ['bob@example.org', '../etc', 'x', 'invalid-data'],
    ['bob@example.org', 'bob', '', 'invalid-data'],
    ['bob@example.org', 'bob', 'x'.repeat(1_025), 'invalid-data'],
    ['bob@example.org', 'bob', 'a\0b', 'invalid-data'],
  ];
  for (const [address, name, password, code] of cases)
    await t.rejects(app.principals.add({ address, name, password }), { code }, `${address} ${name ?? ''}`);
  t.equal(
    (await app.principals.add({ address: 'anna@BÜCHER.example', name: 'anna2', password: 'x' })).addresses[0],
    'anna@xn--bcher-kva.example',
  );
  t.equal(
    (await app.principals.add({ address: 'bob+tag@example.org', name: 'bob', password: 'x' })).name,
    'bob',
    'one byte will do',
  );
  await t.rejects(app.principals.find('nobody'), { code: 'not-found' });
  await t.rejects(app.organisations.addDomain(1, 'example.org'), { code: 'already-exists' });
  await t.rejects(app.organisations.addDomain(1, 'a b'), { code: 'invalid-data' });
});

t.test('who is removed leaves nothing behind', async (t) => {
  const { app, store } = await startServer(t);
  const { id } = await app.principals.add({ address: 'anna@example.org', password: 'x' });
  await app.principals.remove('Anna@Example.org');
  t.equal(await store.principals.get(id), undefined);
  t.same(await store.collections.home(id, 'calendars'), []);
  t.same(await store.credentials.list(id), []);
  const again = await app.principals.add({ address: 'anna@example.org', password: 'x' });
  t.not(again.id, id, 'ids are not used again');
});

t.test('many at once: everything is checked before anything is added', async (t) => {
  const { app } = await startServer(t);
  const problems = await app.principals.addAll([
    { address: 'a@example.org', password: 'x' },
    { address: 'a@example.org', name: 'b', password: 'x' },
    { address: 'c@example.org', name: 'a', password: 'x' },
    { address: 'd@nowhere.example', password: 'x' },
    { address: 'admin@example.org', password: 'x' },
    { address: 'e', password: 'x' },
  ]);
  t.same(
    problems.map(({ index }) => index),
    [1, 2, 3, 4, 5],
  );
  t.equal((await app.principals.list()).length, 1);
  const people = Array.from({ length: 45 }, (_, i) => ({ address: `p${i}@example.org`, password: `pw${i}` }));
  t.same(await app.principals.addAll(people), []);
  t.equal((await app.principals.list()).length, 46);
});

t.test('files', (t) => {
  const ok = readImport(
    '\uFEFFAddress;Name;Display Name;Password\r\nanna@example.org;;"B; Anna";pw\r\n\r\nbob@example.org;bob\r\n',
  );
  t.same(ok.problems, []);
  t.match(ok.rows, [
    { line: 2, address: 'anna@example.org', name: undefined, displayName: 'B; Anna', password: 'pw', generated: false },
    { line: 4, address: 'bob@example.org', name: 'bob', displayName: undefined, generated: true },
  ]);
  const bad: [text: string, line: number, message: RegExp][] = [
    ['', 1, /names the columns/],
    ['a,b\n', 1, /names the columns/],
    ['address,phone\n', 1, /"phone" is not a column/],
    ['address,address\n', 1, /twice/],
    ['address,name\na@b,c,d\n', 2, /3 values under 2 columns/],
    ['address\n"a', 2, /not CSV/],
    [`address\n${'a@b\n'.repeat(10_001)}`, 1, /at most 10000/],
  ];
  for (const [text, line, message] of bad) {
    const { problems } = readImport(text);
    t.match(problems[0]?.message, message, JSON.stringify(text.slice(0, 30)));
    t.equal(problems[0]?.line, line);
  }
  t.end();
});

t.test('names and addresses as text', (t) => {
  t.equal(foldAddress(' A@B.Example '), 'a@b.example');
  t.equal(foldAddress('e\u0301@x.org'), '\u00e9@x.org');
  t.same(parseAddressText('Jörg@example.org'), { local: 'jörg', domain: 'example.org' });
  for (const name of ['a', 'a.b-c_d', '0', 'a'.repeat(64)]) t.equal(parseName(name.toUpperCase()), name);
  for (const name of ['', '.a', 'a.', '-a', 'a..b', 'a/b', 'ä', 'a'.repeat(65), 'a b', '..'])
    t.throws(() => parseName(name), DomainError, name);
  t.end();
});
