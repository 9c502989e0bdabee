//! What a task is and what may happen to it.
//!
//! Two pure functions decide everything: [`step`] for one task, [`admit`] for everything across tasks. Neither
//! reads a clock or does input or output; what must happen in the world comes back as data ([`Effect`]).

mod admit;
pub mod allow;
pub mod approval;
mod around;
mod artifact;
mod awake;
mod clock;
mod event;
pub mod gate;
mod lease;
mod meaning;
mod policy;
mod question;
mod reason;
mod step;
mod subtask;
mod talk;
mod task;

pub use admit::{Candidate, Rank, Verdict, Why, World, admit, why};
pub use around::{Around, Aside, Command, Part, say_command};
pub use artifact::{Artifact, Format, Tail, fence_for};
pub use awake::{KeepAwake, Vigil, Watch};
pub use clock::{Gap, Moment};
pub use event::{
    By, Death, DeliveryKind, Effect, Event, Exit, Refused, StartError, Subject, Surface, Transition,
};
pub use lease::{Held, Lease};
pub use policy::{
    Abilities, AskMode, Execution, Isolation, Network, Resources, Security, Together, Wish, Workspace,
};
pub use question::{
    Answer, AnswerText, BadAnswer, Field, FieldKind, Given, Question, QuestionKind, Schema, TextShape,
    told_again,
};
pub use reason::Reason;
pub use step::{Step, accept, accept_subtask, step};
pub use subtask::{CallOff, Child, DEEPEST, MOST_SUBTASKS, SubtaskWish};
pub use talk::{
    Afterwards, Ask, Check, Checkpoint, Deed, DeedState, Finish, Message, Response, Status, Talk, ToolCall,
    ToolResult, TurnOutcome, TurnRecord, Wake, WakeWish,
};
pub use task::{
    Choice, Dependency, Hold, Holds, Notify, Origin, Policy, Priority, Program, Run, Stage, State, Task,
    Timer, TimerKind, TurnLimits, Work,
};
