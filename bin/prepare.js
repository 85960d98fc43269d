#!/usr/bin/env node
/**
 * Makes a checkout ready to run: installs when node_modules is not what package-lock.json says, builds when dist/ is not made of
 * the sources as they are. Does nothing where there are no sources, as in a container image.
 * Run directly (`node bin/prepare.js`) it installs only: what `npm test` needs. Plain JavaScript, without dependencies.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, '.prepare.lock');
// `npm ci` takes it along with the packages.
const runnerStamp = join(root, 'node_modules', '.tap-built');
const OLDEST_NODE = [20, 19];
const SOURCES = ['src', 'protocols', 'storage'];

/**
 * @param {{ build: boolean }} what
 * @returns {Promise<boolean>} whether everything is ready; if not, a sentence was printed
 */
export async function prepare({ build }) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    process.stderr.write(
      `Convene needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.\n`,
    );
    return false;
  }
  if (!SOURCES.every((folder) => existsSync(join(root, folder))) || !existsSync(join(root, 'tsconfig.build.json')))
    return true;
  if (installed() && runnerBuilt() && loads() && (!build || built())) return true;
  await takeTurn();
  try {
    return (
      (installed() || (await install())) &&
      (runnerBuilt() || (await buildRunner())) &&
      (loads() || (await rebuild())) &&
      (!build || built() || (await compile()))
    );
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Whether every package of the lock file is there in its version, but for those of other platforms. */
function installed() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(
      ([path, { version, optional, peer }]) =>
        path === '' || present[path]?.version === version || (present[path] === undefined && (optional || peer)),
    );
  } catch {
    return false;
  }
}

/** Whether the compiled module fits this version of Node. */
function loads() {
  try {
    const Database = createRequire(join(root, 'package.json'))('better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

async function install() {
  say('Installing what is missing; this takes a minute or two …');
  // The tools of the build are development dependencies, whatever NODE_ENV says. What is there already is kept.
  const fresh = !existsSync(join(root, 'node_modules'));
  const how = fresh ? ['ci'] : ['install', '--no-save'];
  const done = await run(...npm(...how, '--include=dev', '--no-audit', '--no-fund'));
  if (!done)
    say('The installation failed: npm, python3, make and a C++ compiler must be there, and the registry in reach.');
  return done;
}

/** The plugins of package.json that the test runner was last put together for are written beside it. */
function runnerBuilt() {
  try {
    return readFileSync(runnerStamp, 'utf8') === plugins();
  } catch {
    return false;
  }
}

async function buildRunner() {
  const done = await run(
    process.execPath,
    [join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs'), 'build'],
    true,
  );
  if (done) writeFileSync(runnerStamp, plugins());
  else say('The test runner could not be put together: remove node_modules and start again.');
  return done;
}

function plugins() {
  return JSON.stringify(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).tap.plugin);
}

async function rebuild() {
  say(`Compiling for Node.js ${process.versions.node} …`);
  const done = await run(...npm('rebuild', 'better-sqlite3'));
  if (!done || !loads()) say('better-sqlite3 cannot be loaded: remove node_modules and start again.');
  return done && loads();
}

/** Types are checked by `npm test`; here the sources are only turned into JavaScript. */
async function compile() {
  say('Building …');
  const fresh = join(root, 'dist.new');
  rmSync(fresh, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js');
  const stamp = fingerprint();
  if (!(await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', fresh]))) {
    say('The build failed.');
    return false;
  }
  writeFileSync(join(fresh, '.stamp'), stamp);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(root, 'dist'));
  return true;
}

function built() {
  try {
    return readFileSync(join(root, 'dist', '.stamp'), 'utf8') === fingerprint();
  } catch {
    return false;
  }
}

/** Names, sizes and times of all sources. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) note(hash, file);
  for (const folder of SOURCES) {
    const names = readdirSync(join(root, folder), { recursive: true });
    for (const name of names.filter((name) => /\.(?:ts|mjs)$/.test(name)).sort()) note(hash, join(folder, name));
  }
  return hash.digest('hex');
}

function note(hash, file) {
  const { size, mtimeMs } = statSync(join(root, file));
  hash.update(`${file} ${size} ${mtimeMs}\n`);
}

/** Two starts at the same time follow one another; a lock whose process is gone counts for nothing. */
async function takeTurn() {
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waited > 10 && !holderLives()) rmSync(lock, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function holderLives() {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** @returns {[string, string[]]} */
function npm(...words) {
  const script = process.env.npm_execpath;
  return script?.endsWith('npm-cli.js') ? [process.execPath, [script, ...words]] : ['npm', words];
}

/** Runs a program with its output on standard error, so that standard output stays what the command prints. */
function run(program, words, quiet = false) {
  return new Promise((resolve) => {
    const stdio = quiet ? 'ignore' : ['ignore', 2, 2];
    // What a debugger or a test runner put into this process is not meant for the tools.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(program, words, { cwd: root, stdio, env });
    const pass = (signal) => child.kill(signal);
    process.on('SIGTERM', pass);
    child.on('error', () => resolve(false));
    child.on('exit', (code) => {
      process.off('SIGTERM', pass);
      resolve(code === 0);
    });
  });
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await prepare({ build: false })) ? 0 : 1);
