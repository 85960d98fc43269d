/** The commands behind `convene subscription …`. */
import type { Subscription, Subscriptions } from '../calendar/subscriptions.ts';
import type { Principals } from '../principals/principals.ts';
import type { Arguments } from './arguments.ts';

export interface SubscriptionCommands {
  'subscription.add': { arguments: { user: string; url: string; name?: string; every?: string }; result: Subscription };
  'subscription.list': { arguments: { user: string }; result: Subscription[] };
  'subscription.refresh': { arguments: { user: string; id: string }; result: Subscription };
  'subscription.remove': { arguments: { user: string; id: string }; result: null };
}

export interface SubscriptionServices {
  readonly subscriptions: Subscriptions;
  readonly principals: Principals;
}

export function subscriptionCommands({ subscriptions, principals }: SubscriptionServices) {
  return {
    async 'subscription.add'(given: Arguments) {
      return subscriptions.add(await principals.find(given.text('user')), {
        url: given.text('url'),
        name: given.optional('name'),
        everyMinutes: given.optional('every') === undefined ? undefined : given.id('every'),
      });
    },
    async 'subscription.list'(given: Arguments) {
      return subscriptions.list(await principals.find(given.text('user')));
    },
    async 'subscription.refresh'(given: Arguments) {
      return subscriptions.refreshNow(await principals.find(given.text('user')), given.id('id'));
    },
    async 'subscription.remove'(given: Arguments) {
      await subscriptions.remove(await principals.find(given.text('user')), given.id('id'));
      return null;
    },
  };
}
