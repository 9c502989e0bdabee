use std::fs;
use std::path::PathBuf;

use errand_base::{Code, Fault, TaskId};
use errand_engine::{ATTACHMENTS_VARIABLE, Accepted, NewTask, OwnFolder};
use errand_model::{Exit, State, Work};
use errand_os::Staged;

use crate::world::{World, exited, new_task};

/// What a terminal does with files of this content.
fn staged(world: &World, files: &[(&str, &str)]) -> Staged {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    for (path, (_, text)) in paths.iter().zip(files) {
        fs::write(path, text).unwrap();
    }
    world.folders.stage(&paths).unwrap()
}

async fn hand_over(
    world: &World,
    staged: &Staged,
    key: Option<&str>,
    title: &str,
) -> Result<Accepted, Fault> {
    let own = Some(OwnFolder::new(false, Some(staged.name().to_owned())));
    let key = key.map(str::to_owned);
    world.engine.accept(NewTask { own, key, ..new_task(title) }).await
}

/// What stands beside the folders of tasks, and the folders.
fn in_work(world: &World) -> Vec<String> {
    let any = TaskId::try_from("any-task-100".to_owned()).unwrap();
    let work = world.folders.folder(&any).parent().unwrap().to_owned();
    let mut names: Vec<String> =
        fs::read_dir(work).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_finds_its_attachments_and_stays_in_the_folder_it_was_given() {
    let world = World::new().await;
    let files = staged(&world, &[("a.txt", "one"), ("b.txt", "two")]);
    let id = hand_over(&world, &files, None, "reads").await.unwrap().id;
    drop(files);
    world.run_of(&id).await;
    let wanted = id.clone();
    let row = world.store.read(move |reader| reader.tasks().load(&wanted)).await.unwrap().unwrap();
    let Work::Program(program) = row.work;
    let place = world.folders.attachments(&id);
    let named = program.env.iter().find(|(name, _)| name == ATTACHMENTS_VARIABLE);
    assert_eq!((named.unwrap().1.as_str(), program.cwd.to_str()), (place.to_str().unwrap(), Some("/")));
    assert_eq!((row.task.policy.lease, row.cleanup.is_some()), (None, true));
    assert_eq!(fs::read_to_string(place.join("b.txt")).unwrap(), "two");
    assert_eq!(in_work(&world), [id.as_str()]);
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    world.until_free(&id).await;
    world.engine.delete(&id).await.unwrap();
    assert_eq!(in_work(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_refused_or_known_leaves_no_copies() {
    let world = World::new().await;
    let files = || staged(&world, &[("a.txt", "one")]);
    let first = hand_over(&world, &files(), Some("k"), "reads").await.unwrap();
    let again = hand_over(&world, &files(), Some("k"), "reads").await.unwrap();
    assert_eq!((&again.id, again.duplicate), (&first.id, true));
    let other = hand_over(&world, &staged(&world, &[("a.txt", "another")]), Some("k"), "reads").await;
    assert_eq!(other.unwrap_err().code, Code::KeyConflict, "other attachments are other work");
    let taken = files();
    hand_over(&world, &taken, None, "takes").await.unwrap();
    assert_eq!(hand_over(&world, &taken, None, "late").await.unwrap_err().code, Code::IllegalState);
    let new = NewTask { after: vec![TaskId::random()], ..new_task("after nothing") };
    let held = files();
    let own = Some(OwnFolder::new(true, Some(held.name().to_owned())));
    let refused = world.engine.accept(NewTask { own, ..new }).await.unwrap_err();
    assert_eq!(refused.code, Code::TaskNotFound);
    assert_eq!(in_work(&world).len(), 2, "{:?}", in_work(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_copies_come_to_their_task_or_go() {
    let world = World::new().await;
    let files = staged(&world, &[("a.txt", "one")]);
    let id = hand_over(&world, &files, None, "reads").await.unwrap().id;
    drop(files);
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    let folder = world.folders.folder(&id);
    let work = folder.parent().unwrap().to_owned();
    // As if it had died between the commit and this rename.
    fs::rename(&folder, work.join(format!(".new-{id}"))).unwrap();
    // Never written down; and a terminal that was killed; and one that is still at it.
    fs::create_dir_all(work.join(".new-lost-owl-100/attachments")).unwrap();
    fs::create_dir_all(work.join(".attach-0123/attachments")).unwrap();
    let at_it = staged(&world, &[("b.txt", "two")]);

    let world = world.killed_and_started_again().await;
    let wanted = [format!(".attach-{}", at_it.name()), id.to_string()];
    world.eventually(|| (in_work(&world) == wanted).then_some(())).await;
    assert!(folder.join("attachments/a.txt").exists());
    hand_over(&world, &at_it, None, "late").await.unwrap();
}
