/**
 * Assembles the server: store, services, listeners. Everything is built once, here, and given what it needs.
 * The command line uses the same services without listeners (`openServices`).
 * Elsewhere: the process around it (main.ts, cli.ts), the HTTP door (http.ts).
 */

import { stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { deletedApi } from '../protocols/api/deleted.ts';
import { devicesApi } from '../protocols/api/devices.ts';
import { feedsApi } from '../protocols/api/feeds.ts';
import { setupLinksApi } from '../protocols/api/setup-links.ts';
import { subscriptionsApi } from '../protocols/api/subscriptions.ts';
import { caldav } from '../protocols/caldav/extension.ts';
import { carddav } from '../protocols/carddav/extension.ts';
import { type ControlSocket, serveControl } from '../protocols/control/control-socket.ts';
import type { DavExtension } from '../protocols/dav/contract.ts';
import { dav } from '../protocols/dav/plugin.ts';
import { feeds } from '../protocols/feeds/plugin.ts';
import { httpClient } from '../protocols/http-client.ts';
import { setup } from '../protocols/setup/plugin.ts';
import { changedCertificate, type TlsCertificate, tlsCertificate } from '../protocols/tls-certificate.ts';
import { openStore } from '../storage/open.ts';
import type { ChangeHint, Store } from '../storage/store.ts';
import { AuditLog } from './administration/audit-log.ts';
import { Backups } from './administration/backups.ts';
import { administration } from './administration/commands.ts';
import { Restoring } from './administration/restoring.ts';
import { CalendarObjects } from './calendar/calendar-objects.ts';
import { CalendarQuery } from './calendar/calendar-query.ts';
import { Feeds } from './calendar/feeds.ts';
import { reindexing } from './calendar/reindexing.ts';
import { Subscriptions } from './calendar/subscriptions.ts';
import { ChangeBus } from './change-bus.ts';
import { RestoringDeleted } from './collections/restoring.ts';
import type { Config } from './config.ts';
import { CardSearch } from './contacts/card-search.ts';
import { Cards } from './contacts/cards.ts';
import { refusingWhenFull } from './full-disk.ts';
import { createHttp, type Http, type HttpLimits } from './http.ts';
import { Jobs } from './jobs.ts';
import { Metrics } from './metrics.ts';
import { type FirstStart, firstStart } from './organisations/first-start.ts';
import { Organisations } from './organisations/organisations.ts';
import { packageVersion } from './package-root.ts';
import { Authentication } from './principals/authentication.ts';
import { DevicePasswords } from './principals/device-passwords.ts';
import { LoginThrottle } from './principals/login-throttle.ts';
import { PasswordHashing } from './principals/password-hashing.ts';
import { Principals } from './principals/principals.ts';
import { sealingOf } from './principals/sealing.ts';
import { SecondFactors } from './principals/second-factor.ts';
import { Sessions } from './principals/sessions.ts';
import { Readiness } from './readiness.ts';
import { FreeBusy } from './scheduling/free-busy.ts';
import { servicesOf } from './setup/service-records.ts';
import { SetupLinks } from './setup/setup-links.ts';
import { signedData } from './setup/signed-data.ts';

export interface AppOptions {
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly log?: pino.Logger;
  readonly httpLimits?: Partial<HttpLimits>;
  readonly onChange?: (hint: ChangeHint) => void;
}

/** What commands and protocols work with. */
export interface Services {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly organisations: Organisations;
  readonly principals: Principals;
  readonly audit: AuditLog;
  readonly secondFactors: SecondFactors;
  readonly devicePasswords: DevicePasswords;
  readonly setupLinks: SetupLinks;
  readonly feeds: Feeds;
  readonly subscriptions: Subscriptions;
  readonly backups: Backups;
  readonly restoring: Restoring;
  readonly deleted: RestoringDeleted;
  /** Set when this opening founded the organisation. */
  readonly founded: FirstStart | undefined;
}

export interface App extends Services {
  readonly config: Config;
  readonly bus: ChangeBus;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly http: Http['fastify'];
  /** Where the listeners are bound; undefined ones are switched off. */
  readonly addresses: { readonly http: AddressInfo | undefined; readonly https: AddressInfo | undefined };
  readonly tls: TlsCertificate | undefined;
  /** Takes the operator's certificate files over when they changed. Returns whether they did. */
  renewCertificate(): boolean;
  /** Stops taking work, answers what is in flight, closes the store. */
  close(): Promise<void>;
}

/** Blobs that nobody refers to are deleted when they were not put again for this long. */
const UNREFERENCED_MS = 24 * 60 * 60_000;
const BLOBS_AT_ONCE = 100;
const PURGED_AT_ONCE = 200;
const DAY_MS = 24 * 60 * 60_000;

/** Opens the store of a folder with the services on it; founds the organisation in an empty one. */
export async function openServices(config: Config, options: AppOptions = {}): Promise<Services> {
  const now = options.now ?? Date.now;
  const store = refusingWhenFull(
    await openStore(config.data, { now, version: packageVersion(), onChange: options.onChange }),
  );
  try {
    const hashing = new PasswordHashing();
    const audit = new AuditLog(store, now);
    const secondFactors = new SecondFactors(store, sealingOf(config.data), now);
    const parts = { secondFactors, audit };
    const authentication = new Authentication(store, hashing, new LoginThrottle(now), now, parts);
    const organisations = new Organisations(store, now, () => authentication.loadDomains());
    const principals = new Principals(store, authentication, hashing, now);
    const founded = await firstStart({ organisations, principals }, config.domain);
    await authentication.loadDomains();
    const fetcher = httpClient({ allowed: config.fetchFrom, program: `Convene/${packageVersion()}` });
    const devicePasswords = new DevicePasswords(store, authentication, audit, now);
    return {
      store,
      authentication,
      organisations,
      principals,
      audit,
      secondFactors,
      devicePasswords,
      setupLinks: new SetupLinks(store, devicePasswords, audit, now),
      feeds: new Feeds(store, new FreeBusy(store), audit, now),
      subscriptions: new Subscriptions(store, fetcher, audit, now),
      backups: new Backups(store, config, packageVersion(), now),
      restoring: new Restoring(store, audit, config.data, now),
      deleted: new RestoringDeleted(store, now),
      founded,
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Starts a server. When it resolves, all listeners are up. */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const now = options.now ?? Date.now;
  const log = options.log ?? pino({ level: 'silent' });
  const bus = new ChangeBus((error) => log.error({ err: error }, 'a subscriber to changes failed'));
  const services = await openServices(config, { ...options, onChange: (hint) => bus.publish(hint) });
  const { store, authentication } = services;
  const jobs = new Jobs(log);
  const metrics = new Metrics();
  let http: Http | undefined;
  let control: ControlSocket | undefined;
  try {
    let tls =
      config.ports.https === undefined
        ? undefined
        : await tlsCertificate(config.tls, config.data, namesOf(config), now());
    const readiness = new Readiness(store, config.data, now);
    nameGauges(metrics, readiness, config.data);
    metrics.gauge('convene_backup_age_seconds', 'Since the newest backup by the clock was made.', () =>
      services.backups.age(),
    );
    const sessions = new Sessions(now);
    authentication.onForget((principalId) => sessions.endAll(principalId));
    http = createHttp({
      config,
      authentication,
      sessions,
      log,
      tls,
      problem: () => readiness.problem(),
      metrics,
      limits: options.httpLimits,
    });
    await http.fastify.register(dav, { store, now, extensions: davExtensions(services, now) });
    await http.fastify.register(subscriptionsApi, { service: services.subscriptions });
    await http.fastify.register(feeds, { service: services.feeds });
    await http.fastify.register(feedsApi, { service: services.feeds });
    await http.fastify.register(deletedApi, { service: services.deleted });
    await http.fastify.register(devicesApi, { ...services, config, sessions });
    const bound: Record<string, number> = {};
    const told = () => servicesOf(config, bound);
    await http.fastify.register(setup, {
      links: services.setupLinks,
      services: told,
      domains: async () => {
        const names = (await services.organisations.domains()).map(({ name }) => name);
        return [config.domain, ...names].filter((name, i, all) => names.includes(name) && all.indexOf(name) === i);
      },
      sign: (profile) => (tls === undefined || tls.selfSigned ? undefined : signedData(profile, tls.cert, tls.key)),
      now,
    });
    await http.fastify.register(setupLinksApi, { links: services.setupLinks, services: told });
    const addresses = await http.listen();
    for (const [name, address] of Object.entries(addresses)) if (address !== undefined) bound[name] = address.port;
    jobs.add(reindexing(store, now));
    jobs.add({
      name: 'collect-blobs',
      everyMs: 60 * 60_000,
      run: (signal) => collectBlobs(store, now, signal),
    });
    const renewCertificate = () => {
      if (config.tls === undefined || tls === undefined) return false;
      const changed = changedCertificate(config.tls, tls);
      if (changed === undefined) return false;
      tls = changed;
      http?.renew(changed);
      log.info({ fingerprint: changed.fingerprint }, 'the certificate was renewed');
      return true;
    };
    jobs.add({ name: 'renew-certificate', everyMs: 60_000, run: async () => void renewCertificate() });
    jobs.add(services.audit.expiry);
    jobs.add(services.backups.schedule);
    jobs.add(services.subscriptions.schedule);
    jobs.add({
      name: 'expire-deleted',
      everyMs: 60 * 60_000,
      run: (signal) => expireDeleted(store, now() - config.deletedKeptDays * DAY_MS, signal),
    });
    jobs.add({ name: 'purge-removed', everyMs: 10 * 60_000, run: (signal) => purgeRemoved(store, signal) });
    const commands = administration({ ...services, services: told });
    control = await serveControl(config.data, commands, (error) => log.error({ err: error }, 'a command failed'));
    const doors = [http, control];
    return {
      ...services,
      config,
      bus,
      jobs,
      metrics,
      http: http.fastify,
      addresses,
      get tls() {
        return tls;
      },
      renewCertificate,
      async close() {
        await Promise.all([...doors.map((door) => door.close()), jobs.stop()]);
        metrics.stop();
        await store.close();
      },
    };
  } catch (error) {
    await http?.close();
    await control?.close();
    await jobs.stop();
    await store.close();
    throw error;
  }
}

function davExtensions({ store, subscriptions }: Services, now: () => number): DavExtension[] {
  const calendarObjects = new CalendarObjects(store, now);
  return [
    caldav({
      calendarObjects,
      calendarQuery: new CalendarQuery(store),
      freeBusy: new FreeBusy(store),
      subscriptions,
      now,
    }),
    carddav({ cards: new Cards(store, now), cardSearch: new CardSearch(store) }),
  ];
}

function nameGauges(metrics: Metrics, readiness: Readiness, folder: string): void {
  const size = async (name: string) => (await stat(join(folder, name))).size;
  metrics.gauge('convene_store_bytes', 'Size of the database.', () => size('convene.sqlite'));
  metrics.gauge('convene_store_log_bytes', 'Size of its write-ahead log.', () => size('convene.sqlite-wal'));
  metrics.gauge('convene_disk_free_bytes', 'Free on the disk of the data.', () => readiness.free());
  metrics.gauge(
    'convene_queue_overdue_seconds',
    'How long the first message of the mail queue has waited past its time.',
    async () => (await readiness.overdue()) / 1000,
  );
}

/** What was deleted before is not kept any longer; purging takes the collections among it. */
export async function expireDeleted(store: Store, before: number, signal: AbortSignal): Promise<void> {
  let gone = PURGED_AT_ONCE;
  while (gone === PURGED_AT_ONCE && !signal.aborted)
    gone = await store.transaction((write) => write.deleted.expire(before, PURGED_AT_ONCE));
}

async function purgeRemoved(store: Store, signal: AbortSignal): Promise<void> {
  let gone = 1;
  while (gone > 0 && !signal.aborted) gone = await store.transaction((write) => write.purge.step(PURGED_AT_ONCE));
}

async function collectBlobs(store: Store, now: () => number, signal: AbortSignal): Promise<void> {
  let collected = BLOBS_AT_ONCE;
  while (collected === BLOBS_AT_ONCE && !signal.aborted)
    collected = await store.transaction((write) => write.blobs.collect(now() - UNREFERENCED_MS, BLOBS_AT_ONCE));
}

/** Names a self-signed certificate is for. */
function namesOf(config: Config): string[] {
  const publicHost = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  return [...new Set([...publicHost, config.domain, 'localhost', '127.0.0.1', '::1'])];
}
