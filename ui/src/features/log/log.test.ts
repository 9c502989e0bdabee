import { expect, test } from 'vitest';
import type { LogLine, ReadLog } from '../../generated/wire';
import { aLine, Fake } from '../../platform/fake';
import { Log } from './log.svelte';

const now = (draw: () => void) => draw();
const seqs = (log: Log) => log.chunks.flatMap(({ rows }) => rows.map(({ line }) => line.seq));
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => aLine(from + i));

/** An engine that has printed so many lines. */
function printed(count: number): Fake {
  const all: LogLine[] = lines(1, count);
  return new Fake({
    log: ({ from, limit = 100 }: ReadLog) => {
      const page = from === undefined ? all.slice(-limit) : all.filter(({ seq }) => seq >= from).slice(0, limit);
      return { lines: page, next: (page.at(-1)?.seq ?? 0) + 1, left_out: 0 };
    },
  });
}
const from = (fake: Fake) => fake.feeds.flatMap(({ feed }) => (feed.feed === 'log' ? [feed.from] : []));

test('shows the end, then follows from there without a line twice', async () => {
  const fake = printed(3);
  const log = new Log(fake, 't', now);
  await log.toEnd();
  expect(from(fake)).toEqual([4]);
  fake.print([aLine(3), aLine(4)]);
  expect(seqs(log)).toEqual([1, 2, 3, 4]);
  expect(log.status).toBe('live');
});

test('counts what comes while one reads back, and forgets it at the end', async () => {
  const fake = printed(3);
  const log = new Log(fake, 't', now);
  await log.toEnd();
  log.at(10, false);
  fake.print(lines(4, 9));
  expect([log.following, log.unseen]).toEqual([false, 6]);
  log.at(100, true);
  expect([log.following, log.unseen]).toEqual([true, 0]);
});

test('draws once for many batches', async () => {
  const fake = printed(1);
  const draws: (() => void)[] = [];
  const log = new Log(fake, 't', (draw) => void draws.push(draw));
  await log.toEnd();
  for (let seq = 2; seq < 50; seq += 1) fake.print([aLine(seq)]);
  expect(draws).toHaveLength(1);
  draws[0]?.();
  expect(seqs(log)).toHaveLength(49);
});

test('ends with the run and goes on with the next one', async () => {
  const fake = printed(2);
  const log = new Log(fake, 't', now);
  await log.toEnd();
  fake.emit('log', { event: 'log_end' });
  expect(log.status).toBe('ended');
  expect(from(fake)).toEqual([]);
  await log.reconnect();
  expect(from(fake)).toEqual([3]);
  fake.print([aLine(3, { run: 2 })]);
  expect(seqs(log)).toEqual([1, 2, 3]);
});

test('after a loss it goes on where it stopped', async () => {
  const fake = printed(2);
  const log = new Log(fake, 't', now);
  await log.toEnd();
  fake.print([aLine(3)]);
  fake.lose();
  expect(log.status).toBe('stopped');
  fake.down = false;
  await log.reconnect();
  expect(from(fake)).toEqual([4]);
  expect(log.error).toBeNull();
});

test('reads pages from the start, then back to the end', async () => {
  const fake = printed(4500);
  const log = new Log(fake, 't', now);
  await log.toEnd();
  expect([log.earlier, seqs(log)[0]]).toEqual([true, 2501]);
  await log.fromStart();
  expect([seqs(log)[0], seqs(log).at(-1), log.later]).toEqual([1, 2000, true]);
  expect(from(fake)).toEqual([]);
  await log.more();
  await log.more();
  expect([seqs(log).at(-1), log.later, log.earlier]).toEqual([4500, false, false]);
  await log.toEnd();
  expect([log.place, log.following, seqs(log)[0]]).toEqual(['end', true, 2501]);
});

test('says why it cannot be read', async () => {
  const fake = printed(1);
  fake.down = true;
  const log = new Log(fake, 't', now);
  await log.toEnd();
  expect([log.status, log.error?.code]).toEqual(['stopped', 'engine_unreachable']);
});
