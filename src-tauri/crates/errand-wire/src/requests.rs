use errand_base::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

use crate::{Decision, Limits, Notify, Priority, QuitMode, Surface, TaskState, WindowKind};

/// A command that needs to be told nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(type = "Record<string, never>")]
pub struct Empty {}

/// Hands over a task: a program (`argv` or `line`), or a program with a brief, which then is a worker that takes
/// turns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct RunTask {
    /// A program and its arguments, as they are.
    #[ts(optional)]
    pub argv: Option<Vec<String>>,
    /// A program line as a person types it: split at spaces and quotes, never read by a shell.
    #[ts(optional)]
    pub line: Option<String>,
    /// What a worker is to do.
    #[ts(optional)]
    pub brief: Option<String>,
    #[ts(optional)]
    pub agent: Option<String>,
    #[ts(optional)]
    pub title: Option<String>,
    /// The folder to run in; the engine's own home folder if not given.
    #[ts(optional)]
    pub cwd: Option<String>,
    /// Variables beside PATH, HOME, LANG, TERM, TZ and TMPDIR.
    #[ts(type = "Record<string, string>", optional)]
    pub env: BTreeMap<String, String>,
    /// Variables whose values are credentials, by the names of those.
    #[ts(type = "Record<string, string>", optional)]
    pub secrets: BTreeMap<String, String>,
    /// Not before this moment.
    #[ts(type = "string", optional)]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// Tasks that must complete first: ids or unique beginnings of ids.
    #[ts(optional, as = "Option<_>")]
    pub after: Vec<String>,
    #[ts(optional, as = "Option<_>")]
    pub labels: Vec<String>,
    #[ts(optional)]
    pub priority: Option<Priority>,
    /// The same key and the same work again is the same task.
    #[ts(optional)]
    pub key: Option<String>,
    #[ts(type = "number", optional)]
    pub timeout_ms: Option<u64>,
    #[ts(optional)]
    pub retries: Option<u32>,
    #[ts(optional)]
    pub notify: Option<Notify>,
    #[ts(optional)]
    pub turns: Option<TurnLimitsGiven>,
    /// What a program is to be kept from.
    #[ts(optional, as = "Option<_>")]
    pub limits: Limits,
    /// Rules of what its worker may do without being asked about: `git status`, `cargo test *`, `write_file <path>`.
    #[ts(optional, as = "Option<_>")]
    pub allow: Vec<String>,
    /// No other task that says so runs in the folder, above it or below it at the same time.
    #[ts(optional, as = "Option<_>")]
    pub exclusive: bool,
    /// Run it in a folder of its own, which is made for it and removed with it, instead of `cwd`.
    #[ts(optional, as = "Option<_>")]
    pub managed: bool,
    /// Commands that must succeed before "done" is believed, after those of the folder's own file.
    #[ts(optional, as = "Option<_>")]
    pub checks: Vec<String>,
    /// Leave the file of the folder aside.
    #[ts(optional, as = "Option<_>")]
    pub no_folder_file: bool,
    /// The name of copies that the caller has put among the folders of this home, to be attached.
    #[ts(optional)]
    pub staged: Option<String>,
}

/// Limits of a worker that takes turns; what is left out stays as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct TurnLimitsGiven {
    #[ts(optional)]
    pub most: Option<u32>,
    #[ts(type = "number", optional)]
    pub each_ms: Option<u64>,
    #[ts(type = "number", optional)]
    pub stall_ms: Option<u64>,
    #[ts(optional)]
    pub restarts: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct ListTasks {
    #[ts(optional, as = "Option<_>")]
    pub states: Vec<TaskState>,
    #[ts(optional)]
    pub label: Option<String>,
    #[ts(optional)]
    pub folder: Option<String>,
    /// Words that must occur in the brief or the report.
    #[ts(optional)]
    pub search: Option<String>,
    /// Archived tasks, too.
    #[ts(optional, as = "Option<_>")]
    pub archived: bool,
    /// Sub-tasks, too. A search finds them in any case.
    #[ts(optional, as = "Option<_>")]
    pub all: bool,
    /// Only those that this task has asked for.
    #[ts(optional)]
    pub parent: Option<String>,
    #[ts(optional)]
    pub limit: Option<u32>,
    /// From `next` of the page before.
    #[ts(optional)]
    pub cursor: Option<String>,
}

/// A task by its id or a unique beginning of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TaskRef {
    pub task: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct ListDeliveries {
    /// Only those of this task.
    #[ts(optional)]
    pub task: Option<String>,
    #[ts(optional)]
    pub limit: Option<u32>,
    /// From `next` of the page before.
    #[ts(optional)]
    pub cursor: Option<String>,
}

