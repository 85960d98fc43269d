/**
 * The services on a store, as commands and protocols use them: built once, here, and given what they need.
 * The server has them with listeners (app.ts), the command line without (cli.ts).
 */
import { readFile } from 'node:fs/promises';
import { printNotice } from '../protocols/dav/notifications.ts';
import { httpClient } from '../protocols/http-client.ts';
import { openStore } from '../storage/open.ts';
import type { ChangeHint, Store } from '../storage/store.ts';
import { AuditLog } from './administration/audit-log.ts';
import { Backups } from './administration/backups.ts';
import { Restoring } from './administration/restoring.ts';
import { Feeds } from './calendar/feeds.ts';
import { Subscriptions } from './calendar/subscriptions.ts';
import { Grants } from './collections/grants.ts';
import { setDefaultQuota } from './collections/quota.ts';
import { RestoringDeleted } from './collections/restoring.ts';
import { SharedAccess } from './collections/shared-access.ts';
import { Sharing } from './collections/sharing.ts';
import type { Config } from './config.ts';
import { refusingWhenFull } from './full-disk.ts';
import { addMissingMailboxes } from './mail/default-mailboxes.ts';
import { Delivery } from './mail/delivery.ts';
import { MailboxAcl } from './mail/mailbox-acl.ts';
import { MailboxViews } from './mail/mailbox-views.ts';
import { Mailboxes } from './mail/mailboxes.ts';
import { MessageContents } from './mail/message-contents.ts';
import { MessageSearch } from './mail/message-search.ts';
import { MessageSort } from './mail/message-sort.ts';
import { Messages } from './mail/messages.ts';
import { Queue } from './mail/queue.ts';
import { QuotaRoots } from './mail/quota-roots.ts';
import { SortKeyReader } from './mail/sort-keys.ts';
import { TextSearch } from './mail/text-search.ts';
import { DomainKeys } from './organisations/domain-keys.ts';
import { type FirstStart, firstStart } from './organisations/first-start.ts';
import { Organisations } from './organisations/organisations.ts';
import { packageVersion } from './package-root.ts';
import { Aliases } from './principals/aliases.ts';
import { Authentication } from './principals/authentication.ts';
import { BearerTokens } from './principals/bearer-tokens.ts';
import { DevicePasswords } from './principals/device-passwords.ts';
import { Directory } from './principals/directory.ts';
import { FreeBusyChoices } from './principals/free-busy-sharing.ts';
import { Groups } from './principals/groups.ts';
import { LoginThrottle } from './principals/login-throttle.ts';
import { PasswordHashing } from './principals/password-hashing.ts';
import { Principals } from './principals/principals.ts';
import { Rooms } from './principals/rooms.ts';
import { ScramKeyring } from './principals/scram-keyring.ts';
import { sealingOf } from './principals/sealing.ts';
import { SecondFactors } from './principals/second-factor.ts';
import { type ReadKeys, TokenKeys } from './principals/token-keys.ts';
import { FreeBusy } from './scheduling/free-busy.ts';
import { type SchedulingServices, schedulingOn } from './scheduling/scheduling.ts';
import { LOOPBACK } from './service-addresses.ts';
import { SetupLinks } from './setup/setup-links.ts';

export interface ServicesOptions {
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly onChange?: (hint: ChangeHint) => void;
  /** The store may not be used any more. */
  readonly onFatal?: (error: Error) => void;
  /** For tests: a smaller number makes log-ins by SCRAM faster, and guessing too. */
  readonly scramIterations?: number;
}

/** What commands and protocols work with. */
export interface Services {
  readonly store: Store;
  readonly authentication: Authentication;
  readonly organisations: Organisations;
  readonly principals: Principals;
  readonly access: SharedAccess;
  readonly rooms: Rooms;
  readonly freeBusyChoices: FreeBusyChoices;
  readonly aliases: Aliases;
  readonly groups: Groups;
  readonly queue: Queue;
  readonly domainKeys: DomainKeys;
  readonly mail: Mail;
  readonly audit: AuditLog;
  readonly secondFactors: SecondFactors;
  readonly devicePasswords: DevicePasswords;
  readonly setupLinks: SetupLinks;
  readonly freeBusy: FreeBusy;
  readonly scheduling: SchedulingServices;
  readonly feeds: Feeds;
  readonly backups: Backups;
  readonly restoring: Restoring;
  readonly deleted: RestoringDeleted;
  readonly subscriptions: Subscriptions;
  /** Set when this opening founded the organisation. */
  readonly founded: FirstStart | undefined;
}

