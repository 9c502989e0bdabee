//! The ways around the boundary that need a token, a socket or a face that is not one's own.

use std::fs;

use crate::world::Home;

use super::{fixture, hand_over, script};

fn told_of_it(home: &Home, id: &str) -> bool {
    home.reasons(id).contains(&"reached_too_far".to_owned())
}

#[test]
fn a_token_is_worth_nothing_at_the_persons_socket() {
    let home = Home::new();
    home.start_and_keep();
    let id = script(
        &home,
        "",
        &format!(
            r#"ERRAND_SOCKET={}/run/person.sock $E finish "answered by myself"; echo "code $?""#,
            home.root().display()
        ),
    );
    home.ended(&[&id]);
    let report = home.report(&id);
    assert!(report.starts_with("code ") && report != "code 0", "{report}");
    assert!(told_of_it(&home, &id));
    home.quit();
}

#[test]
fn the_socket_of_another_run_takes_nobody_else_whatever_token_he_has() {
    let home = Home::new();
    home.start_and_keep();
    let fifo = home.fifo("hold");
    let victim = script(
        &home,
        "",
        &format!(r#"echo "$ERRAND_SOCKET $ERRAND_TOKEN" > keys; read -r _ < {}; echo mine"#, fifo.display()),
    );
    home.wait_for_file("keys");
    let thief = script(
        &home,
        "",
        r#"read -r socket token < keys
        ERRAND_SOCKET=$socket ERRAND_TOKEN=$token $E finish "not mine"; echo "with its token: $?"
        ERRAND_SOCKET=$socket $E finish "not mine"; echo "with his own: $?"
        env -i ERRAND_SOCKET=$socket ERRAND_TOKEN=$token $E finish "not mine"; echo "cleared: $?"
        ERRAND_TOKEN=$token $E finish "not mine"; echo "its token at his own: $?""#,
    );
    home.ended(&[&thief]);
    let said = home.report(&thief);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, ["with its token: 6", "with his own: 6", "cleared: 6", "its token at his own: 6"]);
    assert!(told_of_it(&home, &thief));
    assert_eq!(home.state(&victim), "running");
    home.open(&fifo);
    home.ended(&[&victim]);
    assert_eq!(home.report(&victim), "mine");
    home.quit();
}

#[test]
fn a_peer_that_is_gone_is_nobody() {
    let home = Home::new();
    home.start_and_keep();
    let person = home.root().join("run/person.sock").display().to_string();
    let greeting = r#"{"protocol":1,"version":"0","role":"terminal"}"#;
    let heard = home.file("heard").display().to_string();
    let id = hand_over(&home, "", &["python3", &fixture("forges_its_peer.py"), &person, greeting, &heard]);
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "completed", "{}", home.report(&id));
    let heard = fs::read_to_string(heard).unwrap();
    assert!(heard.contains("only_for_people"), "{heard}");
    home.quit();
}

#[test]
fn a_person_is_no_program_of_a_task() {
    let home = Home::new();
    home.start_and_keep();
    let fifo = home.fifo("hold");
    let id = script(
        &home,
        "",
        &format!(r#"echo "$ERRAND_SOCKET $ERRAND_TOKEN" > keys; read -r _ < {}"#, fifo.display()),
    );
    home.wait_for_file("keys");
    let keys = fs::read_to_string(home.file("keys")).unwrap();
    let (socket, token) = keys.trim().split_once(' ').unwrap();
    let mut command = home.command(["finish", "mine"]);
    let said = command.env("ERRAND_SOCKET", socket).env("ERRAND_TOKEN", token).output().unwrap();
    assert_eq!(said.status.code(), Some(6));
    assert_eq!(home.state(&id), "running");
    home.open(&fifo);
    home.ended(&[&id]);
    home.quit();
}

#[test]
fn an_isolated_program_speaks_for_its_own_run_and_reaches_no_other() {
    let home = Home::new();
    home.start_and_keep();
    if home.json("doctor")["isolation"]["kind"] == "none" {
        // Where nothing isolates, such a task is not taken at all.
        let (code, error) = home.refused("run --isolate -- true");
        assert_eq!((code, error["code"].as_str()), (6, Some("cannot_enforce")), "{error}");
        home.quit();
        return;
    }
    let fifo = home.fifo("hold");
    let victim =
        script(&home, "", &format!(r#"echo "$ERRAND_SOCKET" > keys; read -r _ < {}"#, fifo.display()));
    home.wait_for_file("keys");
    let id = script(
        &home,
        "--isolate",
        &format!(
            r#"$E progress "looking around" && echo spoke
            ERRAND_SOCKET=$(cat keys) $E progress "as another" || echo "another: $?"
            ERRAND_SOCKET={}/run/person.sock $E progress "as you" || echo "yours: $?"
            $E finish "All of it." && sleep 600"#,
            home.root().display()
        ),
    );
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["artifact"]["report"], "All of it.", "{task}");
    home.wait_for(&id, "has left", |task| task["run"]["phase"] == "over");
    let said = home.ok(&format!("log {id}"));
    assert!(said.contains("spoke") && said.contains("another: ") && said.contains("yours: "), "{said}");
    home.open(&fifo);
    home.ended(&[&victim]);
    home.quit();
}
