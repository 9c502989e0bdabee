//! What a worker does beyond printing: its turns, questions, its result, its wish to sleep.

use std::time::Duration;

use errand_base::{RunId, Timestamp, say_duration};

use super::draft::{Draft, Entry};
use super::process::{end, pause_before, reason_of, stop, try_again};
use super::say_by;
use super::waiting::{begin_again, rest};
use crate::artifact::say_exit;
use crate::{
    Artifact, Ask, By, Checkpoint, Choice, Death, Effect, Exit, Finish, Message, Notify, Question,
    QuestionKind, Reason, Refused, Response, Stage, State, Status, Tail, TimerKind, TurnOutcome, TurnRecord,
    Wake, WakeWish,
};

/// Sooner is not worth a sleep, and a worker that sleeps on and on must come to an end.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
const MOST_WAKES: u32 = 50;
/// What a person can still look through.
const MOST_DEEDS: usize = 200;
/// So often in a row a worker is taken up again by itself after an interruption.
const MOST_INTERRUPTIONS: u32 = 3;

/// Refused unless the run is at work.
fn at_work(draft: &Draft, run: RunId) -> Result<(), Refused> {
    match draft.stage_of(run)? {
        Stage::Starting => Ok(()),
        Stage::Ending => Err(Refused::AlreadyEnded),
    }
}

