//! Everything that reaches the dispatcher, and everything it orders.

use std::sync::Arc;
use std::time::Duration;

use errand_base::{Fault, RunId, TaskId, Timestamp};
use errand_model::approval::Approval;
use errand_model::{
    Afterwards, AnswerText, Aside, Ask, Check, Death, Event, Exit, Origin, Policy, Priority, Response,
    StartError, Step, SubtaskWish, Tail, Task, Vigil, Work,
};
use errand_os::PowerEvent;
use tokio::sync::oneshot;

use crate::commit::{StepWrite, Written};
use crate::folders::OwnFolder;
use crate::run::RunShared;
use crate::settings;

/// A task as it is handed over.
#[derive(Clone, Debug)]
pub struct NewTask {
    pub title: String,
    pub work: Work,
    pub command: String,
    pub labels: Vec<String>,
    pub origin: Origin,
    pub policy: Policy,
    pub start_at: Option<Timestamp>,
    pub after: Vec<TaskId>,
    pub key: Option<String>,
    pub own: Option<OwnFolder>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub id: TaskId,
    pub duplicate: bool,
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Fault>>;

pub(crate) enum Input {
    Accept {
        new: Box<NewTask>,
        reply: Reply<Accepted>,
    },
    /// The commit of an acceptance came back.
    Accepted {
        result: Result<Acceptance, Fault>,
        reply: Reply<Accepted>,
    },
    /// Something a person or another part wants of a task. `stored` is the task if it may not be in memory.
    Tell {
        task: TaskId,
        event: Event,
        stored: Option<Box<LiveTask>>,
        reply: Reply<()>,
    },
    /// A program of a run asks the person. `opened` hears the number of the question, `answer` how it was settled.
    Ask {
        task: TaskId,
        run: RunId,
        ask: Ask,
        opened: Reply<u32>,
        answer: oneshot::Sender<Option<AnswerText>>,
    },
    /// A program of a run hands part of its work on.
    Spawn {
        task: TaskId,
        run: RunId,
        wish: Box<SubtaskWish>,
        reply: Reply<Accepted>,
    },
    /// What a task missed while it was not listening.
    Missed {
        events: Vec<(TaskId, Event)>,
    },
    /// A change outside the state machine was committed: priority, notify, limits.
    Edited {
        task: Box<Task>,
    },
    Report {
        task: TaskId,
        run: RunId,
        report: Report,
    },
    Committed {
        task: TaskId,
        step: Arc<Step>,
        result: Result<Written, Fault>,
    },
    Reloaded {
        task: TaskId,
        stored: Result<Option<Box<LiveTask>>, Fault>,
    },
    /// A timer may be due.
    Tick,
    /// What the machine says of its sleep and its supply.
    Power(PowerEvent),
    /// What an earlier engine left behind: its unfinished tasks.
    Recovered {
        tasks: Vec<LiveTask>,
    },
    /// The processes of an earlier engine were ended; here are the last words of the runs it had. It comes again
    /// once processes that would not go are gone.
    Swept {
        tails: Vec<(TaskId, RunId, Tail)>,
        all_gone: bool,
    },
    Settings(settings::Live),
    DiskFull(bool),
    Why {
        task: TaskId,
        reply: oneshot::Sender<Option<String>>,
    },
    Counts {
        reply: oneshot::Sender<Counts>,
    },
    RunOf {
        task: TaskId,
        reply: oneshot::Sender<Option<Arc<RunShared>>>,
    },
    Quit {
        how: Leave,
        reply: Reply<Vec<TaskId>>,
    },
}

/// What the processes of a run did.
#[derive(Clone, Debug)]
pub(crate) enum Report {
    StartFailed(StartError),
    Exited { tail: Tail, gone: bool, used: Used, checks: Vec<Check> },
    TurnEnded { response: Result<Box<Response>, String>, tail: Tail, used: Used, afterwards: Afterwards },
    Aside(Option<Aside>),
    Asks(Box<Approval>),
    WindUpFailed(String),
    Gone,
    Stuck { processes: u32 },
    Lost { death: Death, tail: Tail },
    Silent { since: Timestamp },
    Spoke,
}

/// How a run's own process ended and what it has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub exit: Exit,
    pub cpu: Duration,
    pub max_rss_kib: u64,
}

impl From<errand_store::Stored> for LiveTask {
    fn from(stored: errand_store::Stored) -> LiveTask {
        let has_folder = stored.cleanup.is_some();
        LiveTask { seq: stored.seq, task: stored.task, work: Some(Arc::new(stored.work)), has_folder }
    }
}

/// A task in memory: what deciding about it needs.
#[derive(Clone, Debug)]
pub(crate) struct LiveTask {
    pub seq: i64,
    pub task: Task,
    /// Left in the store while a great many tasks wait.
    pub work: Option<Arc<Work>>,
    /// A folder belongs to it, which is made before a run.
    pub has_folder: bool,
}

#[derive(Debug)]
pub(crate) enum Acceptance {
    New(Box<LiveTask>),
    Known { id: TaskId, same_work: bool },
}

/// How to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Workers stop after the turn they are in, and go on from there at the next start. Refused while plain programs
    /// run, which cannot.
    Pause,
    /// Start nothing new, leave after the last run.
    Finish,
    /// End every run; the tasks are cancelled.
    Now,
    /// The system wants us gone: end every run within seconds; the tasks are unknown.
    Shutdown,
}

/// How many tasks there are in each state that is not final, and what stops new ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub running: u32,
    pub queued: u32,
    pub waiting: u32,
    pub needs_you: u32,
    pub slots: u32,
    pub paused: bool,
    pub quitting: bool,
    pub disk_full: bool,
    pub vigil: Vigil,
    /// The tasks for which the machine is kept awake.
    pub at_work: Vec<TaskId>,
    /// Since when it is kept awake.
    pub kept_since: Option<Timestamp>,
}

/// What the dispatcher wants done. Each is carried out in order and reports back as an input.
pub(crate) enum Action {
    Accept {
        new: Box<NewTask>,
        reply: Reply<Accepted>,
    },
    /// `must`: also on a full disk.
    Commit {
        task: TaskId,
        write: StepWrite,
        step: Box<Step>,
        must: bool,
    },
    Launch(Launch),
    /// The next turn of a run that is under way.
    Prompt {
        task: TaskId,
        shared: Arc<RunShared>,
    },
    /// Deliveries or questions changed; the outbox looks at its rows.
    Deliver,
    /// Keep the machine from sleeping, or let it.
    KeepAwake(bool),
    /// It is let although these are at work; their timelines say why.
    MaySleep {
        runs: Vec<(i64, TaskId, RunId)>,
        why: String,
    },
    Reload {
        task: TaskId,
    },
    /// Nothing is left to wait for.
    Leave,
}

/// What may be changed after a task was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    pub title: Option<String>,
    pub labels: Option<Vec<String>>,
    pub priority: Option<Priority>,
    pub notify: Option<errand_model::Notify>,
    pub timeout: Option<Duration>,
    pub retries: Option<u32>,
    /// How many turns a worker may take.
    pub turns: Option<u32>,
}

/// A run to be started.
pub(crate) struct Launch {
    pub task: TaskId,
    pub seq: i64,
    pub run: RunId,
    pub n: u32,
    /// Read from the store if it is not in memory.
    pub work: Option<Arc<Work>>,
    /// It takes turns, or there is something to tell it: what it needs to know is read from the store.
    pub turn: bool,
    /// After how long without a sign of life to say so.
    pub silence: Duration,
    pub has_folder: bool,
    pub shared: Arc<RunShared>,
}
