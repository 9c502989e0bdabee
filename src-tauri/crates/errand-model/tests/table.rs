//! The checked-in table `step.table`: what every event does in every situation.
//!
//! `ERRAND_BLESS=1 cargo test -p errand-model --test table` writes it anew; then read what changed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "table/children.rs"]
mod children;
#[path = "table/file.rs"]
mod file;
#[path = "table/words.rs"]
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use errand_base::{RunId, TaskId, Timestamp};
use errand_model::*;
use file::{parse, print};

const ACCEPTED: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const RUN: RunId = RunId::from_u128(1);
const SECOND_RUN: RunId = RunId::from_u128(2);
const OTHER_RUN: RunId = RunId::from_u128(99);
/// Of a timer or a question that never was.
const NO_SUCH: u32 = 99;

// ---- situations: what a task has lived through ----

struct Situation {
    name: &'static str,
    says: &'static str,
    task: Task,
}

/// A task that can be led through events one after the other.
struct Life(Task);

impl Life {
    fn begin(after: &[&str], start_in: Option<Duration>) -> Life {
        let policy = Policy { timeout: Some(60 * MINUTE), ..Policy::default() };
        let after = after.iter().map(|name| Dependency::on(id(name))).collect();
        Life(
            accept(
                id("calm-owl-100"),
                policy,
                false,
                start_in.map(|wait| ACCEPTED.plus(wait)),
                after,
                ACCEPTED,
            )
            .task,
        )
    }

    fn then(self, event: Event) -> Life {
        Life(step(&self.0, event, ACCEPTED).unwrap().task)
    }

    fn running(self) -> Life {
        self.then(Event::Admitted { run: RUN })
    }

    fn exits(self, code: i32, gone: bool) -> Life {
        self.then(ended(RUN, Exit::Code(code), gone))
    }

    /// It was given a brief.
    fn worker(mut self) -> Life {
        self.0.talk.worker = true;
        self
    }

    fn with_stalls(mut self, stalls: u32) -> Life {
        self.0.talk.stalls = stalls;
        self
    }

    fn with_interruptions(mut self, interruptions: u32) -> Life {
        self.0.talk.interruptions = interruptions;
        self
    }

    fn with_retries(mut self, retries: u32) -> Life {
        self.0.policy.retries = retries;
        self
    }

    /// A state that no event leads to yet.
    fn forced(mut self, state: State) -> Life {
        self.0.state = state;
        self
    }

    fn called(self, name: &'static str, says: &'static str) -> Situation {
        Situation { name, says, task: self.0 }
    }
}

fn situations() -> Vec<Situation> {
    [plain_situations(), children::situations()].into_iter().flatten().collect()
}

