//! What a worker may not simply do: asked about, decided, bound to what was shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::world::service::Service;
use crate::world::{Home, background, finish, parsed, schema};

use super::script;

/// A folder with a program in it that says that it ran, and a worker that calls tools in its first turns.
struct Lab {
    home: Home,
    folder: PathBuf,
}

impl Lab {
    fn new() -> Lab {
        Lab::of(Home::new())
    }

    fn of(home: Home) -> Lab {
        let folder = home.file("project");
        fs::create_dir_all(&folder).unwrap();
        let lab = Lab { home, folder };
        lab.program("build.sh", "echo \"ran $*\" >> ran");
        lab
    }

    fn program(&self, name: &str, body: &str) {
        let path = self.folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// It makes these calls in each of its first turns, then is done.
    fn calls(&self, calls: &Value) {
        let response = json!({ "status": "continue", "tool_calls": calls });
        fs::write(self.folder.join("response.json"), response.to_string()).unwrap();
    }

    fn worker(&self, flags: &str, turns: u32) -> String {
        let turn = format!(
            r#"cp "$ERRAND_REQUEST_FILE" "request.$ERRAND_TURN.json"
            if [ "$ERRAND_TURN" -le {turns} ]; then cp response.json "$ERRAND_RESPONSE_FILE"
            else echo '{{"status": "done"}}' > "$ERRAND_RESPONSE_FILE"; fi"#
        );
        script(&self.home, &format!("Work --cwd {} {flags}", self.folder.display()), &turn)
    }

    /// Its one open question.
    #[track_caller]
    fn asked(&self, id: &str) -> Value {
        let task =
            self.home.wait_for(id, "asks", |task| task["state"] == "needs_you" && open(task).len() == 1);
        open(&task)[0].clone()
    }

    #[track_caller]
    fn answer(&self, id: &str, flags: &str) {
        self.home.ok(&format!("answer {id} {flags}"));
    }

    /// What came of the calls of the turn before this one.
    fn results(&self, turn: u32) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join(format!("request.{turn}.json"))).unwrap();
        parsed(&text)["tool_results"].as_array().unwrap().clone()
    }

    fn ran(&self) -> Vec<String> {
        lines(&self.folder.join("ran"))
    }

    /// The reasons that the runs of a task and its questions have given.
    fn reasons(&self, id: &str) -> Vec<String> {
        let history = self.home.json(&format!("history {id}"));
        let rows = history["rows"].as_array().unwrap().iter();
        rows.map(|row| row["reason"]["code"].as_str().unwrap().to_owned()).collect()
    }
}

