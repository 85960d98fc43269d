/**
 * The attributes of FETCH: `(UID FLAGS BODY.PEEK[1.2]<0.512>)` as a plan.
 * RFC 3501 §6.4.5 and §9 (fetch-att), RFC 3516 §4.2 (BINARY), RFC 7162 §3.1.4 (MODSEQ), RFC 8474 §5.3 (EMAILID, THREADID),
 * RFC 8514 §4.2 (SAVEDATE), RFC 8970 (PREVIEW).
 * Elsewhere: printing (fetch-response.ts, body-sections.ts).
 */
import type { SectionText } from '../../src/mail/message-sections.ts';
import type { Arguments } from './grammar.ts';
import { astring } from './responses.ts';

/** Octets of a body: `BODY[section]<offset.length>`. */
export interface SectionItem {
  /** What stands before the octets in the answer: `BODY[1.2]<0>`. */
  readonly label: string;
  readonly path: readonly number[];
  readonly text: SectionText;
  /** HEADER.FIELDS and HEADER.FIELDS.NOT. */
  readonly fields: { readonly names: readonly string[]; readonly not: boolean } | undefined;
  readonly partial: { readonly offset: number; readonly length: number } | undefined;
  /** BINARY: without its transfer encoding; BINARY.SIZE: how many octets those are. */
  readonly binary?: 'octets' | 'size';
}

export interface FetchPlan {
  uid: boolean;
  flags: boolean;
  modseq: boolean;
  internalDate: boolean;
  size: boolean;
  envelope: boolean;
  bodyStructure: boolean;
  /** BODY: the structure without extension data. */
  body: boolean;
  emailId: boolean;
  threadId: boolean;
  saveDate: boolean;
  preview: boolean;
  readonly sections: SectionItem[];
  /** An attribute that marks messages as read. */
  seen: boolean;
}

const MAX_SECTIONS = 100;
const MAX_FIELDS = 2_000;
const MAX_PATH = 100;

/** A plan for nothing. */
export function emptyPlan(): FetchPlan {
  return {
    uid: false,
    flags: false,
    modseq: false,
    internalDate: false,
    size: false,
    envelope: false,
    bodyStructure: false,
    body: false,
    emailId: false,
    threadId: false,
    saveDate: false,
    preview: false,
    sections: [],
    seen: false,
  };
}

/** `ALL`, one attribute, or a list of them. */
export function fetchPlan(args: Arguments): FetchPlan {
  const plan = emptyPlan();
  if (args.peek() === '(') {
    if (args.list(() => attribute(args, plan, args.word())).length === 0) args.fail('FETCH wants attributes');
    return plan;
  }
  const word = args.word();
  if (word === 'ALL' || word === 'FAST' || word === 'FULL') {
    plan.flags = plan.internalDate = plan.size = true;
    plan.envelope = word !== 'FAST';
    plan.body = word === 'FULL';
  } else attribute(args, plan, word);
  return plan;
}

const SIMPLE: Readonly<Record<string, keyof FetchPlan>> = {
  UID: 'uid',
  FLAGS: 'flags',
  MODSEQ: 'modseq',
  INTERNALDATE: 'internalDate',
  'RFC822.SIZE': 'size',
  ENVELOPE: 'envelope',
  BODYSTRUCTURE: 'bodyStructure',
  EMAILID: 'emailId',
  THREADID: 'threadId',
  SAVEDATE: 'saveDate',
};

function attribute(args: Arguments, plan: FetchPlan, word: string): void {
  const simple = Object.hasOwn(SIMPLE, word) ? SIMPLE[word] : undefined;
  if (simple !== undefined) {
    Object.assign(plan, { [simple]: true });
    return;
  }
  if (plan.sections.length >= MAX_SECTIONS) args.fail('too many sections are asked for');
  const whole = { path: [], fields: undefined, partial: undefined };
  if (word === 'RFC822' || word === 'RFC822.TEXT') {
    plan.seen = true;
    plan.sections.push({ ...whole, label: word, text: word === 'RFC822' ? 'BODY' : 'TEXT' });
  } else if (word === 'RFC822.HEADER') plan.sections.push({ ...whole, label: word, text: 'HEADER' });
  else if (word === 'BODY' && args.peek() !== '[') plan.body = true;
  else if (word === 'PREVIEW') {
    plan.preview = true;
    // RFC 8970 §4: previews are made as fast as they are read, so there is nothing to be lazy about.
    if (args.take(' (LAZY')) args.expect(')');
  } else if (word === 'BODY' || word === 'BODY.PEEK') {
    plan.seen ||= word === 'BODY';
    plan.sections.push(section(args));
  } else if (word === 'BINARY' || word === 'BINARY.PEEK' || word === 'BINARY.SIZE') {
    plan.seen ||= word === 'BINARY';
    const item = section(args);
    if (item.text !== 'BODY' || (word === 'BINARY.SIZE' && item.partial !== undefined))
      args.fail('BINARY takes the number of a part; before this,');
    const size = word === 'BINARY.SIZE';
    const label = item.label.replace('BODY', size ? 'BINARY.SIZE' : 'BINARY');
    plan.sections.push({ ...item, label, binary: size ? 'size' : 'octets' });
  } else args.fail(`${word.slice(0, 40)} is no attribute of FETCH; it stands before this,`);
}

/** `[section]<offset.length>` */
function section(args: Arguments): SectionItem {
  args.expect('[');
  const path: number[] = [];
  let text: SectionText = 'BODY';
  let fields: SectionItem['fields'];
  let printed = '';
  if (args.peek() !== ']') {
    while (/\d/.test(args.peek())) {
      path.push(args.nzNumber());
      if (path.length > MAX_PATH) args.fail('the part is too deep');
      printed += `${printed === '' ? '' : '.'}${path.at(-1)}`;
      if (!args.take('.')) break;
      if (!/[\dHTM]/i.test(args.peek())) args.fail('a part or HEADER, TEXT, MIME is expected');
    }
    if (args.peek() !== ']') {
      const word = args.word();
      if (printed !== '') printed += '.';
      printed += word;
      if (word === 'HEADER' || word === 'TEXT') text = word;
      else if (word === 'MIME' && path.length > 0) text = 'MIME';
      else if (word === 'HEADER.FIELDS' || word === 'HEADER.FIELDS.NOT') {
        text = 'HEADER';
        args.space();
        const names = args.list(() => args.astring());
        if (names.length === 0 || names.length > MAX_FIELDS) args.fail(`1 to ${MAX_FIELDS} header fields are expected`);
        fields = { names, not: word.endsWith('NOT') };
        printed += ` (${names.map(astring).join(' ')})`;
      } else args.fail('the section before this is unknown,');
    }
  }
  args.expect(']');
  let partial: SectionItem['partial'];
  if (args.take('<')) {
    // RFC 9051 §9: 63 bits each.
    const offset = args.number64();
    args.expect('.');
    const length = args.number64();
    if (length === 0) args.fail('0 is no number here');
    partial = { offset, length };
    args.expect('>');
  }
  const label = `BODY[${printed}]${partial === undefined ? '' : `<${partial.offset}>`}`;
  return { label, path, text, fields, partial };
}
