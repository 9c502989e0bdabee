import type { LogLine, ProgramPreview, TaskRow, TaskView, TimelineRow } from '../generated/wire';
import { aDelivery, aLine, aTask, Fake } from './fake';

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

function row(changes: Partial<TaskRow>): TaskRow {
  const task = aTask({ created_at: ago(60), updated_at: ago(12) });
  const { id, title, state, holds, reason, command, cwd, labels, priority, created_at, updated_at, ended_at, archived_at } = task;
  const base = { id, parent: null, title, state, holds, reason, command, cwd, labels, priority, created_at, updated_at, ended_at, archived_at };
  return { ...base, outcome: '', open_questions: 0, ...changes };
}

const ROWS: TaskRow[] = [
  row({ id: 'bold-falcon-427', title: 'make test', state: 'running', outcome: 'Last output 3 s ago' }),
  row({ id: 'calm-otter-118', title: 'rsync -a photos/ nas:photos/', state: 'needs_you', outcome: 'It has printed nothing for 30 min', updated_at: ago(190) }),
  row({ id: 'quick-heron-9', title: 'Nightly build', state: 'completed', outcome: '412 passed, 3 skipped', ended_at: ago(1500) }),
  row({ id: 'shy-mole-52', title: 'cargo clippy --workspace --all-targets -- -D warnings', state: 'failed', outcome: 'Ended with exit code 101: could not compile `errand-store` due to 2 previous errors', ended_at: ago(5000) }),
  row({ id: 'snug-crow-7', title: 'backup.sh', state: 'queued', holds: ['person'], updated_at: ago(7000) }),
  row({ id: 'warm-lynx-81', title: 'sleep 600', state: 'cancelled', outcome: 'Cancelled by you', ended_at: ago(90000) }),
  row({ id: 'wise-yak-3', title: 'curl -O https://example.org/data.csv', state: 'timed_out', outcome: 'Ended at its time limit of 5 min', ended_at: ago(200000) }),
  row({ id: 'zesty-owl-64', title: 'python3 train.py', state: 'unknown', outcome: 'Interrupted: Errand or the machine went down', ended_at: ago(400000) }),
];

const RUN = { n: 1, phase: 'executing' as const, checkpoint: 'last output 3 s ago', turn: null, progress: null, percent: null, pid: 48211, session: null, started_at: ago(83), ended_at: null, exit_code: null, exit_signal: null, last_output_at: ago(3) };
const OVER = { ...RUN, phase: 'over' as const, started_at: ago(1600), ended_at: ago(1500), exit_code: 0, last_output_at: ago(1500) };

function output(count: number): LogLine[] {
  return Array.from({ length: count }, (_, i) => {
    const at = ago(90 - i / 50);
    if (i === 0) return aLine(i + 1, { at, stream: 'note', text: 'Started in /home/ada/errands.' });
    if (i % 23 === 7) return aLine(i + 1, { at, stream: 'err', text: `warning: unused variable: \`row_${i}\`` });
    if (i % 23 === 8) return aLine(i + 1, { at, stream: 'err', text: `  --> src/store/tasks.rs:${i}:9` });
    if (i % 41 === 12) return aLine(i + 1, { at, text: `GET https://example.org/a/very/long/address/that/does/not/fit/on/one/line/${'x'.repeat(90)}?page=${i}` });
    return aLine(i + 1, { at, text: `test store::tasks::case_${String(i).padStart(4, '0')} ... ok` });
  });
}

const MARKDOWN = '# What changed\n\n- one\n- two\n\nSee [the notes](https://example.org/notes?from=errand&run=1).\n';
const HTML = '<h1>What changed</h1><p>Three packages were updated; <strong>one needs a look</strong>.</p><ul><li><code>serde</code> 1.0.210 → 1.0.228</li><li><code>zbus</code> 5.18 → 5.19, see <a href="https://example.org/notes?from=errand&amp;run=1">the notes</a></li></ul><pre><code>cargo update -p zbus\n    Updating zbus v5.18.0 -&gt; v5.19.0</code></pre><blockquote><p>The lock file was not committed.</p></blockquote><table><tr><th>Crate</th><th>Size</th></tr><tr><td>zbus</td><td>412 KB</td></tr></table>';
const DEATH = '<p><strong>What happened.</strong> The program ended with exit code 2.</p><p><strong>What is known.</strong> What it did before it failed stays done.</p><p><strong>What to do.</strong> Look at the output, then <code>errand retry</code> runs it again.</p><p><strong>Last errors</strong></p><pre><code>make: *** No rule to make target \'tset\'.  Stop.</code></pre>';

