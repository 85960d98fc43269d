/**
 * Assembles the server: store, services, listeners. Everything is built once, here, and given what it needs.
 * The command line uses the same services without listeners (`openServices`).
 * Elsewhere: the process around it (main.ts, cli.ts), the HTTP door (http.ts).
 */

import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { caldav } from '../protocols/caldav/extension.ts';
import { carddav } from '../protocols/carddav/extension.ts';
import { type ControlSocket, serveControl } from '../protocols/control/control-socket.ts';
import type { HomeExtension } from '../protocols/dav/contract.ts';
import { printNotice } from '../protocols/dav/notifications.ts';
import { dav } from '../protocols/dav/plugin.ts';
import { type TlsCertificate, tlsCertificate } from '../protocols/tls-certificate.ts';
import { openStore } from '../storage/open.ts';
import type { ChangeHint, Store } from '../storage/store.ts';
import { administration } from './administration/commands.ts';
import { Attachments } from './calendar/attachments.ts';
import { CalendarObjects } from './calendar/calendar-objects.ts';
import { CalendarQuery } from './calendar/calendar-query.ts';
import { reindexing } from './calendar/reindexing.ts';
import { ChangeBus } from './change-bus.ts';
import { Grants } from './collections/grants.ts';
import { SharedAccess } from './collections/shared-access.ts';
import { Sharing } from './collections/sharing.ts';
import type { Config } from './config.ts';
import { CardSearch } from './contacts/card-search.ts';
import { Cards } from './contacts/cards.ts';
import { createHttp, type Http, type HttpLimits } from './http.ts';
import { Jobs } from './jobs.ts';
import { type FirstStart, firstStart } from './organisations/first-start.ts';
import { Organisations } from './organisations/organisations.ts';
import { packageVersion } from './package-root.ts';
import { Authentication } from './principals/authentication.ts';
import { Directory } from './principals/directory.ts';
import { LoginThrottle } from './principals/login-throttle.ts';
import { PasswordHashing } from './principals/password-hashing.ts';
import { Principals } from './principals/principals.ts';
import { FreeBusy } from './scheduling/free-busy.ts';

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
  readonly access: SharedAccess;
  /** Set when this opening founded the organisation. */
  readonly founded: FirstStart | undefined;
}

export interface App extends Services {
  readonly config: Config;
  readonly bus: ChangeBus;
  readonly jobs: Jobs;
  readonly http: Http['fastify'];
  /** Where the listeners are bound; undefined ones are switched off. */
  readonly addresses: { readonly http: AddressInfo | undefined; readonly https: AddressInfo | undefined };
  readonly tls: TlsCertificate | undefined;
  /** Stops taking work, answers what is in flight, closes the store. */
  close(): Promise<void>;
}

/** Blobs that nobody refers to are deleted when they were not put again for this long. */
const UNREFERENCED_MS = 24 * 60 * 60_000;
const BLOBS_AT_ONCE = 100;

/** Opens the store of a folder with the services on it; founds the organisation in an empty one. */
export async function openServices(config: Config, options: AppOptions = {}): Promise<Services> {
  const now = options.now ?? Date.now;
  const store = await openStore(config.data, { now, version: packageVersion(), onChange: options.onChange });
  try {
    const hashing = new PasswordHashing();
    const authentication = new Authentication(store, hashing, new LoginThrottle(now), now);
    const organisations = new Organisations(store, now, () => authentication.loadDomains());
    const principals = new Principals(store, authentication, hashing, now);
    const founded = await firstStart({ organisations, principals }, config.domain);
    await authentication.loadDomains();
    const directory = new Directory(store);
    const grants = new Grants(store, directory, now);
    const access = new SharedAccess(store, principals, grants, new Sharing(store, directory, printNotice, now));
    return { store, authentication, organisations, principals, access, founded };
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
  let http: Http | undefined;
  let control: ControlSocket | undefined;
  try {
    const tls =
      config.ports.https === undefined
        ? undefined
        : await tlsCertificate(config.tls, config.data, namesOf(config), now());
    http = createHttp({
      config,
      authentication,
      log,
      tls,
      writable: () => store.writable(),
      limits: options.httpLimits,
    });
    await http.fastify.register(dav, { store, now, extensions: davExtensions(store, now) });
    const addresses = await http.listen();
    jobs.add(reindexing(store, now));
    jobs.add({
      name: 'collect-blobs',
      everyMs: 60 * 60_000,
      run: (signal) => collectBlobs(store, now, signal),
    });
    control = await serveControl(config.data, administration(services), (error) =>
      log.error({ err: error }, 'a command failed'),
    );
    const doors = [http, control];
    return {
      ...services,
      config,
      bus,
      jobs,
      http: http.fastify,
      addresses,
      tls,
      async close() {
        await Promise.all([...doors.map((door) => door.close()), jobs.stop()]);
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

function davExtensions(store: Store, now: () => number): HomeExtension[] {
  const calendarObjects = new CalendarObjects(store, now);
  return [
    caldav({
      calendarObjects,
      attachments: new Attachments(store, calendarObjects, now),
      calendarQuery: new CalendarQuery(store),
      freeBusy: new FreeBusy(store),
      now,
    }),
    carddav({ cards: new Cards(store, now), cardSearch: new CardSearch(store) }),
  ];
}

async function collectBlobs(store: Store, now: () => number, signal: AbortSignal): Promise<void> {
  let collected = BLOBS_AT_ONCE;
  while (collected === BLOBS_AT_ONCE && !signal.aborted)
    collected = await store.transaction((write) => write.attachments.collect(now() - UNREFERENCED_MS, BLOBS_AT_ONCE));
  collected = BLOBS_AT_ONCE;
  while (collected === BLOBS_AT_ONCE && !signal.aborted)
    collected = await store.transaction((write) => write.blobs.collect(now() - UNREFERENCED_MS, BLOBS_AT_ONCE));
}

/** Names a self-signed certificate is for. */
function namesOf(config: Config): string[] {
  const publicHost = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  return [...new Set([...publicHost, config.domain, 'localhost', '127.0.0.1', '::1'])];
}
