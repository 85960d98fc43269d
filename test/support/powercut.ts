/** Power cuts for a child process: compiles powercut.c, gives the environment that preloads it, and sends its commands. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./powercut.c', import.meta.url));

export interface PowerCut {
  /** For the process whose power is to be cut. */
  readonly environment: Readonly<Record<string, string>>;
  /** Loses every unsynced write, or each by chance, and kills the process. */
  cut(mode: 'all' | 'random', seed: number): void;
  /** Lets the n-th sync from now fail with EIO, of any file or of those whose name ends so. */
  failSync(n: number, name?: string): void;
}

let library: string | undefined;

/** The shared library, compiled at first use. */
export function powerCutLibrary(): string {
  if (library !== undefined) return library;
  const path = join(mkdtempSync(join(tmpdir(), 'convene-powercut-')), 'powercut.so');
  const result = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', path, SOURCE, '-ldl', '-lpthread'], {
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`powercut.c does not compile: ${result.stderr || String(result.error)}`);
  library = path;
  return path;
}

/** A power switch for one start of a process that keeps its files in `folder`. */
export function powerCutFor(folder: string): PowerCut {
  const control = `${mkdtempSync(join(tmpdir(), 'convene-powercut-'))}/control`;
  const made = spawnSync('mkfifo', [control], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mkfifo failed: ${made.stderr}`);
  return {
    environment: { LD_PRELOAD: powerCutLibrary(), POWERCUT_FOLDER: folder, POWERCUT_CONTROL: control },
    cut: (mode, seed) => send(control, `cut ${mode} ${seed}\n`),
    failSync: (n, name = '') => send(control, `fail ${n} ${name}\n`),
  };
}

/** Throws ENXIO when no process listens, instead of waiting for one. */
function send(control: string, command: string): void {
  const descriptor = openSync(control, constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(descriptor, command);
  closeSync(descriptor);
}
