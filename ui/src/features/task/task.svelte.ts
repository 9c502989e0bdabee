import type { Changed, Commands, TaskView, TimelineRow, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import { asWireError, isGone } from '../../shared/errors';
import { actionsFor, isLive, stateWord, type Action } from '../../shared/states';
import { coalesce } from '../../shared/timers';

const SURFACE = 'window';
const UNSETTLED = ['pending', 'held', 'showing', 'shown'];

/** One task as its window shows it, and what the person does with it. */
export class Task {
  view = $state.raw<TaskView | null>(null);
  history = $state.raw<readonly TimelineRow[]>([]);
  /** Why it cannot be shown. */
  problem = $state.raw<WireError | null>(null);
  /** Why the last thing asked for was not done. */
  refusal = $state.raw<WireError | null>(null);
  busy = $state(false);
  confirming = $state(false);
  /** What a screen reader should say. */
  announcement = $state('');

  actions = $derived<Action[]>(this.view ? actionsFor(this.view) : []);

  #platform: Platform;
  #id: string;
  #onGone: (error: WireError) => void;
  #told = new Set<number>();
  #opened = false;
  #inFront = false;
  #reload = coalesce(() => this.load(), 60);

  constructor(platform: Platform, id: string, onGone: (error: WireError) => void) {
    this.#platform = platform;
    this.#id = id;
    this.#onGone = onGone;
  }

  async load(): Promise<void> {
    try {
      const task = this.#id;
      const [view, { rows }] = await Promise.all([
        this.#platform.call('show', { task }),
        this.#platform.call('history', { task }),
      ]);
      this.#take(view);
      this.history = rows;
      this.problem = null;
    } catch (thrown) {
      const error = asWireError(thrown);
      if (isGone(error)) this.#onGone(error);
      // What was read before stays readable while nobody answers.
      if (!isGone(error) || !this.view) this.problem = error;
    }
  }

  /** A committed change: read again if it is of this task or below it. */
  heard(row: TimelineRow): void {
    const below = this.view?.subtasks.some(({ id }) => id === row.task) ?? false;
    const ours = row.task === this.#id || row.task === this.view?.id || below;
    // A pause of everything is nobody's own change.
    if (ours || row.task === null) this.#reload.ask();
  }

  soon(): void {
    this.#reload.ask();
  }

  close(): void {
    this.#reload.stop();
    this.inFront(false);
  }

  /** The window is in front of the person: its notifications have done their work. */
  seen(): void {
    if (!this.view) return;
    this.inFront(true);
    const fresh = this.view.deliveries.filter(({ id, state }) => UNSETTLED.includes(state) && !this.#told.has(id));
    if (this.#opened && fresh.length === 0) return;
    this.#opened = true;
    for (const { id } of fresh) this.#told.add(id);
    this.#platform.call('opened', { task: this.view.id }).catch(() => {});
  }

  /** Whoever looks at the task needs no banner about it. */
  inFront(inFront: boolean): void {
    if (inFront === this.#inFront) return;
    this.#inFront = inFront;
    const task = this.view?.id ?? this.#id;
    this.#platform.call('focused', inFront ? { task } : { task: null, left: task }).catch(() => {});
  }

  /** Does what the button says. What ends running work is asked about first. */
  act(action: Action): Promise<void> {
    if (!this.view || !this.actions.includes(action)) return Promise.resolve();
    const task = this.view.id;
    switch (action) {
      case 'cancel':
        if (isLive(this.view.state) && !this.confirming) {
          this.confirming = true;
          return Promise.resolve();
        }
        return this.#do(() => this.#changed('cancel', { tasks: [task], surface: SURFACE }));
      case 'retry':
        return this.#do(async () => this.#take(await this.#platform.call('retry', { task, surface: SURFACE })));
      case 'pause':
      case 'resume':
        return this.#do(() => this.#changed(action, { task, all: false, surface: SURFACE }));
    }
  }

  resumeAll(): Promise<void> {
    return this.#do(() => this.#changed('resume', { all: true, surface: SURFACE }));
  }

  /** One of its questions was answered here. */
  answered(view: TaskView): void {
    this.refusal = null;
    this.#take(view);
    this.#reload.ask();
  }

  /** Somebody else was first, or the question is gone. */
  settled(error: WireError): void {
    this.refusal = error;
    this.#reload.ask();
  }

  async #do(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = null;
    this.confirming = false;
    try {
      await work();
    } catch (thrown) {
      this.refusal = asWireError(thrown);
      if (isGone(this.refusal)) this.#onGone(this.refusal);
    } finally {
      this.busy = false;
      this.#reload.ask();
    }
  }

  async #changed<K extends 'cancel' | 'pause' | 'resume'>(command: K, params: Commands[K]['params']): Promise<void> {
    const reply: Changed = await this.#platform.call(command, params);
    const refused = Object.values(reply.refused)[0];
    if (refused) throw refused;
  }

  #take(view: TaskView): void {
    const before = this.view;
    this.view = view;
    this.#id = view.id;
    if (!isLive(view.state)) this.confirming = false;
    if (before && before.state !== view.state) {
      this.announcement = `${stateWord(view.state, view.with_gaps)}. ${view.reason.text}`;
    }
  }
}
