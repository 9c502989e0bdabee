//! The turns of a worker: how one ends and the next begins, and what becomes of one that was cut off.

use std::time::Duration;

use errand_base::{RunId, Timestamp, say_duration};

use super::draft::{Draft, Entry};
use super::process::{end, pause_before, reason_of, say_unmet, stop, try_again};
use super::waiting::rest;
use super::worker::{MOST_WAKES, at_work, complete, go_on, sleeps};
use super::{approvals, children};
use crate::artifact::say_exit;
use crate::{
    Afterwards, Artifact, Ask, Check, Choice, Death, Effect, Exit, Reason, Refused, Response, Stage, State,
    Status, Tail, TimerKind, TurnOutcome, TurnRecord,
};

/// So often in a row a worker is taken up again by itself after an interruption.
const MOST_INTERRUPTIONS: u32 = 3;

/// Each turn of a worker has a limit of its own.
pub(super) fn begin_turn(draft: &mut Draft) {
    arm_turn(draft);
    if draft.task.talk.worker {
        draft.task.talk.news = false;
        draft.task.talk.told = u32::try_from(draft.task.talk.messages.len()).unwrap_or(u32::MAX);
    }
}

pub(super) fn arm_turn(draft: &mut Draft) {
    let working = draft.task.run.as_ref().is_some_and(|run| run.working_since.is_some());
    if draft.task.talk.worker && working {
        let due = draft.now.plus(draft.task.policy.turns.each);
        draft.arm(TimerKind::Turn, due);
    }
}

pub(super) fn turn_ended(
    draft: &mut Draft,
    run: RunId,
    exit: Exit,
    response: Result<Box<Response>, String>,
    tail: &Tail,
    afterwards: Afterwards,
) -> Result<(), Refused> {
    let Afterwards { checks, tools, winds_up } = afterwards;
    if draft.stage_of(run)? == Stage::Ending {
        if winds_up {
            draft.note_run(run, "ending", "ending", reason_of(exit), say_exit(exit));
        } else {
            draft.drop_run(run, "ending", reason_of(exit), &say_exit(exit));
        }
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
        tools,
    }));
    if let Some((reason, happened)) = bad {
        draft.leave_run(run, winds_up, reason, &happened);
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
    draft.task.talk.consents.once.clear();
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
    children::asked_in_response(draft, run, &response.subtasks);
    after_good_turn(draft, run, GoodTurn { response: &response, ended, tail, checks, winds_up });
    let goes_on = draft.task.state == State::Running;
    if waited && goes_on {
        draft.effect(Effect::Take { run });
    }
    Ok(())
}

struct GoodTurn<'a> {
    response: &'a Response,
    ended: String,
    tail: &'a Tail,
    checks: Vec<Check>,
    winds_up: bool,
}

fn after_good_turn(draft: &mut Draft, run: RunId, turn: GoodTurn<'_>) {
    let GoodTurn { response, ended, tail, checks, winds_up } = turn;
    let ask = response.question.clone().or_else(|| {
        let text = match response.summary.trim() {
            "" => "It cannot go on by itself. What should it do?".to_owned(),
            summary => format!("It cannot go on: {summary} What should it do?"),
        };
        (response.status == Status::Blocked).then_some(Ask { text, open: true, ..Ask::default() })
    });
    if let Some(ask) = ask {
        draft.leave_run(run, winds_up, Reason::TurnEnded, &ended);
        draft.ask_for(&ask, Reason::AskedByWorker);
        let text = format!("It asks: {}", ask.text);
        return draft.enter(Entry { state: State::NeedsYou, reason: Reason::AskedByWorker, text });
    }
    // What the person wrote meanwhile is read before anything is over.
    let unread = draft.task.talk.messages.iter().any(|message| !message.read);
    let unmet = say_unmet(&checks).filter(|_| response.status == Status::Done);
    if response.status == Status::Done && !unread && unmet.is_none() {
        draft.task.talk.wake = None;
        draft.leave_run(run, winds_up, Reason::TurnEnded, &ended);
        if children::hold_back(draft) {
            return;
        }
        let mut finish = response.finish();
        finish.verification.extend(checks);
        return complete(draft, &finish, Reason::Finished);
    }
    if unmet.is_some() {
        draft.task.talk.note = Some(say_not_accepted(&checks));
    }
    if let Some(wish) = response.wake.as_ref().filter(|_| draft.task.talk.wakes < MOST_WAKES) {
        draft.task.talk.wake = Some(wish.wake(draft.now));
    }
    if draft.task.talk.wake.is_some() {
        draft.leave_run(run, winds_up, Reason::TurnEnded, &ended);
        sleeps(draft);
        return;
    }
    let most = draft.task.policy.turns.most;
    if draft.task.talk.turns >= most {
        draft.leave_run(run, winds_up, Reason::TurnLimit, &ended);
        return out_of_turns(draft, unmet.as_deref(), checks, &response.summary, tail);
    }
    if !draft.task.holds.is_empty() {
        draft.leave_run(run, winds_up, Reason::TurnEnded, &ended);
        let entry = rest(draft, Reason::TurnEnded);
        return draft.enter(Entry { reason: Reason::TurnEnded, text: ended, ..entry });
    }
    draft.work();
    begin_turn(draft);
    draft.effect(Effect::Prompt { run });
    let (reason, text) = match unmet {
        Some(unmet) => (Reason::ChecksFailed, format!("{ended}; not believed: {unmet}")),
        None => (Reason::TurnEnded, ended),
    };
    draft.enter(Entry { state: State::Running, reason, text });
}

