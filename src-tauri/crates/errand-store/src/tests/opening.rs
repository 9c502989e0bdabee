use super::*;
use crate::Notice;

fn reopen(folder: &Path) -> (Store, Vec<Notice>) {
    let opened = Store::open(Options::new(folder), at(5)).unwrap();
    (opened.store, opened.report)
}

async fn with_one_task(folder: &Path) -> Store {
    let store = open(folder);
    store.write(|tx| insert(tx, &task("bold-falcon-427"), "make")).await.unwrap();
    store
}

async fn tasks(store: &Store) -> u64 {
    store.read(|reader| Ok(reader.tasks().counts()?.iter().map(|(_, count)| count).sum())).await.unwrap()
}

fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    // Every page but the first, which would make it another kind of file.
    for byte in &mut bytes[4_096..] {
        *byte = 0x5a;
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_moved_aside_and_the_newest_good_backup_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_one_task(folder.path()).await;
    let backups = folder.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    store.backup(backups.join("one.db")).await.unwrap();
    store.close();
    std::fs::write(backups.join("two.db"), "half of a backup").unwrap();
    let database = folder.path().join("errand.db");
    damage(&database);
    let damaged = std::fs::read(&database).unwrap();

    let (store, report) = reopen(folder.path());
    let moved_to = folder.path().join(format!("errand.db.corrupt-{}", at(5).as_millis()));
    match report.as_slice() {
        [Notice::Quarantined { moved_to: to, .. }, Notice::RestoredBackup { file }] => {
            assert_eq!((to, file), (&moved_to, &backups.join("one.db")));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(std::fs::read(moved_to).unwrap(), damaged);
    assert_eq!(tasks(&store).await, 1);
}

#[tokio::test]
async fn without_a_backup_it_starts_empty_and_says_so() {
    for content in [b"SQLite format 3\0 and then nothing".to_vec(), vec![7u8; 20_000]] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("errand.db"), content).unwrap();
        let (store, report) = reopen(folder.path());
        assert!(
            matches!(report.as_slice(), [Notice::Quarantined { .. }, Notice::StartedEmpty]),
            "{report:?}"
        );
        assert_eq!(tasks(&store).await, 0);
        store.close();
        assert_eq!(reopen(folder.path()).1, []);
    }
}

#[tokio::test]
async fn damaged_logs_are_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    with_one_task(folder.path()).await.close();
    std::fs::write(folder.path().join("logs.db"), vec![1u8; 9_000]).unwrap();
    let (store, report) = reopen(folder.path());
    assert!(matches!(report.as_slice(), [Notice::LogsRecreated { .. }]), "{report:?}");
    assert_eq!(tasks(&store).await, 1);
    store.close();
    assert_eq!(reopen(folder.path()).1, []);
}

#[cfg(unix)]
#[test]
fn the_folder_is_only_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    open(&folder).close();
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}