fn plain_situations() -> Vec<Situation> {
    let new = || Life::begin(&[], None);
    let later = |after| Life::begin(after, Some(30 * MINUTE));
    let waits = || Life::begin(&["dep"], None);
    let cancel = || Event::Cancel { by: by() };
    let limit = |life: Life| {
        let timer = life.0.timers[0].id;
        life.then(Event::TimerFired { timer, tail: tail() })
    };
    vec![
        later(&[]).called("waiting-for-time", "its start time is in 30 minutes"),
        waits().called("waiting-for-task", "another task has not ended yet"),
        later(&["dep"]).called("waiting-for-both", "for another task and for its start time"),
        new()
            .with_retries(2)
            .running()
            .exits(3, true)
            .called("waiting-after-failure", "1 of 3 attempts has failed"),
        new()
            .with_retries(2)
            .running()
            .exits(3, false)
            .called("waiting-after-failure+ending", "1 of 3 attempts has failed; it left processes behind"),
        new().called("queued", "ready to start"),
        new().then(hold(Hold::Person)).called("queued+held", "ready, but paused by the person"),
        new()
            .running()
            .then(cancel())
            .then(Event::Retry { by: by() })
            .called("queued+ending", "opened again; processes of the run before are still being ended"),
        waits()
            .then(dependency_ended(State::Completed))
            .called("queued-after-task", "what it waited for has completed"),
        new().running().called("running", "its program runs, with a time limit"),
        new()
            .running()
            .then(hold(Hold::Person))
            .called("running+held", "paused, so what runs now finishes first"),
        new()
            .running()
            .then(silent(RUN))
            .called("needs-you-silent", "its program runs and has long printed nothing"),
        waits()
            .then(dependency_ended(State::Failed))
            .called("needs-you-blocked", "the task it waits for has failed"),
        Life::begin(&["dep", "second-dep"], None)
            .then(dependency_ended(State::Failed))
            .called("needs-you-blocked-of-two", "one task it waits for has failed, another has not ended"),
        later(&["dep"]).then(dependency_ended(State::Failed)).called(
            "needs-you-blocked+time",
            "the task it waits for has failed; its start time is still to come",
        ),
        later(&[]).forced(State::RateLimited).called("rate-limited", "until a start timer fires"),
        new()
            .running()
            .then(wake_asked(RUN))
            .exits(0, true)
            .called("sleeping", "its program asked to be woken in an hour, then exited with 0"),
        new()
            .running()
            .then(asked(RUN))
            .called("needs-you-asked", "a process of its program waits for an answer"),
        new()
            .running()
            .then(asked(RUN))
            .then(asked(RUN))
            .called("needs-you-asked-twice", "two processes of its program wait for answers"),
        new()
            .worker()
            .running()
            .then(approval_asked(RUN, approval::Unattended::Park))
            .called("worker-asks-approval", "a tool call of a worker is to be decided about"),
        new()
            .worker()
            .running()
            .then(approval_asked(RUN, approval::Unattended::Park))
            .then(lost(RUN, Death::EngineDied))
            .called("worker-asks-approval+lost", "its run is gone; the request still stands"),
        new().running().then(wake_asked(RUN)).called("running+wake", "its program asked to be woken later"),
        new().running().then(finished(RUN, true)).called(
            "completed-by-word+ending",
            "it handed over its result; its process has a moment to leave",
        ),
        new().worker().running().called("worker", "a worker in its first turn"),
        new()
            .worker()
            .running()
            .then(turn_ended(RUN, "continue"))
            .called("worker-second-turn", "a worker in its second turn"),
        new()
            .worker()
            .running()
            .then(Event::Deed { run: RUN, what: "publish the release".into(), done: false })
            .called("worker+deed", "a worker that is about to do something outside"),
        new()
            .running()
            .then(Event::Deed { run: RUN, what: "publish the release".into(), done: false })
            .called("running+deed", "its program is about to do something outside"),
        new()
            .worker()
            .running()
            .then(hold(Hold::Person))
            .called("worker+held", "a worker that is to pause when its turn is over"),
        new()
            .worker()
            .running()
            .then(message(false))
            .called("worker+message", "a worker to whom the person has written in its first turn"),
        new()
            .worker()
            .running()
            .then(turn_ended(RUN, "done"))
            .called("worker-completed", "a worker that has said that it is done"),
        new()
            .worker()
            .running()
            .then(turn_ended(RUN, "wake"))
            .called("worker-sleeping", "a worker that wants to be woken"),
        new()
            .worker()
            .running()
            .then(turn_ended(RUN, "ask"))
            .called("worker-asked", "a worker has ended its turn with a question"),
        new()
            .worker()
            .running()
            .then(silent(RUN))
            .called("worker-stalled+ending", "a silent worker is being ended and will be started again"),
        new()
            .worker()
            .with_stalls(3)
            .running()
            .then(silent(RUN))
            .then(Event::Gone { run: RUN })
            .called("worker-stalled-out", "a worker was silent too often"),
        new()
            .worker()
            .running()
            .then(lost(RUN, Death::EngineDied))
            .called("worker-recovered", "a worker was interrupted and is to go on"),
        new()
            .worker()
            .with_interruptions(3)
            .running()
            .called("worker-often-interrupted", "a worker that was interrupted three times in a row"),
        new()
            .worker()
            .with_stalls(3)
            .running()
            .called("worker-often-silent", "a worker that was restarted three times in a row"),
        new()
            .worker()
            .running()
            .then(aside(RUN, Part::BeforeRun))
            .called("worker-preparing", "commands prepare the first turn of a worker"),
        new()
            .worker()
            .running()
            .then(after_turn(RUN, "done", winds_up()))
            .called("worker-completed+ending", "a worker is done; what follows its run is under way"),
        new().running().exits(0, true).called("completed", "exit code 0, nothing left"),
        new().running().exits(0, false).called("completed+ending", "exit code 0; it left processes behind"),
        new().running().exits(3, true).called("failed", "exit code 3, nothing left"),
        new().running().exits(3, false).called("failed+ending", "exit code 3; it left processes behind"),
        limit(new().running())
            .called("timed-out+ending", "ended at its limit; its processes are being ended"),
        limit(new().running()).then(Event::Gone { run: RUN }).called("timed-out", "ended at its limit"),
        new().running().then(cancel()).called("cancelled+ending", "its processes are being ended"),
        new().running().then(cancel()).then(Event::Gone { run: RUN }).called("cancelled", "while it ran"),
        later(&["dep"])
            .then(cancel())
            .called("cancelled-while-waiting", "for another task and for its start time"),
        new()
            .then(hold(Hold::Person))
            .then(cancel())
            .called("cancelled+held", "while it was paused in the queue"),
        new().running().then(lost(RUN, Death::EngineDied)).called("unknown", "the engine died while it ran"),
    ]
}

