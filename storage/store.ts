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
/** Who may ask when a principal is busy, beside those it granted it to. */
export type FreeBusySharing = 'nobody' | 'organisation' | 'everyone';
/** How requests for a room are answered while the time is free. */
export type BookingRule = 'auto-accept' | 'approval' | 'auto-decline';
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

/** What a room or resource has beyond a principal. */
export interface ResourceRow {
  principalId: number;
  building: string;
  /** Seats; 0 when that is no fact of it. */
  capacity: number;
  /** JSON list of folded words. */
  features: string;
  booking: BookingRule;
  /** Who approves. */
  managerId: number | null;
  /** How many days ahead it can be booked. */
  horizonDays: number;
  /** The longest booking; 0: any. */
  longestMinutes: number;
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
  /** Address and program of the last use; '' when unknown. */
  lastPeer: string;
  lastClient: string;
  /** Keys of SCRAM, sealed; '' while they are not known. */
  scram: string;
}

export type FeedLevel = 'full' | 'titles-hidden' | 'busy';

/** A published calendar: one link to it. */
export interface FeedRow {
  id: number;
  accountId: number;
  collectionId: number;
  name: string;
  level: FeedLevel;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  /** The calendar's modseq at the last fetch, and when it got it. */
  seenModseq: number;
  seenAt: number;
  fetches: number;
}

export interface FeedFetchRow {
  id: number;
  at: number;
  peer: string;
  client: string;
  status: number;
}

export interface SecondFactorRow {
  principalId: number;
  /** Sealed. */
  secret: string;
  createdAt: number;
  /** null: not proved yet, so not asked for. */
  enabledAt: number | null;
  /** The newest time step a code was accepted for. */
  lastStep: number;
}

export interface OneTimeLinkRow {
  hash: string;
  principalId: number;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
}

export interface AuditRow {
  id: number;
  at: number;
  actor: string;
  action: string;
  target: string;
  peer: string;
  /** JSON. */
  details: string;
}

export interface DeletedMemberRow {
  id: number;
  accountId: number;
  collectionId: number;
  kind: 'calendar-object' | 'card';
  name: string;
  uid: string;
  deletedAt: number;
}

export interface DeletedCollectionRow {
  collectionId: number;
  accountId: number;
  kind: CollectionKind;
  home: Home;
  segment: string;
  deletedAt: number;
}

/** A calendar elsewhere that is fetched. */
export interface SourceRow {
  id: number;
  url: string;
  everyMs: number;
  etag: string;
  lastModified: string;
  contentHash: string;
  fetchedAt: number | null;
  changedAt: number | null;
  nextFetchAt: number;
  failures: number;
  /** Why the last fetch failed; '' when it did not. */
  error: string;
}

