//! How it leaves: asked by a person, or told by the system.

use std::time::Duration;

use crate::world::{Home, LIMIT, background, clock, finish, processes};

/// What a logout leaves it.
const LOGOUT: Duration = Duration::from_secs(5);

#[test]
fn told_by_the_system_it_is_gone_in_time_and_leaves_no_process() {
    let home = Home::new();
    let mut engine = home.start();
    let id = home.sh("", "echo begun; echo $$ > pid; sleep 300");
    let stubborn = home.sh("", "trap '' TERM; echo also; echo $$ > deep; while :; do sleep 1; done");
    for id in [&id, &stubborn] {
        home.wait_for(id, "has printed", |task| task["run"]["last_output_at"].is_string());
    }
    let begin = clock::now();
    processes::terminate(engine.pid());
    engine.running.wait(LIMIT).unwrap();
    let took = begin.elapsed();
    home.nothing_left();
    assert!(took < LOGOUT, "it took {took:?}");

    let _engine = home.start();
    for (id, printed) in [(id, "begun"), (stubborn, "also")] {
        let task = home.wait_for_state(&id, "unknown");
        assert_eq!(task["reason"]["code"], "engine_stopped", "{task}");
        assert!(home.report(&id).contains(&format!("```text\n{printed}\n```")), "{}", home.report(&id));
    }
    home.quit();
}

#[test]
fn asked_while_programs_run_it_refuses_and_names_them() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let id = home.sh("", &format!("read x < {}; echo finished", gate.display()));
    home.wait_for(&id, "executes", |task| task["run"]["phase"] == "executing");
    let (code, error) = home.refused("quit");
    assert_eq!((code, &error["code"]), (6, &"programs_running".into()), "{error}");
    assert!(error["message"].as_str().unwrap().contains(&id), "{error}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("--finish") && hint.contains("--now"), "{hint}");
    home.open(&gate);
    home.ended(&[&id]);
    home.ok("quit");
    home.nothing_left();
}

#[test]
fn it_finishes_what_runs_and_keeps_what_waits() {
    let home = Home::new();
    home.start_and_keep();
    home.ok("settings set slots 1");
    let gate = home.fifo("gate");
    let runs = home.sh("", &format!("read x < {}; echo finished", gate.display()));
    home.wait_for(&runs, "executes", |task| task["run"]["phase"] == "executing");
    let waits = home.sh("", "echo later");
    let mut quits = background(home.command(["quit", "--finish"]));
    // It says what it waits for as soon as the engine has taken the order.
    let mut err = std::io::BufReader::new(quits.child().stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut err, &mut line).unwrap();
    assert!(line.contains(&runs) && !line.contains(&waits), "{line}");
    let said = home.run(["--json", "run", "--", "true"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("\"quitting\""), "{said:?}");
    home.open(&gate);
    let said = finish(quits);
    assert_eq!((said.code, said.out.as_str()), (0, "Errand has left.\n"), "{said:?}");
    home.nothing_left();

    home.start_and_keep();
    assert_eq!((home.state(&runs).as_str(), home.report(&runs).as_str()), ("completed", "finished"));
    home.ended(&[&waits]);
    assert_eq!(home.state(&waits), "completed");
    home.quit();
}

#[test]
fn a_worker_stops_after_its_turn_and_goes_on_from_there_at_the_next_start() {
    let home = Home::new();
    home.start_and_keep();
    let gate = home.fifo("gate");
    let script = format!(
        r#"echo "$ERRAND_TURN" >> turns
        if [ "$ERRAND_TURN" = 1 ]; then
            read -r _ < {}
            echo '{{"status": "continue", "summary": "half of it"}}' > "$ERRAND_RESPONSE_FILE"
        else
            echo '{{"status": "done", "summary": "all of it", "report": "whole"}}' > "$ERRAND_RESPONSE_FILE"
        fi"#,
        gate.display()
    );
    let said = home.run(["run", "Do it in two steps", "--", "sh", "-c", &script]);
    assert_eq!(said.code, 0, "{said:?}");
    let id = said.out.trim().to_owned();
    home.wait_for_file("turns");
    let mut quits = background(home.command(["quit"]));
    let mut err = std::io::BufReader::new(quits.child().stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut err, &mut line).unwrap();
    assert!(line.contains("after their current turn") && line.contains(&id), "{line}");
    home.open(&gate);
    let said = finish(quits);
    assert_eq!((said.code, said.out.as_str()), (0, "Errand has left.\n"), "{said:?}");
    home.nothing_left();
    home.start_and_keep();
    home.ended(&[&id]);
    assert_eq!((home.state(&id).as_str(), home.report(&id).as_str()), ("completed", "whole"));
    assert_eq!(home.lines("turns"), ["1", "2"], "no turn was taken twice");
    home.quit();
}

#[test]
fn a_turn_that_will_not_end_is_cut_off_and_taken_again_at_the_next_start() {
    let home = Home::new();
    let mut engine = home.start();
    let script = r#"echo begun >> turns
        [ "$(wc -l < turns)" = 1 ] && { trap '' TERM; while :; do sleep 1; done; }
        echo '{"status": "done", "summary": "all of it", "report": "whole"}' > "$ERRAND_RESPONSE_FILE""#;
    let said = home.run(["run", "Do it", "--", "sh", "-c", script]);
    let id = said.out.trim().to_owned();
    home.wait_for_file("turns");
    let mut quits = background(home.command(["quit"]));
    let mut err = std::io::BufReader::new(quits.child().stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut err, &mut line).unwrap();
    assert!(line.contains("after their current turn"), "{line}");
    // It would wait for half a minute. The system does not.
    let begin = clock::now();
    processes::terminate(engine.pid());
    engine.running.wait(LIMIT).unwrap();
    assert!(begin.elapsed() < LOGOUT, "it took {:?}", begin.elapsed());
    assert_eq!(finish(quits).code, 0);
    home.nothing_left();
    home.start_and_keep();
    home.ended(&[&id]);
    assert_eq!((home.state(&id).as_str(), home.report(&id).as_str()), ("completed", "whole"));
    assert_eq!(home.lines("turns").len(), 2);
    home.quit();
}

#[test]
fn told_to_leave_now_it_cancels_what_runs() {
    let home = Home::new();
    home.start_and_keep();
    let id = home.sh("", "echo begun; setsid sleep 300 & sleep 300");
    home.wait_for(&id, "has printed", |task| task["run"]["last_output_at"].is_string());
    let later = home.sh("--at +1h", "true");
    home.ok("quit --now");
    home.nothing_left();
    home.start_and_keep();
    let task = home.task(&id);
    assert_eq!(
        (&task["state"], &task["reason"]["code"]),
        (&"cancelled".into(), &"quit_now".into()),
        "{task}"
    );
    assert_eq!(home.state(&later), "waiting", "what did not run goes on");
    home.quit();
}