fn open(task: &Value) -> Vec<&Value> {
    task["questions"].as_array().unwrap().iter().filter(|question| question["state"] == "open").collect()
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn runs(argv: &[&str]) -> Value {
    json!([{ "id": "1", "name": "run_command", "arguments": { "argv": argv } }])
}

fn writes(files: &[(&str, &str)]) -> Value {
    let calls = files.iter().map(|(path, text)| {
        json!({ "id": path, "name": "write_file", "arguments": { "path": path, "text": text } })
    });
    calls.collect()
}

#[test]
fn a_command_that_no_rule_allows_is_shown_and_done_once_when_it_is_approved() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh", "all of it"]));
    let id = lab.worker("--security allowlist", 1);
    let asked = lab.asked(&id);
    assert_eq!(asked["kind"], "command_approval");
    let approval = &asked["approval"];
    assert_eq!(approval["command"]["line"], "./build.sh 'all of it'");
    assert_eq!(approval["command"]["cwd"], lab.folder.display().to_string());
    assert_eq!(approval["command"]["programs"][0], lab.folder.join("build.sh").display().to_string());
    assert_eq!(approval["binding"], "bound");
    assert!(approval["why"].as_str().unwrap().starts_with("No rule allows"), "{approval}");
    let shown = lab.home.ok(&format!("show {id}"));
    assert!(
        shown.contains("Runs    ./build.sh 'all of it'") && shown.contains("--approve --for task"),
        "{shown}"
    );
    assert!(lab.ran().is_empty(), "it is asked before it is done");

    // What is no decision decides nothing.
    for text in ["yes", "approve"] {
        let (code, error) = lab.home.refused(&format!("answer {id} {text}"));
        assert_eq!((code, error["code"].as_str()), (6, Some("bad_answer")), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--approve"), "{error}");
    }
    let (code, _) = lab.home.refused(&format!("answer {id} --approve --file other=deny"));
    assert_eq!(code, 6);
    let (code, _) = lab.home.refused(&format!("answer {id} --approve --until 2020-01-01T00:00:00Z"));
    assert_eq!(code, 2);

    lab.answer(&id, "--approve");
    lab.home.ended(&[&id]);
    assert_eq!(lab.ran(), ["ran all of it"]);
    assert_eq!(lab.results(2)[0]["ok"], true);
    let task = lab.home.task(&id);
    schema::fits("TaskView", &task);
    assert_eq!(task["state"], "completed", "{task}");
    assert_eq!(task["questions"][0]["answered"]["choice"], "approved");
    assert_eq!(task["questions"][0]["answered"]["surface"], "terminal");
    lab.home.quit();
}

#[test]
fn what_is_approved_for_the_task_is_not_asked_again_unless_its_program_is_another_one() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    let id = lab.worker("--ask always --turns 9", 3);
    lab.asked(&id);
    lab.answer(&id, "--approve --for task");
    lab.home.ended(&[&id]);
    assert_eq!(lab.ran().len(), 3);
    assert_eq!(lab.home.task(&id)["questions"].as_array().unwrap().len(), 1);
    assert!(lab.reasons(&id).contains(&"approved_before".to_owned()));

    // Its own first run changes it: the second is another program.
    lab.program("build.sh", "echo ran >> ran; echo '# more' >> build.sh");
    let id = lab.worker("--ask always --turns 9", 2);
    lab.asked(&id);
    lab.answer(&id, "--approve --for task");
    let again = lab.home.wait_for(&id, "asks again", |task| task["questions"].as_array().unwrap().len() == 2);
    assert_eq!(open(&again).len(), 1);
    lab.answer(&id, "--deny");
    lab.home.ended(&[&id]);
    assert_eq!(lab.ran().len(), 4);
    lab.home.quit();
}

#[test]
fn what_was_denied_is_not_done_and_refused_at_once_when_it_comes_again() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    let id = lab.worker("--security allowlist --turns 9", 3);
    lab.asked(&id);
    let said = lab.home.run(["answer", &id, "--deny", "--reason", "not on a Friday"]);
    assert_eq!(said.code, 0, "{said:?}");
    lab.home.ended(&[&id]);
    assert!(lab.ran().is_empty());
    for turn in 2..=4 {
        let result = &lab.results(turn)[0];
        assert_eq!(result["ok"], false);
        assert!(result["output"].as_str().unwrap().contains("not on a Friday"), "{result}");
    }
    let task = lab.home.task(&id);
    assert_eq!(task["questions"].as_array().unwrap().len(), 1, "asked once");
    assert_eq!(lab.reasons(&id).iter().filter(|reason| *reason == "denied_before").count(), 2);
    lab.home.quit();
}

/// Approves what was shown after it has become something else, and sees that it is asked again instead of done.
#[track_caller]
fn is_asked_again(lab: &Lab, change: impl FnOnce(&Lab)) {
    let id = lab.worker("--ask always", 1);
    lab.asked(&id);
    change(lab);
    lab.answer(&id, "--approve");
    let again = lab.home.wait_for(&id, "asks again", |task| task["questions"].as_array().unwrap().len() == 2);
    let why = open(&again)[0]["approval"]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("it changed since it was approved"), "{why}");
    assert!(lab.ran().is_empty());
    lab.answer(&id, "--deny");
    lab.home.ended(&[&id]);
    assert!(lab.ran().is_empty());
}

