//! Programs that try to have their person's say.

use std::path::PathBuf;

use crate::world::Home;

fn fixture(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).display().to_string()
}

/// Hands over a fixture with the arguments that each of them takes.
fn hand_over(home: &Home, name: &str, heard: &str, more: &[&str]) -> String {
    let errand = errand_tests::errand().unwrap().display().to_string();
    let (heard, root) = (home.file(heard).display().to_string(), home.root().display().to_string());
    let script = fixture(name);
    let line = ["run", "--", "sh", &script, &errand, &heard, &root];
    let said = home.run(line.into_iter().chain(more.iter().copied()));
    assert_eq!(said.code, 0, "{said:?}");
    said.out.trim().to_owned()
}

#[test]
fn a_program_of_a_task_is_refused_at_the_persons_socket_however_it_comes() {
    let home = Home::new();
    std::fs::create_dir(home.file("heard")).unwrap();
    let id = hand_over(&home, "reaches_too_far.sh", "heard", &[]);
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "completed", "{}", home.report(&id));
    for way in ["plain", "cleared", "session", "orphan", "copied"] {
        let code = std::fs::read_to_string(home.file(&format!("heard/{way}"))).unwrap();
        let said = std::fs::read_to_string(home.file(&format!("heard/{way}.out"))).unwrap();
        assert_eq!(code.trim(), "6", "{way}: {said}");
        assert!(said.contains("A program of a task cannot use Errand"), "{way}: {said}");
    }
    // Nothing of it happened, and its person can see that it was tried, once.
    assert_eq!(home.json("settings get slots")["value"], "3");
    assert_eq!(home.json("settings get paused")["value"], "false");
    let tried = home.reasons(&id).into_iter().filter(|reason| reason == "reached_too_far").count();
    assert_eq!(tried, 1);
    home.quit();
}

#[test]
fn who_ends_its_supervisor_is_ended_and_has_no_say_meanwhile() {
    for whom in ["supervisor", "both"] {
        let home = Home::new();
        let id = hand_over(&home, "kills_its_watchers.sh", "heard", &[whom]);
        home.ended(&[&id]);
        assert_eq!(home.state(&id), "unknown", "{whom}");
        // It was ended before it could ask, or was refused; it was never heard.
        let heard = std::fs::read_to_string(home.file("heard")).unwrap_or("6".into());
        assert_eq!(heard.trim(), "6", "{whom}");
        assert_eq!(home.json("settings get paused")["value"], "false", "{whom}");
        let next = home.sh("", "echo next");
        home.ended(&[&next]);
        assert_eq!(home.state(&next), "completed", "{whom}: the next one runs");
        home.quit();
        home.nothing_left();
    }
}
