/**
 * Properties of resources: the table of live ones, and reading any set of them off a resource.
 * RFC 4918 §4, §9.1, §14.18 to §14.22; RFC 8144 §2.1.
 * A request's properties are resolved once (`ask`), then each resource answers with finished text.
 * Elsewhere: the live properties themselves (live-properties.ts, acl.ts and the extensions), writing (proppatch.ts).
 */
import type { PropertyHolder } from '../../src/collections/kept-properties.ts';
import type { PropertyRow } from '../../storage/store.ts';
import type {
  AskedProperties,
  DavExtension,
  Exchange,
  LiveProperty,
  MemberResource,
  PropertyTable,
  PropertyValue,
  Resource,
} from './contract.ts';
import { DAV } from './namespaces.ts';
import { preferenceApplied, prefersMinimal } from './preferences.ts';
import { Element, escapeXml, qualifiedName } from './xml.ts';

interface Known {
  readonly property: LiveProperty;
  readonly extension: DavExtension | undefined;
}

/** All live properties of the server, and how to read them. */
export class LiveProperties implements PropertyTable {
  private readonly byName = new Map<string, Known[]>();
  private readonly all: Known[] = [];

  constructor(core: readonly LiveProperty[], extensions: readonly DavExtension[]) {
    for (const property of core) this.register(property, undefined);
    for (const extension of extensions) for (const property of extension.properties) this.register(property, extension);
  }

  /** The live property of that name on a resource, if it has one. */
  find(namespace: string, name: string, resource: Resource): LiveProperty | undefined {
    return this.byName.get(keyOf(namespace, name))?.find((known) => applies(known, resource))?.property;
  }

  /** Whether clients may keep a property of this name on a resource: no live property has it, or one that can be set. */
  maybeStored(namespace: string, name: string, resource: Resource): boolean {
    const known = this.byName.get(keyOf(namespace, name));
    if (known === undefined) return true;
    const live = known.find((one) => applies(one, resource));
    if (live !== undefined) return live.property.settable !== undefined && live.property.settable.stored !== 'no';
    return known.every(({ property }) => property.settable !== undefined);
  }

  /** All live properties of a resource. */
  of(resource: Resource): LiveProperty[] {
    return this.all.filter((known) => applies(known, resource)).map(({ property }) => property);
  }

  /**
   * Resolves what a request asks for. `asked` holds DAV:prop, DAV:allprop (with DAV:include) or DAV:propname among its children;
   * undefined or none of them means `fallback`.
   */
  ask(exchange: Exchange, asked: Element | undefined, fallback: 'allprop' | 'nothing' = 'allprop'): AskedProperties {
    const minimal = prefersMinimal(exchange);
    if (minimal && exchange.request.headers.prefer !== undefined) {
      preferenceApplied(exchange, 'return=minimal');
    }
    const prop = asked?.child(DAV, 'prop');
    if (prop !== undefined) return new ResolvedProperties(this, exchange, 'prop', prop.elements(), minimal);
    if (asked?.child(DAV, 'propname') !== undefined)
      return new ResolvedProperties(this, exchange, 'propname', [], minimal);
    if (fallback === 'nothing' && asked?.child(DAV, 'allprop') === undefined) {
      return new ResolvedProperties(this, exchange, 'prop', [], minimal);
    }
    const include = asked?.child(DAV, 'include')?.elements() ?? [];
    return new ResolvedProperties(this, exchange, 'allprop', include, minimal);
  }

  private register(property: LiveProperty, extension: DavExtension | undefined): void {
    const known = { property, extension };
    const key = keyOf(property.namespace, property.name);
    const others = this.byName.get(key);
    if (others === undefined) this.byName.set(key, [known]);
    else others.push(known);
    this.all.push(known);
  }
}

/** One property in the answer, for resources of one shape. */
interface Line {
  /** undefined: it can only be a stored one. */
  readonly live: LiveProperty | undefined;
  readonly maybeStored: boolean;
  readonly key: string;
  readonly element: Element;
  readonly tag: string;
  readonly declaration: string;
}

interface Plan {
  readonly lines: readonly Line[];
  readonly needsStored: boolean;
}

