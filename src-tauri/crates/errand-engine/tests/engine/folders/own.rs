use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::Duration;

use errand_base::{Code, TaskId, Timestamp};
use errand_engine::{NewTask, OwnFolder};
use errand_model::{By, Event, Exit, Reason, State, Surface, Work};
use errand_store::{Cleanup, Stored};

use crate::cancel;
use crate::world::{World, exited, new_task};

const EVER: Timestamp = Timestamp::from_millis(i64::MAX);

async fn managed(world: &World, title: &str) -> TaskId {
    let own = Some(OwnFolder::new(true, None));
    world.engine.accept(NewTask { own, ..new_task(title) }).await.unwrap().id
}

async fn ended(world: &World, title: &str) -> TaskId {
    let id = managed(world, title).await;
    world.run_of(&id).await.emit(exited(Exit::Code(1)));
    world.until(&id, State::Failed).await;
    world.until_free(&id).await;
    id
}

async fn stored(world: &World, id: &TaskId) -> Option<Stored> {
    let id = id.clone();
    world.store.read(move |reader| reader.tasks().load(&id)).await.unwrap()
}

async fn begin_removal(world: &World, id: &TaskId) {
    let seq = stored(world, id).await.unwrap().seq;
    assert!(world.store.write(move |tx| tx.tasks().begin_removal(seq, EVER)).await.unwrap());
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn retry() -> Event {
    Event::Retry { by: By::at(Surface::Terminal) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_has_its_folder_before_its_program_starts_and_keeps_it_over_all_its_runs() {
    let world = World::new().await;
    let id = managed(&world, "own").await;
    let run = world.run_of(&id).await;
    let folder = world.folders.folder(&id);
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    let row = stored(&world, &id).await.unwrap();
    let Work::Program(program) = row.work;
    assert_eq!((program.cwd.as_path(), row.cleanup), (folder.as_path(), Some(Cleanup::None)));
    // Nobody else who asks for a folder for himself gets this one.
    assert_eq!(row.task.policy.lease.unwrap().folder(), folder);
    fs::write(folder.join("made"), "").unwrap();
    run.emit(exited(Exit::Code(1)));
    world.until(&id, State::Failed).await;
    world.engine.tell(&id, retry()).await.unwrap();
    world.runs(2).await[1].emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    assert!(is_there(&folder.join("made")));

    world.until_free(&id).await;
    world.engine.delete(&id).await.unwrap();
    assert!(!is_there(&folder) && !world.is_known(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_not_removed_while_a_process_of_its_task_is_left() {
    let world = World::new().await;
    let id = managed(&world, "busy").await;
    let run = world.run_of(&id).await;
    assert_eq!(world.engine.delete(&id).await.unwrap_err().code, Code::IllegalState);
    world.engine.tell(&id, cancel()).await.unwrap();
    let fault = world.engine.delete(&id).await.unwrap_err();
    assert!(fault.message.contains("still being ended"), "{fault:?}");
    assert!(is_there(&world.folders.folder(&id)));
    run.emit(exited(Exit::Signal(15)));
    world.until_free(&id).await;
    world.until_told(&id, Reason::KilledBySignal).await;
    world.engine.delete(&id).await.unwrap();
    assert!(!is_there(&world.folders.folder(&id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_removed_when_the_engine_died_is_removed_by_the_next() {
    let world = World::new().await;
    let mut doomed = Vec::new();
    for title in ["whole", "half", "gone", "a link by now"] {
        let id = ended(&world, title).await;
        fs::create_dir_all(world.folders.folder(&id).join("a/b")).unwrap();
        begin_removal(&world, &id).await;
        doomed.push(id);
    }
    let kept = ended(&world, "kept").await;
    let folder = |n: usize| world.folders.folder(&doomed[n]);
    fs::remove_dir_all(folder(1).join("a")).unwrap();
    fs::remove_dir_all(folder(2)).unwrap();
    fs::remove_dir_all(folder(3)).unwrap();
    symlink(world.folders.folder(&kept), folder(3)).unwrap();
    fs::write(world.folders.folder(&kept).join("result"), "").unwrap();

    let world = world.killed_and_started_again().await;
    for id in &doomed {
        world.until_removed(id).await;
        assert!(!is_there(&world.folders.folder(id)));
    }
    assert!(is_there(&world.folders.folder(&kept).join("result")) && world.is_known(&kept).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_folder_is_being_removed_its_task_is_not_opened_again() {
    let world = World::new().await;
    let id = ended(&world, "doomed").await;
    begin_removal(&world, &id).await;
    let fault = world.engine.tell(&id, retry()).await.unwrap_err();
    assert_eq!((fault.code, fault.message), (Code::IllegalState, format!("{id} is being removed.")));
    world.engine.delete(&id).await.unwrap();
    assert!(!world.is_known(&id).await);
    assert_eq!(world.engine.delete(&id).await.unwrap_err().code, Code::TaskNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_removed_is_told_and_keeps_its_task() {
    let world = World::new().await;
    let id = ended(&world, "stuck").await;
    let work = world.folders.folder(&id).parent().unwrap().to_owned();
    let away = work.with_extension("away");
    fs::rename(&work, &away).unwrap();
    fs::write(&work, "in the way").unwrap();
    let fault = world.engine.delete(&id).await.unwrap_err();
    assert_eq!(fault.code, Code::CleanUpFailed, "{fault:?}");
    let row = stored(&world, &id).await.unwrap();
    assert!(matches!(&row.cleanup, Some(Cleanup::Failed(why)) if !why.is_empty()), "{:?}", row.cleanup);
    world.until_told(&id, Reason::FolderNotRemoved).await;

    fs::remove_file(&work).unwrap();
    fs::rename(&away, &work).unwrap();
    // It is still there, so it can go on, and is to be kept again.
    world.engine.tell(&id, retry()).await.unwrap();
    world.runs(2).await[1].emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    assert_eq!(stored(&world, &id).await.unwrap().cleanup, Some(Cleanup::None));
    world.until_free(&id).await;
    world.engine.delete(&id).await.unwrap();
    assert!(!is_there(&world.folders.folder(&id)) && !world.is_known(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_long_ago_goes_with_its_folder() {
    const DAY: Duration = Duration::from_secs(86_400);
    let world = World::new().await;
    let old = ended(&world, "old").await;
    let plain = world.hand_over("plain").await;
    world.run_of(&plain).await.emit(exited(Exit::Code(0)));
    world.until(&plain, State::Completed).await;
    let world = world.killed_and_started_again_after(DAY * 60).await;
    let recent = ended(&world, "recent").await;
    let folder = world.folders.folder(&old);
    let world = world.killed_and_started_again_after(DAY * 60).await;
    for id in [&old, &plain] {
        world.until_removed(id).await;
    }
    assert!(!is_there(&folder));
    assert!(world.is_known(&recent).await && is_there(&world.folders.folder(&recent)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_fails_the_start_with_a_sentence() {
    let world = World::new().await;
    let later = Timestamp::from_millis(1_795_000_060_000);
    let own = Some(OwnFolder::new(true, None));
    let new = NewTask { own, start_at: Some(later), ..new_task("later") };
    let id = world.engine.accept(new).await.unwrap().id;
    fs::write(world.folders.folder(&id), "in the way").unwrap();
    world.pass(Duration::from_secs(61)).await;
    world.until(&id, State::Failed).await;
    let report = world.artifact(&id).await.unwrap().report;
    assert!(report.contains("its folder cannot be made"), "{report}");
}
