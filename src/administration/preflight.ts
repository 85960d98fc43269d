/**
 * `convene check`: whether clients and other servers will find this one. Every check ends well, or says what to do.
 * RFC 6764 §3 to §5 (SRV, TXT, well-known addresses), RFC 6186 §3, RFC 6376 §3.6.1; SPF and DMARC records by their first words only.
 * Elsewhere: the network (a Probes, protocols/probes.ts), which records there should be (setup-commands.ts).
 */
import { access, constants, stat, statfs } from 'node:fs/promises';
import type { Config, Listener } from '../config.ts';
import { LISTENERS, portName } from '../config.ts';
import type { Services } from '../setup/service-records.ts';
import type { ZoneRecords } from './setup-commands.ts';

/** What the network says; every question ends by itself within seconds. */
export interface Probes {
  /** Records as texts: MX '10 host', SRV '0 1 443 host', TXT its text, A and AAAA and PTR and CNAME the value. Empty: none. */
  records(name: string, kind: 'A' | 'AAAA' | 'MX' | 'SRV' | 'TXT' | 'CNAME'): Promise<readonly string[]>;
  /** Names of an address. */
  reverse(address: string): Promise<readonly string[]>;
  /** Whether something accepts connections. */
  connects(host: string, port: number): Promise<boolean>;
  /** What a TLS server shows; undefined when none answers. `trusted` by the authorities of this machine, for that name. */
  certificate(host: string, port: number): Promise<{ trusted: boolean; reason: string; validTo: number } | undefined>;
  /** Status and Location of a GET, without following it; undefined when nothing answers. */
  get(url: string): Promise<{ status: number; location: string } | undefined>;
}

export interface Finding {
  readonly state: 'well' | 'note' | 'wrong';
  readonly what: string;
  /** What to do; '' when it is well. */
  readonly remedy: string;
}

const DAY = 86_400_000;
const ROOM = 1024 ** 3;

/** Runs all checks, in order, and gives each as it ends. */
export async function* preflight(
  config: Config,
  zones: readonly ZoneRecords[],
  services: Services,
  probes: Probes,
  now: number,
): AsyncGenerator<Finding> {
  yield* folderChecks(config);
  yield* portChecks(config, probes);
  if (config.publicUrl === undefined) {
    yield note(
      'CONVENE_PUBLIC_URL is not set',
      'Set it to the address people use, like https://dav.example.org, and run this again for names, certificate and addresses.',
    );
    return;
  }
  yield* hostChecks(services.host, probes);
  yield* webChecks(services, probes, now);
  for (const zone of zones) yield* domainChecks(zone, probes);
}

async function* folderChecks({ data, backupFolder, backupHours }: Config): AsyncGenerator<Finding> {
  try {
    await access(data, constants.W_OK);
    const { mode, uid } = await stat(data);
    const own = process.getuid === undefined || process.getuid() === uid;
    if ((mode & 0o077) !== 0) yield wrong(`others may look into ${data}`, `chmod 700 ${data}`);
    else if (own) yield well(`the data folder ${data} is writable and closed to others`);
    else yield note(`the data folder ${data} belongs to another user`, 'Run this command as the user of the server.');
    const { bavail, bsize } = await statfs(data);
    if (bavail * bsize < ROOM)
      yield wrong('less than 1 GB is free on the disk of the data', 'Make room: mail is refused when it is full.');
    else yield well(`${Math.floor((bavail * bsize) / ROOM)} GB are free on the disk of the data`);
  } catch {
    yield wrong(
      `the data folder ${data} cannot be written`,
      `Make it, and give it to the user of the server: chown … ${data}`,
    );
  }
  if (backupHours === 0)
    yield wrong('there are no backups by the clock', 'Set CONVENE_BACKUP_HOURS, or run "convene backup" by cron.');
  else if (backupFolder === undefined)
    yield note(
      'backups lie in the data folder',
      'Set CONVENE_BACKUP_FOLDER to another disk: they are lost with this one.',
    );
  else yield well(`backups go to ${backupFolder}`);
}

async function* portChecks({ host, ports }: Config, probes: Probes): AsyncGenerator<Finding> {
  const here = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const open: Listener[] = [];
  const shut: Listener[] = [];
  for (const listener of LISTENERS) {
    const port = ports[listener];
    if (port === undefined || port === 0) continue;
    ((await probes.connects(listener === 'lmtp' ? '127.0.0.1' : here, port)) ? open : shut).push(listener);
  }
  if (open.length > 0) yield well(`these listeners answer: ${open.map((name) => `${name} ${ports[name]}`).join(', ')}`);
  if (shut.length > 0)
    yield (open.length === 0 ? wrong : note)(
      `these do not answer: ${shut.map((name) => `${name} ${ports[name]}`).join(', ')}`,
      `Start the server, or switch them off: ${shut.map((name) => `${portName(name)}=`).join(' ')}`,
    );
}

