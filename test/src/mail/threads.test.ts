/** The algorithms of THREAD. RFC 5256 §3. */
import fc from 'fast-check';
import t from 'tap';
import {
  orderedSubjectThreads,
  referencesThreads,
  type Thread,
  type ThreadedMessage,
} from '../../../src/mail/threads.ts';
import { inSlices } from '../../../src/slices.ts';
import { referencesOracle } from '../../support/thread-oracle.ts';

/** A message: `own<-references subject@sent`, with `re:` before the subject of a reply. */
function parse(uid: number, text: string): ThreadedMessage {
  const [, own, references = '', reply, subject = '', sent = ''] =
    /^(\w*)(?:<-([\w,]*))? (re:)?(\w*)@(\d+)$/.exec(text) ?? [];
  const idOf = (name: string) => (name === '' ? 0 : Number.parseInt(name, 36));
  return {
    uid,
    own: idOf(own ?? ''),
    references: references === '' ? [] : references.split(',').map(idOf),
    subject,
    reply: reply !== undefined,
    sent: Number(sent),
  };
}

/** `(1 2 (3)(4 5))`, as RFC 5256 §4 writes threads. */
function print(threads: readonly Thread[]): string {
  const members = ({ uid, children }: Thread): string => {
    const own = uid === undefined ? '' : String(uid);
    if (children.length === 1 && uid !== undefined) return `${own} ${members(children[0] as Thread)}`;
    if (children.length === 0) return own;
    return `${own}${own === '' ? '' : ' '}${print(children)}`;
  };
  return threads.map((thread) => `(${members(thread)})`).join('');
}

const REFERENCES: [name: string, threads: string, ...messages: string[]][] = [
  ['nothing', ''],
  ['no relation', '(1)(2)', 'a x@1', 'b y@2'],
  ['by date, not by place', '(2)(1)', 'a x@2', 'b y@1'],
  ['at the same time, by place', '(1)(2)', 'a x@1', 'b y@1'],
  ['a reply', '(1 2)', 'a x@1', 'b<-a re:x@2'],
  ['a reply that comes first', '(2 1)', 'b<-a re:x@2', 'a x@1'],
  ['siblings by date', '(1 (3)(2))', 'a x@1', 'b<-a re:x@3', 'c<-a re:x@2'],
  ['deeper', '(1 2 (3)(4 5))', 'a x@1', 'b<-a r@2', 'c<-a,b r@3', 'd<-a,b r@4', 'e<-a,b,d r@5'],
  ['a missing parent of one', '(1)', 'b<-a x@1'],
  ['a missing parent of two', '((1)(2))', 'b<-a x@1', 'c<-a y@2'],
  ['missing between', '(1 2)', 'a x@1', 'c<-a,b y@2'],
  ['two missing above two', '((1)(2))', 'c<-a,b x@1', 'd<-a,b y@2'],
  ['missing ones of different branches', '((1)(2))', 'c<-a,b x@1', 'e<-a,d y@2'],
  ['references that were shortened', '(1 2 3)', 'a x@1', 'b<-a y@2', 'c<-b z@3'],
  ['a link once made stays', '(1 2 3)', 'a p@1', 'b<-a q@2', 'c<-x,b r@3'],
  ['own references decide over those of others', '(1 3 2)', 'a p@1', 'c<-b,x q@5', 'x<-a r@3'],
  ['a loop of two', '(2 1)', 'a<-b x@1', 'b<-a y@2'],
  ['its own parent', '(1)', 'a<-a x@1'],
  ['an id twice', '(1)(2)', 'a x@1', 'a y@2'],
  ['an id twice and an answer', '(1 3)(2)', 'a x@1', 'a y@2', 'b<-a z@3'],
  ['no ids', '(1)(2)', ' x@1', ' y@2'],
  ['one subject', '((1)(2))', 'a x@1', 'b x@2'],
  ['one subject, three', '((1)(2)(3))', 'a x@1', 'b x@2', 'c x@3'],
  ['a reply by its subject', '(1 2)', 'a x@1', 'b re:x@2'],
  ['an earlier reply by its subject', '(2 1)', 'b re:x@1', 'a x@2'],
  ['replies without what they answer', '((1)(2))', 'a re:x@1', 'b re:x@2'],
  ['no subject is no relation', '(1)(2)', 'a @1', 'b @2'],
  ['a subject and a missing parent', '((1)(2)(3))', 'b<-a x@1', 'c<-a y@2', 'd x@3'],
  ['two missing parents of one subject', '((1)(2)(3)(4))', 'b<-a x@1', 'c<-a y@2', 'e<-d x@3', 'f<-d y@4'],
];

