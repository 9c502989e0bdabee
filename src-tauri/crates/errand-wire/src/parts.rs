use errand_base::{Code, Fault, TaskId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ApprovalView, CheckView, DeliveryState, Phase, SubjectKind, Surface, TaskState};

/// An error: what kind (branch on this), what happened, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct WireError {
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub code: Code,
    pub message: String,
    pub hint: String,
}

impl From<Fault> for WireError {
    fn from(fault: Fault) -> WireError {
        WireError { code: fault.code, message: fault.message, hint: fault.hint }
    }
}

impl From<WireError> for Fault {
    fn from(error: WireError) -> Fault {
        Fault { code: error.code, message: error.message, hint: error.hint }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ReasonView {
    /// From a closed list; scripts branch on it.
    pub code: String,
    pub text: String,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct RunView {
    pub n: u32,
    pub phase: Phase,
    /// What it was last known to do, for example "turn 3, 40 %: waiting for tests, last output 40 s ago".
    pub checkpoint: String,
    /// Of a worker that takes turns.
    pub turn: Option<u32>,
    /// What its programs said last about how far they are.
    pub progress: Option<String>,
    pub percent: Option<u32>,
    pub pid: Option<u32>,
    /// The agent's own session; a plain program has none.
    pub session: Option<String>,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<Timestamp>,
    pub exit_code: Option<i32>,
    pub exit_signal: Option<i32>,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub last_output_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ChoiceView {
    /// What `--choose` takes.
    pub name: String,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Answered {
    pub choice: Option<String>,
    pub by: String,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    pub surface: Option<Surface>,
}

/// One of several things that are asked at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct FieldView {
    pub name: String,
    /// What the person reads; the name if it is empty.
    pub label: String,
    /// `text`, `integer`, `number` or `flag`.
    pub kind: FieldKind,
    pub options: Vec<String>,
    /// Any text will do, also beside the options.
    pub open: bool,
    /// Yes if it is not said.
    pub required: Option<bool>,
    /// What is typed is not shown and not kept.
    pub secret: bool,
    pub default: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Eq for FieldView {}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    #[default]
    Text,
    Integer,
    Number,
    Flag,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct QuestionView {
    /// `q1`, `q2`: unique within the task. Of a sub-task, as seen from above, `TASK/q1`.
    pub id: String,
    /// The sub-task that asks; none if the task asks itself.
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub task: Option<TaskId>,
    /// `user_input`, `blocker`, `command_approval`, `file_approval` or `dynamic_tool`.
    pub kind: String,
    pub text: String,
    pub options: Vec<ChoiceView>,
    /// Any text will do, also beside the options.
    #[serde(default)]
    pub open: bool,
    /// It asks for these at once.
    #[serde(default)]
    pub fields: Vec<FieldView>,
    /// Of the three approvals.
    #[serde(default)]
    pub approval: Option<ApprovalView>,
    /// `open`, `answered` or `withdrawn`.
    pub state: String,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub asked_at: Timestamp,
    pub answered: Option<Answered>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ArtifactView {
    pub run: u32,
    pub report: String,
    /// The report read as Markdown, as HTML that is safe to show: sanitised, no scripts, no remote loads. For
    /// `text` it is the other view of it.
    pub html: String,
    /// `text`: program output, shown line by line. `markdown`: written by an agent or by Errand.
    pub format: String,
    /// One line for lists.
    pub outcome: String,
    pub notify: bool,
    /// What was checked. One that was not met makes the result one with gaps.
    #[serde(default)]
    pub verification: Vec<CheckView>,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeliveryView {
    #[ts(type = "number")]
    pub id: i64,
    /// `result`, `failure`, `question`, `notice` or `digest`.
    pub kind: String,
    pub state: DeliveryState,
    /// Why it was shown, or why not or not yet, as a sentence.
    pub why: String,
    /// The same from a closed list; none while nothing is decided, or where a service has refused it.
    #[serde(default)]
    pub code: Option<String>,
    /// A digest is about several.
    #[serde(default)]
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub task: Option<TaskId>,
    #[serde(default)]
    pub title: Option<String>,
    /// Which question it tells of.
    #[serde(default)]
    pub question: Option<String>,
    pub times_shown: u32,
    /// The first time.
    #[serde(default)]
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub shown_at: Option<Timestamp>,
    /// What the notification service calls itself.
    #[serde(default)]
    pub service: Option<String>,
    /// While it is held.
    #[serde(default)]
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// Nobody came for a long time, so it has become urgent.
    #[serde(default)]
    pub escalated: bool,
    /// The digest that tells of it.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub digest: Option<i64>,
    #[serde(default)]
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Timestamp>,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub updated_at: Timestamp,
}

/// One change of one thing, with its reason. The timeline of a task is made of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TimelineRow {
    #[ts(type = "number")]
    pub cursor: i64,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    pub subject: SubjectKind,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub task: Option<TaskId>,
    /// Which run, question or delivery of the task.
    pub subject_id: String,
    pub from: String,
    pub to: String,
    pub reason: ReasonView,
}

/// A task below another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SubtaskView {
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub id: TaskId,
    /// How far below the task that is shown: 1 for those that it has asked for itself.
    pub level: u32,
    pub title: String,
    pub state: TaskState,
    /// What came of it in one line, or the reason for its state.
    pub outcome: String,
}

/// What becomes of a folder that belongs to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Cleanup {
    /// It is kept.
    None,
    /// It is being removed.
    Pending,
    Removed,
    /// It could not be removed.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct OwnFolderView {
    /// It is made before the first run.
    pub path: String,
    /// Where the files are that were attached.
    pub attachments: Option<String>,
    pub cleanup: Cleanup,
    /// Why it could not be removed.
    pub error: Option<String>,
}