/// Each turn of a worker has a limit of its own.
pub(super) fn begin_turn(draft: &mut Draft) {
    if draft.task.talk.worker {
        let due = draft.now.plus(draft.task.policy.turns.each);
        draft.arm(TimerKind::Turn, due);
        draft.task.talk.told = u32::try_from(draft.task.talk.messages.len()).unwrap_or(u32::MAX);
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
    let asked = |open: &Question| open.n == question && open.kind == QuestionKind::UserInput;
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
    draft.note_run(run, "executing", "executing", Reason::WakeAsked, format!("To be woken: {}", wake.why));
    draft.task.talk.wake = Some(wake);
    Ok(())
}

/// Lets the task sleep if its run has asked for that. Its own process has ended well.
pub(super) fn sleeps(draft: &mut Draft) -> bool {
    let Some(wake) = draft.task.talk.wake.take() else { return false };
    draft.withdraw_all();
    draft.task.talk.wakes += 1;
    let at = wake.at.max(draft.now.plus(SHORTEST_SLEEP));
    draft.arm(TimerKind::Start, at);
    let follow_up = wake.follow_up.map(|text| format!(" {text}")).unwrap_or_default();
    draft.task.talk.note = Some(format!("You asked to be woken: {}.{follow_up}", wake.why));
    let text = format!("Sleeps for {}: {}", say_duration(at.since(draft.now)), wake.why);
    draft.enter(Entry { state: State::Sleeping, reason: Reason::Sleeps, text });
    true
}

pub(super) fn turn_ended(
    draft: &mut Draft,
    run: RunId,
    exit: Exit,
    response: Result<Box<Response>, String>,
    tail: &Tail,
) -> Result<(), Refused> {
    if draft.stage_of(run)? == Stage::Ending {
        draft.drop_run(run, "ending", reason_of(exit), &say_exit(exit));
        return Ok(());
    }
    let waited = draft.task.run.as_ref().is_some_and(|run| run.working_since.is_none());
    draft.bill();
    draft.withdraw_all();
    // Whoever writes a response takes turns, whether it was given a brief or not.
    draft.task.talk.worker = true;
    draft.task.talk.note = None;
    draft.task.talk.turns += 1;
    let turn = draft.task.talk.turns;
    let bad = match &response {
        Err(error) => {
            Some((Reason::BadResponse, format!("Its response in turn {turn} cannot be read: {error}")))
        }
        // What it says of itself is not believed against its own exit.
        Ok(_) if !exit.is_success() => Some((reason_of(exit), format!("{} in turn {turn}", say_exit(exit)))),
        Ok(response) if response.status == Status::Failed => {
            Some((Reason::WorkerFailed, format!("It gave up in turn {turn}")))
        }
        Ok(_) => None,
    };
    let said = response.as_ref().map(|response| response.said()).unwrap_or_default();
    let outcome = match (&bad, &response) {
        (None, Ok(response)) => response.outcome(),
        (Some(_), _) | (None, Err(_)) => TurnOutcome::Escalation,
    };
    draft.effect(Effect::KeepTurn(TurnRecord {
        generation: draft.task.generation,
        turn,
        run: draft.task.runs,
        exit,
        outcome,
        summary: if said.is_empty() {
            bad.clone().map(|(_, text)| text).unwrap_or_default()
        } else {
            said.clone()
        },
    }));
    if let Some((reason, happened)) = bad {
        draft.drop_run(run, "executing", reason, &happened);
        if reason != Reason::WorkerFailed && try_again(draft, &happened) {
            return Ok(());
        }
        let next = "Look at the output; `errand retry` lets it go on.";
        let artifact = Artifact::turn_failed(&format!("{happened}."), &said, next, tail);
        let text = artifact.outcome.clone();
        end(draft, State::Failed, reason, text, Some(artifact));
        return Ok(());
    }
    let Ok(response) = response else { return Ok(()) };
    draft.task.talk.stalls = 0;
    draft.task.talk.interruptions = 0;
    // One that came while the turn was under way is for the next one.
    for message in draft.task.talk.messages.iter_mut().take(draft.task.talk.told as usize) {
        message.read = true;
    }
    if let Some(next) = response.next_task.as_deref().filter(|next| !next.trim().is_empty()) {
        draft.task.talk.next_task = Some(next.to_owned());
    }
    let ended = match said.trim() {
        "" => format!("Turn {turn} ended"),
        said => format!("Turn {turn} ended: {said}"),
    };
    after_good_turn(draft, run, &response, ended, tail);
    let goes_on = draft.task.state == State::Running;
    if waited && goes_on {
        draft.effect(Effect::Take { run });
    }
    Ok(())
}

fn after_good_turn(draft: &mut Draft, run: RunId, response: &Response, ended: String, tail: &Tail) {
    let ask = response.question.clone().or_else(|| {
        let text = match response.summary.trim() {
            "" => "It cannot go on by itself. What should it do?".to_owned(),
            summary => format!("It cannot go on: {summary} What should it do?"),
        };
        (response.status == Status::Blocked).then_some(Ask { text, options: Vec::new(), open: true })
    });
    if let Some(ask) = ask {
        draft.drop_run(run, "executing", Reason::TurnEnded, &ended);
        draft.ask_for(&ask, Reason::AskedByWorker);
        let text = format!("It asks: {}", ask.text);
        return draft.enter(Entry { state: State::NeedsYou, reason: Reason::AskedByWorker, text });
    }
    // What the person wrote meanwhile is read before anything is over.
    let unread = draft.task.talk.messages.iter().any(|message| !message.read);
    if response.status == Status::Done && !unread {
        draft.task.talk.wake = None;
        draft.drop_run(run, "executing", Reason::TurnEnded, &ended);
        return complete(draft, &response.finish(), Reason::Finished);
    }
    if let Some(wish) = response.wake.as_ref().filter(|_| draft.task.talk.wakes < MOST_WAKES) {
        draft.task.talk.wake = Some(wish.wake(draft.now));
    }
    if draft.task.talk.wake.is_some() {
        draft.drop_run(run, "executing", Reason::TurnEnded, &ended);
        sleeps(draft);
        return;
    }
    let most = draft.task.policy.turns.most;
    if draft.task.talk.turns >= most {
        draft.drop_run(run, "executing", Reason::TurnLimit, &ended);
        let happened = format!("It used all of its {most} turns and was not done.");
        let next = "Give it more with `errand set --turns`, then `errand retry`.";
        let artifact = Artifact::turn_failed(&happened, &response.summary, next, tail);
        let text = artifact.outcome.clone();
        return end(draft, State::Failed, Reason::TurnLimit, text, Some(artifact));
    }
    if !draft.task.holds.is_empty() {
        draft.drop_run(run, "executing", Reason::TurnEnded, &ended);
        let entry = rest(draft, Reason::TurnEnded);
        return draft.enter(Entry { reason: Reason::TurnEnded, text: ended, ..entry });
    }
    draft.work();
    begin_turn(draft);
    draft.effect(Effect::Prompt { run });
    draft.enter(Entry { state: State::Running, reason: Reason::TurnEnded, text: ended });
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

/// Between two turns, when there will be no next one for now.
pub(super) fn parked(draft: &mut Draft, run: RunId) -> Result<(), Refused> {
    at_work(draft, run)?;
    draft.bill();
    draft.drop_run(run, "executing", Reason::Parked, "Its turn is over");
    let entry = rest(draft, Reason::Parked);
    let text = "Goes on with its next turn when Errand is back".to_owned();
    draft.enter(Entry { reason: Reason::Parked, text, ..entry });
    Ok(())
}

fn complete(draft: &mut Draft, finish: &Finish, reason: Reason) {
    let notify = match draft.task.policy.notify {
        Notify::Always => true,
        Notify::Significant => finish.notify.unwrap_or(false),
        Notify::Silent => false,
    };
    let artifact = Artifact::finished(finish, notify);
    let text = artifact.outcome.clone();
    end(draft, State::Completed, reason, text, Some(artifact));
}

/// A worker fell silent: its processes are ended and its turn begins anew, a few times; then the person decides.
pub(super) fn stalled(draft: &mut Draft, run: RunId, since: Timestamp) {
    let limits = draft.task.policy.turns;
    let quiet = say_duration(draft.now.since(since));
    draft.bill();
    stop(draft, run, Reason::StallRestart);
    restart(draft, Reason::StallRestart, &format!("Silent for {quiet}"), Some(limits.stall));
}

/// One turn took longer than a turn may. What was silent for too long is treated alike.
pub(super) fn turn_limit(draft: &mut Draft) -> Result<(), Refused> {
    let active = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id);
    let run = active.ok_or(Refused::AlreadyEnded)?;
    let each = say_duration(draft.task.policy.turns.each);
    draft.withdraw_all();
    draft.bill();
    stop(draft, run, Reason::TurnTimeLimit);
    restart(draft, Reason::TurnTimeLimit, &format!("One turn took longer than {each}"), None);
    Ok(())
}

fn restart(draft: &mut Draft, reason: Reason, happened: &str, window: Option<Duration>) {
    let most = draft.task.policy.turns.restarts;
    let turn = draft.task.talk.turns + 1;
    if draft.task.talk.stalls >= most {
        let text = format!("{happened}, after {most} restarts. What now?");
        draft.ask(text, vec![Choice::StartAgain, Choice::Cancel], Reason::StallRestartExhausted);
        let text = format!("{happened}, after {most} restarts");
        return draft.enter(Entry { state: State::NeedsYou, reason: Reason::StallRestartExhausted, text });
    }
    draft.task.talk.stalls += 1;
    let n = draft.task.talk.stalls;
    let doubts = match draft.task.talk.doubt_deeds().as_slice() {
        [] => String::new(),
        doubts => format!(" These may have happened or not, check each first: {}.", doubts.join("; ")),
    };
    draft.task.talk.note = Some(format!(
        "{happened} in turn {turn}, so that turn was ended and begins again ({n} of {most}). \
         Go on from the current state of the folder; do not start over.{doubts}"
    ));
    let pause = window.map_or(pause_before(n), |window| pause_before(n).min(window));
    draft.arm(TimerKind::Start, draft.now.plus(pause));
    let text = format!("{happened}; restart {n} of {most} in {}", say_duration(pause));
    draft.enter(Entry { state: State::Waiting, reason, text });
}

pub(super) fn start_again(draft: &mut Draft, text: String) {
    draft.task.talk.stalls = 0;
    draft.task.talk.interruptions = 0;
    go_on(draft, Reason::AnsweredByPerson, text);
}

/// A worker was cut off in its turn. No process of it is left; it is told so and goes on.
pub(super) fn interrupted(
    draft: &mut Draft,
    run: RunId,
    reason: Reason,
    death: Death,
    tail: &Tail,
) -> Result<(), Refused> {
    let what = Artifact::lost(death, tail, "").outcome;
    draft.withdraw_all();
    draft.drop_run(run, "executing", reason, &what);
    let turn = draft.task.talk.turns + 1;
    draft.task.talk.interruptions += 1;
    let doubts = draft.task.talk.doubt_deeds();
    let doubts = match doubts.as_slice() {
        [] => String::new(),
        doubts => format!(" These may have happened or not, check each first: {}.", doubts.join("; ")),
    };
    draft.task.talk.note = Some(format!(
        "You were interrupted in turn {turn} ({}). Nothing of that turn is recorded; it may have done all, some or \
         none of its work. Look at the folder first, then go on where you stopped.{doubts}",
        what.trim_start_matches("Interrupted: ")
    ));
    if draft.task.talk.interruptions > MOST_INTERRUPTIONS {
        let text = format!("{what}, {} times in a row. What now?", draft.task.talk.interruptions);
        draft.ask(text, vec![Choice::StartAgain, Choice::Cancel], Reason::RecoveryExhausted);
        draft.enter(Entry { state: State::NeedsYou, reason: Reason::RecoveryExhausted, text: what });
        return Ok(());
    }
    let entry = rest(draft, Reason::Recovered);
    draft.enter(Entry { reason: Reason::Recovered, text: format!("{what}; it goes on from there"), ..entry });
    Ok(())
}

impl WakeWish {
    /// The moment that is meant, on the clock of now.
    pub fn wake(&self, now: Timestamp) -> Wake {
        let after = Duration::from_secs(self.after_s.unwrap_or_default());
        Wake {
            at: self.at.unwrap_or(now.plus(after)),
            why: self.why.clone(),
            follow_up: self.follow_up.clone(),
        }
    }
}
