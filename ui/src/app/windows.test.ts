import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ArtifactView, FieldView, TaskRow, TaskView } from '../generated/wire';
import { aTask, aLine, Fake } from '../platform/fake';
import QuickWindow from './QuickWindow.svelte';
import TaskWindow from './TaskWindow.svelte';

let shown: Record<string, unknown> | undefined;

beforeEach(() => localStorage.clear());
afterEach(async () => {
  if (shown) await unmount(shown);
  document.body.innerHTML = '';
});

const until = (said: string) => vi.waitFor(() => expect(document.body.textContent).toContain(said));
const button = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim().startsWith(name));

function press(target: EventTarget, key: string, more: KeyboardEventInit = {}) {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
  flushSync();
}

function quick(answers: Fake['answers'], rows: Partial<TaskRow>[] = []) {
  const tasks = rows.map((row) => ({ ...aTask(), outcome: '', open_questions: 0, ...row }));
  const preview = { argv: ['make'], path: '/usr/bin/make', cwd: '/', problem: null, note: null };
  const fake = new Fake({ list: () => ({ tasks, next: null }), preview: () => preview, ...answers });
  shown = mount(QuickWindow, { target: document.body, props: { platform: fake } });
  flushSync();
  return fake;
}

function type(line: string): HTMLInputElement {
  const input = document.querySelector<HTMLInputElement>('#program');
  if (!input) throw new Error('no field');
  input.value = line;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
  return input;
}

test('Quick: Enter hands the line over and says so', async () => {
  const fake = quick({ run: () => ({ id: 'bold-falcon-427', duplicate: false, notes: [] }) });
  expect(document.activeElement?.id).toBe('program');
  press(type('make test'), 'Enter');
  await until('Handed over as bold-falcon-427');
  expect(type('').value).toBe('');
  expect(fake.told).not.toContain('close');
});

test('Quick: Control and Enter closes too, but not after a refusal', async () => {
  const full = { code: 'disk_full', message: 'The disk is full.', hint: 'Free some space.' };
  const fake = quick({
    run: () => {
      throw full;
    },
  });
  press(type('make test'), 'Enter', { ctrlKey: true });
  await until('The disk is full. ');
  expect(fake.told).not.toContain('close');
  fake.answers.run = () => ({ id: 'bold-falcon-427', duplicate: false, notes: [] });
  press(type('make test'), 'Enter', { ctrlKey: true });
  await vi.waitFor(() => expect(fake.told).toContain('close'));
});

test('Quick: Escape closes and keeps the draft', () => {
  const fake = quick({});
  press(type('make te'), 'Escape');
  expect(fake.told).toContain('close');
  expect(localStorage.getItem('errand.quick.line')).toBe('make te');
});

test('Quick: arrows lead into the list and back, Enter on a row opens it', async () => {
  const fake = quick({}, [{ id: 'a', title: 'first' }, { id: 'b', title: 'second' }]);
  await until('second');
  const input = type('');
  press(input, 'ArrowDown');
  expect(document.activeElement?.textContent).toContain('first');
  press(document.activeElement ?? input, 'ArrowDown');
  (document.activeElement as HTMLElement).click();
  expect(fake.told).toContain('task b');
  press(document.activeElement ?? input, 'ArrowUp');
  press(document.activeElement ?? input, 'ArrowUp');
  expect(document.activeElement).toBe(input);
});

test('Quick: the first task is one press away', async () => {
  const fake = quick({ run: () => ({ id: 'bold-falcon-427', duplicate: false, notes: [] }) });
  await until('No tasks yet');
  button('Try it')?.click();
  await until('Handed over');
  expect(fake.asked.find(({ command }) => command === 'run')?.params).toMatchObject({ line: 'uname -a' });
});

function taskWindow(first: Partial<TaskView>, answers: Fake['answers'] = {}) {
  const now = { view: aTask(first) };
  const fake = new Fake({
    show: () => now.view,
    history: () => ({ rows: [] }),
    log: () => ({ lines: [aLine(1, { text: 'hello from it' })], next: 2, left_out: 0 }),
    opened: () => ({}),
    focused: () => ({}),
    ...answers,
  });
  shown = mount(TaskWindow, { target: document.body, props: { platform: fake, id: 'bold-falcon-427' } });
  flushSync();
  return { fake, now };
}

const artifact: ArtifactView = { run: 1, report: 'r', html: '<p>See <a href="https://example.org/x">this</a></p>', format: 'markdown', outcome: 'Done', notify: true, verification: [], at: '2026-03-02T09:00:00.000Z' };

test('Task: the log while it runs, the result once it ended', async () => {
  const { fake, now } = taskWindow({ state: 'running' });
  await until('hello from it');
  now.view = aTask({ state: 'completed', artifact });
  fake.change('bold-falcon-427', 'completed');
  await until('See this');
  expect(document.querySelector('[role=tab][aria-selected=true]')?.textContent).toBe('Result');
});

test('Task: arrows move between tabs', async () => {
  taskWindow({ state: 'completed', artifact });
  await until('See this');
  const tab = document.querySelector<HTMLElement>('#tab-result');
  tab?.focus();
  press(tab ?? document, 'ArrowLeft');
  expect(document.activeElement?.id).toBe('tab-details');
  expect(document.querySelector('[role=tabpanel]')?.getAttribute('aria-labelledby')).toBe('tab-details');
});

test('Task: a link is only opened after the person has seen where it leads', async () => {
  const { fake } = taskWindow({ state: 'completed', artifact });
  await until('See this');
  document.querySelector<HTMLElement>('.rendered a')?.click();
  await until('https://example.org/x');
  expect(fake.told.join()).not.toContain('link');
  button('Open')?.click();
  expect(fake.told).toContain('link https://example.org/x');
});

