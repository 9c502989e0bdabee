import { expect, test } from 'vitest';
import { readDiff } from './diff';

test('every line has its sign and the numbers of both sides', () => {
  const diff = readDiff('--- a/x\n+++ b/x\n@@ -3,3 +3,4 @@ fn main\n same\n-old\n+new\n+more\n \n\\ No newline at end of file\n');
  expect(diff.lines.map(({ kind, before, after, text }) => [kind, before, after, text])).toEqual([
    ['place', null, null, 'fn main'],
    ['same', 3, 3, 'same'],
    ['removed', 4, null, 'old'],
    ['added', null, 4, 'new'],
    ['added', null, 5, 'more'],
    ['same', 5, 6, ''],
    ['note', null, null, 'No newline at end of file'],
  ]);
  expect([diff.added, diff.removed]).toEqual([2, 1]);
});

test('lines that look like headers are lines, once the change has begun', () => {
  const diff = readDiff('@@ -1 +1 @@\n--- was\n+++ is\n');
  expect(diff.lines.slice(1).map(({ kind, text }) => [kind, text])).toEqual([['removed', '-- was'], ['added', '++ is']]);
});

test('what is no change is shown as it is', () => {
  expect(readDiff('Binary files differ\n').lines).toEqual([{ kind: 'note', before: null, after: null, text: 'Binary files differ' }]);
  expect(readDiff('').lines).toEqual([]);
});
