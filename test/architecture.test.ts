/**
 * The rules of the house that a machine can check: the direction of imports, no circles, no rooms without a name,
 * one home for each RFC. docs/architecture.md explains them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = ['src', 'protocols', 'storage'];
/** They assemble the rest; only tests import them. */
const ASSEMBLY = [
  'src/main.ts',
  'src/cli.ts',
  'src/app.ts',
  'src/routes.ts',
  'src/mail-doors.ts',
  'src/services.ts',
  'src/housekeeping.ts',
  'src/http.ts',
];
const isAssembly = (file: string) => ASSEMBLY.includes(file) || file.startsWith('src/cli/');
const NETWORK = /^(fastify|node:(http|https|http2|net|tls|dgram))$/;

function filesIn(folder: string, endings: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => endings.test(name));
}

const files = SOURCE.flatMap((folder) => filesIn(folder, /\.(ts|mjs)$/));
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const found = [
      ...text.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm),
    ];
    return [file, found.map((match) => match[1] ?? match[2] ?? match[3] ?? '')];
  }),
);
const local = (file: string, specifier: string) => relative(root, normalize(join(root, dirname(file), specifier)));
const edges = (file: string) =>
  (imports.get(file) ?? []).filter((specifier) => specifier.startsWith('.')).map((specifier) => local(file, specifier));
const area = (file: string) =>
  file
    .split('/')
    .slice(0, file.startsWith('protocols/') ? 2 : 1)
    .join('/');

t.test('imports point from protocols to src to storage', async (t) => {
  for (const file of files.filter((name) => !isAssembly(name))) {
    for (const target of edges(file)) {
      t.ok(existsSync(join(root, target)), `${file} imports ${target}, which exists`);
      if (isAssembly(target)) t.fail(`${file} imports ${target}, which only assembles`);
      if (file.startsWith('storage/') && !target.startsWith('storage/')) t.fail(`${file} imports ${target}`);
      if (file.startsWith('src/') && target.startsWith('protocols/')) t.fail(`${file} imports ${target}`);
      if (file.startsWith('protocols/') && target.startsWith('storage/') && target !== 'storage/store.ts')
        t.fail(`${file} imports ${target}: protocols know the port of the store, not its tables`);
      const sideways = file.startsWith('protocols/') && target.startsWith('protocols/') && area(target) !== area(file);
      const shared = target.split('/').length === 2;
      const onDav = /^protocols\/(caldav|carddav)$/.test(area(file)) && area(target) === 'protocols/dav';
      if (sideways && !shared && !onDav) t.fail(`${file} imports ${target}: one protocol never imports another`);
    }
  }
});

t.test('only the assembly and the protocols touch the network', async (t) => {
  for (const file of files.filter((name) => !isAssembly(name) && !name.startsWith('protocols/')))
    t.same(
      imports.get(file)?.filter((specifier) => NETWORK.test(specifier)),
      [],
      file,
    );
});

t.test('there are no circles', async (t) => {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      t.fail(`circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      return;
    }
    state.set(file, 'open');
    for (const target of edges(file)) visit(target, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  t.equal(state.size, files.length);
});

t.test('every room has a name', async (t) => {
  for (const file of files) t.notMatch(file, /(^|\/)(utils?|helpers?|common|misc|index)(\/|\.)/);
});

t.test('every RFC that is cited has a row, and every row a home', async (t) => {
  const index = readFileSync(join(root, 'docs/rfc-index.md'), 'utf8');
  const rows = new Map(
    [...index.matchAll(/^\| (\d+) \|([^|]*)\| (Yes|Partial|Planned|No)\b[^|]*\|([^|]*)\|([^|]*)\|/gm)].map((row) => [
      row[1] ?? '',
      { status: row[3] ?? '', home: row[4] ?? '', test: row[5] ?? '' },
    ]),
  );
  t.ok(rows.size > 10, 'the index is read');
  for (const file of files) {
    const cited = readFileSync(join(root, file), 'utf8').matchAll(/\bRFC (\d{3,5})\b/g);
    for (const number of new Set([...cited].map((match) => match[1] ?? '')))
      t.ok(rows.has(number), `${file} cites RFC ${number}, which has a row in docs/rfc-index.md`);
  }
  for (const [number, { status, home, test }] of rows) {
    const paths = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    if (status === 'Yes' || status === 'Partial') t.ok(paths(home).length > 0, `RFC ${number} names its home`);
    if (status === 'Yes') t.ok(paths(test).length > 0, `RFC ${number} names its test`);
    for (const path of [...paths(home), ...paths(test)])
      t.ok(existsSync(join(root, path)), `RFC ${number}: ${path} exists`);
  }
});
