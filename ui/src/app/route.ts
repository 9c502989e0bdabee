export type Draft = { brief: string; folder: string };
export type Route =
  | { window: 'quick'; draft?: Draft }
  | { window: 'inbox' }
  | { window: 'task'; id: string }
  | { window: 'answer'; id: string; question: string };

/** Which window this is: `#quick`, `#inbox`, `#task/<id>`, `#answer/<id>/<question>`. Anything else is the first one. */
export function routeOf(hash: string): Route {
  const draft = draftOf(hash);
  if (draft) return { window: 'quick', draft };
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

/** What a link brought: `#quick?brief=…&folder=…`. */
function draftOf(hash: string): Draft | null {
  const query = /^#quick\?(.*)$/s.exec(hash)?.[1];
  if (query === undefined) return null;
  const given = new URLSearchParams(query);
  return { brief: given.get('brief') ?? '', folder: given.get('folder') ?? '' };
}