// ---- events ----

struct Case {
    name: &'static str,
    /// The event for this task; a few cases also set the policy they are about.
    make: fn(&mut Task) -> Event,
}

fn cases() -> Vec<Case> {
    [plain_cases(), children::cases()].into_iter().flatten().collect()
}

fn plain_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("admitted", |_| Event::Admitted { run: SECOND_RUN }),
        case("start_failed(program)", |task| start_failed(own(task), StartError::ProgramMissing)),
        case("start_failed(folder)", |task| start_failed(own(task), StartError::FolderMissing)),
        case("start_failed(preflight)", |task| {
            start_failed(own(task), StartError::Preflight("git status: not found".into()))
        }),
        case("start_failed(before_run)", |task| {
            start_failed(own(task), StartError::BeforeRun("make up: exit code 1".into()))
        }),
        case("start_failed(credential)", |task| {
            start_failed(own(task), StartError::Credential("“token” cannot be read: locked.".into()))
        }),
        case("start_failed(other)", |task| start_failed(own(task), StartError::Other("no memory".into()))),
        case("start_failed(other run)", |_| start_failed(OTHER_RUN, StartError::ProgramMissing)),
        case("exited(ok)", |task| exited(task, Exit::Code(0), false)),
        case("exited(ok, gone)", |task| exited(task, Exit::Code(0), true)),
        case("exited(ok, gone) if silent", |task| {
            task.policy.notify = Notify::Silent;
            exited(task, Exit::Code(0), true)
        }),
        case("exited(failed)", |task| last_try(task, Exit::Code(3), false)),
        case("exited(failed, gone)", |task| last_try(task, Exit::Code(3), true)),
        case("exited(failed) + retries", |task| more_tries(task, Exit::Code(3), false)),
        case("exited(failed, gone) + retries", |task| more_tries(task, Exit::Code(3), true)),
        case("exited(signal)", |task| last_try(task, Exit::Signal(9), false)),
        case("exited(signal, gone)", |task| last_try(task, Exit::Signal(9), true)),
        case("exited(signal, gone) + retries", |task| more_tries(task, Exit::Signal(9), true)),
        case("exited(other run)", |_| ended(OTHER_RUN, Exit::Code(0), true)),
        case("exited(ok, gone) but checks failed", |task| {
            task.policy.retries = task.failures;
            unbelieved(own(task))
        }),
        case("exited(ok, gone) but checks failed + retries", |task| {
            task.policy.retries = task.failures + 1;
            unbelieved(own(task))
        }),
        case("exited(ok, gone) but checks failed at the limit", |task| {
            task.policy.retries = task.failures;
            task.policy.turns.most = 1;
            unbelieved(own(task))
        }),
        case("gone", |task| Event::Gone { run: own(task) }),
        case("gone(other run)", |_| Event::Gone { run: OTHER_RUN }),
        case("stuck", |task| Event::Stuck { run: own(task), processes: 2 }),
        case("stuck(other run)", |_| Event::Stuck { run: OTHER_RUN, processes: 2 }),
        case("lost(engine died)", |task| lost(own(task), Death::EngineDied)),
        case("lost(engine stopped)", |task| lost(own(task), Death::EngineStopped)),
        case("lost(supervisor died)", |task| lost(own(task), Death::SupervisorDied)),
        case("lost(other run)", |_| lost(OTHER_RUN, Death::EngineDied)),
        case("silent", |task| silent(own(task))),
        case("silent(other run)", |_| silent(OTHER_RUN)),
        case("spoke", |task| Event::Spoke { run: own(task) }),
        case("spoke(other run)", |_| Event::Spoke { run: OTHER_RUN }),
        case("turn_ended(continue)", |task| turn_ended(own(task), "continue")),
        case("turn_ended(continue) at the limit", |task| {
            task.policy.turns.most = 1;
            turn_ended(own(task), "continue")
        }),
        case("turn_ended(done)", |task| turn_ended(own(task), "done")),
        case("turn_ended(done) if significant", |task| {
            task.policy.notify = Notify::Significant;
            turn_ended(own(task), "done")
        }),
        case("turn_ended(blocked)", |task| turn_ended(own(task), "blocked")),
        case("turn_ended(failed)", |task| turn_ended(own(task), "failed")),
        case("turn_ended(ask)", |task| turn_ended(own(task), "ask")),
        case("turn_ended(wake)", |task| turn_ended(own(task), "wake")),
        case("turn_ended(unreadable)", |task| turn_ended(own(task), "unreadable")),
        case("turn_ended(unreadable) + retries", |task| {
            task.policy.retries = task.failures + 1;
            turn_ended(own(task), "unreadable")
        }),
        case("turn_ended(done, exit 3)", |task| turn_ended(own(task), "exit 3")),
        case("turn_ended(other run)", |_| turn_ended(OTHER_RUN, "done")),
        case("turn_ended(done) but checks failed", |task| after_turn(own(task), "done", unmet())),
        case("turn_ended(done) but checks failed at the limit", |task| {
            task.policy.turns.most = 1;
            after_turn(own(task), "done", unmet())
        }),
        case("turn_ended(done), winds up", |task| after_turn(own(task), "done", winds_up())),
        case("turn_ended(failed), winds up", |task| after_turn(own(task), "failed", winds_up())),
        case("turn_ended(continue) with tools", |task| {
            let used = ToolResult { id: "1".into(), name: "list".into(), ok: true, output: "a".into() };
            after_turn(own(task), "continue", Afterwards { tools: vec![used], ..Afterwards::default() })
        }),
        case("parked", |task| Event::Parked { run: own(task), winds_up: false }),
        case("parked, winds up", |task| Event::Parked { run: own(task), winds_up: true }),
        case("aside", |task| aside(own(task), Part::StopCheck)),
        case("aside(over)", |task| Event::Aside { run: own(task), doing: None }),
        case("wind_up_failed", |task| Event::WindUpFailed {
            run: own(task),
            text: "after_run failed".into(),
        }),
        case("asked", |task| asked(own(task))),
        case("asked(other run)", |_| asked(OTHER_RUN)),
        case("approval_asked", |task| approval_asked(own(task), approval::Unattended::Park)),
        case("approval_asked, unattended", |task| approval_asked(own(task), approval::Unattended::Deny)),
        case("approval_asked with a grant", |task| {
            match approval_asked(own(task), approval::Unattended::Grants) {
                Event::ApprovalAsked { run, approval, .. } => {
                    Event::ApprovalAsked { run, approval, grants: vec![(0, 7)] }
                }
                other => other,
            }
        }),
        case("approval_asked, approved for the task", |task| {
            task.talk.consents.approved = vec![("make".into(), "1".into())];
            approval_asked(own(task), approval::Unattended::Park)
        }),
        case("approval_asked, denied before", |task| {
            task.talk.consents.denied = vec![("make".into(), "no".into())];
            approval_asked(own(task), approval::Unattended::Park)
        }),
        case("approval_asked, approved while nobody waited", |task| {
            task.talk.consents.once = vec!["sealed".into()];
            approval_asked(own(task), approval::Unattended::Park)
        }),
        case("approval_asked(other run)", |_| approval_asked(OTHER_RUN, approval::Unattended::Park)),
        case("answer(approve)", |task| decision(task, approval::Scope::Once, approval::Verdict::Approve)),
        case("answer(deny)", |task| decision(task, approval::Scope::Once, approval::Verdict::Deny)),
        case("answer(approve for the task)", |task| {
            decision(task, approval::Scope::Task, approval::Verdict::Approve)
        }),
        case("answer(approve until)", |task| {
            let until = approval::Scope::Until(ACCEPTED.plus(60 * MINUTE));
            decision(task, until, approval::Verdict::Approve)
        }),
        case("asker_gone", |task| Event::AskerGone {
            run: own(task),
            question: task.questions.first().map_or(NO_SUCH, |question| question.n),
        }),
        case("progressed", |task| Event::Progressed {
            run: own(task),
            checkpoint: Checkpoint { note: "tests pass".into(), percent: Some(40) },
        }),
        case("deed(intended)", |task| deed(task, false)),
        case("deed(done)", |task| deed(task, true)),
        case("deed too often", |task| {
            task.talk.effects = vec![Deed { what: "mail".into(), state: DeedState::Done }; 200];
            deed(task, false)
        }),
        case("finished", |task| finished(own(task), true)),
        case("finished(with gaps) if significant", |task| {
            task.policy.notify = Notify::Significant;
            finished(own(task), false)
        }),
        case("finished(other run)", |_| finished(OTHER_RUN, true)),
        case("wake_asked", |task| wake_asked(own(task))),
        case("wake_asked too often", |task| {
            task.talk.wakes = 50;
            wake_asked(own(task))
        }),
        case("timer(turn)", |task| fired(task, TimerKind::Turn)),
        case("answer(text)", |task| answer(task, "blue")),
        case("answer(start again)", |task| answer(task, "start_again")),
        case("timer(start)", |task| fired(task, TimerKind::Start)),
        case("timer(limit)", |task| fired(task, TimerKind::Limit)),
        case("timer(stale)", |_| Event::TimerFired { timer: NO_SUCH, tail: tail() }),
        case("clock_gap", |_| Event::ClockGap { gap: Gap { slept: 8 * 60 * MINUTE, set_by: 0 } }),
        case("dependency_ended(completed)", |_| dependency_ended(State::Completed)),
        case("dependency_ended(failed)", |_| dependency_ended(State::Failed)),
        case("dependency_ended(timed_out)", |_| dependency_ended(State::TimedOut)),
        case("dependency_ended(cancelled)", |_| dependency_ended(State::Cancelled)),
        case("dependency_ended(unknown)", |_| dependency_ended(State::Unknown)),
        case("dependency_ended(second failed)", |_| Event::DependencyEnded {
            task: id("second-dep"),
            state: State::Failed,
        }),
        case("dependency_ended(no dependency)", |_| Event::DependencyEnded {
            task: id("stranger"),
            state: State::Completed,
        }),
        case("dependency_reopened", |_| Event::DependencyReopened { task: id("dep") }),
        case("dependency_reopened(no dependency)", |_| Event::DependencyReopened { task: id("stranger") }),
        case("hold(person)", |_| hold(Hold::Person)),
        case("hold(budget)", |_| Event::Hold { hold: Hold::Budget, by: None }),
        case("release(person)", |_| Event::Release { hold: Hold::Person, by: Some(by()) }),
        case("release(budget)", |_| Event::Release { hold: Hold::Budget, by: None }),
        case("cancel", |_| Event::Cancel { by: by() }),
        case("quit_now", |_| Event::QuitNow),
        case("answer(run anyway)", |task| answer(task, "run_anyway")),
        case("answer(wait for a retry)", |task| answer(task, "wait_for_retry")),
        case("answer(cancel)", |task| answer(task, "cancel")),
        case("answer(keep waiting)", |task| answer(task, "keep_waiting")),
        case("answer(stop)", |task| answer(task, "stop")),
        case("answer(nonsense)", |task| answer(task, "nonsense")),
        case("answer(no such question)", |_| Event::Answer {
            question: NO_SUCH,
            answer: Answer::text("cancel"),
            by: by(),
        }),
        case("retry", |_| Event::Retry { by: by() }),
        case("message", |_| message(false)),
        case("message(replace)", |_| message(true)),
    ]
}