#[test]
fn a_program_that_changes_after_it_was_shown_is_asked_about_again() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    is_asked_again(&lab, |lab| lab.program("build.sh", "echo worse >> ran"));
    lab.home.quit();
}

#[test]
fn a_script_that_changes_after_it_was_shown_is_asked_about_again() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["sh", "-e", "build.sh"]));
    is_asked_again(&lab, |lab| lab.program("build.sh", "echo worse >> ran"));
    lab.home.quit();
}

#[test]
fn another_folder_in_the_place_of_the_one_that_was_shown_is_asked_about_again() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    is_asked_again(&lab, |lab| {
        let aside = lab.home.file("aside");
        fs::rename(&lab.folder, &aside).unwrap();
        fs::create_dir(&lab.folder).unwrap();
        for file in fs::read_dir(&aside).unwrap() {
            let path = file.unwrap().path();
            fs::rename(&path, lab.folder.join(path.file_name().unwrap())).unwrap();
        }
    });
    lab.home.quit();
}

#[test]
fn a_file_that_changes_after_its_diff_was_shown_is_asked_about_again() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    fs::write(lab.folder.join("notes.md"), "mine\n").unwrap();
    lab.calls(&writes(&[("notes.md", "theirs\n")]));
    is_asked_again(&lab, |lab| fs::write(lab.folder.join("notes.md"), "mine\nand more\n").unwrap());
    assert_eq!(lines(&lab.folder.join("notes.md")), ["mine", "and more"]);
    lab.home.quit();
}

#[test]
fn an_approval_of_an_engine_that_was_killed_is_for_that_very_request_and_for_one() {
    for (argument, asks_again) in [("one", false), ("two", true)] {
        let lab = Lab::new();
        let engine = lab.home.start();
        lab.calls(&runs(&["./build.sh", "one"]));
        let id = lab.worker("--ask always --turns 9", 2);
        lab.asked(&id);
        engine.kill();
        lab.home.nothing_left();
        // The worker begins its turn again, and may want something else by then.
        lab.calls(&runs(&["./build.sh", argument]));
        lab.home.start_and_keep();
        let asked = lab.asked(&id);
        assert_eq!(asked["id"], "q1", "the question is still there");
        assert!(lab.ran().is_empty());
        lab.answer(&id, "--approve");
        let more = lab.asked(&id);
        assert_eq!(more["id"], "q2");
        // The same a second time, or another argument: both are asked about.
        assert_eq!(lab.ran().len(), usize::from(!asks_again), "{argument}");
        let said = lab.home.run(["answer", &id, "--deny", "--reason", "enough"]);
        assert_eq!(said.code, 0, "{said:?}");
        lab.home.ended(&[&id]);
        assert_eq!(lab.ran().len(), usize::from(!asks_again), "{argument}");
        assert!(lab.home.reasons(&id).contains(&"recovered".to_owned()));
        lab.home.quit();
    }
}

