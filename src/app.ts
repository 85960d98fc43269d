/**
 * Assembles the server: store, services, listeners. Everything is built once, here, and given what it needs.
 * The command line uses the same services without listeners (`openServices`).
 * Elsewhere: the process around it (main.ts, cli.ts), the HTTP door (http.ts).
 */

import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { caldav } from '../protocols/caldav/extension.ts';
import { carddav } from '../protocols/carddav/extension.ts';
import { type ControlSocket, serveControl } from '../protocols/control/control-socket.ts';
import type { DavExtension } from '../protocols/dav/contract.ts';
import { dav } from '../protocols/dav/plugin.ts';
import { type ImapListeners, openImap } from '../protocols/imap/listeners.ts';
import type { ImapLimits } from '../protocols/imap/session.ts';
import { openSmtp, type SmtpListeners } from '../protocols/smtp/listeners.ts';
import type { SessionLimits } from '../protocols/smtp/session-limits.ts';
import { smtpTransport, type TransportOptions } from '../protocols/smtp/transport.ts';
import { type TlsCertificate, tlsCertificate } from '../protocols/tls-certificate.ts';
import { openStore } from '../storage/open.ts';
import type { ChangeHint, Store } from '../storage/store.ts';
import { administration } from './administration/commands.ts';
import { CalendarObjects } from './calendar/calendar-objects.ts';
import { CalendarQuery } from './calendar/calendar-query.ts';
import { reindexing } from './calendar/reindexing.ts';
import { ChangeBus } from './change-bus.ts';
import { setDefaultQuota } from './collections/quota.ts';
import type { Config, Listener } from './config.ts';
import { CardSearch } from './contacts/card-search.ts';
import { Cards } from './contacts/cards.ts';
import { createHttp, type Http, type HttpLimits } from './http.ts';
import { Jobs } from './jobs.ts';
import { addMissingMailboxes } from './mail/default-mailboxes.ts';
import { Delivery } from './mail/delivery.ts';
import { LocalRecipients } from './mail/local-recipients.ts';
import { MailboxAcl } from './mail/mailbox-acl.ts';
import { MailboxViews } from './mail/mailbox-views.ts';
import { Mailboxes } from './mail/mailboxes.ts';
import { MessageContents } from './mail/message-contents.ts';
import { MessageSearch } from './mail/message-search.ts';
import { MessageSort } from './mail/message-sort.ts';
import { Messages } from './mail/messages.ts';
import { Outbound } from './mail/outbound.ts';
import { Queue } from './mail/queue.ts';
import { QuotaRoots } from './mail/quota-roots.ts';
import { Reception } from './mail/reception.ts';
import { Signing } from './mail/signing.ts';
import { SortKeyReader } from './mail/sort-keys.ts';
import { Submission } from './mail/submission.ts';
import { TextSearch } from './mail/text-search.ts';
import { DomainKeys } from './organisations/domain-keys.ts';
import { type FirstStart, firstStart } from './organisations/first-start.ts';
import { Organisations } from './organisations/organisations.ts';
import { packageVersion } from './package-root.ts';
import { Aliases } from './principals/aliases.ts';
import { Authentication } from './principals/authentication.ts';
import { Groups } from './principals/groups.ts';
import { LoginThrottle } from './principals/login-throttle.ts';
import { PasswordHashing } from './principals/password-hashing.ts';
import { Principals } from './principals/principals.ts';
import { FreeBusy } from './scheduling/free-busy.ts';

export interface AppOptions {
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly log?: pino.Logger;
  readonly httpLimits?: Partial<HttpLimits>;
  readonly smtpLimits?: Partial<SessionLimits>;
  readonly mailTransport?: Partial<TransportOptions>;
  readonly imapLimits?: Partial<ImapLimits>;
  readonly onChange?: (hint: ChangeHint) => void;
}

/** What commands and protocols work with. */
export interface Services {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly organisations: Organisations;
  readonly principals: Principals;
  readonly aliases: Aliases;
  readonly groups: Groups;
  readonly queue: Queue;
  readonly domainKeys: DomainKeys;
  readonly mail: Mail;
  /** Set when this opening founded the organisation. */
  readonly founded: FirstStart | undefined;
}

/** What the protocols of mail work with. */
export interface Mail {
  readonly views: MailboxViews;
  readonly mailboxes: Mailboxes;
  readonly acl: MailboxAcl;
  readonly quotas: QuotaRoots;
  readonly messages: Messages;
  readonly contents: MessageContents;
  readonly search: MessageSearch;
  readonly sort: MessageSort;
  /** Closed before the store. */
  readonly texts: TextSearch;
  readonly delivery: Delivery;
}

export interface App extends Services {
  readonly config: Config;
  readonly bus: ChangeBus;
  readonly jobs: Jobs;
  readonly outbound: Outbound;
  readonly http: Http['fastify'];
  /** Where the listeners are bound; undefined ones are switched off. */
  readonly addresses: Readonly<Partial<Record<Listener, AddressInfo | undefined>>>;
  readonly tls: TlsCertificate | undefined;
  /** Stops taking work, answers what is in flight, closes the store. */
  close(): Promise<void>;
}

