use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use errand_base::{RunId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Around, Child, Execution, Lease, Question, Reason, Talk};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// For other tasks, or for a start time.
    Waiting,
    Queued,
    Running,
    /// At least one blocking question is open.
    NeedsYou,
    RateLimited,
    Sleeping,
    Completed,
    Failed,
    TimedOut,
    Cancelled,
    /// It was interrupted and nothing proves how far it came.
    Unknown,
}

impl State {
    pub const ALL: [State; 11] = [
        State::Waiting,
        State::Queued,
        State::Running,
        State::NeedsYou,
        State::RateLimited,
        State::Sleeping,
        State::Completed,
        State::Failed,
        State::TimedOut,
        State::Cancelled,
        State::Unknown,
    ];

    pub fn is_final(self) -> bool {
        match self {
            State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => true,
            State::Waiting
            | State::Queued
            | State::Running
            | State::NeedsYou
            | State::RateLimited
            | State::Sleeping => false,
        }
    }

    /// The name in the database, in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Queued => "queued",
            State::Running => "running",
            State::NeedsYou => "needs_you",
            State::RateLimited => "rate_limited",
            State::Sleeping => "sleeping",
            State::Completed => "completed",
            State::Failed => "failed",
            State::TimedOut => "timed_out",
            State::Cancelled => "cancelled",
            State::Unknown => "unknown",
        }
    }

    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A reason why a task may not start or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// This task was paused.
    Person,
    /// Everything was paused.
    All,
    Budget,
    Offline,
    Quota,
    Keychain,
    AgentMissing,
}

impl Hold {
    pub const ALL: [Hold; 7] = [
        Hold::Person,
        Hold::All,
        Hold::Budget,
        Hold::Offline,
        Hold::Quota,
        Hold::Keychain,
        Hold::AgentMissing,
    ];
}

/// A set of holds; a task starts or goes on only while it is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holds(u8);

impl Holds {
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn contains(self, hold: Hold) -> bool {
        self.0 & Holds::bit(hold) != 0
    }

    #[must_use]
    pub fn with(self, hold: Hold) -> Holds {
        Holds(self.0 | Holds::bit(hold))
    }

    #[must_use]
    pub fn without(self, hold: Hold) -> Holds {
        Holds(self.0 & !Holds::bit(hold))
    }

    pub fn iter(self) -> impl Iterator<Item = Hold> {
        Hold::ALL.into_iter().filter(move |hold| self.contains(*hold))
    }

    pub fn bits(self) -> u8 {
        self.0
    }

    /// Bits that no hold stands for are dropped.
    pub fn from_bits(bits: u8) -> Holds {
        Holds(bits & 0b111_1111)
    }

    fn bit(hold: Hold) -> u8 {
        1 << (hold as u8)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
    Urgent,
}

/// When the person wants to hear of a result. Questions and failures are always told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    #[default]
    Always,
    Significant,
    Silent,
}

/// Who started a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    Person,
}

/// What is to be done. A plain program is the one kind of work that needs no agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Program(Program),
}

/// A program as the person gave it: no shell reads it, each argument arrives as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The program first, as typed; it is looked up in the caller's PATH.
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    /// The folder that `execution` speaks of, where that is not `cwd` but one above it: what a sub-task may use is
    /// what its parent may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<PathBuf>,
    /// The whole environment of the program apart from Errand's own variables, sorted by name.
    pub env: Vec<(String, String)>,
    /// Variables whose values are credentials, with the names those are kept under. The values are never written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<(String, String)>,
    /// What it is to do. A program that is given a brief is a worker: it takes turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief: Option<String>,
    /// What it may do. Left out where it may do everything, so that older work reads and hashes as before.
    #[serde(default, skip_serializing_if = "Execution::is_open")]
    pub execution: Execution,
    /// The rules of its allowlist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// What is done before and after it.
    #[serde(default, skip_serializing_if = "Around::is_empty")]
    pub around: Around,
}

impl Program {
    /// The name a person knows the program by.
    pub fn name(&self) -> &str {
        let first = self.argv.first().map(String::as_str).unwrap_or_default();
        first.rsplit('/').next().unwrap_or(first)
    }
}

/// What was agreed when the task was handed over; frozen, apart from `priority` and `notify`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub priority: Priority,
    pub notify: Notify,
    /// Execution time over all runs; `None` is no limit.
    pub timeout: Option<Duration>,
    /// How many more attempts follow one that failed with a known exit.
    pub retries: u32,
    /// What each of its runs holds from its start until its last process is gone.
    pub lease: Option<Lease>,
    pub turns: TurnLimits,
}