/** The properties one request asks for. */
class ResolvedProperties implements AskedProperties {
  private readonly table: LiveProperties;
  private readonly exchange: Exchange;
  private readonly mode: 'prop' | 'allprop' | 'propname';
  private readonly elements: readonly Element[];
  private readonly minimal: boolean;
  private readonly plans = new Map<string, Plan>();

  constructor(
    table: LiveProperties,
    exchange: Exchange,
    mode: 'prop' | 'allprop' | 'propname',
    elements: readonly Element[],
    minimal: boolean,
  ) {
    this.table = table;
    this.exchange = exchange;
    this.mode = mode;
    this.elements = elements;
    this.minimal = minimal;
  }

  /** Whether members of a collection must come with their octets. */
  needsData(member: MemberResource): boolean {
    return this.mode !== 'propname' && this.planFor(member).lines.some(({ live }) => live?.needsData === true);
  }

  /** The finished `<D:response>` of a resource. Returns text at once when every value is at hand. */
  respond(resource: Resource): string | Promise<string> {
    const plan = this.planFor(resource);
    if (plan.needsStored) {
      const holder = holderOf(resource);
      if (holder !== undefined) {
        const stored = this.exchange.server.keptProperties.list(this.exchange.viewer, holder);
        return stored.then((rows) => this.readAll(plan, resource, rows));
      }
    }
    return this.readAll(plan, resource, []);
  }

  /**
   * When everything asked of a member follows from its name and ETag: the text of its response in three pieces, with the href
   * between the first two and the ETag, if it was asked for, between the last two. Else undefined.
   */
  listingPieces(sample: MemberResource): readonly string[] | undefined {
    if (this.mode !== 'prop') return undefined;
    const plan = this.planFor(sample);
    if (plan.needsStored) return undefined;
    if (!plan.lines.every(({ live }) => live === undefined || live.fromListing?.(sample.extension) === true))
      return undefined;
    const marked: MemberResource = { ...sample, href: HREF_MARK, member: { ...sample.member, etag: ETAG_MARK } };
    const text = this.readAll(plan, marked, []);
    if (typeof text !== 'string') return undefined;
    const pieces = text.split(MARKS);
    return pieces.length <= 3 ? pieces : undefined;
  }

  private planFor(resource: Resource): Plan {
    const shape = 'extension' in resource ? `${resource.kind} ${resource.extension.kind}` : resource.kind;
    let plan = this.plans.get(shape);
    if (plan === undefined) {
      plan = this.makePlan(resource);
      this.plans.set(shape, plan);
    }
    return plan;
  }

  private makePlan(resource: Resource): Plan {
    const canStore = holderOf(resource) !== undefined;
    const lines = new Map<string, Line>();
    const add = (element: Element) => {
      const { namespace, name } = element;
      const key = keyOf(namespace, name);
      if (lines.has(key)) return;
      const maybeStored = canStore && this.table.maybeStored(namespace, name, resource);
      const live = this.table.find(namespace, name, resource);
      lines.set(key, { live, maybeStored, key, element, ...qualifiedName(namespace, name) });
    };
    if (this.mode !== 'prop') {
      for (const property of this.table.of(resource)) {
        if (this.mode === 'propname' || property.inAllprop) add(new Element(property.namespace, property.name));
      }
    }
    for (const element of this.elements) add(element);
    const all = [...lines.values()];
    return { lines: all, needsStored: canStore && (this.mode !== 'prop' || all.some((line) => line.maybeStored)) };
  }

  private readAll(plan: Plan, resource: Resource, rows: readonly PropertyRow[]): string | Promise<string> {
    const stored = rows.length === 0 ? undefined : new Map(rows.map((row) => [keyOf(row.namespace, row.name), row]));
    if (this.mode === 'propname') return this.printNames(plan, resource, rows);
    const values: (PropertyValue | undefined | Promise<PropertyValue | undefined>)[] = [];
    let pending = false;
    for (const { live, key, maybeStored, element } of plan.lines) {
      const kept = maybeStored ? stored?.get(key) : undefined;
      if (kept !== undefined || live === undefined) {
        values.push(undefined);
        continue;
      }
      const value = live.read(resource, this.exchange, element);
      if (value instanceof Promise) pending = true;
      values.push(value);
    }
    if (!pending) return this.print(plan, resource, stored, values as (PropertyValue | undefined)[]);
    return Promise.all(values).then((settled) => this.print(plan, resource, stored, settled));
  }

