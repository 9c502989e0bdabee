//! What an engine finds after one that was killed. A plain program is never run again by itself.

use errand_testkit::desktop::wait;

use crate::world::{Home, LIMIT, processes};

/// A task that has begun, printed, and goes on for ever; each begin leaves a line in `begun`.
fn runs(home: &Home, script: &str) -> String {
    let id = home.sh("", &format!("echo x >> begun; echo last words; {script}"));
    home.wait_for(&id, "has printed", |task| task["run"]["last_output_at"].is_string());
    id
}

#[track_caller]
fn is_unknown(home: &Home, id: &str, reason: &str) {
    home.ended(&[id]);
    let task = home.task(id);
    assert_eq!((&task["state"], &task["reason"]["code"]), (&"unknown".into(), &reason.into()), "{task}");
    let report = home.report(id);
    assert!(report.contains("```text\nlast words\n```"), "{report}");
    for part in ["What happened", "What is known", "What is not known", "What to do"] {
        assert!(report.contains(part), "{report}");
    }
    assert_eq!(home.lines("begun").len(), 1, "it ran again");
    assert_eq!(task["run"]["phase"], "over", "{task}");
    assert!(processes::programs_of(home).is_empty());
}

#[test]
fn killed_alone_its_supervisors_end_what_ran() {
    let home = Home::new();
    let engine = home.start();
    let id = runs(&home, "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & sleep 300");
    engine.kill();
    // Without any engine.
    home.nothing_left();
    let _engine = home.start();
    is_unknown(&home, &id, "engine_died");
    home.quit();
}

#[test]
fn killed_with_everything_of_ours_the_next_one_finds_and_ends_the_program() {
    let home = Home::new();
    let engine = home.start();
    let id = runs(&home, "sleep 300");
    let spawners = processes::spawners_of(&home);
    assert!(spawners.len() >= 2, "a spawner and a supervisor: {spawners:?}");
    // The engine first would let the supervisors do their work, so it comes last.
    spawners.into_iter().for_each(|(pid, _)| processes::kill(pid));
    engine.kill();
    let _engine = home.start();
    home.ended(&[&id]);
    assert!(processes::programs_of(&home).is_empty());
    let reason = home.task(&id)["reason"]["code"].as_str().unwrap().to_owned();
    // Between two SIGKILLs the engine may have seen the loss of the supervisor, and written it down.
    assert!(["engine_died", "supervisor_died"].contains(&reason.as_str()), "{reason}");
    is_unknown(&home, &id, &reason);
    home.quit();
}

#[test]
fn the_loss_of_a_supervisor_alone_is_told_by_the_same_engine() {
    let home = Home::new();
    let engine = home.start();
    let id = runs(&home, "sleep 300");
    let supervisors = processes::spawners_of(&home);
    // All but the spawner, which was started first.
    let spawner = supervisors.iter().map(|(pid, _)| *pid).min().unwrap();
    supervisors.iter().filter(|(pid, _)| *pid != spawner).for_each(|(pid, _)| processes::kill(*pid));
    is_unknown(&home, &id, "supervisor_died");
    assert_eq!(home.engine_pid(), Some(engine.pid()));
    assert_eq!(home.run(["run", "--wait", "--", "true"]).code, 0, "it goes on");
    home.quit();
}

#[test]
fn the_loss_of_the_spawner_alone_cuts_nothing_off() {
    let home = Home::new();
    let _engine = home.start();
    let gate = home.fifo("gate");
    let id = runs(&home, &format!("read x < {}", gate.display()));
    let spawner = processes::spawners_of(&home).into_iter().map(|(pid, _)| pid).min().unwrap();
    processes::kill(spawner);
    wait::until("there is another spawner", LIMIT, || {
        let all = processes::spawners_of(&home);
        Ok(all.iter().any(|(pid, name)| *pid != spawner && name.ends_with("spawner")).then_some(()))
    })
    .unwrap();
    assert_eq!(home.run(["run", "--wait", "--", "true"]).code, 0);
    home.open(&gate);
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "completed");
    home.quit();
}

#[test]
fn a_task_whose_start_was_written_down_and_not_done_is_not_started_again() {
    let home = Home::crash();
    let engine = home.start_with(&[("ERRAND_FAILPOINT", "before_spawn")]);
    let said = home.run(["run", "--", "sh", "-c", "echo x >> begun"]);
    assert_eq!(said.code, 0, "{said:?}");
    let id = said.out.trim();
    assert_eq!(engine.killed_by(), Some(9));
    let _engine = home.start();
    home.ended(&[id]);
    let task = home.task(id);
    assert_eq!((&task["state"], &task["reason"]["code"]), (&"unknown".into(), &"engine_died".into()));
    assert_eq!((home.lines("begun").len(), task["run"]["pid"].is_null()), (0, true), "{task}");
    // The person decides.
    home.ok(&format!("retry {id}"));
    home.ended(&[id]);
    assert_eq!((home.state(id).as_str(), home.lines("begun").len()), ("completed", 1));
    home.quit();
}

#[test]
fn what_had_not_begun_goes_on_as_if_nothing_had_happened() {
    let home = Home::new();
    let engine = home.start();
    home.ok("settings set slots 1");
    let first = runs(&home, "sleep 300");
    let queued = home.sh("", "echo queued");
    let after = home.sh(&format!("--after {queued}"), "echo after");
    let asks = home.sh(&format!("--after {first}"), "echo asked");
    let later = home.sh("--at +2s", "echo later");
    let paused = home.sh("", "echo paused");
    home.ok(&format!("pause {paused}"));
    engine.kill();
    let _engine = home.start();
    home.ended(&[&first, &queued, &after, &later]);
    for id in [&queued, &after, &later] {
        assert_eq!(home.state(id), "completed");
    }
    let question = home.wait_for_state(&asks, "needs_you");
    assert!(question["questions"][0]["text"].as_str().unwrap().contains("was interrupted"), "{question}");
    assert_eq!(
        (&home.task(&paused)["state"], &home.task(&paused)["holds"][0]),
        (&"queued".into(), &"person".into())
    );
    home.quit();
}
