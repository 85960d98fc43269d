/** The command line, with a running server and without one. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { convene, environmentFor, startProgram } from '../support/program.ts';
import { exchange } from '../support/raw-http.ts';
import { basic } from '../support/server.ts';

t.setTimeout(300_000);
const folder = mkdtempSync(join(tmpdir(), 'convene-test-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('help and usage', async (t) => {
  const environment = environmentFor(join(folder, 'unused'));
  const overview = await convene(['--help'], environment);
  t.equal(overview.code, 0);
  const commands = [
    'serve',
    'user add',
    'user import',
    'user list',
    'user password',
    'user quota',
    'user remove',
    'domain add',
    'domain list',
    'grant',
    'grants',
    'share',
  ];
  const helps = await Promise.all(commands.map((words) => convene([...words.split(' '), '--help'], environment)));
  for (const [i, words] of commands.entries()) {
    t.match(overview.out, `convene ${words}`);
    t.equal(helps[i]?.code, 0, words);
    t.match(helps[i]?.out, `Usage: convene ${words}`);
  }
  const wrong = [['user'], ['user', 'dance'], ['user', 'add'], ['user', 'add', 'a', 'b'], ['user', 'list', '--no']];
  const ended = await Promise.all(wrong.map((words) => convene(words, environment)));
  for (const [i, { code }] of ended.entries()) t.equal(code, 2, String(wrong[i]));
});

type Assertions = Pick<typeof t, 'match' | 'equal'>;

/** The whole set, so that both ways of running it are the same. */
async function everyCommand(t: Assertions, environment: Record<string, string>, people: number): Promise<void> {
  const run = (line: string, input?: string) => convene(line.split(' '), environment, input);
  const given = await run('user add anna@example.org --display-name Anna --password-stdin', 'a b\n');
  t.match(given, { code: 0, out: 'Added anna@example.org; the user name is anna.\n' });
  const made = await run('user add bob@example.org --name robert');
  t.match(made, { code: 0, out: /the user name is robert\.\nPassword: \S{23}\n$/ });
  t.match(await run('user add bob@example.org --name bob2'), { code: 1, err: /bob@example\.org is already taken/ });
  t.match(await run('user add x@nowhere.example'), { code: 1, err: /convene domain add nowhere\.example/ });
  t.match(await run('domain add second.example'), { code: 0, out: 'Added second.example.\n' });
  t.match(await run('domain list'), { code: 0, out: 'example.org\nsecond.example\n' });
  const zone = (await run('dns Second.example')).out;
  for (const line of [
    /^second\.example\. IN MX 10 example\.org\.$/m,
    /^second\.example\. IN TXT "v=spf1 mx -all"$/m,
    /^r\d{8}\._domainkey\.second\.example\. IN TXT "v=DKIM1; k=rsa; p=\S+" "\S+"$/m,
    /^_dmarc\.second\.example\. IN TXT "v=DMARC1; /m,
  ])
    t.match(zone, line);
  t.match(await run('dns nowhere.example'), { code: 1, err: '"nowhere.example" is no domain of this server.\n' });

  const file = join(folder, 'people.csv');
  const rows = Array.from({ length: people }, (_, i) => `p${i}@second.example,,Person ${i},${i === 0 ? '' : `pw${i}`}`);
  writeFileSync(file, `address,name,display name,password\n${rows.join('\n')}\nno-address,,,\n`);
  const refused = await run(`user import ${file}`);
  t.match(refused, { code: 1, err: /people\.csv:\d+: "no-address" is not an address/ });
  writeFileSync(file, `address,name,display name,password\n${rows.join('\n')}\n`);
  const imported = await run(`user import ${file}`);
  t.match(imported, {
    code: 0,
    out: /^address,name,password\np0@second\.example,p0,\S{23}\n$/,
    err: `Added ${people} people.\n`,
  });
  t.match(await run(`user import ${file}-none`), { code: 1, err: /cannot be read/ });

  const listed = await run('user list --json');
  const users = JSON.parse(listed.out);
  t.equal(users.length, people + 3);
  t.match(
    users.find(({ name }: { name: string }) => name === 'robert'),
    {
      name: 'robert',
      displayName: 'robert',
      kind: 'individual',
      role: 'member',
      addresses: ['bob@example.org'],
    },
  );
  t.match((await run('user list')).out, /^NAME .*\nadmin +owner +admin@example\.org +Administrator\nanna /);
  t.match(await run('user password anna --password-stdin', 'x'), { code: 0, out: 'Changed the password of anna.\n' });
  t.match(await run('user password bob@example.org'), { code: 0, out: /Password: \S{23}\n$/ });
  t.match(await run('user password nobody'), { code: 1, err: 'There is no user "nobody".\n' });
  t.match(await run('user quota anna'), { code: 0, out: 'anna uses 0 bytes without a limit.\n' });
  t.match(await run('user quota anna@example.org 1.5G'), { code: 0, out: 'anna uses 0 bytes of 1.5 GB.\n' });
  t.match(await run('user quota anna lots'), { code: 1, err: /^A quota is a size like 500M/ });
  t.match(await run('user quota anna default'), { code: 0, out: 'anna uses 0 bytes without a limit.\n' });
  t.match(await run('user remove Bob@Example.org'), { code: 0, out: /^Removed robert / });
  t.match(await run('user remove robert'), { code: 1 });
  t.match(await run('user remove admin'), { code: 1, err: /only owner/ });
}

