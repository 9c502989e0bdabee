//! What a worker's programs say: questions, progress, the result, the wish to sleep; and what the person writes to it.

use std::time::Duration;

use errand_base::{RunId, Timestamp, say_duration};

use super::draft::{Draft, Entry};
use super::process::{end, stop};
use super::say_by;
use super::turns::begin_turn;
use super::waiting::{begin_again, rest};
use crate::{
    Artifact, Ask, By, Checkpoint, Choice, Effect, Finish, Message, Notify, Question, Reason, Refused, Stage,
    State, TimerKind, Wake, WakeWish,
};

/// Sooner is not worth a sleep, and a worker that sleeps on and on must come to an end.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
pub(super) const MOST_WAKES: u32 = 50;
/// What a person can still look through.
const MOST_DEEDS: usize = 200;

/// Refused unless the run is at work.
pub(super) fn at_work(draft: &Draft, run: RunId) -> Result<(), Refused> {
    match draft.stage_of(run)? {
        Stage::Starting => Ok(()),
        Stage::Ending => Err(Refused::AlreadyEnded),
    }
}

pub(super) fn asked(draft: &mut Draft, run: RunId, ask: &Ask) -> Result<(), Refused> {
    at_work(draft, run)?;
    // Whoever asks is not silent.
    draft.withdraw_offering(Choice::KeepWaiting, "It asks something");
    let first = draft.task.questions.is_empty();
    draft.ask_for(ask, Reason::AskedByWorker);
    if first {
        draft.bill();
        draft.effect(Effect::Yield { run });
    }
    let text = format!("It asks: {}", ask.text);
    draft.enter(Entry { state: State::NeedsYou, reason: Reason::AskedByWorker, text });
    Ok(())
}

pub(super) fn asker_gone(draft: &mut Draft, run: RunId, question: u32) -> Result<(), Refused> {
    at_work(draft, run)?;
    let asked = |open: &Question| open.n == question && open.kind.is_the_workers();
    if !draft.task.questions.iter().any(asked) {
        return Err(Refused::NoSuchQuestion);
    }
    draft.settle(question, None, "Whoever asked no longer waits");
    go_on(draft, Reason::AskerGone, "It no longer waits for an answer".to_owned());
    Ok(())
}

/// A question was settled: by its run, which waits with a process, or for the next one.
pub(super) fn go_on(draft: &mut Draft, reason: Reason, text: String) {
    if let Some(open) = draft.task.questions.first() {
        let text = format!("It asks: {}", open.text);
        return draft.enter(Entry { state: State::NeedsYou, reason: Reason::AskedByWorker, text });
    }
    let active = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id);
    let Some(run) = active else {
        let entry = rest(draft, reason);
        return draft.enter(Entry { reason, text, ..entry });
    };
    draft.effect(Effect::Take { run });
    draft.work();
    begin_turn(draft);
    draft.enter(Entry { state: State::Running, reason, text });
}

pub(super) fn progressed(draft: &mut Draft, run: RunId, checkpoint: Checkpoint) -> Result<(), Refused> {
    at_work(draft, run)?;
    let text = match checkpoint.percent {
        Some(percent) => format!("{percent} %: {}", checkpoint.note),
        None => checkpoint.note.clone(),
    };
    draft.note_run(run, "executing", "executing", Reason::Progress, text);
    draft.task.talk.checkpoint = Some(checkpoint);
    Ok(())
}

pub(super) fn deed(draft: &mut Draft, run: RunId, what: String, done: bool) -> Result<(), Refused> {
    at_work(draft, run)?;
    if draft.task.talk.effects.len() >= MOST_DEEDS {
        return Err(Refused::TooOften);
    }
    let text = if done { format!("Done outside: {what}") } else { format!("About to do outside: {what}") };
    draft.note_run(run, "executing", "executing", Reason::Deed, text);
    draft.task.talk.note_deed(what, done);
    Ok(())
}

pub(super) fn finished(draft: &mut Draft, run: RunId, finish: &Finish) -> Result<(), Refused> {
    match draft.stage_of(run)? {
        Stage::Ending if draft.task.reason == Reason::Finished => return Err(Refused::AlreadyFinished),
        Stage::Ending => return Err(Refused::AlreadyEnded),
        Stage::Starting => {}
    }
    draft.withdraw_offering(Choice::KeepWaiting, "It has finished");
    if !draft.task.questions.is_empty() {
        return Err(Refused::QuestionOpen);
    }
    if draft.task.open_subtasks() > 0 {
        return Err(Refused::SubtasksOpen);
    }
    draft.bill();
    draft.ending();
    draft.note_run(run, "executing", "ending", Reason::Finished, "It has handed over its result".to_owned());
    draft.effect(Effect::Linger { run });
    complete(draft, finish, Reason::Finished);
    Ok(())
}

