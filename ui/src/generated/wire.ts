// Generated from errand-wire. Run `ERRAND_BLESS=1 cargo test -p errand-wire` to write it anew.

export type TaskState = "waiting" | "queued" | "running" | "needs_you" | "rate_limited" | "sleeping" | "completed" | "failed" | "timed_out" | "cancelled" | "unknown";

export type Security = "deny" | "allowlist" | "full";

export type AskMode = "off" | "on_miss" | "always";

export type Unattended = "park" | "deny" | "grants";

export type ToolRules = { security: Security, ask: AskMode, unattended: Unattended, 
/**
 * The rules of the allowlist.
 */
allow: Array<string>, };

export type Workspace = "none" | "ro" | "rw";

export type Network = "on" | "off";

export type Isolation = "none" | "landlock" | "bubblewrap";

export type Limits = { isolate?: boolean, workspace?: Workspace, network?: Network, 
/**
 * Of all its processes together where a control group counts, else the address space of each.
 */
memory_bytes?: number, 
/**
 * Of all its processes together where a control group counts, else of each.
 */
cpu_ms?: number, processes?: number, security?: Security, ask?: AskMode, unattended?: Unattended, };

export type IsolationView = { kind: Isolation, workspace: Workspace, network: Network, memory_bytes: number | null, cpu_ms: number | null, processes: number | null, together: Together, 
/**
 * The same in words.
 */
text: string, };

export type Together = { cpu: boolean, memory: boolean, processes: boolean, };

export type AttemptRow = { name: string, text: string, };

export type ReachColumn = { kind: Isolation, workspace: Workspace, network: Network, 
/**
 * Whether a task with this choice is taken.
 */
offered: boolean, 
/**
 * By the name of the row.
 */
can: { [key in string]: boolean }, };

export type IsolationReport = { 
/**
 * What a task gets that asks for isolation.
 */
kind: Isolation, 
/**
 * Why bubblewrap does not work here.
 */
bubblewrap_problem: string | null, 
/**
 * How far the kernel's Landlock goes, as far as it is used.
 */
landlock_level: number | null, 
/**
 * Why runs are not kept in control groups.
 */
groups_problem: string | null, 
/**
 * What control groups do not count here, and why.
 */
groups_gap: string | null, 
/**
 * What each limit really limits.
 */
limits: { [key in string]: string }, rows: Array<AttemptRow>, columns: Array<ReachColumn>, };

export type Hold = "person" | "all" | "budget" | "offline" | "quota" | "keychain" | "agent_missing";

export type Priority = "low" | "normal" | "high" | "urgent";

export type Notify = "always" | "significant" | "silent";

export type Surface = "terminal" | "tray" | "window" | "notification" | "script";

export type Phase = "starting" | "executing" | "ending" | "over";

export type LogStream = "out" | "err" | "note" | "aside";

export type DeliveryState = "pending" | "held" | "showing" | "shown" | "opened" | "acted" | "dismissed" | "withdrawn" | "digested" | "filed";

export type QuitMode = "pause" | "finish" | "now";

export type WindowKind = "quick" | "task" | "inbox" | "answer";

export type SubjectKind = "task" | "run" | "question" | "delivery" | "settings";

export type WireError = { code: string, message: string, hint: string, };

export type ReasonView = { 
/**
 * From a closed list; scripts branch on it.
 */
code: string, text: string, };

export type RunView = { n: number, phase: Phase, 
/**
 * What it was last known to do, for example "turn 3, 40 %: waiting for tests, last output 40 s ago".
 */
checkpoint: string, 
/**
 * Of a worker that takes turns.
 */
turn: number | null, 
/**
 * What its programs said last about how far they are.
 */
progress: string | null, percent: number | null, pid: number | null, 
/**
 * The agent's own session; a plain program has none.
 */
session: string | null, started_at: string, ended_at: string | null, exit_code: number | null, exit_signal: number | null, last_output_at: string | null, };

export type ChoiceView = { 
/**
 * What `--choose` takes.
 */
name: string, label: string, };

export type Answered = { choice: string | null, by: string, at: string, surface: Surface | null, };

export type FieldKind = "text" | "integer" | "number" | "flag";

export type FieldView = { name: string, 
/**
 * What the person reads; the name if it is empty.
 */
label: string, 
/**
 * `text`, `integer`, `number` or `flag`.
 */
kind: FieldKind, options: Array<string>, 
/**
 * Any text will do, also beside the options.
 */
open: boolean, 
/**
 * Yes if it is not said.
 */
required: boolean | null, 
/**
 * What is typed is not shown and not kept.
 */
secret: boolean, default: string | null, min: number | null, max: number | null, };

