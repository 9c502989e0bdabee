export type Route = { window: 'quick' } | { window: 'task'; id: string };

/** Which window this is: `#quick`, `#task/<id>`. Anything else is the first one. */
export function routeOf(hash: string): Route {
  const [window, id] = hash.replace(/^#\/?/, '').split('/');
  if (window !== 'task' || !id) return { window: 'quick' };
  try {
    return { window: 'task', id: decodeURIComponent(id) };
  } catch {
    return { window: 'quick' };
  }
}
