/**
 * Setting properties: what PROPPATCH, MKCALENDAR and extended MKCOL share. Each instruction is judged, then all or none apply.
 * RFC 4918 §9.2, §14.18, §14.19, §14.26; RFC 5689 §3; RFC 3744 §7.1.1 and RFC 4918 §16 (conditions).
 */
import type { PropertyChange } from '../../src/collections/kept-properties.ts';
import type { CalendarColumns } from '../../storage/store.ts';
import type { Exchange, LiveProperty, PropertyTable, Resource } from './contract.ts';
import { DavError } from './dav-error.ts';
import { DAV } from './namespaces.ts';

import { Element, qualifiedName, serialise } from './xml.ts';

/** One property to set, or to remove when `value` is undefined. */
export interface Instruction {
  readonly namespace: string;
  readonly name: string;
  readonly value: Element | undefined;
}

/** What the viewer may set, and when. */
export interface UpdateRules {
  /** A new collection: properties that are fixed afterwards can be given now. */
  readonly creating: boolean;
  /** May change what everybody sees. */
  readonly shared: boolean;
  /** Sees what somebody else shares in its own home. */
  readonly ownHome?: boolean;
  /** May keep properties of its own that the server does not know. */
  readonly unknown: boolean;
}

export interface Judgement {
  readonly changes: readonly PropertyChange[];
  readonly columns: Partial<CalendarColumns>;
  /** Undefined when every instruction can be carried out; else the propstat elements that say which could not. */
  readonly failure: string | undefined;
  /** The propstat element of success. */
  readonly success: string;
}

/** The instructions of `<D:set>` and `<D:remove>` in document order (RFC 4918 §9.2); later ones win. */
export function instructionsOf(root: Element): Instruction[] {
  const instructions: Instruction[] = [];
  for (const step of root.elements()) {
    const set = step.is(DAV, 'set');
    if (!set && !step.is(DAV, 'remove')) continue;
    const language = languageOf(step, languageOf(root, undefined));
    for (const prop of step.elements(DAV, 'prop')) {
      const inherited = languageOf(prop, language);
      for (const element of prop.elements()) {
        const { namespace, name } = element;
        instructions.push({ namespace, name, value: set ? inLanguage(element, inherited) : undefined });
      }
    }
  }
  return instructions;
}

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

function languageOf(element: Element, inherited: string | undefined): string | undefined {
  return (
    element.attributes.find(({ name, namespace }) => name === 'lang' && namespace === XML_NAMESPACE)?.value ?? inherited
  );
}

/** RFC 4918 §4.3: xml:lang in scope belongs to the value. */
function inLanguage(element: Element, language: string | undefined): Element {
  if (language === undefined || languageOf(element, undefined) !== undefined) return element;
  const attribute = { namespace: XML_NAMESPACE, prefix: 'xml', name: 'lang', value: language };
  const copy = new Element(element.namespace, element.name, element.prefix, [...element.attributes, attribute]);
  copy.children.push(...element.children);
  return copy;
}

