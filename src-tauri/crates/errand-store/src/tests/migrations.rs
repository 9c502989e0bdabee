use rusqlite::Connection;

use super::*;
use crate::migrate::{MIGRATIONS, Migration, migrate, peek_version, version};
use crate::{Notice, files};

const SECOND: Migration = Migration { name: "0002_more", sql: "CREATE TABLE more (x INTEGER) STRICT;" };
const BROKEN: Migration = Migration {
    name: "0003_broken",
    sql: "CREATE TABLE half (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);",
};

fn first() -> Migration {
    Migration { name: MIGRATIONS[0].name, sql: MIGRATIONS[0].sql }
}

fn tables(conn: &Connection) -> Vec<String> {
    let mut statement = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

#[test]
fn a_fresh_database_and_one_that_is_up_to_date_open_quietly() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    open(folder.path()).close();
    let conn = Connection::open(folder.path().join("errand.db")).unwrap();
    assert_eq!(version(&conn).unwrap() as usize, MIGRATIONS.len());
    let names: Vec<String> = {
        let mut statement = conn.prepare("SELECT name FROM migration ORDER BY version").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(names, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
}

#[test]
fn every_migration_file_is_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".sql")?.to_owned()))
        .collect();
    files.sort();
    assert_eq!(files, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
}

#[test]
fn a_migration_of_data_makes_a_copy_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("errand.db");
    let mut conn = crate::connect::truth_writer(&path).unwrap();
    assert_eq!(migrate(&mut conn, &path, &[first()], NOW).unwrap(), 1);
    conn.execute("INSERT INTO setting VALUES ('a', 'b')", []).unwrap();
    assert_eq!(migrate(&mut conn, &path, &[first(), SECOND], NOW).unwrap(), 1);
    assert!(tables(&conn).contains(&"more".to_owned()));
    let copy = Connection::open(folder.path().join("errand.db.before-0002")).unwrap();
    assert_eq!(version(&copy).unwrap(), 1);
    assert_eq!(copy.query_row("SELECT value FROM setting", [], |row| row.get::<_, String>(0)).unwrap(), "b");
}

#[test]
fn if_one_fails_none_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("errand.db");
    let mut conn = crate::connect::truth_writer(&path).unwrap();
    migrate(&mut conn, &path, &[first()], NOW).unwrap();
    let before = tables(&conn);
    assert!(migrate(&mut conn, &path, &[first(), SECOND, BROKEN], NOW).is_err());
    assert_eq!((tables(&conn), version(&conn).unwrap()), (before, 1));
    assert_eq!(migrate(&mut conn, &path, &[first(), SECOND], NOW).unwrap(), 1);
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    let path = folder.path().join("errand.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = contents(folder.path());
    let refused = Store::open(Options::new(folder.path()), NOW).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }));
    assert_eq!(refused.code(), errand_base::Code::StoreNewer);
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_newer_version_that_stands_in_the_log_only_is_seen_too() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    let path = folder.path().join("errand.db");
    let conn = crate::connect::truth_writer(&path).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    // As a crash leaves it: copied while the connection is open.
    let crashed = tempfile::tempdir().unwrap();
    for side in ["", "-wal"] {
        let name = format!("errand.db{side}");
        std::fs::copy(folder.path().join(&name), crashed.path().join(&name)).unwrap();
    }
    let copy = crashed.path().join("errand.db");
    assert!(files::length(&files::beside(&copy, "-wal")) > 0);
    assert_eq!(peek_version(&copy).unwrap(), Some(99));
    let before = contents(crashed.path());
    let refused = Store::open(Options::new(crashed.path()), NOW).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }));
    assert_eq!(contents(crashed.path()), before);
}

#[test]
fn what_a_crash_left_in_the_log_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close();
    let store = open(folder.path());
    let (done, wait) = std::sync::mpsc::channel();
    store.submit(|tx| tx.settings().set("a", "b"), move |result| done.send(result.unwrap()).unwrap());
    assert!(wait.recv().unwrap());
    let crashed = tempfile::tempdir().unwrap();
    for name in ["errand.db", "errand.db-wal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let opened = Store::open(Options::new(crashed.path()), NOW).unwrap();
    assert_eq!(opened.report, Vec::<Notice>::new());
    let (done, wait) = std::sync::mpsc::channel();
    opened.store.submit(|tx| tx.settings().get("a"), move |result| done.send(result.unwrap()).unwrap());
    assert_eq!(wait.recv().unwrap().as_deref(), Some("b"));
}
