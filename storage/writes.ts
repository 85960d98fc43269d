/**
 * What may be written to the store, inside a transaction only, table by table. Elsewhere: rows (rows.ts), reading (reads.ts), the port
 * itself (store.ts).
 */
import type {
  AccountReads,
  AttachmentReads,
  AttendeeTrackingReads,
  AuditReads,
  BlobReads,
  CalendarObjectReads,
  CardReads,
  CollectionReads,
  CredentialReads,
  DeletedReads,
  DomainKeyReads,
  FeedReads,
  FileReads,
  FreeBusySharingReads,
  GrantReads,
  GreylistReads,
  InvitationReads,
  MailboxReads,
  MailRightReads,
  MessageReads,
  OrganisationReads,
  PersonalDataReads,
  PlacementReads,
  PrincipalReads,
  PropertyReads,
  Reads,
  ResourceReads,
  ScheduleMessageReads,
  SecondFactorReads,
  SettingReads,
  SourceReads,
  StsPolicyReads,
  SubmissionReads,
  ThreadReads,
} from './reads.ts';
import type {
  AnswerWay,
  AttachmentRow,
  AuditRow,
  BoundCollectionRow,
  CalendarObjectRow,
  CardRow,
  CollectionKind,
  CredentialRow,
  DomainKeyRow,
  FeedFetchRow,
  FeedRow,
  FileRow,
  FreeBusySharing,
  GrantRow,
  GreylistRow,
  Home,
  InvitationRow,
  MemberRow,
  MessageRow,
  MessageState,
  OccurrenceRow,
  OneTimeLinkRow,
  PersonalDataRow,
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
  TrackedAttendee,
} from './rows.ts';

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
  /** Whether a calendar of somebody else leaves the time of a principal free. */
  setTransparent(bindingId: number, transparent: number): Promise<void>;
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

export interface PersonalDataWrites extends PersonalDataReads {
  set(row: PersonalDataRow): Promise<void>;
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
  readonly personalData: PersonalDataWrites;
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
