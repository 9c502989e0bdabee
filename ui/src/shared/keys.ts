export type Chord = { key: string; mod?: boolean };

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'isComposing'>;

export const isMac = (): boolean => typeof navigator !== 'undefined' && /mac/i.test(navigator.platform);

/** Whether this press is that chord. While an input method composes, no key is ours. */
export function matches(event: Pressed, chord: Chord, mac = isMac()): boolean {
  if (event.isComposing || event.altKey || event.shiftKey) return false;
  const mod = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  return !other && mod === (chord.mod ?? false) && event.key.toLowerCase() === chord.key.toLowerCase();
}

const GLYPHS: Record<string, string> = { escape: 'Esc', enter: 'Enter', arrowdown: '↓', arrowup: '↑' };

/** The chord as printed on the keys of this system. */
export function sayChord({ key, mod }: Chord, mac = isMac()): string {
  const name = GLYPHS[key.toLowerCase()] ?? key.toUpperCase();
  if (!mod) return name;
  return mac ? `⌘${name}` : `Ctrl+${name}`;
}

/** The same chord in the words of `aria-keyshortcuts`. */
export function ariaChord({ key, mod }: Chord, mac = isMac()): string {
  return mod ? `${mac ? 'Meta' : 'Control'}+${key}` : key;
}

/** Where an arrow, Home or End leads in a list of `count`; null if the key is none of them. */
export function moveIn(key: string, at: number, count: number, wrap = false): number | null {
  const fold = (n: number) => (wrap ? (n + count) % count : Math.min(Math.max(n, 0), count - 1));
  switch (key) {
    case 'ArrowDown':
    case 'ArrowRight':
      return fold(at + 1);
    case 'ArrowUp':
    case 'ArrowLeft':
      return fold(at - 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

/** Whoever types a text means letters, not keys. */
export function inText(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
