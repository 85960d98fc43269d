/** One computer that keeps calendars or address books in folders and synchronises them with vdirsyncer. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Person } from '../support/server-process.ts';
import { program } from './steps.ts';

export type Kind = 'caldav' | 'carddav';

export class VdirsyncerClient {
  /** Where the collections are, one folder each. */
  readonly folder: string;
  readonly #config: string;
  readonly #extension: string;

  constructor(work: string, name: string, kind: Kind, url: string, person: Person) {
    this.folder = join(work, name, kind);
    this.#extension = kind === 'caldav' ? '.ics' : '.vcf';
    this.#config = join(work, `${name}-${kind}.conf`);
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(
      this.#config,
      `[general]
status_path = "${join(work, 'status', `${name}-${kind}`)}"
[pair one]
a = "folders"
b = "server"
collections = ["from a", "from b"]
conflict_resolution = "b wins"
metadata = ["displayname"${kind === 'caldav' ? ', "color"' : ''}]
[storage folders]
type = "filesystem"
path = "${this.folder}"
fileext = "${this.#extension}"
[storage server]
type = "${kind}"
url = "${url}/"
username = "${person.name}"
password = "${person.password}"
`,
    );
  }

  discover(): Promise<string> {
    return program('vdirsyncer', ['-c', this.#config, 'discover'], { input: 'y\n'.repeat(20) });
  }

  sync(): Promise<string> {
    return program('vdirsyncer', ['-c', this.#config, 'sync']);
  }

  metasync(): Promise<string> {
    return program('vdirsyncer', ['-c', this.#config, 'metasync']);
  }

  collections(): string[] {
    return readdirSync(this.folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  /** File name to octets of one collection. */
  items(collection: string): Map<string, string> {
    const folder = join(this.folder, collection);
    return new Map(
      readdirSync(folder)
        .filter((name) => name.endsWith(this.#extension))
        .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    );
  }

  path(collection: string, name: string): string {
    return join(this.folder, collection, `${name}${this.#extension}`);
  }
}