t.test('without a server', async (t) => {
  const environment = environmentFor(join(folder, 'alone'));
  const first = await convene(['user', 'list'], environment);
  t.match(first.err, /administrator is admin, password: \S{23}\n/, 'the first command is a first start too');
  await everyCommand(t, environment, 20);
});

t.test('with a running server', async (t) => {
  const environment = environmentFor(join(folder, 'served'));
  const server = await startProgram(environment);
  await everyCommand(t, environment, 120);
  const get = (password: string) =>
    exchange(server.port, [
      `GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${basic('anna', password)}\r\n\r\n`,
    ]);
  t.same((await get('x')).statuses, [404], 'what a command did counts at once');
  await convene(['user', 'password', 'anna', '--password-stdin'], environment, 'y');
  t.same((await get('x')).statuses, [401], 'and ends what was logged in');
  const place = 'calendars/anna/calendar';
  const granted = await convene(['grant', place, 'admin', 'read-write'], environment);
  t.match(granted, { code: 0, out: `admin has read-write on ${place}.\n` });
  t.match(await convene(['grants', place], environment), { code: 0, out: 'admin\tread-write\n' });
  const shared = await convene(['share', place, 'admin@example.org'], environment);
  t.match(shared, { code: 0, out: 'admin@example.org finds it at calendars/admin/anna-calendar.\n' });
  const saved = join(folder, 'saved');
  t.match(await convene(['backup', saved], environment), { code: 0 });
  for (const place of [join(folder, 'served'), saved])
    for (const name of readdirSync(place))
      t.equal(statSync(join(place, name)).mode & 0o077, 0, `${name} in ${place} is for its owner alone`);
  server.process.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
  t.match(await convene(['domain', 'list'], environment), { code: 0, out: 'example.org\nsecond.example\n' });
});

t.test('a path too long for a socket', async (t) => {
  const deep = join(folder, 'd'.repeat(60), 'e'.repeat(60));
  mkdirSync(deep, { recursive: true });
  const environment = environmentFor(deep);
  const server = await startProgram(environment);
  t.match(await convene(['domain', 'list'], environment), { code: 0, out: 'example.org\n' });
  server.process.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
  t.match(await convene(['domain', 'list'], environment), { code: 0, out: 'example.org\n' }, 'and without the server');
});
