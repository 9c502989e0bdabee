//! Backup and restore, and what is not to be kept.

use crate::world::Home;

#[test]
fn a_backup_put_into_another_home_shows_the_same_tasks() {
    let home = Home::new();
    let good = home.sh("--label kept", "echo one; echo two");
    let bad = home.sh("", "exit 4");
    let later = home.sh("--at +300h", "true");
    home.ended(&[&good, &bad]);
    let gate = home.fifo("gate");
    let runs = home.sh("", &format!("echo begun; read x < {}", gate.display()));
    home.wait_for_state(&runs, "running");
    let file = home.file("copy.db");
    let done = home.json(&format!("backup {}", file.display()));
    assert_eq!(done["tasks"], 4);
    // Not over a file that is there.
    assert_eq!(home.refused(&format!("backup {}", file.display())).0, 2);
    let before = home.json("list");

    let other = Home::new();
    let restored = other.json(&format!("restore {}", file.display()));
    assert_eq!(restored["tasks"], 4);
    let _engine = other.start();
    let after = other.wait_for_state(&runs, "unknown");
    assert_eq!(after["reason"]["code"], "engine_died", "it ran elsewhere when the copy was made");
    let ids = |list: &serde_json::Value| {
        let tasks = list["tasks"].as_array().unwrap().iter();
        tasks.map(|task| task["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&other.json("list")), ids(&before));
    assert_eq!(other.report(&good), home.report(&good));
    assert_eq!((other.state(&bad), other.state(&later)), (home.state(&bad), home.state(&later)));
    assert_eq!(home.state(&runs), "running", "the first home goes on undisturbed");
    home.open(&gate);
    home.ended(&[&runs]);
    other.quit();
    home.quit();
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing() {
    let home = Home::new();
    let id = home.sh("", "echo kept");
    home.ended(&[&id]);
    let file = home.file("copy.db");
    home.ok(&format!("backup {}", file.display()));
    let (code, error) = home.refused(&format!("restore {}", file.display()));
    assert_eq!((code, &error["code"]), (6, &"engine_running".into()), "{error}");
    home.quit();
    std::fs::write(home.file("letter"), "Dear diary").unwrap();
    let (code, error) = home.refused("restore letter");
    assert_eq!((code, &error["code"]), (6, &"bad_backup".into()), "{error}");
    let _engine = home.start();
    assert_eq!(home.report(&id), "kept");
    home.quit();
}

#[test]
fn an_ended_task_is_removed_with_all_that_belongs_to_it_and_a_live_one_is_not() {
    let home = Home::new();
    let gone = home.sh("--label kept", "echo a-rare-word");
    home.ended(&[&gone]);
    let gate = home.fifo("gate");
    let runs = home.sh("", &format!("read x < {}", gate.display()));
    home.wait_for_state(&runs, "running");

    let said = home.run(["delete", &gone, &runs, "--json"]);
    assert_eq!(said.code, 6, "one of two was refused: {said:?}");
    let said = crate::world::parsed(&said.out);
    assert_eq!(said["changed"], serde_json::json!([gone]));
    assert_eq!(said["refused"][&runs]["code"], "illegal_state");

    assert_eq!(home.refused(&format!("show {gone}")).0, 4);
    assert_eq!(home.refused(&format!("log {gone}")).0, 4);
    assert_eq!(home.json("list --search a-rare-word")["tasks"], serde_json::json!([]));
    assert_eq!(home.state(&runs), "running");
    home.open(&gate);
    home.ended(&[&runs]);
    assert_eq!(home.ok(&format!("delete {runs}")), format!("{runs}  removed"));
    home.quit();
}