/** Judges instructions for a resource, or for what a new collection would be. */
export function judge(
  table: PropertyTable,
  resource: Resource,
  instructions: readonly Instruction[],
  rules: UpdateRules,
  refused: ReadonlyMap<Instruction, DavError> = new Map(),
): Judgement {
  const changes = new Map<string, PropertyChange>();
  let columns: Partial<CalendarColumns> = {};
  const verdicts = new Map<string, { tag: string; refusal: DavError | undefined }>();
  let failed = false;
  for (const instruction of instructions) {
    const { namespace, name, value } = instruction;
    const { tag, declaration } = qualifiedName(namespace, name);
    const key = `${namespace} ${name}`;
    const live = table.find(namespace, name, resource);
    const { refusal: judged, derived } = check(table, live, resource, instruction, rules);
    const refusal = judged ?? refused.get(instruction);
    if (refusal !== undefined) failed = true;
    const before = verdicts.get(key)?.refusal;
    verdicts.set(key, { tag: `<${tag}${declaration}/>`, refusal: before ?? refusal });
    columns = { ...columns, ...derived };
    for (const other of live?.settable?.displaces ?? []) {
      changes.set(`${namespace} ${other}`, { namespace, name: other, xml: undefined, scope: 'shared' });
    }
    if (live?.settable?.stored === 'no') continue;
    const own = live?.settable?.ownInOwnHome === true && rules.ownHome === true;
    const scope = live?.settable?.stored === 'shared' && !own ? 'shared' : 'personal';
    changes.set(key, { namespace, name, xml: value === undefined ? undefined : serialise(value), scope });
  }
  const propstats = failed ? printFailure([...verdicts.values()]) : undefined;
  const all = [...verdicts.values()].map(({ tag }) => tag).join('');
  return { changes: [...changes.values()], columns, failure: propstats, success: propstat(all, '200 OK') };
}

/** The instructions that what is stored speaks against. */
export async function verified(
  exchange: Exchange,
  resource: Resource,
  instructions: readonly Instruction[],
): Promise<Map<Instruction, DavError>> {
  const refused = new Map<Instruction, DavError>();
  for (const instruction of instructions) {
    const live = exchange.server.properties.find(instruction.namespace, instruction.name, resource);
    const refusal = await live?.settable?.verify?.(instruction.value, resource, exchange);
    if (refusal !== undefined) refused.set(instruction, refusal);
  }
  return refused;
}

function check(
  table: PropertyTable,
  live: LiveProperty | undefined,
  resource: Resource,
  { namespace, name, value }: Instruction,
  rules: UpdateRules,
): { refusal?: DavError; derived?: Partial<CalendarColumns> } {
  const settable = live?.settable;
  if (live === undefined) {
    if (!table.maybeStored(namespace, name, resource)) return { refusal: isProtected() };
    return rules.unknown ? {} : { refusal: needsPrivilege() };
  }
  if (settable === undefined || (settable.onlyAtCreation && !rules.creating)) return { refusal: isProtected() };
  const own = settable.stored === 'personal' || (settable.ownInOwnHome === true && rules.ownHome === true);
  if (!own && !rules.shared) return { refusal: needsPrivilege() };
  const derived = settable.check?.(value);
  if (derived instanceof DavError) return { refusal: derived };
  return derived === undefined ? {} : { derived };
}

function isProtected(): DavError {
  return new DavError(403, 'This property cannot be changed.', '<D:cannot-modify-protected-property/>');
}

function needsPrivilege(): DavError {
  return new DavError(403, 'You may not change this property.', '<D:need-privileges/>');
}

/** RFC 4918 §9.2.1: those that fail with their reason, the others with 424. */
function printFailure(verdicts: readonly { tag: string; refusal: DavError | undefined }[]): string {
  const groups = new Map<string, { tags: string; status: string; condition: string | undefined }>();
  for (const { tag, refusal } of verdicts) {
    const status = refusal === undefined ? '424 Failed Dependency' : (STATUS_LINES[refusal.status] ?? '409 Conflict');
    const key = `${status} ${refusal?.condition}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { tags: tag, status, condition: refusal?.condition });
    else group.tags += tag;
  }
  return [...groups.values()].map(({ tags, status, condition }) => propstat(tags, status, condition)).join('');
}

const STATUS_LINES: Readonly<Record<number, string>> = {
  403: '403 Forbidden',
  409: '409 Conflict',
  507: '507 Insufficient Storage',
};

/** Properties with one status. */
export function propstat(tags: string, status: string, condition?: string): string {
  const error = condition === undefined ? '' : `<D:error>${condition}</D:error>`;
  return `<D:propstat><D:prop>${tags}</D:prop><D:status>HTTP/1.1 ${status}</D:status>${error}</D:propstat>`;
}
