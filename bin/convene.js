#!/usr/bin/env node
/**
 * The program `convene`: in a checkout installs and builds what is missing, then runs the command line.
 * Plain JavaScript, because it runs before anything is built.
 */
import { prepare } from './prepare.js';

if (await prepare({ build: true })) {
  const { run } = await import('../dist/src/cli.js');
  process.exit(await run(process.argv.slice(2)));
}
process.exit(1);
