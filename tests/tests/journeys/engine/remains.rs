//! A run is over only when nothing of it exists any more, however hard its processes try to stay.

use std::path::PathBuf;

use errand_testkit::desktop::wait;

use crate::world::{Home, LIMIT, processes};

/// A task with five processes that will not go; its id and their ids.
fn stubborn(home: &Home, flags: &str) -> (String, Vec<u32>) {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/will_not_go.sh");
    let (script, file) = (script.display().to_string(), home.file("pids").display().to_string());
    let line = ["run"].into_iter().chain(flags.split_whitespace()).chain(["--", "sh", &script, &file]);
    let said = home.run(line);
    assert_eq!(said.code, 0, "{said:?}");
    let pids = wait::until("all have begun", LIMIT, || {
        let pids: Vec<u32> = home.lines("pids").iter().filter_map(|line| line.parse().ok()).collect();
        Ok((pids.len() == 5).then_some(pids))
    });
    (said.out.trim().to_owned(), pids.unwrap())
}

fn alive(pids: &[u32]) -> Vec<u32> {
    pids.iter().copied().filter(|pid| processes::is_alive(*pid)).collect()
}

/// Waits until the run counts as over, and looks at the very moment whether that is true.
fn over_means_gone(home: &Home, id: &str, pids: &[u32]) {
    home.wait_for(id, "is over", |task| task["run"]["phase"] == "over");
    assert!(alive(pids).is_empty(), "the run is said to be over");
}

#[test]
fn a_cancelled_run_holds_its_slot_until_the_last_process_is_gone() {
    let home = Home::new();
    home.start_and_keep();
    home.ok("settings set slots 1");
    let (id, pids) = stubborn(&home, "");
    let next = home.sh("", "echo next");
    home.ok(&format!("cancel {id}"));
    assert_eq!(home.state(&id), "cancelled", "that counts at once");
    home.wait_for(&next, "begins", |task| task["run"].is_object());
    assert!(alive(&pids).is_empty(), "the next one begins after the last process");
    over_means_gone(&home, &id, &pids);
    home.quit();
}

#[test]
fn a_run_out_of_time_is_over_when_the_last_process_is_gone() {
    let home = Home::new();
    let (id, pids) = stubborn(&home, "--timeout 8s");
    over_means_gone(&home, &id, &pids);
    assert_eq!(home.state(&id), "timed_out");
    home.quit();
}

#[test]
fn an_engine_that_leaves_leaves_nothing_of_a_run() {
    let home = Home::new();
    let (_, pids) = stubborn(&home, "");
    home.ok("quit --now");
    assert!(alive(&pids).is_empty());
    home.nothing_left();
}

#[test]
fn what_a_killed_engine_was_running_ends_without_another_engine() {
    let home = Home::new();
    let engine = home.start();
    let (id, pids) = stubborn(&home, "");
    engine.kill();
    wait::until("all are gone", LIMIT, || Ok(alive(&pids).is_empty().then_some(()))).unwrap();
    home.nothing_left();
    home.start_and_keep();
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "unknown");
    home.quit();
}