/** Those that speak TLS at once or on request. */
const TLS_LISTENERS: readonly Listener[] = ['https', 'imap', 'imaps', 'submission', 'submissions', 'smtp'];

/** Blobs that nobody refers to are deleted when they were not put again for this long. */
const UNREFERENCED_MS = 24 * 60 * 60_000;
const BLOBS_AT_ONCE = 100;
const PURGED_AT_ONCE = 200;

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
    await setDefaultQuota(store, config.quota);
    await addMissingMailboxes(store, now);
    return {
      store,
      authentication,
      organisations,
      principals,
      aliases: new Aliases(store, principals),
      groups: new Groups(store, principals, now),
      queue: new Queue(store, now),
      domainKeys: new DomainKeys(store, config.mailHostname, now),
      mail: mailOn(store, now),
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
  let http: Http | undefined;
  let control: ControlSocket | undefined;
  let smtp: SmtpListeners | undefined;
  const flow = mailFlowOn(services, config, now, log, options.mailTransport);
  let imap: ImapListeners | undefined;
  try {
    const tls = TLS_LISTENERS.some((listener) => config.ports[listener] !== undefined)
      ? await tlsCertificate(config.tls, config.data, namesOf(config), now())
      : undefined;
    http = createHttp({
      config,
      authentication,
      log,
      tls,
      writable: () => store.writable(),
      limits: options.httpLimits,
    });
    await http.fastify.register(dav, { store, now, extensions: davExtensions(store, now) });
    const httpAddresses = await http.listen();
    smtp = await openSmtp({ ...flow, config, authentication, tls, log, limits: options.smtpLimits });
    imap = await openImap({
      ...services.mail,
      config,
      authentication,
      version: packageVersion(),
      log,
      tls,
      limits: options.imapLimits,
    });
    jobs.add(reindexing(store, now));
    jobs.add({
      name: 'collect-blobs',
      everyMs: 60 * 60_000,
      run: (signal) => collectBlobs(store, now, signal),
    });
    jobs.add({ name: 'purge', everyMs: 10 * 60_000, run: (signal) => purge(store, signal) });
    services.mail.texts.arrived();
    await flow.outbound.start();
    services.queue.onChange(() => flow.outbound.wake());
    control = await serveControl(config.data, administration(services), (error) =>
      log.error({ err: error }, 'a command failed'),
    );
    const doors = [http, imap, smtp, control];
    return {
      ...services,
      config,
      bus,
      jobs,
      outbound: flow.outbound,
      http: http.fastify,
      addresses: { ...httpAddresses, ...imap.addresses, ...smtp.addresses },
      tls,
      async close() {
        await Promise.all([...doors.map((door) => door.close()), jobs.stop(), flow.outbound.stop()]);
        await services.mail.texts.close();
        await store.close();
      },
    };
  } catch (error) {
    await http?.close();
    await smtp?.close();
    await imap?.close();
    await control?.close();
    await flow.outbound.stop();
    await jobs.stop();
    await services.mail.texts.close();
    await store.close();
    throw error;
  }
}

/** The services of mail on a store. */
export function mailOn(store: Store, now: () => number): Mail {
  const views = new MailboxViews(store);
  const texts = new TextSearch(store);
  const messages = new Messages(store, views, texts, now);
  const keys = new SortKeyReader(store);
  const mailboxes = new Mailboxes(store, views, messages, now);
  return {
    views,
    messages,
    mailboxes,
    acl: new MailboxAcl(store, mailboxes, now),
    quotas: new QuotaRoots(store, mailboxes),
    contents: new MessageContents(store),
    search: new MessageSearch(store, views, texts, keys),
    sort: new MessageSort(store, keys),
    texts,
    delivery: new Delivery(store, views, texts, now),
  };
}

/** The services that take mail in and send it out. */
function mailFlowOn(
  { store, domainKeys, mail: { delivery } }: Services,
  config: Config,
  now: () => number,
  log: pino.Logger,
  transport: Partial<TransportOptions> = {},
) {
  const { mailHostname: hostname, relay } = config;
  const recipients = new LocalRecipients(store, delivery);
  const outbound = new Outbound(store, delivery, recipients, smtpTransport({ hostname, relay, ...transport }), {
    hostname,
    now,
    log,
    signing: new Signing(domainKeys, now),
  });
  return {
    recipients,
    outbound,
    reception: new Reception(delivery, hostname, now),
    submission: new Submission(store, delivery, hostname, now, () => outbound.wake()),
  };
}

function davExtensions(store: Store, now: () => number): DavExtension[] {
  const calendarObjects = new CalendarObjects(store, now);
  return [
    caldav({ calendarObjects, calendarQuery: new CalendarQuery(store), freeBusy: new FreeBusy(store), now }),
    carddav({ cards: new Cards(store, now), cardSearch: new CardSearch(store) }),
  ];
}

/** Takes away for good what was deleted, in small transactions. */
async function purge(store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await store.transaction((write) => write.purge.step(PURGED_AT_ONCE))) > 0)
    await setImmediate();
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
