//! Programs that are kept to their folder, and programs that are refused because they could not be.

use std::process::Command;

use errand_os::sandbox::matrix::{Attempt, Setting, allows};
use errand_os::{Access, Isolation, Probe, probe};
use errand_testkit::desktop::{Running, wait};
use serde_json::Value;

use crate::world::{Home, LIMIT, processes, schema};

/// What isolates here, as JSON names it. None: asking for it has to be refused, which is what is tested then.
fn kind(home: &Home) -> Option<&'static str> {
    let kind = match probe().best() {
        Some(Isolation::Bubblewrap { .. }) => "bubblewrap",
        Some(Isolation::Landlock { .. }) => "landlock",
        None => {
            let (code, error) = home.refused("run --json --isolate -- true");
            assert_eq!((code, error["code"].as_str()), (6, Some("cannot_enforce")), "{error}");
            return None;
        }
    };
    Some(kind)
}

#[test]
fn an_isolated_program_works_in_its_folder_and_reaches_nothing_else() {
    let home = Home::new();
    let key = home.scratch().join("home/.ssh/id_test");
    std::fs::create_dir(key.parent().unwrap()).unwrap();
    std::fs::write(&key, "secret").unwrap();
    let script = format!(
        "cat {key} || echo no key; cat {root}/data/errand.db > /dev/null || echo no database; \
         echo out > {out}; echo in > inside; exit 5",
        key = key.display(),
        root = home.root().display(),
        out = home.scratch().join("outside").display(),
    );
    let Some(kind) = kind(&home) else { return };
    let said = home.run(["run", "--isolate", "--env", "DISPLAY=:7", "--", "sh", "-c", &script]);
    assert!(said.code == 0 && said.err.contains("DISPLAY would lead outside"), "{said:?}");
    let id = said.out.trim().to_owned();
    home.ended(&[&id]);
    let report = home.report(&id);
    for line in ["no key", "no database"] {
        assert!(report.contains(line), "{report}");
    }
    assert!(!report.contains("secret") && !home.scratch().join("outside").exists());
    assert_eq!(home.lines("inside"), ["in"]);

    let task = home.task(&id);
    schema::fits("TaskView", &task);
    assert_eq!(task["run"]["exit_code"], 5, "{task}");
    let isolation = &task["isolation"];
    assert_eq!((isolation["kind"].as_str(), isolation["workspace"].as_str()), (Some(kind), Some("rw")));
    let card = home.ok(&format!("show {id}"));
    let line = card.lines().find(|line| line.starts_with("Isolation")).unwrap();
    assert!(line.to_lowercase().contains(kind) && line.contains("folder writable"), "{line}");

    // Who asks for nothing runs as the person, and that is said.
    let open = home.sh("", &format!("cat {}", key.display()));
    home.ended(&[&open]);
    assert!(home.report(&open).contains("secret"));
    assert_eq!(home.task(&open)["isolation"]["kind"], "none");
    assert!(home.ok(&format!("show {open}")).contains("none, it runs as you"));
    home.quit();
}

#[test]
fn what_cannot_be_enforced_is_refused_and_leaves_no_task() {
    let home = Home::new();
    home.start_and_keep();
    let own = home.scratch().join("home").display().to_string();
    let mut lines = vec![
        "run --json --ask always -- true".to_owned(),
        "run --json --security allowlist -- true".to_owned(),
        "run --json --security deny -- true".to_owned(),
        format!("run --json --isolate --cwd {own} -- true"),
        "run --json --isolate --cwd / -- true".to_owned(),
        format!("run --json --workspace ro --cwd {} -- true", home.root().join("data").display()),
    ];
    let found = probe();
    let counted = found.together().processes;
    if !found.best().is_some_and(|best| counted || found.limits_processes(best)) {
        lines.push("run --json --processes 5 -- true".to_owned());
    }
    if found.bubblewrap.is_err() {
        lines.push("run --json --network off -- true".to_owned());
    }
    for line in lines {
        let (code, error) = home.refused(&line);
        assert_eq!((code, error["code"].as_str()), (6, Some("cannot_enforce")), "{line}: {error}");
        assert!(!error["hint"].as_str().unwrap().is_empty(), "{line}");
    }
    let (code, error) = home.refused("run --json --memory 1K -- true");
    assert_eq!((code, error["code"].as_str()), (2, Some("bad_usage")), "{error}");
    assert_eq!(home.json("list")["tasks"].as_array().unwrap().len(), 0);
    home.quit();
}

/// The table of the doctor against the one that the tests of the sandbox measure.
fn is_the_measured_table(report: &Value, found: &Probe) {
    let columns = report["columns"].as_array().unwrap();
    let settings = found.best().map(Setting::all).unwrap_or_default();
    let settings: Vec<Setting> = [Setting::OPEN].into_iter().chain(settings).collect();
    assert_eq!(columns.len(), settings.len(), "{report}");
    for (column, setting) in columns.iter().zip(settings) {
        let folder = match setting.folder {
            Access::None => "none",
            Access::Read => "ro",
            Access::Write => "rw",
        };
        assert_eq!(column["workspace"], folder);
        assert_eq!(column["network"], if setting.network { "on" } else { "off" });
        for attempt in Attempt::ALL {
            assert_eq!(column["can"][attempt.name()], allows(setting, attempt), "{setting:?} {attempt:?}");
        }
    }
}

