/**
 * What may be read of the store, table by table. Elsewhere: rows (rows.ts), writing (writes.ts), the port itself (store.ts).
 */
import type {
  AccountRow,
  AttachmentRow,
  AttendeeTrackingRow,
  AuditRow,
  BodyRow,
  BoundCollectionRow,
  CalendarObjectRow,
  CardRow,
  CredentialRow,
  DeletedCollectionRow,
  DeletedMemberRow,
  DomainKeyRow,
  DomainRow,
  FeedFetchRow,
  FeedRow,
  FileRow,
  FreeBusySharing,
  GrantRow,
  GreylistRow,
  Home,
  InvitationRow,
  ListingRow,
  LogPosition,
  MailboxRow,
  MailGrantRow,
  MemberRow,
  MessageRow,
  OccurrenceRow,
  OneTimeLinkRow,
  OrganisationRow,
  PersonalDataRow,
  PlacementCounts,
  PlacementRow,
  PrincipalRow,
  PropertyOwner,
  PropertyRow,
  ResourceRow,
  ScheduleMessageRow,
  SecondFactorRow,
  SourceRow,
  StsPolicyRow,
  SubmissionRow,
  TombstoneRow,
} from './rows.ts';

export interface SettingReads {
  get(name: string): Promise<string | undefined>;
}
export interface OrganisationReads {
  list(): Promise<OrganisationRow[]>;
  domains(): Promise<DomainRow[]>;
  domain(name: string): Promise<DomainRow | undefined>;
}
export interface PrincipalReads {
  get(id: number): Promise<PrincipalRow | undefined>;
  byName(name: string): Promise<PrincipalRow | undefined>;
  byAddress(address: string): Promise<PrincipalRow | undefined>;
  /** In order of name, of one organisation or (0) of all. */
  list(organisationId: number): Promise<PrincipalRow[]>;
  /** The primary address first. */
  addresses(principalId: number): Promise<string[]>;
  /** Ids of the groups a principal is a member of, directly. */
  groupsOf(principalId: number): Promise<number[]>;
  members(groupId: number): Promise<PrincipalRow[]>;
}
export interface ResourceReads {
  get(principalId: number): Promise<ResourceRow | undefined>;
  /** Of one organisation or (0) of all, the smallest first, then in order of name. */
  list(organisationId: number): Promise<ResourceRow[]>;
}
export interface FreeBusySharingReads {
  /** Undefined when the principal chose nothing. */
  get(principalId: number): Promise<FreeBusySharing | undefined>;
}
export interface CredentialReads {
  list(principalId: number): Promise<CredentialRow[]>;
  /** Whether somebody chose a password of which there are no keys for SCRAM. */
  unknownToScram(): Promise<boolean>;
}
export interface AccountReads {
  get(id: number): Promise<AccountRow | undefined>;
  /** The first modseq this account took in a boot after the given one; undefined when it was not written since. */
  firstModseqAfterBoot(accountId: number, bootId: number): Promise<number | undefined>;
  bootExists(bootId: number): Promise<boolean>;
}
export interface CollectionReads {
  /** The collection where its owner sees it. */
  get(id: number): Promise<BoundCollectionRow | undefined>;
  /** Collections bound in a principal's home, in order of position, then id. */
  home(principalId: number, home: Home): Promise<BoundCollectionRow[]>;
  bySegment(principalId: number, home: Home, segment: string): Promise<BoundCollectionRow | undefined>;
  countInHome(principalId: number, home: Home): Promise<number>;
  /** Plain collections directly in the one at `path` of somebody's home, or ('') all collections in the home itself. */
  below(principalId: number, home: Home, path: string): Promise<BoundCollectionRow[]>;
  /** All plain collections at any depth below a path. */
  within(principalId: number, home: Home, path: string): Promise<BoundCollectionRow[]>;
  /** The binding of a collection in somebody's home. */
  boundFor(principalId: number, collectionId: number): Promise<BoundCollectionRow | undefined>;
  /** Principals who have a binding of a collection. */
  boundTo(collectionId: number): Promise<number[]>;
  /** The iCalendar object with the availability of a scheduling inbox's owner, or ''. */
  availability(collectionId: number): Promise<string>;
}
export interface GrantReads {
  /** Grants to any of these principals that concern the collection or its whole account; with those of one scope. */
  forCollection(
    accountId: number,
    collectionId: number,
    granteeIds: number[],
    scope?: GrantRow['scope'],
  ): Promise<GrantRow[]>;
  /** All grants on exactly this collection, or (0) on the whole account, in order of id. */
  on(accountId: number, collectionId: number): Promise<GrantRow[]>;
  /** Grants on whole accounts to one of these principals. */
  onAccounts(granteeIds: number[]): Promise<GrantRow[]>;
}
export interface InvitationReads {
  ofCollection(collectionId: number): Promise<InvitationRow[]>;
  byUid(uid: string): Promise<InvitationRow | undefined>;
  of(collectionId: number, inviteeId: number): Promise<InvitationRow | undefined>;
}
export interface MailRightReads {
  /** Accounts in which a mailbox, or everything, is granted to any of these principals, in order. */
  accounts(granteeIds: number[]): Promise<number[]>;
  /** Grants to any of these principals on mailboxes of an account, and on the whole of it. */
  forGrantees(accountId: number, granteeIds: number[]): Promise<MailGrantRow[]>;
  /** Those that concern one mailbox. */
  forMailbox(accountId: number, mailboxId: number, granteeIds: number[]): Promise<MailGrantRow[]>;
  /** All that concern one mailbox, whoever has them, in the order they were given. */
  on(accountId: number, mailboxId: number): Promise<MailGrantRow[]>;
}
export interface PropertyReads {
  /** Properties everybody sees and those of one principal. */
  list(owner: PropertyOwner, resourceId: number, principalId: number): Promise<PropertyRow[]>;
}