fn id(name: &str) -> TaskId {
    TaskId::try_from(name.to_owned()).unwrap()
}

fn by() -> By {
    By::at(Surface::Terminal)
}

fn tail() -> Tail {
    Tail { output: "half done\n".into(), ..Tail::default() }
}

/// The run of the task, or the one that was its first.
fn own(task: &Task) -> RunId {
    task.run.as_ref().map_or(RUN, |run| run.id)
}

fn start_failed(run: RunId, error: StartError) -> Event {
    Event::StartFailed { run, error }
}

fn exited(task: &Task, exit: Exit, gone: bool) -> Event {
    ended(own(task), exit, gone)
}

fn ended(run: RunId, exit: Exit, gone: bool) -> Event {
    Event::Exited { run, exit, tail: tail(), gone, checks: Vec::new() }
}

fn check(met: bool) -> Check {
    Check { what: "make test".into(), met, note: Some("exit code 2".into()) }
}

fn unmet() -> Afterwards {
    Afterwards { checks: vec![check(false)], ..Afterwards::default() }
}

fn winds_up() -> Afterwards {
    Afterwards { winds_up: true, ..Afterwards::default() }
}

fn unbelieved(run: RunId) -> Event {
    let checks = vec![check(true), check(false)];
    Event::Exited { run, exit: Exit::Code(0), tail: tail(), gone: true, checks }
}