#[test]
fn several_changes_are_one_question_with_a_diff_and_a_decision_for_each() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    fs::write(lab.folder.join("kept.txt"), "one\ntwo\nthree\n").unwrap();
    let edit = |old: &str, new: &str| json!({ "id": old, "name": "edit_file", "arguments": { "path": "kept.txt", "old": old, "new": new } });
    let mut calls = writes(&[("good.txt", "new\n"), ("bad.txt", "worse\n")]);
    calls.as_array_mut().unwrap().extend([edit("two", "2"), edit("three", "3")]);
    lab.calls(&calls);
    let id = lab.worker("--ask always", 1);
    let asked = lab.asked(&id);
    assert_eq!(asked["kind"], "file_approval");
    let files = asked["approval"]["files"].as_array().unwrap();
    let named: Vec<&str> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(named, ["good.txt", "bad.txt", "kept.txt"]);
    assert_eq!((&files[0]["action"], &files[2]["action"]), (&json!("create"), &json!("modify")));
    let diff = files[2]["diff"].as_str().unwrap();
    assert!(diff.contains("-two\n-three\n+2\n+3\n") && diff.contains(" one\n"), "{diff}");
    assert!(lab.home.ok(&format!("show {id}")).contains("    +2"), "the diff is shown as it is");
    lab.answer(&id, "--approve --file bad.txt=deny");
    lab.home.ended(&[&id]);
    let ok: Vec<bool> = lab.results(2).iter().map(|result| result["ok"].as_bool().unwrap()).collect();
    assert_eq!(ok, [true, false, true, true]);
    assert!(!lab.folder.join("bad.txt").exists());
    assert_eq!(lines(&lab.folder.join("kept.txt")), ["one", "2", "3"]);
    let task = lab.home.task(&id);
    let files = task["questions"][0]["approval"]["files"].as_array().unwrap();
    let verdicts: Vec<&str> = files.iter().map(|file| file["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["approve", "deny", "approve"], "and it is still told how each was decided");
    lab.home.quit();
}

#[test]
fn twenty_answers_at_once_are_one_decision() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    let id = lab.worker("--ask always", 1);
    lab.asked(&id);
    let answers: Vec<_> = (0..20)
        .map(|n| {
            let verdict = if n % 2 == 0 { "--approve" } else { "--deny" };
            background(lab.home.command(["answer", &id, "--question", "q1", verdict, "--json"]))
        })
        .collect();
    let said: Vec<_> = answers.into_iter().map(finish).collect();
    let (won, lost): (Vec<_>, Vec<_>) = said.iter().partition(|said| said.code == 0);
    assert_eq!(won.len(), 1, "{won:?}");
    for other in lost {
        let code = parsed(&other.err)["error"]["code"].clone();
        assert!(other.code == 6 && code == "already_answered", "{other:?}");
    }
    lab.home.ended(&[&id]);
    let task = lab.home.task(&id);
    let approved = task["questions"][0]["answered"]["choice"] == "approved";
    assert_eq!(lab.ran().len(), usize::from(approved));
    lab.home.quit();
}

#[test]
fn nobody_is_asked_where_that_was_agreed_and_grants_allow_what_they_say() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    let denied = lab.worker("--security allowlist --unattended deny", 1);
    lab.home.ended(&[&denied]);
    assert!(lab.results(2)[0]["output"].as_str().unwrap().contains("nobody is to be asked"));
    assert!(lab.reasons(&denied).contains(&"refused_unattended".to_owned()));

    let folder = lab.folder.display().to_string();
    let add = |rule: &str, rest: &[&str]| {
        let args = ["grants", "add", rule, "--folder", &folder, "--until", "+2h"];
        lab.home.run(args.iter().chain(rest).copied())
    };
    let said = add("bash *", &[]);
    assert!(said.code == 2 && said.err.contains("no rule"), "{said:?}");
    let made = add("./build.sh", &["--uses", "1"]);
    assert_eq!((made.code, made.out.trim()), (0, "1"), "{made:?}");
    let allowed = lab.worker("--security allowlist --unattended grants", 2);
    lab.home.ended(&[&allowed]);
    assert_eq!(lab.ran().len(), 1, "once, as the grant says");
    assert_eq!(lab.home.task(&allowed)["questions"].as_array().unwrap().len(), 0);
    let reasons = lab.reasons(&allowed);
    assert!(reasons.contains(&"granted".to_owned()) && reasons.contains(&"refused_unattended".to_owned()));
    let grants = lab.home.json("grants");
    schema::fits("Grants", &grants);
    assert_eq!((&grants["grants"][0]["state"], &grants["grants"][0]["used"]), (&json!("used_up"), &json!(1)));

    // One that a person makes while answering is for the next task as well, until it is revoked.
    let id = lab.worker("--security allowlist", 1);
    lab.asked(&id);
    lab.answer(&id, "--approve --until +1h");
    lab.home.ended(&[&id]);
    let next = lab.worker("--security allowlist --unattended grants", 1);
    lab.home.ended(&[&next]);
    assert_eq!(lab.ran().len(), 3);
    lab.home.ok("grants revoke 2");
    let last = lab.worker("--security allowlist --unattended grants", 1);
    lab.home.ended(&[&last]);
    assert_eq!(lab.ran().len(), 3);
    assert!(lab.home.ok("grants list").contains("revoked"));
    let (code, error) = lab.home.refused("grants revoke 77");
    assert_eq!((code, error["code"].as_str()), (4, Some("grant_not_found")), "{error}");
    lab.home.quit();
}

