/** The commands behind `convene room …`, `convene resource …` and `convene user free-busy`. */
import type { BookingRule, FreeBusySharing } from '../../storage/store.ts';
import { DomainError } from '../errors.ts';
import { type FreeBusyChoices, SHARED_WITH } from '../principals/free-busy-sharing.ts';
import type { Principals } from '../principals/principals.ts';
import type { BookablePrincipal, RoomFacts, Rooms } from '../principals/rooms.ts';
import type { Arguments } from './arguments.ts';

/** Everything of a room that an operator may say; numbers as text. */
export interface RoomArguments {
  displayName?: string;
  building?: string;
  capacity?: string;
  features?: string[];
  booking?: string;
  manager?: string;
  horizonDays?: string;
  longestMinutes?: string;
}

export interface RoomRecord {
  readonly kind: string;
  readonly name: string;
  readonly displayName: string;
  readonly address: string;
  readonly building: string;
  readonly capacity: number;
  readonly features: readonly string[];
  readonly booking: BookingRule;
  /** Its primary address; null for nobody. */
  readonly manager: string | null;
  readonly horizonDays: number;
  readonly longestMinutes: number;
}

/** A room, or with `kind: 'resource'` a resource. */
export interface RoomCommands {
  'room.add': { arguments: RoomArguments & { kind: string; address: string; name?: string }; result: RoomRecord };
  'room.set': { arguments: RoomArguments & { kind: string; room: string }; result: RoomRecord };
  'room.list': { arguments: { kind: string }; result: RoomRecord[] };
  'room.remove': { arguments: { kind: string; room: string }; result: { name: string; address: string } };
  'user.free-busy': {
    arguments: { user: string; sharedWith?: string };
    result: { name: string; address: string; sharedWith: FreeBusySharing };
  };
}

export interface RoomServices {
  readonly rooms: Rooms;
  readonly principals: Principals;
  readonly freeBusyChoices: FreeBusyChoices;
}

export function roomCommands({ rooms, principals, freeBusyChoices }: RoomServices) {
  const record = async (room: BookablePrincipal): Promise<RoomRecord> => ({
    kind: room.kind,
    name: room.name,
    displayName: room.displayName,
    address: room.addresses[0] ?? '',
    building: room.building,
    capacity: room.capacity,
    features: room.features,
    booking: room.booking,
    manager: room.managerId === null ? null : await rooms.managerOf(room),
    horizonDays: room.horizonDays,
    longestMinutes: room.longestMinutes,
  });
  return {
    async 'room.add'(given: Arguments) {
      const made = { ...factsOf(given), address: given.text('address'), name: given.optional('name') };
      return record(await rooms.add({ ...made, kind: kindOf(given) }));
    },
    async 'room.set'(given: Arguments) {
      const { name } = await rooms.find(given.text('room'), kindOf(given));
      return record(await rooms.change(name, factsOf(given)));
    },
    async 'room.list'(given: Arguments) {
      const kind = kindOf(given);
      return Promise.all((await rooms.list(0)).filter((room) => room.kind === kind).map(record));
    },
    async 'room.remove'(given: Arguments) {
      const found = await rooms.find(given.text('room'), kindOf(given));
      await principals.remove(found.name);
      return { name: found.name, address: found.addresses[0] ?? '' };
    },
    async 'user.free-busy'(given: Arguments) {
      const principal = await principals.find(given.text('user'));
      const asked = given.optional('sharedWith');
      const sharedWith = SHARED_WITH.find((choice) => choice === asked);
      if (asked !== undefined && sharedWith === undefined)
        throw new DomainError('invalid-data', `Free/busy is shared with one of ${SHARED_WITH.join(', ')}.`);
      if (sharedWith !== undefined) await freeBusyChoices.set(principal, sharedWith);
      const { name, addresses } = principal;
      return { name, address: addresses[0] ?? '', sharedWith: await freeBusyChoices.of(principal) };
    },
  };
}

function kindOf(given: Arguments): 'room' | 'resource' {
  return given.optional('kind') === 'resource' ? 'resource' : 'room';
}

function factsOf(given: Arguments): RoomFacts & { displayName?: string } {
  return {
    displayName: given.optional('displayName'),
    building: given.optional('building'),
    capacity: wholeNumber(given, 'capacity'),
    features: given.texts('features'),
    // Checked where it is used.
    booking: given.optional('booking') as BookingRule | undefined,
    manager: given.optional('manager'),
    horizonDays: wholeNumber(given, 'horizonDays'),
    longestMinutes: wholeNumber(given, 'longestMinutes'),
  };
}

function wholeNumber(given: Arguments, name: string): number | undefined {
  const text = given.optional(name);
  return text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}
