import { expect, test } from 'vitest';
import type { QuestionView, WireError } from '../../generated/wire';
import { aTask, Fake } from '../../platform/fake';
import { aCommand, aField, aQuestion, files, options } from '../../platform/questions';
import { Drafts } from '../../shared/drafts';
import { Guard } from '../../shared/guard';
import { Card } from './card.svelte';
import { pressOn } from './press';

function carded(question: QuestionView, words = new Map<string, string>()) {
  const clock = { now: 10_000 };
  const heard: string[] = [];
  const fake = new Fake({ answer: () => aTask() });
  const keep = { get: (name: string) => words.get(name) ?? null, set: (name: string, value: string) => void words.set(name, value) };
  const outcome = {
    answered: (_: unknown, said: string) => void heard.push(said),
    settled: (error: WireError) => void heard.push(error.code),
    gone: (error: WireError) => void heard.push(error.code),
  };
  const guard = new Guard(() => clock.now);
  const card = new Card('bold-falcon-427', question, { platform: fake, drafts: new Drafts(keep), outcome, guard });
  card.guard.shown();
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const press = async (key: string, more: Partial<KeyboardEvent> = {}) => {
    const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, repeat: false, timeStamp: clock.now };
    const ours = pressOn(card, { key, ...plain, ...more }, () => void heard.push('reason'));
    await settle();
    return ours;
  };
  const sent = () => fake.asked.map(({ params }) => params as Record<string, unknown>);
  return { card, clock, fake, heard, press, sent, words };
}

test('a key that comes too soon is swallowed and does nothing', async () => {
  const { clock, press, sent } = carded(aCommand());
  expect(await press('a')).toBe(true);
  clock.now += 399;
  expect(await press('d')).toBe(true);
  expect(sent()).toEqual([]);
  clock.now += 1;
  // Pressed before, and only now come to.
  await press('a', { timeStamp: clock.now - 100 });
  expect(sent()).toEqual([]);
  await press('a');
  expect(sent()).toEqual([{ task: 'bold-falcon-427', question: 'q1', choice: '', decision: { verdict: 'approve', scope: 'once' }, surface: 'window' }]);
});

test('a key held down, with a modifier or of no use is not an answer', async () => {
  const { clock, press, sent } = carded(aCommand({ covers: null }));
  clock.now += 500;
  await press('a', { repeat: true });
  expect(await press('a', { ctrlKey: true })).toBe(false);
  expect(await press('t')).toBe(false);
  expect(await press('1')).toBe(false);
  expect(await press('l')).toBe(false);
  expect(sent()).toEqual([]);
});

test('each key does what it says', async () => {
  const does = async (key: string, question: QuestionView) => {
    const { clock, press, sent, heard } = carded(question);
    clock.now += 500;
    await press(key);
    return [sent()[0]?.decision ?? sent()[0]?.choice, heard];
  };
  expect(await does('t', aCommand())).toEqual([{ verdict: 'approve', scope: 'task' }, ['Approved for this task']]);
  expect(await does('d', aCommand())).toEqual([{ verdict: 'deny' }, ['Denied']]);
  expect(await does('r', aCommand())).toEqual([undefined, ['reason']]);
  expect(await does('2', aQuestion({ options: options('Red', 'Blue') }))).toEqual(['Blue', ['Answered “Blue”']]);
});

test('a change under the person has to be looked at again, more of the same has not', async () => {
  const { card, clock, press, sent } = carded(aCommand());
  clock.now += 500;
  card.take(aCommand({ alike: 3 }));
  clock.now += 1;
  await press('l');
  expect(card.alike).toBe(true);
  card.take(aCommand({ command: { line: 'rm -rf .', cwd: '/', programs: [] } }));
  clock.now += 100;
  await press('a');
  expect(sent()).toEqual([]);
});

test('identical requests are answered together when the person says so', async () => {
  const { card, heard, sent } = carded(aCommand({ alike: 2 }));
  card.alike = true;
  await card.approve();
  expect(sent()[0]?.decision).toEqual({ verdict: 'approve', scope: 'once', alike: true });
  expect(heard).toEqual(['Approved, and 2 alike']);
});

test('each file is decided by itself, with a reason for those that are denied', async () => {
  const { card, heard, sent } = carded(files({ covers: 'all of them' }));
  card.verdicts['old/paint.cfg'] = 'deny';
  card.reason = 'still needed';
  expect(card.reaches).toBe(false);
  await card.approve();
  const each = { 'src/fence.rs': 'approve', 'notes/colours.md': 'approve', 'old/paint.cfg': 'deny' };
  expect(sent()[0]?.decision).toEqual({ verdict: 'approve', scope: 'once', files: each, reason: 'still needed' });
  expect(heard).toEqual(['Approved 2 of 3 files']);
});

test('what was decided before is not decided again', async () => {
  const [first, ...others] = files().approval?.files ?? [];
  const { card, sent } = carded(files({ files: first ? [{ ...first, verdict: 'approve' }, ...others] : [] }));
  card.verdicts['old/paint.cfg'] = 'deny';
  await card.approve();
  expect(sent()[0]?.decision).toMatchObject({ files: { 'notes/colours.md': 'approve', 'old/paint.cfg': 'deny' } });
  expect(card.files).toHaveLength(2);
});

test('all files denied is a refusal', async () => {
  const { card, sent } = carded(files());
  for (const { path } of card.approval?.files ?? []) card.verdicts[path] = 'deny';
  await card.approve();
  expect(sent()[0]?.decision).toEqual({ verdict: 'deny' });
});

test('an approval until a moment names it', async () => {
  const { card, sent } = carded(aCommand());
  await card.approve('until', new Date('2026-03-02T14:00:00Z'));
  expect(sent()[0]?.decision).toEqual({ verdict: 'approve', scope: 'until', until: '2026-03-02T14:00:00.000Z' });
});

test('drafts survive, secrets do not, and an answer ends them', async () => {
  const fields = [aField('user'), aField('password', { secret: true })];
  const question = aQuestion({ fields, open: true });
  const { card, words } = carded(question);
  card.text = 'almost';
  card.values = { user: 'ada', password: 'canary' };
  card.typed();
  expect([...words.values()].join()).not.toContain('canary');
  const again = carded(question, words).card;
  expect([again.text, again.values]).toEqual(['almost', { user: 'ada', password: '' }]);
  await again.say();
  expect(carded(question, words).card.text).toBe('');
});

test('what is refused stays open with its reason, what is settled is told', async () => {
  const { card, fake, heard } = carded(aQuestion({ open: true }));
  const refusing = (code: string) => () => {
    throw { code, message: 'No.', hint: '' };
  };
  card.text = 'x';
  fake.answers.answer = refusing('bad_answer');
  await card.say();
  expect([card.refusal?.code, card.busy, card.text, heard]).toEqual(['bad_answer', false, 'x', []]);
  fake.answers.answer = refusing('already_answered');
  await card.say();
  expect([card.refusal, heard]).toEqual([null, ['already_answered']]);
});
