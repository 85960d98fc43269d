/**
 * The first start on an empty store: an organisation with its domain and an administrator, once.
 * Elsewhere: what is printed about it (src/main.ts, src/cli.ts).
 */
import { generatePassword } from '../principals/password-hashing.ts';
import type { Principals } from '../principals/principals.ts';
import type { Organisations } from './organisations.ts';

export interface FirstStart {
  readonly address: string;
  readonly name: string;
  /** Known only now; the store keeps a hash. */
  readonly password: string;
}

/** Founds the organisation of a domain when the store has none; undefined when it was founded before. */
export async function firstStart(
  services: { readonly organisations: Organisations; readonly principals: Principals },
  domain: string,
): Promise<FirstStart | undefined> {
  if ((await services.organisations.first()) !== undefined) return undefined;
  const password = generatePassword();
  const address = `admin@${domain}`;
  const owner = await services.principals.found(domain, { address, displayName: 'Administrator', password });
  return { address, name: owner.name, password };
}
