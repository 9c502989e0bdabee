//! What happens to a task through the processes of its run.

use std::time::Duration;

use errand_base::{RunId, Timestamp, say_duration};

use super::draft::{Draft, Entry};
use super::{children, turns, worker};
use crate::artifact::{say_exit, upper_first};
use crate::{
    Artifact, Aside, Check, Choice, Death, DeliveryKind, Effect, Exit, Gap, Hold, Notify, Reason, Refused,
    Run, Stage, StartError, State, Tail, TimerKind,
};

/// The pause before another attempt doubles from here, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

pub(super) fn admitted(draft: &mut Draft, run: RunId) -> Result<(), Refused> {
    match draft.task.state {
        State::Queued => {}
        State::Waiting | State::Running | State::NeedsYou | State::RateLimited | State::Sleeping => {
            return Err(Refused::NotReady);
        }
        State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {
            return Err(Refused::AlreadyEnded);
        }
    }
    if !draft.task.holds.is_empty() || draft.task.run.is_some() {
        return Err(Refused::NotReady);
    }
    draft.task.runs += 1;
    let n = draft.task.runs;
    let started_at = draft.now;
    draft.task.run = Some(Run { id: run, n, stage: Stage::Starting, started_at, working_since: None });
    draft.work();
    turns::begin_turn(draft);
    let text = match (draft.task.talk.turns, n) {
        (0, 1) => "Started".to_owned(),
        (0, n) => format!("Started, run {n}"),
        (turns, n) => format!("Started, run {n}, turn {}", turns + 1),
    };
    draft.enter(Entry { state: State::Running, reason: Reason::Admitted, text });
    draft.effect(Effect::Spawn { run });
    Ok(())
}

pub(super) fn start_failed(draft: &mut Draft, run: RunId, error: StartError) -> Result<(), Refused> {
    match (draft.stage_of(run)?, error) {
        (Stage::Ending, _) => draft.drop_run(run, "ending", Reason::StartFailed, "It never ran"),
        (Stage::Starting, StartError::Credential(why)) => hold_for_keychain(draft, run, why),
        (Stage::Starting, error) => {
            let reason = match error {
                StartError::ProgramMissing => Reason::ProgramMissing,
                StartError::FolderMissing => Reason::FolderMissing,
                StartError::Preflight(_) => Reason::PreflightFailed,
                StartError::BeforeRun(_) => Reason::BeforeRunFailed,
                StartError::Credential(_) => Reason::HeldForKeychain,
                StartError::Other(_) => Reason::StartFailed,
            };
            let artifact = Artifact::not_started(&error);
            let text = artifact.outcome.clone();
            draft.drop_run(run, "starting", reason, "It never ran");
            end(draft, State::Failed, reason, text, Some(artifact));
        }
    }
    Ok(())
}

/// Nothing was done and nothing is lost: it goes back into the queue, and starts once its credential can be read.
fn hold_for_keychain(draft: &mut Draft, run: RunId, why: String) {
    draft.disarm(TimerKind::Limit);
    draft.disarm(TimerKind::Turn);
    draft.withdraw_all();
    draft.drop_run(run, "starting", Reason::HeldForKeychain, "It never ran");
    draft.task.holds = draft.task.holds.with(Hold::Keychain);
    draft.enter(Entry { state: State::Queued, reason: Reason::HeldForKeychain, text: why });
    draft.effect(Effect::Deliver(DeliveryKind::Notice));
}

/// How a program ended, with the end of what it printed and what was checked then.
pub(super) struct Ended<'a> {
    pub exit: Exit,
    pub tail: &'a Tail,
    pub checks: Vec<Check>,
}

pub(super) fn exited(draft: &mut Draft, run: RunId, ended: Ended<'_>, gone: bool) -> Result<(), Refused> {
    let exit = ended.exit;
    match draft.stage_of(run)? {
        // Decided before: by a cancel, a limit. What the process says now changes nothing.
        Stage::Ending => draft.note_run(run, "ending", "ending", reason_of(exit), say_exit(exit)),
        Stage::Starting => {
            draft.bill();
            decide(draft, ended);
            draft.ending();
        }
    }
    if gone {
        draft.drop_run(run, "ending", reason_of(exit), &say_exit(exit));
    }
    Ok(())
}

pub(super) fn gone(draft: &mut Draft, run: RunId) -> Result<(), Refused> {
    match draft.stage_of(run)? {
        Stage::Ending => draft.drop_run(run, "ending", Reason::ProcessesGone, "All its processes are gone"),
        // Nobody saw it end, so nobody can say how it ended.
        Stage::Starting => lost(draft, run, Death::SupervisorDied, &Tail::default())?,
    }
    Ok(())
}

pub(super) fn stuck(draft: &mut Draft, run: RunId, processes: u32) -> Result<(), Refused> {
    let stage = match draft.stage_of(run)? {
        Stage::Starting => "executing",
        Stage::Ending => "ending",
    };
    let what = if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") };
    draft.note_run(run, stage, stage, Reason::WillNotStop, format!("{what} will not stop"));
    draft.effect(Effect::Deliver(DeliveryKind::Notice));
    Ok(())
}

