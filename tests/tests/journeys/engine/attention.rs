//! The person's attention: the exact calls that a notification service gets, and why.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use errand_testkit::desktop::wait;
use serde_json::{Value, json};

use crate::world::service::Service;
use crate::world::{Home, LIMIT, parsed, processes};

/// Asks, and says what was answered.
const ASKS: &str = r#"echo "got $($ERRAND_PROGRAM ask 'Which colour?' --option Red --option Blue)""#;

fn deliveries(home: &Home, task: &str) -> Vec<Value> {
    home.json(&format!("deliveries {task}"))["deliveries"].as_array().unwrap().clone()
}

#[track_caller]
fn wait_for_delivery(home: &Home, task: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Vec::new();
    let found = wait::until(what, LIMIT, || {
        last = deliveries(home, task);
        Ok(last.iter().find(|row| wanted(row)).cloned())
    });
    found.unwrap_or_else(|error| panic!("{error}; there is {last:?}"))
}

/// A connection as windows have one.
pub struct Windows {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Windows {
    pub fn of(home: &Home) -> Windows {
        let socket = errand_os::Home::at(home.root()).unwrap().socket().unwrap();
        let stream = UnixStream::connect(socket).unwrap();
        let mut windows = Windows { lines: BufReader::new(stream.try_clone().unwrap()), stream };
        let protocol = errand_wire::PROTOCOL;
        let hello = windows.say(&json!({ "protocol": protocol, "version": "test", "role": "windows" }));
        assert_eq!(hello["protocol"], protocol);
        windows
    }

    pub fn call(&mut self, command: &str, params: Value) -> Value {
        let reply = self.say(&json!({ "call": { "id": 1, "command": command, "params": params } }));
        assert!(reply["ok"]["id"] == 1, "{reply}");
        reply["ok"]["value"].clone()
    }

    fn focused(&mut self, params: Value) {
        assert_eq!(self.call("focused", params), json!({}));
    }

    fn say(&mut self, line: &Value) -> Value {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut reply = String::new();
        self.lines.read_line(&mut reply).unwrap();
        parsed(&reply)
    }
}

#[test]
fn a_window_in_front_makes_a_banner_needless_for_as_long_as_it_is_connected() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let mut windows = Windows::of(&home);
    let fifos = ["seen", "left", "gone"].map(|title| home.fifo(title));
    let waiting = |n: usize| home.sh("", &format!("read _ < {}", fifos[n].display()));
    let (seen, left, gone) = (waiting(0), waiting(1), waiting(2));
    home.ok(&format!("set {gone} --title gone"));
    windows.focused(json!({ "task": left }));
    windows.focused(json!({ "task": null, "left": left }));
    windows.focused(json!({ "task": seen }));
    // The window that was left before says so late.
    windows.focused(json!({ "task": null, "left": left }));
    home.ok(&format!("cancel {left}"));
    home.open(&fifos[0]);
    home.wait_for_state(&seen, "completed");
    wait_for_delivery(&home, &seen, "was seen", |row| row["code"] == "window_focused");
    windows.focused(json!({ "task": gone }));
    drop(windows);
    let other = home.sh("--title other", "true");
    service.shown("Done: other");
    home.ended(&[&other]);
    home.open(&fifos[2]);
    service.shown("Done: gone");
    assert_eq!(service.calls(), ["Done: other", "Done: gone"]);
    home.quit();
}

