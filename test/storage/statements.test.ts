/**
 * The contract of the statements: each prepares on a freshly migrated database, and what a read returns has exactly the
 * columns of its row type. The lists below are checked against the types by the compiler, in both directions.
 */

import { readdirSync } from 'node:fs';
import t from 'tap';
import { openConnection } from '../../storage/connection.ts';
import { migrate, readMigrations } from '../../storage/migrate.ts';
import type {
  AccountRow,
  AttachmentRow,
  AttendeeTrackingRow,
  AuditRow,
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
  GrantRow,
  GreylistRow,
  InvitationRow,
  MailboxRow,
  MailGrantRow,
  MessageRow,
  OccurrenceRow,
  OneTimeLinkRow,
  OrganisationRow,
  PersonalDataRow,
  PrincipalRow,
  PropertyRow,
  ResourceRow,
  ScheduleMessageRow,
  SecondFactorRow,
  SourceRow,
  StsPolicyRow,
  SubmissionRow,
  TombstoneRow,
} from '../../storage/store.ts';
import { temporaryFolder } from '../support/store.ts';

/** The keys of a row type, each exactly once: a missing or unknown one does not compile. */
function keys<Row>(flags: Record<keyof Row, 1>): string[] {
  return Object.keys(flags).sort();
}

const organisation = keys<OrganisationRow>({ id: 1, name: 1, createdAt: 1 });
const domain = keys<DomainRow>({ id: 1, organisationId: 1, name: 1, createdAt: 1 });
const domainKey = keys<DomainKeyRow>({
  id: 1,
  domainId: 1,
  selector: 1,
  algorithm: 1,
  privateKey: 1,
  createdAt: 1,
});
const greylist = keys<GreylistRow>({ digest: 1, seenAt: 1, known: 1, expiresAt: 1 });
const stsPolicy = keys<StsPolicyRow>({ domain: 1, version: 1, mode: 1, mx: 1, refreshAt: 1, expiresAt: 1 });
const principal = keys<PrincipalRow>({
  id: 1,
  organisationId: 1,
  kind: 1,
  name: 1,
  displayName: 1,
  uuid: 1,
  role: 1,
  createdAt: 1,
});
const resource = keys<ResourceRow>({
  principalId: 1,
  building: 1,
  capacity: 1,
  features: 1,
  booking: 1,
  managerId: 1,
  horizonDays: 1,
  longestMinutes: 1,
});
const credential = keys<CredentialRow>({
  id: 1,
  principalId: 1,
  kind: 1,
  name: 1,
  hash: 1,
  scopes: 1,
  networks: 1,
  createdAt: 1,
  expiresAt: 1,
  lastUsedAt: 1,
  lastPeer: 1,
  lastClient: 1,
  scram: 1,
});
const account = keys<AccountRow>({ id: 1, modseq: 1, nextUidvalidity: 1, usedBytes: 1, quotaBytes: 1 });
const collection = keys<BoundCollectionRow>({
  id: 1,
  accountId: 1,
  kind: 1,
  modseq: 1,
  createdAt: 1,
  bindingId: 1,
  bindingModseq: 1,
  principalId: 1,
  home: 1,
  segment: 1,
  position: 1,
  components: 1,
  timeZone: 1,
  transparent: 1,
  subscribed: 1,
});
const grant = keys<GrantRow>({ id: 1, accountId: 1, collectionId: 1, granteeId: 1, rights: 1, scope: 1, createdAt: 1 });
const mailGrant = keys<MailGrantRow>({ mailboxId: 1, granteeId: 1, rights: 1, letters: 1 });
const property = keys<PropertyRow>({ principalId: 1, namespace: 1, name: 1, xml: 1 });
const member = { id: 1, collectionId: 1, name: 1, etag: 1, size: 1, modseq: 1, createdAt: 1, modifiedAt: 1 } as const;
const calendarObject = keys<CalendarObjectRow>({
  ...member,
  icalUid: 1,
  component: 1,
  scheduleTag: 1,
  method: 1,
  firstStart: 1,
  lastEnd: 1,
  recurring: 1,
  indexedFrom: 1,
  indexedUntil: 1,
});
const card = keys<CardRow>({ ...member, cardUid: 1, version: 1, kind: 1 });
const file = keys<FileRow>({ ...member, contentType: 1, blobId: 1 });
const invitation = keys<InvitationRow>({
  id: 1,
  uid: 1,
  collectionId: 1,
  inviteeId: 1,
  href: 1,
  commonName: 1,
  summary: 1,
  rights: 1,
  status: 1,
  createdAt: 1,
});
const occurrence = keys<OccurrenceRow>({ objectId: 1, startAt: 1, endAt: 1, floating: 1, busy: 1, answers: 1 });
const tombstone = keys<TombstoneRow>({ name: 1, memberId: 1, modseq: 1 });

