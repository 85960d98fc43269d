/**
 * What an organizer's object becomes when its client writes it: numbers and answers.
 * RFC 5546 §2.1.4 (SEQUENCE), RFC 6638 §3.2.1 (answers are the attendee's), §3.2.8 (asked again), §3.2.10 (answers not seen yet).
 * The object before and after in, the object to store out; pure.
 * Elsewhere: what is sent because of it (itip-organizer.ts), replies (itip-reply.ts).
 */
import { foldCalendarUser } from '../calendar/calendar-user-address.ts';
import { type Component, type Property, parameterOf, printContent } from '../calendar/content.ts';
import { parseCalendarObject } from '../calendar/icalendar.ts';
import {
  answersOf,
  fingerprint,
  isRescheduled,
  isSeriesAskedAgain,
  vendorPropertiesOf,
} from './schedule-comparison.ts';
import {
  attendeesOf,
  deriveOverride,
  MAIN,
  partstatOf,
  replaceProperties,
  type SchedulingObject,
  scheduleAgentOf,
  schedulingObject,
  sequenceOf,
  withComponents,
  withParameters,
  withProperties,
} from './scheduling-object.ts';

export interface OrganizerChange {
  readonly before: SchedulingObject | undefined;
  readonly after: SchedulingObject | undefined;
  /** Whether a folded address is the organizer's own. */
  readonly isOwn: (user: string) => boolean;
  readonly now: number;
  /** The client did not see the latest answers (RFC 6638 §3.2.10): those stored stay. */
  readonly keepAnswers: boolean;
  /** Folded addresses of people who answer here: what the client says in their place does not count (RFC 6638 §3.2.1). */
  readonly answerHere?: ReadonlySet<string>;
}

/** SEQUENCE raised where the client did not, answers asked for again where times changed, answers it had not seen kept. */
export function settle(change: OrganizerChange, after: SchedulingObject): SchedulingObject {
  const { before, keepAnswers } = change;
  const components: Component[] = [];
  let changed = false;
  for (const [key, component] of after.components) {
    const earlier = before?.components.get(key) ?? (before && key !== MAIN ? deriveOverride(before, key) : undefined);
    const settled = settleComponent(component, after, earlier, change);
    changed ||= settled !== component;
    components.push(settled);
  }
  if (before !== undefined) {
    const kept = keepAnswers ? unseenAnswers(before, after) : [];
    const more = [...kept, ...movedBack(change, before, after)];
    if (more.length > 0) return withOverrides(after, components, more);
  }
  if (!changed) return after;
  const content = withComponents(after, components);
  const keyed = new Map([...after.components.keys()].map((key, index) => [key, components[index] as Component]));
  return { model: { ...after.model, content }, components: keyed };
}

/**
 * Overrides that are there because somebody answered one instance alone, and that a client that had not seen them left out; made
 * anew of the series as it is now (RFC 6638 §3.2.10).
 */
function unseenAnswers(before: SchedulingObject, after: SchedulingObject): Component[] {
  const [old, fresh] = [before.components.get(MAIN), after.components.get(MAIN)];
  if (old === undefined || fresh === undefined || isRescheduled(old, before, fresh, after)) return [];
  const kept: Component[] = [];
  for (const [key, component] of before.components) {
    if (key === MAIN || after.components.has(key)) continue;
    const [was, is] = [deriveOverride(before, key), deriveOverride(after, key)];
    if (was === undefined || is === undefined || answersOf(was) === answersOf(component)) continue;
    if (fingerprint(was, before) !== fingerprint(component, before)) continue;
    const answered = attendeesOf(component);
    kept.push(
      withProperties(is, (property) =>
        property[0] === 'attendee' ? answerKept(property, answered.get(foldCalendarUser(property[3]))) : property,
      ),
    );
  }
  return kept;
}

/**
 * Instances that had a time of their own and are to be when the series says again: RFC 6638 §3.2.8 asks those again who answered, and
 * an answer to one instance needs an override.
 */