fn aside(run: RunId, part: Part) -> Event {
    Event::Aside { run, doing: Some(Aside { part, command: "make test".into() }) }
}

fn last_try(task: &mut Task, exit: Exit, gone: bool) -> Event {
    task.policy.retries = task.failures;
    exited(task, exit, gone)
}

fn more_tries(task: &mut Task, exit: Exit, gone: bool) -> Event {
    task.policy.retries = task.failures + 1;
    exited(task, exit, gone)
}

fn asked(run: RunId) -> Event {
    let ask =
        Ask { text: "Which colour?".into(), options: vec!["Red".into(), "Blue".into()], ..Ask::default() };
    Event::Asked { run, ask }
}

fn approval_asked(run: RunId, unattended: approval::Unattended) -> Event {
    let item = approval::Item {
        path: None,
        words: vec!["make".into()],
        program: Some("/usr/bin/make".into()),
        key: "make".into(),
        programs: "1".into(),
        same: "make".into(),
        seal: "sealed".into(),
        verdict: None,
    };
    let (line, cwd, programs) = ("make".into(), "/".into(), Vec::new());
    let approval = approval::Approval {
        ask: Some(1),
        tool: "run_command".into(),
        why: "no rule allows `make`".into(),
        risk: approval::Risk::Medium,
        what: approval::What::Command { line, cwd, programs },
        folder: "/".into(),
        items: vec![item],
        covers: Some("`make`".into()),
        unattended,
    };
    Event::ApprovalAsked { run, approval: Box::new(approval), grants: Vec::new() }
}

