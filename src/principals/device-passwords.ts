/**
 * Device passwords: one for each program, good for what it needs and nothing else, shown once.
 * Elsewhere: checking them (authentication.ts), how they are made and hashed (password-hashing.ts).
 */
import type { CredentialRow, Store } from '../../storage/store.ts';
import type { AuditLog } from '../administration/audit-log.ts';
import { DomainError } from '../errors.ts';
import { parseNetwork } from '../networks.ts';
import type { Principal } from './access.ts';
import type { Authentication, Scope } from './authentication.ts';
import { deviceHash, generateDevicePassword } from './password-hashing.ts';
import type { ScramKeyring } from './scram-keyring.ts';

/** What a program may be given; the web takes the chosen password only. */
export const DEVICE_SCOPES = ['mail', 'calendars', 'contacts', 'send'] as const satisfies readonly Scope[];

export interface NewDevicePassword {
  readonly name: string;
  /** Default: all. */
  readonly scopes?: readonly string[];
  readonly expiresAt?: number | null;
  /** Networks it may be used from, `192.0.2.0/24`; default: any. */
  readonly networks?: readonly string[];
}

export interface DevicePassword {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly networks: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  /** Address and program of the last use; '' when unknown. */
  readonly lastPeer: string;
  readonly lastClient: string;
}

const MAX_PER_PERSON = 100;
const MAX_NAME = 100;
const MAX_NETWORKS = 20;

export class DevicePasswords {
  private readonly store: Store;
  private readonly authentication: Authentication;
  private readonly audit: AuditLog;
  private readonly scram: ScramKeyring;
  private readonly now: () => number;

  constructor(store: Store, authentication: Authentication, audit: AuditLog, scram: ScramKeyring, now: () => number) {
    this.store = store;
    this.authentication = authentication;
    this.scram = scram;
    this.audit = audit;
    this.now = now;
  }

  /**
   * Makes one. The password is told only now.
   * @param actor who asks, for the audit log
   * @throws DomainError invalid-data, limit-exceeded
   */
  async create(
    principal: Principal,
    made: NewDevicePassword,
    actor = principal.name,
  ): Promise<DevicePassword & { readonly password: string }> {
    const row = this.checked(principal, made);
    const password = generateDevicePassword();
    const hash = deviceHash(password);
    const mail = /"(?:mail|send)"/.test(row.scopes);
    const scram = mail ? await this.scram.seal(principal.name, password) : '';
    const id = await this.store.transaction(async (write) => {
      const others = (await write.credentials.list(principal.id)).filter(({ kind }) => kind === 'device');
      if (others.length >= MAX_PER_PERSON)
        throw new DomainError('limit-exceeded', `One person has at most ${MAX_PER_PERSON} device passwords.`);
      return write.credentials.add({ ...row, hash, scram });
    });
    await this.audit.record({
      actor,
      action: 'device-password.create',
      target: `${principal.name} d${id}`,
      details: { scopes: row.scopes },
    });
    return { ...described({ ...row, id, hash, scram }), password };
  }

  /** In the order of their making. */
  async list(principal: Principal): Promise<DevicePassword[]> {
    const rows = await this.store.credentials.list(principal.id);
    return rows.filter(({ kind }) => kind === 'device').map(described);
  }

  /** Ends one at once, also where it is logged in. @throws DomainError not-found */
  async revoke(principal: Principal, id: number, actor = principal.name): Promise<void> {
    const removed = await this.store.transaction((write) => write.credentials.remove(principal.id, id));
    if (!removed) throw new DomainError('not-found', 'There is no such device password.');
    this.authentication.forget(principal.id);
    await this.audit.record({ actor, action: 'device-password.revoke', target: `${principal.name} d${id}` });
  }

  private checked(principal: Principal, made: NewDevicePassword): Omit<CredentialRow, 'id' | 'hash' | 'scram'> {
    const { name, scopes = DEVICE_SCOPES, networks = [], expiresAt = null } = made;
    if (name.trim() === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name))
      throw new DomainError('invalid-data', `Name the device, in at most ${MAX_NAME} characters.`);
    const known: readonly string[] = DEVICE_SCOPES;
    if (scopes.length === 0 || scopes.some((scope) => !known.includes(scope)))
      throw new DomainError('invalid-data', `Scopes are some of ${DEVICE_SCOPES.join(', ')}.`);
    if (networks.length > MAX_NETWORKS) throw new DomainError('invalid-data', `At most ${MAX_NETWORKS} networks.`);
    const wrong = networks.find((network) => parseNetwork(network) === undefined);
    if (wrong !== undefined) throw new DomainError('invalid-data', `"${wrong.slice(0, 60)}" is not a network.`);
    if (expiresAt !== null && !(expiresAt > this.now()))
      throw new DomainError('invalid-data', 'A device password must expire in the future.');
    return {
      principalId: principal.id,
      kind: 'device',
      name: name.trim(),
      scopes: JSON.stringify([...new Set(scopes)]),
      networks: JSON.stringify(networks),
      createdAt: this.now(),
      expiresAt,
      lastUsedAt: null,
      lastPeer: '',
      lastClient: '',
    };
  }
}

function described(row: CredentialRow): DevicePassword {
  const { id, name, createdAt, expiresAt, lastUsedAt, lastPeer, lastClient } = row;
  const scopes = JSON.parse(row.scopes) as string[];
  const networks = JSON.parse(row.networks) as string[];
  return { id, name, scopes, networks, createdAt, expiresAt, lastUsedAt, lastPeer, lastClient };
}
