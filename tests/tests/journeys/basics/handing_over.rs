//! `errand run`: what is taken, and what is refused with a sentence and without a trace.

use serde_json::Value;

use crate::world::{Home, Said, background, finish};

#[test]
fn a_program_that_succeeds_prints_its_report_and_nothing_else() {
    let home = Home::new();
    let said = home.run(["run", "--wait", "--", "sh", "-c", "echo hello"]);
    assert_eq!((said.code, said.out.as_str()), (0, "hello\n"), "{said:?}");
    let id = said.err.lines().next().unwrap();
    let task = home.task(id);
    assert_eq!((&task["state"], &task["run"]["exit_code"]), (&"completed".into(), &0.into()));
    assert_eq!(task["cwd"], home.work().display().to_string());
    home.quit();
}

#[test]
fn a_program_that_fails_says_how_and_shows_what_it_printed_last() {
    let home = Home::new();
    let said = home.run(["run", "--wait", "--", "sh", "-c", "echo no >&2; exit 3"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("**Last errors**\n\n```text\nno\n```"), "{}", said.out);
    let id = said.err.lines().next().unwrap();
    let task = home.task(id);
    assert_eq!((&task["state"], &task["run"]["exit_code"]), (&"failed".into(), &3.into()));
    assert_eq!(task["artifact"]["outcome"], "Ended with exit code 3: no");
    home.quit();
}

#[test]
fn what_cannot_be_run_is_refused_with_a_sentence_and_leaves_nothing_behind() {
    let home = Home::new();
    home.start_and_keep();
    let missing = home.file("no-such-folder").display().to_string();
    let lines = [
        ("run -- no-such-program-anywhere", 6, "program_missing"),
        ("run -- ./no-such-file", 6, "program_missing"),
        (&format!("run --cwd {missing} -- true"), 6, "folder_missing"),
        ("run please do my taxes", 6, "agent_missing"),
        ("run", 2, "bad_usage"),
        ("run --no-such-flag -- true", 2, "bad_usage"),
        ("run --priority soon -- true", 2, "bad_usage"),
        ("run --timeout long -- true", 2, "bad_usage"),
        ("run --env NOT_SET_HERE -- true", 2, "bad_usage"),
        ("run --after bold-falcon-427 -- true", 4, "task_not_found"),
    ];
    for (line, code, name) in lines {
        // `--json` in front: behind `--` it belongs to the program.
        let said = home.run(["--json"].into_iter().chain(line.split_whitespace()));
        let error: Value = serde_json::from_str(&said.err).unwrap();
        assert_eq!((said.code, &error["error"]["code"]), (code, &name.into()), "{line}: {error}");
        let plain = home.run(line.split_whitespace());
        assert_eq!((plain.code, plain.out.as_str()), (code, ""), "{plain:?}");
        is_a_plain_sentence(&plain);
    }
    assert_eq!(home.json("list")["tasks"], Value::Array(Vec::new()), "no task was left behind");
    home.quit();
}

fn is_a_plain_sentence(said: &Said) {
    let mut lines = said.err.lines();
    let first = lines.next().unwrap().strip_prefix("errand: ").unwrap();
    assert!(first.ends_with('.') && !first.contains("Error") && !first.contains("error:"), "{first}");
    let hint = lines.next().unwrap_or_else(|| panic!("no next step: {first}"));
    assert!(hint.starts_with("  ") && lines.next().is_none(), "{said:?}");
}

#[test]
fn a_task_that_is_not_there_or_not_clear_is_refused() {
    let home = Home::new();
    // Ids are drawn by chance; two with the same first letter come sooner or later.
    let mut ids: Vec<String> = Vec::new();
    let twins = loop {
        let id = home.sh("", "true");
        if let Some(twin) = ids.iter().find(|other| other[..1] == id[..1]) {
            break [twin.clone(), id];
        }
        ids.push(id);
    };
    for line in ["show", "log", "wait", "cancel", "retry", "history", "pause", "resume"] {
        let said = home.run([line, "no-such-task"]);
        assert_eq!(said.code, 4, "{line}: {said:?}");
    }
    let (code, error) = home.refused(&format!("show {}", &twins[0][..1]));
    assert_eq!((code, &error["code"]), (6, &"ambiguous".into()), "{error}");
    assert_eq!(home.task(&twins[1].to_uppercase())["id"], twins[1].as_str(), "case does not count");
    home.quit();
}

#[test]
fn the_same_key_is_the_same_task_and_other_work_under_it_is_refused() {
    let home = Home::new();
    let first = home.sh("--key nightly", "echo one");
    let again = home.run(["run", "--key", "nightly", "--json", "--", "sh", "-c", "echo one"]);
    let reply: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&reply["id"], &reply["duplicate"]), (&first.as_str().into(), &true.into()));
    let other = home.run(["--json", "run", "--key", "nightly", "--", "sh", "-c", "echo two"]);
    let error: Value = serde_json::from_str(&other.err).unwrap();
    assert_eq!((other.code, &error["error"]["code"]), (6, &"key_conflict".into()), "{error}");
    home.ended(&[&first]);
    // Also after its end.
    assert_eq!(home.sh("--key nightly", "echo one"), first);
    assert_eq!(home.json("list")["tasks"].as_array().unwrap().len(), 1);
    home.quit();
}

