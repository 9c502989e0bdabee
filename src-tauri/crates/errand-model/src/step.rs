//! What one event does to one task.

mod approvals;
mod children;
mod draft;
mod process;
mod turns;
mod waiting;
mod worker;

use errand_base::{TaskId, Timestamp};

use crate::{
    Answer, By, Choice, Dependency, Effect, Event, Hold, Policy, QuestionKind, Reason, Refused, State, Task,
};
pub use children::accept_subtask;
use draft::Draft;
use process::Ended;

/// The task after an event, and what must happen in the world because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub task: Task,
    pub effects: Vec<Effect>,
}

/// A task as it is when it is handed over. `worker`: it was given a brief and takes turns. `after` may name tasks
/// that have ended already.
pub fn accept(
    id: TaskId,
    policy: Policy,
    worker: bool,
    start_at: Option<Timestamp>,
    mut after: Vec<Dependency>,
    now: Timestamp,
) -> Step {
    let mut named = std::collections::HashSet::new();
    after.retain(|dependency| named.insert(dependency.task.clone()));
    let task = Task {
        id,
        parent: None,
        depth: 0,
        state: State::Queued,
        version: 0,
        generation: 1,
        holds: crate::Holds::default(),
        policy,
        start_at,
        after,
        children: Vec::new(),
        failures: 0,
        runs: 0,
        run: None,
        executed: std::time::Duration::ZERO,
        questions: Vec::new(),
        next_question: 1,
        timers: Vec::new(),
        next_timer: 1,
        talk: crate::Talk { worker, ..crate::Talk::default() },
        reason: Reason::Accepted,
        reason_text: String::new(),
    };
    let mut draft = Draft::new(&task, now);
    if let Some(start) = start_at.filter(|start| *start > now) {
        draft.arm(crate::TimerKind::Start, start);
    }
    let entry = waiting::rest(&mut draft, Reason::Accepted);
    draft.enter(entry);
    draft.finish()
}

/// What `event` does to `task`. The checked-in table `tests/step.table` has a row for every state and event.
pub fn step(task: &Task, event: Event, now: Timestamp) -> Result<Step, Refused> {
    let mut draft = Draft::new(task, now);
    match event {
        Event::Admitted { run } => process::admitted(&mut draft, run)?,
        Event::StartFailed { run, error } => process::start_failed(&mut draft, run, error)?,
        Event::Exited { run, exit, tail, gone, checks } => {
            process::exited(&mut draft, run, Ended { exit, tail: &tail, checks }, gone)?;
        }
        Event::Gone { run } => process::gone(&mut draft, run)?,
        Event::Stuck { run, processes } => process::stuck(&mut draft, run, processes)?,
        Event::Lost { run, death, tail } => process::lost(&mut draft, run, death, &tail)?,
        Event::Silent { run, since } => process::silent(&mut draft, run, since)?,
        Event::Spoke { run } => process::spoke(&mut draft, run)?,
        Event::TurnEnded { run, exit, response, tail, afterwards } => {
            turns::turn_ended(&mut draft, run, exit, response, &tail, afterwards)?;
        }
        Event::Parked { run, winds_up } => turns::parked(&mut draft, run, winds_up)?,
        Event::Aside { run, doing } => process::aside(&mut draft, run, doing)?,
        Event::WindUpFailed { run, text } => process::wind_up_failed(&mut draft, run, text)?,
        Event::Asked { run, ask } => worker::asked(&mut draft, run, &ask)?,
        Event::ApprovalAsked { run, approval, grants } => {
            approvals::asked(&mut draft, run, *approval, &grants)?;
        }
        Event::AskerGone { run, question } => worker::asker_gone(&mut draft, run, question)?,
        Event::Progressed { run, checkpoint } => worker::progressed(&mut draft, run, checkpoint)?,
        Event::Deed { run, what, done } => worker::deed(&mut draft, run, what, done)?,
        Event::Finished { run, finish } => worker::finished(&mut draft, run, &finish)?,
        Event::WakeAsked { run, wake } => worker::wake_asked(&mut draft, run, wake)?,
        Event::SubtaskAsked { run, wish } => children::asked(&mut draft, run, &wish)?,
        Event::TimerFired { timer, tail } => match draft.take_timer(timer)? {
            crate::TimerKind::Start => waiting::start_time(&mut draft)?,
            crate::TimerKind::Limit => process::time_limit(&mut draft, &tail)?,
            crate::TimerKind::Turn => turns::turn_limit(&mut draft)?,
        },
        Event::ClockGap { gap } => process::clock_gap(&mut draft, gap)?,
        Event::DependencyEnded { task, state } => waiting::dependency_ended(&mut draft, &task, state)?,
        Event::DependencyReopened { task } => waiting::dependency_reopened(&mut draft, &task)?,
        Event::ChildEnded { task, state } => children::ended(&mut draft, &task, state)?,
        Event::ChildReopened { task } => children::reopened(&mut draft, &task)?,
        Event::CalledOff { why } => children::called_off(&mut draft, why)?,
        Event::Hold { hold, by } => held(&mut draft, hold, by)?,
        Event::Release { hold, by } => released(&mut draft, hold, by)?,
        Event::Cancel { by } => {
            let text = say_by("Cancelled", &by);
            process::cancel(&mut draft, Reason::CancelledByPerson, text)?;
        }
        Event::QuitNow => process::quit_now(&mut draft)?,
        Event::Answer { question, answer, by } => answered(&mut draft, question, &answer, by)?,
        Event::Retry { by } => waiting::retry(&mut draft, &by)?,
        Event::Message { text, replace, by } => worker::message(&mut draft, text, replace, &by)?,
    }
    Ok(draft.finish())
}

