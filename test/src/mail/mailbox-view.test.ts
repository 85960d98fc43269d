/**
 * A shared view against the store: whatever happens to a mailbox, the arrays say what a fresh reading would.
 * RFC 9051 §2.3.1 (UIDs and sequence numbers), RFC 7162 §3.1 (mod-sequences).
 */
import fc from 'fast-check';
import t from 'tap';
import { MailboxViews } from '../../../src/mail/mailbox-views.ts';
import { ALL_UIDS, uidSetOf } from '../../../src/mail/uid-set.ts';
import { type MailBench, message, openMail, rowsOf } from '../../support/mail.ts';

type Step =
  | { readonly kind: 'append'; readonly box: number; readonly count: number; readonly flags: readonly string[] }
  | {
      readonly kind: 'flags';
      readonly box: number;
      readonly mode: 'set' | 'add' | 'remove';
      readonly flags: readonly string[];
      readonly from: number;
      readonly to: number;
      readonly conditional: boolean;
    }
  | {
      readonly kind: 'expunge' | 'copy' | 'move';
      readonly box: number;
      readonly other: number;
      readonly from: number;
      readonly to: number;
    };

const BOXES = ['INBOX', 'Archive', 'Drafts'];
const box = fc.nat(BOXES.length - 1);
const flags = fc.subarray(['\\Seen', '\\Deleted', '\\Flagged', 'k1', 'K2', '$Junk', 'other']);
const uid = fc.integer({ min: 1, max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), box, count: fc.integer({ min: 1, max: 4 }), flags }),
  fc.record({
    kind: fc.constant('flags' as const),
    box,
    mode: fc.constantFrom('set' as const, 'add' as const, 'remove' as const),
    flags,
    from: uid,
    to: uid,
    conditional: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom('expunge' as const, 'copy' as const, 'move' as const),
    box,
    other: box,
    from: uid,
    to: uid,
  }),
);

async function take(bench: MailBench, step: Step): Promise<void> {
  const { messages, anna, mailboxes, views, stage } = bench;
  const mailbox = await mailboxes.find(anna, BOXES[step.box] as string);
  const view = await views.open(mailbox.id);
  try {
    switch (step.kind) {
      case 'append': {
        const staged = await stage(anna.id, message('m'));
        await messages.append(
          anna,
          mailbox,
          Array.from({ length: step.count }, () => ({ staged, flags: step.flags })),
        );
        return;
      }
      case 'flags': {
        const since = step.conditional ? view.highestModseq - 1 : undefined;
        await messages.setFlags(anna, view, uidSetOf([[step.from, step.to]]), step.mode, step.flags, since);
        return;
      }
      case 'expunge':
        await messages.expunge(anna, view, uidSetOf([[step.from, step.to]]));
        return;
      default: {
        const target = await mailboxes.find(anna, BOXES[step.other] as string);
        await messages[step.kind](anna, view, uidSetOf([[step.from, step.to]]), target);
      }
    }
  } finally {
    views.release(view);
  }
}

/** The view as it is, and as a fresh reading has it. */
async function both(bench: MailBench, name: string) {
  const { id } = await bench.mailboxes.find(bench.anna, name);
  const shared = await bench.views.open(id);
  const fresh = await new MailboxViews(bench.store).open(id);
  const describe = (view: typeof shared) => ({
    rows: rowsOf(view),
    uidnext: view.uidnext,
    modseq: view.highestModseq,
    keywords: view.keywords.names,
    flags: rowsOf(view).map(([, , bits]) => view.keywords.flagText(bits)),
  });
  const result = { shared: describe(shared), fresh: describe(fresh) };
  bench.views.release(shared);
  return result;
}

t.test('after any operations, one after the other or at once, the views are what the store says', async (t) => {
  const bench = await openMail(t);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), fc.boolean(), async (steps, together) => {
      if (together) await Promise.all(steps.map((one) => take(bench, one)));
      else for (const one of steps) await take(bench, one);
      for (const name of BOXES) {
        const { shared, fresh } = await both(bench, name);
        if (JSON.stringify(shared) !== JSON.stringify(fresh)) t.same(shared, fresh, name);
      }
      return t.passing();
    }),
    { numRuns: 40 },
  );
  t.pass('40 histories');
});

t.test('facts follow the messages', async (t) => {
  const bench = await openMail(t);
  const { append, view, views, messages, anna, store } = bench;
  for (const length of [1, 2, 3]) await append('INBOX', message('x', 'y'.repeat(length)), ['\\Deleted']);
  const inbox = await view('INBOX');
  await views.facts(inbox);
  for (let length = 4; length < 200; length++) await append('INBOX', message('x', 'y'.repeat(length)));
  await messages.expunge(anna, inbox, [[2, 3]]);
  const facts = await views.facts(inbox);
  const sizes = await store.messages.sizes(inbox.mailboxId, 1, 1_000, 1_000);
  t.equal(inbox.count, 197);
  t.same(
    sizes.map(([, size]) => size),
    [...facts.sizes.subarray(0, inbox.count)],
  );
  t.same(
    sizes.map(([, , date]) => date),
    [...facts.internalDates.subarray(0, inbox.count)],
  );
});