fn decision(task: &Task, scope: approval::Scope, verdict: approval::Verdict) -> Event {
    let question = task.questions.first().map_or(NO_SUCH, |question| question.n);
    let decision = approval::Decision { scope, ..approval::Decision::of(verdict) };
    Event::Answer { question, answer: Answer::Decision(Box::new(decision)), by: by() }
}

fn finished(run: RunId, met: bool) -> Event {
    let check = Check { what: "it compiles".into(), met, note: None };
    let finish = Finish { report: "All done.".into(), verification: vec![check], ..Finish::default() };
    Event::Finished { run, finish }
}

fn message(replace: bool) -> Event {
    Event::Message { text: "Paint it blue".into(), replace, by: by() }
}

fn deed(task: &Task, done: bool) -> Event {
    Event::Deed { run: own(task), what: "publish the release".into(), done }
}

fn wake_asked(run: RunId) -> Event {
    let at = Some(ACCEPTED.plus(60 * MINUTE));
    let wake = Wake { at, when_subtasks_end: false, why: "the build is slow".into(), follow_up: None };
    Event::WakeAsked { run, wake }
}

fn turn_ended(run: RunId, how: &str) -> Event {
    after_turn(run, how, Afterwards::default())
}

fn after_turn(run: RunId, how: &str, afterwards: Afterwards) -> Event {
    let json = match how {
        "continue" => r#"{"status":"continue","summary":"Half of it."}"#,
        "done" | "exit 3" => r#"{"status":"done","summary":"All of it.","notify":true}"#,
        "blocked" => r#"{"status":"blocked","summary":"No key."}"#,
        "failed" => r#"{"status":"failed","summary":"It cannot be done."}"#,
        "ask" => r#"{"status":"continue","question":{"question":"Which colour?","options":["Red","Blue"]}}"#,
        "wake" => r#"{"status":"continue","wake":{"after_s":600,"why":"the build is slow"}}"#,
        how => children::response(how).unwrap_or("{"),
    };
    let mut response = serde_json::from_str(json).map(Box::new).map_err(|error| error.to_string());
    response.iter_mut().for_each(|response| children::name_all(response));
    let exit = Exit::Code(if how == "exit 3" { 3 } else { 0 });
    Event::TurnEnded { run, exit, response, tail: tail(), afterwards }
}