/** What calendar objects and cards have in common. */
export interface MemberReads<Row extends MemberRow> {
  get(collectionId: number, name: string): Promise<Row | undefined>;
  byUid(collectionId: number, uid: string): Promise<Row | undefined>;
  /** The octets, as text. */
  data(id: number): Promise<string | undefined>;
  /** Row and octets of several members by name; names that do not exist are left out. At most 500 names. */
  withData(collectionId: number, names: string[]): Promise<(Row & { data: string })[]>;
  /** Members after a log position, in order of (modseq, id), with everything but the octets; at most `limit`. */
  page(collectionId: number, after: LogPosition, limit: number): Promise<Row[]>;
  /** As page, as narrow arrays out of one covering index. */
  listing(collectionId: number, after: LogPosition, limit: number): Promise<ListingRow[]>;
  count(collectionId: number): Promise<number>;
}
export interface CalendarObjectReads extends MemberReads<CalendarObjectRow> {
  /** Objects with an indexed occurrence that may overlap [from, until); floating ones a day wider on both sides. */
  overlapping(collectionId: number, from: number, until: number): Promise<CalendarObjectRow[]>;
  /** Recurring objects whose index does not cover [from, until) and whose bounds reach into it. */
  outsideIndex(collectionId: number, from: number, until: number): Promise<CalendarObjectRow[]>;
  /** Row and octets by id, in no promised order. At most 500 ids. */
  dataOf(ids: number[]): Promise<(CalendarObjectRow & { data: string })[]>;
  /** Rows by id, in no promised order. At most 500 ids. */
  ofIds(ids: number[]): Promise<CalendarObjectRow[]>;
  /** Indexed occurrences that may overlap [from, until), busy ones only, in order of start within short and long. */
  busy(collectionId: number, from: number, until: number): Promise<OccurrenceRow[]>;
  /** Indexed occurrences that may overlap [from, until), as narrow rows. */
  occurrences(collectionId: number, from: number, until: number): Promise<OccurrenceRow[]>;
  /** Objects of a collection that others are invited to or invited its owner to, after an id, with octets; at most `limit`. */
  scheduled(collectionId: number, afterId: number, limit: number): Promise<(CalendarObjectRow & { data: string })[]>;
  /** Row and octets of the objects of a calendar that hold a VAVAILABILITY, in order of id; at most `limit`. */
  availabilities(collectionId: number, limit: number): Promise<(CalendarObjectRow & { data: string })[]>;
  /**
   * An object with this UID in any calendar of an account but subscribed ones, one in `collectionId` before others; not the
   * messages of inboxes.
   */
  ofUid(accountId: number, collectionId: number, icalUid: string): Promise<CalendarObjectRow | undefined>;
  /** Recurring objects of any collection indexed only until before `until` though they last longer; at most `limit`. */
  indexedUntilBefore(until: number, afterId: number, limit: number): Promise<CalendarObjectRow[]>;
  /** Objects of every collection in order of id, row and octets; at most `limit`. */
  everywhere(afterId: number, limit: number): Promise<(CalendarObjectRow & { data: string })[]>;
}
export type CardReads = MemberReads<CardRow>;
export interface FileReads {
  get(collectionId: number, name: string): Promise<FileRow | undefined>;
  page(collectionId: number, after: LogPosition, limit: number): Promise<FileRow[]>;
  listing(collectionId: number, after: LogPosition, limit: number): Promise<ListingRow[]>;
  count(collectionId: number): Promise<number>;
}
export interface TombstoneReads {
  /** Collections that left the homes of an account after a modseq; names are `home/segment`. */
  ofHomes(accountId: number, modseq: number): Promise<TombstoneRow[]>;
  /** Members that left after a log position, in order of (modseq, member id), the id below zero; at most `limit`. */
  page(collectionId: number, after: LogPosition, limit: number): Promise<TombstoneRow[]>;
  /** Ids of all members that left after a modseq, ascending. */
  idsSince(collectionId: number, modseq: number): Promise<number[]>;
}

