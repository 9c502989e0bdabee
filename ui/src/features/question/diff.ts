export type DiffLine = { kind: 'added' | 'removed' | 'same' | 'place' | 'note'; before: number | null; after: number | null; text: string };
export type Diff = { lines: DiffLine[]; added: number; removed: number };

const PLACE = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

/** A change in the unified form, line by line with the numbers of both sides. */
export function readDiff(text: string): Diff {
  const diff: Diff = { lines: [], added: 0, removed: 0 };
  let before = 0;
  let after = 0;
  let inside = false;
  const rows = text.split('\n');
  if (rows.at(-1) === '') rows.pop();
  for (const row of rows) {
    const place = PLACE.exec(row);
    if (place) {
      inside = true;
      before = Number(place[1]);
      after = Number(place[2]);
      diff.lines.push({ kind: 'place', before: null, after: null, text: place[3] ?? '' });
    } else if (!inside) {
      // The names of the two sides; the card has the path already.
      if (!/^(---|\+\+\+|diff |index )/.test(row)) diff.lines.push({ kind: 'note', before: null, after: null, text: row });
    } else if (row.startsWith('+')) {
      diff.added += 1;
      diff.lines.push({ kind: 'added', before: null, after: after++, text: row.slice(1) });
    } else if (row.startsWith('-')) {
      diff.removed += 1;
      diff.lines.push({ kind: 'removed', before: before++, after: null, text: row.slice(1) });
    } else if (row.startsWith('\\')) {
      diff.lines.push({ kind: 'note', before: null, after: null, text: row.slice(1).trim() });
    } else {
      diff.lines.push({ kind: 'same', before: before++, after: after++, text: row.slice(1) });
    }
  }
  return diff;
}

export const SIGNS = { added: '+', removed: '−', same: ' ', place: '', note: '' } as const;
