//! Many answers at once, many times: one decides, the others are told whose it was, and the work goes on with it.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::world::Home;
use crate::world::line::Line;
use crate::world::service::Service;

const ROUNDS: usize = 200;

/// Beside the banner.
const ANSWERS: usize = 19;

/// In every so many rounds the engine is killed while the answers come.
const KILLED: usize = 5;

/// A worker that asks between two turns, so that it can wait without a process, and repeats what it is told.
const WORKER: &str = r#"case $ERRAND_TURN in
    1) echo '{"status":"continue","question":{"question":"Who?","options":["Terminal","Window","Banner"]}}' ;;
    *) answer=$(grep -oxE '  (Terminal|Window|Banner)' "$ERRAND_PROMPT_FILE" | tr -d ' ')
       echo "{\"status\":\"done\",\"report\":\"$answer\"}" ;;
esac > "$ERRAND_RESPONSE_FILE""#;

/// What came of one answer; None if the engine was gone before it said so.
type Told = Option<Result<(), Value>>;

fn answer(home: &Home, task: &str, n: usize) -> Told {
    let (surface, role) = if n.is_multiple_of(2) { ("terminal", "terminal") } else { ("window", "windows") };
    let params = json!({ "task": task, "question": "q1", "choice": surface, "surface": surface });
    let reply = Line::open(home, role).ok()?.call("answer", &params).ok()?;
    Some(reply.map(drop))
}

/// All at once. `meanwhile` gets the count of those that have heard something.
fn all_answer(home: &Home, task: &str, meanwhile: impl FnOnce(&AtomicUsize)) -> Vec<Told> {
    let (start, heard) = (Barrier::new(ANSWERS + 1), AtomicUsize::new(0));
    thread::scope(|scope| {
        let answers: Vec<_> = (0..ANSWERS)
            .map(|n| {
                let (start, heard) = (&start, &heard);
                scope.spawn(move || {
                    start.wait();
                    let told = answer(home, task, n);
                    heard.fetch_add(1, Ordering::SeqCst);
                    told
                })
            })
            .collect();
        start.wait();
        meanwhile(&heard);
        answers.into_iter().map(|answer| answer.join().unwrap()).collect()
    })
}

/// One answer stands there. Whoever was told that it is theirs is right, and the others were told who, where and when.
#[track_caller]
fn one_decided(task: &Value, told: &[Told]) {
    let answered = &task["questions"][0]["answered"];
    let choice = answered["choice"].as_str().unwrap();
    let won: Vec<usize> = (0..told.len()).filter(|n| matches!(told[*n], Some(Ok(())))).collect();
    let surface = answered["surface"].as_str().unwrap();
    match won.as_slice() {
        [] => {}
        [n] => assert_eq!(surface, if n.is_multiple_of(2) { "terminal" } else { "window" }, "{answered}"),
        several => panic!("{several:?} were told that they have decided"),
    }
    let place = match surface {
        "terminal" => "in the terminal",
        "window" => "in a window",
        "notification" => "in a notification",
        other => panic!("{other}"),
    };
    for refusal in told.iter().filter_map(|told| told.as_ref()?.as_ref().err()) {
        let text = refusal.to_string();
        let names_it = text.contains("already_answered")
            && text.contains(&format!("“{choice}”"))
            && text.contains(&format!("{place} at {}", answered["at"].as_str().unwrap()));
        assert!(names_it, "{text} for {answered}");
    }
}

#[test]
fn of_twenty_answers_one_decides_in_each_of_two_hundred_rounds() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    let mut engine = Some(home.start());
    let mut surfaces = BTreeMap::new();
    for round in 0..ROUNDS {
        let said = home.run(["run", &format!("Round {round}"), "--", "sh", "-c", WORKER]);
        assert_eq!(said.code, 0, "{said:?}");
        let id = said.out.trim();
        let asks = home.wait_for_state(id, "needs_you");
        let mut told = if round % KILLED == KILLED - 1 {
            let after = round / KILLED % 4;
            let told = all_answer(&home, id, |heard| {
                while heard.load(Ordering::SeqCst) < after {
                    thread::yield_now();
                }
                engine.take().unwrap().kill();
            });
            engine = Some(home.start());
            told
        } else {
            let banner = service.shown(&format!("A program asks in {id}"));
            let told = all_answer(&home, id, |_| service.try_press(&banner, "Banner"));
            assert!(told.iter().all(Option::is_some), "{told:?}");
            told
        };
        // Where none was written down before the kill, the question is open as before.
        if home.task(id)["questions"][0]["state"] == "open" {
            assert!(told.iter().all(|told| !matches!(told, Some(Ok(())))), "{told:?}");
            told.push(answer(&home, id, ANSWERS));
        }
        home.ended(&[id]);
        let task = home.task(id);
        one_decided(&task, &told);
        let answered = &task["questions"][0]["answered"];
        assert_eq!(home.report(id), answered["choice"], "round {round}: {task}");
        let decided = home.reasons(id).into_iter().filter(|reason| reason == "answered").count();
        assert_eq!(decided, 1, "round {round}: {}", home.ok(&format!("history {id} --json")));
        assert_eq!(asks["questions"].as_array().unwrap().len(), 1);
        *surfaces.entry(answered["surface"].to_string()).or_insert(0) += 1;
    }
    println!("decided: {surfaces:?}");
    drop(engine);
    home.start_and_keep();
    home.quit();
}
