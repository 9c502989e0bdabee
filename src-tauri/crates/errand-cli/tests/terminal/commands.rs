use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Script, World, asking, fault, said, task, with_report};
use serde_json::{Value, json};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn run_reply() -> Value {
    json!({"id": "bold-falcon-427", "duplicate": false, "notes": []})
}

fn row(id: &str) -> Value {
    json!({
        "id": id, "title": "Build", "state": "completed", "holds": [], "reason": {"code": "r", "text": "t"},
        "outcome": "all good", "command": "make", "cwd": "/", "labels": [], "priority": "normal", "open_questions": 0,
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z", "ended_at": null, "archived_at": null,
    })
}

#[test]
fn run_prints_the_id_alone_and_sends_the_callers_folder_and_variables() {
    let world = World::with(Script::default().reply("run", run_reply()));
    let mut command = world.command(&["run", "--label", "x", "--", "make", "-j", "2"]);
    let said =
        said(command.env("LANG", "sv_SE.UTF-8").env("SECRET", "s").current_dir("/usr").output().unwrap());
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "bold-falcon-427\n", ""));
    let sent = world.last("run");
    assert_eq!((&sent["argv"], &sent["cwd"]), (&json!(["make", "-j", "2"]), &json!("/usr")));
    assert_eq!(sent["env"], json!({"LANG": "sv_SE.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}));
}

#[test]
fn json_prints_what_the_engine_said_also_what_this_version_does_not_know() {
    let world = World::with(Script::default().reply("show", task("bold-falcon-427", "running")));
    let said = world.run(&["show", "bold", "--json"]);
    assert_eq!((said.code, said.out.lines().count()), (0, 1));
    assert_eq!(parsed(&said.out), task("bold-falcon-427", "running"));
    assert_eq!(world.last("show"), json!({"task": "bold"}));
}

#[test]
fn errors_have_a_code_a_sentence_and_a_next_step_in_both_forms() {
    let world = World::with(Script::default().on("show", |_| Err(fault("task_not_found", "No task “x”."))));
    let plain = world.run(&["show", "x"]);
    assert_eq!((plain.code, plain.out.as_str()), (4, ""));
    assert_eq!(plain.err, "errand: No task “x”.\n  Do this.\n");
    let json = world.run(&["--json", "show", "x"]);
    assert_eq!((json.code, json.out.as_str()), (4, ""));
    assert_eq!(parsed(&json.err), json!({"error": fault("task_not_found", "No task “x”.")}));

    let usage = world.run(&["frobnicate", "--json"]);
    assert_eq!((usage.code, parsed(&usage.err)["error"]["code"].as_str()), (2, Some("bad_usage")));
    assert_eq!(world.run(&["run", "--env", "NOPE", "--", "true"]).code, 2);
}

#[test]
fn without_an_engine_everything_but_run_says_so_and_starts_nothing() {
    let world = World::empty();
    let lines: &[&[&str]] = &[
        &["list"],
        &["show", "a"],
        &["log", "a"],
        &["log", "a", "-f"],
        &["history", "a"],
        &["wait", "a"],
        &["watch"],
        &["answer", "a", "yes"],
        &["cancel", "a"],
        &["retry", "a"],
        &["set", "a", "--title", "t"],
        &["pause", "--all"],
        &["resume", "a"],
        &["backup", "b.db"],
        &["settings", "list"],
        &["quit"],
    ];
    for line in lines {
        let said = world.run(line);
        assert_eq!((said.code, said.out.as_str()), (5, ""), "{line:?} {said:?}");
        assert!(said.err.contains("errand start"), "{said:?}");
    }
    assert!(!world.home.path().join("data").exists());
}

#[test]
fn without_a_display_the_app_is_not_started_and_the_way_out_is_named() {
    let world = World::empty();
    for line in [&[][..], &["start"], &["start", "--hidden"]] {
        let said = world.run(line);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("errand start --headless"), "{said:?}");
    }
}

#[test]
fn waiting_prints_the_report_and_ends_with_the_state() {
    let end = |state: &str, report: &str| {
        let task = with_report("bold-falcon-427", state, report, "exit code 0");
        let script = Script::default()
            .reply("run", run_reply())
            .reply("show", task.clone())
            .reply("wait", json!({"end": "ended", "tasks": [task]}));
        World::with(script).run(&["run", "--wait", "--", "make"])
    };
    let good = end("completed", "one\n\ttwo");
    assert_eq!((good.code, good.out.as_str(), good.err.as_str()), (0, "one\n\ttwo\n", "bold-falcon-427\n"));
    for (state, word) in
        [("failed", "failed"), ("timed_out", "timed out"), ("unknown", "unknown"), ("cancelled", "cancelled")]
    {
        let said = end(state, "");
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        assert_eq!(said.err, format!("bold-falcon-427\nbold-falcon-427 {word}: exit code 0\n"));
    }
}

#[test]
fn a_question_ends_the_wait_with_the_way_to_answer_it() {
    let reply = json!({"end": "needs_you", "tasks": [asking("bold-falcon-427")]});
    let script = Script::default()
        .reply("run", run_reply())
        .reply("show", asking("bold-falcon-427"))
        .reply("wait", reply.clone());
    let world = World::with(script);
    let said = world.run(&["run", "--wait", "--", "make"]);
    assert_eq!((said.code, said.out.as_str()), (3, ""));
    assert!(said.err.contains("errand answer bold-falcon-427 --choose keep"), "{}", said.err);
    let json = world.run(&["wait", "bold", "--json", "--through-questions", "--timeout", "2s"]);
    assert_eq!((json.code, parsed(&json.out), json.err.as_str()), (3, reply, ""));
    assert_eq!(
        world.last("wait"),
        json!({"tasks": ["bold"], "timeout_ms": 2_000, "through_questions": true})
    );
}

#[test]
fn giving_up_waiting_is_seven() {
    let script = Script::default()
        .reply("wait", json!({"end": "timed_out", "tasks": [task("bold-falcon-427", "queued")]}));
    let said = World::with(script).run(&["wait", "bold", "--timeout", "1s"]);
    assert_eq!(said.code, 7);
    assert!(said.err.contains("bold-falcon-427 has not ended: queued"), "{}", said.err);
}

#[test]
fn ctrl_c_detaches_and_the_task_stays() {
    let script = Script::default().reply("run", run_reply()).on("wait", |_| {
        std::thread::sleep(Duration::from_secs(20));
        Err(fault("internal", "too late"))
    });
    let world = World::with(script);
    let mut child = world
        .command(&["run", "--wait", "--json", "--", "make"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut id = String::new();
    err.read_line(&mut id).unwrap();
    assert_eq!(id, "bold-falcon-427\n");
    while !world.heard.lock().unwrap().iter().any(|(name, _)| name == "wait") {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.contains("errand wait bold-falcon-427"), "{rest}");
}

#[test]
fn losing_the_engine_in_the_middle_is_five_and_says_that_the_task_is_kept() {
    let script = Script { leave_after: Some("run"), ..Script::default().reply("run", run_reply()) };
    let said = World::with(script).run(&["run", "--wait", "--", "make"]);
    assert_eq!(said.code, 5);
    assert!(said.err.contains("The task is kept"), "{}", said.err);
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_list_quietly() {
    let rows: Vec<Value> = (0..3_000).map(|n| row(&format!("bold-falcon-{n}"))).collect();
    let world = World::with(Script::default().reply("list", json!({"tasks": rows, "next": null})));
    let mut child = world.command(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("bold-falcon-0 "), "{first}");
    let said = said(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}

#[test]
fn several_tasks_are_reported_one_by_one() {
    let reply =
        json!({"changed": ["bold-falcon-427"], "refused": {"zz": fault("task_not_found", "No task “zz”.")}});
    let script =
        Script::default().reply("cancel", reply).on("pause", |params| match params["task"].as_str() {
            Some("b") => Err(fault("illegal_state", "It has ended.")),
            _ => Ok(json!({"changed": ["bold-falcon-427"], "refused": {}})),
        });
    let world = World::with(script);
    let cancel = world.run(&["cancel", "bold", "zz", "--reason", "no need"]);
    assert_eq!((cancel.code, cancel.out.as_str()), (4, "bold-falcon-427  cancelled\n"));
    assert_eq!(
        world.last("cancel"),
        json!({"tasks": ["bold", "zz"], "reason": "no need", "surface": "terminal"})
    );
    let pause = world.run(&["pause", "a", "b", "--json"]);
    assert_eq!((pause.code, &parsed(&pause.out)["refused"]["b"]["code"]), (6, &json!("illegal_state")));
    assert_eq!(world.run(&["pause", "--all"]).out, "Everything is paused.\n");
}

#[test]
fn logs_are_read_page_by_page_and_followed_to_their_end() {
    let line = |seq: u64| json!({"seq": seq, "run": 1, "stream": "out", "at": "2026-11-18T11:00:00.000Z", "text": format!("line {seq}")});
    let script = Script {
        events: vec![json!({"event": "log", "lines": [line(5), line(6)]}), json!({"event": "log_end"})],
        ..Script::default().reply("show", task("bold-falcon-427", "running"))
    };
    let script = script.on("log", move |params| {
        let from = params["from"].as_u64().unwrap();
        let lines: Vec<Value> = (from..(from + 2).min(5)).map(line).collect();
        Ok(json!({"next": (from + 2).min(5), "lines": lines, "left_out": 0}))
    });
    let world = World::with(script);
    assert_eq!(world.run(&["log", "bold"]).out, "line 0\nline 1\nline 2\nline 3\nline 4\n");
    assert_eq!(world.run(&["log", "bold", "--from", "4"]).out, "line 4\n");
    let followed = world.run(&["log", "bold", "--follow", "--from", "5", "--json"]);
    assert_eq!((followed.code, followed.out.lines().count()), (0, 2));
    assert_eq!(parsed(followed.out.lines().next().unwrap()), line(5));
    assert_eq!(world.last("subscribe"), json!({"feed": "log", "task": "bold-falcon-427", "from": 5}));
}

#[test]
fn quit_waits_until_the_connection_closes() {
    let script = Script {
        leave_after: Some("quit"),
        ..Script::default().reply("quit", json!({"finishing": ["shy-yak-100"]}))
    };
    let world = World::with(script);
    let said = world.run(&["quit", "--finish"]);
    assert_eq!((said.code, said.out.as_str()), (0, "Errand has left.\n"));
    assert!(said.err.contains("shy-yak-100"), "{}", said.err);
    assert_eq!(world.last("quit"), json!({"mode": "finish"}));
}

#[test]
fn another_version_is_noted_to_a_person_only() {
    let script = Script {
        version: Some("0.0.1"),
        ..Script::default().reply("list", json!({"tasks": [], "next": null}))
    };
    let world = World::with(script);
    let plain = world.run(&["list", "--state", "needs-you"]);
    assert!(plain.err.contains("0.0.1") && plain.err.contains("No task fits."), "{}", plain.err);
    assert_eq!(world.last("list")["states"], json!(["needs_you"]));
    assert_eq!(world.run(&["list", "--json"]).err, "");
}

#[test]
fn help_and_version_need_nothing_at_all() {
    for line in [&["--version"][..], &["help"], &["run", "--help"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_errand"));
        let said = said(command.args(line).env_clear().output().unwrap());
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{line:?}");
        assert!(said.out.to_lowercase().contains("errand"), "{}", said.out);
    }
}
