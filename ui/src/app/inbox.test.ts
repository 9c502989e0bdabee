import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { InboxRow, TaskView } from '../generated/wire';
import { aTask, Fake } from '../platform/fake';
import { aCommand, aQuestion, aRow, files, options } from '../platform/questions';
import AnswerWindow from './AnswerWindow.svelte';
import InboxWindow from './InboxWindow.svelte';

let shown: Record<string, unknown> | undefined;
let passed = 0;

beforeEach(() => {
  localStorage.clear();
  // The clock of the cards: time goes by when a test says so.
  passed = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => 1_000 + passed);
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
});
afterEach(async () => {
  if (shown) await unmount(shown);
  shown = undefined;
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

const until = (said: string) => vi.waitFor(() => expect(document.body.textContent).toContain(said));
const later = (ms = 400) => void (passed += ms);
const button = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.includes(name));
const selected = () => document.querySelector('[role=option][aria-selected=true]')?.textContent ?? '';

function press(key: string, target: EventTarget = document.activeElement ?? document.body) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  Object.defineProperty(event, 'timeStamp', { value: performance.now() });
  target.dispatchEvent(event);
  flushSync();
}

const THREE = [
  aRow('a', 'Release', aCommand({ risk: 'high' })),
  aRow('b', 'Paint', aQuestion({ text: 'Which colour?', options: options('Red', 'Blue'), open: true })),
  aRow('c', 'Fence', files()),
];

async function inboxOf(rows: InboxRow[], answers: Fake['answers'] = {}) {
  const now = { rows };
  const fake = new Fake({
    inbox: () => ({ rows: now.rows, more: false }),
    status: () => ({ paused: false, running_tasks: [{ ...aTask(), outcome: 'Last output 3 s ago', open_questions: 0 }], recent: [] }) as never,
    answer: ({ task }) => {
      now.rows = now.rows.filter((row) => row.task !== task);
      return aTask();
    },
    focused: () => ({}),
    ...answers,
  });
  shown = mount(InboxWindow, { target: document.body, props: { platform: fake } });
  await vi.waitFor(() => expect(fake.told).toContain('ready'));
  const sent = () => fake.asked.filter(({ command }) => command === 'answer').map(({ params }) => params as Record<string, unknown>);
  return { fake, now, sent };
}

test('Inbox: three questions of different kinds are answered by keys alone', async () => {
  const { sent } = await inboxOf(THREE);
  expect(document.activeElement?.getAttribute('role')).toBe('listbox');
  expect(selected()).toContain('Release');
  later();
  press('d');
  await vi.waitFor(() => expect(selected()).toContain('Paint'));
  // Meant for the card before.
  press('2');
  expect(sent()).toHaveLength(1);
  later();
  press('2');
  await vi.waitFor(() => expect(selected()).toContain('Fence'));
  await until('Answered “Blue”: Paint. 1 left.');
  later();
  press('a');
  await until('Nothing needs you');
  expect(sent().map(({ task, choice, decision }) => [task, choice || decision])).toEqual([
    ['a', { verdict: 'deny' }],
    ['b', 'Blue'],
    ['c', { verdict: 'approve', scope: 'once', files: { 'src/fence.rs': 'approve', 'notes/colours.md': 'approve', 'old/paint.cfg': 'approve' } }],
  ]);
});

test('Inbox: Enter leads to the request where the risk is high, else to the first control, and answers nothing by itself', async () => {
  const { sent } = await inboxOf(THREE);
  later();
  press('Enter');
  await vi.waitFor(() => expect(document.activeElement?.getAttribute('aria-label')).toBe('The whole command'));
  press('Enter');
  press('Escape');
  await vi.waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('listbox'));
  press('j');
  press('j');
  await until('may these 3 files be changed?');
  later();
  press('Enter');
  await vi.waitFor(() => expect(document.activeElement?.textContent).toContain('Approve all 3'));
  // The second press of a double one.
  (document.activeElement as HTMLElement).click();
  expect(sent()).toEqual([]);
  press('k');
  await vi.waitFor(() => expect(selected()).toContain('Paint'));
});

test('Inbox: in one column only the card that is shown takes answers', async () => {
  vi.stubGlobal('matchMedia', () => ({ matches: true, addEventListener: () => {}, removeEventListener: () => {} }));
  const { sent } = await inboxOf(THREE);
  press('j');
  later();
  press('1');
  expect([document.querySelector('article'), sent()]).toEqual([null, []]);
  press('Enter');
  await vi.waitFor(() => expect(document.activeElement?.textContent).toContain('Red'));
  expect(document.querySelector('[role=listbox]')).toBeNull();
  press('Escape');
  await vi.waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('listbox'));
  press('Enter');
  await vi.waitFor(() => expect(document.activeElement?.textContent).toContain('Red'));
  later();
  press('1');
  // On to the next card, and not onto what would answer it.
  await until('may these 3 files be changed?');
  await vi.waitFor(() => expect(document.activeElement?.textContent).toBe('Fence'));
  button('All questions')?.click();
  await vi.waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('listbox'));
});

