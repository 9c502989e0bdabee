/** A few words kept for the next window. Where nothing can be kept, windows work all the same. */
export interface Keep {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

export const browserKeep: Keep = {
  get(name) {
    try {
      return localStorage.getItem(`errand.${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      if (value) localStorage.setItem(`errand.${name}`, value);
      else localStorage.removeItem(`errand.${name}`);
    } catch {
      // Nothing to do: the draft is a convenience.
    }
  },
};
