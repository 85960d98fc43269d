/**
 * The algorithms of THREAD.
 * RFC 5256 §3: ORDEREDSUBJECT and REFERENCES.
 * Messages in the order of their mailbox in, trees of them out. Pure; each yields now and then, so that its caller can let
 * others have a turn (slices.ts). No step depends on how deep or how wide a tree is.
 * Elsewhere: what is compared (sort-keys.ts, ancestry.ts).
 */
import { sorted } from '../slices.ts';

export interface ThreadedMessage {
  readonly uid: number;
  /** Sent date, in milliseconds. */
  readonly sent: number;
  /** Base subject, folded. */
  readonly subject: string;
  readonly reply: boolean;
  /** Its Message-ID, 0 for none; those of its ancestors, the oldest first. */
  readonly own: number;
  readonly references: readonly number[];
}

export interface Thread {
  /** Undefined for a message that is not among those given, yet has several of them as children: only at the top. */
  readonly uid: number | undefined;
  readonly children: readonly Thread[];
}

/** Ancestors that are looked at before a link is taken for a loop: deeper threads come apart. */
const MAX_DEPTH = 10_000;
/** Steps between two yields. */
const STEPS = 256;

/** One thread for each subject: its first message, with all others as children. */
export function* orderedSubjectThreads(messages: readonly ThreadedMessage[]): Generator<void, Thread[]> {
  const bySubject = yield* sorted(messages, (a, b) => compare(a.subject, b.subject) || a.sent - b.sent);
  const groups: ThreadedMessage[][] = [];
  for (const [at, message] of bySubject.entries()) {
    if (at % STEPS === 0) yield;
    const group = groups.at(-1);
    if (group?.[0]?.subject === message.subject) group.push(message);
    else groups.push([message]);
  }
  const order = yield* sorted(groups, ([a], [b]) => compareSent(a as ThreadedMessage, b as ThreadedMessage));
  return order.map(([first, ...others]) => ({
    uid: (first as ThreadedMessage).uid,
    children: others.map(({ uid }) => ({ uid, children: [] })),
  }));
}

/** A place in the trees; without a message a dummy. */
interface Node {
  message: ThreadedMessage | undefined;
  parent: Node | undefined;
  /** Whether it is the parent of any. */
  hasChildren: boolean;
  /** From step 2 on. */
  children: Node[];
  /** Of a dummy, the highest dummy or the message above it, once that was looked for. */
  above: Node | undefined;
}

/** Threads by the references of messages, then by subjects. */
export function* referencesThreads(messages: readonly ThreadedMessage[]): Generator<void, Thread[]> {
  const { real, dummies } = yield* linked(messages);
  const roots = yield* pruned(real, dummies);
  // Step 4.
  for (const root of roots) if (root.message === undefined) root.children = yield* sorted(root.children, compareNodes);
  const merged = yield* mergedBySubject(yield* sorted(roots, compareNodes));
  return yield* asThreads(merged);
}

/** Step 1: links each message to its ancestors. */
function* linked(messages: readonly ThreadedMessage[]): Generator<void, { real: Node[]; dummies: Node[] }> {
  const known = new Map<number, Node>();
  const real: Node[] = [];
  // "Only use that Message ID in the first message": others get one of their own, which nobody refers to.
  for (const [at, message] of messages.entries()) {
    if (at % STEPS === 0) yield;
    const node = newNode(message);
    real.push(node);
    if (message.own !== 0 && !known.has(message.own)) known.set(message.own, node);
  }
  const dummies: Node[] = [];
  for (const [at, node] of real.entries()) {
    if (at % (STEPS / 8) === 0) yield;
    let last: Node | undefined;
    for (const id of (node.message as ThreadedMessage).references) {
      let next = known.get(id);
      if (next === undefined) {
        next = newNode(undefined);
        dummies.push(next);
        known.set(id, next);
      }
      // Part A: what has a parent keeps it.
      if (last !== undefined && next.parent === undefined) yield* link(last, next);
      last = next;
    }
    // Part B: its own last reference decides over what others said.
    if (last === node.parent) continue;
    node.parent = undefined;
    if (last !== undefined) yield* link(last, node);
  }
  return { real, dummies };
}

/** Makes one the parent of another, unless that makes a loop. */
function* link(parent: Node, child: Node): Generator<void, void> {
  if (parent === child) return;
  if (child.hasChildren) {
    let depth = 0;
    for (let above: Node | undefined = parent; above !== undefined; above = above.parent) {
      if (above === child || depth > MAX_DEPTH) return;
      if (++depth % STEPS === 0) yield;
    }
  }
  child.parent = parent;
  parent.hasChildren = true;
}