#[test]
fn one_decision_is_enough_for_identical_requests_of_several_tasks() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    let ids = [1, 2, 3].map(|_| lab.worker("--ask always", 1));
    ids.iter().for_each(|id| drop(lab.asked(id)));
    assert_eq!(lab.asked(&ids[0])["approval"]["alike"], 2);
    lab.answer(&ids[0], "--approve --alike");
    lab.home.ended(&[&ids[0], &ids[1], &ids[2]]);
    assert_eq!(lab.ran().len(), 3);
    lab.home.quit();
}

/// With rules for a few harmless commands, and nobody to ask: nothing of this may run.
#[test]
fn hostile_commands_find_no_way_around_an_allowlist() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    fs::write(lab.home.scratch().join("secret"), "the key").unwrap();
    fs::write(lab.folder.join("plain.txt"), "plain").unwrap();
    std::os::unix::fs::symlink("../../secret", lab.folder.join("link")).unwrap();
    let hostile: &[&[&str]] = &[
        &["sh", "-c", "echo >> ran"],
        &["/bin/cat", "plain.txt"],
        &["cat", "../../secret"],
        &["cat", "link"],
        &["cat", "plain.txt", "/etc/passwd"],
        &["cat", "-n", "plain.txt"],
        &["env", "cat", "plain.txt"],
        &["CAT", "plain.txt"],
        &["cat plain.txt"],
        &["cat", "plain.txt;./build.sh"],
        &["cat", "plain.txt", "&&", "./build.sh"],
        &["cat", "$(./build.sh)"],
        &["git", "-c", "core.pager=./build.sh", "status"],
        &["git", "status", "--short"],
        &["./build.sh"],
        &["find", ".", "-exec", "./build.sh", ";"],
        &["cat", ""],
        &["cat", "plain.txt\u{202e}"],
        &["xargs", "cat"],
        &["sudo", "cat", "plain.txt"],
    ];
    let calls = hostile.iter().enumerate().map(
        |(n, argv)| json!({ "id": n.to_string(), "name": "run_command", "arguments": { "argv": argv } }),
    );
    lab.calls(&calls.collect());
    let run = |ask: &str| {
        let folder = lab.folder.display().to_string();
        let args = ["run", "Work", "--cwd", &folder, "--ask", ask, "--allow", "cat <path>", "--allow"];
        let turn = r#"if [ "$ERRAND_TURN" = 1 ]; then cp response.json "$ERRAND_RESPONSE_FILE"
            else cp "$ERRAND_REQUEST_FILE" request.2.json; echo '{"status": "done"}' > "$ERRAND_RESPONSE_FILE"; fi"#;
        let said = lab.home.run(args.iter().chain(&["git status", "--", "sh", "-c", turn]).copied());
        assert_eq!(said.code, 0, "{said:?}");
        said.out.trim().to_owned()
    };
    let id = run("off");
    lab.home.ended(&[&id]);
    let results = lab.results(2);
    assert_eq!(results.len(), hostile.len());
    for (argv, result) in hostile.iter().zip(&results) {
        assert_eq!(result["ok"], false, "{argv:?}: {result}");
        // No shell reads them: such signs are part of the name of a file that is not there.
        let is_name = argv.len() == 2 && argv[1].contains([';', '$']);
        let refused = result["output"].as_str().unwrap().starts_with("not done: ");
        assert_eq!(refused, !is_name, "{argv:?}: {result}");
    }
    assert!(lab.ran().is_empty());
    // What the rule means is done, without a question.
    lab.calls(&runs(&["cat", "plain.txt"]));
    let id = run("on-miss");
    lab.home.ended(&[&id]);
    assert_eq!(lab.results(2)[0]["output"], "plain");
    assert!(lab.home.task(&id)["questions"].as_array().unwrap().is_empty());
    lab.home.quit();
}

