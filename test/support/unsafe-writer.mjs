/**
 * A writer that may be careless, to show that the power cut finds carelessness: one commit for each row with the
 * `synchronous` setting of its second argument, the row's number printed when the commit returned.
 */
import { writeSync } from 'node:fs';
import Database from 'better-sqlite3';

const [path, synchronous] = process.argv.slice(2);
const database = new Database(path);
database.pragma(`synchronous = ${synchronous}`);
const insert = database.prepare('INSERT INTO rows VALUES (?, ?)');
const text = 'x'.repeat(1_000);
for (let number = 1; ; number++) {
  insert.run(number, text);
  writeSync(1, `${number}\n`);
}
