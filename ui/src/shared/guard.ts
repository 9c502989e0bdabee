/** Nobody reads a question faster than this. */
export const GUARD_MS = 400;
/** A moment so long ago comes from another clock than ours. */
const ANOTHER_CLOCK = 60_000;

type Now = () => number;
type Pressed = { timeStamp: number };

/**
 * Keeps a key that was meant for one card from answering the next. What counts is when the key went down, not when we
 * come to look at it: keys queue while a window is busy.
 */
export class Guard {
  #now: Now;
  #since = Infinity;

  constructor(now: Now = () => performance.now()) {
    this.#now = now;
  }

  /** A card has come up, or what stands on it has changed. */
  shown(): void {
    this.#since = this.#now();
  }

  /** Whether this press was meant for what is shown. */
  takes({ timeStamp }: Pressed): boolean {
    const now = this.#now();
    const strange = timeStamp > now || timeStamp < now - ANOTHER_CLOCK;
    return (strange ? now : timeStamp) - this.#since >= GUARD_MS;
  }
}
