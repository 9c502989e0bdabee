use errand_base::{TaskId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{LogStream, TimelineRow, Window};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    Task,
    Run,
    Question,
    Delivery,
    Settings,
}

/// What the event stream carries. Changes are durable and have a cursor; the rest only concerns who is listening now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A committed change.
    Changed { change: TimelineRow },
    /// Everything up to here has been sent; what follows is live.
    UpToDate {
        #[ts(type = "number")]
        cursor: i64,
    },
    /// Changes between the wanted cursor and this one are no longer kept; read the lists again.
    Gap {
        #[ts(type = "number")]
        cursor: i64,
    },
    /// Lines of the log of the followed task.
    Log { lines: Vec<LogLine> },
    /// The followed run is over and its log complete.
    LogEnd,
    /// Somebody asked for a window; the desktop opens it.
    Open { window: Window },
    /// The engine is leaving.
    Quitting,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct LogLine {
    /// Counts up within the task, with holes where output was left out.
    #[ts(type = "number")]
    pub seq: u64,
    pub run: u32,
    pub stream: LogStream,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Without terminal escapes, always valid text.
    pub text: String,
}

impl Event {
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Event::Changed { change } => change.task.as_ref(),
            Event::UpToDate { .. }
            | Event::Gap { .. }
            | Event::Log { .. }
            | Event::LogEnd
            | Event::Open { .. }
            | Event::Quitting => None,
        }
    }
}
