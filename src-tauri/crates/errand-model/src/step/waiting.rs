//! What happens to a task while no run of it is under way: dependencies, start times, retries.

use errand_base::TaskId;

use super::draft::{Draft, Entry};
use super::say_by;
use crate::{By, Choice, Dependency, Effect, Reason, Refused, State, TimerKind};

/// The state in which a task without a run belongs. Asks about dependencies that failed.
pub(super) fn rest(draft: &mut Draft, reason: Reason) -> Entry {
    let failed: Vec<String> = draft.task.after.iter().filter(|dep| has_failed(dep)).map(say_failed).collect();
    if !failed.is_empty() {
        let text = format!("It should start after {}. What now?", failed.join(" and "));
        // An answer lets go of every dependency that has failed, so the question names exactly those.
        if !draft.task.questions.iter().any(|question| question.text == text) {
            draft.withdraw_offering(Choice::RunAnyway, "Another task it waits for has changed");
            draft.ask(
                text,
                vec![Choice::RunAnyway, Choice::WaitForRetry, Choice::Cancel],
                Reason::DependencyFailed,
            );
        }
    }
    if !draft.task.questions.is_empty() {
        let text = match failed.as_slice() {
            [] => "A question is open".to_owned(),
            failed => format!("It should start after {}", failed.join(" and ")),
        };
        return Entry { state: State::NeedsYou, reason: Reason::DependencyFailed, text };
    }
    let open: Vec<&str> =
        draft.task.after.iter().filter(|dep| !dep.is_met()).map(|dep| dep.task.as_str()).collect();
    if !open.is_empty() {
        let text = format!("Waits for {}", open.join(" and "));
        return Entry { state: State::Waiting, reason: Reason::WaitsForTasks, text };
    }
    if draft.has_timer(TimerKind::Start) {
        let text = "Waits for its start time".to_owned();
        return Entry { state: State::Waiting, reason: Reason::WaitsForTime, text };
    }
    let text = match reason {
        Reason::StartTimeReached => "Its start time has come",
        Reason::DependenciesMet => "What it waited for is done",
        Reason::WokenUp => "It is time to wake it",
        Reason::SubtasksEnded => "Its sub-tasks have ended",
        _ => "In the queue",
    };
    Entry { state: State::Queued, reason, text: text.to_owned() }
}

pub(super) fn start_time(draft: &mut Draft) -> Result<(), Refused> {
    match draft.task.state {
        State::Waiting | State::NeedsYou | State::RateLimited | State::Sleeping => {
            let sleeps = draft.task.state == State::Sleeping;
            let reason = if sleeps { Reason::WokenUp } else { Reason::StartTimeReached };
            let entry = rest(draft, reason);
            draft.enter(entry);
            Ok(())
        }
        State::Queued | State::Running => Err(Refused::StaleTimer),
        State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {
            Err(Refused::AlreadyEnded)
        }
    }
}

pub(super) fn dependency_ended(draft: &mut Draft, task: &TaskId, ended: State) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    let dependency = draft.task.after.iter_mut().find(|dep| dep.task == *task && !dep.is_met());
    let dependency = dependency.filter(|dep| dep.ended != Some(ended)).ok_or(Refused::NotADependency)?;
    dependency.ended = Some(ended);
    if ended == State::Completed && !draft.task.after.iter().any(has_failed) {
        draft.withdraw_offering(Choice::RunAnyway, "The task it waited for has completed");
    }
    match draft.task.state {
        State::Waiting | State::NeedsYou => {
            let entry = rest(draft, Reason::DependenciesMet);
            draft.enter(entry);
        }
        // It was let go without this dependency; its end is written down and changes nothing.
        State::Queued | State::Running | State::RateLimited | State::Sleeping => {}
        State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {}
    }
    Ok(())
}

pub(super) fn dependency_reopened(draft: &mut Draft, task: &TaskId) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    let dependency = draft.task.after.iter_mut().find(|dep| dep.task == *task && has_failed(dep));
    dependency.ok_or(Refused::NotADependency)?.ended = None;
    if !draft.task.after.iter().any(has_failed) {
        draft.withdraw_offering(Choice::RunAnyway, "The task it waited for was opened again");
    }
    let entry = rest(draft, Reason::DependencyReopened);
    draft.enter(entry);
    Ok(())
}

pub(super) fn run_anyway(draft: &mut Draft, text: String) {
    for dependency in draft.task.after.iter_mut().filter(|dep| has_failed(dep)) {
        dependency.waived = true;
    }
    let entry = rest(draft, Reason::RunAnyway);
    draft.enter(Entry { text, ..entry });
}

pub(super) fn wait_for_retry(draft: &mut Draft, text: String) {
    for dependency in draft.task.after.iter_mut().filter(|dep| has_failed(dep)) {
        dependency.ended = None;
    }
    draft.enter(Entry { state: State::Waiting, reason: Reason::WaitForRetry, text });
}

pub(super) fn retry(draft: &mut Draft, by: &By) -> Result<(), Refused> {
    match draft.task.state {
        State::Completed => Err(Refused::Completed),
        State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {
            begin_again(draft);
            let entry = rest(draft, Reason::RetryByPerson);
            let text = match entry.state {
                State::Queued => say_by("Opened again", by),
                State::Waiting | State::NeedsYou | State::Running | State::RateLimited | State::Sleeping => {
                    entry.text
                }
                State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {
                    entry.text
                }
            };
            draft.enter(Entry { state: entry.state, reason: Reason::RetryByPerson, text });
            draft.effect(Effect::TellDependents);
            Ok(())
        }
        State::Waiting
        | State::Queued
        | State::Running
        | State::NeedsYou
        | State::RateLimited
        | State::Sleeping => Err(Refused::NotEnded),
    }
}

/// A new generation: what was counted is counted anew, what happened in the world stays known.
pub(super) fn begin_again(draft: &mut Draft) {
    super::children::forget(&mut draft.task);
    draft.task.generation += 1;
    draft.task.failures = 0;
    draft.task.executed = std::time::Duration::ZERO;
    let talk = std::mem::take(&mut draft.task.talk);
    let note = talk.worker.then(|| format!("It was opened again after this: {}.", draft.task.reason_text));
    draft.task.talk = crate::Talk {
        worker: talk.worker,
        note,
        next_task: talk.next_task,
        effects: talk.effects,
        messages: talk.messages,
        consents: talk.consents,
        ..crate::Talk::default()
    };
}

fn has_failed(dependency: &Dependency) -> bool {
    !dependency.waived && dependency.ended.is_some_and(|state| state != State::Completed)
}

fn say_failed(dependency: &Dependency) -> String {
    let how = match dependency.ended {
        Some(State::Failed) => "failed",
        Some(State::TimedOut) => "ran out of time",
        Some(State::Cancelled) => "was cancelled",
        Some(State::Unknown) => "was interrupted",
        Some(
            State::Completed
            | State::Waiting
            | State::Queued
            | State::Running
            | State::NeedsYou
            | State::RateLimited
            | State::Sleeping,
        )
        | None => "has not completed",
    };
    format!("{}, which {how}", dependency.task)
}