async function* hostChecks(host: string, probes: Probes): AsyncGenerator<Finding> {
  const addresses = [...(await probes.records(host, 'A')), ...(await probes.records(host, 'AAAA'))];
  if (addresses.length === 0) {
    yield wrong(`${host} has no address`, `Add an A record for ${host}, and an AAAA record if the machine has IPv6.`);
    return;
  }
  yield well(`${host} is ${addresses.join(', ')}`);
  for (const address of addresses) {
    const names = (await probes.reverse(address)).map((name) => name.toLowerCase());
    if (names.includes(host)) yield well(`the reverse name of ${address} is ${host}`);
    else
      yield note(
        `the reverse name of ${address} is ${names[0] ?? 'not set'}`,
        `Ask whoever gave you the address to set it to ${host}: large mail providers refuse mail without it.`,
      );
  }
}

async function* webChecks(services: Services, probes: Probes, now: number): AsyncGenerator<Finding> {
  const { origin, host, webPort } = services;
  if (!origin.startsWith('https:'))
    yield wrong(`${origin} is not https`, 'Set CONVENE_PUBLIC_URL to https: iOS and macOS take nothing else.');
  else {
    const certificate = await probes.certificate(host, webPort);
    const days = certificate === undefined ? 0 : Math.floor((certificate.validTo - now) / DAY);
    if (certificate === undefined)
      yield wrong(
        `nothing speaks TLS at ${host}:${webPort}`,
        'Open the port in the firewall and publish it to the server or its proxy.',
      );
    else if (!certificate.trusted)
      yield wrong(
        `the certificate at ${host}:${webPort} is not trusted (${certificate.reason})`,
        'Set CONVENE_TLS_CERT and CONVENE_TLS_KEY to a certificate with its whole chain, or let a proxy like Caddy get one.',
      );
    else if (days < 14)
      yield wrong(
        `the certificate at ${host}:${webPort} ends in ${days} days`,
        'Renew it; the server takes new files over by itself.',
      );
    else yield well(`the certificate at ${host}:${webPort} is trusted for ${days} days`);
  }
  for (const service of ['caldav', 'carddav']) {
    const url = `${origin}/.well-known/${service}`;
    const answer = await probes.get(url);
    if (answer !== undefined && answer.status === 301 && answer.location.includes('/dav/'))
      yield well(`${url} leads to ${answer.location}`);
    else
      yield wrong(
        `${url} answers ${answer?.status ?? 'nothing'}`,
        'Let the proxy pass every path to the server, with the Host header and X-Forwarded-Proto.',
      );
  }
  const metrics = await probes.get(`${origin}/metrics`);
  if (metrics?.status === 200)
    yield note(
      '/metrics can be read through the public address',
      'Set CONVENE_METRICS_FROM to the network of your Prometheus only.',
    );
}

async function* domainChecks({ domain, services, senders }: ZoneRecords, probes: Probes): AsyncGenerator<Finding> {
  const missing = await missingLines(services, probes);
  if (missing.length === 0) yield well(`the records of ${domain} are there`);
  else
    yield note(
      `${domain} lacks records by which clients and mail find this server`,
      `Add to its zone:\n    ${missing.join('\n    ')}`,
    );
  const keys = senders.filter((line) => line.includes('._domainkey.'));
  const unpublished = await missingLines(keys, probes);
  if (unpublished.length === 0) yield well(`${domain} publishes the keys that sign its mail`);
  else
    yield note(
      `${domain} does not publish the keys that sign its mail (DKIM)`,
      `Add to its zone:\n    ${unpublished.join('\n    ')}`,
    );
  const texts = await probes.records(domain, 'TXT');
  const spf = texts.filter((text) => /^v=spf1( |$)/i.test(text));
  if (spf.length === 1) yield well(`${domain} has an SPF record`);
  else if (spf.length === 0)
    yield note(`${domain} has no SPF record`, `Add to its zone:\n    ${lineWith('v=spf1', senders)}`);
  else yield wrong(`${domain} has ${spf.length} SPF records`, 'Keep one: with more than one, none counts.');
  const dmarc = await probes.records(`_dmarc.${domain}`, 'TXT');
  if (dmarc.some((text) => /^v=DMARC1/i.test(text))) yield well(`${domain} has a DMARC record`);
  else yield note(`${domain} has no DMARC record`, `Add to its zone:\n    ${lineWith('v=DMARC1', senders)}`);
}

/** Those of some lines that DNS does not know. */
async function missingLines(lines: readonly string[], probes: Probes): Promise<string[]> {
  const missing: string[] = [];
  for (const line of lines) {
    const [, name = '', kind = '', value = ''] = /^(\S+)\. IN (\S+) (.*)$/.exec(line) ?? [];
    const found = await probes.records(name, kind as 'MX' | 'SRV' | 'TXT' | 'CNAME');
    const wanted = kind === 'TXT' ? value.replace(/" "|^"|"$/g, '') : value.replace(/\.$/, '').toLowerCase();
    // Names have no case; the keys of DKIM do.
    if (!found.some((one) => (kind === 'TXT' ? one : one.toLowerCase()) === wanted)) missing.push(line);
  }
  return missing;
}

function lineWith(word: string, lines: readonly string[]): string {
  return lines.find((line) => line.includes(word)) ?? '';
}

function well(what: string): Finding {
  return { state: 'well', what, remedy: '' };
}

function note(what: string, remedy: string): Finding {
  return { state: 'note', what, remedy };
}

function wrong(what: string, remedy: string): Finding {
  return { state: 'wrong', what, remedy };
}
