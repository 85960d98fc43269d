/** The commands behind `convene setup-link` and `convene dns`. */
import type { Organisations } from '../organisations/organisations.ts';
import type { Principals } from '../principals/principals.ts';
import { type Services, zoneLines } from '../setup/service-records.ts';
import type { SetupLinks } from '../setup/setup-links.ts';
import type { Arguments } from './arguments.ts';
import { OPERATOR } from './audit-log.ts';

export interface SetupCommands {
  'setup.link': { arguments: { user: string }; result: { url: string; expiresAt: number } };
  'setup.records': { arguments: Record<string, never>; result: string[] };
}

export interface SetupServices {
  readonly setupLinks: SetupLinks;
  readonly principals: Principals;
  readonly organisations: Organisations;
  readonly services: () => Services;
}

export function setupCommands({ setupLinks, principals, organisations, services }: SetupServices) {
  return {
    async 'setup.link'(given: Arguments) {
      const { path, expiresAt } = await setupLinks.create(await principals.find(given.text('user')), OPERATOR);
      return { url: `${services().origin}${path}`, expiresAt };
    },
    async 'setup.records'() {
      const domains = await organisations.domains();
      return domains.flatMap(({ name }) => zoneLines(name, services()));
    },
  };
}
