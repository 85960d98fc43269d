/**
 * What is served over HTTP: each protocol's plugin with the services it works with.
 * Elsewhere: the door they share (http.ts), what each answers (protocols/).
 */

import { deletedApi } from '../protocols/api/deleted.ts';
import { devicesApi } from '../protocols/api/devices.ts';
import { feedsApi } from '../protocols/api/feeds.ts';
import { describedRoutes } from '../protocols/api/openapi.ts';
import { api } from '../protocols/api/plugin.ts';
import { repliesApi } from '../protocols/api/replies.ts';
import { setupLinksApi } from '../protocols/api/setup-links.ts';
import { subscriptionsApi } from '../protocols/api/subscriptions.ts';
import { caldav } from '../protocols/caldav/extension.ts';
import { carddav } from '../protocols/carddav/extension.ts';
import type { HomeExtension } from '../protocols/dav/contract.ts';
import { dav } from '../protocols/dav/plugin.ts';
import { freeBusyAddresses } from '../protocols/feeds/free-busy-address.ts';
import { feeds } from '../protocols/feeds/plugin.ts';
import { guests } from '../protocols/guests/plugin.ts';
import { setup } from '../protocols/setup/plugin.ts';
import type { TlsCertificate } from '../protocols/tls-certificate.ts';
import { Attachments } from './calendar/attachments.ts';
import { CalendarObjects } from './calendar/calendar-objects.ts';
import { CalendarQuery } from './calendar/calendar-query.ts';
import type { Config } from './config.ts';
import { CardSearch } from './contacts/card-search.ts';
import { Cards } from './contacts/cards.ts';
import { DirectoryCards } from './contacts/directory-cards.ts';
import type { Http } from './http.ts';
import type { Sessions } from './principals/sessions.ts';
import { SlotSuggestions } from './scheduling/suggestions.ts';
import type { Services } from './services.ts';
import type { Services as AnnouncedServices } from './setup/service-records.ts';
import { signedData } from './setup/signed-data.ts';

export interface RoutesContext {
  readonly config: Config;
  readonly services: Services;
  readonly sessions: Sessions;
  /** The certificate of the moment. */
  readonly tls: () => TlsCertificate | undefined;
  /** Names and ports that clients are told. */
  readonly announced: () => AnnouncedServices;
  readonly now: () => number;
}

/** Registers all plugins; before the listeners open. */
export async function registerRoutes(
  fastify: Http['fastify'],
  { config, services, sessions, tls, announced, now }: RoutesContext,
): Promise<void> {
  const { store, freeBusy } = services;
  const described = describedRoutes(fastify);
  await fastify.register(dav, { store, now, extensions: davExtensions(services, now) });
  await fastify.register(feeds, { service: services.feeds });
  await fastify.register(freeBusyAddresses, { freeBusy, now });
  const suggestions = new SlotSuggestions(store, freeBusy, services.rooms, now);
  await fastify.register(api, { ...services, suggestions, described });
  await fastify.register(repliesApi, { tracker: services.scheduling.tracker });
  await fastify.register(feedsApi, { service: services.feeds });
  await fastify.register(subscriptionsApi, { service: services.subscriptions });
  await fastify.register(deletedApi, { service: services.deleted });
  await fastify.register(devicesApi, { ...services, config, sessions });
  await fastify.register(setup, {
    links: services.setupLinks,
    services: announced,
    domains: async () => {
      const names = (await services.organisations.domains()).map(({ name }) => name);
      return [...new Set([config.domain, ...names])].filter((name) => names.includes(name));
    },
    sign: (profile) => {
      const certificate = tls();
      if (certificate === undefined || certificate.selfSigned) return undefined;
      return signedData(profile, certificate.cert, certificate.key);
    },
    now,
  });
  await fastify.register(guests, { answers: services.scheduling.guests });
  await fastify.register(setupLinksApi, { links: services.setupLinks, services: announced });
}

function davExtensions({ store, freeBusy, scheduling, subscriptions }: Services, now: () => number): HomeExtension[] {
  const calendarObjects = new CalendarObjects(store, now, scheduling.auto);
  return [
    caldav({
      calendarObjects,
      attachments: new Attachments(store, calendarObjects, now),
      calendarQuery: new CalendarQuery(store),
      freeBusy,
      subscriptions,
      now,
    }),
    carddav({
      cards: new Cards(store, now),
      cardSearch: new CardSearch(store),
      directoryCards: new DirectoryCards(store),
    }),
  ];
}
