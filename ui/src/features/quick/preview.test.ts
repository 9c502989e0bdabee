import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProgramPreview } from '../../generated/wire';
import { PreviewLoader } from './preview';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answer = (name: string): ProgramPreview => ({ argv: [name], path: `/bin/${name}`, cwd: '/', problem: null, note: null });

/** A loader whose answers come when the test says so. */
function loader() {
  const asked: { line: string; reply: (preview: ProgramPreview) => void; fail: () => void }[] = [];
  const shown: (string | null)[] = [];
  const preview = new PreviewLoader(
    ({ line }) => new Promise((reply, fail) => void asked.push({ line, reply, fail: () => fail(new Error('gone')) })),
    (one) => void shown.push(one?.argv[0] ?? null),
    100,
  );
  return { preview, asked, shown };
}

test('asks once, after the last key', () => {
  const { preview, asked } = loader();
  for (const line of ['l', 'ls', 'ls -l']) preview.want(line, '/');
  vi.advanceTimersByTime(99);
  expect(asked).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(asked.map(({ line }) => line)).toEqual(['ls -l']);
});

test('drops an answer that comes after a newer one was asked for', async () => {
  const { preview, asked, shown } = loader();
  preview.want('old', '/');
  vi.advanceTimersByTime(100);
  preview.want('new', '/');
  vi.advanceTimersByTime(100);
  asked[1]?.reply(answer('new'));
  asked[0]?.reply(answer('old'));
  await vi.runAllTimersAsync();
  expect(shown).toEqual(['new']);
});

test('drops an answer to a line that has changed since, even before the new one is asked', async () => {
  const { preview, asked, shown } = loader();
  preview.want('old', '/');
  vi.advanceTimersByTime(100);
  preview.want('newer', '/');
  asked[0]?.reply(answer('old'));
  await Promise.resolve();
  expect(shown).toEqual([]);
});

test('an empty line clears at once and asks nothing', () => {
  const { preview, asked, shown } = loader();
  preview.want('ls', '/');
  preview.want('  ', '/');
  vi.advanceTimersByTime(500);
  expect(asked).toHaveLength(0);
  expect(shown).toEqual([null]);
});

test('a preview that fails shows nothing', async () => {
  const { preview, asked, shown } = loader();
  preview.want('ls', '/');
  vi.advanceTimersByTime(100);
  asked[0]?.fail();
  await vi.runAllTimersAsync();
  expect(shown).toEqual([null]);
});