t.test('REFERENCES', async (t) => {
  for (const [name, expected, ...lines] of REFERENCES) {
    const messages = lines.map((line, index) => parse(index + 1, line));
    t.equal(print(await inSlices(referencesThreads(messages))), expected, name);
    t.equal(print(referencesOracle(messages)), expected, `${name}, by the text`);
  }
});

t.test('ORDEREDSUBJECT', async (t) => {
  const table: [threads: string, ...messages: string[]][] = [
    [''],
    ['(1)(2)', ' x@1', ' y@2'],
    ['(2)(1)', ' x@2', ' y@1'],
    ['(1 2)', ' x@1', ' re:x@2'],
    ['(2 (3)(1))', ' x@3', ' x@1', ' x@2'],
    ['(4 2)(1 3)', ' x@2', ' y@3', ' x@4', ' y@1'],
    ['(1 2)', ' @1', ' @2'],
  ];
  for (const [expected, ...lines] of table) {
    const messages = lines.map((line, index) => parse(index + 1, line));
    t.equal(print(await inSlices(orderedSubjectThreads(messages))), expected, lines.join('; '));
  }
});

const id = fc.integer({ min: 0, max: 12 });
const anyMessages = fc
  .array(
    fc.record({
      own: id,
      references: fc.array(
        id.map((one) => one + 1),
        { maxLength: 5 },
      ),
      subject: fc.constantFrom('', 'x', 'y', 'z'),
      reply: fc.boolean(),
      sent: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength: 16 },
  )
  .map((list) => list.map((message, index): ThreadedMessage => ({ ...message, uid: index + 1 })));

t.test('any messages thread as the text says', async () => {
  await fc.assert(
    fc.asyncProperty(anyMessages, async (messages) => {
      const threads = print(await inSlices(referencesThreads(messages)));
      const expected = print(referencesOracle(messages));
      if (threads !== expected) throw new Error(`${threads} is not ${expected}`);
    }),
    { numRuns: 3_000 },
  );
});

t.test('every message is in one place, for both algorithms', async (t) => {
  const uidsIn = (threads: readonly Thread[]): number[] =>
    threads.flatMap(({ uid, children }) => [...(uid === undefined ? [] : [uid]), ...uidsIn(children)]);
  await fc.assert(
    fc.asyncProperty(anyMessages, async (messages) => {
      const wanted = messages.map(({ uid }) => uid);
      for (const algorithm of [referencesThreads, orderedSubjectThreads]) {
        const found = uidsIn(await inSlices(algorithm(messages)));
        t.same(
          found.sort((a, b) => a - b),
          wanted,
        );
      }
    }),
    { numRuns: 300 },
  );
});

t.test('many messages, however they refer to one another, let others have their turn', async (t) => {
  const count = 20_000;
  const shapes: Record<string, (index: number) => number[]> = {
    alone: () => [],
    chain: (index) => (index === 0 ? [] : [index]),
    'chain from its end': (index) => (index < count - 1 ? [index + 2] : []),
    'long lists': (index) =>
      Array.from({ length: Math.min(index, 100) }, (_, at) => index - Math.min(index, 100) + at + 1),
    star: () => [1],
    crossed: (index) => (index < count - 2 ? [index + 3, index + 2] : []),
  };
  for (const [name, referencesOf] of Object.entries(shapes)) {
    const messages = Array.from({ length: count }, (_, index): ThreadedMessage => {
      const [subject, reply, sent] = [`s${index % 5_000}`, index % 3 === 0, (index * 7_919) % 100_000];
      return { uid: index + 1, own: index + 1, references: referencesOf(index), subject, reply, sent };
    });
    let longest = 0;
    let last = process.cpuUsage();
    const steps = referencesThreads(messages);
    await inSlices({
      next() {
        const step = steps.next();
        const { user } = process.cpuUsage(last);
        longest = Math.max(longest, user / 1_000);
        last = process.cpuUsage();
        return step;
      },
    });
    t.ok(longest < 50, `${name}: ${longest.toFixed(1)} ms between two yields`);
  }
});
