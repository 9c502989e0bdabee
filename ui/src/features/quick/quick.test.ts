import { expect, test } from 'vitest';
import type { RunTask } from '../../generated/wire';
import { Fake } from '../../platform/fake';
import type { Keep } from '../../shared/storage';
import { Quick } from './quick.svelte';

function keep(): Keep & { words: Map<string, string> } {
  const words = new Map<string, string>();
  return { words, get: (name) => words.get(name) ?? null, set: (name, value) => void words.set(name, value) };
}

const taken = { id: 'bold-falcon-427', duplicate: false, notes: [] as string[] };
const full = { code: 'disk_full', message: 'The disk is full.', hint: 'Free some space.' };
const runs = (fake: Fake) => fake.asked.filter(({ command }) => command === 'run').map(({ params }) => params as RunTask);

test('hands over the line as typed, in the folder, and clears it', async () => {
  const fake = new Fake({ run: () => taken });
  const kept = keep();
  const quick = new Quick(fake, kept);
  await quick.open();
  quick.type('echo "a  b"');
  expect(kept.get('quick.line')).toBe('echo "a  b"');
  expect(await quick.run()).toBe(true);
  expect(runs(fake)[0]).toMatchObject({ line: 'echo "a  b"', cwd: '/home/ada/errands' });
  expect(quick.line).toBe('');
  expect(kept.get('quick.line')).toBe('');
  expect(quick.accepted?.id).toBe('bold-falcon-427');
  quick.close();
});

test('a refusal keeps the line and says why', async () => {
  const fake = new Fake({
    run: () => {
      throw full;
    },
  });
  const quick = new Quick(fake, keep());
  quick.type('make test');
  expect(await quick.run()).toBe(false);
  expect(quick.line).toBe('make test');
  expect(quick.lineProblem).toEqual(full);
  expect(quick.accepted).toBeNull();
  quick.type('make tests');
  expect(quick.lineProblem).toBeNull();
  quick.close();
});

test('the same line again after a lost reply carries the same key, another line another one', async () => {
  const fake = new Fake({ run: () => taken });
  const quick = new Quick(fake, keep());
  quick.type('make test');
  fake.down = true;
  await quick.run();
  fake.down = false;
  await quick.run();
  quick.type('make test');
  await quick.run();
  const keys = runs(fake).map(({ key }) => key);
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[1]);
  quick.close();
});

test('what is typed while it is handed over stays', async () => {
  let reply = (_: typeof taken) => {};
  const fake = new Fake({ run: () => new Promise((done) => (reply = done)) });
  const quick = new Quick(fake, keep());
  quick.type('one');
  const first = quick.run();
  expect(await quick.run()).toBe(false);
  quick.type('two');
  reply(taken);
  await first;
  expect(quick.line).toBe('two');
  expect(runs(fake)).toHaveLength(1);
  quick.close();
});

test('a note must be read, so the window stays', async () => {
  const fake = new Fake({ run: () => ({ ...taken, notes: ['2 similar tasks are queued.'] }) });
  const quick = new Quick(fake, keep());
  quick.type('make test');
  expect(await quick.run()).toBe(false);
  expect(quick.accepted?.notes).toEqual(['2 similar tasks are queued.']);
  quick.close();
});

test('a blank line is not handed over', async () => {
  const fake = new Fake({ run: () => taken });
  const quick = new Quick(fake, keep());
  quick.type('   ');
  expect(await quick.run()).toBe(false);
  expect(runs(fake)).toHaveLength(0);
});

test('the draft and the folder are there again in a new window', async () => {
  const kept = keep();
  const before = new Quick(new Fake(), kept);
  before.type('make test');
  before.setFolder('/srv');
  before.close();
  const after = new Quick(new Fake(), kept);
  await after.open();
  expect([after.line, after.folder]).toEqual(['make test', '/srv']);
  after.close();
});

test('a missing folder is said at the folder', async () => {
  const fake = new Fake({
    run: () => {
      throw { code: 'folder_missing', message: 'The folder is not there.', hint: '' };
    },
  });
  const quick = new Quick(fake, keep());
  quick.type('ls');
  await quick.run();
  expect(quick.folderProblem?.code).toBe('folder_missing');
  expect(quick.lineProblem).toBeNull();
  quick.close();
});
