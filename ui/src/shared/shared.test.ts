import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sayBytes } from './bytes';
import { asWireError, hintFor } from './errors';
import { ariaChord, matches, moveIn, sayChord } from './keys';
import { actionsFor, heldWords, stateWord, wordOf } from './states';
import { duration, relative } from './time';
import { coalesce } from './timers';
import { visible } from './visible';

describe('time', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');
  const back = (seconds: number) => relative(new Date(now - seconds * 1000).toISOString(), now);

  test('says how long ago in few words', () => {
    const said = [0, 4, 40, 90, 3600 * 3, 86_400, 86_400 * 3].map(back);
    expect(said).toEqual(['just now', 'just now', '40 s ago', '1 min ago', '3 h ago', '1 day ago', '3 days ago']);
    expect(back(86_400 * 20)).toMatch(/10/);
  });
  test('a clock a little behind is no future, a real future is', () => {
    expect(back(-3)).toBe('just now');
    expect(back(-600)).toBe('in 10 min');
  });
  test('what is no time says nothing', () => expect(relative('soon', now)).toBe(''));
  test('durations have two units at most', () => {
    const said = [0, 900, 59_000, 60_000, 3_661_000, 90_000_000].map(duration);
    expect(said).toEqual(['0 s', '0 s', '59 s', '1 min', '1 h 1 min', '1 d 1 h']);
  });
});

describe('keys', () => {
  const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, ...more });

  test('a chord is that chord and no other', () => {
    const cancel = { key: '.', mod: true };
    expect(matches(press('.', { ctrlKey: true }), cancel, false)).toBe(true);
    expect(matches(press('.', { metaKey: true }), cancel, true)).toBe(true);
    expect(matches(press('.', { ctrlKey: true }), cancel, true)).toBe(false);
    expect(matches(press('.'), cancel, false)).toBe(false);
    expect(matches(press('.', { ctrlKey: true, altKey: true }), cancel, false)).toBe(false);
    expect(matches(press('Enter', { ctrlKey: true }), { key: 'Enter' }, false)).toBe(false);
  });
  test('no key is ours while an input method composes', () => {
    expect(matches(press('Enter', { isComposing: true }), { key: 'Enter' }, false)).toBe(false);
  });
  test('are named as on this system', () => {
    expect(sayChord({ key: 'r', mod: true }, false)).toBe('Ctrl+R');
    expect(sayChord({ key: 'r', mod: true }, true)).toBe('⌘R');
    expect(ariaChord({ key: 'r', mod: true }, false)).toBe('Control+r');
  });
  test('arrows move in a list, and stop or turn at its ends', () => {
    expect(moveIn('ArrowDown', 1, 3)).toBe(2);
    expect(moveIn('ArrowDown', 2, 3)).toBe(2);
    expect(moveIn('ArrowRight', 2, 3, true)).toBe(0);
    expect(moveIn('ArrowLeft', 0, 3, true)).toBe(2);
    expect(moveIn('End', 0, 3)).toBe(2);
    expect(moveIn('x', 0, 3)).toBeNull();
  });
});

describe('states', () => {
  test('each state offers what can be done', () => {
    expect(actionsFor({ state: 'running', holds: [] })).toEqual(['pause', 'cancel']);
    expect(actionsFor({ state: 'queued', holds: ['person'] })).toEqual(['resume', 'cancel']);
    expect(actionsFor({ state: 'queued', holds: ['all'] })).toEqual(['pause', 'cancel']);
    for (const state of ['failed', 'timed_out', 'cancelled', 'unknown'] as const) {
      expect(actionsFor({ state, holds: [] })).toEqual(['retry']);
    }
    expect(actionsFor({ state: 'completed', holds: [] })).toEqual([]);
  });
  test('have words', () => {
    expect(stateWord('completed', true)).toBe('Completed with gaps');
    expect(stateWord('failed', true)).toBe('Failed');
    expect(wordOf('timed_out')).toBe('Timed out');
    expect(wordOf('some_thing')).toBe('Some thing');
    expect(heldWords([])).toBeNull();
    expect(heldWords(['person', 'offline'])).toBe('Paused: by you, no network');
  });
});

describe('words', () => {
  test('hidden characters are made visible', () => {
    expect(visible('a b')).toBe('a b');
    expect(visible('a\nb\tc')).toBe('a⏎b⇥c');
    expect(visible('evil\u202etxt')).toBe('evil⟨U+202E⟩txt');
    expect(visible('a\u200bb\x1b')).toBe('a⟨U+200B⟩b⟨U+001B⟩');
  });
  test('sizes', () => {
    expect([0, 1, 1023, 1536, 297_795_584].map(sayBytes)).toEqual(['0 bytes', '1 byte', '1023 bytes', '1.5 KB', '284 MB']);
  });
  test('whatever is thrown becomes a sentence and a next step', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const error = { code: 'disk_full', message: 'The disk is full.', hint: 'Free some space.' };
    expect(asWireError(error)).toBe(error);
    expect(asWireError('invoke failed').code).toBe('internal');
    expect(asWireError('invoke failed').message).not.toContain('invoke');
    expect(hintFor({ ...error, code: 'folder_missing', hint: 'Use --cwd.' })).not.toContain('--cwd');
  });
});

describe('coalesce', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('many requests are one; requests during the work are one more', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const work = coalesce(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      running -= 1;
      done += 1;
    }, 50);
    for (let i = 0; i < 5; i += 1) work.ask();
    await vi.advanceTimersByTimeAsync(60);
    for (let i = 0; i < 5; i += 1) work.ask();
    await vi.runAllTimersAsync();
    expect([most, done]).toEqual([1, 2]);
  });
  test('nothing happens after a stop', async () => {
    let done = 0;
    const work = coalesce(async () => void (done += 1), 50);
    work.ask();
    work.stop();
    work.ask();
    await vi.runAllTimersAsync();
    expect(done).toBe(0);
  });
});