/** Steps 2 and 3: the top of each tree, with the dummies gone that are not needed there. */
function* pruned(real: readonly Node[], dummies: readonly Node[]): Generator<void, Node[]> {
  const roots: Node[] = [];
  for (const [at, node] of real.entries()) {
    if (at % STEPS === 0) yield;
    const parent = node.parent === undefined ? undefined : yield* aboveDummies(node.parent);
    if (parent === undefined) roots.push(node);
    else parent.children.push(node);
  }
  for (const [at, dummy] of dummies.entries()) {
    if (at % STEPS === 0) yield;
    const [only] = dummy.children;
    // Children go to the top only when there is one.
    if (only !== undefined) roots.push(dummy.children.length === 1 ? only : dummy);
  }
  return roots;
}

/** The nearest message at or above a node; where there are only dummies, the highest of them. */
function* aboveDummies(start: Node): Generator<void, Node> {
  const passed: Node[] = [];
  let node = start;
  while (node.message === undefined && node.parent !== undefined) {
    passed.push(node);
    node = node.above ?? node.parent;
    if (passed.length % STEPS === 0) yield;
  }
  for (const dummy of passed) dummy.above = node;
  return node;
}

/** Step 5: threads of one subject become one. */
function* mergedBySubject(roots: readonly Node[]): Generator<void, Node[]> {
  const table = new Map<string, Node>();
  for (const [at, node] of roots.entries()) {
    if (at % STEPS === 0) yield;
    const subject = subjectOf(node);
    if (subject === '') continue;
    const first = table.get(subject);
    const replaces =
      first?.message !== undefined && (node.message === undefined || (first.message.reply && !node.message.reply));
    if (first === undefined || replaces) table.set(subject, node);
  }
  // Where one thread takes another's place, and what went into another one.
  const instead = new Map<Node, Node>();
  const gone = new Set<Node>();
  for (const [at, node] of roots.entries()) {
    if (at % STEPS === 0) yield;
    const subject = subjectOf(node);
    const first = subject === '' ? undefined : table.get(subject);
    // What was taken into a new dummy is not at the top any more.
    if (first === undefined || first === node || instead.has(node)) continue;
    gone.add(node);
    if (first.message === undefined) {
      if (node.message !== undefined) first.children.push(node);
      else for (const child of node.children) first.children.push(child);
    } else if (node.message?.reply && !first.message.reply) first.children.push(node);
    else {
      const dummy = newNode(undefined);
      dummy.children = [first, node];
      table.set(subject, dummy);
      instead.set(first, dummy);
    }
  }
  return roots.filter((node) => !gone.has(node)).map((node) => instead.get(node) ?? node);
}

/** Step 6: everything sorted, the youngest first. */
function* asThreads(roots: readonly Node[]): Generator<void, Thread[]> {
  // Each after its parent; so backwards, children are done before their parents are.
  const order = [...roots];
  for (let at = 0; at < order.length; at++) {
    if (at % STEPS === 0) yield;
    for (const child of (order[at] as Node).children) order.push(child);
  }
  const done = new Map<Node, Thread>();
  for (let at = order.length - 1; at >= 0; at--) {
    if (at % STEPS === 0) yield;
    const node = order[at] as Node;
    if (node.children.length > 1) node.children = yield* sorted(node.children, compareNodes);
    done.set(node, { uid: node.message?.uid, children: node.children.map((child) => done.get(child) as Thread) });
  }
  const top = yield* sorted(roots, compareNodes);
  return top.map((root) => done.get(root) as Thread);
}

function newNode(message: ThreadedMessage | undefined): Node {
  return { message, parent: undefined, hasChildren: false, children: [], above: undefined };
}

/** A dummy counts as its first child. */
function headOf(node: Node): ThreadedMessage {
  return (node.message ?? node.children[0]?.message) as ThreadedMessage;
}

function subjectOf(node: Node): string {
  return headOf(node).subject;
}

function compareNodes(a: Node, b: Node): number {
  return compareSent(headOf(a), headOf(b));
}

/** RFC 5256 §2.2: of two that were sent at one time, the one that comes first in the mailbox. */
function compareSent(a: ThreadedMessage, b: ThreadedMessage): number {
  return a.sent - b.sent || a.uid - b.uid;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
