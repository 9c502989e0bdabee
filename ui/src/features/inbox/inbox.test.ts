import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { InboxRow, TaskView } from '../../generated/wire';
import { aTask, Fake } from '../../platform/fake';
import { aQuestion, aRow, options } from '../../platform/questions';
import { Inbox, nameOf } from './inbox.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const asks = (task: string): InboxRow => aRow(task, `title of ${task}`, aQuestion({ options: options('Red') }));

async function loaded(...tasks: string[]) {
  const now = { rows: tasks.map(asks), view: aTask() as TaskView };
  const status = { running_tasks: [], recent: [] } as never;
  const fake = new Fake({ inbox: () => ({ rows: now.rows, more: false }), status: () => status, show: () => now.view, focused: () => ({}) });
  const inbox = new Inbox(fake, () => {});
  await inbox.load();
  const names = () => inbox.rows.map(({ task }) => task);
  return { inbox, now, fake, names };
}

const without = (rows: InboxRow[], task: string) => rows.filter((row) => row.task !== task);

test('the oldest is looked at first, and moving stops at the ends', async () => {
  const { inbox } = await loaded('a', 'b', 'c');
  expect(inbox.at).toBe('a/q1');
  inbox.move(1);
  inbox.move(1);
  inbox.move(1);
  expect(inbox.at).toBe('c/q1');
  inbox.move(-5);
  expect(inbox.at).toBe('a/q1');
});

test('after an answer the next one is looked at, and what was done is said', async () => {
  const { inbox, now, names } = await loaded('a', 'b', 'c');
  inbox.move(1);
  inbox.answered(now.rows[1]!, 'Approved');
  expect([inbox.at, names(), inbox.said]).toEqual(['c/q1', ['a', 'c'], 'Approved: title of b. 2 left.']);
  inbox.answered(now.rows[2]!, 'Denied');
  expect([inbox.at, inbox.said]).toEqual(['a/q1', 'Denied: title of c. 1 left.']);
  inbox.answered(now.rows[0]!, 'Answered');
  expect([inbox.at, inbox.said]).toEqual([null, 'Answered: title of a. Nothing else needs you.']);
});

test('a list that was read before the answer does not bring the question back', async () => {
  const { inbox, now, fake, names } = await loaded('a', 'b');
  let reply = (_: { rows: InboxRow[]; more: boolean }): void => {};
  fake.answers.inbox = () => new Promise((resolve) => (reply = resolve));
  const reading = inbox.load();
  inbox.answered(now.rows[0]!, 'Answered');
  reply({ rows: now.rows, more: false });
  await reading;
  expect([names(), inbox.at]).toEqual([['b'], 'b/q1']);
});

test('new ones come in behind without moving the eye', async () => {
  const { inbox, now, names } = await loaded('b', 'c');
  inbox.move(1);
  now.rows = ['a', 'b', 'c', 'd'].map(asks);
  await inbox.load();
  expect([inbox.at, names()]).toEqual(['c/q1', ['a', 'b', 'c', 'd']]);
});

test('one that somebody else answers stays in its place and says so, until one goes on', async () => {
  const { inbox, now, names } = await loaded('a', 'b', 'c');
  inbox.move(1);
  const answered = { choice: 'Red', by: 'in the terminal', at: '2026-03-02T09:00:00Z', surface: 'terminal' as const };
  now.view = aTask({ id: 'b', questions: [aQuestion({ state: 'answered', answered })] });
  now.rows = without(now.rows, 'b');
  await inbox.load();
  expect([inbox.settled?.answered, inbox.at, names(), inbox.count]).toEqual([answered, 'b/q1', ['a', 'b', 'c'], 2]);
  await inbox.load();
  expect(names()).toEqual(['a', 'b', 'c']);
  inbox.move(1);
  expect([inbox.settled, inbox.at, names()]).toEqual([null, 'c/q1', ['a', 'c']]);
});

test('the last one, answered elsewhere, leads back or to an empty list', async () => {
  const { inbox, now, names } = await loaded('a', 'b');
  inbox.move(1);
  now.rows = without(now.rows, 'b');
  now.view = aTask({ id: 'b', questions: [aQuestion({ state: 'withdrawn' })] });
  await inbox.load();
  inbox.move(1);
  expect([inbox.at, names()]).toEqual(['a/q1', ['a']]);
  now.rows = [];
  now.view = aTask({ id: 'a', questions: [] });
  await inbox.load();
  expect(inbox.settled?.state).toBe('withdrawn');
  inbox.leaveSettled();
  expect([inbox.at, names()]).toEqual([null, []]);
});

test('many changes are one reading, and what goes on is read only when nothing needs the person', async () => {
  const { inbox, now, fake } = await loaded('a');
  const count = (command: string) => fake.asked.filter((one) => one.command === command).length;
  for (let n = 0; n < 50; n += 1) inbox.soon();
  await vi.runAllTimersAsync();
  expect([count('inbox'), count('status')]).toEqual([2, 0]);
  now.rows = [];
  now.view = aTask({ questions: [] });
  await inbox.load();
  inbox.leaveSettled();
  await vi.runAllTimersAsync();
  expect(count('status')).toBe(1);
});

test('the engine is told which task is looked at', async () => {
  const { inbox, fake } = await loaded('a', 'b');
  inbox.inFront(true);
  inbox.move(1);
  inbox.inFront(false);
  const told = fake.asked.filter(({ command }) => command === 'focused').map(({ params }) => params);
  expect(told).toEqual([{ task: 'a' }, { task: 'b' }, { task: null, left: 'b' }]);
});

test('a question below is named by the task that asks', () => {
  expect(nameOf(aRow('top', '', aQuestion({ id: 'below/q2', task: 'below' })))).toBe('below/q2');
});