t.test('a view that is read while others write misses nothing', async (t) => {
  const bench = await openMail(t);
  const { messages, anna, stage, inbox, store } = bench;
  const mailbox = await inbox();
  const staged = await stage(anna.id, message('m'));
  for (let count = 0; count < 10; count++)
    await messages.append(
      anna,
      mailbox,
      Array.from({ length: 2_000 }, () => ({ staged, flags: [] })),
    );
  // Nobody has it open: the writers go through a view of their own, the reader starts from nothing.
  for (let round = 0; round < 5; round++) {
    const views = new MailboxViews(store);
    const before = bench.views.apply.bind(bench.views);
    bench.views.apply = (deltas) => {
      before(deltas);
      views.apply(deltas);
    };
    const writing = (async () => {
      const own = await bench.views.open(mailbox.id);
      for (let at = 0; at < 8; at++) {
        const first = 1 + 2_400 * at;
        await messages.setFlags(anna, own, [[first, first + 3_000]], at % 2 === 0 ? 'add' : 'remove', [
          '\\Seen',
          `k${round}`,
        ]);
        await messages.setFlags(anna, own, [[first, first + 10]], 'add', ['\\Deleted']);
        await messages.append(anna, mailbox, [{ staged, flags: ['\\Flagged'] }]);
        await messages.expunge(anna, own, [[first, first + 5]]);
      }
      bench.views.release(own);
    })();
    const reading = views.open(mailbox.id);
    const [view] = await Promise.all([reading, writing]);
    const fresh = await new MailboxViews(store).open(mailbox.id);
    t.ok(JSON.stringify(rowsOf(view)) === JSON.stringify(rowsOf(fresh)), `round ${round}`);
    t.same([view.uidnext, view.highestModseq], [fresh.uidnext, fresh.highestModseq]);
    bench.views.apply = before;
  }
});

t.test('sequence numbers of a session stand still: uids are replaced, not shifted', async (t) => {
  const { append, view, messages, anna } = await openMail(t);
  for (let count = 0; count < 70; count++) await append('INBOX', message('x'), count % 2 === 0 ? ['\\Deleted'] : []);
  const inbox = await view('INBOX');
  const [uids, count] = [inbox.uids, inbox.count];
  const before = [...uids.subarray(0, count)];
  await messages.expunge(anna, inbox);
  await append('INBOX');
  t.same([...uids.subarray(0, count)], before);
  t.not(inbox.uids, uids);
  t.equal(inbox.count, 36);
  t.equal(inbox.indexOf(1), -1);
  t.equal(inbox.indexOf(2), 0);
  t.equal(inbox.indexOf(71), 35);
  t.equal(inbox.lowerBound(3), 1);
});

t.test('views are shared while open, kept a while, and forgotten with their mailbox', async (t) => {
  const { views, mailboxes, anna, append, inbox } = await openMail(t);
  const { id } = await inbox();
  const [one, two] = await Promise.all([views.open(id), views.open(id)]);
  t.equal(one, two);
  views.release(one);
  views.release(two);
  await append('INBOX');
  t.equal(views.peek(id)?.count, 1, 'kept, and told of what comes');
  await t.rejects(views.open(999_999), { code: 'not-found' });
  const trash = await mailboxes.find(anna, 'Trash');
  const gone = await views.open(trash.id);
  let woken = 0;
  gone.subscribe(() => woken++);
  await mailboxes.remove(anna, 'Trash');
  await new Promise(setImmediate);
  t.same([gone.removed, woken], [true, 1]);
  t.equal(views.peek(trash.id), undefined);
  views.release(gone);
  for (let index = 0; index < 70; index++) {
    const made = await mailboxes.create(anna, `m${index}`);
    views.release(await views.open(made.id));
  }
  t.equal(views.peek(id), undefined, 'the oldest is given up');
});

t.test('every UID is a bound that can be asked for', async (t) => {
  const { append, view, messages, anna } = await openMail(t);
  await append('INBOX');
  const inbox = await view('INBOX');
  await messages.setFlags(anna, inbox, ALL_UIDS, 'add', ['\\Seen']);
  await messages.setFlags(anna, inbox, [[4_294_967_295, 4_294_967_295]], 'add', ['\\Deleted']);
  t.equal(inbox.flags[0], 1);
});
