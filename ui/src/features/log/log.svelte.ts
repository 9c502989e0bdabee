import type { Event, LogLine, LogPage, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import { asWireError } from '../../shared/errors';
import { LogBuffer, type Chunk } from './buffer';

const PAGE = 2000;
/** More lines at once than a person can be read aloud. */
const MANY = 5;

export type LogStatus = 'loading' | 'live' | 'ended' | 'stopped';
type Paint = (draw: () => void) => void;

/** Often enough to look live, rarely enough that a flood of output leaves the window responsive. */
const gently: Paint = (draw) => void setTimeout(() => requestAnimationFrame(draw), 40);

/** What a task prints: the end of it, live; or page by page from the start. */
export class Log {
  chunks = $state.raw<readonly Chunk[]>([]);
  status = $state<LogStatus>('loading');
  error = $state.raw<WireError | null>(null);
  /** `end` follows what is printed; `start` shows pages and stands still. */
  place = $state<'end' | 'start'>('end');
  /** There are lines before the first and after the last one shown. */
  earlier = $state(false);
  later = $state(false);
  leftOut = $state(0);
  /** The newest line is kept in sight. */
  following = $state(true);
  unseen = $state(0);
  calm = $state(true);
  lastAt = $state<string | null>(null);
  /** Where a reader had scrolled to, for when the log is shown again. */
  scrolled = 0;

  #platform: Platform;
  #task: string;
  #paint: Paint;
  #buffer = new LogBuffer();
  #stop: (() => void) | undefined;
  #ticket = 0;
  #waiting = false;

  constructor(platform: Platform, task: string, paint: Paint = gently) {
    this.#platform = platform;
    this.#task = task;
    this.#paint = paint;
  }

  /** The end of the log, and from there on what comes. */
  async toEnd(): Promise<void> {
    const ticket = this.#leave();
    const page = await this.#read(ticket, {});
    if (!page) return;
    this.#buffer = new LogBuffer();
    this.place = 'end';
    this.later = false;
    this.unseen = 0;
    this.following = true;
    this.#buffer.add(page.lines);
    this.#buffer.next = Math.max(this.#buffer.next, page.next);
    this.leftOut = page.left_out;
    this.#draw();
    this.#follow();
  }

  async fromStart(): Promise<void> {
    const ticket = this.#leave();
    const page = await this.#read(ticket, { from: 0 });
    if (!page) return;
    this.#buffer = new LogBuffer();
    this.place = 'start';
    this.following = false;
    this.scrolled = 0;
    this.#turn(page);
  }

  async more(): Promise<void> {
    const ticket = this.#leave();
    const page = await this.#read(ticket, { from: this.#buffer.next });
    if (page) this.#turn(page);
  }

  /** Goes on after the feed was lost or a new run began; nothing is read twice. */
  async reconnect(): Promise<void> {
    if (this.status === 'live' || this.status === 'loading' || this.place === 'start') return;
    if (this.#buffer.length === 0) return this.toEnd();
    this.error = null;
    this.#follow();
  }

  close(): void {
    this.#leave();
  }

  /** The reader has scrolled. */
  at(top: number, atEnd: boolean): void {
    this.scrolled = top;
    if (this.place === 'start') return;
    this.following = atEnd;
    if (atEnd) this.unseen = 0;
  }

  text(): string {
    return this.#buffer.text();
  }

  #leave(): number {
    this.#stop?.();
    this.#stop = undefined;
    if (this.status !== 'ended') this.status = 'stopped';
    this.#ticket += 1;
    return this.#ticket;
  }

  async #read(ticket: number, place: { from?: number }): Promise<LogPage | null> {
    this.status = 'loading';
    this.error = null;
    try {
      const page = await this.#platform.call('log', { task: this.#task, limit: PAGE, ...place });
      if (ticket !== this.#ticket) return null;
      this.status = 'stopped';
      return page;
    } catch (error) {
      if (ticket !== this.#ticket) return null;
      this.status = 'stopped';
      this.error = asWireError(error);
      return null;
    }
  }

  #turn(page: LogPage): void {
    this.#buffer.add(page.lines);
    this.#buffer.next = Math.max(this.#buffer.next, page.next);
    this.leftOut = page.left_out;
    this.later = page.lines.length >= PAGE;
    this.#draw();
  }

  #follow(): void {
    this.status = 'live';
    this.#stop?.();
    this.#stop = this.#platform.subscribe(
      { feed: 'log', task: this.#task, from: this.#buffer.next },
      (event) => this.#hear(event),
      (error) => {
        this.status = 'stopped';
        this.error = error;
      },
    );
  }

  #hear(event: Event): void {
    if (event.event === 'log') this.#take(event.lines);
    if (event.event === 'log_end') {
      this.#stop?.();
      this.#stop = undefined;
      this.status = 'ended';
    }
  }

  #take(lines: readonly LogLine[]): void {
    const added = this.#buffer.add(lines);
    if (added === 0) return;
    if (!this.following) this.unseen += added;
    this.calm = added <= MANY;
    if (this.#waiting) return;
    this.#waiting = true;
    const ticket = this.#ticket;
    this.#paint(() => {
      this.#waiting = false;
      if (ticket === this.#ticket) this.#draw();
    });
  }

  #draw(): void {
    this.chunks = this.#buffer.chunks;
    this.lastAt = this.#buffer.last?.at ?? null;
    // Sequence numbers begin at 0 or 1.
    this.earlier = this.#buffer.dropped || (this.#buffer.first?.seq ?? 0) > 1;
  }
}
