/**
 * Hrefs of resources: absolute paths in one encoding (RFC 4918 §8.3). Elsewhere: the way back (paths.ts).
 */
import { NOTIFICATIONS_SEGMENT } from '../../src/collections/collections.ts';
import type { Resource } from './contract.ts';

/** One path segment in the one encoding that every href uses. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name);
}

export function principalHref(name: string): string {
  return `/dav/principals/${encodeSegment(name)}/`;
}

/** The group of those who may act for a principal. */
export function proxyHref(name: string, access: 'read' | 'write'): string {
  return `${principalHref(name)}calendar-proxy-${access}/`;
}

/** Where a principal finds what others tell it. */
export function notificationsHref(name: string): string {
  return `${homeHref('calendars', name)}${NOTIFICATIONS_SEGMENT}/`;
}

/** `home` is the segment below /dav/: 'calendars' or 'addressbooks'. */
export function homeHref(home: string, name: string): string {
  return `/dav/${home}/${encodeSegment(name)}/`;
}

/** Whether members can be below it; its href ends in '/'. */
export function isCollection(resource: Resource): boolean {
  return resource.kind !== 'member';
}