test('Inbox: an approval until a moment is two steps, and a held key is one press', async () => {
  const { sent } = await inboxOf([aRow('a', 'Release', aCommand())]);
  later();
  press('u');
  await until('30 minutes');
  const repeated = new KeyboardEvent('keydown', { key: 'Enter', repeat: true, bubbles: true, cancelable: true });
  button('30 minutes')?.dispatchEvent(repeated);
  expect([repeated.defaultPrevented, sent()]).toEqual([true, []]);
  button('30 minutes')?.click();
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  const { scope, until: moment } = sent()[0]!.decision as { scope: string; until: string };
  const minutes = (Date.parse(moment) - Date.now()) / 60_000;
  expect([scope, Math.round(minutes)]).toEqual(['until', 30]);
});

test('Inbox: letters are letters where one types, and a draft is there again', async () => {
  const { sent, fake } = await inboxOf(THREE);
  press('j');
  const field = () => document.querySelector<HTMLTextAreaElement>('textarea');
  await vi.waitFor(() => expect(field()).not.toBeNull());
  field()!.focus();
  later();
  for (const key of ['a', '1', 'd', 'o', 'j', '?']) press(key, field()!);
  expect([sent(), fake.told, selected()]).toEqual([[], ['ready'], expect.stringContaining('Paint')]);
  field()!.value = 'sea gr';
  field()!.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
  press('Escape', field()!);
  await vi.waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('listbox'));
  press('k');
  press('j');
  await vi.waitFor(() => expect(field()?.value).toBe('sea gr'));
});

test('Inbox: Escape in the list closes, o opens the task, ? shows the keys', async () => {
  const { fake } = await inboxOf(THREE);
  press('o');
  press('?');
  await until('approve for this task');
  document.querySelector('dialog')?.dispatchEvent(new Event('close'));
  flushSync();
  expect(document.querySelector('dialog')).toBeNull();
  press('Escape');
  await vi.waitFor(() => expect(fake.told).toEqual(['ready', 'task a', 'close']));
});

test('Inbox: an answer that somebody else gave first says where and when, instead of an error', async () => {
  const answered = { choice: 'Red', by: 'in the terminal', at: new Date().toISOString(), surface: 'terminal' as const };
  const { fake, now } = await inboxOf(THREE.slice(1), {
    answer: () => {
      throw { code: 'already_answered', message: 'b has its answer already.', hint: '' };
    },
  });
  fake.answers.show = () => aTask({ id: 'b', questions: [{ ...THREE[1]!.question, state: 'answered', answered }] });
  later();
  now.rows = now.rows.slice(1);
  press('1');
  await until('Answered “Red” by you in the terminal, just now.');
  expect(document.querySelector('[role=alert]')).toBeNull();
  press('j');
  await vi.waitFor(() => expect(selected()).toContain('Fence'));
  expect(document.body.textContent).not.toContain('Paint');
});

test('Inbox: a change brings a question in without taking the eye away', async () => {
  const { fake, now } = await inboxOf(THREE.slice(0, 1));
  now.rows = THREE;
  fake.change('b', 'needs_you');
  await until('3 questions');
  expect(selected()).toContain('Release');
  expect(document.title).toBe('Inbox (3) · Errand');
});

test('Inbox: nothing to answer says what goes on, and offers work', async () => {
  const { fake } = await inboxOf([]);
  await until('Nothing needs you');
  button('make test')?.click();
  button('New task')?.click();
  expect(fake.told).toEqual(['ready', 'task bold-falcon-427', 'quick']);
});

test('Inbox: when Errand goes, what was read stays and the window says so', async () => {
  const { fake } = await inboxOf(THREE);
  fake.lose();
  await until('Errand is not running');
  expect(selected()).toContain('Release');
});

async function answerOf(view: TaskView, answers: Fake['answers'] = {}) {
  const now = { view };
  const fake = new Fake({ show: () => now.view, answer: () => now.view, focused: () => ({}), ...answers });
  shown = mount(AnswerWindow, { target: document.body, props: { platform: fake, id: view.id, name: 'q1' } });
  await vi.waitFor(() => expect(fake.told).toContain('ready'));
  return { fake, now };
}

const asking = (question = THREE[1]!.question) => aTask({ state: 'needs_you', title: 'Paint the fence', questions: [question] });

test('Answer: stands on its first control, answers and closes', async () => {
  const { fake } = await answerOf(asking());
  expect(document.activeElement?.textContent).toContain('Red');
  expect(document.title).toBe('Paint the fence asks · Errand');
  press('1');
  expect(fake.asked.some(({ command }) => command === 'answer')).toBe(false);
  later();
  press('1');
  await vi.waitFor(() => expect(fake.told).toContain('close'));
});

test('Answer: a high risk is not approved by Enter', async () => {
  const { fake } = await answerOf(asking(THREE[0]!.question));
  expect(document.activeElement?.getAttribute('aria-label')).toBe('The whole command');
  later();
  press('Enter');
  expect(fake.asked.some(({ command }) => command === 'answer')).toBe(false);
  press('o');
  expect(fake.told).toContain('task bold-falcon-427');
});

test('Answer: one that is settled says by whom, where and when', async () => {
  const answered = { choice: 'Red', by: 'in the tray', at: new Date().toISOString(), surface: 'tray' as const };
  const { fake, now } = await answerOf(asking());
  now.view = asking({ ...THREE[1]!.question, state: 'answered', answered });
  fake.change('bold-falcon-427');
  await until('Answered “Red” by you in the tray, just now.');
  button('Close')?.click();
  expect(fake.told).toContain('close');
});

test('Answer: a question that is not there is explained', async () => {
  await answerOf(aTask());
  await until('bold-falcon-427 has no question q1.');
});
