/**
 * Finding mailboxes: LIST with its extensions, LSUB, NAMESPACE.
 * RFC 3501 §6.3.8 and §6.3.9, RFC 5258 (LIST-EXTENDED), RFC 5819 (LIST-STATUS), RFC 6154 (SPECIAL-USE), RFC 3348 (CHILDREN),
 * RFC 2342 (NAMESPACE), RFC 8440 (LIST-MYRIGHTS), RFC 9051 §6.3.9.
 * Elsewhere: patterns (list-pattern.ts), which mailboxes somebody sees (src/mail/mailboxes.ts).
 */
import { setImmediate as yieldOnce } from 'node:timers/promises';
import { type Mailbox, OTHER_USERS } from '../../../src/mail/mailboxes.ts';
import type { Arguments } from '../grammar.ts';
import { ListPattern } from '../list-pattern.ts';
import { canonicalName, DELIMITER } from '../mailbox-name.ts';
import { astring, quote } from '../responses.ts';
import type { Command, ImapSession } from '../session.ts';
import { myRightsLine } from './acl.ts';
import { type StatusItem, statusItems, statusLine } from './mailbox.ts';

const MAX_PATTERNS = 100;
/** Mailboxes printed before others get a turn. */
const TURN = 100;

interface Options {
  /** Selection: only subscribed names, existing or not; only those with a special use. */
  subscribed: boolean;
  recursive: boolean;
  specialUse: boolean;
  /** Return. */
  returnSubscribed: boolean;
  status: StatusItem[] | undefined;
  rights: boolean;
  /** The extended form was used: names that do not exist are \NonExistent instead of \Noselect. */
  extended: boolean;
}

/** A name that may be listed. */
interface Entry {
  /** As on the wire. */
  readonly name: string;
  readonly mailbox: Mailbox | undefined;
  readonly children: boolean;
  readonly subscribed: boolean;
  /** Below it are subscribed names that are not listed themselves. */
  childInfo?: boolean;
}

export const list: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const options = plainOptions();
    if (args.peek() === '(') {
      readSelection(args, options);
      args.space();
    }
    const reference = args.astring();
    args.space();
    let wanted: string[];
    if (args.peek() === '(') {
      options.extended = true;
      wanted = args.list(() => args.listMailbox());
      if (wanted.length === 0 || wanted.length > MAX_PATTERNS) args.fail('one to 100 patterns are expected');
    } else wanted = [args.listMailbox()];
    if (!args.atEnd) {
      args.space();
      args.expect('RETURN ');
      readReturn(args, options);
    }
    args.end();
    // RFC 3501 §6.3.8: an empty name asks for the delimiter.
    if (!options.extended && wanted[0] === '') {
      session.stream.write(`* LIST (\\Noselect) "${DELIMITER}" ""\r\n`);
      return 'That is all.';
    }
    const patterns = wanted.map((pattern) => new ListPattern(reference + pattern));
    // RFC 9051 §6.3.9: every LIST has the attributes of the extended one.
    if (session.rev2) options.extended = true;
    await print(session, patterns, options);
    return 'That is all.';
  },
};

export const lsub: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const reference = args.astring();
    args.space();
    const pattern = new ListPattern(reference + args.listMailbox());
    args.end();
    const names = (await session.services.mailboxes.subscriptions(session.user)).map((name) =>
      session.encodeName(name),
    );
    const listed = new Map<string, string>();
    for (const name of names) {
      if (pattern.matches(name)) {
        listed.set(name, '()');
        continue;
      }
      // RFC 3501 §6.3.9: with % a name above subscribed ones is shown as \Noselect.
      for (const ancestor of pattern.ancestors(name)) if (!listed.has(ancestor)) listed.set(ancestor, '(\\Noselect)');
    }
    for (const name of names) if (listed.has(name)) listed.set(name, '()');
    for (const [name, attributes] of [...listed].sort(([a], [b]) => (a < b ? -1 : 1)))
      session.stream.write(`* LSUB ${attributes} "${DELIMITER}" ${astring(name)}\r\n`);
    return 'That is all.';
  },
};

/** LIST as Outlook 2013 and 2016 ask for it, which read special uses nowhere else; no standard has it. */
export const xlist: Command = {
  state: 'authenticated',
  async run(session, { arguments: args }) {
    args.space();
    const reference = args.astring();
    args.space();
    const pattern = new ListPattern(reference + args.listMailbox());
    args.end();
    for (const { name, mailbox, children } of await entriesOf(session, [pattern], plainOptions())) {
      const use = mailbox?.specialUse ?? '';
      const attributes = [
        mailbox === undefined ? '\\Noselect' : '',
        children ? '\\HasChildren' : '\\HasNoChildren',
        name === 'INBOX' ? '\\Inbox' : '',
        mailbox !== undefined && isShared(mailbox) ? '' : use,
        use === '\\Junk' ? '\\Spam' : '',
      ];
      session.stream.write(
        `* XLIST (${attributes.filter((attribute) => attribute !== '').join(' ')}) "${DELIMITER}" ${astring(name)}\r\n`,
      );
    }
    return 'That is all.';
  },
};

export const namespace: Command = {
  state: 'authenticated',
  run(session, { arguments: args }) {
    args.end();
    session.stream.write(
      `* NAMESPACE (("" "${DELIMITER}")) ((${quote(OTHER_USERS + DELIMITER)} "${DELIMITER}")) NIL\r\n`,
    );
    return 'That is all.';
  },
};

function plainOptions(): Options {
  return {
    subscribed: false,
    recursive: false,
    specialUse: false,
    returnSubscribed: false,
    status: undefined,
    rights: false,
    extended: false,
  };
}