/// Which window is in front. It is forgotten with the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct FocusOn {
    /// The window of this task; null: none of a task any more.
    pub task: Option<String>,
    /// With null: only if it was the window of this task that was in front. Windows that share a connection do not
    /// know of one another.
    #[ts(optional)]
    pub left: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ReadLog {
    pub task: String,
    /// From this sequence number on; without it the end of the log.
    #[ts(type = "number", optional)]
    #[serde(default)]
    pub from: Option<u64>,
    #[ts(optional)]
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct WaitTasks {
    pub tasks: Vec<String>,
    #[ts(type = "number", optional)]
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Go on waiting while a task needs the person.
    #[serde(default)]
    pub through_questions: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AnswerQuestion {
    pub task: String,
    /// `q1`; may be left out while one question is open.
    #[ts(optional)]
    #[serde(default)]
    pub question: Option<String>,
    /// The name of an option, its label, or a text.
    #[serde(default)]
    pub choice: String,
    /// By the names of the question's fields, in place of `choice`.
    #[ts(type = "Record<string, string>", optional)]
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Of an approval, in place of `choice` and `fields`.
    #[ts(optional)]
    #[serde(default)]
    pub decision: Option<Decision>,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CancelTasks {
    pub tasks: Vec<String>,
    #[ts(optional)]
    #[serde(default)]
    pub reason: Option<String>,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ArchiveTasks {
    pub tasks: Vec<String>,
    /// Take them out of the archive.
    #[ts(optional, as = "Option<_>")]
    #[serde(default)]
    pub restore: bool,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeleteTasks {
    pub tasks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct RetryTask {
    pub task: String,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

/// Writes to a worker. What has ended is opened again for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct WriteTo {
    pub task: String,
    pub text: String,
    #[ts(optional)]
    #[serde(default)]
    pub mode: Option<MessageMode>,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

/// When a worker is to read a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageMode {
    /// In the middle of its turn, if its agent can.
    Now,
    /// With its next turn.
    #[default]
    Next,
    /// Its turn is ended, and this stands for its brief.
    Replace,
}

/// Changes what may be changed after a task was handed over; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct EditTask {
    pub task: String,
    #[ts(optional)]
    #[serde(default)]
    pub title: Option<String>,
    #[ts(optional)]
    #[serde(default)]
    pub priority: Option<Priority>,
    #[ts(optional)]
    #[serde(default)]
    pub notify: Option<Notify>,
    #[ts(type = "number", optional)]
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    #[ts(optional)]
    #[serde(default)]
    pub retries: Option<u32>,
    /// How many turns a worker may take.
    #[ts(optional)]
    #[serde(default)]
    pub turns: Option<u32>,
    /// Replaces all labels.
    #[ts(optional)]
    #[serde(default)]
    pub labels: Option<Vec<String>>,
}

/// Pauses or resumes one task, or everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PauseTasks {
    #[ts(optional)]
    #[serde(default)]
    pub task: Option<String>,
    #[serde(default)]
    pub all: bool,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

/// Tells what would run, without running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PreviewProgram {
    pub line: String,
    #[ts(optional)]
    #[serde(default)]
    pub cwd: Option<String>,
}

/// A folder and its file `.errand.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct FolderRef {
    /// A full path.
    pub folder: String,
}

/// Lets tasks in a folder do what its file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AllowFolder {
    /// A full path.
    pub folder: String,
    /// What the person has read. A file that says something else by now is not allowed.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct GetSetting {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SetSetting {
    pub name: String,
    /// As typed; `default` sets it back.
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BackupTo {
    /// An absolute path that does not exist yet.
    pub file: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Quit {
    pub mode: QuitMode,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Window {
    pub kind: WindowKind,
    #[ts(optional)]
    #[serde(default)]
    pub task: Option<String>,
    /// What the first window is filled in with, by a link.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// Of the task, by its short name: `q1`.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

impl Window {
    pub fn quick() -> Window {
        Window { kind: WindowKind::Quick, task: None, question: None, draft: None }
    }

    pub fn inbox() -> Window {
        Window { kind: WindowKind::Inbox, ..Window::quick() }
    }

    pub fn task(task: impl Into<String>) -> Window {
        Window { kind: WindowKind::Task, task: Some(task.into()), ..Window::quick() }
    }

    /// Also by the name that a question of a sub-task has seen from above, `TASK/q1`.
    pub fn answer(task: impl Into<String>, question: &str) -> Window {
        let (task, question) = match question.rsplit_once('/') {
            Some((below, question)) => (below.to_owned(), question),
            None => (task.into(), question),
        };
        let question = Some(question.to_owned());
        Window { kind: WindowKind::Answer, task: Some(task), question, ..Window::quick() }
    }
}

/// Something to be handed over that its person has not looked at yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct Draft {
    #[ts(optional)]
    pub brief: Option<String>,
    #[ts(optional)]
    pub folder: Option<String>,
}

/// Brings the desktop forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Raise {
    pub window: Window,
}
