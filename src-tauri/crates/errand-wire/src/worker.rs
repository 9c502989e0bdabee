//! What crosses a run's own socket. One line asks; the answer is one line, too, but for a question, which is
//! confirmed first. Simple enough to be spoken without the program `errand`.

use errand_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::WireError;

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
        why: String,
        #[serde(default)]
        follow_up: Option<String>,
    },
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
    Woken {
        at: Timestamp,
    },
    Error(WireError),
}
