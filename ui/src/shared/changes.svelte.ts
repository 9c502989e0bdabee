import type { TimelineRow, WireError } from '../generated/wire';
import type { Platform } from '../platform/types';

export type FeedStatus = 'connecting' | 'live' | 'leaving' | 'lost';

type Listener = {
  /** Something has changed and was committed. */
  changed(row: TimelineRow): void;
  /** Changes may have passed unseen: read everything again. */
  stale(): void;
};

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

  constructor(platform: Platform, listener: Listener) {
    this.#platform = platform;
    this.#listener = listener;
  }

  open(): void {
    this.close();
    this.status = 'connecting';
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
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #alive(): void {
    this.status = 'live';
    this.error = null;
  }
}
