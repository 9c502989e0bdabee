import type { EngineStatus, InboxRow, QuestionView, TaskView, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import { asWireError, isGone } from '../../shared/errors';
import { shortName } from '../../shared/questions';
import { coalesce } from '../../shared/timers';

/** Which question a row is, in all windows and at all times: the task that asks, and its short name. */
export const nameOf = ({ task, question }: InboxRow): string => `${question.task ?? task}/${shortName(question)}`;

/** Every open question, which of them is looked at, and where to go on after an answer. */
export class Inbox {
  rows = $state.raw<readonly InboxRow[]>([]);
  more = $state(false);
  /** What goes on meanwhile, read while nothing needs the person. */
  status = $state.raw<EngineStatus | null>(null);
  /** Until the first answer nobody knows whether there are none. */
  loaded = $state(false);
  problem = $state.raw<WireError | null>(null);
  /** The name of the row that is looked at. */
  at = $state<string | null>(null);
  /** It was settled elsewhere while it was looked at. It stays until the person goes on. */
  settled = $state.raw<QuestionView | null>(null);
  /** What a screen reader should say. */
  said = $state('');

  selected = $derived(this.rows.find((row) => nameOf(row) === this.at) ?? null);
  count = $derived(this.settled ? this.rows.length - 1 : this.rows.length);

  #platform: Platform;
  #onGone: (error: WireError) => void;
  #reload = coalesce(() => this.load(), 30);
  /** Answered here a moment ago: a list that was read before does not bring them back. */
  #done = new Set<string>();
  #isFront = false;
  #front: string | null = null;

  constructor(platform: Platform, onGone: (error: WireError) => void) {
    this.#platform = platform;
    this.#onGone = onGone;
  }

  async load(): Promise<void> {
    const done = new Set(this.#done);
    try {
      const { rows, more } = await this.#platform.call('inbox', {});
      await this.#take(rows.filter((row) => !this.#done.has(nameOf(row))), more);
      if (this.rows.length === 0) this.status = await this.#platform.call('status', {});
      for (const name of done) this.#done.delete(name);
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      const error = asWireError(thrown);
      if (isGone(error)) this.#onGone(error);
      // What was read before stays readable while nobody answers.
      if (!isGone(error) || !this.loaded) this.problem = error;
    }
  }

  soon(): void {
    this.#reload.ask();
  }

  close(): void {
    this.#reload.stop();
    this.inFront(false);
  }

  select(name: string): void {
    if (name === this.at) return;
    const index = this.#drop();
    this.at = this.rows.some((row) => nameOf(row) === name) ? name : this.#nameAt(index);
    this.#tell();
  }

  move(by: number): void {
    const from = this.rows.findIndex((row) => nameOf(row) === this.at);
    // One that was settled makes room, and the next one is in its place already.
    const to = this.settled && by > 0 ? from + by : Math.min(Math.max(from + by, 0), this.rows.length - 1);
    const name = this.#nameAt(to) ?? this.#nameAt(from - 1);
    if (name && name !== this.at) this.select(name);
    else this.leaveSettled();
  }

  /** Goes on from a question that was settled elsewhere. */
  leaveSettled(): void {
    if (!this.settled) return;
    this.at = this.#nameAt(this.#drop());
    this.#tell();
    if (this.rows.length === 0) this.soon();
  }

  /** The one that is looked at was answered here. */
  answered(row: InboxRow, words: string): void {
    const name = nameOf(row);
    this.#done.add(name);
    const index = this.rows.findIndex((other) => nameOf(other) === name);
    this.rows = this.rows.filter((other) => nameOf(other) !== name);
    if (this.at === name) {
      this.at = this.#nameAt(index);
      this.#tell();
    }
    const left = this.rows.length === 0 ? 'Nothing else needs you.' : `${this.rows.length} left.`;
    this.said = `${words}: ${row.title}. ${left}`;
    this.soon();
  }

  /** Somebody else was first. */
  async lateFor(row: InboxRow): Promise<void> {
    if (nameOf(row) === this.at) await this.#settle(row);
    this.soon();
  }

  /** Whoever looks at a question needs no banner about it. */
  inFront(inFront: boolean): void {
    this.#isFront = inFront;
    const task = inFront ? (this.selected?.task ?? null) : null;
    if (task === this.#front) return;
    const left = this.#front;
    this.#front = task;
    const focus = task ? { task } : { task: null, left: left ?? undefined };
    this.#platform.call('focused', focus).catch(() => {});
  }

  async #take(rows: readonly InboxRow[], more: boolean): Promise<void> {
    const row = this.selected;
    const gone = row && !this.settled && !rows.some((other) => nameOf(other) === this.at);
    if (gone) await this.#settle(row);
    const at = this.rows.findIndex((other) => nameOf(other) === this.at);
    const kept = this.settled && this.selected;
    const others = rows.filter((other) => nameOf(other) !== this.at || !kept);
    this.rows = kept ? [...others.slice(0, at), kept, ...others.slice(at)] : others;
    this.more = more;
    if (this.at === null || !this.selected) {
      this.at = this.#nameAt(0);
      this.#tell();
    }
  }

  /** Finds out by whom, where and when. */
  async #settle(row: InboxRow): Promise<void> {
    const name = nameOf(row);
    const view = await this.#platform.call('show', { task: row.question.task ?? row.task }).catch(() => null);
    if (this.at !== name || this.#done.has(name)) return;
    const found = view && questionOf(view, shortName(row.question));
    if (found?.state === 'open') return;
    this.settled = found ?? { ...row.question, state: 'withdrawn', answered: null };
  }

  /** Takes the settled one from the list; says where it stood. */
  #drop(): number {
    const index = this.rows.findIndex((row) => nameOf(row) === this.at);
    if (this.settled) this.rows = this.rows.filter((row) => nameOf(row) !== this.at);
    this.settled = null;
    return index;
  }

  #nameAt(index: number): string | null {
    const row = this.rows[Math.min(index, this.rows.length - 1)];
    return row ? nameOf(row) : null;
  }

  #tell(): void {
    if (this.#isFront) this.inFront(true);
  }
}

export const questionOf = (view: TaskView, name: string): QuestionView | undefined =>
  view.questions.find((question) => question.task === null && question.id === name);