export type Binding = "bound" | "checked";

export type Risk = "low" | "medium" | "high";

export type CommandView = { 
/**
 * As it could be typed.
 */
line: string, cwd: string, 
/**
 * The files of the programs that it starts.
 */
programs: Array<string>, };

export type FileAction = "create" | "modify" | "delete";

export type Verdict = "approve" | "deny";

export type FileChangeView = { 
/**
 * Inside the task's folder.
 */
path: string, action: FileAction, 
/**
 * In the unified form.
 */
diff: string, 
/**
 * It was too long; the rest is left out.
 */
cut: boolean, 
/**
 * Once it is decided.
 */
verdict: Verdict | null, };

export type ApprovalView = { 
/**
 * As its worker calls it: `run_command`, `write_file`, `edit_file`, or the name of another tool.
 */
tool: string, 
/**
 * Why it is not simply done, half a sentence.
 */
why: string, binding: Binding, risk: Risk, command: CommandView | null, 
/**
 * More than one where a worker wants to change several at once. Each can be decided by itself.
 */
files: Array<FileChangeView>, 
/**
 * Of any other tool, as JSON over several lines.
 */
arguments: string | null, 
/**
 * What an approval for the task, or until a moment, would allow, in words. Without it only this one request
 * can be approved.
 */
covers: string | null, 
/**
 * How many open requests of other tasks are identical.
 */
alike: number, };

export type QuestionView = { 
/**
 * `q1`, `q2`: unique within the task. Of a sub-task, as seen from above, `TASK/q1`.
 */
id: string, 
/**
 * The sub-task that asks; none if the task asks itself.
 */
task: string | null, 
/**
 * `user_input`, `blocker`, `command_approval`, `file_approval` or `dynamic_tool`.
 */
kind: string, text: string, options: Array<ChoiceView>, 
/**
 * Any text will do, also beside the options.
 */
open: boolean, 
/**
 * It asks for these at once.
 */
fields: Array<FieldView>, 
/**
 * Of the three approvals.
 */
approval: ApprovalView | null, 
/**
 * `open`, `answered` or `withdrawn`.
 */
state: string, asked_at: string, answered: Answered | null, };

export type CheckView = { what: string, met: boolean, note: string | null, };

export type EffectView = { what: string, 
/**
 * `intended`, `done`, or `unknown`: it was cut off in between.
 */
state: string, };

export type ArtifactView = { run: number, report: string, 
/**
 * The report read as Markdown, as HTML that is safe to show: sanitised, no scripts, no remote loads. For
 * `text` it is the other view of it.
 */
html: string, 
/**
 * `text`: program output, shown line by line. `markdown`: written by an agent or by Errand.
 */
format: string, 
/**
 * One line for lists.
 */
outcome: string, notify: boolean, 
/**
 * What was checked. One that was not met makes the result one with gaps.
 */
verification: Array<CheckView>, at: string, };

export type DeliveryView = { id: number, 
/**
 * `result`, `failure`, `question`, `notice` or `digest`.
 */
kind: string, state: DeliveryState, 
/**
 * Why it was shown, or why not or not yet, as a sentence.
 */
why: string, 
/**
 * The same from a closed list; none while nothing is decided, or where a service has refused it.
 */
code: string | null, 
/**
 * A digest is about several.
 */
task: string | null, title: string | null, 
/**
 * Which question it tells of.
 */
question: string | null, times_shown: number, 
/**
 * The first time.
 */
shown_at: string | null, 
/**
 * What the notification service calls itself.
 */
service: string | null, 
/**
 * While it is held.
 */
until: string | null, 
/**
 * Nobody came for a long time, so it has become urgent.
 */
escalated: boolean, 
/**
 * The digest that tells of it.
 */
digest: number | null, created_at: string | null, updated_at: string, };

export type DeliveryList = { 
/**
 * Newest first.
 */
deliveries: Array<DeliveryView>, next: string | null, };

export type ListDeliveries = { 
/**
 * Only those of this task.
 */
task?: string, limit?: number, 
/**
 * From `next` of the page before.
 */
cursor?: string, };

export type FocusOn = { 
/**
 * The window of this task; null: none of a task any more.
 */
task: string | null, 
/**
 * With null: only if it was the window of this task that was in front. Windows that share a connection do not
 * know of one another.
 */
left?: string, };