  private print(
    plan: Plan,
    resource: Resource,
    stored: ReadonlyMap<string, PropertyRow> | undefined,
    values: readonly (PropertyValue | undefined)[],
  ): string {
    let found = '';
    let missing = '';
    const printed = new Set<string>();
    for (let i = 0; i < plan.lines.length; i++) {
      const { tag, declaration, key, maybeStored, live, element } = plan.lines[i]!;
      const kept = maybeStored ? stored?.get(key) : undefined;
      const value = values[i];
      if (kept !== undefined) {
        found += live?.present?.(kept.xml, element) ?? kept.xml;
        printed.add(key);
      } else if (value === undefined) missing += `<${tag}${declaration}/>`;
      else if (typeof value !== 'string') found += `<${tag}${value.attributes}>${value.content}</${tag}>`;
      else found += value === '' ? `<${tag}/>` : `<${tag}>${value}</${tag}>`;
    }
    if (this.mode === 'allprop') {
      if (stored !== undefined) for (const [key, { xml }] of stored) if (!printed.has(key)) found += xml;
      missing = ''; // RFC 4918 §9.1: allprop names nothing, so nothing is missing.
    }
    return response(resource.href, found, this.minimal ? '' : missing);
  }

  private printNames(plan: Plan, resource: Resource, rows: readonly PropertyRow[]): string {
    const names = new Map(plan.lines.map(({ key, tag, declaration }) => [key, `<${tag}${declaration}/>`]));
    for (const { namespace, name } of rows) {
      const { tag, declaration } = qualifiedName(namespace, name);
      names.set(keyOf(namespace, name), `<${tag}${declaration}/>`);
    }
    return response(resource.href, [...names.values()].join(''), '');
  }
}

const HREF_MARK = '\u0001';
const ETAG_MARK = '\u0002';
const MARKS = /[\u0001\u0002]/;

/** RFC 4918 §14.24: one response; a propstat without properties only when there would be none at all. */
function response(href: string, found: string, missing: string): string {
  const ok = found === '' && missing !== '' ? '' : `<D:propstat><D:prop>${found}</D:prop>${OK}`;
  const none = missing === '' ? '' : `<D:propstat><D:prop>${missing}</D:prop>${NOT_FOUND}`;
  return `<D:response><D:href>${escapeXml(href)}</D:href>${ok}${none}</D:response>`;
}

const OK = '<D:status>HTTP/1.1 200 OK</D:status></D:propstat>';
const NOT_FOUND = '<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>';

function keyOf(namespace: string, name: string): string {
  return `${namespace} ${name}`;
}

function applies({ property, extension }: Known, resource: Resource): boolean {
  if (!property.on.includes(resource.kind)) return false;
  return extension === undefined || !('extension' in resource) || resource.extension === extension;
}

const MEMBER_OWNERS = { calendar: 'calendar-object', addressbook: 'card', plain: 'file' } as const;

/** Where the kept properties of a resource are; undefined for those that keep none. */
export function holderOf(resource: Resource): PropertyHolder | undefined {
  switch (resource.kind) {
    case 'principal':
      return { owner: 'principal', id: resource.principal.id, accountId: resource.principal.id };
    case 'home':
      return { owner: resource.extension.home, id: resource.principal.id, accountId: resource.principal.id };
    case 'collection':
      return {
        owner: 'collection',
        id: resource.collection.id,
        accountId: resource.collection.accountId,
        ownHome: resource.collection.personal?.busy === true,
      };
    case 'member':
      return {
        owner: MEMBER_OWNERS[resource.extension.kind],
        id: resource.member.id,
        accountId: resource.collection.accountId,
        member: { collectionId: resource.collection.id, name: resource.member.name },
      };
    default:
      return undefined;
  }
}
