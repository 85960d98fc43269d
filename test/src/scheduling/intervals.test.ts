/** Sets of periods, compared with sets of numbers. */
import fc from 'fast-check';
import t from 'tap';
import { clip, type Interval, intersect, merge, subtract } from '../../../src/scheduling/intervals.ts';

const periods = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 8 }))
    .map(([from, length]) => ({ from, until: from + length })),
  { maxLength: 12 },
);

function members(set: readonly Interval[]): Set<number> {
  const found = new Set<number>();
  for (const { from, until } of set) for (let i = from; i < until; i++) found.add(i);
  return found;
}

function isSet(set: readonly Interval[]): boolean {
  return set.every(({ from, until }, i) => from < until && (i === 0 || set[i - 1]!.until < from));
}

const sorted = (set: Set<number>) => [...set].sort((a, b) => a - b);

t.test('each operation is that on the numbers within', async (t) => {
  fc.assert(
    fc.property(periods, periods, (first, second) => {
      const [a, b] = [merge(first), merge(second)];
      const [inA, inB] = [members(first), members(second)];
      t.strictSame(sorted(members(a)), sorted(inA));
      t.strictSame(
        sorted(members(intersect(a, b))),
        sorted(inA).filter((n) => inB.has(n)),
      );
      t.strictSame(
        sorted(members(subtract(a, b))),
        sorted(inA).filter((n) => !inB.has(n)),
      );
      t.strictSame(
        sorted(members(clip(a, { from: 10, until: 30 }))),
        sorted(inA).filter((n) => n >= 10 && n < 30),
      );
      return [a, b, intersect(a, b), subtract(a, b)].every(isSet);
    }),
    { numRuns: 300 },
  );
});

t.test('100,000 periods take no time', async (t) => {
  const many = Array.from({ length: 100_000 }, (_, i) => ({ from: i * 10, until: i * 10 + 5 }));
  const before = performance.now();
  t.equal(subtract([{ from: 0, until: 2_000_000 }], many).length, 100_000);
  t.equal(intersect(many, many).length, 100_000);
  t.ok(performance.now() - before < 500);
});
