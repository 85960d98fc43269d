/** `convene room …` and `convene resource …`: what is booked by inviting it; and who may ask when a person is busy. */
import type { RoomArguments, RoomRecord } from '../administration/room-commands.ts';
import { type Command, type Given, textOption } from './command.ts';
import { columns, listOption } from './times.ts';

const FACTS_USAGE =
  '[--display-name TEXT] [--capacity N] [--features A,B] [--building TEXT] [--booking RULE] [--manager ADDRESS|NAME] [--horizon DAYS] [--longest MINUTES]';
const FACTS_HELP = `  --display-name TEXT        what people see; default: the name
  --capacity N               seats; 0 when that says nothing
  --features A,B             what it has, as people ask for it: video,whiteboard
  --building TEXT            where it is
  --booking RULE             auto-accept (default): who comes first has it
                             approval: free times wait for the manager, taken ones are declined
                             auto-decline: not to be booked
  --manager ADDRESS|NAME     a person or group that sees and changes its calendar; "" for nobody
  --horizon DAYS             how far ahead it can be booked, up to 730; default: 365
  --longest MINUTES          the longest booking; 0 (default) for any`;
const OPTIONS = {
  'display-name': { type: 'string' },
  capacity: { type: 'string' },
  features: { type: 'string' },
  building: { type: 'string' },
  booking: { type: 'string' },
  manager: { type: 'string' },
  horizon: { type: 'string' },
  longest: { type: 'string' },
} as const;

function factsOf(given: Given): RoomArguments {
  return {
    displayName: textOption(given, 'display-name'),
    capacity: textOption(given, 'capacity'),
    features: listOption(textOption(given, 'features')),
    building: textOption(given, 'building'),
    booking: textOption(given, 'booking'),
    manager: textOption(given, 'manager'),
    horizonDays: textOption(given, 'horizon'),
    longestMinutes: textOption(given, 'longest'),
  };
}

/** The same four commands for rooms and for resources. */
function commandsFor(kind: 'room' | 'resource'): Command[] {
  const add: Command = {
    words: `${kind} add`,
    usage: `ADDRESS [--name NAME] ${FACTS_USAGE}`,
    summary: `add a ${kind} that is booked by inviting its address`,
    help: `Its address must be of one of "convene domain list". Nobody signs in as a ${kind}.
  --name NAME                part of all URLs, for ever; default: what stands before the @
${FACTS_HELP}`,
    options: { name: { type: 'string' }, ...OPTIONS },
    positionals: 1,
    async run(given, terminal) {
      const address = given.positionals[0] ?? '';
      const made = { kind, address, name: textOption(given, 'name'), ...factsOf(given) };
      const { name, address: added } = await terminal.call('room.add', made);
      terminal.print(`Added ${added}; the name is ${name}.`);
      return 0;
    },
  };
  const set: Command = {
    words: `${kind} set`,
    usage: `ADDRESS|NAME ${FACTS_USAGE}`,
    summary: `change what is said of a ${kind}`,
    help: `What is not named keeps its value.\n${FACTS_HELP}`,
    options: OPTIONS,
    positionals: 1,
    async run(given, terminal) {
      const changed = await terminal.call('room.set', { kind, room: given.positionals[0] ?? '', ...factsOf(given) });
      terminal.print(`Changed ${changed.name}.`);
      return 0;
    },
  };
  const list: Command = {
    words: `${kind} list`,
    usage: '[--json]',
    summary: `list all ${kind}s, the smallest first`,
    help: '  --json                 a JSON list with everything that is said of them',
    options: { json: { type: 'boolean' } },
    positionals: 0,
    async run(given, terminal) {
      const rooms = await terminal.call('room.list', { kind });
      if (given.values['json'] === true) terminal.print(JSON.stringify(rooms, null, 2));
      else for (const line of columns([HEADINGS, ...rooms.map(row)])) terminal.print(line);
      return 0;
    },
  };
  const remove: Command = {
    words: `${kind} remove`,
    usage: 'ADDRESS|NAME',
    summary: `remove a ${kind} and its bookings`,
    help: `Removes the ${kind} with its calendar, without asking again. There is no way back.`,
    options: {},
    positionals: 1,
    async run(given, terminal) {
      const gone = await terminal.call('room.remove', { kind, room: given.positionals[0] ?? '' });
      terminal.print(`Removed ${gone.name} (${gone.address}) and its bookings.`);
      return 0;
    },
  };
  return [add, set, list, remove];
}

const HEADINGS = ['NAME', 'ADDRESS', 'SEATS', 'BUILDING', 'BOOKING', 'MANAGER', 'FEATURES'];

function row({ name, address, capacity, building, booking, manager, features }: RoomRecord): string[] {
  return [name, address, String(capacity), building || '-', booking, manager ?? '-', features.join(', ')];
}

const freeBusy: Command = {
  words: 'user free-busy',
  usage: 'ADDRESS|NAME [nobody|organisation|everyone]',
  summary: 'show or set who may ask when a person is busy',
  help: `Times only are told, never titles. Without a second word the present choice is shown.
  nobody          only those the person granted it to
  organisation    everybody of the same organisation (the default)
  everyone        also published for anybody at /freebusy/ADDRESS.ifb`,
  options: {},
  positionals: [1, 2],
  async run(given, terminal) {
    const [user = '', sharedWith] = given.positionals;
    const now = await terminal.call('user.free-busy', { user, sharedWith });
    terminal.print(`${now.address}: ${now.sharedWith}`);
    return 0;
  },
};

export const roomCommands: readonly Command[] = [...commandsFor('room'), ...commandsFor('resource'), freeBusy];
