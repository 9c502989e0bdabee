import type { ApprovalView, FieldView, InboxRow, QuestionView } from '../generated/wire';

const AT = '2026-03-02T09:00:00.000Z';

/** A question as the engine tells it, for tests and for looking at the windows. */
export function aQuestion(changes: Partial<QuestionView> = {}): QuestionView {
  return {
    id: 'q1',
    task: null,
    kind: 'user_input',
    text: 'Which colour?',
    options: [],
    open: false,
    fields: [],
    approval: null,
    state: 'open',
    asked_at: AT,
    answered: null,
    ...changes,
  };
}

export const options = (...names: string[]): QuestionView['options'] => names.map((name) => ({ name, label: name }));

export function aField(name: string, changes: Partial<FieldView> = {}): FieldView {
  return { name, label: name, kind: 'text', options: [], open: false, required: true, secret: false, default: null, min: null, max: null, ...changes };
}

export function anApproval(changes: Partial<ApprovalView> = {}): ApprovalView {
  return {
    tool: 'run_command',
    why: 'No rule allows `cargo publish --dry-run`',
    binding: 'bound',
    risk: 'medium',
    command: { line: 'cargo publish --dry-run', cwd: '/home/ada/errands', programs: ['/home/ada/.cargo/bin/cargo'] },
    files: [],
    arguments: null,
    covers: '`cargo publish --dry-run` in /home/ada/errands, with the same program',
    alike: 0,
    ...changes,
  };
}

export const aCommand = (changes: Partial<ApprovalView> = {}, more: Partial<QuestionView> = {}): QuestionView =>
  aQuestion({ kind: 'command_approval', text: '', approval: anApproval(changes), ...more });

export const files = (changes: Partial<ApprovalView> = {}, more: Partial<QuestionView> = {}): QuestionView =>
  aQuestion({
    kind: 'file_approval',
    text: '',
    approval: anApproval({ tool: 'edit_file', why: 'it writes outside of what was agreed', command: null, covers: null, files: FILES, ...changes }),
    ...more,
  });

const FILES: ApprovalView['files'] = [
  {
    path: 'src/fence.rs',
    action: 'modify',
    cut: false,
    verdict: null,
    diff: '--- a/src/fence.rs\n+++ b/src/fence.rs\n@@ -12,7 +12,9 @@ impl Fence {\n     pub fn paint(&mut self, colour: Colour) -> Result<(), Dry> {\n-        self.colour = colour;\n-        Ok(())\n+        if self.is_wet() {\n+            return Err(Dry::NotYet { until: self.dries_at });\n+        }\n+        self.colour = colour;\n+        Ok(())\n     }\n \n     pub fn is_wet(&self) -> bool {\n@@ -40,3 +42,3 @@\n     fn coats(&self) -> u8 {\n-        1\n+        2\n     }\n',
  },
  { path: 'notes/colours.md', action: 'create', cut: false, verdict: null, diff: '@@ -0,0 +1,3 @@\n+# Colours\n+\n+Sea green, twice.\n' },
  { path: 'old/paint.cfg', action: 'delete', cut: false, verdict: null, diff: '@@ -1,2 +0,0 @@\n-colour = red\n-coats = 1\n' },
];

export function aRow(task: string, title: string, question: QuestionView, changes: Partial<InboxRow> = {}): InboxRow {
  return { task, title, asker: null, agent: 'script', command: 'python3 worker.py', question, ...changes };
}

/** One of each kind, the oldest first. */
export function someOfEach(ago: (seconds: number) => string): InboxRow[] {
  return [
    aRow('calm-otter-118', 'rsync -a photos/ nas:photos/', aQuestion({ kind: 'blocker', text: 'The program has printed nothing for 30 min.\nIt may be busy, or wait for something that does not come.', options: [{ name: 'wait', label: 'Keep waiting' }, { name: 'stop', label: 'Stop it' }], asked_at: ago(9000) }), { command: 'rsync -a photos/ nas:photos/' }),
    aRow('warm-lynx-81', 'Release 2.4', aCommand({ risk: 'high', why: 'it sends something to others that cannot be taken back', command: { line: "git push origin v2.4 && curl --fail -X POST https://example.org/hooks/release -H 'Content-Type: application/json' --data @notes.json", cwd: '/home/ada/errands/release', programs: ['/usr/bin/git', '/usr/bin/curl'] }, covers: null }, { asked_at: ago(2400) }), { agent: 'claude' }),
    aRow('bold-falcon-427', 'Paint the fence', files({}, { asked_at: ago(1100) })),
    aRow('shy-mole-52', 'Tidy the workspace', aCommand({ risk: 'low', alike: 2 }, { asked_at: ago(540) }), { command: './tidy.sh --all' }),
    aRow('zesty-owl-64', 'Book a train to Graz', aQuestion({ text: 'Which of these connections?', options: options('07:12, one change', '08:43, direct', '10:30, two changes'), open: true, asked_at: ago(300) }), { agent: 'codex' }),
    aRow('wise-yak-3', 'Fetch the invoices', aQuestion({ text: 'Sign in to the supplier', fields: [aField('user', { label: 'User', default: 'ada' }), aField('password', { label: 'Password', secret: true }), aField('month', { label: 'Month', options: ['October', 'November'] }), aField('all', { label: 'Also paid ones', kind: 'flag', required: false })], asked_at: ago(70) })),
    aRow('snug-crow-7', 'Ask the archive', aQuestion({ kind: 'dynamic_tool', text: '', approval: anApproval({ tool: 'query_archive', why: 'its arguments leave this machine', binding: 'checked', command: null, covers: 'every use of query_archive', arguments: '{\n  "query": "select title from letters where year = 1912",\n  "limit": 20\n}' }), asked_at: ago(12) }), { agent: 'claude', asker: 'Letters of 1912' }),
  ];
}
