use std::fmt;

use errand_base::{RunId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, NewGrant, Verdict};
use crate::{
    Afterwards, Answer, AnswerText, Artifact, Aside, Ask, CallOff, Check, Checkpoint, Finish, Gap, Hold,
    Question, Reason, Response, State, SubtaskWish, Tail, TurnRecord, Wake,
};

/// Where a person acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    Terminal,
    Tray,
    Window,
    Notification,
    Script,
}

impl Surface {
    /// "cancelled in the terminal"
    pub fn phrase(self) -> &'static str {
        match self {
            Surface::Terminal => "in the terminal",
            Surface::Tray => "in the tray",
            Surface::Window => "in a window",
            Surface::Notification => "in a notification",
            Surface::Script => "by a script",
        }
    }
}

/// Who did something that only a person may do, and what they said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub surface: Surface,
    pub note: Option<String>,
}

impl By {
    pub fn at(surface: Surface) -> By {
        By { surface, note: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

impl Exit {
    pub fn is_success(self) -> bool {
        self == Exit::Code(0)
    }
}

/// Why a program never ran. It had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    ProgramMissing,
    FolderMissing,
    /// What the folder needs before a run is not there: which command said so, and how.
    Preflight(String),
    /// A command that was to prepare the run failed.
    BeforeRun(String),
    /// A credential cannot be read: which, and why, as a sentence. It is tried again when it can be.
    Credential(String),
    /// The system's own words.
    Other(String),
}

/// Why nobody can say how a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The engine was killed, or the machine went down.
    EngineDied,
    /// The engine was told to leave at once and ended the run itself.
    EngineStopped,
    SupervisorDied,
}

/// Everything that can happen to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `admit` gave it a slot.
    Admitted {
        run: RunId,
    },
    StartFailed {
        run: RunId,
        error: StartError,
    },
    /// The program's own process ended. `gone`: and no descendant of it is left. `checks`: what was looked at before
    /// its success is believed.
    Exited {
        run: RunId,
        exit: Exit,
        tail: Tail,
        gone: bool,
        checks: Vec<Check>,
    },
    /// No process of the run is left.
    Gone {
        run: RunId,
    },
    /// SIGKILL was sent long ago and processes are still there.
    Stuck {
        run: RunId,
        processes: u32,
    },
    /// The run was interrupted and cannot be resumed. No process of it is left.
    Lost {
        run: RunId,
        death: Death,
        tail: Tail,
    },
    /// Nothing was printed since then.
    Silent {
        run: RunId,
        since: Timestamp,
    },
    Spoke {
        run: RunId,
    },
    /// A turn is over and no process of it is left. `response`: what it wrote, or why that could not be read.
    TurnEnded {
        run: RunId,
        exit: Exit,
        response: Result<Box<Response>, String>,
        tail: Tail,
        afterwards: Afterwards,
    },
    /// There is no next turn for now: Errand leaves. No process is left. `winds_up`: see [`Afterwards`].
    Parked {
        run: RunId,
        winds_up: bool,
    },
    /// The run prepares or checks something beside its work, or (`None`) is back at it.
    Aside {
        run: RunId,
        doing: Option<Aside>,
    },
    /// What was to be done after the run failed.
    WindUpFailed {
        run: RunId,
        text: String,
    },
    /// A program of the run asks the person, and waits.
    Asked {
        run: RunId,
        ask: Ask,
    },
    /// The run wants something done that is to be decided about first. `grants`: which of its items a grant allows,
    /// and which grant.
    ApprovalAsked {
        run: RunId,
        approval: Box<Approval>,
        grants: Vec<(usize, i64)>,
    },
    /// The program that asked no longer waits.
    AskerGone {
        run: RunId,
        question: u32,
    },
    /// How far it has come.
    Progressed {
        run: RunId,
        checkpoint: Checkpoint,
    },
    /// It is about to do something that cannot be undone by forgetting, or has done it.
    Deed {
        run: RunId,
        what: String,
        done: bool,
    },
    /// It hands over its result; its processes have a moment to leave.
    Finished {
        run: RunId,
        finish: Finish,
    },
    /// It wants to be started again later, once it has ended.
    WakeAsked {
        run: RunId,
        wake: Wake,
    },
    /// A program of the run hands part of the work on.
    SubtaskAsked {
        run: RunId,
        wish: Box<SubtaskWish>,
    },
    /// A sub-task of it.
    ChildEnded {
        task: TaskId,
        state: State,
    },
    ChildReopened {
        task: TaskId,
    },
    /// It is a sub-task that is not needed any more.
    CalledOff {
        why: CallOff,
    },
    /// `tail`: what was printed so far, for a run that is ended by it.
    TimerFired {
        timer: u32,
        tail: Tail,
    },
    /// Time went by on the wall clock in which its run could do nothing.
    ClockGap {
        gap: Gap,
    },
    DependencyEnded {
        task: TaskId,
        state: State,
    },
    DependencyReopened {
        task: TaskId,
    },
    Hold {
        hold: Hold,
        by: Option<By>,
    },
    Release {
        hold: Hold,
        by: Option<By>,
    },
    Cancel {
        by: By,
    },
    /// `quit --now` ends what cannot be resumed.
    QuitNow,
    Answer {
        question: u32,
        answer: Answer,
        by: By,
    },
    Retry {
        by: By,
    },
    /// The person writes to a worker. `replace`: what it does now is ended, and this stands for its brief.
    Message {
        text: String,
        replace: bool,
        by: By,
    },
}

