const NAMED: Record<string, string> = { '\n': '⏎', '\r': '␍', '\t': '⇥' };

/** Characters that one cannot see but that change what a line says: controls, zero-width and direction marks. */
const HIDDEN = /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/gu;

/** The text with everything hidden made visible, so that an argument can be read as what it is. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (c) => NAMED[c] ?? `⟨U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}
