//! The kinds of workers behind one vocabulary. The executor of the engine knows only [`Agent`] and [`Session`];
//! what a program speaks stays in its folder.

mod around;
pub mod fake;
pub mod herald;
pub mod isolation;
mod script;
pub mod tools;
mod turn;
mod weigh;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use errand_base::{RunId, Secret, TaskId};
use errand_model::approval::{Approval, Verdict};
use errand_model::{Aside, Check, Exit, Response, StartError, ToolResult, Work};
use errand_os::ProcessIdentity;

pub use herald::Herald;
pub use script::Script;
pub use turn::{Answered, Limits, Request, Subtask, Tool, Written};
pub use weigh::grant_allows;

/// A kind of worker.
pub trait Agent: Send + Sync + 'static {
    /// Starts a run. Cheap; what goes wrong later comes as an event.
    fn start(&self, order: Order) -> Starting<'_>;
}

pub type Starting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Session>, StartError>> + Send + 'a>>;

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Order {
    pub task: TaskId,
    pub run: RunId,
    pub work: Arc<Work>,
    /// The values of its credentials by the variables they go into: for the work, not for what is around it.
    pub secrets: Vec<(String, Secret<String>)>,
    /// Where its files and its socket are.
    pub desk: Arc<Desk>,
    /// What a worker is to do in its first turn.
    pub turn: Option<Box<Request>>,
    /// Between asking its processes to end and killing them.
    pub grace: Duration,
}

/// What a run has for itself: a folder, and the word that proves at its socket that a program belongs to it.
#[derive(Clone)]
pub struct Desk {
    pub folder: std::path::PathBuf,
    pub token: String,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Desk {
    pub fn socket(&self) -> std::path::PathBuf {
        self.folder.join("sock")
    }
}

/// A run under way.
pub trait Session: Send {
    /// What happens next. May be dropped and called again without losing anything.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = SessionEvent> + Send + '_>>;

    /// Begins the next turn. Only after [`SessionEvent::TurnEnded`].
    fn prompt(&mut self, turn: Box<Request>);

    /// Ends every process of the run: asked first, killed after the grace. What is to be done after the run is done
    /// then, if there is time for it.
    fn end(&mut self, how: End);

    /// Looks whether what must hold at the end does. [`SessionEvent::Checked`] tells. Only where the work has stop
    /// checks.
    fn check(&mut self) {}

    /// What becomes of a request, item by item. `why`: what is told of that which is refused.
    fn decide(&mut self, ask: u32, verdicts: Vec<Verdict>, why: Option<String>) {
        let _ = (ask, verdicts, why);
    }

    /// Its result is written down: how it ends from here on is not looked at any more.
    fn handed_over(&mut self) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Decided about this run.
    Ordered,
    /// The system wants us gone within seconds.
    Now,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Output,
    Errors,
    /// Of a command around the work. It belongs into the log, not into the result.
    Aside,
}

/// What a run may tell. After `StartFailed`, `Gone`, `Lost` or an `Exited` with `gone` nothing follows.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    Started {
        identity: ProcessIdentity,
    },
    StartFailed(StartError),
    Output {
        stream: Stream,
        bytes: Vec<u8>,
    },
    /// Its own process ended and everything it had printed by then has been delivered.
    Exited {
        exit: Exit,
        gone: bool,
        cpu: Duration,
        max_rss_kib: u64,
        /// What was looked at before its success is believed.
        checks: Vec<Check>,
    },
    /// It left a response, and no process of its turn is left. The run waits for its next prompt or its end.
    TurnEnded {
        exit: Exit,
        response: Result<Box<Response>, String>,
        cpu: Duration,
        max_rss_kib: u64,
        checks: Vec<Check>,
        tools: Vec<ToolResult>,
    },
    /// It prepares, checks or cleans up, or (`None`) is through with that.
    Aside(Option<Aside>),
    /// It wants to do something that is to be decided about; [`Session::decide`] tells how. `ask` is set.
    Asks(Box<Approval>),
    /// What [`Session::check`] found.
    Checked(Vec<Check>),
    /// What was to be done after the run failed.
    WindUpFailed(String),
    Gone,
    Stuck {
        processes: u32,
    },
    /// Nobody knows how it ended; its processes are being ended.
    Lost,
}
