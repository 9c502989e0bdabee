use std::fs;

use crate::world::Home;

use super::{fixture, hand_over, script};

#[test]
fn a_worker_in_python_asks_between_its_turns_and_hands_over_what_came_of_them() {
    let home = Home::new();
    home.start_and_keep();
    let id = hand_over(&home, "Greet everybody", &["python3", &fixture("worker.py")]);
    let blocked = home.wait_for_state(&id, "needs_you");
    assert_eq!(
        blocked["questions"][0]["text"],
        "It cannot go on: There is no names.txt here. What should it do?"
    );
    fs::write(home.file("names.txt"), "Ada Grace\n").unwrap();
    let said = home.run(["answer", &id, "look again"]);
    assert_eq!(said.code, 0, "{said:?}");
    let asks = home.wait_for(&id, "asks which", |task| task["questions"].as_array().unwrap().len() == 2);
    assert_eq!(asks["questions"][1]["options"][1]["name"], "Good day");
    assert_eq!(asks["run"]["phase"], "over", "waiting costs neither a slot nor a process");
    let said = home.run(["answer", &id, "Ahoy"]);
    assert_eq!(said.code, 0, "{said:?}");
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["state"], "completed", "{task}");
    assert_eq!(task["artifact"]["outcome"], "Greeted 2.");
    assert_eq!(home.report(&id), "# Greetings\n\n- Ahoy, Ada!\n- Ahoy, Grace!");
    assert_eq!(task["artifact"]["verification"][0]["met"], true);
    assert_eq!(task["run"]["n"], 3, "two answers, so three runs; four turns");
    assert_eq!(task["run"]["turn"], 4);
    home.quit();
}

#[test]
fn a_worker_in_shell_takes_turns_and_finishes_by_word() {
    let home = Home::new();
    home.start_and_keep();
    let id = hand_over(&home, "Count to three", &["sh", &fixture("worker.sh")]);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (task["state"].as_str(), task["with_gaps"].as_bool()),
        (Some("completed"), Some(false)),
        "{task}"
    );
    assert_eq!(home.report(&id), "Counted to 3.");
    assert_eq!(task["run"]["n"], 1, "its turns are one run");
    home.quit();
}

#[test]
fn a_response_that_cannot_be_read_is_a_failure_with_the_readers_words() {
    let home = Home::new();
    home.start_and_keep();
    let id = script(&home, "Try", r#"echo almost; echo '{"status": "don' > "$ERRAND_RESPONSE_FILE""#);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (task["state"].as_str(), task["reason"]["code"].as_str()),
        (Some("failed"), Some("bad_response"))
    );
    let report = home.report(&id);
    assert!(report.contains("cannot be read: control character") && report.contains("almost"), "{report}");
    let retried = home.json(&format!("retry {id}"));
    let state = retried["state"].as_str().unwrap();
    assert!(["queued", "running", "failed"].contains(&state), "{retried}");
    assert_eq!(retried["generation"], 2);
    home.ended(&[&id]);
    home.quit();
}

#[test]
fn a_turn_is_over_when_its_last_process_is_gone() {
    let home = Home::new();
    home.start_and_keep();
    let left = home.file("left").display().to_string();
    let turn = format!(
        r#"if [ "$ERRAND_TURN" = 2 ]; then
            kill -0 "$(cat {left})" 2>/dev/null && echo there || echo gone
            exit 0
        fi
        setsid -f sh -c 'trap "" TERM; echo $$ > {left}; while :; do sleep 60; done'
        until [ -s {left} ]; do sleep 0.01; done
        echo '{{"status": "continue"}}' > "$ERRAND_RESPONSE_FILE""#
    );
    let id = script(&home, "Leave something", &turn);
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "gone");
    home.quit();
}

#[test]
fn an_interrupted_worker_goes_on_and_is_told_so() {
    let home = Home::new();
    let engine = home.start();
    let fifo = home.fifo("hold");
    let turn = format!(
        r#"cat "$ERRAND_REQUEST_FILE" > request.$ERRAND_TURN.$$
        case $(ls request.2.* 2>/dev/null | wc -l) in
            0) echo '{{"status": "continue", "summary": "First half."}}' > "$ERRAND_RESPONSE_FILE" ;;
            1) echo > waits; read -r _ < {} ;;
            *) echo '{{"status": "done", "summary": "Second half."}}' > "$ERRAND_RESPONSE_FILE" ;;
        esac"#,
        fifo.display()
    );
    let id = script(&home, "Both halves", &turn);
    // Said once its second turn is under way, not once it is due.
    home.wait_for_file("waits");
    engine.kill();
    home.nothing_left();
    home.start_and_keep();
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (task["state"].as_str(), task["artifact"]["outcome"].as_str()),
        (Some("completed"), Some("Second half.")),
        "{task}"
    );
    assert!(home.reasons(&id).contains(&"recovered".to_owned()));
    home.quit();
}

#[test]
fn a_silent_worker_is_started_again_and_told_why() {
    let home = Home::new();
    home.start_and_keep();
    let turn = r#"if grep -q 'Silent for' "$ERRAND_REQUEST_FILE"; then
            echo '{"status": "done", "summary": "Awake again."}' > "$ERRAND_RESPONSE_FILE"
        else
            sleep 600
        fi"#;
    let id = script(&home, "--stall 1s Sleep", turn);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["artifact"]["outcome"], "Awake again.", "{task}");
    assert!(home.reasons(&id).contains(&"stall_restart".to_owned()));
    home.quit();
}
