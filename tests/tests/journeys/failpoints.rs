//! Every place before and after a commit, a spawn and a delivery: the engine dies there by SIGKILL, and the next
//! one makes good of it what the rules of recovery say.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use errand_testkit::desktop::wait;

use crate::world::service::Service;
use crate::world::{Engine, Home, LIMIT, Said, audit, parsed, processes};

const SIGKILL: Option<i32> = Some(9);

const TABLE: &str = include_str!("../../fixtures/recovery.table");

/// A row of the table: what is there after the next engine has settled everything.
struct Aftermath {
    who: &'static str,
    point: &'static str,
    /// `None`: it was never written down.
    state: Option<&'static str>,
    /// How often its program may have begun.
    begun: RangeInclusive<usize>,
    /// Its work is in the report.
    said: bool,
    attempts: u32,
    showings: u32,
}

fn table() -> Vec<Aftermath> {
    let rows = TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [who, point, state, begun, said, attempts, showings] = cells[..] else { panic!("{line}") };
        let (least, most) = begun.split_once('-').unwrap_or((begun, begun));
        Aftermath {
            who,
            point,
            state: (state != "-").then_some(state),
            begun: least.parse().unwrap()..=most.parse().unwrap(),
            said: said == "yes",
            attempts: attempts.parse().unwrap(),
            showings: showings.parse().unwrap(),
        }
    })
    .collect()
}

/// What is handed over for a row.
fn line(home: &Home, who: &str, title: &str) -> Vec<String> {
    const HALVES: &str = r#"if [ "$ERRAND_TURN" = 1 ]; then echo '{"status": "continue"}' > "$ERRAND_RESPONSE_FILE"
        else echo "{\"status\": \"done\", \"report\": \"work of $ERRAND_TASK\"}" > "$ERRAND_RESPONSE_FILE"; fi"#;
    let (brief, rest) = match who {
        "plain" | "checked" => (None, "true"),
        "asks" => (None, "$ERRAND_PROGRAM ask 'Go on?'"),
        "finishes" => (None, "$ERRAND_PROGRAM finish \"work of $ERRAND_TASK\"; sleep 600"),
        "worker" | "proven" => (Some("Both halves"), HALVES),
        "tools" => (
            Some("Look around"),
            r#"if [ "$ERRAND_TURN" = 1 ]; then
                echo '{"status": "continue", "tool_calls": [{"name": "list_files"}]}' > "$ERRAND_RESPONSE_FILE"
            else echo "{\"status\": \"done\", \"report\": \"work of $ERRAND_TASK\"}" > "$ERRAND_RESPONSE_FILE"; fi"#,
        ),
        "splits" => (
            Some("Both halves"),
            r#"if [ "$ERRAND_TURN" = 1 ]; then
                $ERRAND_PROGRAM subtask --key half -- sh -c 'echo "work of $ERRAND_TASK"' || exit 9
                echo '{"status": "continue", "subtasks": [{"key": "other", "argv": ["true"]}],
                       "wake": {"when_subtasks_end": true}}' > "$ERRAND_RESPONSE_FILE"
            else echo "{\"status\": \"done\", \"report\": \"work of $ERRAND_TASK\"}" > "$ERRAND_RESPONSE_FILE"; fi"#,
        ),
        who => panic!("{who}"),
    };
    let script = audit::script(home, rest);
    let mut words = vec!["run", "--title", title];
    if ["checked", "proven"].contains(&who) {
        words.extend(["--check", "true"]);
    }
    words.extend(brief);
    words.extend(["--", "sh", "-c", &script]);
    words.into_iter().map(str::to_owned).collect()
}

fn listed(home: &Home) -> Vec<String> {
    let list = parsed(&home.ok("doctor --failpoints --json"));
    list["failpoints"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_release_has_none_and_the_crash_build_lists_those_tested_here() {
    assert_eq!(listed(&Home::new()), [""; 0]);
    let table = table();
    let tested: BTreeSet<&str> = table.iter().map(|row| row.point).collect();
    let listed = listed(&Home::crash());
    assert_eq!(listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), tested);
}

#[test]
fn the_first_task_meets_each_and_ends_as_the_table_says() {
    for row in table() {
        let service = Service::start();
        let home = Home::crash().on_bus(service.bus());
        let printed = die_at(&home, row.who, row.point, 1);
        let tasks = recover(&home, &service, &printed);
        let named = format!("{} | {}", row.who, row.point);
        let Some(state) = row.state else {
            assert!(tasks.is_empty() && printed.is_empty(), "{named}: {tasks:?}");
            continue;
        };
        let (parts, whole): (Vec<_>, Vec<_>) = tasks.iter().partition(|task| task.is_part);
        let [task] = whole.as_slice() else { panic!("{named}: {tasks:?}") };
        let known = if row.who == "splits" { 2 } else { 0 };
        assert_eq!(parts.len(), known, "{named}: made exactly once: {tasks:?}");
        // A part that was at work when the engine died is a plain program like any other.
        let known = ["completed", "unknown"];
        assert!(parts.iter().all(|part| known.contains(&part.state.as_str())), "{named}: {tasks:?}");
        assert_eq!(task.state, state, "{named}: {task:?}");
        assert!(row.begun.contains(&task.begun), "{named}: {task:?}");
        let report = task.report.as_deref().unwrap_or_default();
        assert!(!row.said || report.contains(&format!("work of {}", task.id)), "{named}: {task:?}");
        let told = task.deliveries.iter().filter(|delivery| delivery.kind != "question");
        let attempts: u32 = told.map(|delivery| delivery.attempts).sum();
        assert_eq!((attempts, task.showings), (row.attempts, row.showings), "{named}: {task:?}");
    }
}

#[test]
fn a_later_task_meets_each_while_others_are_on_their_way() {
    for row in table().into_iter().filter(|row| row.who == "plain") {
        let service = Service::start();
        let home = Home::crash().on_bus(service.bus());
        let printed = die_at(&home, row.who, row.point, 3);
        recover(&home, &service, &printed);
    }
}

/// Hands over `nth` tasks to an engine that dies when one comes by for the nth time; the ids that were printed.
fn die_at(home: &Home, who: &str, point: &str, nth: u32) -> BTreeSet<String> {
    let engine = home.start_with(&[("ERRAND_FAILPOINT", &format!("{point}:{nth}"))]);
    let mut printed = BTreeSet::new();
    for n in 0..nth {
        let Said { code, out, err } = home.run(line(home, who, &format!("{who} {n}")));
        match code {
            0 => drop(printed.insert(out.trim().to_owned())),
            5 => {}
            _ => panic!("{point}: {code} {err}"),
        }
    }
    died(engine, point);
    printed
}

fn died(mut engine: Engine, point: &str) {
    wait::until(&format!("the engine comes by {point}"), LIMIT, || {
        Ok((!engine.running.is_running()?).then_some(()))
    })
    .unwrap();
    assert_eq!(engine.killed_by(), SIGKILL, "{point}");
}

/// The next engine, until nothing is left to do; then the promises that hold after any kill.
fn recover(home: &Home, service: &Service, printed: &BTreeSet<String>) -> Vec<audit::Task> {
    // A terminal that came after the death has started one already.
    let engine = home.start_if_none();
    wait::until("everything is over and told", LIMIT, || {
        Ok((audit::unfinished(home) + audit::due(home) == 0).then_some(()))
    })
    .unwrap();
    assert!(processes::programs_of(home).is_empty());
    home.ok("quit");
    drop(engine);
    home.nothing_left();
    let showings = service.showings();
    audit::check(home, printed, &showings);
    audit::read(home, &showings)
}
