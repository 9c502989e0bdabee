import { expect, test } from 'vitest';
import { Drafts } from './drafts';
import type { Keep } from './storage';

function kept(first = '') {
  const words = new Map(first ? [['drafts', first]] : []);
  const keep: Keep = { get: (name) => words.get(name) ?? null, set: (name, value) => void (value ? words.set(name, value) : words.delete(name)) };
  return { words, drafts: new Drafts(keep) };
}

test('what was typed comes back, and goes when it is empty', () => {
  const { words, drafts } = kept();
  drafts.set('a/q1', { text: 'sea gr' });
  drafts.set('b/q1', { fields: { user: 'ada' } });
  expect([drafts.get('a/q1'), drafts.get('b/q1'), drafts.get('c/q1')]).toEqual([{ text: 'sea gr' }, { fields: { user: 'ada' } }, {}]);
  drafts.set('a/q1', { text: ' ', reason: '' });
  expect(drafts.get('a/q1')).toEqual({});
  drafts.set('b/q1', {});
  expect(words.size).toBe(0);
});

test('only the latest are kept', () => {
  const { drafts } = kept();
  for (let n = 0; n < 60; n += 1) drafts.set(`t/q${n}`, { text: 'x' });
  expect([drafts.get('t/q19'), drafts.get('t/q20').text]).toEqual([{}, 'x']);
});

test('what cannot be read is nothing', () => {
  expect(kept('{').drafts.get('a/q1')).toEqual({});
  expect(kept('7').drafts.get('a/q1')).toEqual({});
});