#[test]
fn a_program_gets_the_callers_folder_and_few_variables() {
    let home = Home::new();
    let script = "pwd; env | cut -d= -f1 | sort | tr '\\n' ' '; echo; echo $GIVEN $TAKEN";
    let mut command =
        home.command(["run", "--wait", "--env", "GIVEN=a", "--env", "TAKEN", "--", "sh", "-c", script]);
    let said = finish(background({
        command.env("TAKEN", "b").env("AWS_SECRET_ACCESS_KEY", "s").env("LANG", "C.UTF-8");
        command
    }));
    let mut lines = said.out.lines();
    assert_eq!(lines.next().unwrap(), home.work().display().to_string());
    let names: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert!(
        names.contains(&"LANG") && names.contains(&"ERRAND_TASK") && names.contains(&"PATH"),
        "{names:?}"
    );
    let leaked = names.iter().any(|name| ["AWS_SECRET_ACCESS_KEY", "ERRAND_HOME"].contains(name));
    assert!(!leaked, "{names:?}");
    assert_eq!(said.out.lines().last(), Some("a b"));
    home.quit();
}

#[test]
fn a_start_time_is_waited_for() {
    let home = Home::new();
    let id = home.sh("--at +2s", "date +%s%3N");
    let waiting = home.task(&id);
    assert_eq!(
        (&waiting["state"], &waiting["reason"]["code"]),
        (&"waiting".into(), &"waits_for_time".into())
    );
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["state"], "completed");
    // Both are of one form, so that they compare as text.
    assert!(task["run"]["started_at"].as_str() >= task["start_at"].as_str(), "{task}");
    home.quit();
}

#[test]
fn the_most_pressing_task_comes_first() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let first = home.sh("", &format!("read x < {}", gate.display()));
    home.wait_for_state(&first, "running");
    home.ok("settings set slots 1");
    let order = home.file("order");
    let mut ids = Vec::new();
    for priority in ["low", "normal", "high", "normal", "urgent"] {
        let n = ids.len();
        ids.push(
            home.sh(&format!("--priority {priority}"), &format!("echo {priority}{n} >> {}", order.display())),
        );
    }
    let why = home.task(&ids[1]);
    assert!(why["why_waiting"].as_str().is_some_and(|why| !why.is_empty()), "{why}");
    home.open(&gate);
    home.ended(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(home.lines("order"), ["urgent4", "high2", "normal1", "normal3", "low0"]);
    home.quit();
}
