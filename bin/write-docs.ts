/** Writes the documents that are made from the sources: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationDocument } from '../src/configuration-document.ts';
import { packageRoot } from '../src/package-root.ts';

writeFileSync(join(packageRoot, 'docs', 'configuration.md'), configurationDocument());
