/** What is measured: Convene as built, Dovecot with Postfix in front, and Cyrus; all durable. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startPostfix } from '../../test/support/postfix.ts';
import { addPeople, BUILT, freePort, people, startServerProcess } from '../../test/support/server-process.ts';
import { startCyrus as startCyrusProcesses } from '../cyrus.ts';
import { startDovecot as startDovecotProcesses } from './dovecot.ts';

export type ServerName = 'convene' | 'dovecot' | 'cyrus';

export interface MailServer {
  readonly name: ServerName;
  readonly imap: number;
  readonly lmtp: number;
  /** Where mail for local people is handed in; missing where nothing takes it. `login` where that needs one. */
  readonly submission?: number;
  readonly login: boolean;
  /** Root of the process tree. */
  readonly pid: number;
  readonly user: string;
  readonly password: string;
  readonly address: string;
  /** People who may log in, `user` among them. */
  readonly people: readonly { readonly name: string; readonly password: string }[];
  stop(): Promise<void>;
}

const PEOPLE = people(200);
const USER = PEOPLE[0]?.name ?? '';
const DOMAIN = 'example.com';
const IDENTITY = { user: USER, password: USER, address: `${USER}@${DOMAIN}` };
/** Peers know one password for everybody: it is not what is measured. */
const PEERS_PEOPLE = PEOPLE.map(({ name }) => ({ name, password: USER }));

export async function startConvene(folder: string): Promise<MailServer> {
  const data = join(folder, 'convene');
  mkdirSync(data);
  addPeople(data, PEOPLE, BUILT);
  const imap = await freePort();
  const lmtp = await freePort();
  const submission = await freePort();
  const server = await startServerProcess({
    data,
    program: BUILT,
    environment: {
      CONVENE_IMAP_PORT: String(imap),
      CONVENE_LMTP_PORT: String(lmtp),
      CONVENE_SUBMISSION_PORT: String(submission),
      CONVENE_SUBMISSION_MESSAGES: '0',
    },
  });
  return {
    name: 'convene',
    imap,
    lmtp,
    submission,
    login: true,
    pid: server.pid,
    ...IDENTITY,
    people: PEOPLE,
    stop: () => server.stop(),
  };
}

export async function startDovecot(base: string): Promise<MailServer> {
  const dovecot = await startDovecotProcesses(base, USER, USER);
  const postfix = await startPostfix(base, { lmtp: dovecot.lmtp, domain: DOMAIN });
  return {
    name: 'dovecot',
    ...dovecot,
    submission: postfix.port,
    login: false,
    ...IDENTITY,
    people: PEERS_PEOPLE,
    async stop() {
      postfix.stop();
      await dovecot.stop();
    },
  };
}

export async function startCyrus(base: string): Promise<MailServer> {
  const cyrus = await startCyrusProcesses(base, PEERS_PEOPLE);
  return { name: 'cyrus', ...cyrus, login: false, ...IDENTITY, people: PEERS_PEOPLE };
}
