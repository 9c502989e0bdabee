//! What is done around the work: the folder's own file, checks before "done" is believed, tools between turns.

use std::fs;

use crate::world::{Home, processes};

use super::{hand_over, script};

/// A folder with this file, and tasks allowed to do what it says.
fn folder(home: &Home, file: &str) -> String {
    let folder = home.file("project");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".errand.toml"), file).unwrap();
    let folder = folder.display().to_string();
    home.ok(&format!("folder allow {folder}"));
    folder
}

/// What the timeline says of its runs for this reason.
fn lines_of_runs(home: &Home, id: &str, reason: &str) -> Vec<String> {
    let history = home.json(&format!("history {id}"));
    let rows = history["rows"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["subject"] == "run" && row["reason"]["code"] == reason);
    rows.map(|row| row["reason"]["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_folders_file_does_nothing_before_its_person_has_allowed_it_word_for_word() {
    let home = Home::new();
    home.start_and_keep();
    let folder = home.file("project");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".errand.toml"), "before_run = ['touch prepared']\n").unwrap();
    let run = format!("run --cwd {} -- true", folder.display());
    let (code, error) = home.refused(&format!("--json {run}"));
    assert_eq!((code, error["code"].as_str()), (6, Some("folder_not_allowed")), "{error}");
    assert!(error["message"].as_str().unwrap().contains("touch prepared"), "{error}");
    let seen = home.json(&format!("folder show {}", folder.display()));
    assert_eq!(
        (seen["allowed"].as_bool(), seen["commands"][0]["part"].as_str()),
        (Some(false), Some("before_run"))
    );

    home.ok(&format!("folder allow {}", folder.display()));
    let id = home.ok(&run).trim().to_owned();
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "completed");
    assert!(folder.join("prepared").exists());

    fs::write(folder.join(".errand.toml"), "before_run = ['touch other']\n").unwrap();
    assert_eq!(home.refused(&format!("--json {run}")).1["code"], "folder_not_allowed");
    home.ok(&format!("run --no-folder-file --cwd {} -- true", folder.display()));
    home.ok(&format!("folder forget {}", folder.display()));
    fs::write(folder.join(".errand.toml"), "before_run = touch").unwrap();
    let (_, error) = home.refused(&format!("--json {run}"));
    assert_eq!(error["code"], "bad_folder_file");
    assert!(error["message"].as_str().unwrap().contains("line 1"), "{error}");
    assert!(!folder.join("other").exists());
    home.quit();
}

#[test]
fn a_worker_that_says_done_too_early_is_told_what_failed_and_goes_on() {
    let home = Home::new();
    home.start_and_keep();
    let folder = folder(
        &home,
        "preflight = ['true']\nbefore_run = ['touch up']\n\
         stop_checks = [['sh', '-c', 'test -e up && test -e good || { echo nothing good here; exit 7; }']]\n\
         after_run = ['rm up']\n",
    );
    let worker = r#"grep -q 'nothing good here' "$ERRAND_PROMPT_FILE" && touch good
        echo '{"status": "done", "summary": "All of it."}' > "$ERRAND_RESPONSE_FILE""#;
    let id = script(&home, &format!("Work --cwd {folder}"), worker);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (task["state"].as_str(), task["with_gaps"].as_bool()),
        (Some("completed"), Some(false)),
        "{task}"
    );
    assert_eq!(task["run"]["turn"], 2, "{task}");
    assert_eq!(task["artifact"]["verification"][0]["met"], true);
    assert!(home.reasons(&id).contains(&"checks_failed".to_owned()));
    home.wait_for(&id, "is cleaned up", |task| task["run"]["phase"] == "over");
    assert!(!home.file("project/up").exists(), "after_run was done");
    let log = home.ok(&format!("log {id} --json"));
    let mut lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let said = lines.find(|line| line["text"].as_str().is_some_and(|text| text.starts_with("nothing good")));
    assert_eq!(said.unwrap()["stream"], "aside", "{log}");
    home.quit();
}

#[test]
fn nothing_that_says_done_is_believed_while_a_check_fails() {
    let home = Home::new();
    home.start_and_keep();
    let plain = hand_over(&home, "--check false --retries 1", &["true"]);
    let worker = script(
        &home,
        "Lie --check false --turns 2",
        r#"echo '{"status": "done"}' > "$ERRAND_RESPONSE_FILE""#,
    );
    let exits = script(&home, "Leave --check false --turns 2", "true");
    let by_word = script(
        &home,
        "--check false",
        r#"$E --json finish "It is done." > said 2>&1; echo $? > code; exit 3"#,
    );
    home.ended(&[&plain, &worker, &exits, &by_word]);
    for id in [&plain, &worker, &exits] {
        let task = home.task(id);
        let found = (task["state"].as_str(), task["reason"]["code"].as_str());
        assert_eq!(found, (Some("failed"), Some("checks_failed")), "{task}");
        assert_eq!(task["artifact"]["verification"][0]["met"], false);
    }
    assert_eq!(home.task(&plain)["run"]["n"], 2, "another attempt, since it ended by a known exit");
    assert_eq!(home.task(&worker)["run"]["turn"], 2);
    assert_eq!(home.lines("code"), ["6"]);
    assert!(home.lines("said").join("").contains("checks_failed"), "{:?}", home.lines("said"));
    assert_eq!(home.task(&by_word)["reason"]["code"], "exit_nonzero");
    home.quit();
}

