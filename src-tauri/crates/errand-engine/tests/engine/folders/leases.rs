use std::time::Duration;

use errand_agents::SessionEvent;
use errand_base::TaskId;
use errand_model::{By, Event, Exit, Lease, Policy, Reason, StartError, State, Surface};

use crate::cancel;
use crate::world::{World, exited};

async fn in_folder(world: &World, title: &str, folder: &str) -> TaskId {
    let lease = Some(Lease::on(folder.into()));
    world.hand_over_with(title, Policy { lease, ..Policy::default() }).await
}

fn by() -> By {
    By::at(Surface::Terminal)
}

fn exited_with_processes_left() -> SessionEvent {
    SessionEvent::Exited {
        exit: Exit::Signal(15),
        gone: false,
        cpu: Duration::ZERO,
        max_rss_kib: 0,
        checks: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_task_in_a_folder_starts_only_after_the_last_process_of_the_cancelled_one_is_gone() {
    let world = World::new().await;
    let first = in_folder(&world, "first", "/srv/a").await;
    let run = world.run_of(&first).await;
    let next = in_folder(&world, "next", "/srv/a/b").await;
    let why = world.engine.why(&next).await.unwrap();
    assert_eq!(why, format!("Waits for the folder, which {first} uses"));

    world.engine.tell(&first, cancel()).await.unwrap();
    assert_eq!(world.state(&first).await, State::Cancelled);
    assert!(world.told_to_end(&run).await);
    run.emit(exited_with_processes_left());
    run.emit(SessionEvent::Stuck { processes: 1 });
    world.until_told(&first, Reason::WillNotStop).await;
    // Two slots are free all the time, and a task that wants no folder takes one.
    let other = world.hand_over("other").await;
    world.run_of(&other).await;
    assert_eq!(world.engine.why(&next).await.unwrap(), why);
    assert_eq!((world.state(&next).await, world.agent.runs().len()), (State::Queued, 2));

    run.emit(SessionEvent::Gone);
    world.until(&next, State::Running).await;
    assert_eq!(world.run_of(&next).await.task, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_folder_is_passed_over_and_keeps_its_place() {
    let world = World::new().await;
    let first = in_folder(&world, "first", "/srv/a/b").await;
    let whole = in_folder(&world, "whole", "/srv/a").await;
    let part = in_folder(&world, "part", "/srv/a/c").await;
    let apart = in_folder(&world, "apart", "/srv/ab").await;
    world.until(&apart, State::Running).await;
    assert_eq!(
        world.engine.why(&part).await.unwrap(),
        format!("Waits for the folder, which {whole} gets first")
    );
    // Who waits and is paused or cancelled stands in nobody's way.
    world.engine.pause(&whole, true, by()).await.unwrap();
    world.until(&part, State::Running).await;
    world.engine.pause(&whole, false, by()).await.unwrap();
    for task in [&first, &part] {
        assert_eq!(world.state(&whole).await, State::Queued);
        world.run_of(task).await.emit(exited(Exit::Code(0)));
    }
    world.until(&whole, State::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_gives_the_folder_back() {
    let world = World::new().await;
    world.agent.refuse(StartError::ProgramMissing);
    for title in ["one", "two"] {
        let id = in_folder(&world, title, "/srv/a").await;
        world.until(&id, State::Failed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_waits_for_the_processes_of_its_own_run_before() {
    let world = World::new().await;
    let id = in_folder(&world, "again", "/srv/a").await;
    let run = world.run_of(&id).await;
    world.engine.tell(&id, cancel()).await.unwrap();
    world.engine.tell(&id, Event::Retry { by: by() }).await.unwrap();
    assert_eq!(world.state(&id).await, State::Queued);
    run.emit(exited_with_processes_left());
    run.emit(SessionEvent::Gone);
    world.until(&id, State::Running).await;
    assert_eq!(world.runs(2).await[1].task, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_a_folder_is_free_once_nothing_of_the_run_before_is_left() {
    let world = World::new().await;
    let first = in_folder(&world, "first", "/srv/a").await;
    world.run_of(&first).await;
    let next = in_folder(&world, "next", "/srv").await;
    let world = world.killed_and_started_again().await;
    world.until(&next, State::Running).await;
    world.run_of(&next).await;
    // The sweep came first, and what was interrupted is not run again.
    assert_eq!(world.state(&first).await, State::Unknown);
    assert_eq!(world.agent.runs_by_task().keys().collect::<Vec<_>>(), [&next]);
}
