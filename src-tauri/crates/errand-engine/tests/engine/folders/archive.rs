use std::time::Duration;

use errand_base::Code;
use errand_model::{Exit, State, Surface};

use crate::world::{World, exited};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_task_is_kept_as_long_as_any_other() {
    let world = World::new().await;
    let old = world.hand_over("old").await;
    assert_eq!(world.engine.archive(&old, true, Surface::Tray).await.unwrap_err().code, Code::IllegalState);
    world.run_of(&old).await.emit(exited(Exit::Code(0)));
    world.until(&old, State::Completed).await;
    world.engine.archive(&old, true, Surface::Tray).await.unwrap();

    let world = world.killed_and_started_again_after(DAY * 60).await;
    let recent = world.hand_over("recent").await;
    world.run_of(&recent).await.emit(exited(Exit::Code(0)));
    world.until(&recent, State::Completed).await;
    assert!(world.is_known(&old).await);
    let world = world.killed_and_started_again_after(DAY * 60).await;
    world.until_removed(&old).await;
    assert!(world.is_known(&recent).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_archives_a_result_has_seen_it() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let id = world.hand_over("seen").await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    let banner = world.shown(1).await.remove(0);
    world.engine.archive(&id, true, Surface::Terminal).await.unwrap();
    world.until_withdrawn(&banner.key).await;
}
