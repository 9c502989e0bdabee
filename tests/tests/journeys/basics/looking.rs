//! Lists, logs and the stream of changes.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::world::{Home, LIMIT, background, finish, parsed};

#[test]
fn an_empty_home_says_so_and_what_to_do() {
    let home = Home::new();
    let nobody = home.run(["list"]);
    assert_eq!(nobody.code, 5, "{nobody:?}");
    home.start_and_keep();
    let said = home.run(["list"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert!(said.err.contains("errand run -- PROGRAM"), "{}", said.err);
    home.quit();
}

#[test]
fn a_log_that_is_followed_ends_with_its_task() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let id = home.sh("", &format!("echo one; read x < {}; echo two >&2; printf three", gate.display()));
    let mut follows = background(home.command(["log", "--follow", &id]));
    let mut out = BufReader::new(follows.child().stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "one\n", "it is there while the task runs");
    home.open(&gate);
    let rest: Vec<String> = out.lines().map(Result::unwrap).collect();
    // Two streams have no order between them.
    assert!(
        rest.iter().any(|line| line.contains("two")) && rest.iter().any(|line| line.contains("three")),
        "{rest:?}"
    );
    assert_eq!(follows.wait(LIMIT).unwrap().code(), Some(0));
    assert_eq!(home.state(&id), "completed");
    // The same again for somebody who comes late.
    let again = home.run(["log", "-f", &id]);
    assert_eq!((again.code, again.out.lines().count()), (0, 3), "{again:?}");
    let from = home.run(["log", &id, "--json"]);
    let last = parsed(from.out.lines().last().unwrap())["seq"].as_u64().unwrap();
    let tail = home.run(["log", &id, "--from", &last.to_string()]);
    assert_eq!(tail.out.lines().count(), 1, "{tail:?}");
    home.quit();
}

/// The events up to the one where everything has been told, then more until `enough`.
fn watch(home: &Home, cursor: i64, enough: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut watches = background(home.command(["watch", "--json", "--cursor", &cursor.to_string()]));
    let lines = BufReader::new(watches.child().stdout.take().unwrap()).lines();
    let mut events = Vec::new();
    for line in lines {
        let event = parsed(&line.unwrap());
        let last = enough(&event);
        events.push(event);
        if last {
            break;
        }
    }
    events
}

fn cursors(events: &[Value]) -> Vec<i64> {
    events.iter().filter_map(|event| event["change"]["cursor"].as_i64()).collect()
}

#[test]
fn a_watch_that_is_taken_up_again_misses_nothing() {
    let home = Home::new();
    let first = home.sh("", "true");
    home.ended(&[&first]);
    let is_end_of = |id: &str| {
        let id = id.to_owned();
        move |event: &Value| {
            let change = &event["change"];
            change["task"] == id.as_str() && change["subject"] == "task" && change["to"] == "completed"
        }
    };
    let begun = watch(&home, 0, is_end_of(&first));
    let last = *cursors(&begun).last().unwrap();
    // While nobody watches.
    let second = home.sh("", "true");
    home.ended(&[&second]);
    let rest = watch(&home, last, is_end_of(&second));
    let everything = watch(&home, 0, is_end_of(&second));
    let joined = [cursors(&begun), cursors(&rest)].concat();
    assert_eq!(joined, cursors(&everything));
    assert!(joined.windows(2).all(|pair| pair[0] < pair[1]), "{joined:?}");
    let of = |id: &str| everything.iter().filter(|event| event["change"]["task"] == id).count();
    assert!(of(&first) >= 3 && of(&second) >= 3, "{everything:#?}");
    home.quit();
}

#[test]
fn a_watch_ends_with_its_engine_and_says_so() {
    let home = Home::new();
    home.start_and_keep();
    let mut watches = background(home.command(["watch", "--json"]));
    let mut out = BufReader::new(watches.child().stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(parsed(&line)["event"], "up_to_date");
    home.quit();
    let mut rest = String::new();
    while out.read_line(&mut rest).unwrap() > 0 {}
    assert!(rest.contains("quitting"), "{rest}");
    let said = finish(watches);
    assert_eq!(said.code, 5, "{said:?}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_command_quietly() {
    let home = Home::new();
    let id = home.sh("", "seq 200000");
    home.ended(&[&id]);
    let mut prints = background(home.command(["log", &id]));
    let mut first = String::new();
    BufReader::with_capacity(16, prints.child().stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "1\n");
    let said = finish(prints);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    home.quit();
}

#[test]
fn lists_are_filtered_searched_and_paged() {
    let home = Home::new();
    let ids: Vec<String> = (0..5).map(|n| home.sh("--label odd", &format!("echo finding-{n}"))).collect();
    let bad = home.sh("", "exit 9");
    home.ended(&[ids.iter().map(String::as_str).collect::<Vec<_>>(), vec![&bad]].concat());
    let found = |line: &str| {
        let list = home.json(line);
        let tasks = list["tasks"].as_array().unwrap().iter();
        tasks.map(|task| task["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("list --state failed"), std::slice::from_ref(&bad));
    assert_eq!(found("list --search finding-3"), std::slice::from_ref(&ids[3]));
    assert_eq!(found("list --folder ."), found("list"));
    let mut pages = Vec::new();
    let mut line = "list --label odd --limit 2".to_owned();
    loop {
        pages.push(found(&line));
        match home.json(&line)["next"].as_str() {
            Some(next) => line = format!("list --label odd --limit 2 --cursor {next}"),
            None => break,
        }
    }
    let newest_first: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!((pages.concat(), pages[0].len()), (newest_first, 2));
    home.quit();
}

#[test]
fn doctor_names_what_waits_for_its_person_and_for_how_long() {
    let home = Home::new();
    home.start_and_keep();
    let waiting = || {
        let rows = home.json("doctor")["rows"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["name"] == "waits for you");
        row.map(|row| row["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(waiting(), None);
    let id = home.sh("", "$ERRAND_PROGRAM ask 'Which?' --option one; true");
    home.wait_for_state(&id, "needs_you");
    let said = waiting().unwrap();
    assert!(said.starts_with(&format!("{id} for ")) && said.ends_with(" s."), "{said}");
    home.ok(&format!("answer {id} one"));
    home.ended(&[&id]);
    assert_eq!(waiting(), None);
    home.quit();
}

#[test]
fn every_code_and_reason_is_explained_without_an_engine() {
    let home = Home::new();
    let all = home.json("explain");
    let names = |list: &str, key: &str| -> Vec<String> {
        all[list].as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
    };
    let (codes, reasons) = (names("codes", "code"), names("reasons", "reason"));
    assert!(codes.contains(&"bad_usage".to_owned()) && reasons.contains(&"accepted".to_owned()));
    let said = home.ok("explain already_answered");
    assert!(said.contains("exit code 6") && said.contains("Somebody else was first"), "{said}");
    // A name that is both says both.
    let said = home.ok("explain checks_failed");
    assert!(said.contains("(error") && said.contains("(reason)"), "{said}");
    assert_eq!(home.refused("--json explain nonsense").0, 2);
    home.nothing_left();
}
