use super::*;
use crate::{files, restore};

#[tokio::test]
async fn a_backup_made_while_work_goes_on_is_whole() {
    let (folder, store) = fresh();
    for n in 0..200 {
        drop(store.write(move |tx| insert(tx, &task(&format!("bold-falcon-{n}")), "make")));
    }
    store.write(|_| Ok(())).await.unwrap();
    let file = folder.path().join("copy.db");
    let backup = store.backup(file.clone());
    for n in 200..400 {
        drop(store.write(move |tx| insert(tx, &task(&format!("bold-falcon-{n}")), "make")));
    }
    let done = backup.await.unwrap();
    assert!((200..=400).contains(&done.tasks), "{done:?}");
    assert_eq!(done.bytes, files::length(&file));
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("part")), "{names:?}");

    let again = store.backup(file).await.unwrap_err();
    assert!(matches!(again, StoreError::FileExists(_)));
}

#[tokio::test]
async fn a_restore_brings_back_the_backup_and_keeps_what_was_there() {
    let (folder, store) = fresh();
    store.write(|tx| insert(tx, &task("bold-falcon-427"), "make")).await.unwrap();
    let file = folder.path().join("copy.db");
    store.backup(file.clone()).await.unwrap();
    store.write(|tx| insert(tx, &task("calm-otter-101"), "make")).await.unwrap();
    store.close();

    let restored = restore(folder.path(), &file, at(1)).unwrap();
    assert_eq!(restored.tasks, 1);
    let store = open(folder.path());
    let count = |store: &Store| {
        let read = store.read(|reader| reader.tasks().counts());
        async { read.await.unwrap() }
    };
    assert_eq!(count(&store).await, [(State::Queued, 1)]);
    // The words come along.
    store.indexed().await;
    let filter = crate::Filter { search: Some("make".into()), ..crate::Filter::default() };
    assert_eq!(store.read(move |reader| reader.tasks().list(&filter)).await.unwrap().len(), 1);
    store.close();

    let before = restored.moved_to.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::copy(before, elsewhere.path().join("errand.db")).unwrap();
    assert_eq!(count(&open(elsewhere.path())).await, [(State::Queued, 2)]);
}

#[test]
fn only_a_whole_backup_of_ours_is_restored() {
    let (folder, store) = fresh();
    store.close();
    let before = std::fs::read(folder.path().join("errand.db")).unwrap();
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE a (b); PRAGMA user_version = 1")
        .unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, though long enough to look at".repeat(100)).unwrap();
    for bad in [other, text, folder.path().join("missing.db")] {
        let error = restore(folder.path(), &bad, at(1)).unwrap_err();
        assert_eq!(error.code(), errand_base::Code::BadBackup, "{error}");
    }
    let newer = folder.path().join("newer.db");
    std::fs::copy(folder.path().join("errand.db"), &newer).unwrap();
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(restore(folder.path(), &newer, at(1)), Err(StoreError::Newer { .. })));
    assert_eq!(std::fs::read(folder.path().join("errand.db")).unwrap(), before);
}

#[tokio::test]
async fn a_restore_that_was_cut_off_is_finished_at_the_next_start() {
    let (folder, store) = fresh();
    store.write(|tx| insert(tx, &task("bold-falcon-427"), "make")).await.unwrap();
    let database = folder.path().join("errand.db");
    store.backup(files::beside(&database, ".incoming")).await.unwrap();
    store.write(|tx| insert(tx, &task("calm-otter-101"), "make")).await.unwrap();
    store.close();
    // The log was moved already, the database not yet.
    let store = open(folder.path());
    let counts = store.read(|reader| reader.tasks().counts()).await.unwrap();
    assert_eq!(counts, [(State::Queued, 1)]);
    assert!(files::beside(&database, ".before-restore").exists());
    assert!(!files::beside(&database, ".incoming").exists());
}
