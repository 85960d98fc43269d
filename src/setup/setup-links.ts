/**
 * Links that set up one device, once: whoever opens one gets a device password and the profile of the account.
 * The secret has 128 random bits and is stored as a hash. Looking at a link (GET, HEAD, previews of mail programs) does not use
 * it up; only the button on its page does.
 * Elsewhere: the pages (protocols/setup).
 */
import { hash, randomBytes } from 'node:crypto';
import type { Store } from '../../storage/store.ts';
import type { AuditLog } from '../administration/audit-log.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import type { DevicePasswords } from '../principals/device-passwords.ts';

export interface SetupLink {
  readonly path: string;
  readonly expiresAt: number;
}

export interface PreparedDevice {
  readonly principal: Principal;
  readonly password: string;
  /** Opens the profile for some minutes. */
  readonly profileToken: string;
}

const VALID_MS = 24 * 60 * 60_000;
/** How long the profile can be fetched afterwards. */
const PROFILE_MS = 15 * 60_000;
const MAX_PROFILES = 1_000;

export class SetupLinks {
  private readonly store: Store;
  private readonly devicePasswords: DevicePasswords;
  private readonly audit: AuditLog;
  private readonly now: () => number;
  private readonly profiles = new Map<string, { principal: Principal; until: number }>();

  constructor(store: Store, devicePasswords: DevicePasswords, audit: AuditLog, now: () => number) {
    this.store = store;
    this.devicePasswords = devicePasswords;
    this.audit = audit;
    this.now = now;
  }

  /** @param actor who asks, for the audit log */
  async create(principal: Principal, actor = principal.name): Promise<SetupLink> {
    const token = randomBytes(16).toString('base64url');
    const expiresAt = this.now() + VALID_MS;
    await this.store.transaction(async (write) => {
      await write.secondFactors.expireLinks(this.now() - VALID_MS);
      await write.secondFactors.addLink({
        hash: hashOf(token),
        principalId: principal.id,
        createdAt: this.now(),
        expiresAt,
      });
    });
    await this.audit.record({ actor, action: 'setup-link.create', target: principal.name });
    return { path: `/setup/link/${token}`, expiresAt };
  }

  /** Whose link it is. @throws DomainError not-found when it never was, was used, or has expired: these look alike */
  async look(token: string): Promise<Principal> {
    const link = await this.store.secondFactors.link(hashOf(token));
    const row = link === undefined ? undefined : await this.store.principals.get(link.principalId);
    if (link === undefined || row === undefined || link.usedAt !== null || link.expiresAt <= this.now())
      throw new DomainError('not-found', 'This link has been used or has expired; ask for another.');
    return { ...row, addresses: await this.store.principals.addresses(row.id) };
  }

  /**
   * Uses a link up.
   * @param device what to call the password
   * @throws DomainError not-found, limit-exceeded
   */
  async use(token: string, device: string, peer: string): Promise<PreparedDevice> {
    const principal = await this.look(token);
    const first = await this.store.transaction((write) => write.secondFactors.useLink(hashOf(token), this.now()));
    if (!first) throw new DomainError('not-found', 'This link has been used or has expired; ask for another.');
    const { password } = await this.devicePasswords.create(principal, { name: device });
    await this.audit.record({ actor: principal.name, action: 'setup-link.use', peer });
    const profileToken = randomBytes(16).toString('base64url');
    this.profiles.set(profileToken, { principal, until: this.now() + PROFILE_MS });
    if (this.profiles.size > MAX_PROFILES) this.profiles.delete(this.profiles.keys().next().value ?? '');
    return { principal, password, profileToken };
  }

  /** @throws DomainError not-found */
  profileOwner(profileToken: string): Principal {
    const profile = this.profiles.get(profileToken);
    if (profile === undefined || profile.until <= this.now())
      throw new DomainError('not-found', 'This profile has expired; ask for another link.');
    return profile.principal;
  }
}

function hashOf(token: string): string {
  return hash('sha256', `setup ${token}`);
}