#[test]
fn a_result_by_word_waits_for_its_checks_and_keeps_them() {
    let home = Home::new();
    home.start_and_keep();
    let fifo = home.fifo("hold");
    let check = format!("sh -c 'read -r _ < {}'", fifo.display());
    let said = home.run([
        "run",
        "--check",
        &check,
        "--",
        "sh",
        "-c",
        r#"exec "$ERRAND_PROGRAM" finish 'It is done.'"#,
    ]);
    let id = said.out.trim().to_owned();
    let checking = home.wait_for(&id, "checks", |task| {
        task["run"]["checkpoint"].as_str().is_some_and(|doing| doing.contains("checking: sh -c"))
    });
    assert_eq!(checking["state"], "running");
    home.open(&fifo);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!((task["state"].as_str(), home.report(&id).as_str()), (Some("completed"), "It is done."));
    assert_eq!(task["artifact"]["verification"][0]["met"], true);
    home.quit();
}

#[test]
fn what_prepares_a_run_goes_with_a_cancel_and_what_was_prepared_is_cleaned_up() {
    let home = Home::new();
    home.start_and_keep();
    let folder = folder(
        &home,
        "before_run = [['sh', '-c', 'echo $$ > up; setsid -f sleep 600; exec sleep 600']]\nafter_run = ['rm up']\n",
    );
    let id = hand_over(&home, &format!("--cwd {folder}"), &["touch", "worked"]);
    home.wait_for_file("project/up");
    let doing = home.wait_for(&id, "prepares", |task| task["run"]["checkpoint"].as_str().is_some());
    assert!(doing["run"]["checkpoint"].as_str().unwrap().starts_with("preparing: sh -c"), "{doing}");
    home.ok(&format!("cancel {id}"));
    home.wait_for(&id, "is over", |task| task["run"]["phase"] == "over");
    assert_eq!(home.state(&id), "cancelled");
    assert!(processes::programs_of(&home).is_empty());
    assert!(!home.file("project/up").exists() && !home.file("project/worked").exists());
    home.quit();
}

#[test]
fn an_engine_that_dies_while_a_run_is_prepared_leaves_no_process_and_the_work_undone() {
    let home = Home::new();
    let engine = home.start();
    let folder =
        folder(&home, "before_run = [['sh', '-c', 'echo $$ > up; setsid -f sleep 600; exec sleep 600']]\n");
    let id = hand_over(&home, &format!("--cwd {folder}"), &["touch", "worked"]);
    home.wait_for_file("project/up");
    engine.kill();
    home.nothing_left();
    home.start_and_keep();
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "unknown");
    assert!(!home.file("project/worked").exists());
    home.quit();
}

#[test]
fn what_is_missing_before_a_start_is_said_and_a_failure_to_clean_up_is_told() {
    let home = Home::new();
    home.start_and_keep();
    let needs = folder(&home, "preflight = ['test -e key']\n");
    let id = hand_over(&home, &format!("--cwd {needs}"), &["touch", "worked"]);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(
        (task["state"].as_str(), task["reason"]["code"].as_str()),
        (Some("failed"), Some("preflight_failed")),
        "{task}"
    );
    assert!(home.report(&id).contains("test -e key"), "{}", home.report(&id));
    let leaves = folder(&home, "after_run = [['sh', '-c', 'echo no such network; exit 4']]\n");
    let id = hand_over(&home, &format!("--cwd {leaves}"), &["true"]);
    let told = home.wait_for(&id, "tells", |task| {
        let told = task["deliveries"].as_array().unwrap();
        told.iter().any(|delivery| delivery["kind"] == "notice")
    });
    assert_eq!(told["state"], "completed", "what it did stays done");
    assert_eq!(lines_of_runs(&home, &id, "after_run_failed").len(), 1);
    let (code, error) = home.refused(&format!("--json run --check no-such-program --cwd {leaves} -- true"));
    assert_eq!((code, error["code"].as_str()), (6, Some("program_missing")), "{error}");
    home.quit();
}

#[test]
fn tools_are_used_between_turns_inside_the_folder_and_what_the_policy_allows() {
    let home = Home::new();
    home.start_and_keep();
    fs::write(home.scratch().join("secret"), "the key").unwrap();
    let worker = |calls: &str| {
        format!(
            r#"if [ "$ERRAND_TURN" = 1 ]; then
                printf '%s' '{{"status": "continue", "tool_calls": [{calls}]}}' > "$ERRAND_RESPONSE_FILE"
            else
                cat "$ERRAND_REQUEST_FILE" > request.json; echo '{{"status": "done"}}' > "$ERRAND_RESPONSE_FILE"
            fi"#
        )
    };
    let calls = r#"{"id": "1", "name": "write_file", "arguments": {"path": "a/b.txt", "text": "one\ntwo\n"}},
        {"id": "2", "name": "edit_file", "arguments": {"path": "a/b.txt", "old": "two", "new": "three"}},
        {"id": "3", "name": "run_command", "arguments": {"argv": ["cat", "a/b.txt"]}},
        {"id": "4", "name": "read_file", "arguments": {"path": "../secret"}},
        {"id": "5", "name": "open_the_door"}"#;
    let folder = home.file("project");
    fs::create_dir_all(&folder).unwrap();
    let id = script(&home, &format!("Use --cwd {}", folder.display()), &worker(calls));
    home.ended(&[&id]);
    let request: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("request.json")).unwrap()).unwrap();
    let results = request["tool_results"].as_array().unwrap();
    let ok: Vec<bool> = results.iter().map(|result| result["ok"].as_bool().unwrap()).collect();
    assert_eq!(ok, [true, true, true, false, false], "{request}");
    assert_eq!(results[2]["output"], "one\nthree\n");
    assert!(!request.to_string().contains("the key"));
    let tools = request["tools"].as_array().unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == "web_fetch" && tool["reason"] == "builtin_agent_only"));
    let record = lines_of_runs(&home, &id, "aside").join("\n");
    assert!(record.contains("run_command cat a/b.txt") && record.contains("read_file ../secret"), "{record}");
    home.quit();
}
