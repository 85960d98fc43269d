/**
 * Counts the assertions in a TAP stream (version 14: a test that has a block of its own follows it, less indented).
 * usage: node count.mjs FILE STATUS   prints "N passed, N failed"; exits with STATUS, or 1 when something failed.
 * A test without assertions of its own counts as failed when it says so and nothing within it did (a crash, a timeout).
 */
import { readFileSync } from 'node:fs';

/** Returns how many assertions passed and failed. */
export function count(tap) {
  let passed = 0;
  let failed = 0;
  // At each depth: how many points since the last one further out, and whether one of them failed.
  const blocks = [];
  for (const line of tap.split('\n')) {
    const point = /^((?: {4})*)(not )?ok\b(?!.*# (?:SKIP|TODO))/i.exec(line);
    if (point === null) continue;
    const depth = point[1].length / 4;
    const inner = blocks[depth + 1];
    blocks.length = depth + 1;
    blocks[depth] ??= { failed: false };
    const fails = point[2] !== undefined;
    if (fails) blocks[depth].failed = true;
    if (inner === undefined) fails ? failed++ : passed++;
    else if (fails && !inner.failed) failed++;
  }
  return { passed, failed };
}

if (process.argv[1] === import.meta.filename) {
  const [, , file, status] = process.argv;
  let { passed, failed } = count(readFileSync(file, 'utf8'));
  // Type check or lint failed, or the runner itself: there is no TAP that says so.
  if (status !== '0' && failed === 0) failed = 1;
  if (passed === 0 && failed === 0) failed = 1;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? Math.max(1, Number(status) || 1) : 0;
}
