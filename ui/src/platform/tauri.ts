import { Channel, invoke } from '@tauri-apps/api/core';
import { getCurrentWindow } from '@tauri-apps/api/window';
import type { Event, WireError } from '../generated/wire';
import { asWireError } from '../shared/errors';
import type { Feed, Platform } from './types';

/** The last message of a feed whose source went away. It exists only on this border. */
type Lost = { event: 'lost'; error: WireError };

async function ask<T>(command: string, params?: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, params);
  } catch (error) {
    throw asWireError(error);
  }
}

/** For requests whose failure leaves the person no worse off. */
function tell(command: string, params?: Record<string, unknown>): void {
  ask(command, params).catch((error: unknown) => console.warn(command, error));
}

function subscribe(feed: Feed, on: (event: Event) => void, lost?: (error: WireError) => void): () => void {
  let over = false;
  let id: number | null = null;
  const end = (error: WireError) => {
    if (over) return;
    over = true;
    lost?.(error);
  };
  const channel = new Channel<Event | Lost>((message) => {
    if (over) return;
    if (message.event === 'lost') end(message.error);
    else on(message);
  });
  ask<number>('subscribe', { feed, onEvent: channel }).then((given) => {
    id = given;
    if (over) tell('unsubscribe', { id });
  }, end);
  return () => {
    if (over) return;
    over = true;
    if (id !== null) tell('unsubscribe', { id });
  };
}

export const tauri: Platform = {
  call: (command, params) => ask('call', { command, params }),
  subscribe,
  window: {
    close: () => tell('close_window'),
    openTask: (task) => tell('open_window', { window: { kind: 'task', task } }),
    openInbox: () => tell('open_window', { window: { kind: 'inbox' } }),
    openQuick: () => tell('open_window', { window: { kind: 'quick' } }),
    chooseFolder: () => ask<string | null>('choose_folder'),
    setTitle: (title) => {
      document.title = title;
      getCurrentWindow().setTitle(title).catch(() => {});
    },
    ready: () => tell('window_ready'),
  },
  openLink: (url) => ask('open_link', { url }),
  copy: (text) => ask('copy_text', { text }),
  startFolder: () => ask<string>('start_folder'),
};
