import type { ArtifactView } from '../../generated/wire';

export type Form = 'text' | 'markdown';

/** Signs that plain output was written as Markdown: headings, lists of several points, fences, tables, links. */
const SIGNS = [/^#{1,4} \S/m, /^(?:[-*] |\d+\. ).+\n(?:[-*] |\d+\. )/m, /^```/m, /^\|.+\|\n\|[ :|-]+\|/m, /\[[^\]]+\]\(https?:/];

/** In which forms a report can be read; the first is the one to show. */
export function formsOf({ format, report, html }: ArtifactView): Form[] {
  if (html.trim() === '') return ['text'];
  if (format === 'markdown') return ['markdown', 'text'];
  return SIGNS.some((sign) => sign.test(report)) ? ['text', 'markdown'] : ['text'];
}

/** The address of the link that was pressed, if it leads out of the window. */
export function linkAt(target: EventTarget | null): string | null {
  if (!(target instanceof Element)) return null;
  const href = target.closest('a[href]')?.getAttribute('href') ?? '';
  return /^(?:https?:|mailto:)/i.test(href) ? href : null;
}