const mailbox = keys<MailboxRow>({
  id: 1,
  accountId: 1,
  modseq: 1,
  name: 1,
  specialUse: 1,
  uidvalidity: 1,
  uidnext: 1,
  recentFrom: 1,
  keywords: 1,
});
const message = keys<MessageRow>({
  id: 1,
  accountId: 1,
  blobId: 1,
  size: 1,
  internalDate: 1,
  summary: 1,
  structure: 1,
  layout: 1,
  originalId: 1,
  threadId: 1,
  ancestry: 1,
});
const submission = keys<SubmissionRow>({
  id: 1,
  accountId: 1,
  blobId: 1,
  mailFrom: 1,
  rcptTo: 1,
  options: 1,
  state: 1,
  attempts: 1,
  nextAttemptAt: 1,
  lastError: 1,
  createdAt: 1,
});
const attachment = keys<AttachmentRow>({
  id: 1,
  accountId: 1,
  managedId: 1,
  blobId: 1,
  uri: 1,
  mediaType: 1,
  fileName: 1,
  size: 1,
  createdAt: 1,
});
const feed = keys<FeedRow>({
  id: 1,
  accountId: 1,
  collectionId: 1,
  name: 1,
  level: 1,
  createdAt: 1,
  expiresAt: 1,
  revokedAt: 1,
  seenModseq: 1,
  seenAt: 1,
  fetches: 1,
});
const feedFetch = keys<FeedFetchRow>({ id: 1, at: 1, peer: 1, client: 1, status: 1 });
const secondFactor = keys<SecondFactorRow>({ principalId: 1, secret: 1, createdAt: 1, enabledAt: 1, lastStep: 1 });
const oneTimeLink = keys<OneTimeLinkRow>({ hash: 1, principalId: 1, createdAt: 1, expiresAt: 1, usedAt: 1 });
const audit = keys<AuditRow>({ id: 1, at: 1, actor: 1, action: 1, target: 1, peer: 1, details: 1 });
const deletedMember = keys<DeletedMemberRow>({
  id: 1,
  accountId: 1,
  collectionId: 1,
  kind: 1,
  name: 1,
  uid: 1,
  deletedAt: 1,
});
const deletedCollection = keys<DeletedCollectionRow>({
  collectionId: 1,
  accountId: 1,
  kind: 1,
  home: 1,
  segment: 1,
  deletedAt: 1,
});
const source = keys<SourceRow>({
  id: 1,
  url: 1,
  everyMs: 1,
  etag: 1,
  lastModified: 1,
  contentHash: 1,
  fetchedAt: 1,
  changedAt: 1,
  nextFetchAt: 1,
  failures: 1,
  error: 1,
});
const placement = ['flags', 'messageId', 'modseq', 'uid'];

const listing = ['etag', 'id', 'modseq', 'name'];
const members = (row: string[]) => ({
  get: row,
  byUid: row,
  page: row,
  withData: [...row, 'data'].sort(),
  dataOf: [...row, 'data'].sort(),
  data: ['data'],
  listing,
  count: ['count'],
});