export type Cleanup = "none" | "pending" | "removed" | "failed";

export type OwnFolderView = { 
/**
 * It is made before the first run.
 */
path: string, 
/**
 * Where the files are that were attached.
 */
attachments: string | null, cleanup: Cleanup, 
/**
 * Why it could not be removed.
 */
error: string | null, };

export type SubtaskView = { id: string, 
/**
 * How far below the task that is shown: 1 for those that it has asked for itself.
 */
level: number, title: string, state: TaskState, 
/**
 * What came of it in one line, or the reason for its state.
 */
outcome: string, };

export type TimelineRow = { cursor: number, at: string, subject: SubjectKind, task: string | null, 
/**
 * Which run, question or delivery of the task.
 */
subject_id: string, from: string, to: string, reason: ReasonView, };

export type Event = { "event": "changed", change: TimelineRow, } | { "event": "up_to_date", cursor: number, } | { "event": "gap", cursor: number, } | { "event": "log", lines: Array<LogLine>, } | { "event": "log_end" } | { "event": "open", window: Window, } | { "event": "quitting" };

export type LogLine = { 
/**
 * Counts up within the task, with holes where output was left out.
 */
seq: number, run: number, stream: LogStream, at: string, 
/**
 * Without terminal escapes, always valid text.
 */
text: string, };

export type Draft = { brief?: string, folder?: string, };

export type Window = { kind: WindowKind, task?: string, 
/**
 * What the first window is filled in with, by a link.
 */
draft?: Draft, 
/**
 * Of the task, by its short name: `q1`.
 */
question?: string, };

export type Empty = Record<string, never>;

export type TurnLimitsGiven = { most?: number, each_ms?: number, stall_ms?: number, restarts?: number, };

export type RunTask = { 
/**
 * A program and its arguments, as they are.
 */
argv?: Array<string>, 
/**
 * A program line as a person types it: split at spaces and quotes, never read by a shell.
 */
line?: string, 
/**
 * What a worker is to do.
 */
brief?: string, agent?: string, title?: string, 
/**
 * The folder to run in; the engine's own home folder if not given.
 */
cwd?: string, 
/**
 * Variables beside PATH, HOME, LANG, TERM, TZ and TMPDIR.
 */
env?: Record<string, string>, 
/**
 * Variables whose values are credentials, by the names of those.
 */
secrets?: Record<string, string>, 
/**
 * Not before this moment.
 */
at?: string, 
/**
 * Tasks that must complete first: ids or unique beginnings of ids.
 */
after?: Array<string>, labels?: Array<string>, priority?: Priority, 
/**
 * The same key and the same work again is the same task.
 */
key?: string, timeout_ms?: number, retries?: number, notify?: Notify, turns?: TurnLimitsGiven, 
/**
 * What a program is to be kept from.
 */
limits?: Limits, 
/**
 * Rules of what its worker may do without being asked about: `git status`, `cargo test *`, `write_file <path>`.
 */
allow?: Array<string>, 
/**
 * No other task that says so runs in the folder, above it or below it at the same time.
 */
exclusive?: boolean, 
/**
 * Run it in a folder of its own, which is made for it and removed with it, instead of `cwd`.
 */
managed?: boolean, 
/**
 * Commands that must succeed before "done" is believed, after those of the folder's own file.
 */
checks?: Array<string>, 
/**
 * Leave the file of the folder aside.
 */
no_folder_file?: boolean, 
/**
 * The name of copies that the caller has put among the folders of this home, to be attached.
 */
staged?: string, };

export type ListTasks = { states?: Array<TaskState>, label?: string, folder?: string, 
/**
 * Words that must occur in the brief or the report.
 */
search?: string, 
/**
 * Archived tasks, too.
 */
archived?: boolean, 
/**
 * Sub-tasks, too. A search finds them in any case.
 */
all?: boolean, 
/**
 * Only those that this task has asked for.
 */
parent?: string, limit?: number, 
/**
 * From `next` of the page before.
 */
cursor?: string, };

export type TaskRef = { task: string, };

export type ReadLog = { task: string, 
/**
 * From this sequence number on; without it the end of the log.
 */
from?: number, limit?: number, };

export type WaitTasks = { tasks: Array<string>, timeout_ms?: number, 
/**
 * Go on waiting while a task needs the person.
 */
through_questions: boolean, };

export type Scope = "once" | "task" | "until";