test('Task: a question is answered with its choice', async () => {
  const question = { id: 'q1', task: null, kind: 'blocker', text: 'Go on?', options: [{ name: 'wait', label: 'Keep waiting' }], open: false, fields: [], approval: null, state: 'open', asked_at: '2026-03-02T09:00:00.000Z', answered: null };
  const { fake, now } = taskWindow({ state: 'needs_you', questions: [question] });
  fake.answers.answer = () => (now.view = aTask());
  await until('Go on?');
  button('Keep waiting')?.click();
  await vi.waitFor(() => expect(document.body.textContent).not.toContain('Go on?'));
  const params = { task: 'bold-falcon-427', question: 'q1', choice: 'wait', surface: 'window' };
  expect(fake.asked.find(({ command }) => command === 'answer')?.params).toEqual(params);
});

test('Task: a worker is answered in the person\'s own words', async () => {
  const question = { id: 'q1', task: null, kind: 'user_input', text: 'Which colour?', options: [], open: true, fields: [], approval: null, state: 'open', asked_at: '2026-03-02T09:00:00.000Z', answered: null };
  const { fake, now } = taskWindow({ state: 'needs_you', questions: [question] });
  fake.answers.answer = () => (now.view = aTask());
  await until('Which colour?');
  const own = document.querySelector<HTMLTextAreaElement>('textarea[aria-label="Your answer"]');
  expect(button('Send')?.disabled).toBe(true);
  own!.value = ' sea green ';
  own!.dispatchEvent(new Event('input', { bubbles: true }));
  await vi.waitFor(() => expect(button('Send')?.disabled).toBe(false));
  own!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(document.body.textContent).not.toContain('Which colour?'));
  const params = { task: 'bold-falcon-427', question: 'q1', choice: 'sea green', surface: 'window' };
  expect(fake.asked.find(({ command }) => command === 'answer')?.params).toEqual(params);
});

test('Task: several things are asked in one form, and a secret is not shown while it is typed', async () => {
  const field: Omit<FieldView, 'name' | 'label'> = { kind: 'text', options: [], open: false, required: true, secret: false, default: null, min: null, max: null };
  const fields = [{ ...field, name: 'user', label: 'User' }, { ...field, name: 'word', label: 'Password', secret: true }];
  const question = { id: 'q1', task: null, kind: 'user_input', text: 'Sign in?', options: [], open: false, fields, approval: null, state: 'open', asked_at: '2026-03-02T09:00:00.000Z', answered: null };
  const { fake, now } = taskWindow({ state: 'needs_you', questions: [question] });
  fake.answers.answer = () => (now.view = aTask());
  await until('Sign in?');
  const inputs = [...document.querySelectorAll<HTMLInputElement>('form input')];
  expect(inputs.map(({ type }) => type)).toEqual(['text', 'password']);
  expect(inputs.map(({ labels }) => labels?.[0]?.textContent?.trim())).toEqual(['User', 'Password']);
  for (const [n, value] of ['ada', 'canary'].entries()) {
    expect(button('Send')?.disabled).toBe(true);
    inputs[n]!.value = value;
    inputs[n]!.dispatchEvent(new Event('input', { bubbles: true }));
  }
  await vi.waitFor(() => expect(button('Send')?.disabled).toBe(false));
  button('Send')?.click();
  await vi.waitFor(() => expect(document.body.textContent).not.toContain('Sign in?'));
  const params = { task: 'bold-falcon-427', question: 'q1', choice: '', fields: { user: 'ada', word: 'canary' }, surface: 'window' };
  expect(fake.asked.find(({ command }) => command === 'answer')?.params).toEqual(params);
});

test('Task: when Errand goes, the window says so and reconnects on Retry', async () => {
  const { fake } = taskWindow({ state: 'running' });
  await until('hello from it');
  fake.lose();
  await until('Errand is not running');
  fake.down = false;
  button('Retry')?.click();
  await vi.waitFor(() => expect(document.body.textContent).not.toContain('Errand is not running'));
  expect(fake.feeds.map(({ feed }) => feed.feed).sort()).toEqual(['changes', 'log']);
});

test('Task: one that is not there is explained', async () => {
  taskWindow({}, {
    show: () => {
      throw { code: 'task_not_found', message: 'There is no such task.', hint: '' };
    },
  });
  await until('There is no such task.');
});

test('Task: sub-tasks are listed with their states, lead to their windows, and ask here', async () => {
  const subtasks = [
    { id: 'calm-owl-101', level: 1, title: 'red', state: 'completed', outcome: 'Painted.' },
    { id: 'calm-owl-102', level: 2, title: 'dark red', state: 'needs_you', outcome: 'It asks' },
  ] as const;
  const question = { id: 'calm-owl-102/q1', task: 'calm-owl-102', kind: 'user_input', text: 'Which red?' };
  const questions = [{ ...question, options: [], open: true, fields: [], approval: null, state: 'open', asked_at: aTask().created_at, answered: null }];
  const view: TaskView = { ...aTask(), parent: 'calm-owl-100', subtasks: [...subtasks], questions };
  const fake = new Fake({ show: () => view, history: () => ({ rows: [] }), answer: () => view, opened: () => ({}) });
  shown = mount(TaskWindow, { target: document.body, props: { platform: fake, id: view.id } });
  await until('Its sub-task calm-owl-102 asks you');
  const details = [...document.querySelectorAll<HTMLElement>('[role=tab]')].find((tab) => tab.textContent?.includes('Details'));
  details?.click();
  await until('red: Completed');
  button('calm-owl-100')?.click();
  button('calm-owl-101')?.click();
  expect(fake.told).toEqual(expect.arrayContaining(['task calm-owl-100', 'task calm-owl-101']));
});
