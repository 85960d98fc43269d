/**
 * Wishes for rooms to rooms that would do, with their calendars as the asker may see them.
 * Elsewhere: which one a meeting takes (room-choice.ts), the rooms themselves (src/principals/rooms.ts).
 */
import { DAY, MINUTE } from '../calendar/date-time.ts';
import { maySeePrincipal, type Principal } from '../principals/access.ts';
import { type BookablePrincipal, foldFeatures, type Rooms } from '../principals/rooms.ts';
import { knownOf } from './attendees.ts';
import type { FreeBusy } from './free-busy.ts';
import type { Interval } from './intervals.ts';
import type { RoomWish } from './room-choice.ts';
import { pacer, type Room } from './slots.ts';

/** What somebody wants of a room; what is undefined does not matter. */
export interface WantedRoom {
  readonly capacity?: number;
  readonly features?: readonly string[];
  readonly building?: string;
}

export interface FoundRoom extends Room {
  readonly principal: BookablePrincipal;
}

/** Rooms looked at for one wish: the smallest that do. */
const MAX_ROOMS = 50;

/** The rooms that meet some wish, and for each wish which of them, the smallest first. */
export async function roomsFor(
  { rooms, freeBusy }: { readonly rooms: Rooms; readonly freeBusy: FreeBusy },
  asker: Principal,
  wanted: readonly WantedRoom[],
  duration: number,
  range: Interval,
  now: number,
): Promise<{ rooms: FoundRoom[]; wishes: RoomWish[] }> {
  if (wanted.length === 0) return { rooms: [], wishes: [] };
  const all = (await rooms.list(asker.organisationId)).filter(
    (room) =>
      room.kind === 'room' &&
      maySeePrincipal(asker, room) &&
      room.booking !== 'auto-decline' &&
      (room.longestMinutes === 0 || duration <= room.longestMinutes * MINUTE),
  );
  const pause = pacer();
  const found: FoundRoom[] = [];
  const indexes = new Map<number, number>();
  const wishes: RoomWish[] = [];
  for (const wish of wanted) {
    const fitting: number[] = [];
    for (const room of all) {
      if (fitting.length >= MAX_ROOMS) break;
      if (!suits(room, wish)) continue;
      let index = indexes.get(room.id);
      if (index === undefined) {
        const { timeline } = await knownOf(freeBusy, asker, room, range);
        await pause();
        // A room whose bookings are not known could be taken at any time.
        if (timeline === undefined) continue;
        index = found.length;
        indexes.set(room.id, index);
        const { appointments, unavailable } = timeline;
        const blocks = unavailable.map((period) => ({ ...period, wholeDay: false, objectId: undefined }));
        found.push({
          principal: room,
          appointments: [...appointments, ...blocks].sort((a, b) => a.from - b.from || a.until - b.until),
          closed: [],
          bookableUntil: now + room.horizonDays * DAY,
        });
      }
      fitting.push(index);
    }
    wishes.push({ rooms: fitting });
  }
  return { rooms: found, wishes };
}

function suits(room: BookablePrincipal, { capacity = 0, features = [], building }: WantedRoom): boolean {
  return (
    room.capacity >= capacity &&
    foldFeatures(features).every((feature) => room.features.includes(feature)) &&
    (building === undefined || room.building.toLowerCase() === building.trim().toLowerCase())
  );
}
