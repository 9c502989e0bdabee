export type Route =
  | { window: 'quick' }
  | { window: 'inbox' }
  | { window: 'task'; id: string }
  | { window: 'answer'; id: string; question: string };

/** Which window this is: `#quick`, `#inbox`, `#task/<id>`, `#answer/<id>/<question>`. Anything else is the first one. */
export function routeOf(hash: string): Route {
  const [window, ...rest] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  const [id, question] = rest;
  if (window === 'inbox') return { window };
  if (window === 'task' && id) return { window, id };
  if (window === 'answer' && id && question) return { window, id, question };
  return { window: 'quick' };
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
