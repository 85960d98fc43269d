/**
 * What clients are set up with, against what their makers publish: configuration profiles against the schemas of
 * apple/device-management, read by Python's plist reader; autoconfig and autodiscover against the elements their documentation
 * names, in its order (neither Mozilla nor Microsoft publishes a schema file).
 * SCHEMAS names a checkout of https://github.com/apple/device-management; without it one is cloned.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { accountProfile, subscriptionProfile } from '../../src/setup/apple-profile.ts';
import { autoconfig } from '../../src/setup/autoconfig.ts';
import { autodiscover } from '../../src/setup/autodiscover.ts';
import { servicesOf } from '../../src/setup/service-records.ts';

const REPOSITORY = 'https://github.com/apple/device-management';

interface Key {
  readonly type: string;
  readonly required: boolean;
  readonly allowed: readonly string[];
}

let failed = 0;
function step(name: string, problems: readonly string[]): void {
  for (const problem of problems) console.log(`FAIL ${name}: ${problem}`);
  if (problems.length === 0) console.log(`ok   ${name}`);
  else failed += 1;
}

function schemasFolder(): { folder: string; done: () => void } {
  const given = process.env['SCHEMAS'];
  if (given !== undefined) return { folder: given, done: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'convene-schemas-'));
  const cloned = spawnSync('git', ['clone', '--depth=1', REPOSITORY, folder], { encoding: 'utf8' });
  if (cloned.status !== 0) throw new Error(`cannot clone ${REPOSITORY}: ${cloned.stderr}`);
  return { folder, done: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The keys of the first level of a schema: its YAML is regular enough to be read line by line. */
function keysOf(path: string): Map<string, Key> {
  const keys = new Map<string, { type: string; required: boolean; allowed: string[] }>();
  let current: { type: string; required: boolean; allowed: string[] } | undefined;
  let list = false;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const key = /^- key: (\S+)/.exec(line)?.[1];
    if (key !== undefined) {
      current = { type: '', required: false, allowed: [] };
      keys.set(key, current);
    }
    if (current === undefined) continue;
    const field = /^ {2}(\w+): ?(.*)$/.exec(line);
    if (field !== null) list = field[1] === 'rangelist';
    if (field?.[1] === 'type') current.type = (field[2] ?? '').replace(/[<>]/g, '');
    if (field?.[1] === 'presence') current.required = field[2] === 'required';
    const value = /^ {2}- (.*)$/.exec(line)?.[1];
    if (list && value !== undefined) current.allowed.push(value.replace(/^'|'$/g, ''));
  }
  return keys;
}