export interface AttachmentReads {
  /** Those that exist, in no promised order. At most 500 ids. */
  byManagedIds(managedIds: string[]): Promise<AttachmentRow[]>;
  /** Objects that name the attachment, and where they are, at most 200. */
  objectsUsing(id: number): Promise<{ id: number; collectionId: number }[]>;
  /** Ids of the attachments an object names. */
  usedBy(objectId: number): Promise<number[]>;
}
export interface MailboxReads {
  get(id: number): Promise<MailboxRow | undefined>;
  byName(accountId: number, name: string): Promise<MailboxRow | undefined>;
  /** In order of name. */
  list(accountId: number): Promise<MailboxRow[]>;
  count(accountId: number): Promise<number>;
  /** Individuals that have no INBOX: they were there before mail was. */
  withoutInbox(): Promise<number[]>;
  /** Names a principal subscribed to, in order. */
  subscriptions(principalId: number): Promise<string[]>;
}
export interface MessageReads {
  get(id: number): Promise<MessageRow | undefined>;
  /** Of messages placed in a mailbox, by UID in [first, last]: [uid, summary]; at most `limit`, in order of UID. */
  summaries(mailboxId: number, first: number, last: number, limit: number): Promise<[uid: number, summary: string][]>;
  structures(
    mailboxId: number,
    first: number,
    last: number,
    limit: number,
  ): Promise<[uid: number, structure: string][]>;
  /** [uid, size, internal date] likewise. */
  sizes(
    mailboxId: number,
    first: number,
    last: number,
    limit: number,
  ): Promise<[uid: number, size: number, internalDate: number][]>;
  /** [uid, id of what it is a copy of or its own, id of its thread] likewise. */
  origins(
    mailboxId: number,
    first: number,
    last: number,
    limit: number,
  ): Promise<[uid: number, originalId: number, threadId: number][]>;
  /** Octets likewise, of messages that are stored in one piece. */
  bodies(mailboxId: number, first: number, last: number, limit: number): Promise<BodyRow[]>;
  /** [id, summary] by id, in no promised order. */
  summariesOf(ids: readonly number[]): Promise<[id: number, summary: string][]>;
  /** [id, ancestry] likewise. */
  ancestriesOf(ids: readonly number[]): Promise<[id: number, ancestry: Buffer][]>;
  /** Where the octets of a message are. */
  place(id: number): Promise<{ blobId: number; size: number; layout: string } | undefined>;
  /** Sizes and internal dates by id. */
  facts(ids: readonly number[]): Promise<Map<number, { size: number; internalDate: number }>>;
  /** The highest id that was ever given to a message. */
  lastId(): Promise<number>;
  /** Ids after an id, in order. */
  idsAfter(id: number, limit: number): Promise<number[]>;
}
export interface ThreadReads {
  /** Threads of an account that know one of these hashes: [hash, thread]. */
  find(accountId: number, hashes: readonly number[]): Promise<[hash: number, threadId: number][]>;
}
export interface PlacementReads {
  get(mailboxId: number, uid: number): Promise<PlacementRow | undefined>;
  /** By UID from `first` on, in order; at most `limit`. */
  page(mailboxId: number, first: number, limit: number): Promise<PlacementRow[]>;
  /** Whether a mailbox has a message of these octets. */
  hasBlob(mailboxId: number, blobId: number): Promise<boolean>;
  /** Those of a mailbox changed after a modseq, in order of UID. Scans the mailbox. */
  changedSince(mailboxId: number, modseq: number): Promise<PlacementRow[]>;
  /** [uid, when it came into this mailbox] of UIDs in [first, last], in order; 0 when it is not known. */
  savedAt(mailboxId: number, first: number, last: number, limit: number): Promise<[uid: number, savedAt: number][]>;
  /** Those with UIDs in [first, last] that have all of these bits, in order; at most `limit`. */
  withFlags(mailboxId: number, first: number, last: number, bits: number, limit: number): Promise<PlacementRow[]>;
  /** The flags of a mailbox's messages, each combination once, of those at or above `least`. Scans the mailbox. */
  combinations(mailboxId: number, least: number): Promise<number[]>;
  /** Scans the mailbox. `recent`: at and above the UID `recentFrom`. */
  counts(mailboxId: number, recentFrom: number): Promise<PlacementCounts>;
  /** Octets of all messages of a mailbox, and of those with \Deleted. Scans the mailbox and its messages. */
  octets(mailboxId: number): Promise<{ octets: number; deletedOctets: number }>;
  /** Octets of the messages that are in no other mailbox likewise. */
  octetsOnlyHere(mailboxId: number): Promise<number>;
}
export interface DomainKeyReads {
  /** The oldest first. */
  ofDomain(domainId: number): Promise<DomainKeyRow[]>;
}
export interface GreylistReads {
  get(digest: Buffer): Promise<GreylistRow | undefined>;
}
export interface StsPolicyReads {
  get(domain: string): Promise<StsPolicyRow | undefined>;
}
export interface SubmissionReads {
  /** Queued ones whose time has come, the oldest first. */
  due(now: number, limit: number): Promise<SubmissionRow[]>;
  /** Queued ones whose time comes only after this one. */
  dueAfter(time: number, limit: number): Promise<SubmissionRow[]>;
  get(id: number): Promise<SubmissionRow | undefined>;
  list(limit: number): Promise<SubmissionRow[]>;
  /** When the next attempt is due, of all that are queued. */
  nextAttemptAt(): Promise<number | undefined>;
}