/// What bounds a worker that takes turns. Frozen with the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnLimits {
    /// Turns in one generation of the task.
    pub most: u32,
    /// One turn, not counting the time in which it waits for the person.
    pub each: Duration,
    /// After so long without a sign of life a turn is restarted.
    pub stall: Duration,
    /// How often in a row, before the person is asked.
    pub restarts: u32,
}

impl Default for TurnLimits {
    fn default() -> TurnLimits {
        TurnLimits { most: 6, each: Duration::from_secs(300), stall: Duration::from_secs(120), restarts: 3 }
    }
}

/// A task that must complete before this one may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub task: TaskId,
    /// `None` while it has not ended.
    pub ended: Option<State>,
    /// The person said: run anyway.
    pub waived: bool,
}

impl Dependency {
    pub fn on(task: TaskId) -> Dependency {
        Dependency { task, ended: None, waived: false }
    }

    pub fn is_met(&self) -> bool {
        self.waived || self.ended == Some(State::Completed)
    }
}

/// How far the processes of a run have come. A run holds its slot until it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Written down; the process may or may not exist yet.
    Starting,
    /// The program's own process has ended or was told to; descendants may remain.
    Ending,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub n: u32,
    pub stage: Stage,
    pub started_at: Timestamp,
    /// Since when it uses up execution time. `None` while it waits for the person, and once it is decided.
    pub working_since: Option<Timestamp>,
}

/// What a person can choose when work is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Start although a task it waits for did not complete.
    RunAnyway,
    /// Wait until that task is retried and completes.
    WaitForRetry,
    Cancel,
    /// A silent program: let it go on.
    KeepWaiting,
    /// A silent program: end it.
    Stop,
    /// A worker that fell silent too often: try once more.
    StartAgain,
}

impl Choice {
    pub fn name(self) -> &'static str {
        match self {
            Choice::RunAnyway => "run_anyway",
            Choice::WaitForRetry => "wait_for_retry",
            Choice::Cancel => "cancel",
            Choice::KeepWaiting => "keep_waiting",
            Choice::Stop => "stop",
            Choice::StartAgain => "start_again",
        }
    }

    /// What the button says.
    pub fn label(self) -> &'static str {
        match self {
            Choice::RunAnyway => "Run anyway",
            Choice::WaitForRetry => "Wait for a retry",
            Choice::Cancel => "Cancel",
            Choice::KeepWaiting => "Keep waiting",
            Choice::Stop => "Stop it",
            Choice::StartAgain => "Start again",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The start time given with `--at`, or the pause before another attempt. Wall clock.
    Start,
    /// Execution time is used up. Awake time, counted from when it was armed.
    Limit,
    /// A turn takes too long. Awake time as well.
    Turn,
}

/// A moment at which something is due. `id` is never used again within its task, so an old alarm is known as old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub id: u32,
    pub kind: TimerKind,
    pub due: Timestamp,
}

/// One errand, as far as deciding about it goes. Titles, labels and texts stay in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: TaskId,
    /// The task that asked for it; a person's task has none.
    pub parent: Option<TaskId>,
    /// How many tasks are above it.
    pub depth: u32,
    pub state: State,
    /// Counts every change; the store's guard against a second writer.
    pub version: u64,
    /// Counts how often the task was reopened.
    pub generation: u32,
    pub holds: Holds,
    pub policy: Policy,
    pub start_at: Option<Timestamp>,
    pub after: Vec<Dependency>,
    /// Its sub-tasks, in the order in which it asked for them.
    pub children: Vec<Child>,
    /// Known failures in this generation.
    pub failures: u32,
    /// Runs ever, over all generations.
    pub runs: u32,
    /// The run whose processes may still exist.
    pub run: Option<Run>,
    /// Execution time of the runs that are over, in this generation.
    pub executed: Duration,
    pub questions: Vec<Question>,
    pub next_question: u32,
    pub timers: Vec<Timer>,
    pub next_timer: u32,
    pub talk: Talk,
    pub reason: Reason,
    /// The reason as a sentence for the person.
    pub reason_text: String,
}

impl Task {
    /// Changes the limit of execution time, also of a run that is under way.
    pub fn limit(&mut self, limit: Duration) {
        self.policy.timeout = Some(limit);
        let Some(since) = self.run.as_ref().and_then(|run| run.working_since) else { return };
        let due = since.plus(limit.saturating_sub(self.executed));
        self.timers.retain(|timer| timer.kind != TimerKind::Limit);
        self.timers.push(Timer { id: self.next_timer, kind: TimerKind::Limit, due });
        self.next_timer += 1;
    }

    /// Goes before new work: it has been at work already.
    pub fn is_resumed(&self) -> bool {
        self.failures > 0 || self.talk.turns > 0 || self.talk.note.is_some()
    }
}
