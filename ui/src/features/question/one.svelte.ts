import type { QuestionView, TaskView, TimelineRow, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import { asWireError, isGone } from '../../shared/errors';
import { coalesce } from '../../shared/timers';

/** One question of a task, followed until it is settled. */
export class One {
  view = $state.raw<TaskView | null>(null);
  /** Why it cannot be shown. */
  problem = $state.raw<WireError | null>(null);

  question = $derived<QuestionView | null>(this.view?.questions.find(({ id }) => id === this.#name) ?? null);

  #platform: Platform;
  #task: string;
  #name: string;
  #onGone: (error: WireError) => void;
  #inFront = false;
  #reload = coalesce(() => this.load(), 30);

  constructor(platform: Platform, task: string, name: string, onGone: (error: WireError) => void) {
    this.#platform = platform;
    this.#task = task;
    this.#name = name;
    this.#onGone = onGone;
  }

  async load(): Promise<void> {
    try {
      this.#take(await this.#platform.call('show', { task: this.#task }));
    } catch (thrown) {
      const error = asWireError(thrown);
      if (isGone(error)) this.#onGone(error);
      if (!isGone(error) || !this.view) this.problem = error;
    }
  }

  heard(row: TimelineRow): void {
    if (row.task === this.#task || row.task === this.view?.id) this.#reload.ask();
  }

  soon(): void {
    this.#reload.ask();
  }

  close(): void {
    this.#reload.stop();
    this.inFront(false);
  }

  answered(view: TaskView): void {
    if (view.id === this.view?.id) this.#take(view);
  }

  /** Whoever looks at the question needs no banner about it. */
  inFront(inFront: boolean): void {
    if (inFront === this.#inFront || !this.view) return;
    this.#inFront = inFront;
    const task = this.view.parent ?? this.view.id;
    this.#platform.call('focused', inFront ? { task } : { task: null, left: task }).catch(() => {});
  }

  #take(view: TaskView): void {
    this.view = view;
    const there = view.questions.some(({ id }) => id === this.#name);
    const missing = { code: 'question_not_found', message: `${view.id} has no question ${this.#name}.`, hint: 'It may have been deleted with its task.' };
    this.problem = there ? null : missing;
  }
}
