//! One engine for each home, however many ask for it, and never on a database that it does not understand.

use std::collections::BTreeMap;
use std::path::Path;

use crate::world::{Home, background, finish, processes};

#[test]
fn fifty_terminals_at_once_get_one_engine_and_one_task() {
    let home = Home::new();
    let line = ["run", "--key", "K", "--", "sh", "-c", "echo ran >> ran"];
    let terminals: Vec<_> = (0..50).map(|_| background(home.command(line))).collect();
    let all: Vec<_> = terminals.into_iter().map(finish).collect();
    assert!(all.iter().all(|said| said.code == 0 && said.out == all[0].out), "{all:#?}");
    let engines: Vec<_> =
        processes::of(&home).into_iter().filter(|(_, name)| name.contains("start --headless")).collect();
    assert_eq!(engines.iter().map(|(pid, _)| *pid).collect::<Vec<_>>(), [home.engine_pid().unwrap()]);
    let id = all[0].out.trim();
    home.ended(&[id]);
    let list = home.json("list");
    assert_eq!((list["tasks"].as_array().unwrap().len(), &list["tasks"][0]["id"]), (1, &id.into()), "{list}");
    assert_eq!(home.lines("ran"), ["ran"]);
    home.quit();
}

#[test]
fn a_second_engine_is_refused_and_told_who_was_first() {
    let home = Home::new();
    let engine = home.start();
    let (code, error) = home.refused("start --headless");
    assert_eq!((code, &error["code"]), (6, &"engine_running".into()));
    assert!(error["message"].as_str().unwrap().contains(&engine.pid().to_string()), "{error}");
    assert_eq!(home.engine_pid(), Some(engine.pid()));
    home.ok("list");
    home.quit();
}

#[test]
fn an_engine_started_by_a_task_outlives_its_terminal_and_leaves_when_told() {
    let home = Home::new();
    let id = home.sh("", "echo one");
    let pid = home.engine_pid().unwrap();
    home.ended(&[&id]);
    assert_eq!(home.engine_pid(), Some(pid));
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), Path::new("/"));
    home.ok("quit");
    home.nothing_left();
    // What it did is there for the next one.
    let _engine = home.start();
    assert_eq!(home.report(&id), "one");
    home.quit();
}

/// Name and content of everything in the folder of the databases.
fn content(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(home.data()).unwrap().flatten().filter(|entry| entry.path().is_file());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let home = Home::new();
    let id = home.sh("", "echo kept");
    home.ended(&[&id]);
    home.quit();
    let set_version = |version: u32| {
        let conn = rusqlite::Connection::open(home.data().join("errand.db")).unwrap();
        conn.pragma_update(None, "user_version", version).unwrap();
    };
    let conn = rusqlite::Connection::open(home.data().join("errand.db")).unwrap();
    let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    drop(conn);
    set_version(version + 1);
    let before = content(&home);
    let (code, error) = home.refused("start --headless");
    assert_eq!((code, &error["code"]), (6, &"store_newer".into()), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("newer Errand"), "{error}");
    assert!(content(&home) == before, "something in the folder has changed");
    // Through `run` the same is said, with the engine's log as the only trace.
    let said = home.run(["--json", "run", "--", "true"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("store_newer"), "{said:?}");
    let mut after = content(&home);
    after.remove("engine.log");
    let mut before = before;
    before.remove("engine.log");
    assert!(after == before, "something in the folder has changed");
    set_version(version);
    let _engine = home.start();
    assert_eq!(home.report(&id), "kept");
    home.quit();
}
