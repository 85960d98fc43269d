/**
 * Which rooms a meeting could take at one time: each wish a room of its own, the smallest that does.
 * Pure. Elsewhere: when rooms are free (slots.ts), which rooms exist (src/principals/rooms.ts).
 */

/** A wish for a room: the rooms that would do, as indexes, the best first. */
export interface RoomWish {
  readonly rooms: readonly number[];
}

/** For each wish an index of a free room, no room twice; -1 for wishes that stay open. As many as possible are met. */
export function chooseRooms(wishes: readonly RoomWish[], isFree: (room: number) => boolean): number[] {
  const takenBy = new Map<number, number>();
  const place = (wish: number, tried: Set<number>): boolean => {
    const free = wishes[wish]!.rooms.filter((room) => !tried.has(room) && isFree(room));
    const open = free.find((room) => !takenBy.has(room));
    if (open !== undefined) {
      takenBy.set(open, wish);
      return true;
    }
    for (const room of free) {
      if (tried.has(room)) continue;
      tried.add(room);
      if (!place(takenBy.get(room)!, tried)) continue;
      takenBy.set(room, wish);
      return true;
    }
    return false;
  };
  for (let wish = 0; wish < wishes.length; wish++) place(wish, new Set());
  const chosen = wishes.map(() => -1);
  for (const [room, wish] of takenBy) chosen[wish] = room;
  return chosen;
}
