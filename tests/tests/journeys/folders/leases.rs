//! One folder, one task at a time, for those that ask for it.

use crate::world::{Home, processes};

/// Ignores TERM, as does its child in another session. It leaves the pids of both.
const STUBBORN: &str = "trap '' TERM; setsid sh -c 'trap \"\" TERM HUP; echo $$ >> pids; while :; do sleep 1; done' & \
                        echo $$ >> pids; while :; do sleep 1; done";

/// Writes down which of those processes it finds alive.
const WITNESS: &str = "for pid in $(cat pids); do \
                           if grep -qs . /proc/$pid/cmdline; then echo $pid >> alive; fi; done; echo x >> began";

fn stubborn(home: &Home) -> String {
    let id = home.sh("--exclusive", STUBBORN);
    home.wait_for(&id, "has two processes", |_| home.lines("pids").len() == 2);
    id
}

#[test]
fn a_folder_is_not_given_on_while_a_process_of_a_cancelled_task_is_left() {
    let home = Home::new();
    let first = stubborn(&home);
    let next = home.sh("--exclusive", WITNESS);
    let task = home.task(&next);
    assert_eq!((&task["state"], &task["exclusive"]), (&"queued".into(), &true.into()), "{task}");
    let why = format!("Waits for the folder, which {first} uses");
    assert_eq!(task["why_waiting"], why);
    assert!(home.ok(&format!("show {next}")).contains(&why));
    // Nobody else has to wait for it.
    let other = home.sh("", "echo free");
    home.ended(&[&other]);

    home.ok(&format!("cancel {first}"));
    assert_eq!(home.state(&first), "cancelled", "at once");
    home.ended(&[&next]);
    assert_eq!((home.lines("began").len(), home.lines("alive")), (1, Vec::<String>::new()));
    assert!(processes::programs_of(&home).is_empty());
    home.quit();
}

#[test]
fn after_a_kill_a_folder_is_not_given_on_before_the_old_processes_are_gone() {
    let home = Home::new();
    let engine = home.start();
    let first = stubborn(&home);
    let next = home.sh("--exclusive", WITNESS);
    // With nobody left who would end the workers, so that the next engine has to.
    processes::spawners_of(&home).into_iter().for_each(|(pid, _)| processes::kill(pid));
    engine.kill();
    let _engine = home.start();
    home.ended(&[&first, &next]);
    assert_eq!((home.state(&first).as_str(), home.state(&next).as_str()), ("unknown", "completed"));
    assert_eq!(home.lines("alive"), Vec::<String>::new());
    home.quit();
}

#[test]
fn a_folder_above_or_below_and_another_way_to_it_are_the_same_folder() {
    let home = Home::new();
    std::fs::create_dir_all(home.file("real/below")).unwrap();
    std::os::unix::fs::symlink("real", home.file("link")).unwrap();
    let gate = home.fifo("gate");
    let first = home.sh("--exclusive --cwd link", &format!("pwd; read x < {}", gate.display()));
    home.wait_for_state(&first, "running");
    let real = home.file("real").canonicalize().unwrap();
    assert_eq!(
        home.task(&first)["cwd"],
        real.display().to_string(),
        "a link may change, the folder does not"
    );
    let waits = ["real", "real/below", "."].map(|folder| {
        let id = home.sh(&format!("--exclusive --cwd {folder}"), "true");
        assert_eq!(home.state(&id), "queued", "{folder}");
        id
    });
    // Without the flag a program takes no lease and waits for none.
    let free = home.sh("--cwd real", "true");
    home.ended(&[&free]);
    home.open(&gate);
    home.ended(&waits.each_ref().map(String::as_str));
    home.quit();
}
