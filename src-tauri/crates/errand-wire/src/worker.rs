//! What crosses a run's own socket. One line asks; the answer is one line, too, but for a question, which is
//! confirmed first. Simple enough to be spoken without the program `errand`.

use errand_base::{TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{FieldView, WireError};

/// The first and only line of a program of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerCall {
    /// From the variable `ERRAND_TOKEN`.
    pub token: String,
    #[serde(flatten)]
    pub verb: WorkerVerb,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum WorkerVerb {
    /// Asks the person and waits for the answer; hanging up takes the question back.
    Ask {
        question: String,
        #[serde(default)]
        options: Vec<String>,
        /// Any text will do, also beside the options.
        #[serde(default)]
        other: bool,
        /// Several things at once, in place of options. The answer then is a JSON object.
        #[serde(default)]
        fields: Vec<FieldView>,
        /// The same as a form in JSON schema, as text: the order of its properties counts.
        #[serde(default)]
        schema: Option<String>,
    },
    Progress {
        note: String,
        #[serde(default)]
        percent: Option<u8>,
    },
    /// Said before something is done that cannot be undone by forgetting, and with `done` after it.
    Effect {
        what: String,
        #[serde(default)]
        done: bool,
    },
    Finish {
        report: String,
        #[serde(default)]
        summary: Option<String>,
        #[serde(default)]
        notify: Option<bool>,
        #[serde(default)]
        verification: Vec<CheckView>,
    },
    Wake {
        #[serde(default)]
        after_s: Option<u64>,
        #[serde(default)]
        at: Option<Timestamp>,
        /// As soon as its sub-tasks have ended; a time beside it is the latest moment.
        #[serde(default)]
        when_subtasks_end: bool,
        #[serde(default)]
        why: String,
        #[serde(default)]
        follow_up: Option<String>,
    },
    /// Hands part of the work on.
    Subtask {
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        brief: Option<String>,
        /// The program that works on it; that of this task if there is none.
        #[serde(default)]
        argv: Option<Vec<String>>,
        /// The folder of this task or one inside of it.
        #[serde(default)]
        cwd: Option<String>,
        #[serde(default)]
        labels: Vec<String>,
        /// The same key and the same work again is the same sub-task.
        #[serde(default)]
        key: Option<String>,
    },
    /// What became of its sub-tasks so far.
    Subtasks {},
    /// Cancels a sub-task of this task, named by its id or its key.
    CancelSubtask { subtask: String },
}

/// Something that a run has done outside, or was about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, ts_rs::TS)]
pub struct EffectView {
    pub what: String,
    /// `intended`, `done`, or `unknown`: it was cut off in between.
    pub state: String,
}

/// One thing that was to be so, and whether it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, ts_rs::TS)]
pub struct CheckView {
    pub what: String,
    pub met: bool,
    #[serde(default)]
    pub note: Option<String>,
}

/// A sub-task as its parent sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtaskSeen {
    pub task: TaskId,
    pub key: Option<String>,
    pub title: String,
    /// `removed` if its person has removed it.
    pub state: String,
    pub outcome: String,
    pub report: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerReply {
    /// The question stands; its answer follows.
    Asked(String),
    /// `None`: the question was withdrawn.
    Answer(Option<String>),
    Ok {},
    /// `first`: this is the result that counts.
    Finished {
        first: bool,
    },
    /// `None`: as soon as its sub-tasks have ended.
    Woken {
        at: Option<Timestamp>,
    },
    /// `duplicate`: it was asked for before.
    Subtask {
        id: TaskId,
        duplicate: bool,
    },
    Subtasks(Vec<SubtaskSeen>),
    Cancelled {
        id: TaskId,
    },
    Error(WireError),
}
