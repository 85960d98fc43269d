/**
 * The port of the store: what the rest of Convene may ask of it. Interfaces and row types only.
 * Three ways in, all asynchronous: one read (`store.cards.get(...)`), several reads that must agree (`store.snapshot`),
 * and `store.transaction`, the only place where write methods exist.
 * Times are epoch milliseconds; flags are 0 and 1; names and addresses arrive folded.
 * Elsewhere: how commits share a flush (sqlite.ts), the statements (one file for each table).
 */

export type PrincipalKind = 'individual' | 'group' | 'resource' | 'room';
export type Role = 'owner' | 'administrator' | 'member' | 'external';
export type GrantRights = 'free-busy' | 'read' | 'read-write' | 'manage' | 'send-as';
export type Home = 'calendars' | 'addressbooks' | 'notifications';
export type CollectionKind = 'calendar' | 'addressbook' | 'mailbox' | 'plain' | 'notifications';
export type PropertyOwner =
  | 'principal'
  | 'calendars'
  | 'addressbooks'
  | 'collection'
  | 'calendar-object'
  | 'card'
  | 'file';

export interface OrganisationRow {
  id: number;
  name: string;
  createdAt: number;
}

export interface DomainRow {
  id: number;
  organisationId: number;
  name: string;
  createdAt: number;
}

export interface PrincipalRow {
  id: number;
  organisationId: number;
  kind: PrincipalKind;
  name: string;
  displayName: string;
  uuid: string;
  role: Role;
  createdAt: number;
}

