//! What a task is and what may happen to it.
//!
//! Two pure functions decide everything: [`step`] for one task, [`admit`] for everything across tasks. Neither
//! reads a clock or does input or output; what must happen in the world comes back as data ([`Effect`]).

mod admit;
mod artifact;
mod event;
mod lease;
mod policy;
mod reason;
mod step;
mod talk;
mod task;

pub use admit::{Candidate, Rank, Verdict, Why, World, admit, why};
pub use artifact::{Artifact, Format, Tail};
pub use event::{
    By, Death, DeliveryKind, Effect, Event, Exit, Refused, StartError, Subject, Surface, Transition,
};
pub use lease::{Held, Lease};
pub use policy::{
    Abilities, AskMode, Execution, Isolation, Network, Resources, Security, Together, Wish, Workspace,
};
pub use reason::Reason;
pub use step::{Step, accept, step};
pub use talk::{
    Ask, Check, Checkpoint, Deed, DeedState, Finish, Message, Response, Status, Talk, TurnOutcome,
    TurnRecord, Wake, WakeWish,
};
pub use task::{
    Choice, Dependency, Hold, Holds, Notify, Origin, Policy, Priority, Program, Question, QuestionKind, Run,
    Stage, State, Task, Timer, TimerKind, TurnLimits, Work,
};