/** RFC 5258 §3.1 */
function readSelection(args: Arguments, options: Options): void {
  options.extended = true;
  const words = args.list(() => args.atom().toUpperCase());
  for (const word of words) {
    if (word === 'SUBSCRIBED') options.subscribed = true;
    else if (word === 'RECURSIVEMATCH') options.recursive = true;
    else if (word === 'SPECIAL-USE') options.specialUse = true;
    // There are no remote mailboxes to add.
    else if (word !== 'REMOTE') args.fail(`${word.slice(0, 40)} is no selection option; it stands before this,`);
  }
  if (options.recursive && !options.subscribed && !options.specialUse)
    args.fail('RECURSIVEMATCH goes with another selection option');
}

/** RFC 5258 §3.2, RFC 5819 §2, RFC 8440 §3. */
function readReturn(args: Arguments, options: Options): void {
  options.extended = true;
  args.list(() => {
    const word = args.atom().toUpperCase();
    if (word === 'SUBSCRIBED') options.returnSubscribed = true;
    else if (word === 'STATUS') {
      args.space();
      options.status = statusItems(args);
    } else if (word === 'MYRIGHTS') options.rights = true;
    else if (word !== 'CHILDREN' && word !== 'SPECIAL-USE')
      args.fail(`${word.slice(0, 40)} is no return option; it stands before this,`);
  });
}

async function print(session: ImapSession, patterns: readonly ListPattern[], options: Options): Promise<void> {
  const { stream } = session;
  let printed = 0;
  for (const entry of await entriesOf(session, patterns, options)) {
    const { mailbox } = entry;
    stream.write(listLine(entry, options));
    if (options.status !== undefined && mailbox?.rights.has('r'))
      stream.write(await statusLine(session, mailbox, options.status));
    // RFC 8440 §4: not of what is listed only for what is below it.
    if (options.rights && mailbox !== undefined && (!entry.childInfo || entry.subscribed))
      stream.write(myRightsLine(entry.name, mailbox.rights));
    if (++printed % TURN === 0) {
      await stream.room();
      await yieldOnce();
    }
  }
}

/** Names that match, in order. */
async function entriesOf(
  session: ImapSession,
  patterns: readonly ListPattern[],
  options: Options,
): Promise<Iterable<Entry>> {
  const { mailboxes } = session.services;
  const all = await mailboxes.list(session.user);
  const asksSubscriptions = options.subscribed || options.returnSubscribed;
  const names = asksSubscriptions ? await mailboxes.subscriptions(session.user) : [];
  const subscribed = new Set(names.map((name) => session.encodeName(name)));
  const byName = new Map(all.map((mailbox) => [session.encodeName(mailbox.name), mailbox]));
  const parents = new Set<string>();
  for (const name of byName.keys())
    for (let end = name.lastIndexOf(DELIMITER); end > 0; end = name.lastIndexOf(DELIMITER, end - 1))
      parents.add(name.slice(0, end));
  const entryOf = (name: string): Entry => ({
    name,
    mailbox: byName.get(name),
    children: parents.has(name),
    subscribed: subscribed.has(name),
  });
  const matches = (name: string) => patterns.some((pattern) => pattern.matches(name));
  const found = new Map<string, Entry>();
  const selected = selectedNames(byName, subscribed, options);
  for (const name of selected) if (matches(name)) found.set(name, entryOf(name));
  // Names above those selected: levels that do not exist in a plain LIST, or with RECURSIVEMATCH those that hold a match.
  for (const name of selected) {
    const above = new Set(patterns.flatMap((pattern) => pattern.ancestors(name)));
    for (const ancestor of above) {
      const exists = byName.has(ancestor);
      if (options.recursive) {
        // RFC 5258 §3.5: said of what holds a match that is not listed itself.
        if (matches(name)) continue;
        const entry = found.get(ancestor) ?? entryOf(ancestor);
        entry.childInfo = options.subscribed;
        found.set(ancestor, entry);
      } else if (!exists && !options.subscribed && !options.specialUse && !found.has(ancestor))
        found.set(ancestor, entryOf(ancestor));
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function selectedNames(
  byName: ReadonlyMap<string, Mailbox>,
  subscribed: ReadonlySet<string>,
  options: Options,
): string[] {
  let names = options.subscribed ? [...subscribed] : [...byName.keys()];
  if (options.specialUse) names = names.filter((name) => (byName.get(name)?.specialUse ?? '') !== '');
  return names;
}

function listLine({ name, mailbox, children, subscribed, childInfo }: Entry, options: Options): string {
  const attributes: string[] = [];
  if (mailbox === undefined) attributes.push(options.extended ? '\\NonExistent' : '\\Noselect');
  else if (!mailbox.rights.has('r')) attributes.push('\\Noselect');
  attributes.push(children ? '\\HasChildren' : '\\HasNoChildren');
  if (subscribed) attributes.push('\\Subscribed');
  // RFC 6154 §2 lets them stand in a plain LIST, where some clients look for them. Those of others are not ours.
  if (mailbox !== undefined && mailbox.specialUse !== '' && !isShared(mailbox)) attributes.push(mailbox.specialUse);
  const extended = childInfo ? ' ("CHILDINFO" ("SUBSCRIBED"))' : '';
  return `* LIST (${attributes.join(' ')}) "${DELIMITER}" ${astring(name)}${extended}\r\n`;
}

function isShared({ name }: Mailbox): boolean {
  return canonicalName(name).startsWith(OTHER_USERS + DELIMITER);
}
