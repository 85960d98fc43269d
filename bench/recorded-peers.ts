/**
 * The best figure of any other server for each row, and the floor beside which it was measured, in one quiet sitting on one
 * machine: Radicale 3.1.8, Xandikos 0.2.8, Cyrus 3.6.1, sabre/dav 4.7 on nginx and php-fpm; durability on, hashing of
 * passwords off. Absolute figures move with the machine, so rows are compared as (figure ÷ floor) of each sitting.
 */
import type { FloorName } from './floors.ts';

export interface Best {
  readonly opsPerSecond: readonly [value: number, by: string];
  readonly p99Ms: readonly [value: number, by: string];
  readonly cpuMs: readonly [value: number, by: string];
}

/** Row name to the best figures; rows that nobody measured are missing. */
export const BEST: Readonly<Record<string, Best>> = {
  'event.put1': { opsPerSecond: [210, 'sabre'], p99Ms: [7.04, 'cyrus'], cpuMs: [2.62, 'cyrus'] },
  'event.put8': { opsPerSecond: [233, 'cyrus'], p99Ms: [77, 'cyrus'], cpuMs: [2.93, 'sabre'] },
  'event.propfind': { opsPerSecond: [17.4, 'cyrus'], p99Ms: [55.7, 'cyrus'], cpuMs: [49, 'cyrus'] },
  'event.sync': { opsPerSecond: [16.9, 'cyrus'], p99Ms: [57.6, 'cyrus'], cpuMs: [52.1, 'cyrus'] },
  'event.multiget50': { opsPerSecond: [343, 'sabre'], p99Ms: [4.01, 'sabre'], cpuMs: [2.7, 'sabre'] },
  'event.sync10': { opsPerSecond: [515, 'sabre'], p99Ms: [2.62, 'sabre'], cpuMs: [1.75, 'sabre'] },
  'event.month': { opsPerSecond: [6.11, 'sabre'], p99Ms: [252, 'sabre'], cpuMs: [161, 'sabre'] },
  'event.month.expand': { opsPerSecond: [2.85, 'sabre'], p99Ms: [508, 'sabre'], cpuMs: [349, 'sabre'] },
  'event.freebusy': { opsPerSecond: [11.5, 'cyrus'], p99Ms: [143, 'cyrus'], cpuMs: [86.7, 'cyrus'] },
  'event.poll32': { opsPerSecond: [1811, 'sabre'], p99Ms: [22.8, 'sabre'], cpuMs: [0.99, 'sabre'] },
  'card.put1': { opsPerSecond: [261, 'sabre'], p99Ms: [7.73, 'cyrus'], cpuMs: [2.04, 'sabre'] },
  'card.put8': { opsPerSecond: [264, 'sabre'], p99Ms: [104, 'cyrus'], cpuMs: [1.91, 'sabre'] },
  'card.propfind': { opsPerSecond: [13.6, 'cyrus'], p99Ms: [72, 'cyrus'], cpuMs: [57.2, 'cyrus'] },
  'card.sync': { opsPerSecond: [14, 'cyrus'], p99Ms: [70.7, 'cyrus'], cpuMs: [50, 'cyrus'] },
  'card.multiget50': { opsPerSecond: [142, 'sabre'], p99Ms: [9.31, 'sabre'], cpuMs: [4.12, 'cyrus'] },
  'card.email': { opsPerSecond: [5.2, 'cyrus'], p99Ms: [216, 'cyrus'], cpuMs: [181, 'cyrus'] },
};

/** Start to first answer, and proportional memory at rest. */
export const BEST_START_MS = [56.4, 'sabre'] as const;
export const BEST_REST_MB = [26.5, 'radicale'] as const;

/** The floors of that sitting. */
export const QUIET: Readonly<Record<FloorName, { opsPerSecond: number; p99Ms: number; cpuMs: number }>> = {
  disk: { opsPerSecond: 6196, p99Ms: 0.269, cpuMs: 0.07796 },
  commit1: { opsPerSecond: 5160, p99Ms: 0.361, cpuMs: 0.0833 },
  commit8: { opsPerSecond: 35_360, p99Ms: 1.62, cpuMs: 0.01486 },
  list: { opsPerSecond: 70, p99Ms: 16.2, cpuMs: 14.8 },
  objects: { opsPerSecond: 35, p99Ms: 42.2, cpuMs: 32.22 },
  changes: { opsPerSecond: 130_500, p99Ms: 0.0126, cpuMs: 0.01182 },
  http1: { opsPerSecond: 8992, p99Ms: 0.51, cpuMs: 0.1159 },
  http8: { opsPerSecond: 37_230, p99Ms: 2.71, cpuMs: 0.04793 },
  http32: { opsPerSecond: 66_580, p99Ms: 2.09, cpuMs: 0.02712 },
  etags: { opsPerSecond: 837, p99Ms: 6.98, cpuMs: 1.689 },
  events: { opsPerSecond: 162, p99Ms: 12.1, cpuMs: 9.022 },
};

/** The floor that a row is measured against: the work that the row cannot do without. */
export const FLOOR_OF: Readonly<Record<string, FloorName>> = {
  'event.put1': 'commit1',
  'event.put8': 'commit8',
  'event.put32': 'commit8',
  'event.propfind': 'list',
  'event.sync': 'list',
  'event.multiget50': 'http1',
  'event.sync10': 'http1',
  'event.month': 'events',
  'event.month.expand': 'events',
  'event.freebusy': 'http1',
  'event.poll32': 'http32',
  'card.put1': 'commit1',
  'card.put8': 'commit8',
  'card.put32': 'commit8',
  'card.propfind': 'list',
  'card.sync': 'list',
  'card.multiget50': 'http1',
  'card.email': 'http1',
};