#[test]
fn a_cancel_withdraws_what_is_asked_and_a_denied_security_runs_nothing() {
    let lab = Lab::new();
    lab.home.start_and_keep();
    lab.calls(&runs(&["./build.sh"]));
    let id = lab.worker("--ask always", 1);
    lab.asked(&id);
    lab.home.ok(&format!("cancel {id}"));
    let (code, error) = lab.home.refused(&format!("answer {id} --approve"));
    assert_eq!((code, error["code"].as_str()), (4, Some("question_not_found")), "{error}");
    let none = lab.worker("--security deny", 1);
    lab.home.ended(&[&none]);
    assert!(lab.results(2)[0]["output"].as_str().unwrap().contains("no commands"));
    assert!(lab.ran().is_empty());
    // A plain program is not seen, so nothing is promised about it.
    let said = lab.home.run(["run", "--json", "--ask", "always", "--", "true"]);
    assert!(said.code == 6 && said.err.contains("cannot_enforce"), "{said:?}");
    let said = lab.home.run(["run", "--json", "Work", "--allow", "sudo", "--", "true"]);
    assert!(said.code == 2 && said.err.contains("bad_usage"), "{said:?}");
    lab.home.quit();
}

#[test]
fn a_banner_takes_a_no_always_and_a_yes_only_for_what_is_harmless_and_stands_there_in_full() {
    let service = Service::start();
    let lab = Lab::of(Home::new().on_bus(service.bus()));
    lab.home.start_and_keep();
    let asks = |flags: &str, argv: &[&str]| {
        lab.calls(&runs(argv));
        let id = lab.worker(flags, 1);
        let banner = service.shown(&format!("A program asks in {id}"));
        let labels: Vec<String> = banner.actions.iter().map(|(_, label)| label.clone()).collect();
        (id, banner, labels)
    };
    // A rule allows it, and this task asks about everything.
    let listed = "--allow ./build.sh --allow true --ask always";
    let (id, banner, labels) = asks(listed, &["./build.sh"]);
    assert_eq!(labels, ["Open", "Review", "Approve", "Deny"]);
    assert!(banner.body.ends_with("May it run `./build.sh`?"), "{}", banner.body);
    service.press(&banner, "Approve");
    lab.home.wait_for_state(&id, "completed");
    assert_eq!(lab.ran(), ["ran "]);
    let question = lab.home.task(&id)["questions"][0].clone();
    assert_eq!(question["answered"]["surface"], "notification", "{question}");

    let long = "x".repeat(400);
    let hidden = "a\u{202e}b";
    for (flags, argv) in [
        ("--ask always", vec!["./build.sh"]),
        (listed, vec!["./build.sh", "more"]),
        (listed, vec!["./build.sh", long.as_str()]),
        (listed, vec!["./build.sh", hidden]),
    ] {
        let (id, banner, labels) = asks(flags, &argv);
        assert_eq!(labels, ["Open", "Review", "Deny"], "{flags} {argv:?}");
        service.press(&banner, "Deny");
        lab.home.wait_for_state(&id, "completed");
        assert_eq!(lab.home.task(&id)["questions"][0]["answered"]["surface"], "notification");
    }
    assert_eq!(lab.ran(), ["ran "], "what was denied did not run");
    lab.home.quit();
}
