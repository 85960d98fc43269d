/**
 * Postfix (Debian package) in a folder of its own: takes mail over SMTP, hands that for one domain to an LMTP server, and
 * the rest to a mail server behind it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './server-process.ts';

export interface Postfix {
  readonly port: number;
  /** `postfix COMMAND`: stop, start, flush. @throws Error with what it said */
  run(command: 'stop' | 'start' | 'flush'): void;
  stop(): void;
}

export interface PostfixOptions {
  /** Port of the LMTP server that has the mailboxes of `domain`. */
  readonly lmtp: number;
  readonly domain: string;
  /** Port of the mail server that takes everything else; without it, Postfix looks for the servers of each domain. */
  readonly relay?: number;
}

/** Services of Debian's master.cf without the public ones, and without chroot, which would want a prepared folder. */
const MASTER = `
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
`;

/** Starts it below a folder that others may enter. */
export async function startPostfix(base: string, { lmtp, domain, relay }: PostfixOptions): Promise<Postfix> {
  const port = await freePort();
  const folder = join(base, 'postfix');
  for (const name of ['', 'conf', 'queue', 'data']) mkdirSync(join(folder, name));
  const conf = join(folder, 'conf');
  writeFileSync(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
myhostname = bench.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
virtual_mailbox_domains = ${domain}
virtual_transport = lmtp:inet:127.0.0.1:${lmtp}
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = none
smtp_tls_security_level = may
smtputf8_enable = yes
minimal_backoff_time = 5s
queue_run_delay = 5s
${relay === undefined ? '' : `relayhost = [127.0.0.1]:${relay}\n`}`,
  );
  const post = 'postlog unix-dgram n - n - 1 postlogd';
  writeFileSync(join(conf, 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${MASTER}${post}\n`);
  for (const file of readdirSync('/etc/postfix'))
    if (/^(postfix-files|dynamicmaps\.cf)$/.test(file)) copyFileSync(join('/etc/postfix', file), join(conf, file));
  chmodSync(conf, 0o755);
  spawnSync('chown', ['postfix', join(folder, 'data')]);
  const run = (command: 'stop' | 'start' | 'flush') => {
    const { status, stderr } = spawnSync('postfix', ['-c', conf, command], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`postfix ${command}: ${stderr}`);
  };
  run('start');
  if (!existsSync(join(folder, 'queue/pid/master.pid'))) throw new Error('postfix did not start');
  return { port, run, stop: () => run('stop') };
}
