/**
 * What a calendar object looks like to somebody who follows a published link.
 * RFC 5546 §3.2.1 (PUBLISH has no ATTENDEE), RFC 5545 §3.8.1.3 (CLASS).
 * A model in, the text of its components out. Private series are left out; confidential ones, and single occurrences of a
 * public series that are private, keep their times only. Nobody is reminded by somebody else's alarm.
 * Elsewhere: whose link, at which level (feeds.ts).
 */
import { hash } from 'node:crypto';
import type { CalendarComponent } from './calendar-component.ts';
import { isForModerators } from './conferences.ts';
import { type Component, type Property, parameterOf, printContent, propertyOf } from './content.ts';
import { type TimeZone, UTC } from './date-time.ts';
import { printInstant } from './date-values.ts';
import type { CalendarObjectModel } from './icalendar.ts';
import { findTimeZone } from './time-zones.ts';

/** Told of times, and of nothing else. */
const TIMES = new Set([
  'uid',
  'dtstamp',
  'sequence',
  'dtstart',
  'dtend',
  'duration',
  'rrule',
  'exrule',
  'rdate',
  'exdate',
  'recurrence-id',
  'status',
  'transp',
]);
const WITHHELD = new Set(['attendee', 'request-status']);
const COMPONENTS = new Set(['VEVENT', 'VTODO', 'VJOURNAL']);

/** The names under which the zones of one feed are published: each name once, always for the same zone. */
export class PublishedZones {
  private readonly names = new Map<string, string>();
  private readonly fresh: { tzid: string; zone: TimeZone }[] = [];

  /** The TZID to print for a zone that a text calls `tzid`. */
  nameOf(tzid: string, zone: TimeZone): string {
    let name = tzid;
    // A Windows name, or one with a vendor's prefix, becomes the IANA name that every program knows.
    if (findTimeZone(zone.id) !== undefined && !/^[A-Za-z_]+\/[A-Za-z0-9_+/-]+$/.test(tzid)) name = zone.id;
    for (let n = 2; this.names.has(name) && this.names.get(name) !== zone.id; n++) name = `${tzid} ${n}`;
    if (!this.names.has(name)) {
      this.names.set(name, zone.id);
      this.fresh.push({ tzid: name, zone });
    }
    return name;
  }

  /** Zones named since this was last asked. */
  takeNew(): { tzid: string; zone: TimeZone }[] {
    return this.fresh.splice(0);
  }
}

export interface Publication {
  /** Titles and everything like them are withheld. */
  readonly titlesHidden: boolean;
  readonly zones: PublishedZones;
  /** Mixed into the UIDs of events without titles, so that they cannot be matched with invitations. */
  readonly salt: string;
  /** An instant: DTSTAMP of what has none. */
  readonly modifiedAt: number;
}

/** Prints the components of an object; '' when nothing of it is shown. */
export function publishedComponents(model: CalendarObjectModel, publication: Publication): string {
  if (!COMPONENTS.has(model.component)) return '';
  if (publication.titlesHidden && model.component !== 'VEVENT') return '';
  const own = model.main?.classification ?? 'PUBLIC';
  if (own === 'PRIVATE') return '';
  let text = '';
  for (const component of model.components) {
    // RFC 5545 §3.8.1.3: unknown values are treated as PRIVATE. An occurrence is at least as private as its series.
    const open = isOpen(own) && isOpen(component.classification);
    if (model.main === null && component.classification === 'PRIVATE') continue;
    const shown = !open || publication.titlesHidden ? reduced(component, publication) : whole(component);
    text += printContent(completed(shown, component, model, publication));
  }
  return text;
}

function isOpen(classification: string): boolean {
  return classification === 'PUBLIC' || classification === '';
}

function whole({ content: [name, properties] }: CalendarComponent): Component {
  return [name, properties.filter((property) => !WITHHELD.has(property[0]) && !isForModerators(property)), []];
}

function reduced({ content: [name, properties], transparent }: CalendarComponent, publication: Publication): Component {
  const kept = properties.filter(([property]) => TIMES.has(property));
  const anonymous = publication.titlesHidden
    ? kept.map((property) => (property[0] === 'uid' ? anonymousUid(property, publication.salt) : property))
    : kept;
  return [name, [...anonymous, ['summary', {}, 'unknown', transparent ? 'Free' : 'Busy']], []];
}

function anonymousUid([name, , type, value]: Property, salt: string): Property {
  return [name, {}, type, `${hash('sha256', `${salt} ${value}`).slice(0, 32)}@convene`];
}

/** Adds what fetchers insist on, and names zones as the feed does. */
function completed(
  [name, properties, components]: Component,
  { start, end, duration }: CalendarComponent,
  model: CalendarObjectModel,
  { zones, modifiedAt }: Publication,
): Component {
  const all = properties.map((property) => withZone(property, model, zones));
  const has = (property: string) => propertyOf([name, all, []], property) !== undefined;
  if (!has('dtstamp')) all.push(['dtstamp', {}, 'unknown', printInstant(modifiedAt)]);
  if (!has('sequence')) all.push(['sequence', {}, 'unknown', '0']);
  if (name === 'vevent' && start && !end && !duration)
    all.push(['duration', {}, 'unknown', start.isDate ? 'P1D' : 'PT0S']);
  return [name, all, components];
}

function withZone(property: Property, model: CalendarObjectModel, zones: PublishedZones): Property {
  const tzid = parameterOf(property, 'tzid');
  if (tzid === '') return property;
  const [name, parameters, type, value] = property;
  const { tzid: _, ...others } = parameters;
  // A zone has no place beside a date or an instant, though some programs write it.
  if (type === 'date' || /^\d{8}$/.test(value) || /Z$/i.test(value)) return [name, others, type, value];
  const zone = model.zones.find(tzid);
  if (zone === UTC && !value.includes(',') && !value.includes('/')) return [name, others, type, `${value}Z`];
  return [name, { ...others, tzid: zones.nameOf(tzid, zone) }, type, value];
}
