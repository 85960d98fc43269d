/**
 * Properties of scheduling: where inbox and outbox are, the calendar for invitations, the tag of a scheduled object.
 * RFC 6638 §2.1.1, §2.2.1 (principals), §9.2 (schedule-default-calendar-URL), §3.2.10 and §9.3 (schedule-tag).
 * Elsewhere: what the calendar for invitations is used for (src/scheduling/default-calendar.ts).
 */
import { DEFAULT_CALENDAR_PROPERTY } from '../../src/collections/chosen-calendar.ts';
import { isSchedulingCollection } from '../../src/collections/collections.ts';
import type { CalendarObjectRow } from '../../storage/store.ts';
import type { Exchange, LiveProperty, Resource } from '../dav/contract.ts';
import { DavError } from '../dav/dav-error.ts';
import { encodeSegment, homeHref } from '../dav/hrefs.ts';
import { CALDAV, DAV } from '../dav/namespaces.ts';
import { resolve } from '../dav/paths.ts';
import { type Element, escapeXml, hrefXml } from '../dav/xml.ts';

function mailboxUrl(name: string, segment: 'inbox' | 'outbox'): LiveProperty {
  return {
    namespace: CALDAV,
    name,
    on: ['principal'],
    read: (resource) =>
      resource.kind === 'principal' && resource.principal.kind !== 'group'
        ? hrefXml(`${homeHref('calendars', resource.principal.name)}${segment}/`)
        : undefined,
  };
}

export const schedulingProperties: readonly LiveProperty[] = [
  mailboxUrl('schedule-inbox-URL', 'inbox'),
  mailboxUrl('schedule-outbox-URL', 'outbox'),
  {
    namespace: CALDAV,
    name: 'schedule-tag',
    on: ['member'],
    read: (resource) => {
      if (resource.kind !== 'member') return undefined;
      const { scheduleTag } = resource.member as CalendarObjectRow;
      return scheduleTag === null ? undefined : escapeXml(`"${scheduleTag}"`);
    },
  },
  {
    namespace: CALDAV,
    name: DEFAULT_CALENDAR_PROPERTY,
    on: ['collection'],
    read: defaultCalendarHref,
    settable: { stored: 'shared', verify: requireCalendar },
  },
];

/** The first calendar for events when none was chosen. */
async function defaultCalendarHref(resource: Resource, { server, viewer }: Exchange): Promise<string | undefined> {
  if (!isInbox(resource)) return undefined;
  const { owner } = resource.collection;
  const calendars = await server.collections.list(viewer, owner, 'calendars');
  const own = calendars.filter((row) => row.accountId === owner.id && !isSchedulingCollection(row));
  const found = own.find(({ components }) => components.split(',').includes('VEVENT'));
  // None is left: the next invitation makes one.
  return found === undefined ? '' : hrefXml(`${homeHref('calendars', owner.name)}${encodeSegment(found.segment)}/`);
}

/** RFC 6638 §9.2: the value names a calendar of the inbox's owner that exists. */
async function requireCalendar(
  value: Element | undefined,
  resource: Resource,
  { server, viewer }: Exchange,
): Promise<DavError | undefined> {
  if (!isInbox(resource))
    return new DavError(403, 'This property is of scheduling inboxes.', '<D:cannot-modify-protected-property/>');
  if (value === undefined)
    return new DavError(403, 'There is always a default calendar.', '<D:cannot-modify-protected-property/>');
  const invalid = new DavError(
    403,
    'The value is not a calendar of yours.',
    '<C:valid-schedule-default-calendar-URL/>',
  );
  const href = value.child(DAV, 'href')?.text().trim() ?? '';
  if (href === '') return invalid;
  const target = await resolve(server, viewer, href.replace(/^https?:\/\/[^/]*/i, ''));
  const found = target.resource;
  if (found?.kind !== 'collection' || found.extension.kind !== 'calendar') return invalid;
  if (found.collection.accountId !== resource.collection.accountId || isSchedulingCollection(found.collection))
    return invalid;
  return undefined;
}

function isInbox(resource: Resource): resource is Resource & { kind: 'collection' } {
  return (
    resource.kind === 'collection' &&
    isSchedulingCollection(resource.collection) &&
    resource.collection.segment === 'inbox'
  );
}