pub(super) fn wake_asked(draft: &mut Draft, run: RunId, wake: Wake) -> Result<(), Refused> {
    at_work(draft, run)?;
    if draft.task.talk.wakes >= MOST_WAKES {
        return Err(Refused::TooOften);
    }
    let generation = draft.task.generation;
    let any = draft.task.children.iter().any(|child| child.generation == generation);
    if wake.when_subtasks_end && !any {
        return Err(Refused::NothingToAwait);
    }
    draft.note_run(run, "executing", "executing", Reason::WakeAsked, format!("To be woken: {}", wake.why));
    draft.task.talk.wake = Some(wake);
    Ok(())
}

/// Lets the task sleep if its run has asked for that. Its own process has ended well.
pub(super) fn sleeps(draft: &mut Draft) -> bool {
    let Some(wake) = draft.task.talk.wake.take() else { return false };
    draft.withdraw_all();
    draft.task.talk.wakes += 1;
    let follow_up = wake.follow_up.map(|text| format!(" {text}")).unwrap_or_default();
    let why = if wake.why.trim().is_empty() { String::new() } else { format!(": {}", wake.why.trim()) };
    let before = draft.task.talk.note.take().map(|note| format!("{note} ")).unwrap_or_default();
    let note = format!("{before}You asked to be woken{}.{follow_up}", why.trim_end_matches('.'));
    draft.task.talk.note = Some(note);
    let soonest = draft.now.plus(SHORTEST_SLEEP);
    let awaits = wake.when_subtasks_end && draft.task.open_subtasks() > 0;
    // All have ended since its turn began, so there is news for it already.
    if wake.when_subtasks_end && !awaits && draft.task.talk.news {
        let entry = rest(draft, Reason::SubtasksEnded);
        draft.enter(entry);
        return true;
    }
    let at = wake.at.map(|at| at.max(soonest)).or((!awaits).then_some(soonest));
    if let Some(at) = at {
        draft.arm(TimerKind::Start, at);
    }
    draft.task.talk.awaits = awaits;
    let time = at.map(|at| say_duration(at.since(draft.now)));
    let text = match (awaits, time) {
        (false, time) => format!("Sleeps for {}{why}", time.unwrap_or_default()),
        (true, None) => format!("Sleeps until its sub-tasks have ended{why}"),
        (true, Some(time)) => format!("Sleeps until its sub-tasks have ended, {time} at most{why}"),
    };
    draft.enter(Entry { state: State::Sleeping, reason: Reason::Sleeps, text });
    true
}

/// The person writes to it. What has ended is opened again for it, what sleeps is woken.
pub(super) fn message(draft: &mut Draft, text: String, replace: bool, by: &By) -> Result<(), Refused> {
    if !draft.task.talk.worker {
        return Err(Refused::NoWorker);
    }
    if draft.task.talk.messages.len() >= MOST_DEEDS {
        return Err(Refused::TooOften);
    }
    let reason = if replace { Reason::ReplacedByPerson } else { Reason::Message };
    let said = say_by(if replace { "Given something else to do" } else { "A message was left" }, by);
    let ended = draft.task.state.is_final();
    if ended {
        begin_again(draft);
    }
    if replace {
        draft.task.talk.next_task = Some(text.clone());
    }
    draft.task.talk.messages.push(Message { text, read: false });
    let active = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id);
    match (draft.task.state, active) {
        (_, Some(run)) if replace => {
            draft.withdraw_all();
            draft.bill();
            stop(draft, run, reason);
            draft.task.talk.doubt_deeds();
            let entry = rest(draft, reason);
            draft.enter(Entry { reason, text: said, ..entry });
        }
        (State::Sleeping, _) => {
            draft.disarm(TimerKind::Start);
            let entry = rest(draft, reason);
            draft.enter(Entry { reason, text: said, ..entry });
        }
        _ if ended => {
            let entry = rest(draft, reason);
            draft.enter(Entry { reason, text: said, ..entry });
            draft.effect(Effect::TellDependents);
        }
        // It reads it with its next turn.
        _ => draft.note(reason, said),
    }
    Ok(())
}

pub(super) fn complete(draft: &mut Draft, finish: &Finish, reason: Reason) {
    let notify = match draft.task.policy.notify {
        Notify::Always => true,
        Notify::Significant => finish.notify.unwrap_or(false),
        Notify::Silent => false,
    };
    let artifact = Artifact::finished(finish, notify);
    let text = artifact.outcome.clone();
    end(draft, State::Completed, reason, text, Some(artifact));
}

impl WakeWish {
    /// The moment that is meant, on the clock of now.
    pub fn wake(&self, now: Timestamp) -> Wake {
        let after = self.after_s.map(|seconds| now.plus(Duration::from_secs(seconds)));
        Wake {
            at: self.at.or(after).or((!self.when_subtasks_end).then_some(now)),
            when_subtasks_end: self.when_subtasks_end,
            why: self.why.clone(),
            follow_up: self.follow_up.clone(),
        }
    }
}