pub(super) fn lost(draft: &mut Draft, run: RunId, death: Death, tail: &Tail) -> Result<(), Refused> {
    let reason = match death {
        Death::EngineDied => Reason::EngineDied,
        Death::EngineStopped => Reason::EngineStopped,
        Death::SupervisorDied => Reason::SupervisorDied,
    };
    match draft.stage_of(run)? {
        Stage::Ending => draft.drop_run(run, "ending", reason, "All its processes are gone"),
        Stage::Starting => {
            match death {
                // Nobody knows when it died, and the time until now is not the run's.
                Death::EngineDied => draft.stop_clock(),
                Death::EngineStopped | Death::SupervisorDied => draft.bill(),
            }
            if draft.task.talk.worker {
                return turns::interrupted(draft, run, reason, death, tail);
            }
            let doubts = draft.task.talk.doubt_deeds().join("; ");
            let artifact = Artifact::lost(death, tail, &doubts);
            let text = artifact.outcome.clone();
            draft.drop_run(run, "executing", reason, &text);
            end(draft, State::Unknown, reason, text, Some(artifact));
        }
    }
    Ok(())
}

/// Execution time is awake time, so what the run uses it up by moves with the clock.
pub(super) fn clock_gap(draft: &mut Draft, gap: Gap) -> Result<(), Refused> {
    let run = draft.task.run.as_ref().filter(|run| run.working_since.is_some());
    let run = run.map(|run| run.id).ok_or(Refused::NotReady)?;
    draft.shift_clock(gap.shift());
    let text = format!("{}; that is no execution time", gap.say());
    draft.note_run(run, "executing", "executing", Reason::ClockGap, text);
    Ok(())
}

pub(super) fn silent(draft: &mut Draft, run: RunId, since: Timestamp) -> Result<(), Refused> {
    if draft.stage_of(run)? == Stage::Ending {
        return Err(Refused::AlreadyEnded);
    }
    match draft.task.state {
        State::Running if draft.task.talk.worker => {
            turns::stalled(draft, run, since);
            Ok(())
        }
        State::Running => {
            let quiet = say_duration(draft.now.since(since));
            let text = format!("It has printed nothing for {quiet}. Is it still at work?");
            draft.ask(text, vec![Choice::KeepWaiting, Choice::Stop], Reason::Silent);
            let text = format!("It has printed nothing for {quiet}");
            draft.enter(Entry { state: State::NeedsYou, reason: Reason::Silent, text });
            Ok(())
        }
        State::NeedsYou => Err(Refused::NotReady),
        State::Waiting | State::Queued | State::RateLimited | State::Sleeping => Err(Refused::OtherRun),
        State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {
            Err(Refused::AlreadyEnded)
        }
    }
}

pub(super) fn spoke(draft: &mut Draft, run: RunId) -> Result<(), Refused> {
    draft.stage_of(run)?;
    // It also prints while it waits for an answer.
    if !draft.withdraw_offering(Choice::KeepWaiting, "It printed again") {
        return Err(Refused::NothingToTake);
    }
    draft.enter(Entry { state: State::Running, reason: Reason::Spoke, text: "It printed again".to_owned() });
    Ok(())
}

pub(super) fn keep_waiting(draft: &mut Draft, text: String) {
    draft.enter(Entry { state: State::Running, reason: Reason::KeepWaiting, text });
}

pub(super) fn time_limit(draft: &mut Draft, tail: &Tail) -> Result<(), Refused> {
    let Some(run) = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id)
    else {
        return Err(Refused::AlreadyEnded);
    };
    let limit = draft.task.policy.timeout.unwrap_or_default();
    draft.bill();
    stop(draft, run, Reason::TimeLimit);
    let artifact = Artifact::timed_out(limit, tail);
    let text = artifact.outcome.clone();
    end(draft, State::TimedOut, Reason::TimeLimit, text, Some(artifact));
    Ok(())
}

/// Legal from every state that is not final; wins against everything that has not been committed.
pub(super) fn cancel(draft: &mut Draft, reason: Reason, text: String) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    let active = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id);
    if let Some(run) = active {
        draft.bill();
        stop(draft, run, reason);
    }
    // A cancel is not a death: the person knows, so there is no report and no notification.
    end(draft, State::Cancelled, reason, text, None);
    Ok(())
}

pub(super) fn quit_now(draft: &mut Draft) -> Result<(), Refused> {
    if draft.task.state.is_final() {
        return Err(Refused::AlreadyEnded);
    }
    if !draft.task.run.as_ref().is_some_and(|run| run.stage == Stage::Starting) {
        return Err(Refused::NotReady);
    }
    cancel(draft, Reason::QuitNow, "Stopped because Errand was told to quit now".to_owned())
}

