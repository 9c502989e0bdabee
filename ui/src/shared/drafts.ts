import type { Keep } from './storage';

/** What was typed into a card and not sent. Never what is secret. */
export type Draft = { text?: string; reason?: string; fields?: Record<string, string> };

const NAME = 'drafts';
/** What nobody has come back to by then is let go. */
const KEPT = 40;

/** The drafts of all cards, by the names of their questions, the latest last. */
export class Drafts {
  #keep: Keep;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  get(name: string): Draft {
    return this.#all()[name] ?? {};
  }

  set(name: string, draft: Draft): void {
    const { [name]: _, ...others } = this.#all();
    const words = [draft.text, draft.reason, ...Object.values(draft.fields ?? {})];
    const all = words.some((word) => word?.trim()) ? { ...others, [name]: draft } : others;
    const latest = Object.entries(all).slice(-KEPT);
    this.#keep.set(NAME, latest.length > 0 ? JSON.stringify(Object.fromEntries(latest)) : '');
  }

  #all(): Record<string, Draft> {
    try {
      const read: unknown = JSON.parse(this.#keep.get(NAME) ?? '{}');
      return typeof read === 'object' && read !== null ? (read as Record<string, Draft>) : {};
    } catch {
      return {};
    }
  }
}
