/**
 * The queue of mail to recipients elsewhere: every message ends as handed over or as a notification to its sender, once.
 * RFC 5321 §4.5.4.1 (retries), §6.1, RFC 3461 §5 and §6 (notifications).
 * Rows out of the store, grouped by message and destination, to the transport; what it says back into the store. That an
 * attempt begins is written before it, so that a crash in the middle costs a wait and is seen: the remote may then have the
 * message already, which nobody can know (RFC 5321 §4.5.4.2 accepts a duplicate rather than a loss).
 * Elsewhere: times (retry-plan.ts), the text of notifications (delivery-status.ts), the network (protocols/smtp/client.ts).
 */
import { randomBytes } from 'node:crypto';
import type { Store, SubmissionRow, Writes } from '../../storage/store.ts';
import type { Delivery } from './delivery.ts';
import { composeNotification, type NotificationKind } from './delivery-status.ts';
import type { LocalRecipients } from './local-recipients.ts';
import type { MailTransport, Outcome } from './mail-transport.ts';
import { type NotifyCondition, type QueueOptions, readQueueOptions, writeQueueOptions } from './queue-options.ts';
import { messageStart, queuedOctets } from './queued-octets.ts';
import { DELAY_TOLD_AFTER, GIVE_UP_AFTER, LONGEST_WAIT, nextAttempt } from './retry-plan.ts';
import type { Signing } from './signing.ts';

export interface OutboundLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Whoever wants to know what becomes of messages. */
export interface MailOutcomes {
  /** In the transaction that writes it down: storage calls only, and perhaps twice. */
  settled(write: Writes, row: SubmissionRow, outcome: Outcome): Promise<void>;
  /** After it. */
  committed(): void;
}

export interface OutboundOptions {
  readonly hostname: string;
  readonly now: () => number;
  readonly log: OutboundLog;
  /** Without it mail leaves as it was queued. */
  readonly signing?: Signing;
  readonly outcomes?: MailOutcomes;
  /** Messages on their way at once, in all and to one destination. */
  readonly concurrency?: number;
  readonly perDestination?: number;
}

/** Rows looked at in one go. */
const PAGE = 200;
/** Recipients of one message in one transaction with another server (RFC 5321 §4.5.3.1.8 promises 100). */
const RECIPIENTS_AT_ONCE = 100;
/** Timers hold 31 bits; and a clock that was set back is noticed. */
const LONGEST_SLEEP = 60_000;
/** A store that fails an attempt is left alone for so long: the same rows would be due again at once. */
const AFTER_FAILURE = 1_000;
/** What a row says while it is being tried; found at start, the attempt was cut short. */
const BEGUN = 'The attempt was not finished.';

/** Rows of one message for one destination. */
interface Group {
  readonly destination: string;
  readonly rows: readonly SubmissionRow[];
}

interface Result {
  readonly row: SubmissionRow;
  readonly outcome: Outcome;
}

export class Outbound {
  private readonly store: Store;
  private readonly delivery: Delivery;
  private readonly recipients: LocalRecipients;
  private readonly transport: MailTransport;
  private readonly options: OutboundOptions;
  private readonly concurrency: number;
  private readonly perDestination: number;
  /** Rows in flight, and how many groups go to each destination. */
  private readonly inFlight = new Set<number>();
  private readonly busy = new Map<string, number>();
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  /** On the clock of performance.now(): nothing begins before. */
  private pausedUntil = 0;

  constructor(
    store: Store,
    delivery: Delivery,
    recipients: LocalRecipients,
    transport: MailTransport,
    options: OutboundOptions,
  ) {
    this.store = store;
    this.delivery = delivery;
    this.recipients = recipients;
    this.transport = transport;
    this.options = options;
    this.concurrency = options.concurrency ?? 20;
    this.perDestination = options.perDestination ?? 4;
  }