export type Decision = { verdict: Verdict, 
/**
 * Once if it is not said.
 */
scope?: Scope, 
/**
 * With the scope `until`.
 */
until?: string, 
/**
 * Told to the worker.
 */
reason?: string, 
/**
 * By their paths; the others follow `verdict`.
 */
files?: Record<string, Verdict>, 
/**
 * The same for the identical requests of other tasks.
 */
alike?: boolean, };

export type AnswerQuestion = { task: string, 
/**
 * `q1`; may be left out while one question is open.
 */
question?: string, 
/**
 * The name of an option, its label, or a text.
 */
choice: string, 
/**
 * By the names of the question's fields, in place of `choice`.
 */
fields?: Record<string, string>, 
/**
 * Of an approval, in place of `choice` and `fields`.
 */
decision?: Decision, surface?: Surface, };

export type ArchiveTasks = { tasks: Array<string>, 
/**
 * Take them out of the archive.
 */
restore?: boolean, surface?: Surface, };

export type CancelTasks = { tasks: Array<string>, reason?: string, surface?: Surface, };

export type DeleteTasks = { tasks: Array<string>, };

export type RetryTask = { task: string, surface?: Surface, };

export type MessageMode = "now" | "next" | "replace";

export type WriteTo = { task: string, text: string, mode?: MessageMode, surface?: Surface, };

export type EditTask = { task: string, title?: string, priority?: Priority, notify?: Notify, timeout_ms?: number, retries?: number, 
/**
 * How many turns a worker may take.
 */
turns?: number, 
/**
 * Replaces all labels.
 */
labels?: Array<string>, };

export type PauseTasks = { task?: string, all: boolean, surface?: Surface, };

export type PreviewProgram = { line: string, cwd?: string, };

export type FolderRef = { 
/**
 * A full path.
 */
folder: string, };

export type AllowFolder = { 
/**
 * A full path.
 */
folder: string, 
/**
 * What the person has read. A file that says something else by now is not allowed.
 */
text: string, };

export type AroundView = { 
/**
 * `preflight`, `before_run`, `stop_check` or `after_run`.
 */
part: string, command: string, };

export type FolderView = { folder: string, 
/**
 * The file as it is; none if there is no such file.
 */
text: string | null, 
/**
 * Its person has allowed exactly this text.
 */
allowed: boolean, 
/**
 * Another text was allowed before.
 */
changed: boolean, commands: Array<AroundView>, 
/**
 * How long each of them may take.
 */
each_s: number, 
/**
 * Why it cannot be read.
 */
problem: WireError | null, };

export type SetCredential = { name: string, value: string, 
/**
 * Keep it in the engine's memory alone, until the engine leaves.
 */
session?: boolean, };

export type CredentialRef = { name: string, };

export type CredentialView = { name: string, 
/**
 * `keychain`, or `session`: in the memory of the engine.
 */
kind: string, 
/**
 * The engine that kept it is gone, and its value with it.
 */
gone: boolean, created_at: string, used_at: string | null, };

export type KeychainView = { 
/**
 * `present`, `locked`, `absent` or `denied`.
 */
state: string, text: string, 
/**
 * What to do about it.
 */
hint: string | null, };

export type Credentials = { credentials: Array<CredentialView>, keychain: KeychainView, };

export type SecretView = { variable: string, credential: string, };

export type GrantState = "valid" | "over" | "used_up" | "revoked";

export type GrantView = { id: number, rule: string, folder: string, 
/**
 * The very program that is meant; without it whichever has that name.
 */
program: string | null, until: string, 
/**
 * How often it may be used; without it as often as it is needed.
 */
uses: number | null, used: number, last_used: string | null, made_at: string, surface: Surface, state: GrantState, };

export type Grants = { 
/**
 * Newest first, also those that are over.
 */
grants: Array<GrantView>, };

export type AddGrant = { 
/**
 * A rule as an allowlist has it: `git status`, `cargo test *`, `write_file <path>`.
 */
rule: string, 
/**
 * A full path. It is valid for tasks in this very folder.
 */
folder: string, until: string, uses?: number, surface?: Surface, };

export type RevokeGrant = { id: number, surface?: Surface, };

export type GetSetting = { name: string, };

export type SetSetting = { name: string, 
/**
 * As typed; `default` sets it back.
 */
value: string, };

export type BackupTo = { 
/**
 * An absolute path that does not exist yet.
 */
file: string, };

export type Quit = { mode: QuitMode, };

export type Raise = { window: Window, };

