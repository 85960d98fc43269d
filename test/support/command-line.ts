/** The command line straight from source, for processes that tests start. */
import { run } from '../../src/cli.ts';

process.exit(await run(process.argv.slice(2)));
