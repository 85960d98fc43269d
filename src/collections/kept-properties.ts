/**
 * Properties that clients keep on collections and members: what everybody sees, and each one's own.
 * RFC 4918 §4.2 (dead properties), §9.2 (all or nothing).
 * Elsewhere: which properties are computed (protocols/dav/properties.ts), the collections (collections.ts).
 */
import type {
  CalendarColumns,
  CalendarObjectRow,
  PropertyOwner,
  PropertyRow,
  Store,
  Writes,
} from '../../storage/store.ts';
import { seenRow } from '../calendar/personal-views.ts';
import { DomainError } from '../errors.ts';
import type { Principal } from '../principals/access.ts';
import type { Precondition } from './members.ts';

const CALDAV = 'urn:ietf:params:xml:ns:caldav';
/** Octets of all properties that clients keep on one resource. */
const MAX_PROPERTY_OCTETS = 1024 * 1024;

/** A property to keep. 'shared' is the same for everybody, 'personal' belongs to whoever sets it. */
export interface NewProperty {
  readonly namespace: string;
  readonly name: string;
  /** The whole element, serialised. */
  readonly xml: string;
  readonly scope: 'shared' | 'personal';
}

/** A property to keep, or without `xml` to remove. */
export type PropertyChange = Omit<NewProperty, 'xml'> & { readonly xml: string | undefined };

/** What properties hang on. */
export interface PropertyHolder {
  readonly owner: PropertyOwner;
  readonly id: number;
  /** Whose account it is in: the shared values are those this principal sets. */
  readonly accountId: number;
  /** Whether it is somebody else's calendar, seen in the viewer's own home. */
  readonly ownHome?: boolean;
  /** For a member, where it is: its collection's modseq moves with its properties. */
  readonly member?: { readonly collectionId: number; readonly name: string };
}

export class KeptProperties {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** The kept properties of a resource as the viewer sees them: its own value before everybody's. */
  async list(viewer: Principal, holder: PropertyHolder): Promise<PropertyRow[]> {
    const rows = ownBeforeShared(await this.store.properties.list(holder.owner, holder.id, viewer.id));
    if (viewer.id === holder.accountId) return rows;
    return rows.filter((row) => row.principalId === viewer.id || !isDefaultAlarm(row));
  }

  /**
   * Changes kept properties, and the columns of a calendar that follow from them, all or nothing. The caller has checked the
   * right to do so. The owner's personal values are those everybody starts with. `check` sees a member inside the transaction.
   * @throws DomainError not-found when a member has gone, or what `check` throws
   * @throws DomainError limit-exceeded above 1 MiB of properties on the resource
   */
  async change(
    viewer: Principal,
    holder: PropertyHolder,
    changes: readonly PropertyChange[],
    given: Partial<CalendarColumns> = {},
    check?: Precondition,
  ): Promise<void> {
    const { columns, transparent } = columnsOf(holder, given);
    await this.store.transaction(async (write) => {
      const collectionId = holder.owner === 'collection' ? holder.id : holder.member?.collectionId;
      if (holder.member !== undefined) await checkMember(write, viewer, holder, check);
      const shared = changes.some(({ scope }) => scope === 'shared') || Object.keys(columns).length > 0;
      if (shared || viewer.id === holder.accountId || collectionId === undefined || holder.member !== undefined)
        await write.accounts.nextModseq(holder.accountId, collectionId === undefined ? [] : [collectionId]);
      else await touchOwnView(write, viewer, collectionId);
      if (transparent !== undefined) await setTransparent(write, viewer, holder.id, transparent);
      for (const { namespace, name, xml, scope } of changes) {
        const principalId = scope === 'shared' || viewer.id === holder.accountId ? 0 : viewer.id;
        if (xml === undefined) await write.properties.remove(holder.owner, holder.id, principalId, namespace, name);
        else await write.properties.set(holder.owner, holder.id, { principalId, namespace, name, xml });
      }
      checkPropertySize(await write.properties.list(holder.owner, holder.id, viewer.id));
      if (holder.owner === 'collection' && Object.keys(columns).length > 0) {
        const row = await write.collections.get(holder.id);
        if (row === undefined) throw new DomainError('not-found', 'The collection has been deleted.');
        const { components, timeZone, transparent } = row;
        await write.collections.setCalendar(holder.id, { components, timeZone, transparent, ...columns });
      }
    });
  }
}

/** Of somebody else's calendar in one's own home, whether it makes busy is one's own (Interpretation 222). */
function columnsOf({ ownHome }: PropertyHolder, given: Partial<CalendarColumns>) {
  if (ownHome !== true || given.transparent === undefined) return { columns: given, transparent: undefined };
  const { transparent, ...columns } = given;
  return { columns, transparent };
}

async function setTransparent(write: Writes, viewer: Principal, id: number, transparent: number): Promise<void> {
  const binding = await write.collections.boundFor(viewer.id, id);
  if (binding !== undefined) await write.collections.setTransparent(binding.bindingId, transparent);
}

/** One row for each property: the principal's own before everybody's. */
export function ownBeforeShared(rows: PropertyRow[]): PropertyRow[] {
  const seen = new Map<string, PropertyRow>();
  for (const row of rows) {
    const key = `${row.namespace} ${row.name}`;
    const other = seen.get(key);
    if (other === undefined || other.principalId === 0) seen.set(key, row);
  }
  return [...seen.values()];
}

/** Alarms that clients give to what is made: nobody is reminded because somebody else wants to be (Interpretation 220). */
function isDefaultAlarm({ namespace, name }: PropertyRow): boolean {
  return namespace === CALDAV && name.startsWith('default-alarm-');
}

async function checkMember(
  write: Writes,
  viewer: Principal,
  { owner, id, accountId, member }: PropertyHolder,
  check?: Precondition,
): Promise<void> {
  if (member === undefined) return;
  const members = owner === 'card' ? write.cards : owner === 'file' ? write.files : write.calendarObjects;
  const row = await members.get(member.collectionId, member.name);
  if (row?.id !== id) throw new DomainError('not-found', 'The member has gone.');
  if (owner !== 'calendar-object' || viewer.id === accountId) return check?.(row);
  const [own] = await write.personalData.of(viewer.id, [id]);
  check?.(seenRow(row as CalendarObjectRow, own));
}

/** What one person keeps of somebody else's collection shows in its own home only. */
async function touchOwnView(write: Writes, viewer: Principal, collectionId: number): Promise<void> {
  const modseq = await write.accounts.nextModseq(viewer.id, []);
  const binding = await write.collections.boundFor(viewer.id, collectionId);
  if (binding !== undefined) await write.collections.touchBinding(binding.bindingId, modseq);
}

/** @throws DomainError limit-exceeded when they are more than a resource may keep */
export function checkPropertySize(properties: readonly { xml: string }[]): void {
  const octets = properties.reduce((sum, { xml }) => sum + xml.length, 0);
  if (octets > MAX_PROPERTY_OCTETS) {
    throw new DomainError('limit-exceeded', 'The properties of this resource are too large.', {
      limit: MAX_PROPERTY_OCTETS,
    });
  }
}
