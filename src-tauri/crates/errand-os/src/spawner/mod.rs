//! Starting programs and ending them for certain.
//!
//! Three kinds of process take part. The engine has threads and never forks; it asks the one **spawner**, a
//! single-threaded process of the lean binary, which forks a **supervisor** for each run. The supervisor starts
//! the program, is the reaper of everything the program leaves behind, and lives exactly until none of it is
//! left. Each run has its own control socket between engine and supervisor, so the loss of the spawner cuts off
//! no run, and the loss of the engine (end of file) ends all of them.

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
pub(crate) mod fds;
#[cfg(target_os = "linux")]
mod gated;
#[cfg(target_os = "linux")]
mod pen;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
pub(crate) mod supervise;
#[cfg(not(target_os = "linux"))]
mod unsupported;

use std::ffi::CStr;
use std::path::PathBuf;
use std::time::Duration;

use errand_base::{RunId, Secret, TaskId};
use serde::{Deserialize, Serialize};

use crate::{ProcessIdentity, Sandbox};

#[cfg(target_os = "linux")]
pub use client::{Output, Process, Spawner, read_now};
#[cfg(target_os = "linux")]
pub use serve::serve;
#[cfg(not(target_os = "linux"))]
pub use unsupported::{Output, Process, Spawner, read_now, serve};

/// What a worker's process carries in its environment: `MARK-RUN`. The start of an engine sweeps by it.
pub const RUN_VARIABLE: &str = "ERRAND_RUN";
pub const TASK_VARIABLE: &str = "ERRAND_TASK";
/// What the spawner and, as its forks, the supervisors carry: the mark alone.
pub(crate) const SPAWNER_VARIABLE: &str = "ERRAND_SPAWNER";
/// The limit of open files that programs get back.
const OPEN_FILES_VARIABLE: &str = "ERRAND_OPEN_FILES";
/// Where the spawner makes control groups.
const GROUPS_VARIABLE: &str = "ERRAND_GROUPS";
/// How supervisors are called in `ps`, and how a dead one is told from a worker.
pub(crate) const SUPERVISOR_NAME: &CStr = c"errand-super";

/// A program to start.
#[derive(Clone, Debug)]
pub struct Launch {
    pub run: RunId,
    pub task: TaskId,
    /// The program, looked up along the PATH in `env`, and its arguments.
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    /// All of the environment, except for the two variables that name task and run.
    pub env: Vec<(String, String)>,
    /// More of the environment, for the program alone: not for what stands between it and its supervisor.
    pub secrets: Vec<(String, Secret<String>)>,
    /// How long its processes may take to leave when asked.
    pub grace: Duration,
    /// None: it runs as the person.
    pub sandbox: Option<Sandbox>,
}

/// What a supervisor needs to know of a [`Launch`].
#[derive(Serialize, Deserialize)]
struct Order {
    argv: Vec<String>,
    cwd: PathBuf,
    env: Vec<(String, String)>,
    secrets: Vec<(String, String)>,
    grace: Duration,
    sandbox: Option<Sandbox>,
    /// What it reads; otherwise nothing.
    input: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessEvent {
    Started {
        identity: ProcessIdentity,
    },
    /// Nothing was started.
    StartFailed {
        kind: StartFailure,
    },
    /// The program itself has exited. `gone`: and nothing of it is left. Else what is left is being ended.
    Exited {
        exit: Exit,
        gone: bool,
        cpu: Duration,
        max_rss_kib: u64,
    },
    /// Nothing is left.
    Gone,
    /// Processes are left that even KILL has not ended for 15 seconds. Sent once; the supervisor keeps trying.
    Stuck {
        processes: u32,
    },
    /// The supervisor vanished before it said that nothing is left. What it leaves, the spawner ends.
    SupervisorDied,
}

impl ProcessEvent {
    /// Whether nothing comes after it.
    pub fn is_last(&self) -> bool {
        match self {
            ProcessEvent::Started { .. } | ProcessEvent::Stuck { .. } => false,
            ProcessEvent::Exited { gone, .. } => *gone,
            ProcessEvent::StartFailed { .. } | ProcessEvent::Gone | ProcessEvent::SupervisorDied => true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartFailure {
    ProgramMissing,
    FolderMissing,
    /// A sentence without its full stop.
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    Code(i32),
    Signal(i32),
}
