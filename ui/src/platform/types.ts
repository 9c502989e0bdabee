import type { Commands, Event, WireError } from '../generated/wire';

export type Feed = { feed: 'changes'; cursor?: number } | { feed: 'log'; task: string; from: number };

/** Everything the windows need from outside. Nothing else in `ui/` knows what they run in. */
export interface Platform {
  /** Rejects with a `WireError`. */
  call<K extends keyof Commands>(command: K, params: Commands[K]['params']): Promise<Commands[K]['reply']>;
  /** `lost` is called at most once, when no more events can come; not after the returned function was called. */
  subscribe(feed: Feed, on: (event: Event) => void, lost?: (error: WireError) => void): () => void;
  window: {
    close(): void;
    openTask(id: string): void;
    openInbox(): void;
    openQuick(): void;
    /** Null when the person chose none, or when there is no way to choose here. */
    chooseFolder(): Promise<string | null>;
    setTitle(title: string): void;
    /** The first content is on screen; until then the window may stay hidden. */
    ready(): void;
  };
  /** Opens outside at once: the window has asked before. */
  openLink(url: string): Promise<void>;
  copy(text: string): Promise<void>;
  /** The folder to offer first. */
  startFolder(): Promise<string>;
}
