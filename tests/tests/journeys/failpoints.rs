//! Every place before and after a commit, a spawn and a delivery: the engine dies there by SIGKILL, and the next
//! one makes good of it what the rules of recovery say.

use std::collections::BTreeSet;

use errand_testkit::desktop::wait;

use crate::world::service::Service;
use crate::world::{Engine, Home, LIMIT, Said, audit, parsed, processes};

const SIGKILL: Option<i32> = Some(9);

/// What is there after the next engine has settled everything, when the first task meets the point.
struct Aftermath {
    point: &'static str,
    /// `None`: it was never written down.
    state: Option<&'static str>,
    /// How often its program may have begun.
    begun: &'static [usize],
    /// Its output was kept.
    said: bool,
    attempts: u32,
    showings: u32,
}

const fn after(point: &'static str, state: &'static str) -> Aftermath {
    Aftermath { point, state: Some(state), begun: &[1], said: true, attempts: 1, showings: 1 }
}

const ALL: &[Aftermath] = &[
    Aftermath { state: None, begun: &[0], ..after("before_accept_commit", "") },
    // On disk, and nobody was told: it runs.
    after("after_accept_commit", "completed"),
    after("before_start_commit", "completed"),
    // From here on a program may have run, so that it is not run again.
    Aftermath { begun: &[0], said: false, ..after("after_start_commit", "unknown") },
    Aftermath { begun: &[0], said: false, ..after("before_spawn", "unknown") },
    Aftermath { begun: &[0, 1], said: false, ..after("after_spawn", "unknown") },
    // It ended well, and nothing proves it.
    Aftermath { said: false, ..after("before_end_commit", "unknown") },
    after("after_end_commit", "completed"),
    after("before_showing_commit", "completed"),
    Aftermath { attempts: 2, ..after("after_showing_commit", "completed") },
    // The only place from where something is shown a second time.
    Aftermath { attempts: 2, showings: 2, ..after("after_notify", "completed") },
    after("after_shown_commit", "completed"),
];

fn listed(home: &Home) -> Vec<String> {
    let list = parsed(&home.ok("doctor --failpoints --json"));
    list["failpoints"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_release_has_none_and_the_crash_build_lists_those_tested_here() {
    assert_eq!(listed(&Home::new()), [""; 0]);
    assert_eq!(listed(&Home::crash()), ALL.iter().map(|it| it.point).collect::<Vec<_>>());
}

#[test]
fn the_first_task_meets_each() {
    for aftermath in ALL {
        let service = Service::start();
        let home = Home::crash().on_bus(service.bus());
        let printed = die_at(&home, aftermath.point, 1);
        let tasks = recover(&home, &service, &printed);
        let point = aftermath.point;
        let Some(state) = aftermath.state else {
            assert!(tasks.is_empty() && printed.is_empty(), "{point}: {tasks:?}");
            continue;
        };
        let [task] = tasks.as_slice() else { panic!("{point}: {tasks:?}") };
        assert_eq!(task.state, state, "{point}: {task:?}");
        assert!(aftermath.begun.contains(&task.begun), "{point}: {task:?}");
        let report = task.report.as_deref().unwrap_or_default();
        assert!(!aftermath.said || report.contains(&format!("work of {}", task.id)), "{point}: {task:?}");
        let told = (task.deliveries[0].attempts, task.showings);
        assert_eq!(told, (aftermath.attempts, aftermath.showings), "{point}: {task:?}");
    }
}

#[test]
fn a_later_task_meets_each_while_others_are_on_their_way() {
    for aftermath in ALL {
        let service = Service::start();
        let home = Home::crash().on_bus(service.bus());
        let printed = die_at(&home, aftermath.point, 3);
        recover(&home, &service, &printed);
    }
}

/// Hands over `nth` tasks to an engine that dies when one comes by for the nth time; the ids that were printed.
fn die_at(home: &Home, point: &str, nth: u32) -> BTreeSet<String> {
    let engine = home.start_with(&[("ERRAND_FAILPOINT", &format!("{point}:{nth}"))]);
    let mut printed = BTreeSet::new();
    for n in 0..nth {
        let Said { code, out, err } =
            home.run(["run", "--title", &format!("t{n}"), "--", "sh", "-c", &audit::script(home, "true")]);
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
    let engine = home.engine_pid().is_none().then(|| home.start());
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
