/**
 * Times at which people and rooms can meet: those that fit, nearest to the wish first; the best compromises when none does.
 * Pure but for yielding: the same question gives the same answer, and no turn of the event loop is held for long.
 * Cost: starts times people, with a byte for each. Elsewhere: the starts (candidate-starts.ts), one calendar (conflicts.ts),
 * rooms (room-choice.ts), whose calendars and who may see them (suggestions.ts).
 */

import { turn } from '../slices.ts';
import { BUSY, type Calendar, FREE, levels, type Shape } from './conflicts.ts';
import { chooseRooms, type RoomWish } from './room-choice.ts';

export interface Person extends Calendar {
  readonly required: boolean;
}

export interface Room extends Calendar {
  /** It can be booked until then. */
  readonly bookableUntil: number;
}

export interface SlotQuestion extends Shape {
  /** Ascending. */
  readonly starts: Float64Array;
  readonly wish: number;
  readonly people: readonly Person[];
  readonly rooms: readonly Room[];
  readonly wishes: readonly RoomWish[];
  readonly limit: number;
}

export interface Slot {
  readonly start: number;
  /** For each wish the index of a room, or -1. */
  readonly rooms: readonly number[];
  /** Required people who cannot, and wishes for rooms that stay open. */
  readonly hindered: number;
}

export interface SlotAnswer {
  /** How many of the starts fit. */
  readonly fitting: number;
  readonly slots: readonly Slot[];
  /** Only when none fits: those with the fewest conflicts. */
  readonly compromises: readonly Slot[];
  /** For each person, and for each wish, how many of the starts it stands in the way of. */
  readonly blockedByPerson: readonly number[];
  readonly blockedByWish: readonly number[];
}

/** Milliseconds of work between two yields. */
const SLICE = 8;

export async function findSlots(question: SlotQuestion): Promise<SlotAnswer> {
  const { starts, wish, people, rooms, wishes, limit } = question;
  const pause = pacer();
  const count = starts.length;
  const hindered = new Uint16Array(count);
  const busy = new Uint16Array(count);
  const optional = new Uint16Array(count);
  const blockedByPerson: number[] = [];
  for (const person of people) {
    const own = levels(starts, person, question);
    let blocked = 0;
    for (let i = 0; i < count; i++) {
      const level = own[i]!;
      if (level === FREE) continue;
      blocked++;
      if (!person.required) optional[i]!++;
      else {
        hindered[i]!++;
        if (level === BUSY) busy[i]!++;
      }
    }
    blockedByPerson.push(blocked);
    await pause();
  }
  const unbuffered = { duration: question.duration, bufferBefore: 0, bufferAfter: 0 };
  const roomLevels: Uint8Array[] = [];
  for (const room of rooms) {
    roomLevels.push(levels(starts, room, unbuffered));
    await pause();
  }
  const blockedByWish = wishes.map(() => 0);
  const chosen: (readonly number[])[] = [];
  let fitting = 0;
  for (let i = 0; i < count; i++) {
    const end = starts[i]! + question.duration;
    const found = chooseRooms(wishes, (room) => roomLevels[room]![i] === FREE && end <= rooms[room]!.bookableUntil);
    chosen.push(found);
    for (let w = 0; w < found.length; w++) {
      if (found[w] !== -1) continue;
      blockedByWish[w]!++;
      hindered[i]!++;
      busy[i]!++;
    }
    if (hindered[i] === 0) fitting++;
    if (i % 64 === 63) await pause();
  }
  const distance = (i: number) => Math.abs(starts[i]! - wish);
  const nearer = (a: number, b: number) => distance(a) - distance(b) || optional[a]! - optional[b]! || a - b;
  const better = (a: number, b: number) =>
    hindered[a]! - hindered[b]! || busy[a]! - busy[b]! || optional[a]! - optional[b]! || nearer(a, b);
  const slot = (i: number): Slot => ({ start: starts[i]!, rooms: chosen[i]!, hindered: hindered[i]! });
  const order = Array.from(starts, (_, i) => i);
  const best = fitting > 0 ? order.filter((i) => hindered[i] === 0).sort(nearer) : order.sort(better);
  const shown = best.slice(0, limit).map(slot);
  return {
    fitting,
    slots: fitting > 0 ? shown : [],
    compromises: fitting > 0 ? [] : shown,
    blockedByPerson,
    blockedByWish,
  };
}

/** Lets others run when enough work was done. */
export function pacer(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE) return;
    await turn();
    since = performance.now();
  };
}
