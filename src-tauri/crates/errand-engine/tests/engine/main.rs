//! The engine with a store in a folder, an agent that does what it is told, a fake clock and a fake desktop.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod approvals;
mod children;
mod credentials;
mod folders;
mod patience;
mod sleep;
mod telling;
mod worker;
mod world;

use std::time::Duration;

use errand_agents::SessionEvent;
use errand_base::Code;
use errand_engine::{Clicked, Edit, Leave};
use errand_model::{Answer, By, Event, Exit, Notify, Policy, Priority, Reason, StartError, State, Surface};
use errand_os::Told;
use world::{World, exited, output};

const SOON: Duration = Duration::from_secs(30);

fn cancel() -> Event {
    Event::Cancel { by: By::at(Surface::Terminal) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_exits_with_zero_completes_with_its_output_as_the_report() {
    let world = World::new().await;
    let id = world.hand_over("hello").await;
    let run = world.run_of(&id).await;
    run.emit(output("one\n\x1b[31mtwo\x1b[0m\n"));
    run.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    let artifact = world.artifact(&id).await.unwrap();
    assert_eq!((artifact.report.as_str(), artifact.outcome.as_str()), ("one\ntwo", "two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_never_exceeded_and_the_most_urgent_goes_first() {
    let world = World::new().await;
    let mut normal = Vec::new();
    for n in 0..6 {
        normal.push(world.hand_over(&format!("normal {n}")).await);
    }
    world.runs(3).await;
    let urgent =
        world.hand_over_with("urgent", Policy { priority: Priority::Urgent, ..Policy::default() }).await;
    assert!(world.engine.why(&urgent).await.unwrap().starts_with("next in line"));
    assert!(world.engine.why(&normal[3]).await.unwrap().starts_with("1 task is ahead"));
    world.agent.runs()[0].emit(exited(Exit::Code(0)));
    let runs = world.runs(4).await;
    assert_eq!(runs[3].task, urgent);
    assert_eq!(world.engine.counts().await.unwrap().running, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_stays_taken_until_the_last_process_is_gone() {
    let world = World::new().await;
    let first = world.hand_over("first").await;
    for n in 0..2 {
        world.hand_over(&format!("other {n}")).await;
    }
    let waiting = world.hand_over("waiting").await;
    world.runs(3).await;
    world.engine.tell(&first, cancel()).await.unwrap();
    let run = world.run_of(&first).await;
    assert!(world.told_to_end(&run).await);
    assert_eq!(world.state(&waiting).await, State::Queued);
    run.emit(SessionEvent::Exited {
        exit: Exit::Signal(15),
        gone: false,
        cpu: Duration::ZERO,
        max_rss_kib: 0,
        checks: Vec::new(),
    });
    run.emit(SessionEvent::Stuck { processes: 2 });
    world.until_told(&first, Reason::WillNotStop).await;
    assert_eq!(world.state(&waiting).await, State::Queued);
    run.emit(SessionEvent::Gone);
    world.until(&waiting, State::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_races_of_finish_against_cancel_end_in_exactly_one_of_the_two() {
    let world = World::new().await;
    let (mut completed, mut cancelled) = (0, 0);
    for n in 0..100 {
        let id = world.hand_over(&format!("race {n}")).await;
        let run = world.run_of(&id).await;
        let told = {
            let engine = world.engine.clone();
            let id = id.clone();
            tokio::spawn(async move { engine.tell(&id, cancel()).await })
        };
        run.emit(exited(Exit::Code(0)));
        let told = told.await.unwrap();
        let state = world.until_final(&id).await;
        let report = world.artifact(&id).await;
        match state {
            State::Completed => {
                completed += 1;
                assert!(report.is_some());
                assert_eq!(told.unwrap_err().code, Code::IllegalState);
            }
            State::Cancelled => {
                cancelled += 1;
                assert!(report.is_none());
                told.unwrap();
            }
            other => panic!("{id} is {other}"),
        }
        world.until_free(&id).await;
    }
    assert_eq!(completed + cancelled, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_was_running_when_it_died_is_unknown_and_not_run_again() {
    let world = World::new().await;
    let id = world.hand_over("interrupted").await;
    let run = world.run_of(&id).await;
    run.emit(output("so far\n"));
    world.until_logged(&id).await;
    let world = world.killed_and_started_again().await;
    world.until(&id, State::Unknown).await;
    assert!(world.artifact(&id).await.unwrap().report.contains("so far"));
    let next = world.hand_over("next").await;
    world.run_of(&next).await;
    assert_eq!(world.agent.runs().len(), 1, "only the new task runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_given_to_a_run_under_way_counts_from_its_start() {
    let world = World::new().await;
    let short = world.hand_over("short").await;
    let long = world.hand_over_with("long", Policy { timeout: Some(SOON), ..Policy::default() }).await;
    let (short_run, long_run) = (world.run_of(&short).await, world.run_of(&long).await);
    let limit = |timeout| Edit { timeout: Some(timeout), ..Edit::default() };
    world.engine.edit(&short, limit(SOON)).await.unwrap();
    world.engine.edit(&long, limit(SOON * 3)).await.unwrap();
    world.pass(SOON + Duration::from_secs(1)).await;
    world.told_to_end(&short_run).await;
    assert!(!long_run.was_told_to_end(), "its limit was moved away");
    short_run.emit(exited(Exit::Signal(15)));
    world.until(&short, State::TimedOut).await;
    world.pass(SOON * 2).await;
    world.told_to_end(&long_run).await;
    long_run.emit(exited(Exit::Signal(15)));
    world.until(&long, State::TimedOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_shown_although_its_line_has_no_end() {
    let world = World::new().await;
    let id = world.hand_over("asks").await;
    let run = world.run_of(&id).await;
    run.emit(output("Continue? "));
    world.until_logged(&id).await;
    run.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    assert_eq!(world.artifact(&id).await.unwrap().report.trim(), "Continue?");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_long_ago_is_removed_and_a_wrong_clock_removes_nothing() {
    const DAY: Duration = Duration::from_secs(86_400);
    let world = World::new().await;
    let old = world.hand_over("old").await;
    world.run_of(&old).await.emit(exited(Exit::Code(0)));
    world.until(&old, State::Completed).await;

    let world = world.killed_and_started_again_after(DAY * 200).await;
    let recent = world.hand_over("recent").await;
    world.run_of(&recent).await.emit(exited(Exit::Code(0)));
    world.until(&recent, State::Completed).await;
    assert!(world.is_known(&old).await, "nothing happened for 200 days, or the clock is wrong: it is kept");

    let world = world.killed_and_started_again_after(DAY).await;
    world.until_removed(&old).await;
    assert!(world.is_known(&recent).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_waits_for_another_and_asks_when_that_fails() {
    let world = World::new().await;
    let first = world.hand_over("first").await;
    let second = world.hand_over_after("second", &first).await;
    let third = world.hand_over_after("third", &second).await;
    assert_eq!(world.state(&second).await, State::Waiting);
    world.run_of(&first).await.emit(exited(Exit::Code(1)));
    world.until(&second, State::NeedsYou).await;
    let by = By::at(Surface::Window);
    let answer = |choice: &str| Event::Answer { question: 1, answer: Answer::text(choice), by: by.clone() };
    assert_eq!(world.engine.tell(&second, answer("shout")).await.unwrap_err().code, Code::BadAnswer);
    world.engine.tell(&second, answer("run_anyway")).await.unwrap();
    assert_eq!(
        world.engine.tell(&second, answer("cancel")).await.unwrap_err().code,
        Code::QuestionNotFound,
        "the first answer counts"
    );
    world.run_of(&second).await.emit(exited(Exit::Code(0)));
    world.run_of(&third).await.emit(exited(Exit::Code(0)));
    world.until(&third, State::Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_task_hears_how_the_tasks_ended_meanwhile() {
    let world = World::new().await;
    let first = world.hand_over("first").await;
    let second = world.hand_over_after("second", &first).await;
    world.engine.tell(&second, cancel()).await.unwrap();
    world.run_of(&first).await.emit(exited(Exit::Code(0)));
    world.until(&first, State::Completed).await;
    world.engine.tell(&second, Event::Retry { by: By::at(Surface::Terminal) }).await.unwrap();
    world.until(&second, State::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_ends_the_run_and_a_failure_is_tried_again_after_its_pause() {
    let world = World::new().await;
    let policy = Policy { timeout: Some(Duration::from_secs(60)), retries: 1, ..Policy::default() };
    let id = world.hand_over_with("limited", policy).await;
    world.run_of(&id).await.emit(exited(Exit::Code(1)));
    world.until(&id, State::Waiting).await;
    world.pass(Duration::from_secs(5)).await;
    world.until(&id, State::Running).await;
    world.runs(2).await;
    world.pass(Duration::from_secs(61)).await;
    world.until(&id, State::TimedOut).await;
    let run = world.run_of(&id).await;
    assert!(world.told_to_end(&run).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_could_not_start_fails_with_a_sentence_and_frees_its_slot() {
    let world = World::new().await;
    world.agent.refuse(StartError::ProgramMissing);
    let id = world.hand_over("gone").await;
    world.until(&id, State::Failed).await;
    assert_eq!(world.artifact(&id).await.unwrap().outcome, "The program was not found");
    assert_eq!(world.engine.counts().await.unwrap().running, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_shown_once_and_a_click_opens_its_task() {
    let mut world = World::new().await;
    world.notifier.appear(&["actions"]);
    let id = world.hand_over("told").await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    let banner = world.shown(1).await.remove(0);
    assert_eq!(banner.title, "Done: told");
    world.notifier.act(&banner.key, "default");
    assert_eq!(world.clicked().await, Clicked::Task(id));
    // A new service finds nothing to show: the person has seen it.
    world.notifier.appear(&["actions"]);
    let other = world.hand_over("other").await;
    world.run_of(&other).await.emit(exited(Exit::Code(2)));
    let titles: Vec<String> = world.shown(2).await.into_iter().map(|banner| banner.title).collect();
    assert_eq!(titles, ["Done: told", "Failed: other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_forgot_is_shown_again_three_times_at_most() {
    let world = World::new().await;
    let id = world.hand_over("forgotten").await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    for times in 1..=3 {
        world.notifier.appear(&["actions"]);
        world.shown(times).await;
    }
    world.notifier.appear(&["actions"]);
    let other = world.hand_over("other").await;
    world.run_of(&other).await.emit(exited(Exit::Code(0)));
    let titles: Vec<String> = world.shown(4).await.into_iter().map(|banner| banner.title).collect();
    assert_eq!(titles[3], "Done: other");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_task_takes_its_banner_from_the_screen() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let id = world.hand_over("seen").await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    let banner = world.shown(1).await.remove(0);
    world.engine.opened(&id).await.unwrap();
    world.until_withdrawn(&banner.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_policy_files_the_result_and_a_failure_is_told_all_the_same() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let quiet = Policy { notify: Notify::Silent, ..Policy::default() };
    let good = world.hand_over_with("good", quiet.clone()).await;
    world.run_of(&good).await.emit(exited(Exit::Code(0)));
    world.until(&good, State::Completed).await;
    let bad = world.hand_over_with("bad", quiet).await;
    world.run_of(&bad).await.emit(exited(Exit::Code(1)));
    assert_eq!(world.shown(1).await[0].title, "Failed: bad");
    assert!(
        !world.told().iter().any(|told| matches!(told, Told::Shown(banner) if banner.title.contains("good")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_is_refused_while_programs_run_and_ends_them_when_told() {
    let world = World::new().await;
    let id = world.hand_over("busy").await;
    let run = world.run_of(&id).await;
    let fault = world.engine.quit(Leave::Pause).await.unwrap_err();
    assert_eq!(fault.code, Code::ProgramsRunning);
    assert!(fault.message.contains(id.as_str()));
    assert_eq!(world.engine.quit(Leave::Now).await.unwrap(), std::slice::from_ref(&id));
    world.until(&id, State::Cancelled).await;
    run.emit(exited(Exit::Signal(15)));
    tokio::time::timeout(SOON, world.engine.left()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_calls_what_it_cut_off_unknown() {
    let world = World::new().await;
    let id = world.hand_over("cut off").await;
    let run = world.run_of(&id).await;
    world.engine.quit(Leave::Shutdown).await.unwrap();
    assert!(world.told_to_end(&run).await);
    run.emit(exited(Exit::Signal(15)));
    tokio::time::timeout(SOON, world.engine.left()).await.unwrap();
    assert_eq!(world.state(&id).await, State::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_task_and_other_work_is_a_conflict() {
    let world = World::new().await;
    let first = world.hand_over_keyed("one", "nightly").await.unwrap();
    let again = world.hand_over_keyed("one", "nightly").await.unwrap();
    assert_eq!((again.id, again.duplicate), (first.id, true));
    assert_eq!(world.hand_over_keyed("two", "nightly").await.unwrap_err().code, Code::KeyConflict);
}