export type RunReply = { id: string, 
/**
 * The key was known: this is the task of the first time.
 */
duplicate: boolean, 
/**
 * Sentences the person should read, such as "2 similar tasks are queued".
 */
notes: Array<string>, };

export type TaskView = { id: string, title: string, state: TaskState, holds: Array<Hold>, reason: ReasonView, with_gaps: boolean, generation: number, created_at: string, updated_at: string, ended_at: string | null, archived_at: string | null, 
/**
 * `script` for a plain program.
 */
agent: string, profile: string | null, 
/**
 * What a worker is to do.
 */
brief: string | null, argv: Array<string>, 
/**
 * The program as one line that could be typed again.
 */
command: string, cwd: string, labels: Array<string>, priority: Priority, notify: Notify, origin: string, 
/**
 * The task that it is a sub-task of.
 */
parent: string | null, 
/**
 * Everything below it, each behind the task that asked for it.
 */
subtasks: Array<SubtaskView>, after: string[], start_at: string | null, timeout_ms: number | null, retries: number, 
/**
 * What its program may do.
 */
isolation: IsolationView, 
/**
 * What of its tool calls is carried out without a question; none if all of them are.
 */
tool_rules: ToolRules | null, 
/**
 * Its variables that are credentials.
 */
secrets: Array<SecretView>, 
/**
 * What is done around its work.
 */
around: Array<AroundView>, 
/**
 * Its runs hold their folder for themselves.
 */
exclusive: boolean, 
/**
 * The folder that belongs to it and is removed with it.
 */
own_folder: OwnFolderView | null, 
/**
 * The latest run.
 */
run: RunView | null, 
/**
 * Its own, and what is asked below it.
 */
questions: Array<QuestionView>, 
/**
 * What its programs say they did outside.
 */
effects: Array<EffectView>, 
/**
 * Of the latest run that has one.
 */
artifact: ArtifactView | null, deliveries: Array<DeliveryView>, 
/**
 * Why it does not run yet, in words.
 */
why_waiting: string | null, };

export type TaskRow = { id: string, 
/**
 * The task that it is a sub-task of.
 */
parent: string | null, title: string, state: TaskState, holds: Array<Hold>, reason: ReasonView, 
/**
 * What came of it, in one line; for a running task what it does.
 */
outcome: string, command: string, cwd: string, labels: Array<string>, priority: Priority, 
/**
 * Below it, too.
 */
open_questions: number, created_at: string, updated_at: string, ended_at: string | null, archived_at: string | null, };

export type TaskList = { 
/**
 * Newest first.
 */
tasks: Array<TaskRow>, next: string | null, };

export type InboxRow = { 
/**
 * The task that its person handed over.
 */
task: string, title: string, 
/**
 * Of the sub-task, if it is one that asks.
 */
asker: string | null, agent: string, command: string, question: QuestionView, };

export type InboxView = { 
/**
 * Oldest first.
 */
rows: Array<InboxRow>, 
/**
 * There are so many tasks with questions that those of the oldest are left out for now.
 */
more: boolean, };

export type Timeline = { rows: Array<TimelineRow>, };

export type LogPage = { lines: Array<LogLine>, 
/**
 * What `from` should be for the lines after these.
 */
next: number, 
/**
 * Bytes of the middle that were not kept.
 */
left_out: number, };

export type WaitEnd = "ended" | "needs_you" | "timed_out";

export type WaitReply = { end: WaitEnd, tasks: Array<TaskView>, };

export type Changed = { changed: string[], 
/**
 * By the name that was given: why it was refused.
 */
refused: Record<string, WireError>, };

export type ProgramPreview = { argv: Array<string>, 
/**
 * Where the program was found.
 */
path: string | null, cwd: string, 
/**
 * Why it would be refused.
 */
problem: WireError | null, 
/**
 * A sentence about something that a shell would do and Errand does not, such as `|` or `*`.
 */
note: string | null, };

export type SettingView = { name: string, value: string, default: string, is_default: boolean, text: string, };

export type Settings = { settings: Array<SettingView>, };

export type BackupDone = { file: string, bytes: number, tasks: number, };

export type KeepingAwake = { since: string, 
/**
 * "bold-falcon-427 and 2 more are at work"
 */
why: string, 
/**
 * Why it sleeps when it likes all the same: "logind is not running".
 */
cannot: string | null, };

