/**
 * Addresses to what is known of their owners' time: people, groups, rooms, strangers.
 * What the asker may not see is unknown, not free: no account here as far as it can see, or not shared with it.
 * Elsewhere: who may see whom (src/principals/access.ts), what makes busy (free-busy.ts), using it (suggestions.ts).
 */
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import { foldAddress } from '../principals/addresses.ts';
import type { Directory } from '../principals/directory.ts';
import type { FreeBusy, Timeline } from './free-busy.ts';
import type { Interval } from './intervals.ts';
import { pacer } from './slots.ts';

/** Attendees of one question, groups taken apart. */
export const MAX_ATTENDEES = 200;

/** Why nothing is known: there is no account here that the asker can see, it does not share, or holds more than can be said. */
export type Unknown = 'no-account' | 'not-shared' | 'too-many-events';

export interface Attendee {
  /** As it was asked for, or the primary address of a member of a group. */
  readonly address: string;
  readonly required: boolean;
  /** The group it was asked for by. */
  readonly group: string | undefined;
  readonly principal: Principal | undefined;
  readonly timeline: Timeline | undefined;
  readonly unknown: Unknown | undefined;
}

interface Asked {
  readonly address: string;
  readonly required: boolean;
}

/**
 * What the asker may know of each address in a range. Whoever is asked for twice counts once, as required if either says so.
 * @throws DomainError limit-exceeded above 200 people
 */
export async function attendeesOf(
  services: { readonly directory: Directory; readonly freeBusy: FreeBusy },
  asker: Principal,
  asked: readonly Asked[],
  range: Interval,
): Promise<Attendee[]> {
  const found = new Map<string, Omit<Attendee, 'timeline' | 'unknown'>>();
  for (const { address, required } of asked) {
    const folded = foldAddress(address);
    const principal = asker.addresses.includes(folded) ? asker : await services.directory.byAddress(asker, folded);
    for (const member of await peopleOf(services.directory, asker, principal)) {
      const key = member === undefined ? folded : `#${member.id}`;
      const before = found.get(key);
      const grouped = principal?.kind === 'group' && member !== undefined;
      found.set(key, {
        address: before?.address ?? (grouped ? (member.addresses[0] ?? folded) : folded),
        required: required || before?.required === true,
        group: before === undefined ? (grouped ? folded : undefined) : before.group,
        principal: member,
      });
      if (found.size > MAX_ATTENDEES)
        throw new DomainError('limit-exceeded', `A question may name at most ${MAX_ATTENDEES} people.`, {
          limit: MAX_ATTENDEES,
        });
    }
  }
  const pause = pacer();
  const attendees: Attendee[] = [];
  for (const person of found.values()) {
    attendees.push({ ...person, ...(await knownOf(services.freeBusy, asker, person.principal, range)) });
    await pause();
  }
  return attendees;
}

/** What is known of one principal. */
export async function knownOf(
  freeBusy: FreeBusy,
  asker: Principal,
  principal: Principal | undefined,
  range: Interval,
): Promise<Pick<Attendee, 'timeline' | 'unknown'>> {
  if (principal === undefined) return { timeline: undefined, unknown: 'no-account' };
  try {
    return { timeline: await freeBusy.timelineOf(asker, principal, range), unknown: undefined };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'forbidden')
      return { timeline: undefined, unknown: 'not-shared' };
    if (error instanceof DomainError && error.code === 'too-many-results')
      return { timeline: undefined, unknown: 'too-many-events' };
    throw error;
  }
}

/** The members of a group, groups in it taken apart; anybody else alone. An empty group is unknown. */
async function peopleOf(
  directory: Directory,
  asker: Principal,
  principal: Principal | undefined,
): Promise<(Principal | undefined)[]> {
  if (principal?.kind !== 'group') return [principal];
  const people: Principal[] = [];
  const seen = new Set<number>([principal.id]);
  const groups = [principal];
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    for (const member of await directory.membersOf(asker, group)) {
      if (seen.has(member.id)) continue;
      seen.add(member.id);
      if (member.kind === 'group') groups.push(member);
      else people.push(member);
      if (people.length > MAX_ATTENDEES) return people;
    }
  }
  return people.length === 0 ? [undefined] : people.sort((a, b) => a.id - b.id);
}
