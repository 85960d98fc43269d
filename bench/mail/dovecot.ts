/** Dovecot (Debian packages dovecot-imapd and dovecot-lmtpd) on sdbox. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/server-process.ts';
import { ImapConnection } from './connections.ts';

export interface Dovecot {
  readonly imap: number;
  readonly lmtp: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** User and group `mail` of Debian. */
const MAIL_ID = 8;

function dovecotSettings(folder: string, imap: number, lmtp: number, password: string): string {
  // Its own advice for speed: log-in processes that serve many. mail_fsync stays as it comes.
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = sdbox:${folder}/mail/%n
mail_uid = ${MAIL_ID}
mail_gid = ${MAIL_ID}
first_valid_uid = ${MAIL_ID}
mail_max_userip_connections = 10000
default_vsz_limit = 1G
auth_username_format = %n
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${MAIL_ID} gid=${MAIL_ID} home=${folder}/mail/%n
}
namespace inbox {
  inbox = yes
}
service imap-login {
  service_count = 0
  process_min_avail = 2
  client_limit = 12000
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = 6000
}
service anvil {
  client_limit = 24000
}
service auth {
  client_limit = 24000
}
service lmtp {
  process_min_avail = 4
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtp}
  }
}
`;
}

/** Starts it; anybody may log in with this password. */
export async function startDovecot(base: string, user: string, password: string): Promise<Dovecot> {
  const folder = join(base, 'dovecot');
  for (const name of ['', 'run', 'state', 'mail']) mkdirSync(join(folder, name));
  chownSync(join(folder, 'mail'), MAIL_ID, MAIL_ID);
  const imap = await freePort();
  const lmtp = await freePort();
  writeFileSync(join(folder, 'dovecot.conf'), dovecotSettings(folder, imap, lmtp, password));
  const child = spawn('dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'inherit' });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`dovecot ended with ${code}; see ${folder}/log`);
  });
  ended.catch(() => {});
  const ready = async () => {
    for (const until = Date.now() + 10_000; ; await sleep(50)) {
      try {
        (await ImapConnection.open(imap, user, password)).close();
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  };
  await Promise.race([ended, ready()]);
  return {
    imap,
    lmtp,
    pid: child.pid ?? 0,
    async stop() {
      const gone = ended.catch(() => {});
      child.kill();
      await gone;
    },
  };
}
