use errand_base::TaskId;
use serde::{Deserialize, Serialize};

use crate::{Event, WireError};

/// Counted up when an older side could misunderstand a newer one. Adding a field or a command is not such a case.
pub const PROTOCOL: u32 = 1;

/// Who is calling. A desktop shows windows when asked and is counted as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Terminal,
    Desktop,
    Windows,
}

/// The first line each way. Lines are JSON, one frame each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    pub protocol: u32,
    pub version: String,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHello {
    pub protocol: u32,
    pub version: String,
    pub pid: u32,
    pub headless: bool,
}

/// What a subscription delivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "feed", rename_all = "snake_case")]
pub enum Feed {
    /// Changes after the cursor, then live ones; without a cursor only live ones.
    Changes {
        #[serde(default)]
        cursor: Option<i64>,
    },
    /// The log of a task from a sequence number on, then live until its run is over.
    Log { task: TaskId, from: u64 },
}

/// Client to engine, after the hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientFrame {
    Call { id: u64, command: String, params: serde_json::Value },
    Subscribe { id: u64, feed: Feed },
    Unsubscribe { id: u64 },
}

/// Engine to client, after the hello. `id` is the one the client gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerFrame {
    Ok {
        id: u64,
        value: serde_json::Value,
    },
    Error {
        id: u64,
        error: WireError,
    },
    Event {
        id: u64,
        event: Event,
    },
    /// No further events under this id.
    End {
        id: u64,
    },
}