fn decide(draft: &mut Draft, ended: Ended<'_>) {
    let Ended { exit, tail, checks } = ended;
    if exit.is_success() {
        // It was for the turn that has ended now.
        draft.task.talk.note = None;
        if worker::sleeps(draft) || children::hold_back(draft) {
            return;
        }
        if let Some(unmet) = say_unmet(&checks) {
            return not_believed(draft, &unmet, checks, tail);
        }
        // Without an agent's word on what is significant, only `always` announces a result.
        let notify = draft.task.policy.notify == Notify::Always;
        let artifact = Artifact { verification: checks, ..Artifact::completed(tail, notify) };
        end(draft, State::Completed, Reason::ExitZero, "Done".to_owned(), Some(artifact));
        return;
    }
    if try_again(draft, &say_exit(exit)) {
        return;
    }
    let artifact = Artifact::exited(exit, tail);
    let text = artifact.outcome.clone();
    end(draft, State::Failed, reason_of(exit), text, Some(artifact));
}

/// It ended well by its own word, and what was to hold then does not.
fn not_believed(draft: &mut Draft, unmet: &str, checks: Vec<Check>, tail: &Tail) {
    if draft.task.talk.worker {
        return turns::not_accepted(draft, unmet, checks, tail);
    }
    let happened = format!("It ended by itself, but {unmet}");
    if try_again(draft, &happened) {
        return;
    }
    let artifact = Artifact { verification: checks, ..Artifact::not_believed(&happened, tail) };
    let text = artifact.outcome.clone();
    end(draft, State::Failed, Reason::ChecksFailed, text, Some(artifact));
}

/// Which of the checks say no, or `None` if none does.
pub(super) fn say_unmet(checks: &[Check]) -> Option<String> {
    let unmet: Vec<&str> =
        checks.iter().filter(|check| !check.met).map(|check| check.what.as_str()).collect();
    (!unmet.is_empty()).then(|| format!("{} failed", unmet.join(", ")))
}

pub(super) fn aside(draft: &mut Draft, run: RunId, doing: Option<Aside>) -> Result<(), Refused> {
    worker::at_work(draft, run)?;
    match doing {
        // It is no part of a turn, and has a limit of its own.
        Some(doing) => {
            draft.disarm(TimerKind::Turn);
            draft.note_run(run, "executing", "executing", Reason::Aside, upper_first(&doing.phrase()));
        }
        None if !draft.task.talk.worker || draft.has_timer(TimerKind::Turn) => {
            return Err(Refused::NothingToTake);
        }
        None => turns::arm_turn(draft),
    }
    Ok(())
}

pub(super) fn wind_up_failed(draft: &mut Draft, run: RunId, text: String) -> Result<(), Refused> {
    let stage = match draft.stage_of(run)? {
        Stage::Starting => "executing",
        Stage::Ending => "ending",
    };
    draft.note_run(run, stage, stage, Reason::AfterRunFailed, text);
    draft.effect(Effect::Deliver(DeliveryKind::Notice));
    Ok(())
}

/// Counts a failure, and goes on to the next attempt if the task has one left.
pub(super) fn try_again(draft: &mut Draft, happened: &str) -> bool {
    draft.task.failures += 1;
    let failures = draft.task.failures;
    if failures > draft.task.policy.retries {
        return false;
    }
    draft.withdraw_all();
    let pause = pause_before(failures);
    draft.arm(TimerKind::Start, draft.now.plus(pause));
    let attempts = draft.task.policy.retries.saturating_add(1);
    let text = format!("{happened}; attempt {} of {attempts} in {}", failures + 1, say_duration(pause));
    draft.enter(Entry { state: State::Waiting, reason: Reason::RetryAfterFailure, text });
    true
}

pub(super) fn pause_before(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

/// Enters a final state; with an artifact it is a result or a death, and a death is always told.
pub(super) fn end(draft: &mut Draft, state: State, reason: Reason, text: String, artifact: Option<Artifact>) {
    draft.enter(Entry { state, reason, text });
    let Some(artifact) = artifact else { return };
    // What came of a sub-task is told to its parent; the person hears of the whole.
    let notify = artifact.notify && draft.task.parent.is_none();
    draft.effect(Effect::File(artifact));
    if notify {
        let kind = if state == State::Completed { DeliveryKind::Result } else { DeliveryKind::Failure };
        draft.effect(Effect::Deliver(kind));
    }
}

pub(super) fn stop(draft: &mut Draft, run: RunId, reason: Reason) {
    draft.ending();
    draft.note_run(run, "executing", "ending", reason, "Its processes are being ended".to_owned());
    draft.effect(Effect::End { run });
}

pub(super) fn reason_of(exit: Exit) -> Reason {
    match exit {
        Exit::Code(0) => Reason::ExitZero,
        Exit::Code(_) => Reason::ExitNonzero,
        Exit::Signal(_) => Reason::KilledBySignal,
    }
}