const shown = aDelivery({ id: 1, why: 'You had started the task a short time before.', code: 'by_hand', shown_at: ago(1490), updated_at: ago(1490) });
const artifact = { run: 1, notify: true, verification: [], at: ago(1500), outcome: '412 passed, 3 skipped' };

const TASKS: Record<string, Partial<TaskView>> = {
  running: { run: RUN },
  long: { run: RUN, title: 'Every test of the whole workspace, with the slow ones, on both databases, and the benchmarks afterwards for the release notes' },
  silent: { run: { ...RUN, last_output_at: null } },
  worker: {
    title: 'Paint the fence',
    brief: 'Paint the fence',
    command: 'python3 worker.py',
    run: { ...RUN, turn: 3, progress: 'waiting for tests', percent: 40 },
  },
  asks: {
    state: 'needs_you',
    title: 'Paint the fence',
    run: OVER,
    reason: { code: 'asked_by_worker', text: 'It asks: Which colour?' },
    questions: [{ id: 'q1', task: null, kind: 'user_input', text: 'Which colour?', options: [{ name: 'Red', label: 'Red' }, { name: 'Blue', label: 'Blue' }], open: true, fields: [], approval: null, state: 'open', asked_at: ago(20), answered: null }],
  },
  queued: { state: 'queued', reason: { code: 'accepted', text: 'Handed over by you.' }, why_waiting: 'All 3 slots are taken; 2 tasks are before it.' },
  held: { run: RUN, holds: ['person', 'all'], reason: { code: 'paused_by_person', text: 'You paused it.' } },
  question: {
    state: 'needs_you',
    title: 'rsync -a photos/ nas:photos/',
    run: { ...RUN, started_at: ago(4000) },
    reason: { code: 'silent', text: 'It has printed nothing for 30 min.' },
    questions: [{ id: 'q1', task: null, kind: 'blocker', text: 'The program has printed nothing for 30 min.\nIt may be busy, or wait for something that does not come.', options: [{ name: 'wait', label: 'Keep waiting' }, { name: 'stop', label: 'Stop it' }], open: false, fields: [], approval: null, state: 'open', asked_at: ago(200), answered: null }],
  },
  completed: { state: 'completed', run: OVER, ended_at: ago(1500), labels: ['nightly', 'linux'], reason: { code: 'exit_zero', text: 'The program ended with exit code 0.' }, artifact: { ...artifact, report: output(30).map(({ text }) => text).join('\n'), html: '<pre></pre>', format: 'text' }, deliveries: [shown] },
  markdown: { state: 'completed', with_gaps: true, title: 'Update the dependencies', run: OVER, ended_at: ago(1500), reason: { code: 'exit_zero', text: 'The program ended with exit code 0.' }, artifact: { ...artifact, report: MARKDOWN, html: HTML, format: 'markdown', verification: [{ what: 'every test passes', met: true, note: null }, { what: 'the lock file is committed', met: false, note: 'it is ignored' }] } },
  failed: { state: 'failed', command: 'make tset', title: 'make tset', run: { ...OVER, n: 2, exit_code: 2 }, ended_at: ago(1500), reason: { code: 'exit_nonzero', text: 'The program ended with exit code 2.' }, artifact: { ...artifact, run: 2, outcome: 'Ended with exit code 2: make: *** No rule to make target', report: MARKDOWN, html: DEATH, format: 'markdown' } },
};

