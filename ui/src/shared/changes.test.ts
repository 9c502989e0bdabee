import { afterEach, expect, test, vi } from 'vitest';
import { Fake, gone } from '../platform/fake';
import { Changes } from './changes.svelte';

function listen(fake: Fake) {
  const heard: string[] = [];
  const changes = new Changes(fake, { changed: (row) => void heard.push(row.task ?? 'all'), stale: () => void heard.push('stale') });
  return { changes, heard };
}
const cursors = (fake: Fake) => fake.feeds.map(({ feed }) => ('cursor' in feed ? feed.cursor : undefined));
const turn = () => new Promise((resolve) => setTimeout(resolve));

afterEach(() => vi.useRealTimers());

test('is live once it is up to date, and everything is read then', async () => {
  const fake = new Fake();
  const { changes, heard } = listen(fake);
  changes.open();
  expect(changes.status).toBe('connecting');
  await turn();
  expect([changes.status, heard]).toEqual(['live', ['stale']]);
});

test('after a loss it goes on behind the last change it saw', async () => {
  const fake = new Fake();
  const { changes, heard } = listen(fake);
  changes.open();
  await turn();
  fake.change('a');
  fake.change('b');
  fake.lose();
  expect([changes.status, changes.error?.code, changes.retrying]).toEqual(['lost', 'engine_unreachable', false]);
  fake.down = false;
  changes.open();
  expect([changes.retrying, cursors(fake)]).toEqual([true, [3]]);
  await turn();
  expect([changes.status, changes.error, heard]).toEqual(['live', null, ['stale', 'a', 'b', 'stale']]);
});

test('a retry that finds nobody is lost again', async () => {
  const fake = new Fake();
  const { changes } = listen(fake);
  fake.down = true;
  changes.open();
  await turn();
  expect(changes.status).toBe('lost');
  changes.open();
  await turn();
  expect(changes.status).toBe('lost');
  expect(fake.feeds).toHaveLength(0);
});

test('a gap means that everything must be read', async () => {
  const fake = new Fake();
  const { changes, heard } = listen(fake);
  changes.open();
  await turn();
  fake.emit('changes', { event: 'gap', cursor: 90 });
  expect(heard).toEqual(['stale', 'stale']);
  changes.open();
  expect(cursors(fake)).toEqual([90]);
});

test('a command that finds nobody counts as a loss, and quitting is said', async () => {
  const fake = new Fake();
  const { changes } = listen(fake);
  changes.open();
  await turn();
  fake.emit('changes', { event: 'quitting' });
  expect(changes.status).toBe('leaving');
  changes.lose(gone);
  expect([changes.status, fake.feeds.length]).toEqual(['lost', 0]);
});

/** With a clock of its own and nobody to answer. */
async function alone() {
  vi.useFakeTimers();
  const fake = new Fake();
  const { changes } = listen(fake);
  fake.down = true;
  changes.open();
  await vi.advanceTimersByTimeAsync(0);
  return { fake, changes };
}

test('another engine is found without asking, and looked for more rarely as time goes by', async () => {
  const { fake, changes } = await alone();
  expect([changes.status, changes.retrying]).toEqual(['lost', false]);
  const looks = vi.spyOn(fake, 'subscribe');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks.mock.calls.length).toBe(7);
  expect(changes.status).toBe('lost');
  fake.down = false;
  await vi.advanceTimersByTimeAsync(15_000);
  expect([changes.status, changes.error]).toEqual(['live', null]);
});

test('who is closed looks no more', async () => {
  const { fake, changes } = await alone();
  changes.close();
  const looks = vi.spyOn(fake, 'subscribe');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).not.toHaveBeenCalled();
});
