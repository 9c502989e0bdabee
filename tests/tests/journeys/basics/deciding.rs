//! Tasks that wait for others, and the question when one of those does not complete.

use crate::world::Home;

#[test]
fn a_task_starts_when_what_it_waits_for_has_completed() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let first = home.sh("", &format!("read x < {}; echo first >> order", gate.display()));
    let second = home.sh(&format!("--after {first}"), "echo second >> order");
    let waiting = home.task(&second);
    assert_eq!(
        (&waiting["state"], &waiting["reason"]["code"]),
        (&"waiting".into(), &"waits_for_tasks".into())
    );
    assert_eq!(waiting["after"][0], first.as_str());
    home.open(&gate);
    home.ended(&[&second]);
    assert_eq!(home.state(&second), "completed");
    assert_eq!(home.lines("order"), ["first", "second"]);
    home.quit();
}

/// A task that asks, because the one that it waits for has failed.
fn asking(home: &Home) -> (String, String) {
    let failed = home.sh("", "test -e mended");
    let asks = home.sh(&format!("--after {failed}"), "echo ran");
    let task = home.wait_for_state(&asks, "needs_you");
    let question = &task["questions"][0];
    assert_eq!((&question["kind"], &question["state"]), (&"blocker".into(), &"open".into()), "{task}");
    assert!(question["text"].as_str().unwrap().contains(&failed), "{question}");
    let names = question["options"].as_array().unwrap().iter().map(|option| option["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["run_anyway", "wait_for_retry", "cancel"]);
    (failed, asks)
}

#[test]
fn the_person_lets_it_run_anyway() {
    let home = Home::new();
    let (_, asks) = asking(&home);
    home.ok(&format!("answer {asks} --choose run_anyway"));
    home.ended(&[&asks]);
    let task = home.task(&asks);
    assert_eq!(task["state"], "completed");
    let answered = &task["questions"][0]["answered"];
    assert_eq!((&answered["choice"], &answered["surface"]), (&"run_anyway".into(), &"terminal".into()));
    // The first answer counts.
    let (code, error) = home.refused(&format!("answer {asks} --choose cancel"));
    assert_eq!((code, &error["code"]), (6, &"already_answered".into()), "{error}");
    home.quit();
}

#[test]
fn the_person_cancels_it() {
    let home = Home::new();
    let (_, asks) = asking(&home);
    home.ok(&format!("answer {asks} --choose cancel"));
    assert_eq!(home.state(&asks), "cancelled");
    assert_eq!(home.task(&asks)["run"], serde_json::Value::Null, "it never ran");
    home.quit();
}

#[test]
fn the_person_mends_the_other_and_it_goes_on() {
    let home = Home::new();
    let (failed, asks) = asking(&home);
    home.ok(&format!("answer {asks} --choose wait_for_retry"));
    assert_eq!(home.state(&asks), "waiting");
    std::fs::write(home.file("mended"), "").unwrap();
    home.ok(&format!("retry {failed}"));
    home.ended(&[&failed, &asks]);
    assert_eq!([home.state(&failed), home.state(&asks)], ["completed", "completed"]);
    home.quit();
}

#[test]
fn a_bad_answer_is_refused_and_the_question_stays() {
    let home = Home::new();
    let (_, asks) = asking(&home);
    let lines = [
        (format!("answer {asks} --choose perhaps"), 6, "bad_answer"),
        (format!("answer {asks} no such option"), 6, "bad_answer"),
        (format!("answer {asks} --question q9 --choose cancel"), 4, "question_not_found"),
        (format!("answer {asks}"), 2, "bad_usage"),
    ];
    for (line, code, name) in lines {
        let (was, error) = home.refused(&line);
        assert_eq!((was, &error["code"]), (code, &name.into()), "{line}: {error}");
    }
    assert_eq!(home.state(&asks), "needs_you");
    // A text that names an option chooses it.
    home.ok(&format!("answer {asks} run_anyway"));
    home.ended(&[&asks]);
    home.quit();
}
