//! What can be changed about tasks that were handed over: pause, `set`, settings.

use serde_json::{Value, json};

use crate::world::Home;

#[test]
fn a_paused_task_does_not_start_and_goes_on_when_told() {
    let home = Home::new();
    let gate = home.fifo("gate");
    home.start_and_keep();
    home.ok("settings set slots 1");
    let first = home.sh("", &format!("read x < {}", gate.display()));
    let held = home.sh("", "echo held");
    home.ok(&format!("pause {held}"));
    let other = home.sh("", "echo other");
    home.open(&gate);
    home.ended(&[&first, &other]);
    let task = home.task(&held);
    assert_eq!((&task["state"], &task["holds"]), (&"queued".into(), &json!(["person"])), "{task}");
    assert!(home.ok("list").contains("paused"), "{}", home.ok("list"));
    home.ok(&format!("resume {held}"));
    home.ended(&[&held]);
    assert_eq!(home.state(&held), "completed");
    home.quit();
}

#[test]
fn a_pause_of_everything_lets_finish_what_runs_and_survives_a_restart() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let runs = home.sh("", &format!("read x < {}", gate.display()));
    home.wait_for_state(&runs, "running");
    home.ok("pause --all");
    let waits = home.sh("", "echo waited");
    home.open(&gate);
    home.ended(&[&runs]);
    assert_eq!(home.state(&runs), "completed");
    assert_eq!(home.json("settings get paused")["value"], "true");
    home.ok("quit");
    let _engine = home.start();
    let task = home.task(&waits);
    assert_eq!((&task["state"], task["why_waiting"].is_string()), (&"queued".into(), true), "{task}");
    home.ok("resume --all");
    home.ended(&[&waits]);
    assert_eq!(home.state(&waits), "completed");
    home.quit();
}

#[test]
fn what_may_be_changed_later_is_changed() {
    let home = Home::new();
    let id = home.sh("--at +1h --label old", "true");
    let line = ["set", &id, "--title", "A better name", "--priority", "urgent", "--notify", "silent"];
    let more = ["--timeout", "5m", "--retries", "2", "--label", "a", "--label", "b"];
    let said = home.run(line.iter().chain(&more));
    assert_eq!(said.code, 0, "{said:?}");
    let task = home.task(&id);
    assert_eq!(
        [
            &task["title"],
            &task["priority"],
            &task["notify"],
            &task["timeout_ms"],
            &task["retries"],
            &task["labels"]
        ],
        [
            &json!("A better name"),
            &json!("urgent"),
            &json!("silent"),
            &json!(300_000),
            &json!(2),
            &json!(["a", "b"])
        ]
    );
    assert!(home.reasons(&id).contains(&"edited".to_owned()));
    assert_eq!(home.run(["set", &id]).code, 2, "nothing to change was named");
    assert_eq!(home.run(["set", &id, "--retries", "1000"]).code, 2);
    let listed = home.json("list --label b");
    assert_eq!(
        (&listed["tasks"][0]["id"], home.json("list --label old")["tasks"][0].is_null()),
        (&json!(id), true)
    );
    home.quit();
}

#[test]
fn settings_are_listed_read_changed_and_set_back() {
    let home = Home::new();
    home.start_and_keep();
    let value = |name: &str| home.json(&format!("settings get {name}"))["value"].clone();
    let names = home.json("settings list")["settings"].as_array().unwrap().clone();
    assert!(names.iter().any(|setting| setting["name"] == "slots" && setting["value"] == "3"), "{names:?}");
    home.ok("settings set slots 5");
    assert_eq!(value("slots"), "5");
    let (code, error) = home.refused("settings set slots many");
    assert_eq!((code, &error["code"]), (2, &"bad_usage".into()));
    let (code, error) = home.refused("settings get colour");
    assert_eq!((code, &error["code"]), (4, &"setting_not_found".into()));
    home.ok("quit");
    let _engine = home.start();
    assert_eq!(value("slots"), "5", "it outlives the engine");
    home.ok("settings set slots default");
    assert_eq!(home.json("settings get slots")["is_default"], Value::Bool(true));
    home.quit();
}

#[test]
fn no_more_run_at_once_than_there_are_slots() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let script = format!("echo begun >> begun; read x < {}", gate.display());
    let ids: Vec<String> = (0..5).map(|_| home.sh("", &script)).collect();
    for id in &ids[..3] {
        home.wait_for(id, "executes", |task| task["run"]["phase"] == "executing");
    }
    let queued = home.json("list --state queued");
    assert_eq!(queued["tasks"].as_array().unwrap().len(), 2, "{queued}");
    // Each line that is written lets one of them go on.
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let keeper = std::fs::OpenOptions::new().read(true).write(true).open(&gate).unwrap();
    std::io::Write::write_all(&mut &keeper, "go\n".repeat(5).as_bytes()).unwrap();
    home.ended(&all);
    drop(keeper);
    assert_eq!(home.json("list --state completed")["tasks"].as_array().unwrap().len(), 5);
    home.quit();
}
