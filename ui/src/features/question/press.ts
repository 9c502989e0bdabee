import type { Card } from './card.svelte';

export type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'isComposing' | 'repeat' | 'timeStamp'>;

/** What the keys of a card do, as the help names them. */
export const CARD_KEYS: readonly [string, string][] = [
  ['1 – 9', 'choose that answer'],
  ['a', 'approve'],
  ['t', 'approve for this task'],
  ['u', 'approve until a moment'],
  ['d', 'deny'],
  ['r', 'write why not'],
  ['l', 'and those alike, too'],
];

/**
 * Answers with a key, or not: says whether the key was the card's. One that came too soon is swallowed, or it would
 * do something else.
 */
export function pressOn(card: Card, event: Pressed, focusReason: () => void): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing) return false;
  const act = deed(card, event.key, focusReason);
  if (!act) return false;
  if (!event.repeat && !card.busy && card.guard.takes(event)) act();
  return true;
}

function deed(card: Card, key: string, focusReason: () => void): (() => void) | null {
  const { question, approval } = card;
  if (/^[1-9]$/.test(key)) {
    const index = Number(key) - 1;
    return index < question.options.length ? () => void card.choose(index) : null;
  }
  if (!approval) return null;
  switch (key) {
    case 'a':
      return () => void card.approve();
    case 't':
      return card.reaches ? () => void card.approve('task') : null;
    case 'u':
      return card.reaches ? () => void (card.choosing = !card.choosing) : null;
    case 'd':
      return () => void card.deny();
    case 'r':
      return focusReason;
    case 'l':
      return approval.alike > 0 ? () => void (card.alike = !card.alike) : null;
    default:
      return null;
  }
}
