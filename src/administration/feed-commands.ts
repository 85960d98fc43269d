/** The commands behind `convene feed …`: links to calendars, on behalf of their owners. */

import type { FeedFetchRow, FeedLevel } from '../../storage/store.ts';
import type { FeedRecord, Feeds, NewLink } from '../calendar/feeds.ts';
import type { Principals } from '../principals/principals.ts';
import type { Services } from '../setup/service-records.ts';
import type { Arguments } from './arguments.ts';
import { OPERATOR } from './audit-log.ts';

export interface FeedCommands {
  'feed.add': {
    arguments: { user: string; calendar: string; level: string; name?: string; expiresAt?: number };
    result: NewLink & { url: string };
  };
  'feed.list': { arguments: { user: string }; result: FeedRecord[] };
  'feed.rotate': { arguments: { user: string; id: string }; result: NewLink & { url: string } };
  'feed.revoke': { arguments: { user: string; id: string }; result: null };
  'feed.log': { arguments: { user: string; id: string }; result: FeedFetchRow[] };
}

export function feedCommands(feeds: Feeds, principals: Principals, services: () => Services) {
  const withUrl = (link: NewLink) => ({ ...link, url: `${services().origin}${link.path}` });
  return {
    async 'feed.add'(given: Arguments) {
      const owner = await principals.find(given.text('user'));
      const level = given.text('level') as FeedLevel;
      const made = {
        calendar: given.text('calendar'),
        level,
        name: given.optional('name'),
        expiresAt: given.time('expiresAt'),
      };
      return withUrl(await feeds.create(owner, made, OPERATOR));
    },
    async 'feed.list'(given: Arguments) {
      return feeds.list(await principals.find(given.text('user')));
    },
    async 'feed.rotate'(given: Arguments) {
      return withUrl(await feeds.rotate(await principals.find(given.text('user')), given.id('id'), OPERATOR));
    },
    async 'feed.revoke'(given: Arguments) {
      await feeds.revoke(await principals.find(given.text('user')), given.id('id'), OPERATOR);
      return null;
    },
    async 'feed.log'(given: Arguments) {
      return feeds.fetches(await principals.find(given.text('user')), given.id('id'));
    },
  };
}