export interface AccountRow {
  id: number;
  modseq: number;
  nextUidvalidity: number;
  usedBytes: number;
  /** The limit that counts, its own or the default of the server; null: none. */
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
  /** 1: its members are fetched from elsewhere, nobody else writes to it. */
  subscribed: number;
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

/** A grant as it concerns mail: of one mailbox, or (0) of all in the account. */
export interface MailGrantRow {
  mailboxId: number;
  granteeId: number;
  rights: GrantRights;
  /** '' for those that the rights stand for. */
  letters: string;
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
  /** Of scheduling object resources: changes only with what matters to whoever keeps the object (RFC 6638 §3.2.10). */
  scheduleTag: string | null;
  /** METHOD of a message in a scheduling inbox, null for everything in calendars. */
  method: string | null;
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
  /** Marks of attendees who are not coming, or perhaps; null for none. */
  answers?: string | null;
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
  /** Where the parts of a large message lie, as JSON; '' for a small one. */
  layout: string;
  /** Of a copy from another account, the id of what it was copied from; 0: its own. */
  originalId: number;
  /** The id of the first message of its thread; 0: its own. */
  threadId: number;
  /** Six octets of hash for its Message-ID, then for each id it refers to. */
  ancestry: Buffer;
}

/** A message of a page of octets: null for one that is too large for a page. */
export type BodyRow = [uid: number, messageId: number, size: number, octets: Buffer | null];

export interface PlacementCounts {
  messages: number;
  unseen: number;
  deleted: number;
  recent: number;
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

/** A scheduling message on its way to one recipient. */
export interface ScheduleMessageRow {
  id: number;
  /** Of the sender. */
  accountId: number;
  /** A principal of this server; 0: elsewhere, by mail. */
  recipientId: number;
  /** Calendar user addresses as in the object; the recipient's folded. */
  sender: string;
  recipient: string;
  method: string;
  icalUid: string;
  /** 0: no message, but the newest state of the sender's object, shown silently. */
  textId: number;
  /** From a person of this server, by mail from a sender whose invitations are taken, or by mail from anybody else. */
  origin: 'here' | 'mail' | 'stranger';
  /** 1: answered on the page for guests. */
  byWeb: number;
  attempts: number;
  nextAttemptAt: number;
  lastError: string | null;
  createdAt: number;
}

/** An attendee of one event, as its organizer's account knows it; the address is folded. */
export interface TrackedAttendee {
  accountId: number;
  icalUid: string;
  attendee: string;
}

/** What became of the last message to an attendee: 'sent' is with the next mail server, 'delivered' with the recipient. */
export type MessageState = 'queued' | 'sent' | 'delivered' | 'delayed' | 'bounced';
export type AnswerWay = 'calendar' | 'mail' | 'web';

export interface AttendeeTrackingRow extends TrackedAttendee {
  /** Of the last message; null, as all of it, for who answered without one. */
  method: string | null;
  sentAt: number | null;
  /** Into a calendar here, or by mail. */
  way: 'calendar' | 'mail' | null;
  /** Of the last mail (RFC 3461 §4.4). */
  envelopeId: string | null;
  state: MessageState | null;
  stateAt: number | null;
  /** What was said of it. */
  detail: string;
  partstat: string | null;
  answeredAt: number | null;
  answeredVia: AnswerWay | null;
}

export interface DomainKeyRow {
  id: number;
  domainId: number;
  selector: string;
  algorithm: 'rsa' | 'ed25519';
  /** PKCS #8 in PEM. */
  privateKey: string;
  createdAt: number;
}

/** Somebody who brought mail (RFC 6647 §2.4). */
export interface GreylistRow {
  /** SHA-256 of network, sender and recipient. */
  digest: Buffer;
  /** First heard of or, once it came again, last. */
  seenAt: number;
  known: 0 | 1;
  expiresAt: number;
}

/** A policy of a domain (RFC 8461 §3.2). */
export interface StsPolicyRow {
  domain: string;
  /** The id that DNS announced. */
  version: string;
  mode: 'enforce' | 'testing' | 'none';
  /** JSON list of names. */
  mx: string;
  /** From when it is fetched again. */
  refreshAt: number;
  expiresAt: number;
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

export interface Reads {
  readonly scheduleMessages: ScheduleMessageReads;
  readonly attendeeTracking: AttendeeTrackingReads;
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
  /** Gives it another display name; the name itself stays. */
  rename(id: number, displayName: string): Promise<void>;
  addMember(groupId: number, memberId: number): Promise<void>;
  removeMember(groupId: number, memberId: number): Promise<void>;
  removeAddress(principalId: number, address: string): Promise<void>;
  /** Takes the principal away with its addresses, credentials and grants; what its account holds goes later, by `purge`. */
  remove(id: number): Promise<void>;
}
export interface ResourceWrites extends ResourceReads {
  /** Adds or replaces. */
  set(row: ResourceRow): Promise<void>;
}
export interface FreeBusySharingWrites extends FreeBusySharingReads {
  set(principalId: number, sharedWith: FreeBusySharing): Promise<void>;
}
export interface CredentialWrites extends CredentialReads {
  add(row: Omit<CredentialRow, 'id'>): Promise<number>;
  removeKind(principalId: number, kind: CredentialRow['kind']): Promise<void>;
  /** Returns whether it was there. */
  remove(principalId: number, id: number): Promise<boolean>;
  used(id: number, now: number, peer: string, client: string): Promise<void>;
  setScram(id: number, scram: string): Promise<void>;
}
export interface FeedWrites extends FeedReads {
  add(row: Pick<FeedRow, 'accountId' | 'collectionId' | 'name' | 'level' | 'createdAt' | 'expiresAt'>): Promise<number>;
  addToken(feedId: number, hash: string): Promise<void>;
  retireTokens(feedId: number, now: number): Promise<void>;
  revoke(id: number, now: number): Promise<void>;
  update(row: Pick<FeedRow, 'id' | 'name' | 'level' | 'expiresAt'>): Promise<void>;
  seen(id: number, modseq: number, at: number): Promise<void>;
  /** Notes a fetch and forgets all but the newest `keep`. */
  addFetch(feedId: number, fetch: Omit<FeedFetchRow, 'id'>, keep: number): Promise<void>;
}
export interface SecondFactorWrites extends SecondFactorReads {
  set(row: SecondFactorRow): Promise<void>;
  remove(principalId: number): Promise<void>;
  addLink(row: Omit<OneTimeLinkRow, 'usedAt'>): Promise<void>;
  /** Uses a link up; false when somebody did before. */
  useLink(hash: string, now: number): Promise<boolean>;
  expireLinks(before: number): Promise<void>;
}
export interface AuditWrites extends AuditReads {
  add(row: Omit<AuditRow, 'id'>): Promise<void>;
  /** Deletes what is older; at most `limit`. Returns how many. */
  expire(before: number, limit: number): Promise<number>;
}
export interface DeletedWrites extends DeletedReads {
  /** Undoes the removal of a collection; the caller binds it again. */
  revive(collectionId: number, modseq: number): Promise<void>;
  removeMember(id: number): Promise<void>;
  /** Forgets what was deleted before; members at most `limit`. Returns how many of them. */
  expire(before: number, limit: number): Promise<number>;
}
export interface SourceWrites extends SourceReads {
  add(url: string, everyMs: number, nextFetchAt: number): Promise<number>;
  update(row: SourceRow): Promise<void>;
  subscribe(collectionId: number, sourceId: number): Promise<void>;
  /** Deletes sources that no calendar shows. */
  removeUnused(): Promise<number>;
}
export interface AccountWrites extends AccountReads {
  /**
   * The account's next modseq, stamped on the collections the transaction is about to change. The first statement of
   * every write to an account; a hint for each collection leaves after the commit. Accounts are taken in order of id.
   */
  nextModseq(accountId: number, collectionIds: number[]): Promise<number>;
  /** Notes that a modseq already taken touches one collection more. */
  stamp(collectionId: number, modseq: number): Promise<void>;
  /** How many octets an account may hold; null: what is the default, -1: any number. */
  setQuota(accountId: number, quotaBytes: number | null): Promise<void>;
  /** Octets the account's messages and attachments take: adds, or takes away when negative. Returns the sum and the quota. */
  addUsedBytes(accountId: number, octets: number): Promise<{ usedBytes: number; quotaBytes: number | null }>;
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
  /** Of a scheduling inbox; undefined keeps what is there. */
  availability?: string;
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
   * Takes a collection away from everybody, with bindings and grants; leaves a tombstone in the account. Calendars and
   * address books are kept for a time (`deleted`); what is in them goes later, by `purge`.
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
export interface MailRightWrites extends MailRightReads {
  /** '': what the grant's rights stand for. */
  setLetters(mailboxId: number, granteeId: number, letters: string): Promise<void>;
  /** Gives a mailbox the grants of another one, letters too. */
  copy(fromId: number, toId: number, now: number): Promise<void>;
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
  /** Of complete bytes: their hash, and how many chunks they lie in. */
  facts(id: number): Promise<{ hash: Buffer; chunks: number }>;
  /** A range of a blob, at most 1 MiB at once. */
  read(id: number, offset: number, length: number): Promise<Buffer>;
}
export interface BlobWrites extends BlobReads {
  /** Stores up to 256 kB at once, or finds the same bytes again and renews their put time. Returns the id. */
  put(accountId: number, hash: Buffer, octets: Buffer, now: number): Promise<number>;
  /** Opens a larger blob for its chunks; it is invisible to `find` until complete. */
  open(accountId: number, now: number): Promise<number>;
  append(id: number, ordinal: number, octets: Buffer): Promise<void>;
  /** Gives a staged blob a chunk of another one. */
  copyChunk(fromId: number, toId: number, ordinal: number): Promise<void>;
  /** Takes the last chunk of a blob that will not be completed; the blob with its last one. False when nothing is left. */
  discardChunk(id: number): Promise<boolean>;
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
  /** Deletes messages that are placed nowhere any more, of those given. Returns how many octets they had. */
  removeUnplaced(ids: readonly number[]): Promise<number>;
}
export interface ThreadWrites extends ThreadReads {
  /** Lets these hashes belong to a thread; those that belong to one stay there. */
  add(accountId: number, hashes: readonly number[], threadId: number): Promise<void>;
}
export interface PlacementWrites extends PlacementReads {
  /** @param savedAt when they came into this mailbox */
  add(mailboxId: number, rows: readonly PlacementRow[], savedAt: number): Promise<void>;
  /**
   * For UIDs in [first, last]: clears the bits `clear`, then sets the bits `set`. Rows that already are so keep their modseq.
   * Returns how many changed.
   */
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
export interface DomainKeyWrites extends DomainKeyReads {
  add(row: Omit<DomainKeyRow, 'id'>): Promise<number>;
}
export interface GreylistWrites extends GreylistReads {
  /** Takes the place of an older row; beyond `most` rows the oldest go, some at a time. */
  put(row: GreylistRow, most: number): Promise<void>;
  /** Takes away at most `limit` rows whose time is over. Returns how many. */
  expire(now: number, limit: number): Promise<number>;
}
export interface StsPolicyWrites extends StsPolicyReads {
  /** Takes the place of an older row; beyond `most` rows the oldest go, some at a time. */
  put(row: StsPolicyRow, most: number): Promise<void>;
  /** Takes away at most `limit` rows whose time is over. Returns how many. */
  expire(now: number, limit: number): Promise<number>;
}
export interface SubmissionWrites extends SubmissionReads {
  add(row: Omit<SubmissionRow, 'id'>): Promise<number>;
  update(row: Pick<SubmissionRow, 'id' | 'state' | 'attempts' | 'nextAttemptAt' | 'lastError'>): Promise<void>;
  setOptions(id: number, options: string): Promise<void>;
  remove(id: number): Promise<void>;
}

export interface ScheduleMessageWrites extends ScheduleMessageReads {
  /** Keeps a text for the messages added after it in the same transaction. */
  addText(data: string): Promise<number>;
  add(row: Omit<ScheduleMessageRow, 'id'>): Promise<number>;
  /** Asks for the newest state to be shown to a recipient, unless that waits already. */
  refresh(
    row: Omit<ScheduleMessageRow, 'id' | 'method' | 'textId' | 'origin' | 'byWeb' | 'attempts' | 'lastError'>,
  ): Promise<void>;
  retry(row: Pick<ScheduleMessageRow, 'id' | 'attempts' | 'nextAttemptAt' | 'lastError'>): Promise<void>;
  /** Takes a message away, and its text with the last of its recipients. */
  remove(row: Pick<ScheduleMessageRow, 'id' | 'textId'>): Promise<void>;
}

export interface AttendeeTrackingWrites extends AttendeeTrackingReads {
  /** A message was queued; it stands for all before it. */
  sent(of: TrackedAttendee, method: string, way: 'calendar' | 'mail', at: number): Promise<void>;
  /** The message leaves as a mail of this envelope. */
  mailed(of: TrackedAttendee, envelopeId: string): Promise<void>;
  settled(of: TrackedAttendee, state: MessageState, at: number, detail: string): Promise<void>;
  answered(of: TrackedAttendee, partstat: string, via: AnswerWay, at: number): Promise<void>;
  /** Forgets events that are gone and of which nothing was heard since. Returns how many rows were looked at: 0 when none is left. */
  expire(before: number, now: number, limit: number): Promise<number>;
}

export interface PurgeWrites {
  /**
   * Deletes for good what removed collections and principals left behind, at most `limit` rows of each kind, so that no
   * transaction is long. Returns how many rows went; 0 when nothing is left.
   */
  step(limit: number): Promise<number>;
}

export interface Writes extends Reads {
  readonly scheduleMessages: ScheduleMessageWrites;
  readonly attendeeTracking: AttendeeTrackingWrites;
  readonly feeds: FeedWrites;
  readonly secondFactors: SecondFactorWrites;
  readonly audit: AuditWrites;
  readonly deleted: DeletedWrites;
  readonly sources: SourceWrites;
  readonly mailboxes: MailboxWrites;
  readonly messages: MessageWrites;
  readonly threads: ThreadWrites;
  readonly placements: PlacementWrites;
  readonly submissions: SubmissionWrites;
  readonly domainKeys: DomainKeyWrites;
  readonly greylist: GreylistWrites;
  readonly stsPolicies: StsPolicyWrites;
  readonly purge: PurgeWrites;
  readonly settings: SettingWrites;
  readonly organisations: OrganisationWrites;
  readonly principals: PrincipalWrites;
  readonly resources: ResourceWrites;
  readonly freeBusySharing: FreeBusySharingWrites;
  readonly credentials: CredentialWrites;
  readonly accounts: AccountWrites;
  readonly collections: CollectionWrites;
  readonly grants: GrantWrites;
  readonly mailRights: MailRightWrites;
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

export interface CopiedFile {
  readonly octets: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface Store extends Reads {
  /** The id of this start of the server, named in sync tokens. */
  readonly boot: number;
  /** Where it is. */
  readonly folder: string;
  /** Several reads that see one state. `fn` awaits nothing but the reads it is given. */
  snapshot<T>(fn: (read: Reads) => Promise<T>): Promise<T>;
  /**
   * Runs `fn` in a transaction that is durable when the promise resolves. Several share one commit. `fn` awaits nothing
   * but storage calls, may run twice, and undoes only itself when it throws. `committed` is called with its result right
   * after the commit, in the order of commits and before anyone hears of it: for what is kept in memory beside the store.
   */
  transaction<T>(fn: (write: Writes) => Promise<T>, committed?: (value: T) => void): Promise<T>;
  /** Whether a write would succeed now: tries one. */
  writable(): Promise<boolean>;
  /** Copies everything, as it is when called, to a new file; nobody waits for it. */
  copyTo(file: string): Promise<CopiedFile>;
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
