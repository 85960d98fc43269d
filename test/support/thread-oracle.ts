/**
 * THREAD=REFERENCES as RFC 5256 §3 tells it, step by step: short, recursive and slow. Written from the text alone, to be compared
 * with the algorithm that must not be.
 */
import type { Thread, ThreadedMessage } from '../../src/mail/threads.ts';

interface Item {
  message: ThreadedMessage | undefined;
  parent: Item | undefined;
  children: Item[];
}

export function referencesOracle(messages: readonly ThreadedMessage[]): Thread[] {
  let unique = -1;
  const table = new Map<number, Item>();
  const items: Item[] = [];
  const all: Item[] = [];
  const create = (message: ThreadedMessage | undefined): Item => {
    const item: Item = { message, parent: undefined, children: [] };
    all.push(item);
    return item;
  };
  // All messages are there before any is looked for, so that a dummy stands only for one that is not.
  for (const message of messages) {
    const item = create(message);
    table.set(message.own !== 0 && !table.has(message.own) ? message.own : unique--, item);
    items.push(item);
  }
  const isDescendant = (item: Item, of: Item): boolean =>
    item === of || of.children.some((child) => isDescendant(item, child));
  const link = (parent: Item, child: Item) => {
    if (isDescendant(parent, child)) return;
    child.parent = parent;
    parent.children.push(child);
  };
  // (1)
  for (const item of items) {
    const chain = (item.message as ThreadedMessage).references.map((id) => {
      const known = table.get(id) ?? create(undefined);
      table.set(id, known);
      return known;
    });
    for (let at = 1; at < chain.length; at++)
      if (chain[at]!.parent === undefined) link(chain[at - 1] as Item, chain[at] as Item);
    const parent = chain.at(-1);
    if (item.parent === parent) continue;
    if (item.parent !== undefined) item.parent.children.splice(item.parent.children.indexOf(item), 1);
    item.parent = undefined;
    if (parent !== undefined) link(parent, item);
  }
  // (2), (3)
  const prune = (list: Item[], top: boolean): Item[] =>
    list.flatMap((item) => {
      item.children = prune(item.children, false);
      if (item.message !== undefined) return [item];
      return !top || item.children.length <= 1 ? item.children : [item];
    });
  let roots = prune(
    all.filter(({ parent }) => parent === undefined),
    true,
  );
  const head = (item: Item) => (item.message ?? item.children[0]?.message) as ThreadedMessage;
  const bySent = (a: Item, b: Item) => head(a).sent - head(b).sent || head(a).uid - head(b).uid;
  // (4)
  for (const item of roots) if (item.message === undefined) item.children.sort(bySent);
  roots.sort(bySent);
  // (5)
  const subjects = new Map<string, Item>();
  for (const item of roots) {
    const { subject } = head(item);
    const first = subjects.get(subject);
    if (subject === '') continue;
    if (first === undefined) subjects.set(subject, item);
    else if (
      first.message !== undefined &&
      (item.message === undefined || (first.message.reply && !item.message.reply))
    )
      subjects.set(subject, item);
  }
  for (const item of [...roots]) {
    const { subject } = head(item);
    const first = subjects.get(subject);
    if (first === undefined || first === item || !roots.includes(item)) continue;
    roots = roots.filter((other) => other !== item);
    if (first.message === undefined && item.message === undefined) first.children.push(...item.children);
    else if (first.message === undefined || (item.message!.reply && !first.message.reply)) first.children.push(item);
    else {
      const dummy: Item = { message: undefined, parent: undefined, children: [first, item] };
      roots = roots.map((other) => (other === first ? dummy : other));
      subjects.set(subject, dummy);
    }
  }
  // (6)
  const finish = (list: Item[]): Thread[] => {
    const done = list.map((item) => ({ item, thread: { uid: item.message?.uid, children: finish(item.children) } }));
    return done.sort((a, b) => bySent(a.item, b.item)).map(({ thread }) => thread);
  };
  const sortAll = (list: Item[]): Item[] => {
    for (const item of list) item.children = sortAll(item.children);
    return list.sort(bySent);
  };
  return finish(sortAll(roots));
}