export type EngineStatus = { version: string, pid: number, home: string, headless: boolean, paused: boolean, quitting: boolean, slots: number, running: number, queued: number, waiting: number, needs_you: number, 
/**
 * "2 running, 1 queued": the first row of the menu.
 */
sentence: string, 
/**
 * A standing problem, such as a full disk.
 */
problem: WireError | null, 
/**
 * While a task is at work and the person allows it.
 */
keeping_awake: KeepingAwake | null, running_tasks: Array<TaskRow>, needing_tasks: Array<TaskRow>, 
/**
 * The latest that have ended.
 */
recent: Array<TaskRow>, };

export type QuitReply = { 
/**
 * What it still waits for.
 */
finishing: string[], };

export type RaiseReply = { 
/**
 * A desktop was there and opens the window.
 */
reached: boolean, };

export type DoctorRow = { name: string, 
/**
 * `ok`, `note` or `problem`.
 */
verdict: string, text: string, hint: string | null, };

export type DoctorReport = { rows: Array<DoctorRow>, isolation: IsolationReport, };

/** Every command: what it takes and what it returns. */
export interface Commands {
  /** What the engine does, as the tray shows it. */
  status: { params: Empty; reply: EngineStatus };
  /** Hands over a task. */
  run: { params: RunTask; reply: RunReply };
  /** Says what a program line would run. */
  preview: { params: PreviewProgram; reply: ProgramPreview };
  /** Lists tasks, newest first. */
  list: { params: ListTasks; reply: TaskList };
  /** Everything about one task. */
  show: { params: TaskRef; reply: TaskView };
  /** Every change of a task with its reason. */
  history: { params: TaskRef; reply: Timeline };
  /** What a task has printed. */
  log: { params: ReadLog; reply: LogPage };
  /** Waits until all have ended or one needs the person. */
  wait: { params: WaitTasks; reply: WaitReply };
  /** Every open question, oldest first. */
  inbox: { params: Empty; reply: InboxView };
  /** Answers a question. */
  answer: { params: AnswerQuestion; reply: TaskView };
  /** Cancels tasks. */
  cancel: { params: CancelTasks; reply: Changed };
  /** Opens an ended task again. */
  retry: { params: RetryTask; reply: TaskView };
  /** Writes to a worker. */
  message: { params: WriteTo; reply: TaskView };
  /** Puts ended tasks out of sight, or back. */
  archive: { params: ArchiveTasks; reply: Changed };
  /** Removes ended tasks for good. */
  delete: { params: DeleteTasks; reply: Changed };
  /** Changes a task that was handed over. */
  edit: { params: EditTask; reply: TaskView };
  /** Pauses one task or everything. */
  pause: { params: PauseTasks; reply: Changed };
  /** Resumes one task or everything. */
  resume: { params: PauseTasks; reply: Changed };
  /** The person has opened the task; its notifications are settled. */
  opened: { params: TaskRef; reply: Empty };
  /** Says which task's window is in front of the person. */
  focused: { params: FocusOn; reply: Empty };
  /** What the person was told, and why or why not. */
  deliveries: { params: ListDeliveries; reply: DeliveryList };
  /** What the file of a folder asks for. */
  folder: { params: FolderRef; reply: FolderView };
  /** Lets tasks in a folder do what its file says. */
  folder_allow: { params: AllowFolder; reply: FolderView };
  /** Takes that back. */
  folder_forget: { params: FolderRef; reply: FolderView };
  /** Gives a credential its value. */
  credential_set: { params: SetCredential; reply: CredentialView };
  /** The names of all credentials, and how the keychain is. */
  credential_list: { params: Empty; reply: Credentials };
  /** Removes a credential with its value. */
  credential_remove: { params: CredentialRef; reply: Credentials };
  /** What the person allows in folders for a while. */
  grant_list: { params: Empty; reply: Grants };
  /** Allows something in a folder for a while. */
  grant_add: { params: AddGrant; reply: GrantView };
  /** Takes a grant back. */
  grant_revoke: { params: RevokeGrant; reply: GrantView };
  /** Every setting. */
  settings_list: { params: Empty; reply: Settings };
  /** One setting. */
  settings_get: { params: GetSetting; reply: SettingView };
  /** Changes a setting. */
  settings_set: { params: SetSetting; reply: SettingView };
  /** Writes a copy of the database while work goes on. */
  backup: { params: BackupTo; reply: BackupDone };
  /** Looks at everything that could be wrong. */
  doctor: { params: Empty; reply: DoctorReport };
  /** Brings the desktop forward. */
  raise: { params: Raise; reply: RaiseReply };
  /** Leaves. */
  quit: { params: Quit; reply: QuitReply };
}
