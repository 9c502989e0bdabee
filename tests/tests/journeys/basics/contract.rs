//! Every document that a script can read, against its schema.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::world::schema::fits;
use crate::world::{Home, background, parsed};

fn fits_line(home: &Home, schema: &str, line: &str) -> Value {
    let document = home.json(line);
    fits(schema, &document);
    document
}

fn each_line(schema: &str, text: &str) {
    assert!(!text.is_empty());
    text.lines().for_each(|line| fits(schema, &parsed(line)));
}

#[test]
fn documents_about_tasks_fit_their_schemas() {
    let home = Home::new();
    let reply = home.run(["run", "--json", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]);
    fits("RunReply", &parsed(&reply.out));
    let failed = parsed(&reply.out)["id"].as_str().unwrap().to_owned();
    let waited = home.run(["wait", "--json", &failed]);
    fits("WaitReply", &parsed(&waited.out));
    let stayed = home.run(["run", "--wait", "--json", "--", "true"]);
    fits("WaitReply", &parsed(&stayed.out));

    let asks = home.sh(&format!("--after {failed} --label a --timeout 5m"), "true");
    home.wait_for_state(&asks, "needs_you");
    fits("WaitReply", &parsed(&home.run(["wait", "--json", &asks]).out));
    fits_line(&home, "TaskView", &format!("show {asks}"));
    fits_line(&home, "InboxView", "inbox");
    fits_line(&home, "TaskView", &format!("answer {asks} --choose run_anyway"));
    fits_line(&home, "InboxView", "inbox");
    home.ended(&[&asks]);
    fits_line(&home, "TaskView", &format!("show {asks}"));
    fits_line(&home, "TaskView", &format!("show {failed}"));
    fits_line(&home, "DeliveryList", "deliveries");
    fits_line(&home, "DeliveryList", &format!("deliveries {asks} --limit 1"));
    fits_line(&home, "SettingView", "mute 1h");
    fits_line(&home, "SettingView", "mute off");
    fits_line(&home, "TaskList", "list");
    fits_line(&home, "TaskList", "list --limit 1");
    fits_line(&home, "Timeline", &format!("history {asks}"));
    each_line("LogLine", &home.run(["log", "--json", &failed]).out);
    each_line("LogLine", &home.run(["log", "--follow", "--json", &failed]).out);
    fits_line(&home, "TaskView", &format!("set {failed} --title other"));
    fits_line(&home, "TaskView", &format!("retry {failed}"));
    home.ended(&[&failed]);
    fits_line(&home, "Changed", &format!("archive {failed}"));
    fits_line(&home, "TaskList", "list --archived");
    let later = home.sh("--at +1h", "true");
    fits_line(&home, "TaskView", &format!("show {later}"));
    fits_line(&home, "Changed", &format!("pause {later}"));
    fits_line(&home, "Changed", &format!("resume {later}"));
    fits_line(&home, "Changed", &format!("cancel {later}"));
    home.quit();
}

#[test]
fn documents_about_everything_else_fit_their_schemas() {
    let home = Home::new();
    fits_line(&home, "DoctorReport", "doctor");
    home.start_and_keep();
    fits_line(&home, "DoctorReport", "doctor");
    fits_line(&home, "Settings", "settings list");
    fits_line(&home, "SettingView", "settings get slots");
    fits_line(&home, "SettingView", "settings set slots 2");
    fits_line(&home, "Changed", "pause --all");
    fits_line(&home, "Changed", "resume --all");
    let file = home.file("copy.db").display().to_string();
    fits_line(&home, "BackupDone", &format!("backup {file}"));
    fits_line(&home, "QuitReply", "quit");
    home.nothing_left();
    fits_line(&home, "BackupDone", &format!("restore {file}"));
}

#[test]
fn events_fit_their_schema() {
    let home = Home::new();
    home.start_and_keep();
    let mut watches = background(home.command(["watch", "--json"]));
    let mut out = BufReader::new(watches.child().stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    let failed = home.sh("", "exit 1");
    home.ended(&[&failed]);
    let asks = home.sh(&format!("--after {failed}"), "true");
    home.wait_for_state(&asks, "needs_you");
    home.ok("settings set slots 2");
    home.quit();
    let rest: Vec<String> = out.lines().map(Result::unwrap).collect();
    each_line("Event", &format!("{first}{}", rest.join("\n")));
    assert!(rest.len() > 5 && rest.iter().any(|line| line.contains("quitting")), "{rest:?}");
}

#[test]
fn errors_fit_their_schema_and_nothing_else_is_said() {
    let home = Home::new();
    for (line, code) in [("list", 5), ("frobnicate", 2), ("start --hidden", 6), ("restore nothing.db", 6)] {
        assert_eq!(home.refused(line).0, code, "{line}");
    }
    home.start_and_keep();
    for (line, code) in [("show bold", 4), ("run words for an agent", 6), ("start --headless", 6)] {
        assert_eq!(home.refused(line).0, code, "{line}");
    }
    home.quit();
}
