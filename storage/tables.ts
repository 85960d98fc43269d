/** All tables on one connection: what may be read, and what a transaction may write. */
import { accountReads, accountWrites, type ChangeNotes } from './accounts.ts';
import { attachmentReads, attachmentWrites } from './attachments.ts';
import { attendeeTrackingReads, attendeeTrackingWrites } from './attendee-tracking.ts';
import { auditReads, auditWrites } from './audit.ts';
import { blobReads, blobWrites } from './blobs.ts';
import { calendarObjectReads, calendarObjectWrites } from './calendar-objects.ts';
import { cardReads, cardWrites } from './cards.ts';
import { collectionReads, collectionWrites } from './collections.ts';
import { credentialReads, credentialWrites } from './credentials.ts';
import { deletedReads, deletedWrites } from './deleted.ts';
import { domainKeyReads, domainKeyWrites } from './domain-keys.ts';
import { feedReads, feedWrites } from './feeds.ts';
import { fileReads, fileWrites } from './files.ts';
import { freeBusySharingReads, freeBusySharingWrites } from './free-busy-sharing.ts';
import { grantReads, grantWrites } from './grants.ts';
import { greylistReads, greylistWrites } from './greylist.ts';
import { invitationReads, invitationWrites } from './invitations.ts';
import { mailRightReads, mailRightWrites } from './mail-rights.ts';
import { mailboxReads, mailboxWrites } from './mailboxes.ts';
import { messageReads, messageWrites } from './messages.ts';
import { organisationReads, organisationWrites } from './organisations.ts';
import { personalDataReads, personalDataWrites } from './personal-data.ts';
import { placementReads, placementWrites } from './placements.ts';
import { principalReads, principalWrites } from './principals.ts';
import { propertyReads, propertyWrites } from './properties.ts';
import { purgeWrites } from './purging.ts';
import { resourceReads, resourceWrites } from './resources.ts';
import { scheduleMessageReads, scheduleMessageWrites } from './schedule-messages.ts';
import { secondFactorReads, secondFactorWrites } from './second-factors.ts';
import { settingReads, settingWrites } from './settings.ts';
import { sourceReads, sourceWrites } from './sources.ts';
import type { Sql } from './sql.ts';
import type { Reads, Writes } from './store.ts';
import { stsPolicyReads, stsPolicyWrites } from './sts-policies.ts';
import { submissionReads, submissionWrites } from './submissions.ts';
import { threadReads, threadWrites } from './threads.ts';
import { tombstoneReads } from './tombstones.ts';

export function readTables(sql: Sql): Reads {
  return {
    settings: settingReads(sql),
    organisations: organisationReads(sql),
    principals: principalReads(sql),
    resources: resourceReads(sql),
    freeBusySharing: freeBusySharingReads(sql),
    credentials: credentialReads(sql),
    accounts: accountReads(sql),
    collections: collectionReads(sql),
    grants: grantReads(sql),
    mailRights: mailRightReads(sql),
    properties: propertyReads(sql),
    calendarObjects: calendarObjectReads(sql),
    cards: cardReads(sql),
    files: fileReads(sql),
    invitations: invitationReads(sql),
    tombstones: tombstoneReads(sql),
    blobs: blobReads(sql),
    attachments: attachmentReads(sql),
    mailboxes: mailboxReads(sql),
    messages: messageReads(sql),
    threads: threadReads(sql),
    placements: placementReads(sql),
    submissions: submissionReads(sql),
    scheduleMessages: scheduleMessageReads(sql),
    attendeeTracking: attendeeTrackingReads(sql),
    personalData: personalDataReads(sql),
    domainKeys: domainKeyReads(sql),
    greylist: greylistReads(sql),
    stsPolicies: stsPolicyReads(sql),
    feeds: feedReads(sql),
    secondFactors: secondFactorReads(sql),
    audit: auditReads(sql),
    deleted: deletedReads(sql),
    sources: sourceReads(sql),
  };
}

/** @param now epoch milliseconds, for what is deleted and kept for a time */
export function writeTables(sql: Sql, notes: ChangeNotes, now: () => number): Writes {
  return {
    settings: settingWrites(sql),
    organisations: organisationWrites(sql),
    principals: principalWrites(sql),
    resources: resourceWrites(sql),
    freeBusySharing: freeBusySharingWrites(sql),
    credentials: credentialWrites(sql),
    accounts: accountWrites(sql, notes),
    collections: collectionWrites(sql, now),
    grants: grantWrites(sql),
    mailRights: mailRightWrites(sql),
    properties: propertyWrites(sql),
    calendarObjects: calendarObjectWrites(sql, now),
    cards: cardWrites(sql, now),
    files: fileWrites(sql),
    invitations: invitationWrites(sql),
    tombstones: tombstoneReads(sql),
    blobs: blobWrites(sql),
    attachments: attachmentWrites(sql),
    mailboxes: mailboxWrites(sql),
    messages: messageWrites(sql),
    threads: threadWrites(sql),
    placements: placementWrites(sql),
    submissions: submissionWrites(sql),
    scheduleMessages: scheduleMessageWrites(sql),
    attendeeTracking: attendeeTrackingWrites(sql),
    personalData: personalDataWrites(sql),
    domainKeys: domainKeyWrites(sql),
    greylist: greylistWrites(sql),
    stsPolicies: stsPolicyWrites(sql),
    feeds: feedWrites(sql),
    secondFactors: secondFactorWrites(sql),
    audit: auditWrites(sql),
    deleted: deletedWrites(sql),
    sources: sourceWrites(sql),
    purge: purgeWrites(sql),
  };
}
