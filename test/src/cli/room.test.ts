/** `convene room …`, `convene resource …` and `convene user free-busy`: their words, and the commands behind them. */
import { parseArgs } from 'node:util';
import t from 'tap';
import { administration, type Commands } from '../../../src/administration/commands.ts';
import { roomCommands } from '../../../src/cli/room.ts';
import { servicesOf } from '../../../src/setup/service-records.ts';
import { startServer } from '../../support/server.ts';

const server = await startServer(t);
const run = administration({ ...server.app, services: () => servicesOf(server.app.config) });
const anna = await server.addUser('anna');
await server.addUser('bert');

/** Runs one line without a process of its own; gives back what it printed, or the message of the refusal. */
async function convene(line: string): Promise<string> {
  const words = line.match(/"[^"]*"|\S+/g)!.map((word) => word.replace(/^"|"$/g, ''));
  const command = roomCommands.find((one) => one.words === words.slice(0, 2).join(' '))!;
  const { values, positionals } = parseArgs({ args: words.slice(2), options: command.options, allowPositionals: true });
  let printed = '';
  const terminal = {
    call: <Name extends keyof Commands>(name: Name, given: unknown) =>
      // As over the socket: as JSON.
      run(name, JSON.parse(JSON.stringify(given))) as Promise<Commands[Name]['result']>,
    readInput: async () => '',
    readFile: async () => '',
    print: (text: string) => {
      printed += `${text}\n`;
    },
    complain: () => {},
  };
  try {
    await command.run({ positionals, values: values as Record<string, string> }, terminal);
    return printed;
  } catch (error) {
    return (error as Error).message;
  }
}

t.test('rooms are added, changed, listed and removed', async (t) => {
  t.equal(
    await convene(
      'room add blue@example.org --display-name "Blue room" --capacity 8 --features Video,Whiteboard --building Main',
    ),
    'Added blue@example.org; the name is blue.\n',
  );
  t.equal(
    await convene('room add green@example.org --name g --capacity 4 --horizon 30 --longest 90'),
    'Added green@example.org; the name is g.\n',
  );
  t.equal(await convene('resource add beamer@example.org'), 'Added beamer@example.org; the name is beamer.\n');
  t.equal(
    await convene('room list'),
    [
      'NAME  ADDRESS            SEATS  BUILDING  BOOKING      MANAGER  FEATURES',
      'g     green@example.org  4      -         auto-accept  -',
      'blue  blue@example.org   8      Main      auto-accept  -        video, whiteboard',
      '',
    ].join('\n'),
  );
  t.equal(
    await convene('room set blue --booking approval --manager bert --features "" --display-name Indigo'),
    'Changed blue.\n',
  );
  const all = JSON.parse(await convene('room list --json'));
  t.match(all[1], {
    kind: 'room',
    name: 'blue',
    displayName: 'Indigo',
    address: 'blue@example.org',
    building: 'Main',
    capacity: 8,
    features: [],
    booking: 'approval',
    manager: 'bert@example.org',
    horizonDays: 365,
    longestMinutes: 0,
  });
  t.match(all[0], { horizonDays: 30, longestMinutes: 90 });
  t.match(await convene('resource list --json'), /"name": "beamer"/);
  t.equal(await convene('room remove beamer'), 'There is no room "beamer".');
  t.equal(await convene('room remove green@example.org'), 'Removed g (green@example.org) and its bookings.\n');
  t.notMatch(await convene('room list'), 'green');
});

t.test('what cannot be said of a room', async (t) => {
  const table: [string, RegExp][] = [
    ['room add blue@example.org', /already taken/],
    ['room add blue@nowhere.example', /not a domain/],
    ['room add x', /address/],
    ['room add r1@example.org --capacity many', /capacity is a whole number/],
    ['room add r1@example.org --capacity 1e9', /capacity is a whole number/],
    ['room add r1@example.org --horizon 0', /horizon is a whole number from 1 to 730/],
    ['room add r1@example.org --longest -1', /whole number|argument/],
    ['room add r1@example.org --booking maybe', /one of auto-accept, approval, auto-decline/],
    ['room add r1@example.org --booking approval', /needs a manager/],
    ['room add r1@example.org --manager nobody', /no person or group "nobody"/],
    ['room add r1@example.org --manager blue', /no person or group "blue"/],
    ['room set blue --manager ""', /needs a manager/],
    ['room set anna --capacity 3', /There is no room or resource "anna"|There is no room "anna"/],
    ['resource set blue --capacity 3', /There is no resource "blue"/],
  ];
  for (const [line, expected] of table) t.match(await convene(line).catch(String), expected, line);
  t.equal(await server.store.principals.byName('r1'), undefined, 'nothing was half made');
});

t.test('the manager sees and changes the calendar, and nobody else does', async (t) => {
  const path = '/dav/calendars/blue/calendar/';
  const bert = { ...anna, name: 'bert', password: 'bert-password' };
  const status = async (user: typeof anna) =>
    (await server.request(user, 'PROPFIND', path, { headers: { Depth: '0' } })).status;
  t.equal(await status(bert), 207);
  t.not(await status(anna), 207);
  await convene('room set blue --manager anna');
  t.equal(await status(anna), 207);
  t.not(await status(bert), 207, 'who managed it before does not any more');
  t.equal(
    (await server.request({ ...anna, name: 'blue', password: '' }, 'PROPFIND', path)).status,
    401,
    'nobody signs in as a room',
  );
});

t.test('who may ask when a person is busy', async (t) => {
  t.equal(await convene('user free-busy anna'), 'anna@example.org: organisation\n');
  t.equal(await convene('user free-busy anna@example.org nobody'), 'anna@example.org: nobody\n');
  t.equal(await convene('user free-busy anna'), 'anna@example.org: nobody\n');
  t.match(await convene('user free-busy anna world'), /one of nobody, organisation, everyone/);
  t.match(await convene('user free-busy nobody'), /no user "nobody"/);
});