fn lost(run: RunId, death: Death) -> Event {
    Event::Lost { run, death, tail: tail() }
}

fn silent(run: RunId) -> Event {
    Event::Silent { run, since: ACCEPTED }
}

fn fired(task: &Task, kind: TimerKind) -> Event {
    let timer = task.timers.iter().find(|timer| timer.kind == kind).map_or(NO_SUCH, |timer| timer.id);
    Event::TimerFired { timer, tail: tail() }
}

fn dependency_ended(state: State) -> Event {
    Event::DependencyEnded { task: id("dep"), state }
}

fn hold(hold: Hold) -> Event {
    Event::Hold { hold, by: Some(by()) }
}

fn answer(task: &Task, choice: &str) -> Event {
    let question = task.questions.first().map_or(NO_SUCH, |question| question.n);
    Event::Answer { question, answer: Answer::text(choice), by: by() }
}

// ---- rows ----

/// State or `refused`, reason or refusal, what happens.
type Outcome = [String; 3];

type Table = Vec<(Situation, Vec<(&'static str, Outcome)>)>;

fn outcome(before: &Task, result: &Result<Step, Refused>) -> Outcome {
    match result {
        Ok(Step { task, effects }) => {
            let mut words: Vec<String> =
                effects.iter().filter_map(|effect| words::say_effect(effect, task)).collect();
            words.extend(words::say_changes(before, task));
            [task.state.name().into(), task.reason.name().into(), words.join(" ")]
        }
        Err(refused) => ["refused".into(), snake(refused), String::new()],
    }
}

/// The name in JSON.
fn snake(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// One row for every situation and event, as the code decides now.
fn decide() -> Table {
    let mut table = Vec::new();
    for situation in situations() {
        let row = |case: Case| {
            let mut task = situation.task.clone();
            let event = (case.make)(&mut task);
            let result = step(&task, event, ACCEPTED.plus(10 * MINUTE));
            (case.name, outcome(&task, &result))
        };
        let rows = cases().into_iter().map(row).collect();
        table.push((situation, rows));
    }
    table
}

#[test]
fn every_situation_and_event_does_what_the_table_says() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/step.table");
    let decided = decide();
    if std::env::var_os("ERRAND_BLESS").is_some() {
        std::fs::write(&path, print(&decided)).unwrap();
    }
    let (mut table, mut problems) = parse(&std::fs::read_to_string(&path).unwrap());
    for (situation, rows) in decided {
        for (event, decided) in rows {
            let row = format!("[{}] {event}", situation.name);
            match table.remove(&(situation.name.to_owned(), event.to_owned())) {
                Some(said) if said == decided => {}
                Some(said) => {
                    let [said, decided] = [said, decided].map(|outcome| outcome.join(" | "));
                    problems.push(format!("{row}\n    table: {said}\n    code:  {decided}"));
                }
                None => problems.push(format!("not in the table: {row} | {}", decided.join(" | "))),
            }
        }
    }
    problems
        .extend(table.keys().map(|(situation, event)| format!("stale in the table: [{situation}] {event}")));
    assert!(problems.is_empty(), "{} rows differ\n{}", problems.len(), problems.join("\n"));
}

// ---- nothing is left out ----

/// The names of all variants. A new variant does not compile until it is listed, and fails until a row shows it.
macro_rules! variants {
    ($names:ident, $name_of:ident, $of:ident: $($variant:ident)*) => {
        const $names: &[&str] = &[$(stringify!($variant),)*];

        fn $name_of(value: &$of) -> &'static str {
            match value { $($of::$variant { .. } => stringify!($variant),)* }
        }
    };
}

variants!(EVENTS, name_of_event, Event: Admitted StartFailed Exited Gone Stuck Lost Silent Spoke TurnEnded Parked Aside WindUpFailed Asked ApprovalAsked AskerGone Progressed Deed
    Finished WakeAsked TimerFired ClockGap
    DependencyEnded DependencyReopened SubtaskAsked ChildEnded ChildReopened CalledOff Hold Release Cancel QuitNow Answer Retry Message);
variants!(REFUSALS, name_of_refusal, Refused: AlreadyEnded NotEnded Completed OtherRun NotReady StaleTimer
    NoSuchQuestion BadChoice NotADependency AlreadyHeld NotHeld NothingToTake AlreadyFinished QuestionOpen TooOften NoWorker
    NoTurns TooDeep TooManySubtasks KnownSubtask OtherBrief NotASubtask OldNews SubtasksOpen NothingToAwait);
variants!(EFFECTS, name_of_effect, Effect: Spawn Prompt Linger Yield Take End Free Ask Decide UseGrant Grant Settle File KeepTurn Deliver BeginSubtask TellDependents Record);

#[test]
fn every_state_event_effect_and_refusal_occurs_in_the_table() {
    let mut seen = BTreeSet::new();
    for situation in situations() {
        seen.insert(situation.task.state.name());
        for case in cases() {
            let mut task = situation.task.clone();
            let event = (case.make)(&mut task);
            seen.insert(name_of_event(&event));
            match step(&task, event, ACCEPTED) {
                Ok(step) => seen.extend(step.effects.iter().map(name_of_effect)),
                Err(refused) => _ = seen.insert(name_of_refusal(&refused)),
            }
        }
    }
    let states = State::ALL.map(State::name);
    let wanted = [EVENTS, REFUSALS, EFFECTS, &states].concat();
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "no row shows {missing:?}");
}

#[test]
fn situations_and_events_have_names_of_their_own() {
    let situations: Vec<&str> = situations().iter().map(|situation| situation.name).collect();
    let events: Vec<&str> = cases().iter().map(|case| case.name).collect();
    for names in [situations, events] {
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }
}

#[test]
fn what_the_command_line_may_hold_does_not_overflow_or_wait_forever() {
    let policy = Policy { retries: u32::MAX, timeout: Some(Duration::MAX), ..Policy::default() };
    let twice = vec![Dependency::on(id("dep")), Dependency::on(id("dep"))];
    let waits = Life(accept(id("calm-owl-100"), policy, false, None, twice, ACCEPTED).task);
    let failed = waits.then(dependency_ended(State::Completed)).running().exits(3, true);
    assert_eq!(failed.0.state, State::Waiting, "{}", failed.0.reason_text);
}
