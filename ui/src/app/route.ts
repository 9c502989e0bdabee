export type Draft = { brief: string; folder: string };
export type Route = { window: 'quick'; draft?: Draft } | { window: 'task'; id: string };

/** Which window this is: `#quick`, `#task/<id>`. Anything else is the first one. */
export function routeOf(hash: string): Route {
  const draft = draftOf(hash);
  if (draft) return { window: 'quick', draft };
  const [window, id] = hash.replace(/^#\/?/, '').split('/');
  if (window !== 'task' || !id) return { window: 'quick' };
  try {
    return { window: 'task', id: decodeURIComponent(id) };
  } catch {
    return { window: 'quick' };
  }
}

/** What a link brought: `#quick?brief=…&folder=…`. */
function draftOf(hash: string): Draft | null {
  const query = /^#quick\?(.*)$/s.exec(hash)?.[1];
  if (query === undefined) return null;
  const given = new URLSearchParams(query);
  return { brief: given.get('brief') ?? '', folder: given.get('folder') ?? '' };
}