/// What must happen in the world because of a step. All of it can also be derived from the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start the processes of this run.
    Spawn {
        run: RunId,
    },
    /// Start its next turn, in the slot that it has.
    Prompt {
        run: RunId,
    },
    /// Its work is handed over: end its processes if they have not left by themselves in a moment.
    Linger {
        run: RunId,
    },
    /// It waits for the person and needs no slot meanwhile.
    Yield {
        run: RunId,
    },
    /// It goes on, slot or no slot: a process cannot be told to wait.
    Take {
        run: RunId,
    },
    /// End all its processes: terminate, wait, kill.
    End {
        run: RunId,
    },
    /// The run's last process is gone, so its slot is free.
    Free {
        run: RunId,
    },
    Ask(Question),
    /// What becomes of a request of this run, item by item. `why`: what the worker is told of what is refused.
    Decide {
        run: RunId,
        ask: u32,
        verdicts: Vec<Verdict>,
        why: Option<String>,
    },
    /// A grant of the person is used once more. If it is not valid any more, nothing of the step happens.
    UseGrant {
        grant: i64,
    },
    /// Write this grant down.
    Grant(NewGrant),
    /// A question was settled: by this answer, or (`None`) because it no longer matters.
    Settle {
        question: u32,
        /// As it is kept.
        choice: Option<String>,
        /// As whoever asked is told it.
        told: Option<AnswerText>,
        /// Of an approval, item by item.
        verdicts: Vec<Verdict>,
        by: Option<By>,
    },
    File(Artifact),
    /// A turn is over; later ones are told of it.
    KeepTurn(TurnRecord),
    Deliver(DeliveryKind),
    /// Write this sub-task down and let it begin.
    BeginSubtask(Box<SubtaskWish>),
    /// The task is open again or has ended; tasks that wait for it, its parent and its sub-tasks want to know.
    TellDependents,
    Record(Transition),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    Question,
    Result,
    Failure,
    Notice,
    /// Sums up what was not told one by one; the engine makes it, no step does.
    Digest,
}

impl DeliveryKind {
    pub const ALL: [DeliveryKind; 5] = [
        DeliveryKind::Question,
        DeliveryKind::Result,
        DeliveryKind::Failure,
        DeliveryKind::Notice,
        DeliveryKind::Digest,
    ];

    pub fn name(self) -> &'static str {
        match self {
            DeliveryKind::Question => "question",
            DeliveryKind::Result => "result",
            DeliveryKind::Failure => "failure",
            DeliveryKind::Notice => "notice",
            DeliveryKind::Digest => "digest",
        }
    }

    pub fn from_name(name: &str) -> Option<DeliveryKind> {
        DeliveryKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Task,
    Run(RunId),
    Question(u32),
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub subject: Subject,
    pub from: &'static str,
    pub to: &'static str,
    pub reason: Reason,
    pub text: String,
}

/// Why an event changed nothing. Losing is normal: most of these are races that the other side won.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The run or the task is over.
    AlreadyEnded,
    /// Only an ended task can be opened again.
    NotEnded,
    /// Nothing to open again: it completed.
    Completed,
    /// The event speaks of another run.
    OtherRun,
    /// Not ready to start.
    NotReady,
    /// An alarm that was taken back or replaced.
    StaleTimer,
    NoSuchQuestion,
    /// The question does not offer that.
    BadChoice,
    NotADependency,
    AlreadyHeld,
    NotHeld,
    /// Nothing was asked about silence.
    NothingToTake,
    /// It has handed over its result before.
    AlreadyFinished,
    /// It asks something that nobody has answered.
    QuestionOpen,
    /// It was woken, or has written, too often.
    TooOften,
    /// A plain program reads no messages.
    NoWorker,
    /// Nothing wakes a plain program when its sub-tasks end, so it has none.
    NoTurns,
    TooDeep,
    TooManySubtasks,
    /// It has asked for that before.
    KnownSubtask,
    /// It has asked for something else with that key.
    OtherBrief,
    NotASubtask,
    /// What is told is known.
    OldNews,
    /// Its sub-tasks are still at work.
    SubtasksOpen,
    /// It has no sub-tasks whose end could wake it.
    NothingToAwait,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::AlreadyEnded => "it has already ended",
            Refused::NotEnded => "it has not ended yet",
            Refused::Completed => "it completed, so there is nothing to retry",
            Refused::OtherRun => "that run is over",
            Refused::NotReady => "it is not ready to start",
            Refused::StaleTimer => "that timer is no longer set",
            Refused::NoSuchQuestion => "it has no such open question",
            Refused::BadChoice => "the question does not offer that choice",
            Refused::NotADependency => "it does not wait for that task",
            Refused::AlreadyHeld => "it is already paused",
            Refused::NotHeld => "it is not paused",
            Refused::NothingToTake => "there is nothing to take back",
            Refused::AlreadyFinished => "it has handed over its result already",
            Refused::QuestionOpen => "it still asks something: withdraw that or wait for the answer",
            Refused::TooOften => "it has done that too often",
            Refused::NoWorker => "a plain program reads no messages",
            Refused::NoTurns => "only a worker, a program with a brief, has sub-tasks",
            Refused::TooDeep => "sub-tasks go three levels deep, and it is on the third",
            Refused::TooManySubtasks => "it has ten sub-tasks, and that is the most",
            Refused::KnownSubtask => "it has asked for that sub-task before",
            Refused::OtherBrief => "the key belongs to another sub-task of it",
            Refused::NotASubtask => "that is no sub-task of it",
            Refused::OldNews => "that is known",
            Refused::SubtasksOpen => "sub-tasks are still at work: wait for them or cancel them",
            Refused::NothingToAwait => "it has no sub-tasks to wait for",
        })
    }
}
