/**
 * The text of a kept property: properties are stored as serialised XML, and some of them (names, colours) are only text.
 * Elsewhere: writing them (protocols/dav/xml.ts).
 */
import type { PropertyRow } from '../../storage/store.ts';

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The text inside the property of that name as one principal sees it; '' when there is none. */
export function propertyText(rows: readonly PropertyRow[], namespace: string, name: string): string {
  const matching = rows.filter((row) => row.namespace === namespace && row.name === name);
  const row = matching.find(({ principalId }) => principalId !== 0) ?? matching[0];
  return row === undefined ? '' : textOfXml(row.xml).trim();
}

/** A display name as the XML that is kept. */
export function displayNameXml(name: string): string {
  return `<displayname xmlns="DAV:">${escapeXml(name)}</displayname>`;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function textOfXml(xml: string): string {
  return xml.replace(/<[^>]*>/g, '').replace(/&(#x?[0-9a-fA-F]+|[a-z]+);/g, (whole, entity: string) => {
    if (!entity.startsWith('#')) return ENTITIES[entity] ?? whole;
    const code = entity.startsWith('#x') ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
