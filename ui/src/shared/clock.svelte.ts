import { untrack } from 'svelte';

/** The present as the windows show it. It stands still while the window is hidden. */
class Clock {
  now = $state(Date.now());
  #wants = new Map<symbol, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    if (typeof document !== 'undefined') document.addEventListener('visibilitychange', () => this.#tick());
  }

  /** Something on screen needs the present to be this fresh. Returns how to let go of it. */
  want(every: number): () => void {
    const who = Symbol();
    this.#wants.set(who, every);
    if (Date.now() - untrack(() => this.now) > 1000) this.#tick();
    else this.#plan();
    return () => {
      this.#wants.delete(who);
      this.#plan();
    };
  }

  #tick(): void {
    this.now = Date.now();
    this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const hidden = typeof document !== 'undefined' && document.hidden;
    if (this.#wants.size === 0 || hidden) return;
    const due = untrack(() => this.now) + Math.min(...this.#wants.values());
    this.#timer = setTimeout(() => this.#tick(), Math.max(200, due - Date.now()));
  }
}

export const clock = new Clock();
