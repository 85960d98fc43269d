/**
 * The people, groups, rooms and things of an organisation as cards, made when they are asked for.
 * RFC 2426 (vCard 3.0), RFC 6350 §6.1.4 and §6.6.5 in the words that 3.0 has for them (`X-ADDRESSBOOKSERVER-…`).
 * Principals in, card rows with their octets out; who may see whom is decided by src/principals/directory.ts.
 * Elsewhere: address books with cards of their own (cards.ts), serving these (protocols/carddav/organisation-directory.ts).
 */
import type { CardRow, Store } from '../../storage/store.ts';
import { etagOf } from '../collections/etag.ts';
import type { Collection } from '../collections/members.ts';
import { NO_RIGHTS, type Principal } from '../principals/access.ts';
import type { Directory } from '../principals/directory.ts';
import { turn } from '../slices.ts';
import { escapeText, type Property, printVCard } from './vcard.ts';

/** Cards made before other requests get their turn. */
const SLICE = 200;

export interface DirectoryCard extends CardRow {
  readonly data: string;
}

export class DirectoryCards {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** The directory as a collection that can be read and nothing else. It has no change log. */
  collection(viewer: Principal, cards: readonly DirectoryCard[]): Collection {
    // What changed is told by the number: it follows from all the cards.
    const modseq = Number.parseInt(
      Buffer.from(etagOf(cards.map(({ etag }) => etag).join()))
        .toString('hex')
        .slice(0, 12),
      16,
    );
    return {
      id: 0,
      accountId: viewer.id,
      kind: 'addressbook',
      modseq,
      createdAt: 0,
      bindingId: 0,
      bindingModseq: 0,
      principalId: viewer.id,
      home: 'addressbooks',
      segment: 'Directory',
      position: 0,
      components: '',
      timeZone: '',
      subscribed: 0,
      transparent: 0,
      owner: viewer,
      rights: { ...NO_RIGHTS, read: true },
      computed: true,
    };
  }

  /** The cards of everybody whom the viewer may see, in order of their names. */
  async list(directory: Directory, viewer: Principal): Promise<DirectoryCard[]> {
    const organisations = await this.store.organisations.list();
    const name = organisations.find(({ id }) => id === viewer.organisationId)?.name ?? '';
    const cards: DirectoryCard[] = [];
    for (const principal of await directory.list(viewer)) {
      cards.push(await this.card(directory, viewer, principal, name));
      if (cards.length % SLICE === 0) await turn();
    }
    return cards;
  }

  private async card(
    directory: Directory,
    viewer: Principal,
    principal: Principal,
    organisation: string,
  ): Promise<DirectoryCard> {
    const members = principal.kind === 'group' ? await directory.membersOf(viewer, principal) : [];
    const data = printVCard({ properties: propertiesOf(principal, organisation, members) });
    return {
      id: principal.id,
      collectionId: 0,
      name: `${principal.name}.vcf`,
      etag: etagOf(data),
      size: Buffer.byteLength(data),
      modseq: 0,
      createdAt: principal.createdAt,
      modifiedAt: principal.createdAt,
      cardUid: principal.uuid,
      version: '3.0',
      kind: principal.kind,
      data,
    };
  }
}

/** RFC 6350 §6.1.4: rooms are locations; RFC 6869 §3: things are devices. */
const KINDS: Partial<Record<Principal['kind'], string>> = { group: 'group', room: 'location', resource: 'device' };

function propertiesOf(principal: Principal, organisation: string, members: readonly Principal[]): Property[] {
  const { displayName, uuid, kind, addresses, name } = principal;
  const shown = displayName || name;
  const properties = [line('VERSION', '3.0'), line('UID', uuid), line('FN', escapeText(shown))];
  // One name is all that is known; address books sort by the first part.
  properties.push(line('N', `${escapeText(shown)};;;;`));
  if (organisation !== '') properties.push(line('ORG', escapeText(organisation)));
  for (const [index, address] of addresses.entries()) {
    properties.push(line('EMAIL', escapeText(address), ['INTERNET', 'WORK', ...(index === 0 ? ['PREF'] : [])]));
  }
  const word = KINDS[kind];
  if (word !== undefined) properties.push(line('X-ADDRESSBOOKSERVER-KIND', word));
  for (const member of members) properties.push(line('X-ADDRESSBOOKSERVER-MEMBER', `urn:uuid:${member.uuid}`));
  return properties;
}

function line(name: string, value: string, types: readonly string[] = []): Property {
  return { group: '', name, parameters: types.length === 0 ? [] : [{ name: 'TYPE', values: types }], value };
}
