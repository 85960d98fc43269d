/**
 * May this principal do that? One function for each question; every service asks here and nowhere else.
 * Rights come from ownership and from grants to the principal or a group it belongs to (RFC 3744 is one view of them).
 * Elsewhere: rights on mailboxes (src/mail/mail-rights.ts), how DAV names them as privileges (protocols/dav/acl.ts).
 */
import type {
  CollectionKind,
  FreeBusySharing,
  GrantRights,
  GrantRow,
  Home,
  PrincipalRow,
  Reads,
} from '../../storage/store.ts';

/** A person, group, room or resource, with its addresses, the primary one first. Its account has the same id. */
export interface Principal extends PrincipalRow {
  readonly addresses: readonly string[];
  /** Of who is logged in: what its password is good for; undefined for everything. */
  readonly scopes?: readonly string[];
}

/** Whether what somebody is logged in with opens homes of a kind: a device password may be for calendars or contacts alone. */
export function opens({ scopes }: Principal, home: Home): boolean {
  return scopes === undefined || scopes.includes(home === 'addressbooks' ? 'contacts' : 'calendars');
}

/** What a principal may do with a collection. Each right includes those before it, except that manage is the owner's. */
export interface Rights {
  /** See when its time is busy. */
  readonly freeBusy: boolean;
  /** Read members and properties. */
  readonly read: boolean;
  /** Add, change and delete members. */
  readonly write: boolean;
  /** Change shared properties, grant rights, delete the collection. */
  readonly manage: boolean;
}

export const NO_RIGHTS: Rights = { freeBusy: false, read: false, write: false, manage: false };
export const ALL_RIGHTS: Rights = { freeBusy: true, read: true, write: true, manage: true };

/** The grantee of what is shared with everybody in the organisation. */
export const EVERYBODY = 0;

const GRANTED: Record<GrantRights, Partial<Rights>> = {
  'free-busy': { freeBusy: true },
  read: { freeBusy: true, read: true },
  'read-write': { freeBusy: true, read: true, write: true },
  manage: ALL_RIGHTS,
  'send-as': {},
};

/** Rights of `viewer` on a collection of an account. */
export async function rightsOn(
  reads: Reads,
  viewer: Principal,
  collection: { accountId: number; id: number; kind?: CollectionKind },
): Promise<Rights> {
  if (collection.accountId === viewer.id) return ALL_RIGHTS;
  const grantees = [EVERYBODY, viewer.id, ...(await reads.principals.groupsOf(viewer.id))];
  const grants = await reads.grants.forCollection(
    collection.accountId,
    collection.id,
    grantees,
    collection.kind === 'calendar' ? 'calendars' : '',
  );
  const counted: GrantRow[] = [];
  for (const grant of grants)
    if (grant.granteeId !== EVERYBODY || (await isColleague(reads, viewer, collection.accountId))) counted.push(grant);
  return Object.assign({}, NO_RIGHTS, ...counted.map((grant) => GRANTED[grant.rights])) as Rights;
}

/** Does what is shared with everybody in an account's organisation count for `viewer`? Externals never see it. */
export async function isColleague(reads: Reads, viewer: Principal, accountId: number): Promise<boolean> {
  const owner = await reads.principals.get(accountId);
  return owner?.organisationId === viewer.organisationId && viewer.role !== 'external';
}

/** Rights of `viewer` on everything in the home of a principal. */
export async function rightsOnHome(reads: Reads, viewer: Principal, owner: PrincipalRow, home: Home): Promise<Rights> {
  const kind = home === 'calendars' ? 'calendar' : undefined;
  return rightsOn(reads, viewer, { accountId: owner.id, id: 0, ...(kind === undefined ? {} : { kind }) });
}

/**
 * May `viewer` send invitations and answers in the name of a calendar's owner? RFC 6638 §6.2 calls it schedule-send. Writing
 * alone is not enough: what leaves bears the owner's name.
 */
export async function maySchedule(
  reads: Reads,
  viewer: Principal,
  collection: { accountId: number; id: number },
): Promise<boolean> {
  if (collection.accountId === viewer.id) return true;
  const grantees = [viewer.id, ...(await reads.principals.groupsOf(viewer.id))];
  const grants = await reads.grants.forCollection(collection.accountId, collection.id, grantees);
  return grants.some(({ rights }) => rights === 'send-as' || rights === 'manage');
}

/** May `viewer` learn that this principal exists, its name and addresses? Members of one organisation may. */
export function maySeePrincipal(viewer: Principal, other: PrincipalRow): boolean {
  return viewer.id === other.id || (viewer.organisationId === other.organisationId && viewer.role !== 'external');
}

/**
 * May `viewer` ask when this principal is busy, without a grant on a calendar? Times only; RFC 6638 §6.1 calls it
 * schedule-query-freebusy. Who chose nothing shares with its organisation.
 */
export function mayQueryFreeBusy(
  viewer: Principal,
  other: PrincipalRow,
  sharedWith: FreeBusySharing = 'organisation',
): boolean {
  if (viewer.id === other.id || sharedWith === 'everyone') return true;
  return sharedWith === 'organisation' && maySeePrincipal(viewer, other);
}

/** May `viewer` add and remove the principals of its organisation? */
export function mayAdministrate(viewer: Principal): boolean {
  return viewer.role === 'owner' || viewer.role === 'administrator';
}

/** May `viewer` create collections in the home of this principal? Its owner, and who may write in the whole account. */
export async function mayCreateIn(reads: Reads, viewer: Principal, owner: PrincipalRow, home: Home): Promise<boolean> {
  return viewer.id === owner.id || (await rightsOnHome(reads, viewer, owner, home)).write;
}

/** May `viewer` send mail under the addresses of this principal? It may under its own, and under those it was granted. */
export async function maySendAs(reads: Reads, viewer: Principal, owner: PrincipalRow): Promise<boolean> {
  if (viewer.id === owner.id) return true;
  const grantees = [viewer.id, ...(await reads.principals.groupsOf(viewer.id))];
  const grants = await reads.grants.forCollection(owner.id, 0, grantees);
  return grants.some(({ rights }) => rights === 'send-as');
}