function history(task: TaskView): TimelineRow[] {
  const base = { task: task.id, subject: 'task' as const, subject_id: '' };
  return [
    { ...base, cursor: 1, at: ago(1700), from: '', to: 'queued', reason: { code: 'accepted', text: 'You handed it over in the Quick window.' } },
    { ...base, cursor: 2, at: ago(1600), from: 'queued', to: 'running', reason: { code: 'admitted', text: 'A slot was free and it was its turn.' } },
    { ...base, cursor: 3, at: ago(1599), subject: 'run', subject_id: '1', from: 'starting', to: 'executing', reason: { code: 'started', text: 'The program started as process 48211.' } },
    { ...base, cursor: 4, at: ago(1500), from: 'running', to: task.state, reason: task.reason },
    { ...base, cursor: 5, at: ago(1490), subject: 'delivery', subject_id: '1', from: 'pending', to: 'shown', reason: { code: 'shown', text: 'The notification was shown.' } },
  ];
}

function previewOf(line: string): ProgramPreview {
  const argv = line.match(/"[^"]*"|\S+/g)?.map((part) => part.replace(/^"|"$/g, '')) ?? [];
  const missing = argv[0] === 'nope';
  const problem = missing ? { code: 'program_missing', message: 'The program “nope” was not found in your PATH.', hint: 'Check the spelling, or give the full path.' } : null;
  const note = argv.includes('|') ? '`|` is passed as an argument; no shell reads this line. Put the line into a script, or use `sh -c`.' : null;
  return { argv, path: missing ? null : `/usr/bin/${argv[0]}`, cwd: '/home/ada/errands', problem, note };
}

/** `?demo=NAME` chooses what the engine says. */
export function demo(search: string): Fake {
  const query = new URLSearchParams(search);
  const name = query.get('demo') ?? '';
  if (query.get('rtl') !== null) document.documentElement.dir = 'rtl';
  const task = aTask({ created_at: ago(1700), ...TASKS[name] });
  const lines = output({ long: 6000, silent: 0, queued: 0 }[name] ?? 240);
  const rows = name === 'empty' ? [] : [...ROWS];
  const fake: Fake = new Fake({
    preview: ({ line }) => previewOf(line),
    list: () => ({ tasks: [...rows], next: null }),
    run: ({ line = '' }) => {
      if (name === 'refused') throw { code: 'disk_full', message: 'The disk is full; nothing new is taken.', hint: 'Free some space. Running work goes on and its results are kept.' };
      rows.unshift(row({ id: 'fresh-finch-31', title: line, state: 'queued', outcome: '', updated_at: ago(0) }));
      return { id: 'fresh-finch-31', duplicate: false, notes: [] };
    },
    show: () => {
      if (name === 'missing') throw { code: 'task_not_found', message: 'There is no task “bold-falcon-427”.', hint: '`errand list` shows the tasks there are.' };
      return task;
    },
    history: () => ({ rows: history(task) }),
    log: ({ from, limit = 2000 }) => {
      const start = from === undefined ? Math.max(0, lines.length - limit) : Math.max(0, from - 1);
      const page = lines.slice(start, start + limit);
      return { lines: page, next: (page.at(-1)?.seq ?? 0) + 1, left_out: name === 'long' ? 297_795_584 : 0 };
    },
    answer: () => {
      throw { code: 'already_answered', message: 'You answered “Keep waiting” in the terminal 5 s ago.', hint: 'Nothing to do: the first answer counts.' };
    },
    opened: () => ({}),
    focused: () => ({}),
    cancel: () => ({ changed: [task.id], refused: {} }),
    pause: () => ({ changed: [task.id], refused: {} }),
    resume: () => ({ changed: [task.id], refused: {} }),
    retry: () => task,
  });
  if (name === 'lost') setTimeout(() => fake.lose(), 300);
  fake.window.openTask = (id) => void (location.hash = `task/${id}`);
  if (query.get('live') !== null) {
    setInterval(() => fake.print([aLine((lines.at(-1)?.seq ?? 0) + 1)].map((line) => (lines.push(line), line))), 400);
  }
  // For a look from the browser's console.
  return Object.assign(globalThis, { fake }).fake;
}