export interface CredentialRow {
  id: number;
  principalId: number;
  kind: 'password' | 'device';
  name: string;
  hash: string;
  /** JSON list of scopes; of networks. */
  scopes: string;
  networks: string;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

export interface AccountRow {
  id: number;
  modseq: number;
  nextUidvalidity: number;
  usedBytes: number;
  quotaBytes: number | null;
}

/** A collection as it appears for one principal. The calendar's own columns are empty for other kinds. */
export interface BoundCollectionRow {
  id: number;
  accountId: number;
  kind: CollectionKind;
  modseq: number;
  createdAt: number;
  bindingId: number;
  /** Modseq of the principal's own account at which the binding came or changed. */
  bindingModseq: number;
  principalId: number;
  home: Home;
  /** The name in the home; of a plain collection the path below the home, without '/' at the ends. */
  segment: string;
  position: number;
  /** Comma-separated component names in upper case, 'VEVENT,VTODO'; '' when not a calendar. */
  components: string;
  /** Zone in which floating times of this calendar are read: an IANA name, or '' for UTC. */
  timeZone: string;
  transparent: number;
}

export interface GrantRow {
  id: number;
  accountId: number;
  /** 0: the whole account. */
  collectionId: number;
  /** 0: everybody in the organisation of the account, but externals. */
  granteeId: number;
  rights: GrantRights;
  /** 'calendars': of a whole account, its calendars only; else ''. */
  scope: '' | 'calendars';
  createdAt: number;
}

export interface InvitationRow {
  id: number;
  uid: string;
  collectionId: number;
  inviteeId: number;
  /** The address of the invitee as the inviter wrote it. */
  href: string;
  commonName: string;
  summary: string;
  rights: 'read' | 'read-write';
  status: 'pending' | 'accepted' | 'declined';
  createdAt: number;
}

export interface PropertyRow {
  /** 0: the same for everybody. */
  principalId: number;
  namespace: string;
  name: string;
  xml: string;
}

/** What members of all DAV collections share. */
export interface MemberRow {
  id: number;
  collectionId: number;
  name: string;
  etag: string;
  size: number;
  modseq: number;
  createdAt: number;
  modifiedAt: number;
}

export interface CalendarObjectRow extends MemberRow {
  icalUid: string;
  component: string;
  scheduleTag: string | null;
  /** Bounds of all occurrences, null: none or endless. For floating times as local time. */
  firstStart: number | null;
  lastEnd: number | null;
  recurring: number;
  indexedFrom: number;
  indexedUntil: number;
}

export interface CardRow extends MemberRow {
  cardUid: string;
  version: string;
  kind: string;
}

export interface FileRow extends MemberRow {
  contentType: string;
  blobId: number;
}

/** One line of a listing: [id, name, etag, modseq]. An array, because listings are long. */
export type ListingRow = [id: number, name: string, etag: string, modseq: number];

export interface TombstoneRow {
  name: string;
  memberId: number;
  modseq: number;
}

export interface OccurrenceRow {
  objectId: number;
  startAt: number;
  endAt: number;
  /** 1: startAt and endAt are local time written as if it were UTC. */
  floating: number;
  /** 0 free, 1 busy, 2 tentative, 3 unavailable. */
  busy: number;
}

/** An attachment that was handed over by POST and is named in calendar objects by its managed id. */
export interface AttachmentRow {
  id: number;
  /** Whose quota it counts against. */
  accountId: number;
  managedId: string;
  blobId: number;
  /** The value of ATTACH. */
  uri: string;
  mediaType: string;
  fileName: string;
  size: number;
  createdAt: number;
}

/** A mailbox with the columns of its collection. */
export interface MailboxRow {
  id: number;
  accountId: number;
  modseq: number;
  /** Decoded, '/' between levels, INBOX in upper case. */
  name: string;
  /** '\\Sent' and the like, '' for none. */
  specialUse: string;
  uidvalidity: number;
  uidnext: number;
  /** Messages from this UID on were not yet shown to any session as \\Recent. */
  recentFrom: number;
  /** JSON list of keywords; the index is the bit, '' a free one. */
  keywords: string;
}

/** A message, whatever mailboxes it is placed in. */
export interface MessageRow {
  id: number;
  accountId: number;
  blobId: number;
  size: number;
  internalDate: number;
  /** Finished FETCH items: INTERNALDATE "…" RFC822.SIZE n ENVELOPE (…). ASCII. */
  summary: string;
  /** The finished value of BODYSTRUCTURE. ASCII. */
  structure: string;
}

/** One message in a mailbox: [uid, message id, flags, modseq]. An array, because mailboxes are long. */
export type PlacementRow = [uid: number, messageId: number, flags: number, modseq: number];

export interface SubmissionRow {
  id: number;
  accountId: number;
  blobId: number;
  mailFrom: string;
  rcptTo: string;
  /** DSN parameters of the recipient, as JSON. */
  options: string;
  state: 'queued' | 'held' | 'sent' | 'failed';
  attempts: number;
  nextAttemptAt: number;
  lastError: string | null;
  createdAt: number;
}

/** A position in a collection's change log: everything up to this modseq, and of it up to this member id. */
export interface LogPosition {
  modseq: number;
  memberId: number;
}

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
export interface CredentialReads {
  list(principalId: number): Promise<CredentialRow[]>;
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
  /** An object with this UID in any calendar of an account, one in `collectionId` before others. */
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
  /** Members that left after a log position, in order of (modseq, member id); at most `limit`. */
  page(collectionId: number, after: LogPosition, limit: number): Promise<TombstoneRow[]>;
}

export interface AttachmentReads {
  /** Those that exist, in no promised order. At most 500 ids. */
  byManagedIds(managedIds: string[]): Promise<AttachmentRow[]>;
  /** Collections with an object that names the attachment, at most 200. */
  collectionsUsing(id: number): Promise<number[]>;
  /** Ids of the attachments an object names. */
  usedBy(objectId: number): Promise<number[]>;
}
export interface MailboxReads {
  get(id: number): Promise<MailboxRow | undefined>;
  byName(accountId: number, name: string): Promise<MailboxRow | undefined>;
  /** In order of name. */
  list(accountId: number): Promise<MailboxRow[]>;
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
  /** Messages of an account after an id, in order of id; for indexing. */
  after(id: number, limit: number): Promise<MessageRow[]>;
}
export interface PlacementReads {
  get(mailboxId: number, uid: number): Promise<PlacementRow | undefined>;
  /** By UID from `first` on, in order; at most `limit`. */
  page(mailboxId: number, first: number, limit: number): Promise<PlacementRow[]>;
  /** Those of a mailbox changed after a modseq, in order of UID. Scans the mailbox. */
  changedSince(mailboxId: number, modseq: number): Promise<PlacementRow[]>;
  /** [messages, unseen, octets] of a mailbox. Scans the mailbox. */
  counts(mailboxId: number): Promise<{ messages: number; unseen: number; octets: number }>;
}
export interface SubmissionReads {
  /** Queued ones whose time has come, the oldest first. */
  due(now: number, limit: number): Promise<SubmissionRow[]>;
  get(id: number): Promise<SubmissionRow | undefined>;
  list(limit: number): Promise<SubmissionRow[]>;
  /** When the next attempt is due, of all that are queued. */
  nextAttemptAt(): Promise<number | undefined>;
}

export interface Reads {
  readonly mailboxes: MailboxReads;
  readonly messages: MessageReads;
  readonly placements: PlacementReads;
  readonly submissions: SubmissionReads;
  readonly settings: SettingReads;
  readonly organisations: OrganisationReads;
  readonly principals: PrincipalReads;
  readonly credentials: CredentialReads;
  readonly accounts: AccountReads;
  readonly collections: CollectionReads;
  readonly grants: GrantReads;
  readonly properties: PropertyReads;
  readonly calendarObjects: CalendarObjectReads;
  readonly cards: CardReads;
  readonly files: FileReads;
  readonly invitations: InvitationReads;
  readonly tombstones: TombstoneReads;
  readonly blobs: BlobReads;
  readonly attachments: AttachmentReads;
}

export interface SettingWrites extends SettingReads {
  set(name: string, value: string): Promise<void>;
}
export interface OrganisationWrites extends OrganisationReads {
  add(name: string, now: number): Promise<number>;
  addDomain(organisationId: number, name: string, now: number): Promise<number>;
}
export interface PrincipalWrites extends PrincipalReads {
  /** Also opens the principal's account. */
  add(row: Omit<PrincipalRow, 'id'>, uidvalidity: number): Promise<number>;
  addAddress(principalId: number, domainId: number, address: string, position: number): Promise<void>;
  addMember(groupId: number, memberId: number): Promise<void>;
  /** Takes the principal away with its addresses, credentials and grants; what its account holds goes later, by `purge`. */
  remove(id: number): Promise<void>;
}
export interface CredentialWrites extends CredentialReads {
  add(row: Omit<CredentialRow, 'id'>): Promise<number>;
  removeKind(principalId: number, kind: CredentialRow['kind']): Promise<void>;
  used(id: number, now: number): Promise<void>;
}
export interface AccountWrites extends AccountReads {
  /**
   * The account's next modseq, stamped on the collections the transaction is about to change. The first statement of
   * every write to an account; a hint for each collection leaves after the commit. Accounts are taken in order of id.
   */
  nextModseq(accountId: number, collectionIds: number[]): Promise<number>;
  /** Notes that a modseq already taken touches one collection more. */
  stamp(collectionId: number, modseq: number): Promise<void>;
  /** Octets the account's messages and attachments take: adds, or takes away when negative. */
  addUsedBytes(accountId: number, octets: number): Promise<void>;
  /** Octets the account may use; null: as much as the disk holds. */
  setQuota(accountId: number, quotaBytes: number | null): Promise<void>;
}
export interface NewCollection {
  accountId: number;
  kind: CollectionKind;
  modseq: number;
  createdAt: number;
}
export interface CalendarColumns {
  components: string;
  timeZone: string;
  transparent: number;
}
export interface CollectionWrites extends CollectionReads {
  add(row: NewCollection): Promise<number>;
  setCalendar(collectionId: number, columns: CalendarColumns): Promise<void>;
  bind(row: {
    principalId: number;
    collectionId: number;
    home: Home;
    segment: string;
    /** Of the principal's own account. */
    modseq?: number;
    now: number;
  }): Promise<number>;
  /** Takes a collection out of somebody's home who is not its owner; leaves a tombstone in that account. */
  unbind(binding: BoundCollectionRow, modseq: number): Promise<void>;
  /** Notes that what a principal sees of a collection changed. */
  touchBinding(bindingId: number, modseq: number): Promise<void>;
  /** Gives a collection another segment where its owner sees it; leaves a tombstone in the account at the old one. */
  rebind(collection: BoundCollectionRow, segment: string, modseq: number): Promise<void>;
  /**
   * Takes a collection away from everybody, with bindings, grants and properties; leaves a tombstone in the account.
   * Its members go later, by `purge`.
   */
  remove(id: number, modseq: number): Promise<void>;
}
export interface GrantWrites extends GrantReads {
  add(row: Omit<GrantRow, 'id' | 'scope'> & { readonly scope?: GrantRow['scope'] }): Promise<void>;
  remove(id: number): Promise<void>;
}
export interface InvitationWrites extends InvitationReads {
  add(row: Omit<InvitationRow, 'id'>): Promise<number>;
  /** Replaces rights, status, summary and common name. */
  update(row: InvitationRow): Promise<void>;
  remove(id: number): Promise<void>;
}
export interface PropertyWrites extends PropertyReads {
  set(owner: PropertyOwner, resourceId: number, row: PropertyRow): Promise<void>;
  remove(owner: PropertyOwner, resourceId: number, principalId: number, namespace: string, name: string): Promise<void>;
  removeAll(owner: PropertyOwner, resourceId: number): Promise<void>;
  copyAll(owner: PropertyOwner, fromId: number, toId: number): Promise<void>;
}
export interface CalendarObjectWrites extends CalendarObjectReads {
  /** Inserts object, octets and occurrences, and notes the attachments named; takes away the tombstone of that name. */
  add(
    row: Omit<CalendarObjectRow, 'id'>,
    data: string,
    occurrences: Omit<OccurrenceRow, 'objectId'>[],
  ): Promise<number>;
  /** Replaces everything of an object but its id and creation time. */
  replace(row: CalendarObjectRow, data: string, occurrences: Omit<OccurrenceRow, 'objectId'>[]): Promise<void>;
  /** Replaces only what the index holds of an object. */
  reindex(row: CalendarObjectRow, occurrences: Omit<OccurrenceRow, 'objectId'>[]): Promise<void>;
  /** Moves an object, its octets and index, to a place that is free; leaves a tombstone at the old one. */
  move(
    row: CalendarObjectRow,
    accountId: number,
    to: { collectionId: number; name: string },
    modseq: number,
  ): Promise<void>;
  /** Deletes an object with its properties and leaves a tombstone. */
  remove(row: MemberRow, accountId: number, modseq: number): Promise<void>;
}
export interface CardWrites extends CardReads {
  add(row: Omit<CardRow, 'id'>, data: string): Promise<number>;
  replace(row: CardRow, data: string): Promise<void>;
  move(row: CardRow, accountId: number, to: { collectionId: number; name: string }, modseq: number): Promise<void>;
  remove(row: MemberRow, accountId: number, modseq: number): Promise<void>;
}

export interface FileWrites extends FileReads {
  add(row: Omit<FileRow, 'id'>): Promise<number>;
  replace(row: FileRow): Promise<void>;
  move(row: FileRow, accountId: number, to: { collectionId: number; name: string }, modseq: number): Promise<void>;
  remove(row: MemberRow, accountId: number, modseq: number): Promise<void>;
}

export interface BlobReads {
  /** The id of complete bytes with this hash in the account. */
  find(accountId: number, hash: Buffer): Promise<number | undefined>;
  size(id: number): Promise<number | undefined>;
  /** A range of a blob, at most 1 MiB at once. */
  read(id: number, offset: number, length: number): Promise<Buffer>;
}
export interface BlobWrites extends BlobReads {
  /** Stores up to 256 kB at once, or finds the same bytes again and renews their put time. Returns the id. */
  put(accountId: number, hash: Buffer, octets: Buffer, now: number): Promise<number>;
  /** Opens a larger blob for its chunks; it is invisible to `find` until complete. */
  open(accountId: number, now: number): Promise<number>;
  append(id: number, ordinal: number, octets: Buffer): Promise<void>;
  /** Closes a staged blob, or drops it in favour of the same bytes already there. Returns the id that holds them. */
  complete(id: number, accountId: number, hash: Buffer, size: number, now: number): Promise<number>;
  /** Deletes what nothing refers to and nobody put since `before`; at most `limit`. Returns how many. */
  collect(before: number, limit: number): Promise<number>;
}

export interface AttachmentWrites extends AttachmentReads {
  /** What no object names soon goes by `collect`. */
  add(row: Omit<AttachmentRow, 'id'>): Promise<number>;
  /** Deletes it unless an object names it. */
  removeUnused(id: number): Promise<void>;
  /** Deletes what was added before a time and no object names; at most `limit`. Returns how many. */
  collect(before: number, limit: number): Promise<number>;
}

export interface MailboxWrites extends MailboxReads {
  /** Makes a mailbox with the account's next UIDVALIDITY. Returns the collection's id. */
  add(row: { accountId: number; name: string; specialUse: string; modseq: number; now: number }): Promise<number>;
  rename(id: number, name: string): Promise<void>;
  /** The name is free at once; messages go later, by `purge`. */
  remove(id: number): Promise<void>;
  /** Takes `count` UIDs and returns the first. */
  takeUids(id: number, count: number): Promise<number>;
  setKeywords(id: number, keywords: string): Promise<void>;
  setRecentFrom(id: number, uid: number): Promise<void>;
  /** Empties a mailbox's UID space: a new UIDVALIDITY, UIDs from 1. Only for a mailbox without messages. */
  renewUidvalidity(id: number): Promise<void>;
  subscribe(principalId: number, name: string): Promise<void>;
  unsubscribe(principalId: number, name: string): Promise<void>;
}
export interface MessageWrites extends MessageReads {
  add(row: Omit<MessageRow, 'id'>): Promise<number>;
  /** Deletes messages that are placed nowhere any more, of those given. */
  removeUnplaced(ids: number[]): Promise<void>;
}
export interface PlacementWrites extends PlacementReads {
  add(mailboxId: number, rows: readonly PlacementRow[]): Promise<void>;
  /** For UIDs in [first, last]: clears the bits `clear`, then sets the bits `set`. Returns how many rows there were. */
  changeFlags(
    mailboxId: number,
    first: number,
    last: number,
    clear: number,
    set: number,
    modseq: number,
  ): Promise<number>;
  /** Replaces flags and modseq of single messages. */
  setFlags(mailboxId: number, rows: readonly PlacementRow[]): Promise<void>;
  /** Deletes placements and leaves tombstones. */
  remove(mailboxId: number, accountId: number, uids: readonly number[], modseq: number): Promise<void>;
}
export interface SubmissionWrites extends SubmissionReads {
  add(row: Omit<SubmissionRow, 'id'>): Promise<number>;
  update(row: Pick<SubmissionRow, 'id' | 'state' | 'attempts' | 'nextAttemptAt' | 'lastError'>): Promise<void>;
  remove(id: number): Promise<void>;
}

export interface PurgeWrites {
  /**
   * Deletes for good what removed collections and principals left behind, at most `limit` rows of each kind, so that no
   * transaction is long. Returns how many rows went; 0 when nothing is left.
   */
  step(limit: number): Promise<number>;
}

export interface Writes extends Reads {
  readonly mailboxes: MailboxWrites;
  readonly messages: MessageWrites;
  readonly placements: PlacementWrites;
  readonly submissions: SubmissionWrites;
  readonly purge: PurgeWrites;
  readonly settings: SettingWrites;
  readonly organisations: OrganisationWrites;
  readonly principals: PrincipalWrites;
  readonly credentials: CredentialWrites;
  readonly accounts: AccountWrites;
  readonly collections: CollectionWrites;
  readonly grants: GrantWrites;
  readonly properties: PropertyWrites;
  readonly calendarObjects: CalendarObjectWrites;
  readonly cards: CardWrites;
  readonly files: FileWrites;
  readonly invitations: InvitationWrites;
  readonly blobs: BlobWrites;
  readonly attachments: AttachmentWrites;
}

/** Something changed up to this modseq; never what. Lost or merged hints cost latency, not correctness. */
export interface ChangeHint {
  accountId: number;
  collectionId: number;
  modseq: number;
}

export interface Store extends Reads {
  /** The id of this start of the server, named in sync tokens. */
  readonly boot: number;
  /** Several reads that see one state. `fn` awaits nothing but the reads it is given. */
  snapshot<T>(fn: (read: Reads) => Promise<T>): Promise<T>;
  /**
   * Runs `fn` in a transaction that is durable when the promise resolves. Several share one commit. `fn` awaits nothing
   * but storage calls, may run twice, and undoes only itself when it throws.
   */
  transaction<T>(fn: (write: Writes) => Promise<T>): Promise<T>;
  /** Whether a write would succeed now: tries one. */
  writable(): Promise<boolean>;
  close(): Promise<void>;
}

/** The only errors that storage tells apart; the service gives them meaning. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: 'unique' | 'busy' | 'full' | 'locked' | 'damaged';

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