const scheduleMessage = keys<ScheduleMessageRow>({
  id: 1,
  accountId: 1,
  recipientId: 1,
  sender: 1,
  recipient: 1,
  method: 1,
  icalUid: 1,
  textId: 1,
  origin: 1,
  byWeb: 1,
  attempts: 1,
  nextAttemptAt: 1,
  lastError: 1,
  createdAt: 1,
});

const personalData = keys<PersonalDataRow>({
  objectId: 1,
  principalId: 1,
  collectionId: 1,
  modseq: 1,
  modifiedAt: 1,
  etag: 1,
  data: 1,
});

const attendeeTracking = keys<AttendeeTrackingRow>({
  accountId: 1,
  icalUid: 1,
  attendee: 1,
  method: 1,
  sentAt: 1,
  way: 1,
  envelopeId: 1,
  state: 1,
  stateAt: 1,
  detail: 1,
  partstat: 1,
  answeredAt: 1,
  answeredVia: 1,
});

/** Columns of every statement that returns rows, by file. A statement that returns none must not be named. */
const COLUMNS: Record<string, Record<string, string[]>> = {
  accounts: {
    get: account,
    firstAfterBoot: ['modseq'],
    bootExists: ['found'],
    nextModseq: ['modseq'],
    addUsedBytes: ['quotaBytes', 'usedBytes'],
    addBoot: ['id'],
    accountOf: ['id'],
  },
  attachments: {
    byManagedIds: attachment,
    usedBy: ['id'],
    objectsUsing: ['collectionId', 'id'],
    collect: ['id'],
    add: ['id'],
    removeUnused: ['accountId', 'size'],
  },
  blobs: {
    find: ['id'],
    size: ['size'],
    facts: ['chunks', 'hash'],
    whole: ['octets'],
    chunkSizes: ['ordinal', 'size'],
    chunk: ['octets'],
    put: ['id'],
    open: ['id'],
  },
  'calendar-objects': {
    ...members(calendarObject),
    overlapping: calendarObject,
    outsideIndex: calendarObject,
    indexedUntilBefore: calendarObject,
    availabilities: [...calendarObject, 'data'].sort(),
    ofUid: calendarObject,
    ofIds: calendarObject,
    scheduled: [...calendarObject, 'data'].sort(),
    everywhere: [...calendarObject, 'data'].sort(),
    insert: ['id'],
  },
  cards: { ...members(card), insert: ['id'] },
  collections: {
    get: collection,
    home: collection,
    bySegment: collection,
    below: collection,
    within: collection,
    boundFor: collection,
    boundTo: ['principal_id'],
    countInHome: ['count'],
    availability: ['availability'],
    add: ['id'],
    bind: ['id'],
  },
  audit: { last: audit, lastOf: audit },
  credentials: { list: credential, unknownToScram: ['found'], add: ['id'] },
  files: { get: file, page: file, listing, count: ['count'], insert: ['id'] },
  deleted: {
    members: deletedMember,
    member: [...deletedMember, 'data'].sort(),
    collections: deletedCollection,
    collection: deletedCollection,
  },
  feeds: {
    get: feed,
    list: feed,
    byToken: [...feed, 'retiredAt'].sort(),
    fetches: feedFetch,
    add: ['id'],
  },
  'second-factors': { get: secondFactor, link: oneTimeLink },
  sources: {
    get: source,
    byUrl: source,
    ofCollection: source,
    due: source,
    subscribers: ['collectionId'],
    add: ['id'],
  },
  grants: { forCollection: grant, on: grant, onAccounts: grant },
  invitations: { ofCollection: invitation, byUid: invitation, of: invitation, add: ['id'] },
  'mail-rights': { accounts: ['accountId'], forGrantees: mailGrant, forMailbox: mailGrant, on: mailGrant },
  mailboxes: {
    get: mailbox,
    byName: mailbox,
    list: mailbox,
    count: ['count'],
    withoutInbox: ['id'],
    subscriptions: ['name'],
    addCollection: ['id'],
    renewUidvalidity: ['accountId'],
    takeUids: ['uidnext'],
  },
  messages: {
    get: message,
    summariesOf: ['id', 'summary'],
    lastId: ['id'],
    idsAfter: ['id'],
    summaries: ['summary', 'uid'],
    structures: ['structure', 'uid'],
    sizes: ['internal_date', 'size', 'uid'],
    origins: ['original_id', 'thread_id', 'uid'],
    ancestriesOf: ['ancestry', 'id'],
    removeUnplaced: ['size'],
    bodies: ['message_id', 'octets', 'size', 'uid'],
    place: ['blobId', 'layout', 'size'],
    facts: ['id', 'internal_date', 'size'],
    add: ['id'],
  },
  'message-reader': { place: ['blobId'], octets: ['octets'], chunks: ['octets'], idsAfter: ['id'] },
  'personal-data': { of: personalData, page: calendarObject, listing },
  placements: {
    hasBlob: ['found'],
    get: placement,
    page: placement,
    changedSince: placement,
    withFlags: placement,
    savedAt: ['savedAt', 'uid'],
    combinations: ['flags'],
    counts: ['deleted', 'messages', 'recent', 'unseen'],
    octets: ['deletedOctets', 'octets'],
    octetsOnlyHere: ['octets'],
  },
  'domain-keys': { ofDomain: domainKey, add: ['id'] },
  greylist: { get: greylist, add: ['id'] },
  'sts-policies': { get: stsPolicy, add: ['id'] },
  submissions: {
    get: submission,
    list: submission,
    due: submission,
    dueAfter: submission,
    nextAttemptAt: ['nextAttemptAt'],
    add: ['id'],
  },
  occurrences: { overlapping: occurrence, busy: occurrence },
  organisations: { list: organisation, domains: domain, domain, add: ['id'], addDomain: ['id'] },
  principals: {
    get: principal,
    byName: principal,
    byAddress: principal,
    list: principal,
    members: principal,
    addresses: ['address'],
    groupsOf: ['group_id'],
    add: ['id'],
  },
  properties: { list: property },
  purging: {
    removedCollection: ['id'],
    objectsOf: ['id'],
    cardsOf: ['id'],
    filesOf: ['id'],
    orphanedAccount: ['id'],
    removePlacements: ['messageId'],
    attachmentsOf: ['id'],
  },
  'attendee-tracking': { list: attendeeTracking, byEnvelope: attendeeTracking },
  'schedule-messages': {
    get: scheduleMessage,
    due: scheduleMessage,
    outgoing: scheduleMessage,
    nextAttemptAt: ['nextAttemptAt'],
    text: ['data'],
    addText: ['id'],
    add: ['id'],
  },
  resources: { get: resource, list: resource },
  'free-busy-sharing': { get: ['sharedWith'] },
  settings: { get: ['value'] },
  threads: { find: ['hash', 'thread_id'] },
  tombstones: { page: tombstone, idsSince: ['memberId'], ofHomes: tombstone },
  'used-bytes': {},
};

const folder = new URL('../../storage/', import.meta.url);

t.test('every statement prepares and returns the columns of its row type', async (t) => {
  const { database } = openConnection(`${temporaryFolder(t)}/convene.sqlite`, { readonly: false });
  t.teardown(() => database.close());
  migrate(database, readMigrations(), 1);
  let files = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const { statements } = (await import(new URL(file, folder).href)) as { statements?: Record<string, string> };
    if (statements === undefined) continue;
    files += 1;
    const expected = COLUMNS[file.replace('.ts', '')] ?? {};
    for (const [name, sql] of Object.entries(statements)) {
      const statement = database.prepare(sql);
      const columns = statement.reader ? statement.columns().map((column) => column.name) : [];
      t.same(columns.sort(), expected[name] ?? [], `${file} ${name}`);
    }
    t.same(
      Object.keys(expected).filter((name) => !(name in statements)),
      [],
      `${file} has what the list names`,
    );
  }
  t.equal(files, Object.keys(COLUMNS).length, 'every file with statements is listed');
});
