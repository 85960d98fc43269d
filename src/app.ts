/**
 * Assembles the server: services, listeners, jobs. Everything is built once and given what it needs.
 * Elsewhere: the services (services.ts), what HTTP serves (routes.ts), mail (mail-doors.ts), what runs by the clock
 * (housekeeping.ts), the process around it (main.ts, cli.ts).
 */
import { stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { serveControl } from '../protocols/control/control-socket.ts';
import { changedCertificate, type TlsCertificate, tlsCertificate } from '../protocols/tls-certificate.ts';
import { administration } from './administration/commands.ts';
import { ChangeBus } from './change-bus.ts';
import type { Config, Listener } from './config.ts';
import { housekeeping } from './housekeeping.ts';
import { createHttp, type Http, type HttpLimits } from './http.ts';
import { Jobs } from './jobs.ts';
import type { Outbound } from './mail/outbound.ts';
import { type MailDoorsOptions, openMailDoors, TLS_MAIL_LISTENERS } from './mail-doors.ts';
import { Metrics } from './metrics.ts';
import { Sessions } from './principals/sessions.ts';
import { Readiness } from './readiness.ts';
import { registerRoutes } from './routes.ts';
import { outgoingMail } from './scheduling/outgoing-mail.ts';
import { openServices, type Services, type ServicesOptions } from './services.ts';
import { servicesOf } from './setup/service-records.ts';

export interface AppOptions extends ServicesOptions, MailDoorsOptions {
  readonly log?: pino.Logger;
  readonly httpLimits?: Partial<HttpLimits>;
}

export interface App extends Services {
  readonly config: Config;
  readonly bus: ChangeBus;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly http: Http['fastify'];
  readonly outbound: Outbound;
  /** Where the listeners are bound; undefined ones are switched off. */
  readonly addresses: Readonly<Partial<Record<Listener, AddressInfo | undefined>>>;
  readonly tls: TlsCertificate | undefined;
  /** Takes the operator's certificate files over when they changed. Returns whether they did. */
  renewCertificate(): boolean;
  /** Stops taking work, answers what is in flight, closes the store. */
  close(): Promise<void>;
}

const TLS_LISTENERS: readonly Listener[] = ['https', ...TLS_MAIL_LISTENERS];

/** Starts a server. When it resolves, all listeners are up. */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const now = options.now ?? Date.now;
  const log = options.log ?? pino({ level: 'silent' });
  const bus = new ChangeBus((error) => log.error({ err: error }, 'a subscriber to changes failed'));
  const services = await openServices(config, { ...options, onChange: (hint) => bus.publish(hint) });
  const { store, authentication } = services;
  const jobs = new Jobs(log);
  const metrics = new Metrics();
  const doors: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...doors.map((door) => door.close()), jobs.stop()]);
    await services.scheduling.queue.stop();
    await authentication.stop();
    await services.mail.texts.close();
    metrics.stop();
    await store.close();
  };
  try {
    let tls = TLS_LISTENERS.some((listener) => config.ports[listener] !== undefined)
      ? await tlsCertificate(config.tls, config.data, namesOf(config), now())
      : undefined;
    const readiness = new Readiness(store, config.data, now);
    nameGauges(metrics, readiness, services, config.data);
    const sessions = new Sessions(now);
    authentication.onForget((principalId) => sessions.endAll(principalId));
    const http = createHttp({
      config,
      authentication,
      sessions,
      log,
      tls,
      problem: () => readiness.problem(),
      metrics,
      limits: options.httpLimits,
    });
    doors.push(http);
    const bound: Partial<Record<string, number>> = {};
    const announced = () => servicesOf(config, bound);
    await registerRoutes(http.fastify, { config, services, sessions, tls: () => tls, announced, now });
    const httpAddresses = await http.listen();
    const mail = await openMailDoors({ config, services, tls, log, now }, options);
    doors.push(mail);
    const addresses: App['addresses'] = { ...httpAddresses, ...mail.addresses };
    for (const [name, address] of Object.entries(addresses)) if (address !== undefined) bound[name] = address.port;
    const renewCertificate = () => {
      if (config.tls === undefined || tls === undefined) return false;
      const changed = changedCertificate(config.tls, tls);
      if (changed === undefined) return false;
      tls = changed;
      http.renew(changed);
      mail.renew(changed);
      log.info({ fingerprint: changed.fingerprint }, 'the certificate was renewed');
      return true;
    };
    for (const job of housekeeping(services, config.deletedKeptDays, now)) jobs.add(job);
    jobs.add({ name: 'renew-certificate', everyMs: 60_000, run: async () => void renewCertificate() });
    const { queue, delivery, guests, roomDelivery } = services.scheduling;
    queue.start(delivery, log);
    jobs.add(roomDelivery.job(log, () => queue.wake()));
    const queued = () => mail.outbound.wake();
    const { publicUrl, language } = config;
    jobs.add(
      outgoingMail({
        store,
        now,
        language,
        queued,
        answerUrl: (row) => publicUrl && publicUrl + guests.path(row.accountId, row.icalUid, row.recipient),
      }),
    );
    services.mail.texts.arrived();
    const commands = administration({ ...services, services: announced });
    doors.push(await serveControl(config.data, commands, (error) => log.error({ err: error }, 'a command failed')));
    return {
      ...services,
      config,
      bus,
      jobs,
      metrics,
      http: http.fastify,
      outbound: mail.outbound,
      addresses,
      get tls() {
        return tls;
      },
      renewCertificate,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function nameGauges(metrics: Metrics, readiness: Readiness, { backups }: Services, folder: string): void {
  const size = async (name: string) => (await stat(join(folder, name))).size;
  metrics.gauge('convene_store_bytes', 'Size of the database.', () => size('convene.sqlite'));
  metrics.gauge('convene_store_log_bytes', 'Size of its write-ahead log.', () => size('convene.sqlite-wal'));
  metrics.gauge('convene_disk_free_bytes', 'Free on the disk of the data.', () => readiness.free());
  metrics.gauge('convene_backup_age_seconds', 'Since the newest backup by the clock was made.', () => backups.age());
  metrics.gauge(
    'convene_queue_overdue_seconds',
    'How long the first message of the mail queue has waited past its time.',
    async () => (await readiness.overdue()) / 1000,
  );
}

/** Names a self-signed certificate is for. */
function namesOf(config: Config): string[] {
  const publicHost = config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  return [...new Set([...publicHost, config.domain, 'localhost', '127.0.0.1', '::1'])];
}
