/**
 * Rows of the store, as the rest of Convene sees them. Times are epoch milliseconds; flags are 0 and 1; names and addresses arrive
 * folded. Elsewhere: who reads and writes them (store.ts).
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

/** What somebody keeps of an object in a calendar of somebody else; data and etag are '' when nothing is left of it. */
export interface PersonalDataRow {
  objectId: number;
  principalId: number;
  collectionId: number;
  modseq: number;
  modifiedAt: number;
  etag: string;
  data: string;
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
