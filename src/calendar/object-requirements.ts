/**
 * What every write of a calendar object requires, before or inside its transaction: rights, names, the kind of component.
 * RFC 4791 §5.2.3 (supported-calendar-component-set), RFC 4918 §9.8.4 (Overwrite).
 * Elsewhere: the writes (calendar-objects.ts), what octets must be (object-writing.ts).
 */
import type { Writes } from '../../storage/store.ts';
import type { Collection } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { componentsOf } from './calendars.ts';
import { notFound } from './object-writing.ts';

/** Octets of the longest name a member may have. */
const MAX_NAME_OCTETS = 255;

/** A calendar may be deleted between the look-up of a path and the transaction. */
export async function requireCollection(write: Writes, collection: Collection): Promise<void> {
  if ((await write.collections.get(collection.id)) === undefined) throw notFound();
}

export function requireRead(collection: Collection): void {
  if (!collection.rights.read) throw notFound();
}

export function requireWrite(collection: Collection): void {
  requireRead(collection);
  if (!collection.rights.write) throw new DomainError('forbidden', 'You may not change this calendar.');
}

export function requireName(name: string): void {
  if (Buffer.byteLength(name) > MAX_NAME_OCTETS) {
    throw new DomainError('forbidden', `Names of calendar objects have at most ${MAX_NAME_OCTETS} octets.`);
  }
}

export function requireComponent(collection: Collection, component: string): void {
  if (componentsOf(collection).includes(component)) return;
  throw new DomainError('unsupported-component', `This calendar takes ${collection.components}, not ${component}.`);
}

export function occupied(): DomainError {
  return new DomainError('etag-mismatch', 'There is an object at the destination already.');
}
