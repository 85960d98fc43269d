/**
 * What FETCH reads of messages beside their flags: pages of stored text, ids, dates and bodies, read ahead by UID.
 * RFC 3501 §6.4.5.
 * Only what the plan asks for is read. A message of which something is missing has left, and is passed over.
 * Elsewhere: printing (fetch-response.ts), what pages hold (src/mail/message-contents.ts).
 */
import type { Body, MessageContents } from '../../src/mail/message-contents.ts';
import type { FetchPlan } from './fetch-items.ts';

/** What was read of one message; undefined where nothing was asked for. */
export interface FetchRow {
  readonly summary: string | undefined;
  readonly structure: string | undefined;
  readonly emailId: number | undefined;
  readonly threadId: number | undefined;
  /** Epoch milliseconds; 0 when it is not known. */
  readonly savedAt: number | undefined;
  readonly body: Body | undefined;
}

type ByUid = readonly [uid: number, ...values: unknown[]];

/** Rows of one kind by UID, read ahead in pages. */
class Pages<Row> {
  readonly #read: (first: number, last: number) => Promise<Row[]>;
  readonly #uidOf: (row: Row) => number;
  #rows: Row[] = [];
  #at = 0;
  /** Everything up to this UID is in `rows`, or is gone. */
  #until = 0;

  constructor(read: (first: number, last: number) => Promise<Row[]>, uidOf: (row: Row) => number) {
    this.#read = read;
    this.#uidOf = uidOf;
  }

  /** Whether a UID was looked for. */
  has(uid: number): boolean {
    return uid <= this.#until;
  }

  /** Reads from a UID on. `last` is the highest that will be asked for, in this run of UIDs. */
  async load(uid: number, last: number): Promise<void> {
    this.#rows = await this.#read(uid, last);
    this.#at = 0;
    const end = this.#rows.at(-1);
    this.#until = end === undefined ? last : this.#uidOf(end);
  }

  /** The row of a UID that was loaded; UIDs are asked for in ascending order. */
  get(uid: number): Row | undefined {
    while (this.#at < this.#rows.length && this.#uidOf(this.#rows[this.#at] as Row) < uid) this.#at++;
    const row = this.#rows[this.#at];
    return row !== undefined && this.#uidOf(row) === uid ? row : undefined;
  }
}

export class FetchSources {
  readonly #summaries: Pages<[number, string]> | undefined;
  readonly #structures: Pages<[number, string]> | undefined;
  readonly #origins: Pages<[number, number, number]> | undefined;
  readonly #savedDates: Pages<[number, number]> | undefined;
  readonly #bodies: Pages<Body> | undefined;
  /** Those of them that are wanted. */
  readonly #all: readonly Pick<Pages<unknown>, 'has' | 'load' | 'get'>[];

  constructor(contents: MessageContents, mailboxId: number, plan: FetchPlan) {
    const pages = <Row extends ByUid>(
      wanted: boolean,
      read: (mailboxId: number, first: number, last: number) => Promise<Row[]>,
    ) =>
      wanted
        ? new Pages<Row>(
            (first, last) => read.call(contents, mailboxId, first, last),
            ([uid]) => uid,
          )
        : undefined;
    this.#summaries = pages(plan.internalDate || plan.size || plan.envelope, contents.summaries);
    this.#structures = pages(plan.bodyStructure, contents.structures);
    this.#origins = pages(plan.emailId || plan.threadId, contents.origins);
    this.#savedDates = pages(plan.saveDate, contents.savedDates);
    if (plan.sections.length > 0 || plan.preview)
      this.#bodies = new Pages(
        (first, last) => contents.bodies(mailboxId, first, last),
        ({ uid }) => uid,
      );
    const all = [this.#summaries, this.#structures, this.#origins, this.#savedDates, this.#bodies];
    this.#all = all.filter((pages) => pages !== undefined);
  }

  /** Whether nothing is asked for that has to be read. */
  get empty(): boolean {
    return this.#all.length === 0;
  }

  /** Whether everything of a UID is in memory. */
  has(uid: number): boolean {
    return this.#all.every((pages) => pages.has(uid));
  }

  /** Reads on from a UID. `last` is the highest that will be asked for, in this run of UIDs. */
  async load(uid: number, last: number): Promise<void> {
    for (const pages of this.#all) if (!pages.has(uid)) await pages.load(uid, last);
  }

  /** What the plan asks of a loaded message, in ascending order of UID; undefined when it has left. */
  get(uid: number): FetchRow | undefined {
    if (!this.#all.every((pages) => pages.get(uid) !== undefined)) return undefined;
    const origin = this.#origins?.get(uid);
    return {
      summary: this.#summaries?.get(uid)?.[1],
      structure: this.#structures?.get(uid)?.[1],
      emailId: origin?.[1],
      threadId: origin?.[2],
      savedAt: this.#savedDates?.get(uid)?.[1],
      body: this.#bodies?.get(uid),
    };
  }
}
