/**
 * What a calendar object that a client writes says about managed attachments, set right.
 * RFC 8607 §3.11 (valid-managed-id): an unknown MANAGED-ID is refused. What the server alone knows (type, name, size, URI)
 * is restored; a MANAGED-ID of another account is taken away, unless the object had it from its organizer.
 * Octets in, octets out: the same ones when there is nothing to set right.
 * Elsewhere: keeping count of the uses (storage/attachments.ts).
 */
import type { AttachmentRow, Store } from '../../storage/store.ts';
import type { Collection } from '../collections/members.ts';
import { DomainError } from '../errors.ts';
import { attachProperty, managedIdInUri, managedIdOf } from './attachment-property.ts';
import { type Component, type Property, parameterOf, parseContent, printContent } from './content.ts';

/** Managed attachments one object may name (RFC 8607 §6.3). */
export const MAX_ATTACHMENTS = 100;

/** Lines may be folded anywhere, so this only tells objects that certainly have no attachment. */
const MAY_HAVE_ATTACHMENT = /A\s*T\s*T\s*A\s*C\s*H/i;

/**
 * The octets to store for an object written to a place of a collection.
 * @throws DomainError invalid-managed-id, too-many-attachments; invalid-data when the text is not iCalendar
 */
export async function settleAttachments(
  store: Store,
  collection: Collection,
  name: string,
  octets: string,
): Promise<string> {
  if (!MAY_HAVE_ATTACHMENT.test(octets)) return octets;
  const calendar = parseContent(octets);
  const named = namesIn(calendar);
  if (named.size === 0) return octets;
  if (named.size > MAX_ATTACHMENTS) {
    throw new DomainError('too-many-attachments', `An object has at most ${MAX_ATTACHMENTS} attachments.`, {
      limit: MAX_ATTACHMENTS,
    });
  }
  const rows = new Map((await store.attachments.byManagedIds([...named])).map((row) => [row.managedId, row]));
  const current = await store.calendarObjects.get(collection.id, name);
  const used = new Set(current === undefined ? [] : await store.attachments.usedBy(current.id));
  const own = (row: AttachmentRow | undefined) =>
    row !== undefined && (row.accountId === collection.accountId || used.has(row.id)) ? row : undefined;
  let changed = false;
  const settled = mapProperties(calendar, (property) => {
    const id = managedIdOf(property);
    if (id !== '' && !rows.has(id)) {
      throw new DomainError('invalid-managed-id', 'There is no attachment with this MANAGED-ID.');
    }
    const row = own(rows.get(id === '' ? managedIdInUri(property) : id));
    const right = row === undefined ? withoutManagedId(property) : rightFor(property, row);
    changed ||= right !== property;
    return right;
  });
  return changed ? printContent(settled) : octets;
}

function namesIn([, properties, components]: Component): Set<string> {
  const found = new Set<string>();
  for (const property of properties) {
    const id = managedIdOf(property) || managedIdInUri(property);
    if (id !== '') found.add(id);
  }
  for (const component of components) for (const id of namesIn(component)) found.add(id);
  return found;
}

function mapProperties([name, properties, components]: Component, map: (property: Property) => Property): Component {
  return [name, properties.map(map), components.map((component) => mapProperties(component, map))];
}

function withoutManagedId(property: Property): Property {
  if (managedIdOf(property) === '') return property;
  const { 'managed-id': _, ...parameters } = property[1];
  return [property[0], parameters, property[2], property[3]];
}

/** The property itself when it says what it should; the order of parameters means nothing, further ones are the client's. */
function rightFor(sent: Property, row: AttachmentRow): Property {
  const right = attachProperty(row);
  const same = sent[3] === right[3] && Object.keys(right[1]).every((key) => parameterOf(sent, key) === right[1][key]);
  return same ? sent : right;
}
