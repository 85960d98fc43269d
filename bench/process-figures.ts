/** CPU time and memory of a process and everything it started, as Linux counts them in /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of /proc/PID/stat are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;

interface Figures {
  readonly parent: number;
  readonly cpuMs: number;
}

function figuresOf(pid: number): Figures | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that ended.
    return {
      parent: Number(fields[1]),
      cpuMs: [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) * TICK_MS,
    };
  } catch {
    return undefined;
  }
}

/** The process and its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = figuresOf(Number(entry))?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i] as number) ?? []));
  return tree;
}

/** CPU milliseconds, user and system, of a process tree since it began. */
export function cpuMs(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + (figuresOf(pid)?.cpuMs ?? 0), 0);
}

/** Memory of a process tree in MB: resident, and proportional (shared pages divided among those that share them). */
export function memoryMb(root: number): { rss: number; pss: number } {
  let rss = 0;
  let pss = 0;
  for (const pid of processTree(root)) {
    let rollup = '';
    try {
      rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    } catch {
      continue;
    }
    rss += Number(/^Rss: +(\d+)/m.exec(rollup)?.[1] ?? 0);
    pss += Number(/^Pss: +(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return { rss: rss / 1024, pss: pss / 1024 };
}
