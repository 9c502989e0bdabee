use errand_base::{TaskId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

use crate::{
    AroundView, ArtifactView, DeliveryView, EffectView, Hold, IsolationReport, IsolationView, LogLine,
    Notify, OwnFolderView, Priority, QuestionView, ReasonView, RunView, SecretView, SubtaskView, TaskState,
    TimelineRow, ToolRules, WireError,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct RunReply {
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub id: TaskId,
    /// The key was known: this is the task of the first time.
    pub duplicate: bool,
    /// Sentences the person should read, such as "2 similar tasks are queued".
    pub notes: Vec<String>,
}

/// Everything about one task. Stable: scripts read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TaskView {
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub id: TaskId,
    pub title: String,
    pub state: TaskState,
    pub holds: Vec<Hold>,
    pub reason: ReasonView,
    pub with_gaps: bool,
    pub generation: u32,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub updated_at: Timestamp,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<Timestamp>,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub archived_at: Option<Timestamp>,
    /// `script` for a plain program.
    pub agent: String,
    pub profile: Option<String>,
    /// What a worker is to do.
    pub brief: Option<String>,
    pub argv: Vec<String>,
    /// The program as one line that could be typed again.
    pub command: String,
    pub cwd: String,
    pub labels: Vec<String>,
    pub priority: Priority,
    pub notify: Notify,
    pub origin: String,
    /// The task that it is a sub-task of.
    pub parent: Option<String>,
    /// Everything below it, each behind the task that asked for it.
    #[serde(default)]
    pub subtasks: Vec<SubtaskView>,
    #[ts(type = "string[]")]
    #[schemars(with = "Vec<String>")]
    pub after: Vec<TaskId>,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub start_at: Option<Timestamp>,
    #[ts(type = "number | null")]
    pub timeout_ms: Option<u64>,
    pub retries: u32,
    /// What its program may do.
    pub isolation: IsolationView,
    /// What of its tool calls is carried out without a question; none if all of them are.
    #[serde(default)]
    pub tool_rules: Option<ToolRules>,
    /// Its variables that are credentials.
    #[serde(default)]
    pub secrets: Vec<SecretView>,
    /// What is done around its work.
    #[serde(default)]
    pub around: Vec<AroundView>,
    /// Its runs hold their folder for themselves.
    pub exclusive: bool,
    /// The folder that belongs to it and is removed with it.
    pub own_folder: Option<OwnFolderView>,
    /// The latest run.
    pub run: Option<RunView>,
    /// Its own, and what is asked below it.
    pub questions: Vec<QuestionView>,
    /// What its programs say they did outside.
    #[serde(default)]
    pub effects: Vec<EffectView>,
    /// Of the latest run that has one.
    pub artifact: Option<ArtifactView>,
    pub deliveries: Vec<DeliveryView>,
    /// Why it does not run yet, in words.
    pub why_waiting: Option<String>,
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TaskRow {
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub id: TaskId,
    /// The task that it is a sub-task of.
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub parent: Option<TaskId>,
    pub title: String,
    pub state: TaskState,
    pub holds: Vec<Hold>,
    pub reason: ReasonView,
    /// What came of it, in one line; for a running task what it does.
    pub outcome: String,
    pub command: String,
    pub cwd: String,
    pub labels: Vec<String>,
    pub priority: Priority,
    /// Below it, too.
    pub open_questions: u32,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub updated_at: Timestamp,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<Timestamp>,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub archived_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TaskList {
    /// Newest first.
    pub tasks: Vec<TaskRow>,
    pub next: Option<String>,
}

/// A question and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct InboxRow {
    /// The task that its person handed over.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub task: TaskId,
    pub title: String,
    /// Of the sub-task, if it is one that asks.
    pub asker: Option<String>,
    pub agent: String,
    pub command: String,
    pub question: QuestionView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct InboxView {
    /// Oldest first.
    pub rows: Vec<InboxRow>,
    /// There are so many tasks with questions that those of the oldest are left out for now.
    pub more: bool,
}

/// What the person was told, or was to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeliveryList {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Timeline {
    pub rows: Vec<TimelineRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// What `from` should be for the lines after these.
    #[ts(type = "number")]
    pub next: u64,
    /// Bytes of the middle that were not kept.
    #[ts(type = "number")]
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaitEnd {
    /// All have ended.
    Ended,
    /// At least one needs the person.
    NeedsYou,
    TimedOut,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct WaitReply {
    pub end: WaitEnd,
    pub tasks: Vec<TaskView>,
}

/// What came of a change to several tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Changed {
    #[ts(type = "string[]")]
    #[schemars(with = "Vec<String>")]
    pub changed: Vec<TaskId>,
    /// By the name that was given: why it was refused.
    #[ts(type = "Record<string, WireError>")]
    pub refused: BTreeMap<String, WireError>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ProgramPreview {
    pub argv: Vec<String>,
    /// Where the program was found.
    pub path: Option<String>,
    pub cwd: String,
    /// Why it would be refused.
    pub problem: Option<WireError>,
    /// A sentence about something that a shell would do and Errand does not, such as `|` or `*`.
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SettingView {
    pub name: String,
    pub value: String,
    pub default: String,
    pub is_default: bool,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Settings {
    pub settings: Vec<SettingView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BackupDone {
    pub file: String,
    #[ts(type = "number")]
    pub bytes: u64,
    #[ts(type = "number")]
    pub tasks: u64,
}

/// What the tray shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct EngineStatus {
    pub version: String,
    pub pid: u32,
    pub home: String,
    pub headless: bool,
    pub paused: bool,
    pub quitting: bool,
    pub slots: u32,
    pub running: u32,
    pub queued: u32,
    pub waiting: u32,
    pub needs_you: u32,
    /// "2 running, 1 queued": the first row of the menu.
    pub sentence: String,
    /// A standing problem, such as a full disk.
    pub problem: Option<WireError>,
    /// While a task is at work and the person allows it.
    pub keeping_awake: Option<KeepingAwake>,
    pub running_tasks: Vec<TaskRow>,
    pub needing_tasks: Vec<TaskRow>,
    /// The latest that have ended.
    pub recent: Vec<TaskRow>,
}

/// The computer is kept from sleeping by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct KeepingAwake {
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// "bold-falcon-427 and 2 more are at work"
    pub why: String,
    /// Why it sleeps when it likes all the same: "logind is not running".
    pub cannot: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct QuitReply {
    /// What it still waits for.
    #[ts(type = "string[]")]
    #[schemars(with = "Vec<String>")]
    pub finishing: Vec<TaskId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct RaiseReply {
    /// A desktop was there and opens the window.
    pub reached: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DoctorRow {
    pub name: String,
    /// `ok`, `note` or `problem`.
    pub verdict: String,
    pub text: String,
    pub hint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DoctorReport {
    pub rows: Vec<DoctorRow>,
    pub isolation: IsolationReport,
}
