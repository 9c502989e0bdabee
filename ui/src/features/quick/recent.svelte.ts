import type { TaskRow, WireError } from '../../generated/wire';
import type { Platform } from '../../platform/types';
import { asWireError } from '../../shared/errors';
import { coalesce } from '../../shared/timers';

const SHOWN = 8;

/** The latest tasks, read anew when something has changed. */
export class Recent {
  rows = $state.raw<TaskRow[]>([]);
  /** Until the first answer nobody knows whether there are none. */
  loaded = $state(false);

  #platform: Platform;
  #onError: (error: WireError) => void;
  #reload = coalesce(() => this.load(), 60);

  constructor(platform: Platform, onError: (error: WireError) => void) {
    this.#platform = platform;
    this.#onError = onError;
  }

  async load(): Promise<void> {
    try {
      this.rows = (await this.#platform.call('list', { limit: SHOWN })).tasks;
      this.loaded = true;
    } catch (error) {
      this.#onError(asWireError(error));
    }
  }

  soon(): void {
    this.#reload.ask();
  }

  close(): void {
    this.#reload.stop();
  }
}
