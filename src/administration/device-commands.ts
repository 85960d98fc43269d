/** The commands behind `convene device …`, `convene user second-factor-off` and `convene audit`. */
import type { AuditRow } from '../../storage/store.ts';
import type { Authentication } from '../principals/authentication.ts';
import type { DevicePassword, DevicePasswords } from '../principals/device-passwords.ts';
import type { Principals } from '../principals/principals.ts';
import type { SecondFactors } from '../principals/second-factor.ts';
import type { Arguments } from './arguments.ts';
import { type AuditLog, OPERATOR } from './audit-log.ts';

export interface DeviceCommands {
  'device.add': {
    arguments: { user: string; name: string; scopes?: string[]; networks?: string[]; expiresAt?: number };
    result: DevicePassword & { password: string; user: string };
  };
  'device.list': { arguments: { user: string }; result: DevicePassword[] };
  'device.revoke': { arguments: { user: string; id: string }; result: null };
  'user.second-factor-off': { arguments: { user: string }; result: { name: string; was: boolean } };
  'audit.list': { arguments: { actor?: string }; result: AuditRow[] };
}

export interface DeviceServices {
  readonly authentication: Authentication;
  readonly devicePasswords: DevicePasswords;
  readonly principals: Principals;
  readonly secondFactors: SecondFactors;
  readonly audit: AuditLog;
}

const SHOWN = 200;

export function deviceCommands(services: DeviceServices) {
  const { authentication, devicePasswords, principals, secondFactors, audit } = services;
  return {
    async 'device.add'(given: Arguments) {
      const principal = await principals.find(given.text('user'));
      const made = {
        name: given.text('name'),
        scopes: given.texts('scopes'),
        networks: given.texts('networks'),
        expiresAt: given.time('expiresAt'),
      };
      return { ...(await devicePasswords.create(principal, made, OPERATOR)), user: principal.name };
    },
    async 'device.list'(given: Arguments) {
      return devicePasswords.list(await principals.find(given.text('user')));
    },
    async 'device.revoke'(given: Arguments) {
      await devicePasswords.revoke(await principals.find(given.text('user')), given.id('id'), OPERATOR);
      return null;
    },
    async 'user.second-factor-off'(given: Arguments) {
      const { id, name } = await principals.find(given.text('user'));
      const was = await secondFactors.remove(id);
      authentication.forget(id);
      await audit.record({ actor: OPERATOR, action: 'second-factor.off', target: name });
      return { name, was };
    },
    async 'audit.list'(given: Arguments) {
      return audit.last(given.optional('actor'), SHOWN);
    },
  };
}