function movedBack({ isOwn }: OrganizerChange, before: SchedulingObject, after: SchedulingObject): Component[] {
  if (isSeriesAskedAgain(before, after)) return [];
  const found: Component[] = [];
  for (const [key, component] of before.components) {
    if (key === MAIN || after.components.has(key)) continue;
    const derived = deriveOverride(after, key);
    if (derived === undefined || !isRescheduled(component, before, derived, after)) continue;
    const isAsked = (property: Property) =>
      property[0] === 'attendee' && !isOwn(foldCalendarUser(property[3])) && saysAnAnswer(property);
    if (!derived[1].some(isAsked)) continue;
    const asked = withProperties(derived, (property) => (isAsked(property) ? askedAgain(property) : property));
    const number = String(Math.max(sequenceOf(component) + 1, sequenceOf(derived)));
    found.push(replaceProperties(asked, ['sequence'], [['sequence', {}, 'unknown', number]]));
  }
  return found;
}

/** The object with some more overrides, read anew. */
function withOverrides(after: SchedulingObject, components: readonly Component[], more: readonly Component[]) {
  return schedulingObject(parseCalendarObject(printContent(withComponents(after, [...components, ...more]))));
}

function settleComponent(
  component: Component,
  after: SchedulingObject,
  earlier: Component | undefined,
  { before, isOwn, keepAnswers, answerHere = NOBODY }: OrganizerChange,
): Component {
  let moved = false;
  let settled = component;
  if (before !== undefined && earlier !== undefined) {
    const isSeries = component === after.components.get(MAIN);
    moved = isSeries ? isSeriesAskedAgain(before, after) : isRescheduled(earlier, before, component, after);
    // RFC 5546 §2.1.4 demands it for times, and leaves it to the organizer for whatever else others are told.
    const told =
      moved ||
      fingerprint(component, after) !== fingerprint(earlier, before) ||
      vendorPropertiesOf(component) !== vendorPropertiesOf(earlier);
    const lowest = sequenceOf(earlier) + (told ? 1 : 0);
    if (sequenceOf(component) < lowest)
      settled = replaceProperties(settled, ['sequence'], [['sequence', {}, 'unknown', String(lowest)]]);
  }
  if (!moved && !keepAnswers && answerHere.size === 0) return settled;
  const answered = attendeesOf(earlier ?? NOTHING);
  let changed = false;
  const properties = settled[1].map((property) => {
    const user = property[0] === 'attendee' ? foldCalendarUser(property[3]) : '';
    if (user === '' || isOwn(user)) return property;
    const known = answered.get(user);
    let asked = property;
    if (moved) asked = askedAgain(property);
    else if (keepAnswers && known !== undefined) asked = answerKept(property, known);
    else if (answerHere.has(user)) asked = answerOfOneself(property, known);
    changed ||= asked !== property;
    return asked;
  });
  return changed ? [settled[0], properties, settled[2]] : settled;
}

const NOBODY: ReadonlySet<string> = new Set();
const NOTHING: Component = ['vevent', [], []];

/** RFC 6638 §3.2.8. */
function askedAgain(attendee: Property): Property {
  if (!saysAnAnswer(attendee)) return attendee;
  return withParameters(attendee, { partstat: 'NEEDS-ACTION', rsvp: 'TRUE' });
}

function answerKept(attendee: Property, earlier: Property | undefined): Property {
  const kept = earlier === undefined ? '' : parameterOf(earlier, 'partstat');
  if (earlier === undefined || kept === parameterOf(attendee, 'partstat')) return attendee;
  return withParameters(attendee, { partstat: kept === '' ? undefined : kept });
}

/** RFC 6638 §3.2.1, Interpretation 202: nobody but the attendee answers for the attendee; the organizer may ask again (§3.2.8). */
function answerOfOneself(attendee: Property, earlier: Property | undefined): Property {
  if (!saysAnAnswer(attendee) || (earlier !== undefined && scheduleAgentOf(earlier) !== 'SERVER')) return attendee;
  return earlier === undefined ? askedAgain(attendee) : answerKept(attendee, earlier);
}

/** Whether an organizer's object holds an answer that the server is to have from the attendee. */
export function saysAnAnswer(attendee: Property): boolean {
  const partstat = partstatOf(attendee);
  return partstat !== 'NEEDS-ACTION' && partstat !== 'DELEGATED' && scheduleAgentOf(attendee) === 'SERVER';
}