/** What the protocols of mail work with. */
export interface Mail {
  readonly views: MailboxViews;
  readonly mailboxes: Mailboxes;
  readonly acl: MailboxAcl;
  readonly quotas: QuotaRoots;
  readonly messages: Messages;
  readonly contents: MessageContents;
  readonly search: MessageSearch;
  readonly sort: MessageSort;
  /** Closed before the store. */
  readonly texts: TextSearch;
  readonly delivery: Delivery;
}

/** Opens the store of a folder with the services on it; founds the organisation in an empty one. */
export async function openServices(config: Config, options: ServicesOptions = {}): Promise<Services> {
  const now = options.now ?? Date.now;
  const store = refusingWhenFull(
    await openStore(config.data, {
      now,
      version: packageVersion(),
      onChange: options.onChange,
      onFatal: options.onFatal,
    }),
  );
  try {
    const hashing = new PasswordHashing();
    const audit = new AuditLog(store, now);
    const sealing = sealingOf(config.data);
    const secondFactors = new SecondFactors(store, sealing, now);
    const scram = new ScramKeyring(store, sealing, options.scramIterations);
    await scram.look();
    const parts = { secondFactors, audit, scram, tokens: bearerTokens(config, now) };
    const authentication = new Authentication(store, hashing, new LoginThrottle(now), now, parts);
    const organisations = new Organisations(store, now, () => authentication.loadDomains());
    const principals = new Principals(store, authentication, hashing, scram, now);
    const founded = await firstStart({ organisations, principals }, config.domain);
    await authentication.loadDomains();
    await setDefaultQuota(store, config.quota);
    await addMissingMailboxes(store, now);
    const devicePasswords = new DevicePasswords(store, authentication, audit, scram, now);
    const mail = mailOn(store, now);
    const freeBusy = new FreeBusy(store);
    const rooms = new Rooms(store, now);
    const fetcher = httpClient({ allowed: config.fetchFrom, program: `Convene/${packageVersion()}` });
    return {
      store,
      authentication,
      organisations,
      principals,
      access: sharedAccess(store, principals, now),
      rooms,
      freeBusyChoices: new FreeBusyChoices(store),
      aliases: new Aliases(store, principals),
      groups: new Groups(store, principals, now),
      queue: new Queue(store, now),
      domainKeys: new DomainKeys(store, now),
      mail,
      audit,
      secondFactors,
      devicePasswords,
      setupLinks: new SetupLinks(store, devicePasswords, audit, now),
      freeBusy,
      scheduling: schedulingOn(store, rooms, sealing, now),
      feeds: new Feeds(store, freeBusy, audit, now),
      backups: new Backups(store, config, packageVersion(), now),
      restoring: new Restoring(store, audit, mail, config.data, now),
      deleted: new RestoringDeleted(store, now),
      subscriptions: new Subscriptions(store, fetcher, audit, now),
      founded,
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Whose tokens are taken; their keys come out of a file or by the outbound client. */
function bearerTokens({ oauth, fetchFrom }: Config, now: () => number): BearerTokens | undefined {
  if (oauth === undefined) return undefined;
  const { keys } = oauth;
  if ('file' in keys)
    return new BearerTokens(
      oauth,
      new TokenKeys(async () => ({ octets: await readFile(keys.file), etag: '' }), now),
      now,
    );
  // What the operator names on this machine may be asked; a redirect would lead to keys that the operator did not name.
  const allowed = keys.loopback ? LOOPBACK : fetchFrom;
  const fetcher = httpClient({ allowed, program: `Convene/${packageVersion()}`, redirects: 0, maxOctets: 262_144 });
  const read: ReadKeys = async (etag) => {
    const answer = await fetcher.fetch({ url: keys.url, etag, accept: 'application/jwk-set+json, application/json' });
    return answer.kind === 'same' ? 'same' : answer;
  };
  return new BearerTokens(oauth, new TokenKeys(read, now), now);
}

/** Granting and sharing for the command line. */
function sharedAccess(store: Store, principals: Principals, now: () => number): SharedAccess {
  const directory = new Directory(store);
  const sharing = new Sharing(store, directory, printNotice, now);
  return new SharedAccess(store, principals, new Grants(store, directory, now), sharing);
}

/** The services of mail on a store. */
export function mailOn(store: Store, now: () => number): Mail {
  const views = new MailboxViews(store);
  const texts = new TextSearch(store);
  const messages = new Messages(store, views, texts, now);
  const keys = new SortKeyReader(store);
  const mailboxes = new Mailboxes(store, views, messages, now);
  return {
    views,
    messages,
    mailboxes,
    acl: new MailboxAcl(store, mailboxes, now),
    quotas: new QuotaRoots(store, mailboxes),
    contents: new MessageContents(store),
    search: new MessageSearch(store, views, texts, keys),
    sort: new MessageSort(store, keys),
    texts,
    delivery: new Delivery(store, views, texts, now),
  };
}