/// It ended its turn without a response, as if it were done; what was to hold then does not. It goes on in a new run.
pub(super) fn not_accepted(draft: &mut Draft, unmet: &str, checks: Vec<Check>, tail: &Tail) {
    draft.withdraw_all();
    draft.task.talk.turns += 1;
    let summary = format!("It ended as if it were done; {unmet}");
    draft.effect(Effect::KeepTurn(TurnRecord {
        generation: draft.task.generation,
        turn: draft.task.talk.turns,
        run: draft.task.runs,
        exit: Exit::Code(0),
        outcome: TurnOutcome::Escalation,
        summary: summary.clone(),
        tools: Vec::new(),
    }));
    for message in draft.task.talk.messages.iter_mut().take(draft.task.talk.told as usize) {
        message.read = true;
    }
    draft.task.talk.note = Some(say_not_accepted(&checks));
    if draft.task.talk.turns >= draft.task.policy.turns.most {
        return out_of_turns(draft, Some(unmet), checks, "", tail);
    }
    let entry = rest(draft, Reason::ChecksFailed);
    draft.enter(Entry { reason: Reason::ChecksFailed, text: summary, ..entry });
}

fn out_of_turns(draft: &mut Draft, unmet: Option<&str>, checks: Vec<Check>, said: &str, tail: &Tail) {
    let most = draft.task.policy.turns.most;
    let (reason, happened) = match unmet {
        Some(unmet) => (
            Reason::ChecksFailed,
            format!("It used all of its {most} turns and said that it was done, but {unmet}."),
        ),
        None => (Reason::TurnLimit, format!("It used all of its {most} turns and was not done.")),
    };
    let next = "Give it more with `errand set --turns`, then `errand retry`.";
    let artifact = Artifact::turn_failed(&happened, said, next, tail);
    let artifact = Artifact { verification: checks, ..artifact };
    let text = artifact.outcome.clone();
    end(draft, State::Failed, reason, text, Some(artifact));
}

/// What the next turn is told when its "done" was not believed.
fn say_not_accepted(checks: &[Check]) -> String {
    let mut text =
        "You said that you were done. That is not believed, because these checks failed:".to_owned();
    for check in checks.iter().filter(|check| !check.met) {
        text.push_str(&format!("\n\n{}: {}", check.what, check.note.as_deref().unwrap_or("failed")));
    }
    text.push_str("\n\nMend what they show, then say again that you are done.");
    text
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
    let doubts = doubts(draft);
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
    let asks = approvals::outlive(draft);
    draft.drop_run(run, "executing", reason, &what);
    let turn = draft.task.talk.turns + 1;
    draft.task.talk.interruptions += 1;
    let doubts = doubts(draft);
    draft.task.talk.note = Some(format!(
        "You were interrupted in turn {turn} ({}). Nothing of that turn is recorded; it may have done all, some or \
         none of its work. Look at the folder first, then go on where you stopped.{doubts}",
        what.trim_start_matches("Interrupted: ")
    ));
    if draft.task.talk.interruptions > MOST_INTERRUPTIONS {
        draft.withdraw_all();
        let text = format!("{what}, {} times in a row. What now?", draft.task.talk.interruptions);
        draft.ask(text, vec![Choice::StartAgain, Choice::Cancel], Reason::RecoveryExhausted);
        draft.enter(Entry { state: State::NeedsYou, reason: Reason::RecoveryExhausted, text: what });
        return Ok(());
    }
    if asks {
        let text = format!("{what}; it goes on once its request is decided");
        draft.enter(Entry { state: State::NeedsYou, reason: Reason::Recovered, text });
        return Ok(());
    }
    let entry = rest(draft, Reason::Recovered);
    draft.enter(Entry { reason: Reason::Recovered, text: format!("{what}; it goes on from there"), ..entry });
    Ok(())
}

/// Between two turns, when there will be no next one for now.
pub(super) fn parked(draft: &mut Draft, run: RunId, winds_up: bool) -> Result<(), Refused> {
    at_work(draft, run)?;
    draft.bill();
    draft.leave_run(run, winds_up, Reason::Parked, "Its turn is over");
    let entry = rest(draft, Reason::Parked);
    let text = "Goes on with its next turn when Errand is back".to_owned();
    draft.enter(Entry { reason: Reason::Parked, text, ..entry });
    Ok(())
}

/// What the run was about to do when it was cut off.
fn doubts(draft: &mut Draft) -> String {
    match draft.task.talk.doubt_deeds().as_slice() {
        [] => String::new(),
        doubts => format!(" These may have happened or not, check each first: {}.", doubts.join("; ")),
    }
}