export interface ScheduleMessageReads {
  get(id: number): Promise<ScheduleMessageRow | undefined>;
  /** To recipients of this server: the oldest of each, when its time has come. */
  due(now: number, limit: number): Promise<ScheduleMessageRow[]>;
  /** To recipients elsewhere, when their time has come. */
  outgoing(now: number, limit: number): Promise<ScheduleMessageRow[]>;
  /** When the next attempt is due, of all. */
  nextAttemptAt(): Promise<number | undefined>;
  text(id: number): Promise<string | undefined>;
}

export interface AttendeeTrackingReads {
  /** Of an event, in order of address. */
  list(accountId: number, icalUid: string, limit: number): Promise<AttendeeTrackingRow[]>;
  byEnvelope(accountId: number, envelopeId: string): Promise<AttendeeTrackingRow | undefined>;
}

export interface PersonalDataReads {
  /** What a principal keeps of these objects; those of which it keeps nothing are left out. */
  of(principalId: number, objectIds: readonly number[]): Promise<PersonalDataRow[]>;
  /** As those of calendar objects, with ETag, modseq and time of change as the principal sees them. */
  page(principalId: number, collectionId: number, after: LogPosition, limit: number): Promise<CalendarObjectRow[]>;
  listing(principalId: number, collectionId: number, after: LogPosition, limit: number): Promise<ListingRow[]>;
}

