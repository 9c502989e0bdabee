/** Remembers what a reader looks at before lines change, and brings it back to the same place afterwards. */
export function anchorIn(box: HTMLElement): () => void {
  const edge = box.getBoundingClientRect().top;
  const seen = [...box.children]
    .map((element) => ({ element, rect: element.getBoundingClientRect() }))
    .filter(({ rect }) => rect.bottom > edge);
  return () => {
    // The oldest lines may be gone; the first that is left then decides.
    const kept = seen.find(({ element }) => element.isConnected);
    if (kept) box.scrollTop += kept.element.getBoundingClientRect().top - kept.rect.top;
  };
}
