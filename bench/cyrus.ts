/**
 * Cyrus (Debian packages cyrus-common, cyrus-caldav and sasl2-bin, and what cyrus-imapd holds): IMAP, LMTP, CalDAV and CardDAV in
 * one folder.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/server-process.ts';
import { acceptsConnections } from './peer-process.ts';
import type { Peer } from './peers.ts';

export interface Cyrus {
  readonly imap: number;
  readonly lmtp: number;
  readonly http: number;
  readonly pid: number;
  readonly startedInMs: number;
  stop(): Promise<void>;
}

/** Where Debian keeps what master starts. */
const BIN = '/usr/lib/cyrus/bin';
/** Debian does not install cyrus-imapd beside dovecot-imapd: this is the folder in which the package was unpacked. */
const IMAPD_BIN = join(process.env.CYRUS_IMAPD ?? '/', BIN);
const READY_MS = 20_000;

function imapdSettings(folder: string): string {
  // Durable as it comes; passwords are compared as they are.
  return `configdirectory: ${folder}/config
partition-default: ${folder}/spool
defaultpartition: default
admins: cyrus
calendar_user_address_set: example.com
altnamespace: yes
unixhierarchysep: yes
allowplaintext: yes
sasl_mech_list: PLAIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${folder}/sasldb2
servername: localhost
httpmodules: caldav carddav
caldav_allowscheduling: on
autocreate_quota: 0
maxlogins_per_host: 0
maxlogins_per_user: 0
reverseacls: yes
sendmail: /bin/true
`;
}

/** Why it cannot be started here; undefined when it can. */
export function cyrusMissing(): string | undefined {
  if (!existsSync(join(BIN, 'httpd'))) return 'install the Debian packages cyrus-common, cyrus-caldav and sasl2-bin';
  if (!existsSync(join(IMAPD_BIN, 'imapd')))
    return 'unpack the Debian package cyrus-imapd (apt-get download, dpkg -x) and name the folder in CYRUS_IMAPD';
  return undefined;
}

/** The first log-in over IMAP makes the inbox, without which a person has no calendars either. */
async function logInOnce(port: number, { name, password }: { name: string; password: string }): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  try {
    socket.write(`1 LOGIN ${name} ${password}\r\n`);
    for await (const piece of socket) {
      said += String(piece);
      if (/^1 /m.test(said)) break;
    }
  } finally {
    socket.destroy();
  }
  if (!/^1 OK/m.test(said)) throw new Error(`${name} cannot log in to Cyrus: ${said}`);
}

/** Starts it with these people, each with their own password. */
export async function startCyrus(
  base: string,
  people: readonly { readonly name: string; readonly password: string }[],
): Promise<Cyrus> {
  const folder = join(base, 'cyrus');
  for (const name of ['', 'config', 'config/socket', 'config/proc', 'config/db', 'spool'])
    mkdirSync(join(folder, name));
  const [imap, lmtp, http] = [await freePort(), await freePort(), await freePort()];
  const imapdConf = join(folder, 'imapd.conf');
  const cyrusConf = join(folder, 'cyrus.conf');
  writeFileSync(imapdConf, imapdSettings(folder));
  writeFileSync(
    cyrusConf,
    `START {
  recover cmd="${BIN}/ctl_cyrusdb -C ${imapdConf} -r"
  idled cmd="${IMAPD_BIN}/idled -C ${imapdConf}"
}
SERVICES {
  imap cmd="${IMAPD_BIN}/imapd -C ${imapdConf}" listen="127.0.0.1:${imap}" prefork=4 maxchild=6000 maxforkrate=0
  http cmd="${BIN}/httpd -C ${imapdConf}" listen="127.0.0.1:${http}" prefork=4 maxchild=100 maxforkrate=0
  lmtp cmd="${BIN}/lmtpd -C ${imapdConf} -a" listen="127.0.0.1:${lmtp}" prefork=4 maxchild=100 maxforkrate=0
}
EVENTS {
}
`,
  );
  for (const { name, password } of people) {
    const made = spawnSync('saslpasswd2', ['-p', '-c', '-f', join(folder, 'sasldb2'), '-u', 'localhost', name], {
      input: password,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`saslpasswd2: ${made.stderr}`);
  }
  spawnSync('chown', ['-R', 'cyrus:mail', folder]);
  const begun = performance.now();
  const child = spawn(
    join(BIN, 'master'),
    ['-C', imapdConf, '-M', cyrusConf, '-p', join(folder, 'config/master.pid')],
    {
      stdio: 'inherit',
    },
  );
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`Cyrus ended with ${code}; syslog knows why`);
  });
  ended.catch(() => {});
  await Promise.race([ended, acceptsConnections(imap, READY_MS)]);
  const startedInMs = performance.now() - begun;
  for (const person of people) await logInOnce(imap, person);
  return {
    imap,
    lmtp,
    http,
    pid: child.pid ?? 0,
    startedInMs,
    async stop() {
      const gone = ended.catch(() => {});
      child.kill();
      await gone;
      await sleep(200);
    },
  };
}

/** The same for the benchmark of DAV: one person. */
export async function startCyrusPeer(base: string): Promise<Peer> {
  // It reads its files as a user of its own.
  chmodSync(base, 0o755);
  const [name, password] = ['user01', 'user01'];
  const cyrus = await startCyrus(base, [{ name, password }]);
  return {
    name: 'Cyrus',
    filled: false,
    scale: 4,
    mostConnections: 32,
    target: {
      port: cyrus.http,
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
      home: `/dav/calendars/user/${name}/`,
      calendar: `/dav/calendars/user/${name}/Default/`,
      addressBook: `/dav/addressbooks/user/${name}/Default/`,
    },
    pid: cyrus.pid,
    startedInMs: cyrus.startedInMs,
    stop: () => cyrus.stop(),
  };
}