#[test]
fn the_doctor_prints_the_table_that_is_measured() {
    let home = Home::new();
    let found = probe();
    for _ in ["without an engine", "with one"] {
        let report = home.json("doctor");
        schema::fits("DoctorReport", &report);
        is_the_measured_table(&report["isolation"], &found);
        assert_eq!(report["isolation"]["groups_problem"].is_null(), found.groups.is_ok(), "{report}");
        let text = home.ok("doctor");
        let (_, section) = text.split_once("\nIsolation\n").unwrap();
        for attempt in Attempt::ALL {
            let line = section.lines().find(|line| line.trim_start().starts_with(attempt.text())).unwrap();
            let cells = line.trim_start().trim_start_matches(attempt.text());
            assert!(cells.split_whitespace().all(|cell| cell == "yes" || cell == "-"), "{line}");
        }
        for line in section.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        if home.engine_pid().is_none() {
            home.start_and_keep();
        }
    }
    home.quit();
}

#[test]
fn an_isolated_run_ends_with_everything_it_has_started() {
    let home = Home::new();
    if kind(&home).is_none() {
        return;
    }
    let engine = home.start();
    let stay = "(setsid env -i sh -c \"trap '' TERM; sleep 1000; sleep 1000\" &); echo begun; sleep 1000";
    let begin = || {
        let id = home.sh("--isolate --network on", stay);
        home.wait_for(&id, "has begun", |task| {
            task["run"]["last_output_at"].is_string() && !processes::programs_of(&home).is_empty()
        });
        id
    };
    let id = begin();
    home.ok(&format!("cancel {id}"));
    home.wait_for(&id, "is over", |task| task["run"]["phase"] == "over");
    assert!(processes::programs_of(&home).is_empty());

    let lost = begin();
    engine.kill();
    home.nothing_left();
    home.start_and_keep();
    home.wait_for_state(&lost, "unknown");
    home.quit();
}

#[test]
fn processor_time_is_counted_for_all_together_where_a_group_counts_it() {
    let home = Home::new();
    let (Some(_), true) = (kind(&home), probe().groups.is_ok()) else { return };
    // Each of them may have two seconds on its own, and four of them have eight.
    let spin = "for n in 1 2 3 4; do while :; do :; done & done; wait";
    let id = home.sh("--cpu 2s", spin);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["isolation"]["together"]["cpu"], true, "{task}");
    assert!(task["isolation"]["text"].as_str().unwrap().contains("processor 2 s in all"), "{task}");
    assert_eq!(task["run"]["exit_signal"], 24, "{task}");
    home.quit();
}

#[test]
fn an_engine_without_bubblewrap_falls_back_and_says_so() {
    let home = Home::new();
    // Takes bubblewrap away from the engine alone, with bubblewrap, which makes no world of its own otherwise.
    let hide = ["--dev-bind", "/", "/", "--ro-bind", "/dev/null", "/usr/bin/bwrap", "--"];
    let engine = home.command(["start", "--headless"]);
    let mut command = Command::new(if probe().bubblewrap.is_ok() { "bwrap" } else { "env" });
    if probe().bubblewrap.is_ok() {
        command.args(hide);
    }
    command.arg(engine.get_program()).args(engine.get_args()).env_clear();
    command.envs(engine.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(home.work());
    let mut running = Running::start(command).unwrap();
    wait::until("the engine is ready", LIMIT, || {
        Ok(home.engine_pid().filter(|_| home.run(["list"]).code == 0))
    })
    .unwrap();

    let report = home.json("doctor");
    let report = &report["isolation"];
    assert!(report["bubblewrap_problem"].is_string(), "{report}");
    let (code, error) = home.refused("run --json --network off -- true");
    assert_eq!((code, error["code"].as_str()), (6, Some("cannot_enforce")), "{error}");
    if probe().landlock.is_ok() {
        assert_eq!(report["kind"], "landlock", "{report}");
        let key = home.scratch().join("home/key");
        std::fs::write(&key, "secret").unwrap();
        let script = format!("cat {}; echo in > inside; mktemp", key.display());
        let said = home.run(["run", "--isolate", "--", "sh", "-c", &script]);
        assert!(said.err.contains("Landlock isolates it only in part"), "{said:?}");
        let id = said.out.trim();
        home.ended(&[id]);
        let task = home.task(id);
        assert_eq!(
            (task["state"].as_str(), task["isolation"]["kind"].as_str()),
            (Some("completed"), Some("landlock"))
        );
        assert!(!home.report(id).contains("secret"));
        assert_eq!(home.lines("inside"), ["in"]);
    } else {
        assert_eq!(home.refused("run --json --isolate -- true").0, 6);
    }
    home.quit();
    running.wait(LIMIT).unwrap();
}
