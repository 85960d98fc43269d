/**
 * CS:source of a subscribed calendar: where its events come from, as Apple's clients ask for it (caldav-subscribed).
 * Elsewhere: making such a calendar (protocols/dav/mkcol.ts), fetching it (src/calendar/subscriptions.ts).
 */
import type { Subscriptions } from '../../src/calendar/subscriptions.ts';
import type { LiveProperty } from '../dav/contract.ts';
import { CALENDARSERVER } from '../dav/namespaces.ts';
import { escapeXml } from '../dav/xml.ts';

export function sourceProperty(subscriptions: Subscriptions): LiveProperty {
  return {
    namespace: CALENDARSERVER,
    name: 'source',
    on: ['collection'],
    // Whoever was only given the calendar to read need not learn the URL: it may hold a secret.
    async read(resource, { viewer }) {
      if (resource.kind !== 'collection' || resource.collection.subscribed === 0) return undefined;
      if (resource.collection.accountId !== viewer.id) return undefined;
      const url = await subscriptions.sourceOf(resource.collection.id);
      return url === undefined ? undefined : `<D:href>${escapeXml(url)}</D:href>`;
    },
  };
}