#[test]
fn each_change_is_one_call_and_what_is_answered_elsewhere_is_closed() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    // It ends when the test lets it, so that the order of the calls says something.
    let hold = home.fifo("hold");
    let asks = home.sh("--title painting", &format!("{ASKS}; read -r _ < {}", hold.display()));
    let title = format!("A program asks in {asks}");
    let banner = service.shown(&title);
    assert_eq!(banner.body, "painting\nWhich colour?");
    assert_eq!((banner.hint_u8("urgency"), banner.expires), (Some(1), 0));
    home.ok(&format!("answer {asks} Blue"));
    service.wait_closed(&banner);
    home.open(&hold);
    service.shown("Done: painting");

    let waits = home.sh("--title stopped", "sleep 600");
    home.wait_for_state(&waits, "running");
    home.ok(&format!("cancel {waits}"));
    home.ended(&[&waits]);
    let last = home.sh("--title last", "exit 3");
    service.shown("Failed: last");
    assert_eq!(service.calls(), [&title, "close 1", "Done: painting", "Failed: last"]);

    let told: Vec<_> = deliveries(&home, &asks).into_iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(told, ["result", "question"]);
    let result = wait_for_delivery(&home, &last, "is shown", |row| row["state"] == "shown");
    assert_eq!(result["code"], "by_hand");
    assert_eq!(result["service"], "errand-testkit");
    assert!(home.ok(&format!("show {last}")).contains("failure shown on errand-testkit"));
    home.quit();
}

#[test]
fn a_button_of_a_banner_answers() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let asks = home.sh("--title painting", ASKS);
    let banner = service.shown(&format!("A program asks in {asks}"));
    service.press(&banner, "Blue");
    home.wait_for_state(&asks, "completed");
    assert_eq!(home.report(&asks), "got Blue");
    assert_eq!(home.task(&asks)["questions"][0]["answered"]["surface"], "notification");
    home.quit();
}

#[test]
fn a_service_that_dies_again_and_again_shows_a_thing_three_times() {
    let mut service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let id = home.sh("--title first", "true");
    service.shown("Done: first");
    for times in [2, 3, 3] {
        wait_for_delivery(&home, &id, "is written down", |row| row["state"] == "shown");
        service.dies_and_returns();
        let marker = home.sh(&format!("--title marker-{times}"), "true");
        service.shown(&format!("Done: marker-{times}"));
        wait_for_delivery(&home, &marker, "is shown", |row| row["state"] == "shown");
        home.ok(&format!("archive {marker}"));
        wait_for_delivery(&home, &id, "is shown so often", |row| {
            row["times_shown"] == times && row["state"] == "shown"
        });
    }
    let titles = service.calls();
    assert_eq!(titles.iter().filter(|title| *title == "Done: first").count(), 3, "{titles:?}");
    home.quit();
}

#[test]
fn several_questions_are_one_banner_on_the_bus() {
    let mut service = Service::absent();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let ids: Vec<String> =
        ["fence", "door", "wall"].map(|title| home.sh(&format!("--title {title}"), ASKS)).into();
    for id in &ids {
        home.wait_for_state(id, "needs_you");
    }
    service.appear();
    let banner = service.shown("3 tasks need you");
    for id in &ids {
        wait_for_delivery(&home, id, "is shown", |row| row["state"] == "shown");
        assert_eq!(deliveries(&home, id)[0]["code"], "questions_together");
    }
    home.ok("mute 1h");
    home.ok(&format!("answer {} Red", ids[0]));
    service.shown_where("two are left", |shown| shown.summary == "2 tasks need you");
    home.ok(&format!("answer {} Red", ids[1]));
    let last = service.shown(&format!("A program asks in {}", ids[2]));
    assert_eq!((banner.replaces, last.replaces), (0, banner.id));
    home.ok(&format!("answer {} Red", ids[2]));
    service.wait_closed(&last);
    home.quit();
}

#[test]
fn what_is_muted_waits_and_says_why() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    home.ok("mute 1h");
    let id = home.sh("--title quiet", "true");
    let held = wait_for_delivery(&home, &id, "is held", |row| row["state"] == "held");
    assert_eq!(held["code"], "muted");
    assert!(held["until"].is_string());
    assert!(home.ok(&format!("history {id}")).contains("You had muted all notifications"));
    // The alarm is real: nobody says that the time is over.
    home.ok("mute 1s");
    service.shown("Done: quiet");
    assert_eq!(service.calls(), ["Done: quiet"]);
    assert_eq!(home.ok("settings get mute"), "off");
    home.quit();
}

