import { expect, test } from 'vitest';
import { aCommand, anApproval, aQuestion, files, options } from '../platform/questions';
import { ageOf, askerWord, firstLine, settledWords } from './questions';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

test('a list shows the very thing that is asked for', () => {
  expect(firstLine(aQuestion({ text: '\n  Which colour?\nRed or blue' }))).toBe('Which colour?');
  expect(firstLine(aCommand())).toBe('cargo publish --dry-run');
  expect(firstLine(files())).toBe('3 files: src/fence.rs, notes/colours.md, old/paint.cfg');
  const [first] = anApproval({ files: files().approval?.files }).files;
  expect(firstLine(files({ files: first ? [first] : [] }))).toBe('Change src/fence.rs');
  expect(firstLine(aQuestion({ text: '', approval: anApproval({ command: null, tool: 'query' }) }))).toBe('query');
});

test('the program is named, or the agent', () => {
  expect(askerWord({ agent: 'script', command: '/usr/bin/python3 worker.py' })).toBe('python3');
  expect(askerWord({ agent: 'script', command: "'/opt/my tools/run' --all" })).toBe('run');
  expect(askerWord({ agent: 'claude', command: '' })).toBe('claude');
});

test('waiting becomes pressing by and by', () => {
  expect([1, 10, 59, 60].map((minutes) => ageOf(ago(minutes), NOW))).toEqual(['fresh', 'while', 'while', 'long']);
});

test('what was settled elsewhere says what, where and when', () => {
  const answered = { choice: 'wait', by: 'in the terminal', at: ago(5), surface: 'terminal' as const };
  const question = aQuestion({ options: [{ name: 'wait', label: 'Keep waiting' }], state: 'answered', answered });
  expect(settledWords(question, NOW)).toBe('Answered “Keep waiting” by you in the terminal, 5 min ago.');
  expect(settledWords({ ...question, options: options() }, NOW)).toBe('Answered “wait” by you in the terminal, 5 min ago.');
  const decided = aCommand({}, { answered: { ...answered, choice: 'denied: too early' } });
  expect(settledWords(decided, NOW)).toBe('Decided by you in the terminal, 5 min ago: denied: too early.');
  expect(settledWords(aQuestion({ state: 'withdrawn' }), NOW)).toBe('No answer is needed any more.');
});