/** The plist as Python reads it. */
function readPlist(text: string): Record<string, unknown> {
  const program = 'import plistlib,json,sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
  const read = spawnSync('python3', ['-c', program], { input: text, encoding: 'utf8' });
  if (read.status !== 0) throw new Error(read.stderr);
  return JSON.parse(read.stdout) as Record<string, unknown>;
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  dictionary: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function problemsOf(payload: Record<string, unknown>, ...schemas: readonly Map<string, Key>[]): string[] {
  const problems: string[] = [];
  const known = new Map(schemas.flatMap((schema) => [...schema]));
  for (const [name, value] of Object.entries(payload)) {
    const key = known.get(name);
    if (key === undefined) problems.push(`${name} is not in the schema`);
    else if (!(TYPES[key.type]?.(value) ?? false))
      problems.push(`${name} is not ${key.type}: ${JSON.stringify(value)}`);
    else if (key.allowed.length > 0 && !key.allowed.includes(String(value)))
      problems.push(`${name} is ${String(value)}, not one of ${key.allowed.join(', ')}`);
  }
  for (const [name, { required }] of known) if (required && !(name in payload)) problems.push(`${name} is missing`);
  return problems;
}

/** Names of elements in document order, each with its depth. */
function outline(xml: string): string[] {
  const read = spawnSync(
    'python3',
    [
      '-c',
      'import sys,xml.etree.ElementTree as E\ndef w(e,p):\n p=p+"/"+e.tag.split("}")[-1]; print(p); [w(c,p) for c in e]\nw(E.fromstring(sys.stdin.read()),"")',
    ],
    { input: xml, encoding: 'utf8' },
  );
  if (read.status !== 0) throw new Error(read.stderr);
  return read.stdout.trim().split('\n');
}

/** Children of an element in the order that is documented; others are a problem. */
function orderProblems(paths: readonly string[], parent: string, order: readonly string[]): string[] {
  const problems: string[] = [];
  let last = -1;
  for (const path of paths) {
    if (path === parent) last = -1;
    if (!path.startsWith(`${parent}/`) || path.slice(parent.length + 1).includes('/')) continue;
    const name = path.slice(parent.length + 1);
    const at = order.indexOf(name);
    if (at === -1) problems.push(`${path} is not documented`);
    else if (at < last) problems.push(`${path} is out of order`);
    last = Math.max(last, at);
  }
  return problems;
}

const folder = mkdtempSync(join(tmpdir(), 'convene-setup-'));
const services = servicesOf(
  readConfig(
    { CONVENE_DATA: folder, CONVENE_PUBLIC_URL: 'https://dav.example.org', CONVENE_DOMAIN: 'example.org' },
    folder,
  ),
);
const { folder: schemas, done } = schemasFolder();
try {
  const schema = (name: string) => keysOf(join(schemas, 'mdm', 'profiles', name));
  const common = schema('CommonPayloadKeys.yaml');
  const owner = { uuid: '0b7bd0c7-9e6f-4a4f-9bb5-5e6dfd0a6c11', displayName: 'Zoë <Q&A>', address: 'zoe@example.org' };
  const profiles = {
    account: accountProfile(owner, services),
    subscription: subscriptionProfile('https://dav.example.org/feeds/x/y.ics', 'Holidays & more'),
  };
  const seen = new Set<string>();
  for (const [name, text] of Object.entries(profiles)) {
    const profile = readPlist(text);
    step(`${name} profile`, problemsOf(profile, schema('TopLevel.yaml')));
    for (const payload of profile['PayloadContent'] as Record<string, unknown>[]) {
      const type = String(payload['PayloadType']);
      step(`${name} profile, ${type}`, problemsOf(payload, common, schema(`${type}.yaml`)));
      const uuid = String(payload['PayloadUUID']);
      const unique = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/.test(uuid) && !seen.has(uuid);
      step(`${name} profile, UUID of ${type}`, unique ? [] : [`${uuid} is no UUID of its own`]);
      seen.add(uuid);
    }
  }

  // https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat, draft-ietf-mailmaint-autoconfig
  const thunderbird = outline(autoconfig('example.org', services));
  const provider = '/clientConfig/emailProvider';
  const server = ['hostname', 'port', 'socketType', 'authentication', 'username'];
  step('autoconfig', [
    ...orderProblems(thunderbird, '/clientConfig', ['emailProvider']),
    ...orderProblems(thunderbird, provider, [
      'domain',
      'displayName',
      'displayShortName',
      'incomingServer',
      'outgoingServer',
      'addressBook',
      'calendar',
    ]),
    ...orderProblems(thunderbird, `${provider}/incomingServer`, server),
    ...orderProblems(thunderbird, `${provider}/outgoingServer`, server),
    ...orderProblems(thunderbird, `${provider}/calendar`, ['username', 'authentication', 'serverURL']),
    ...orderProblems(thunderbird, `${provider}/addressBook`, ['username', 'authentication', 'serverURL']),
    ...(thunderbird.includes(`${provider}/incomingServer`) ? [] : ['no incoming server']),
    ...(thunderbird.includes(`${provider}/outgoingServer`) ? [] : ['no outgoing server']),
  ]);

  // [MS-OXDSCLI] §2.2.4.1.1.2 and its children.
  const outlook = outline(autodiscover('zoe@example.org', services));
  const account = '/Autodiscover/Response/Account';
  const protocol = [
    'Type',
    'Server',
    'Port',
    'LoginName',
    'DomainRequired',
    'SPA',
    'SSL',
    'Encryption',
    'AuthRequired',
    'UsePOPAuth',
    'SMTPLast',
  ];
  step('autodiscover', [
    ...orderProblems(outlook, '/Autodiscover', ['Response']),
    ...orderProblems(outlook, '/Autodiscover/Response', ['User', 'Account']),
    ...orderProblems(outlook, account, ['AccountType', 'Action', 'Protocol']),
    ...orderProblems(outlook, `${account}/Protocol`, protocol),
    ...(outlook.filter((path) => path === `${account}/Protocol`).length >= 2 ? [] : ['not both ways of mail']),
  ]);
} finally {
  done();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
