/**
 * The components and properties a client selects of a calendar object.
 * RFC 4791 §9.6.1 (comp), §9.6.2 (allcomp), §9.6.3 (allprop), §9.6.4 (prop, novalue).
 * A tree and a selection in, printed text out.
 * Elsewhere: ranges (partial-data.ts, expanded-data.ts).
 */
import { type Component, type Property, printProperty } from './content.ts';

/** CALDAV:comp. Names in upper case. One that names nothing inside asks for everything (RFC 4791 §7.8.1, example). */
export interface ComponentSelection {
  readonly name: string;
  readonly allProperties: boolean;
  readonly properties: readonly { readonly name: string; readonly noValue: boolean }[];
  readonly allComponents: boolean;
  readonly components: readonly ComponentSelection[];
}

/** Prints a component as a selection asks; null selects everything. */
export function printSelected(component: Component, selection: ComponentSelection | null): string {
  const name = component[0].toUpperCase();
  return `BEGIN:${name}\r\n${printInside(component, selection)}END:${name}\r\n`;
}

/** What stands between BEGIN and END, without the properties of the names in `left` (lower case). */
export function printInside(
  component: Component,
  selection: ComponentSelection | null,
  left?: ReadonlySet<string>,
): string {
  let text = '';
  for (const property of component[1]) {
    if (!left?.has(property[0])) text += selectedProperty(property, selection);
  }
  for (const child of component[2]) {
    const inner = innerSelection(child, selection);
    if (inner !== undefined) text += printSelected(child, inner);
  }
  return text;
}

/** The printed property, without its value where that is asked; '' when it is not selected. */
export function selectedProperty(property: Property, selection: ComponentSelection | null): string {
  if (selection === null || selection.allProperties || selectsAll(selection)) return printProperty(property);
  const name = property[0].toUpperCase();
  const wanted = selection.properties.find((candidate) => candidate.name === name);
  if (!wanted) return '';
  return printProperty(wanted.noValue ? [property[0], property[1], property[2], ''] : property);
}

/** The selection inside a child; undefined when the child is not selected. */
export function innerSelection(
  child: Component,
  selection: ComponentSelection | null,
): ComponentSelection | null | undefined {
  if (selection === null || selection.allComponents || selectsAll(selection)) return null;
  const name = child[0].toUpperCase();
  return selection.components.find((candidate) => candidate.name === name);
}

function selectsAll({ allProperties, properties, allComponents, components }: ComponentSelection): boolean {
  return !allProperties && !allComponents && properties.length === 0 && components.length === 0;
}