#[test]
fn nobody_comes_and_the_persons_own_program_is_told() {
    let home = Home::new();
    home.start_and_keep();
    let script = home.file("push.sh");
    let text = "#!/bin/sh\nread -r line\nprintf '%s' \"$line\" > \"$1\"\nenv > \"$1.env\"\necho told >> \"$1.times\"\nsetsid sleep 600 >/dev/null 2>&1 &\n\
                mv \"$1\" \"$1.done\"\n";
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let into = home.file("message");
    let program = format!("{} '{}'", script.display(), into.display());
    assert_eq!(home.run(["settings", "set", "notify_program", &program]).code, 0);
    home.ok("settings set escalate_after 1s");
    let asks = home.sh("--title painting", ASKS);
    home.wait_for_file("message.done");
    let message = parsed(&std::fs::read_to_string(home.file("message.done")).unwrap());
    assert_eq!(message["task"], asks.as_str());
    assert_eq!((&message["kind"], &message["question"]), (&"question".into(), &"q1".into()));
    assert_eq!(message["text"], "Which colour?");
    let env = std::fs::read_to_string(home.file("message.env")).unwrap();
    assert!(!env.contains("ERRAND_TOKEN") && !env.contains("ERRAND_HOME"), "{env}");
    wait_for_delivery(&home, &asks, "is urgent", |row| row["escalated"] == true);
    home.ok(&format!("answer {asks} Red"));
    home.ended(&[&asks]);
    assert_eq!(home.lines("message.times"), ["told"]);
    // What it leaves behind is ended like what a task leaves behind.
    let gone = || Ok(processes::programs_of(&home).is_empty().then_some(()));
    wait::until("nothing of it is left", LIMIT, gone).unwrap();

    // One that fails is said so, with its last words.
    std::fs::write(&script, "#!/bin/sh\necho no network >&2\nexit 7\n").unwrap();
    let fails = home.sh("--title broken", "exit 1");
    wait::until("the failure is said", LIMIT, || {
        let history = home.ok(&format!("history {fails}"));
        Ok(history.contains("did not tell it: exit code 7: no network").then_some(()))
    })
    .unwrap();
    home.quit();
}

#[test]
fn hostile_titles_and_questions_stay_behind_our_first_line() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let hostile = [
        "x\nErrand asks in calm-owl-100\nApprove",
        "<b>bold</b> <a href='https://example.org'>Open</a>",
        "\u{202e}txt.exe\u{2066}\u{200b}",
        &"A".repeat(4_000),
    ];
    for text in hostile {
        let script = "$ERRAND_PROGRAM ask \"$1\" --option Yes >/dev/null; exit 1";
        // A title is refused where it is not one line; a question may be anything.
        let said = home.run(["run", "--title", "plain", "--", "sh", "-c", script, "sh", text]);
        assert_eq!(said.code, 0, "{said:?}");
        let id = said.out.trim();
        let banner = service.shown(&format!("A program asks in {id}"));
        assert!(banner.body.starts_with("plain\n"), "{banner:?}");
        assert_eq!(banner.body.lines().count(), 2, "{banner:?}");
        assert!(banner.body.chars().count() <= 300, "{banner:?}");
        assert!(!banner.body.contains(['<', '>', '\u{202e}', '\u{200b}']), "{banner:?}");
        let is_whole = text.starts_with("x\n") || text.starts_with('<');
        assert_eq!(banner.key("Yes").is_some(), is_whole, "{banner:?}");
        assert_eq!(banner.key("Review").is_some(), !is_whole, "{banner:?}");
        home.ok(&format!("cancel {id}"));
        service.wait_closed(&banner);
    }
    home.quit();
}
