import type { TimelineRow, WireError } from '../generated/wire';
import type { Platform } from '../platform/types';

export type FeedStatus = 'connecting' | 'live' | 'leaving' | 'lost';

type Listener = {
  /** Something has changed and was committed. */
  changed(row: TimelineRow): void;
  /** Changes may have passed unseen: read everything again. */
  stale(): void;
};

/** Another engine may take the place of one that is gone: looked for often at first, then now and then. */
const FIRST_LOOK = 1_000;
const RAREST_LOOK = 15_000;

/** The stream of changes, with its place kept, so that a reconnect misses nothing. */
export class Changes {
  status = $state<FeedStatus>('connecting');
  error = $state.raw<WireError | null>(null);
  /** It was lost before, and is being tried again. */
  retrying = $derived(this.status === 'connecting' && this.error !== null);

  #platform: Platform;
  #listener: Listener;
  #cursor: number | undefined;
  #stop: (() => void) | undefined;
  #look: ReturnType<typeof setTimeout> | undefined;
  #pause = FIRST_LOOK;

  constructor(platform: Platform, listener: Listener) {
    this.#platform = platform;
    this.#listener = listener;
  }

  open(): void {
    this.#pause = FIRST_LOOK;
    this.status = 'connecting';
    this.#connect();
  }

  #connect(): void {
    this.close();
    this.#stop = this.#platform.subscribe(
      { feed: 'changes', cursor: this.#cursor },
      (event) => {
        switch (event.event) {
          case 'changed':
            this.#cursor = event.change.cursor;
            this.#listener.changed(event.change);
            break;
          case 'up_to_date':
            this.#cursor = event.cursor;
            this.#alive();
            this.#listener.stale();
            break;
          case 'gap':
            this.#cursor = event.cursor;
            this.#listener.stale();
            break;
          case 'quitting':
            this.status = 'leaving';
            break;
          case 'log':
          case 'log_end':
          case 'open':
            break;
        }
      },
      (error) => this.lose(error),
    );
  }

  /** Also called when a command finds that nobody answers. */
  lose(error: WireError): void {
    this.close();
    this.error = error;
    this.status = 'lost';
    // Without a word about it: a banner that comes and goes would be worse than one that stays until it is over.
    this.#look = setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, RAREST_LOOK);
  }

  close(): void {
    clearTimeout(this.#look);
    this.#stop?.();
    this.#stop = undefined;
  }

  #alive(): void {
    this.#pause = FIRST_LOOK;
    this.status = 'live';
    this.error = null;
  }
}
