import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { aDelivery, aTask, Fake } from '../../platform/fake';
import type { TaskView, WireError } from '../../generated/wire';
import { Task } from './task.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function scripted(first: Partial<TaskView> = {}) {
  const now = { view: aTask(first) };
  const fake = new Fake({
    show: () => now.view,
    history: () => ({ rows: [] }),
    opened: () => ({}),
    focused: () => ({}),
    cancel: ({ tasks }) => ({ changed: tasks, refused: {} }),
    pause: () => ({ changed: [], refused: {} }),
  });
  const lost: WireError[] = [];
  const task = new Task(fake, 'bold', (error) => void lost.push(error));
  const count = (command: string) => fake.asked.filter((one) => one.command === command).length;
  return { fake, task, now, lost, count };
}

test('many changes at once are read once, those of other tasks not at all', async () => {
  const { fake, task, count } = scripted();
  await task.load();
  const row = { cursor: 2, at: '', subject: 'task' as const, subject_id: '', from: '', to: '', reason: { code: '', text: '' } };
  for (let i = 0; i < 20; i += 1) task.heard({ ...row, task: 'bold-falcon-427' });
  task.heard({ ...row, task: 'calm-otter-1' });
  await vi.runAllTimersAsync();
  expect(count('show')).toBe(2);
  task.heard({ ...row, task: 'calm-otter-1' });
  await vi.runAllTimersAsync();
  expect(count('show')).toBe(2);
  expect(fake.asked.at(0)?.params).toEqual({ task: 'bold' });
});

test('cancelling running work asks first, cancelling queued work does not', async () => {
  const running = scripted({ state: 'running' });
  await running.task.load();
  await running.task.act('cancel');
  expect([running.task.confirming, running.count('cancel')]).toEqual([true, 0]);
  await running.task.act('cancel');
  expect([running.task.confirming, running.count('cancel')]).toEqual([false, 1]);

  const queued = scripted({ state: 'queued' });
  await queued.task.load();
  await queued.task.act('cancel');
  expect(queued.count('cancel')).toBe(1);
});

test('the question about cancelling goes when the task ends by itself', async () => {
  const { task, now } = scripted({ state: 'running' });
  await task.load();
  await task.act('cancel');
  now.view = aTask({ state: 'completed' });
  await task.load();
  expect(task.confirming).toBe(false);
  expect(task.announcement).toContain('Completed');
});

test('an action that the state does not offer is not asked for', async () => {
  const { task, count } = scripted({ state: 'completed' });
  await task.load();
  await task.act('cancel');
  await task.act('pause');
  expect(count('cancel') + count('pause')).toBe(0);
});

test('a refusal inside a reply is said', async () => {
  const { fake, task } = scripted({ state: 'running' });
  const refused = { code: 'illegal_state', message: 'It has ended.', hint: '' };
  fake.answers.pause = () => ({ changed: [], refused: { 'bold-falcon-427': refused } });
  await task.load();
  await task.act('pause');
  expect(task.refusal).toEqual(refused);
  expect(task.busy).toBe(false);
});

test('an answer that came too late is shown, and the task is read again', async () => {
  const { task, count } = scripted({ state: 'needs_you' });
  await task.load();
  task.settled({ code: 'already_answered', message: 'Answered in the terminal.', hint: '' });
  expect(task.refusal?.code).toBe('already_answered');
  await vi.runAllTimersAsync();
  expect(count('show')).toBe(2);
});

test('while nobody answers, what was read stays', async () => {
  const { fake, task, lost } = scripted();
  await task.load();
  fake.down = true;
  await task.load();
  expect(task.view?.id).toBe('bold-falcon-427');
  expect(task.problem).toBeNull();
  expect(lost).toHaveLength(1);
});

test('the engine is told which window is in front, and when it is left', async () => {
  const { fake, task } = scripted();
  await task.load();
  task.seen();
  task.seen();
  task.inFront(false);
  task.inFront(false);
  task.seen();
  task.close();
  const told = fake.asked.filter(({ command }) => command === 'focused').map(({ params }) => params);
  const id = 'bold-falcon-427';
  expect(told).toEqual([{ task: id }, { task: null, left: id }, { task: id }, { task: null, left: id }]);
});

test('opening settles notifications once each', async () => {
  const { task, now, count } = scripted();
  task.seen();
  await task.load();
  task.seen();
  task.seen();
  expect(count('opened')).toBe(1);
  now.view = aTask({ deliveries: [aDelivery()] });
  await task.load();
  task.seen();
  task.seen();
  expect(count('opened')).toBe(2);
});
