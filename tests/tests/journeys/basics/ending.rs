//! How tasks end when they do not end by themselves, and that nothing of them stays.

use errand_testkit::desktop::wait;

use crate::world::{Home, LIMIT, parsed, processes};

/// A program with a grandchild that left its group and session and ignores TERM. The grandchild leaves its pid.
const STUBBORN: &str = "setsid sh -c 'trap \"\" TERM HUP; echo $$ > deep; while :; do sleep 1; done' & \
                        while ! test -s deep; do sleep 0.1; done; echo ready > begun; wait";

fn pid_in(home: &Home, name: &str) -> u32 {
    home.lines(name)[0].parse().unwrap()
}

#[test]
fn a_cancel_counts_at_once_and_leaves_no_process() {
    let home = Home::new();
    let id = home.sh("", STUBBORN);
    home.wait_for_file("begun");
    let deep = pid_in(&home, "deep");
    assert!(processes::is_alive(deep));
    home.ok(&format!("cancel {id} --reason enough"));
    let task = home.task(&id);
    assert_eq!(
        (&task["state"], &task["reason"]["code"]),
        (&"cancelled".into(), &"cancelled_by_person".into())
    );
    wait::until("the grandchild is gone", LIMIT, || Ok((!processes::is_alive(deep)).then_some(()))).unwrap();
    let task = home.wait_for(&id, "has given its slot back", |task| task["run"]["phase"] == "over");
    assert_eq!(task["state"], "cancelled", "{task}");
    assert!(processes::programs_of(&home).is_empty());
    // Several tasks may be named, so each is answered for in the document.
    let again = home.run(["cancel", &id, "--json"]);
    let refused = &parsed(&again.out)["refused"][&id];
    assert_eq!((again.code, &refused["code"]), (6, &"illegal_state".into()), "{again:?}");
    home.quit();
}

#[test]
fn a_task_that_has_not_begun_is_cancelled_without_a_run() {
    let home = Home::new();
    let id = home.sh("--at +1h", "true");
    home.ok(&format!("cancel {id}"));
    let task = home.task(&id);
    assert_eq!((&task["state"], task["run"].is_null()), (&"cancelled".into(), true));
    assert_eq!(task["deliveries"].as_array().unwrap().len(), 0, "the person knows");
    home.quit();
}

#[test]
fn a_time_limit_ends_the_whole_group() {
    let home = Home::new();
    let id = home.sh("--timeout 1s", "echo begun; sleep 300 & sleep 300");
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!((&task["state"], &task["reason"]["code"]), (&"timed_out".into(), &"time_limit".into()));
    assert!(home.report(&id).contains("begun"), "{task}");
    home.wait_for(&id, "has no process", |task| task["run"]["phase"] == "over");
    assert!(processes::programs_of(&home).is_empty());
    home.quit();
}

#[test]
fn a_failure_is_tried_again_as_often_as_asked() {
    let home = Home::new();
    let third = home.sh("--retries 5", "echo x >> tries; test $(wc -l < tries) -eq 3");
    home.ended(&[&third]);
    let task = home.task(&third);
    assert_eq!((&task["state"], &task["run"]["n"]), (&"completed".into(), &3.into()), "{task}");
    assert_eq!(home.lines("tries").len(), 3);
    let never = home.sh("--retries 2", "echo x >> more; exit 1");
    home.ended(&[&never]);
    assert_eq!((home.state(&never).as_str(), home.lines("more").len()), ("failed", 3));
    home.quit();
}

#[test]
fn an_ended_task_is_opened_again() {
    let home = Home::new();
    let id = home.sh("", "echo x >> tries; test -e mended");
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "failed");
    std::fs::write(home.file("mended"), "").unwrap();
    home.ok(&format!("retry {id}"));
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (&task["state"], &task["generation"], &task["run"]["n"]),
        (&"completed".into(), &2.into(), &2.into())
    );
    assert_eq!(home.lines("tries").len(), 2);
    let (code, error) = home.refused(&format!("retry {id}"));
    assert_eq!((code, &error["code"]), (6, &"illegal_state".into()), "{error}");
    home.quit();
}

#[test]
fn a_program_ended_by_a_signal_says_which() {
    let home = Home::new();
    let id = home.sh("", "kill -KILL $$");
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (&task["state"], &task["reason"]["code"]),
        (&"failed".into(), &"killed_by_signal".into()),
        "{task}"
    );
    assert!(task["artifact"]["outcome"].as_str().unwrap().contains("SIGKILL"), "{task}");
    home.quit();
}

#[test]
fn a_child_that_was_left_behind_is_ended_with_its_program() {
    let home = Home::new();
    let id = home.sh("", "setsid sleep 300 >/dev/null 2>&1 & echo $! > deep; echo done");
    home.ended(&[&id]);
    assert_eq!((home.state(&id).as_str(), home.report(&id).as_str()), ("completed", "done"));
    home.wait_for(&id, "has no process", |task| task["run"]["phase"] == "over");
    assert!(!processes::is_alive(pid_in(&home, "deep")));
    home.quit();
}
