//! What a task and its sub-tasks mean to each other.

use errand_base::{RunId, TaskId, Timestamp};

use super::draft::{Draft, Entry};
use super::process::cancel;
use super::waiting::rest;
use super::worker::{MOST_WAKES, at_work};
use super::{Step, accept};
use crate::{
    CallOff, Child, Effect, MOST_SUBTASKS, Notify, Policy, Reason, Refused, State, SubtaskWish, Task,
    TimerKind,
};

/// A sub-task as it is when its parent has asked for it. It may do what its parent may, and is as urgent; by itself
/// it tells the person nothing but its questions. Who pauses a task pauses what it still begins.
pub fn accept_subtask(id: TaskId, parent: &Task, worker: bool, now: Timestamp) -> Step {
    let policy = Policy { notify: Notify::Silent, ..parent.policy.clone() };
    let mut step = accept(id, policy, worker, None, Vec::new(), now);
    step.task.parent = Some(parent.id.clone());
    step.task.depth = parent.depth + 1;
    step.task.holds = parent.holds;
    step
}

/// A program of the run wants a sub-task.
pub(super) fn asked(draft: &mut Draft, run: RunId, wish: &SubtaskWish) -> Result<(), Refused> {
    at_work(draft, run)?;
    begin(draft, run, wish)
}

/// A turn that went well asks for sub-tasks. Nobody is there to be refused, so its next turn is told.
pub(super) fn asked_in_response(draft: &mut Draft, run: RunId, wishes: &[SubtaskWish]) {
    let mut left_out = Vec::new();
    for wish in wishes {
        match begin(draft, run, wish) {
            // Asked for before, by a turn that was cut off or by a verb.
            Ok(()) | Err(Refused::KnownSubtask) => {}
            Err(refused) => left_out.push(format!("“{}” ({refused})", wish.name())),
        }
    }
    if !left_out.is_empty() {
        draft.task.talk.note = Some(format!("These sub-tasks were not made: {}.", left_out.join(", ")));
    }
}

fn begin(draft: &mut Draft, run: RunId, wish: &SubtaskWish) -> Result<(), Refused> {
    let task = &mut draft.task;
    if !task.talk.worker {
        return Err(Refused::NoTurns);
    }
    let (key, fingerprint) = (wish.key.clone(), wish.fingerprint());
    let now = task.children.iter().filter(|child| child.generation == task.generation);
    // Whoever asks again does not ask for more, so this comes before the limits.
    if let Some(known) = now.clone().find(|child| key.is_some() && child.key == key) {
        let same = known.fingerprint == fingerprint;
        return Err(if same { Refused::KnownSubtask } else { Refused::OtherBrief });
    }
    if task.depth >= crate::DEEPEST {
        return Err(Refused::TooDeep);
    }
    if now.count() >= MOST_SUBTASKS {
        return Err(Refused::TooManySubtasks);
    }
    let id = wish.id.clone().ok_or(Refused::NotASubtask)?;
    let generation = task.generation;
    task.children.push(Child { task: id.clone(), generation, key, fingerprint, ended: None });
    let text = format!("Sub-task {id}: {}", wish.name());
    draft.note_run(run, "executing", "executing", Reason::SubtaskBegun, text);
    draft.effect(Effect::BeginSubtask(Box::new(wish.clone())));
    Ok(())
}

pub(super) fn ended(draft: &mut Draft, child: &TaskId, state: State) -> Result<(), Refused> {
    hear(draft, child, Some(state))?;
    draft.task.talk.news = true;
    let how = match state {
        State::Completed => "is done",
        State::Failed => "has failed",
        State::TimedOut => "ran out of time",
        State::Cancelled => "was cancelled",
        State::Unknown => "was interrupted",
        State::Waiting
        | State::Queued
        | State::Running
        | State::NeedsYou
        | State::RateLimited
        | State::Sleeping => "has not ended",
    };
    draft.note(Reason::SubtaskEnded, format!("Sub-task {child} {how}"));
    let awaited = draft.task.state == State::Sleeping && draft.task.talk.awaits;
    if awaited && draft.task.open_subtasks() == 0 {
        draft.disarm(TimerKind::Start);
        let entry = rest(draft, Reason::SubtasksEnded);
        draft.enter(entry);
    }
    Ok(())
}

pub(super) fn reopened(draft: &mut Draft, child: &TaskId) -> Result<(), Refused> {
    hear(draft, child, None)?;
    draft.note(Reason::SubtaskReopened, format!("Sub-task {child} was opened again"));
    Ok(())
}

fn hear(draft: &mut Draft, child: &TaskId, ended: Option<State>) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    let known = draft.task.children.iter_mut().find(|known| known.task == *child);
    let known = known.ok_or(Refused::NotASubtask)?;
    if known.ended == ended {
        return Err(Refused::OldNews);
    }
    known.ended = ended;
    Ok(())
}

/// Wins every race, as a cancel by its person does, and is passed on to its own sub-tasks.
pub(super) fn called_off(draft: &mut Draft, why: CallOff) -> Result<(), Refused> {
    let (reason, text) = match why {
        CallOff::ParentCancelled => (Reason::ParentCancelled, "The task that it belongs to was cancelled"),
        CallOff::ParentEnded => (Reason::ParentEnded, "The task that it belongs to has ended"),
        CallOff::ByParent => (Reason::CalledOff, "The task that it belongs to has no use for it any more"),
    };
    cancel(draft, reason, text.to_owned())
}

/// It says that it is done while sub-tasks are at work: it sleeps until they have ended and then has another turn.
pub(super) fn hold_back(draft: &mut Draft) -> bool {
    let open = draft.task.open_subtasks();
    if open == 0 || draft.task.talk.wakes >= MOST_WAKES {
        return false;
    }
    let what = if open == 1 { "a sub-task".to_owned() } else { format!("{open} sub-tasks") };
    draft.withdraw_all();
    draft.task.talk.wake = None;
    draft.task.talk.wakes += 1;
    draft.task.talk.awaits = true;
    draft.task.talk.note = Some(format!(
        "You said that you were done while {what} of yours had not ended. That is over now: read what came of it, \
         then say again that you are done."
    ));
    let text = format!("Is done but for {what}");
    draft.enter(Entry { state: State::Sleeping, reason: Reason::WaitsForSubtasks, text });
    true
}

/// The task is opened again. What it had begun was called off with its end, whether it has heard of that or not.
pub(super) fn forget(task: &mut Task) {
    for child in task.children.iter_mut().filter(|child| child.ended.is_none()) {
        child.ended = Some(State::Cancelled);
    }
}