export interface FeedReads {
  get(id: number): Promise<FeedRow | undefined>;
  /** Of an account, in order of id. */
  list(accountId: number): Promise<FeedRow[]>;
  /** By the hash of a link's secret; `retiredAt` tells a link that was replaced. */
  byToken(hash: string): Promise<(FeedRow & { retiredAt: number | null }) | undefined>;
  /** The newest first. */
  fetches(feedId: number, limit: number): Promise<FeedFetchRow[]>;
}
export interface SecondFactorReads {
  get(principalId: number): Promise<SecondFactorRow | undefined>;
  link(hash: string): Promise<OneTimeLinkRow | undefined>;
}
export interface AuditReads {
  /** The newest first, of one actor or of all. */
  last(actor: string | undefined, limit: number): Promise<AuditRow[]>;
}
export interface DeletedReads {
  /** Of an account, the newest first. */
  members(accountId: number, limit: number): Promise<DeletedMemberRow[]>;
  member(id: number): Promise<(DeletedMemberRow & { data: string }) | undefined>;
  collections(accountId: number): Promise<DeletedCollectionRow[]>;
  collection(id: number): Promise<DeletedCollectionRow | undefined>;
}
export interface SourceReads {
  get(id: number): Promise<SourceRow | undefined>;
  byUrl(url: string): Promise<SourceRow | undefined>;
  ofCollection(collectionId: number): Promise<SourceRow | undefined>;
  /** Those whose time has come, the longest waiting first. */
  due(now: number, limit: number): Promise<SourceRow[]>;
  /** Ids of the calendars that show it. */
  subscribers(sourceId: number): Promise<number[]>;
}

export interface BlobReads {
  /** The id of complete bytes with this hash in the account. */
  find(accountId: number, hash: Buffer): Promise<number | undefined>;
  size(id: number): Promise<number | undefined>;
  /** Of complete bytes: their hash, and how many chunks they lie in. */
  facts(id: number): Promise<{ hash: Buffer; chunks: number }>;
  /** A range of a blob, at most 1 MiB at once. */
  read(id: number, offset: number, length: number): Promise<Buffer>;
}

export interface Reads {
  readonly scheduleMessages: ScheduleMessageReads;
  readonly attendeeTracking: AttendeeTrackingReads;
  readonly personalData: PersonalDataReads;
  readonly feeds: FeedReads;
  readonly secondFactors: SecondFactorReads;
  readonly audit: AuditReads;
  readonly deleted: DeletedReads;
  readonly sources: SourceReads;
  readonly mailboxes: MailboxReads;
  readonly messages: MessageReads;
  readonly threads: ThreadReads;
  readonly placements: PlacementReads;
  readonly submissions: SubmissionReads;
  readonly domainKeys: DomainKeyReads;
  readonly greylist: GreylistReads;
  readonly stsPolicies: StsPolicyReads;
  readonly settings: SettingReads;
  readonly organisations: OrganisationReads;
  readonly principals: PrincipalReads;
  readonly resources: ResourceReads;
  readonly freeBusySharing: FreeBusySharingReads;
  readonly credentials: CredentialReads;
  readonly accounts: AccountReads;
  readonly collections: CollectionReads;
  readonly grants: GrantReads;
  readonly mailRights: MailRightReads;
  readonly properties: PropertyReads;
  readonly calendarObjects: CalendarObjectReads;
  readonly cards: CardReads;
  readonly files: FileReads;
  readonly invitations: InvitationReads;
  readonly tombstones: TombstoneReads;
  readonly blobs: BlobReads;
  readonly attachments: AttachmentReads;
}
