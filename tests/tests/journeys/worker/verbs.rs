use crate::world::Home;

use super::script;

#[test]
fn a_program_asks_and_goes_on_with_the_answer_and_its_slot_serves_others_meanwhile() {
    let home = Home::new();
    home.start_and_keep();
    home.ok("settings set slots 1");
    let id =
        script(&home, "", r#"a=$($E ask "Which colour?" --option Red --option Blue); echo "painted it $a""#);
    let task = home.wait_for_state(&id, "needs_you");
    assert_eq!(task["run"]["phase"], "executing", "it waits with its process");
    let other = home.sh("", "echo other");
    home.ended(&[&other]);
    let (code, error) = home.refused(&format!("answer {id} green"));
    assert_eq!((code, error["code"].as_str()), (6, Some("bad_answer")), "{error}");
    home.ok(&format!("answer {id} blue"));
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "painted it Blue");
    let (code, error) = home.refused(&format!("answer {id} --question q1 red"));
    assert_eq!((code, error["code"].as_str()), (6, Some("already_answered")), "{error}");
    home.quit();
}

#[test]
fn a_question_that_nobody_waits_for_any_more_is_taken_back() {
    let home = Home::new();
    home.start_and_keep();
    let id = script(&home, "", r#"$E ask "Are you there?" --timeout 1s; echo "code $?""#);
    home.wait_for_state(&id, "completed");
    assert_eq!(home.report(&id), "code 7");
    assert_eq!(home.task(&id)["questions"][0]["state"], "withdrawn");
    let id = script(&home, "", r#"$E ask "Are you there?"; echo "code $?""#);
    home.wait_for_state(&id, "needs_you");
    home.ok(&format!("cancel {id}"));
    assert_eq!(home.task(&id)["questions"][0]["state"], "withdrawn");
    home.quit();
}

#[test]
fn an_engine_that_dies_while_a_program_asks_ends_it_and_withdraws_the_question() {
    let home = Home::new();
    let engine = home.start();
    let id = script(&home, "", r#"$E ask "Go on?"; touch went-on"#);
    home.wait_for_state(&id, "needs_you");
    engine.kill();
    home.nothing_left();
    home.start_and_keep();
    let task = home.wait_for_state(&id, "unknown");
    assert_eq!(task["questions"][0]["state"], "withdrawn");
    assert!(!home.file("went-on").exists());
    home.quit();
}

#[test]
fn a_result_is_believed_at_once_and_its_process_has_a_moment_to_leave() {
    let home = Home::new();
    home.start_and_keep();
    let id = script(
        &home,
        "",
        r#"$E finish "All of it." --summary Done. --unmet "it is dry" && $E finish again && exit 3"#,
    );
    home.ended(&[&id]);
    home.wait_for(&id, "is over", |task| task["run"]["phase"] == "over");
    let task = home.task(&id);
    assert_eq!(
        (task["state"].as_str(), task["with_gaps"].as_bool()),
        (Some("completed"), Some(true)),
        "{task}"
    );
    assert_eq!(task["artifact"]["report"], "All of it.");
    assert_eq!(task["run"]["exit_code"], 3, "written down, and changes nothing");
    home.quit();
}

#[test]
fn a_program_says_how_far_it_is_and_when_it_wants_to_be_woken() {
    let home = Home::new();
    home.start_and_keep();
    let fifo = home.fifo("hold");
    let id = script(
        &home,
        "",
        &format!(
            r#"$E progress --percent 40 "waiting for tests"; read -r _ < {}
            $E wake --after 2h --why "the build is slow""#,
            fifo.display()
        ),
    );
    let task = home.wait_for(&id, "has said so", |task| {
        task["run"]["percent"] == 40 && task["run"]["phase"] == "executing"
    });
    let checkpoint = task["run"]["checkpoint"].as_str().unwrap();
    assert!(checkpoint.starts_with("40 %: waiting for tests, executing for"), "{checkpoint}");
    home.open(&fifo);
    let task = home.wait_for_state(&id, "sleeping");
    assert!(task["reason"]["text"].as_str().unwrap().ends_with("the build is slow"), "{task}");
    home.ok(&format!("cancel {id}"));
    let (code, error) = home.refused("progress 1");
    assert_eq!((code, error["code"].as_str()), (6, Some("only_in_tasks")), "{error}");
    home.quit();
}