  /** Begins; says which messages another server may have got although no answer came. */
  async start(): Promise<void> {
    for (const { id, mailFrom, rcptTo } of (await this.store.submissions.list(10_000)).filter(
      ({ lastError }) => lastError === BEGUN,
    ))
      this.options.log.warn({ id, mailFrom, rcptTo }, 'an attempt was cut short; the message may arrive twice');
    this.wake();
  }

  /** Something may be due: looks, now or as soon as the present look is done. */
  wake(): void {
    if (this.stopping.signal.aborted) return;
    clearTimeout(this.timer);
    const pause = this.pausedUntil - performance.now();
    if (pause > 0) {
      this.timer = setTimeout(() => this.wake(), pause).unref();
      return;
    }
    this.lookAgain = true;
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
      if (this.lookAgain) this.wake();
    });
  }

  /** Starts nothing more and breaks off what waits for other servers. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all(this.running);
  }

  private async look(): Promise<void> {
    try {
      while (this.lookAgain && !this.stopping.signal.aborted) {
        this.lookAgain = false;
        for (const group of await this.dueGroups()) this.begin(group);
      }
      await this.sleep();
    } catch (error) {
      this.options.log.error({ err: error }, 'the queue could not be read');
      this.timer = setTimeout(() => this.wake(), LONGEST_SLEEP).unref();
    }
  }

  private async sleep(): Promise<void> {
    if (this.stopping.signal.aborted || this.lookAgain) return;
    const next = await this.store.submissions.nextAttemptAt();
    if (this.stopping.signal.aborted) return;
    // What is due and not begun waits for a place, and wakes when one is free.
    const wait = next === undefined ? LONGEST_SLEEP : next - this.options.now();
    const due = wait <= 0 && this.running.size > 0;
    this.timer = setTimeout(
      () => this.wake(),
      due ? LONGEST_SLEEP : Math.min(Math.max(wait, 50), LONGEST_SLEEP),
    ).unref();
  }

  /** What may begin now. */
  private async dueGroups(): Promise<Group[]> {
    const groups = new Map<string, { destination: string; rows: SubmissionRow[] }>();
    if (this.running.size >= this.concurrency) return [];
    // Rows in flight are not due: their next attempt was set when they began.
    const { submissions } = this.store;
    const now = this.options.now();
    // What waits longer than anything may was planned before the clock was set back, and would wait until it is there again.
    const astray = await submissions.dueAfter(now + LONGEST_WAIT, PAGE);
    for (const row of [...(await submissions.due(now, PAGE)), ...astray]) {
      if (this.inFlight.has(row.id)) continue;
      const destination = this.transport.destinationOf(row.rcptTo.slice(row.rcptTo.lastIndexOf('@') + 1));
      // The transport sends one set of DSN parameters for all recipients of a transaction.
      const options = { ...readQueueOptions(row.options), delayToldAt: undefined };
      const key = JSON.stringify([destination, row.accountId, row.blobId, row.mailFrom, options]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { destination, rows: [row] });
      else if (group.rows.length < RECIPIENTS_AT_ONCE) group.rows.push(row);
    }
    return [...groups.values()];
  }

  private begin(group: Group): void {
    const { destination, rows } = group;
    const already = this.busy.get(destination) ?? 0;
    if (this.running.size >= this.concurrency || already >= this.perDestination) return;
    this.busy.set(destination, already + 1);
    for (const { id } of rows) this.inFlight.add(id);
    const work = this.attempt(group)
      .catch((error: unknown) => {
        this.options.log.error({ err: error, destination }, 'an attempt failed');
        this.pausedUntil = performance.now() + AFTER_FAILURE;
      })
      .finally(() => {
        this.running.delete(work);
        for (const { id } of rows) this.inFlight.delete(id);
        const left = (this.busy.get(destination) ?? 1) - 1;
        if (left === 0) this.busy.delete(destination);
        else this.busy.set(destination, left);
        this.wake();
      });
    this.running.add(work);
  }

  private async attempt({ destination, rows }: Group): Promise<void> {
    const begun = this.options.now();
    const taken = await this.store.transaction(async (write) => {
      const current: SubmissionRow[] = [];
      for (const { id } of rows) {
        const row = await write.submissions.get(id);
        // Held or dropped since it was read.
        if (row?.state !== 'queued') continue;
        const attempts = row.attempts + 1;
        const nextAttemptAt = nextAttempt(begun, attempts, Math.random());
        await write.submissions.update({ id, state: 'queued', attempts, nextAttemptAt, lastError: BEGUN });
        current.push({ ...row, attempts, nextAttemptAt });
      }
      return current;
    });
    const [first] = taken;
    if (first === undefined) return;
    const { skip = 0 } = readQueueOptions(first.options);
    const size = ((await this.store.blobs.size(first.blobId)) ?? 0) - skip;
    const signatures = await this.signatures(first, skip);
    const outcomes = await this.transport.send(
      destination,
      {
        mailFrom: first.mailFrom,
        recipients: taken.map(({ rcptTo, options }) => ({ address: rcptTo, options: readQueueOptions(options) })),
        size: size + signatures.length,
        utf8: await this.needsUtf8(first, skip),
        octets: () => queuedOctets(this.store, first.blobId, skip, signatures),
      },
      this.stopping.signal,
    );
    await this.finish(taken.map((row, index) => ({ row, outcome: outcomes[index] ?? unanswered() })));
  }

  private async needsUtf8({ blobId, options }: SubmissionRow, skip: number): Promise<boolean> {
    if (readQueueOptions(options).utf8 !== true) return false;
    const { octets } = await messageStart(this.store, blobId, skip, false);
    return octets.some((octet) => octet > 127);
  }

  /** Fields above the message; it leaves without them rather than not at all. */
  private async signatures({ id, blobId }: SubmissionRow, skip: number): Promise<Buffer> {
    const { signing, log } = this.options;
    if (signing === undefined) return Buffer.alloc(0);
    try {
      const { octets } = await messageStart(this.store, blobId, skip, false);
      return await signing.fieldsFor(octets, queuedOctets(this.store, blobId, skip));
    } catch (error) {
      log.error({ err: error, id }, 'a message could not be signed');
      return Buffer.alloc(0);
    }
  }

  private async finish(results: readonly Result[]): Promise<void> {
    const now = this.options.now();
    for (const { row, outcome } of results)
      this.options.log.info(
        {
          id: row.id,
          mailFrom: row.mailFrom,
          rcptTo: row.rcptTo,
          attempts: row.attempts,
          status: outcome.status,
          host: outcome.host,
          reply: outcome.reply,
        },
        'attempt',
      );
    const judged = results.map((one) =>
      one.outcome.status === 'deferred' && now - one.row.createdAt >= GIVE_UP_AFTER ? givenUp(one) : one,
    );
    const sent = judged.filter(({ outcome }) => outcome.status === 'sent');
    const failed = judged.filter(({ outcome }) => outcome.status === 'failed');
    const deferred = judged.filter(({ outcome }) => outcome.status === 'deferred');
    const late = deferred.filter(
      ({ row }) => now - row.createdAt >= DELAY_TOLD_AFTER && readQueueOptions(row.options).delayToldAt === undefined,
    );
    const waiting = deferred.filter((one) => !late.includes(one));
    const reported = sent.filter(({ outcome }) => outcome.relaysNotifications !== true);
    await this.settle(sent.filter((one) => !reported.includes(one)));
    await this.notify('relayed', 'SUCCESS', reported, now);
    await this.notify('failed', 'FAILURE', failed, now);
    await this.notify('delayed', 'DELAY', late, now);
    await this.settle(waiting);
    this.options.outcomes?.committed();
  }

  /** Writes down what became of rows. */
  private async settle(results: readonly Result[], delayToldAt?: number): Promise<void> {
    if (results.length > 0) await this.store.transaction((write) => this.writeResults(write, results, delayToldAt));
  }

  /** Settles rows and tells their sender in the same transaction, as far as it wants to hear of it (RFC 3461 §5.2). */
  private async notify(
    kind: NotificationKind,
    condition: NotifyCondition,
    results: readonly Result[],
    now: number,
  ): Promise<void> {
    const delayToldAt = kind === 'delayed' ? now : undefined;
    const told = results.filter(({ row }) => wants(readQueueOptions(row.options), condition));
    const [first] = told;
    // RFC 5321 §6.1: nobody is told about a notification.
    const sender = first === undefined || first.row.mailFrom === '' ? undefined : await this.senderOf(first.row);
    if (first === undefined || sender === undefined) {
      if (first !== undefined) this.options.log.warn({ id: first.row.id, kind }, 'a notification has nobody to go to');
      return this.settle(results, delayToldAt);
    }
    const octets = await this.compose(kind, told, now);
    const stage = this.delivery.stage(sender.accountIds[0] as number);
    await stage.write(Buffer.concat([Buffer.from('Return-Path: <>\r\n'), octets]));
    await this.delivery.deliver(await stage.finish(), [sender], {
      accountId: first.row.accountId,
      run: (write) => this.writeResults(write, results, delayToldAt),
    });
  }

  private async writeResults(write: Writes, results: readonly Result[], delayToldAt?: number): Promise<void> {
    const { submissions } = write;
    for (const { row, outcome } of results) {
      const current = await submissions.get(row.id);
      if (current === undefined) continue;
      await this.options.outcomes?.settled(write, row, outcome);
      if (outcome.status !== 'deferred') {
        await submissions.remove(row.id);
        continue;
      }
      await submissions.update({
        id: row.id,
        state: current.state,
        attempts: row.attempts,
        nextAttemptAt: row.nextAttemptAt,
        lastError: outcome.reply,
      });
      if (delayToldAt !== undefined)
        await submissions.setOptions(row.id, writeQueueOptions({ ...readQueueOptions(row.options), delayToldAt }));
    }
  }

  private async senderOf({ mailFrom }: SubmissionRow) {
    const at = mailFrom.lastIndexOf('@');
    const domain = mailFrom.slice(at + 1);
    if (!(await this.recipients.isLocalDomain(domain))) return undefined;
    const sender = await this.recipients.find(mailFrom.slice(0, at), domain);
    return sender === undefined || sender.accountIds.length === 0 ? undefined : sender;
  }

  private async compose(kind: NotificationKind, results: readonly Result[], now: number): Promise<Buffer> {
    const { row } = results[0] as Result;
    const { skip = 0, returned, envelopeId } = readQueueOptions(row.options);
    const whole = kind === 'failed' && returned === 'FULL';
    const original = await messageStart(this.store, row.blobId, skip, whole);
    return composeNotification({
      kind,
      hostname: this.options.hostname,
      to: row.mailFrom,
      recipients: results.map(({ row: { rcptTo, options }, outcome }) => ({
        address: rcptTo,
        originalRecipient: readQueueOptions(options).originalRecipient,
        enhanced: outcome.enhanced,
        reply: outcome.reply,
        host: outcome.host,
        lastAttemptAt: now,
      })),
      arrivedAt: row.createdAt,
      now,
      retriedUntil: row.createdAt + GIVE_UP_AFTER,
      envelopeId,
      original: original.octets,
      originalIsWhole: original.whole,
      unique: randomBytes(12).toString('hex'),
    });
  }
}

/** RFC 3461 §4.1: without NOTIFY, failures and delays are told. */
function wants({ notify }: QueueOptions, condition: NotifyCondition): boolean {
  return notify === undefined ? condition !== 'SUCCESS' : notify.includes(condition);
}

/** RFC 3463 §3.5: 4.4.7, the time of delivery has passed. */
function givenUp({ row, outcome }: Result): Result {
  return {
    row,
    outcome: { ...outcome, status: 'failed', enhanced: '5.4.7', reply: `Given up; at last: ${outcome.reply}` },
  };
}

function unanswered(): Outcome {
  return { status: 'deferred', reply: 'No answer came.', enhanced: '4.4.2' };
}