fn held(draft: &mut Draft, hold: Hold, by: Option<By>) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    if draft.task.holds.contains(hold) {
        return Err(Refused::AlreadyHeld);
    }
    draft.task.holds = draft.task.holds.with(hold);
    // A plain program has no turn boundary at which it could stop.
    let doing = if draft.task.run.is_some() { "Paused; what runs now finishes first" } else { "Paused" };
    match by {
        Some(by) => draft.note(Reason::PausedByPerson, say_by(doing, &by)),
        None => draft.note(Reason::Held, doing.to_owned()),
    }
    Ok(())
}

fn released(draft: &mut Draft, hold: Hold, by: Option<By>) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    if !draft.task.holds.contains(hold) {
        return Err(Refused::NotHeld);
    }
    draft.task.holds = draft.task.holds.without(hold);
    match by {
        Some(by) => draft.note(Reason::ResumedByPerson, say_by("Resumed", &by)),
        None => draft.note(Reason::Released, mended(hold).to_owned()),
    }
    Ok(())
}

fn mended(hold: Hold) -> &'static str {
    match hold {
        Hold::Keychain => "Its credentials can be read again",
        Hold::Person | Hold::All | Hold::Budget | Hold::Offline | Hold::Quota | Hold::AgentMissing => {
            "The hold is gone"
        }
    }
}

fn answered(draft: &mut Draft, question: u32, answer: &Answer, by: By) -> Result<(), Refused> {
    let Some(open) = draft.task.questions.iter().find(|open| open.n == question) else {
        return Err(if draft.task.state.is_final() {
            Refused::AlreadyEnded
        } else {
            Refused::NoSuchQuestion
        });
    };
    if let (Some(approval), Answer::Decision(decision)) = (&open.approval, answer) {
        let (open, approval) = (open.clone(), approval.clone());
        return approvals::decided(draft, &open, &approval, decision, by);
    }
    let given = open.take(answer).map_err(|_| Refused::BadChoice)?;
    let chosen = open.choices.iter().copied().find(|choice| choice.name() == given.shown);
    let Some(choice) = chosen.filter(|_| open.kind == QuestionKind::Blocker) else {
        let text = say_by("Answered", &by);
        draft.settle(question, Some((given, by)), &text);
        worker::go_on(draft, Reason::Answered, text);
        return Ok(());
    };
    let text = say_by(&format!("“{}” was chosen", choice.label()), &by);
    draft.settle(question, Some((given, by)), &text);
    match choice {
        Choice::RunAnyway => waiting::run_anyway(draft, text),
        Choice::WaitForRetry => waiting::wait_for_retry(draft, text),
        Choice::KeepWaiting => process::keep_waiting(draft, text),
        Choice::StartAgain => turns::start_again(draft, text),
        Choice::Cancel => process::cancel(draft, Reason::CancelledByPerson, text)?,
        Choice::Stop => process::cancel(draft, Reason::StoppedWhileSilent, text)?,
    }
    Ok(())
}

/// "Cancelled in the terminal: wrong folder"
fn say_by(what: &str, by: &By) -> String {
    match &by.note {
        Some(note) => format!("{what} {}: {note}", by.surface.phrase()),
        None => format!("{what} {}", by.surface.phrase()),
    }
}
