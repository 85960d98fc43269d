/** The commands behind `convene setup-link` and `convene dns`. */
import type { DomainKeys } from '../organisations/domain-keys.ts';
import type { Organisations } from '../organisations/organisations.ts';
import { foldDomain } from '../principals/addresses.ts';
import type { Principals } from '../principals/principals.ts';
import { type Services, zoneLines } from '../setup/service-records.ts';
import type { SetupLinks } from '../setup/setup-links.ts';
import type { Arguments } from './arguments.ts';
import { OPERATOR } from './audit-log.ts';

/** Lines for the zone of one domain. */
export interface ZoneRecords {
  readonly domain: string;
  /** By which clients and mail find this server. */
  readonly services: readonly string[];
  /** By which others know that mail is from the domain: SPF, DKIM, DMARC. */
  readonly senders: readonly string[];
}

export interface SetupCommands {
  'setup.link': { arguments: { user: string }; result: { url: string; expiresAt: number } };
  /** Without a domain: of each. */
  'setup.records': { arguments: { domain?: string }; result: ZoneRecords[] };
}

export interface SetupServices {
  readonly setupLinks: SetupLinks;
  readonly principals: Principals;
  readonly organisations: Organisations;
  readonly domainKeys: DomainKeys;
  readonly services: () => Services;
}

export function setupCommands({ setupLinks, principals, organisations, domainKeys, services }: SetupServices) {
  return {
    async 'setup.link'(given: Arguments) {
      const { path, expiresAt } = await setupLinks.create(await principals.find(given.text('user')), OPERATOR);
      return { url: `${services().origin}${path}`, expiresAt };
    },
    async 'setup.records'(given: Arguments) {
      const only = given.optional('domain');
      const domains = only === undefined ? (await organisations.domains()).map(({ name }) => name) : [foldDomain(only)];
      const zones: ZoneRecords[] = [];
      for (const domain of domains) {
        const texts = await domainKeys.records(domain);
        const senders = texts.map(({ name, value }) => `${name} IN TXT ${value}`);
        zones.push({ domain, services: zoneLines(domain, services()), senders });
      }
      return zones;
    },
  };
}
