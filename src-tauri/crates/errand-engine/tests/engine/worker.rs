//! Workers: their turns, their questions and their results, with a fake agent.

use std::time::Duration;

use errand_agents::SessionEvent;
use errand_base::Code;
use errand_engine::Leave;
use errand_model::{
    Ask, By, Check, Checkpoint, Event, Exit, Finish, Policy, Reason, State, Surface, TurnLimits, TurnOutcome,
    WakeWish,
};

use crate::world::{World, exited, output, turn};

fn ask(text: &str, options: &[&str]) -> Ask {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Ask { text: text.into(), options, open: false }
}

fn answer(question: u32, choice: &str) -> Event {
    Event::Answer { question, choice: choice.into(), by: By::at(Surface::Terminal) }
}

fn finish(report: &str) -> Finish {
    Finish { report: report.into(), ..Finish::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_turns_in_one_slot_and_each_hears_of_the_ones_before() {
    let world = World::new().await;
    let id = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let run = world.run_of(&id).await;
    assert_eq!(run.prompts()[0].brief, "Paint the fence");
    run.emit(turn(r#"{"status":"continue","summary":"Looked at it.","next_task":"Paint it blue"}"#));
    let second = world.prompts(&run, 2).await.remove(1);
    assert_eq!((second.turn, second.brief.as_str()), (2, "Paint it blue"));
    assert_eq!(second.previous_turns[0].summary, "Looked at it.");
    run.emit(turn(r#"{"status":"continue"}"#));
    let third = world.prompts(&run, 3).await.remove(2);
    assert_eq!(third.previous_turns[1].outcome, TurnOutcome::NoOp);
    run.emit(turn(r##"{"status":"done","summary":"Painted.","report":"# All of it"}"##));
    world.until(&id, State::Completed).await;
    let artifact = world.artifact(&id).await.unwrap();
    assert_eq!((artifact.report.as_str(), artifact.outcome.as_str()), ("# All of it", "Painted."));
    assert_eq!(world.agent.runs().len(), 1, "all turns were one run");
    world.until_free(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_between_turns_costs_no_slot_and_its_answer_is_in_the_next_request() {
    let world = World::new().await;
    let id = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let run = world.run_of(&id).await;
    run.emit(turn(
        r#"{"status":"continue","question":{"question":"Which colour?","options":["Red","Blue"]}}"#,
    ));
    world.until(&id, State::NeedsYou).await;
    world.until_free(&id).await;
    let bad = world.engine.tell(&id, answer(1, "green")).await.unwrap_err();
    assert_eq!(bad.code, Code::BadAnswer);
    world.engine.tell(&id, answer(1, "blue")).await.unwrap();
    let runs = world.runs(2).await;
    let prompt = world.prompts(&runs[1], 1).await.remove(0);
    assert_eq!((prompt.turn, prompt.answers[0].answer.as_str()), (2, "Blue"));
    assert_eq!(prompt.previous_turns[0].summary, "Asked: Which colour?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_waits_without_a_slot_and_goes_on_with_the_answer() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(world.hand_over(&format!("task {n}")).await);
    }
    world.runs(3).await;
    let worker = world.worker_of(&ids[0]).await;
    let asking = worker.ask(ask("Which colour?", &["Red", "Blue"])).await.unwrap();
    assert_eq!(world.state(&ids[0]).await, State::NeedsYou);
    // Its slot is free for the fourth.
    world.runs(4).await;
    world.engine.tell(&ids[0], answer(asking.question, "RED")).await.unwrap();
    assert_eq!(asking.answer.await.unwrap().as_deref(), Some("Red"));
    assert_eq!(world.state(&ids[0]).await, State::Running);
    for run in world.agent.runs() {
        run.emit(exited(Exit::Code(0)));
    }
    for id in &ids {
        world.until(id, State::Completed).await;
        world.until_free(id).await;
    }
    // Nothing is left over of the slot that was given back, taken again, and freed.
    for n in 0..4 {
        world.hand_over(&format!("later {n}")).await;
    }
    world.runs(7).await;
    assert_eq!(world.engine.counts().await.unwrap().running, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_takes_the_question_back() {
    let world = World::new().await;
    let id = world.hand_over("task").await;
    let worker = world.worker_of(&id).await;
    let asking = worker.ask(ask("Which colour?", &[])).await.unwrap();
    worker.withdraw(asking.question).await.unwrap();
    assert_eq!(world.state(&id).await, State::Running);
    let late = world.engine.tell(&id, answer(asking.question, "red")).await.unwrap_err();
    assert_eq!(late.code, Code::QuestionNotFound);
    assert_eq!(asking.answer.await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_in_which_it_waits_for_its_person_is_not_billed() {
    let world = World::new().await;
    let limit = Duration::from_secs(100);
    let id = world.hand_over_with("task", Policy { timeout: Some(limit), ..Policy::default() }).await;
    let worker = world.worker_of(&id).await;
    world.pass(Duration::from_secs(60)).await;
    let asking = worker.ask(ask("Which colour?", &[])).await.unwrap();
    world.pass(Duration::from_secs(86_400)).await;
    assert_eq!(world.state(&id).await, State::NeedsYou);
    world.engine.tell(&id, answer(asking.question, "red")).await.unwrap();
    assert_eq!(world.task(&id).await.executed, Duration::from_secs(60));
    world.pass(Duration::from_secs(39)).await;
    assert_eq!(world.state(&id).await, State::Running);
    world.pass(Duration::from_secs(1)).await;
    world.until(&id, State::TimedOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_handed_over_counts_whatever_the_process_does_later() {
    let world = World::new().await;
    let id = world.hand_over("task").await;
    let (run, worker) = (world.run_of(&id).await, world.worker_of(&id).await);
    let asking = worker.ask(ask("Which colour?", &[])).await.unwrap();
    let refused = worker.finish(finish("Done.")).await.unwrap_err();
    assert!(refused.message.contains("withdraw that or wait"), "{refused}");
    world.engine.tell(&id, answer(asking.question, "red")).await.unwrap();

    let check = Check { what: "it is dry".into(), met: false, note: None };
    let finish_with_gap = Finish { verification: vec![check], ..finish("# Painted\n\nAll of it.") };
    assert!(worker.finish(finish_with_gap).await.unwrap());
    assert_eq!(world.state(&id).await, State::Completed);
    assert!(!worker.finish(finish("Something else.")).await.unwrap(), "the first one counts");
    run.emit(output("bye\n"));
    run.emit(exited(Exit::Code(3)));
    world.until_free(&id).await;
    assert_eq!(world.state(&id).await, State::Completed);
    let artifact = world.artifact(&id).await.unwrap();
    assert_eq!((artifact.outcome.as_str(), artifact.with_gaps()), ("Painted", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_wants_to_be_woken_sleeps_and_is_told_why_it_woke() {
    let world = World::new().await;
    let id = world.hand_over("task").await;
    let (run, worker) = (world.run_of(&id).await, world.worker_of(&id).await);
    let wish = WakeWish {
        after_s: Some(600),
        at: None,
        when_subtasks_end: false,
        why: "the build is slow".into(),
        follow_up: Some("Look again.".into()),
    };
    worker.wake(wish).await.unwrap();
    run.emit(exited(Exit::Code(0)));
    world.until(&id, State::Sleeping).await;
    world.until_free(&id).await;
    world.pass(Duration::from_secs(599)).await;
    assert_eq!(world.state(&id).await, State::Sleeping);
    world.pass(Duration::from_secs(1)).await;
    let runs = world.runs(2).await;
    let note = world.prompts(&runs[1], 1).await.remove(0).note.unwrap();
    assert_eq!(note, "You asked to be woken: the build is slow. Look again.");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_shown_at_once_and_written_down_now_and_then() {
    let world = World::new().await;
    let id = world.hand_over("task").await;
    let worker = world.worker_of(&id).await;
    for percent in 0..50 {
        worker.progress(Checkpoint { note: "painting".into(), percent: Some(percent) }).await.unwrap();
    }
    let shared = world.engine.run_of(&id).await.unwrap();
    assert_eq!(shared.checkpoint().and_then(|checkpoint| checkpoint.percent), Some(49));
    world.until_told(&id, Reason::Progress).await;
    let written = world.task(&id).await.talk.checkpoint.and_then(|checkpoint| checkpoint.percent);
    assert_eq!(written, Some(0), "fifty notes within one second are one line");
    world.pass(Duration::from_secs(1)).await;
    worker.progress(Checkpoint { note: "dry".into(), percent: None }).await.unwrap();
    assert_eq!(world.task(&id).await.talk.checkpoint.unwrap().note, "dry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_worker_is_restarted_with_a_note_and_the_count_survives_a_restart_of_ours() {
    let turns = TurnLimits { stall: Duration::from_millis(1), restarts: 2, ..TurnLimits::default() };
    let world = World::new().await;
    let id = world.hand_over_brief("Paint", Policy { turns, ..Policy::default() }).await;
    let run = world.run_of(&id).await;
    assert!(world.told_to_end(&run).await);
    run.emit(SessionEvent::Gone);
    world.until_told(&id, Reason::StallRestart).await;
    world.until_free(&id).await;
    let world = world.killed_and_started_again().await;
    assert_eq!(world.task(&id).await.talk.stalls, 1);
    world.pass(Duration::from_secs(10)).await;
    let run = world.run_of(&id).await;
    let note = world.prompts(&run, 1).await.remove(0).note.unwrap();
    assert!(note.contains("in turn 1") && note.contains("do not start over"), "{note}");
    assert!(world.told_to_end(&run).await);
    run.emit(SessionEvent::Gone);
    world.until_free(&id).await;
    world.pass(Duration::from_secs(10)).await;
    let run = world.runs(2).await.remove(1);
    assert!(world.told_to_end(&run).await);
    run.emit(SessionEvent::Gone);
    world.until(&id, State::NeedsYou).await;
    assert_eq!(world.task(&id).await.reason, Reason::StallRestartExhausted);
    world.engine.tell(&id, answer(1, "start_again")).await.unwrap();
    world.runs(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_interrupted_goes_on_and_a_plain_program_does_not() {
    let world = World::new().await;
    let worker = world.hand_over_brief("Paint", Policy::default()).await;
    let plain = world.hand_over("make deploy").await;
    let run = world.run_of(&worker).await;
    run.emit(turn(r#"{"status":"continue","summary":"Half of it."}"#));
    world.prompts(&run, 2).await;
    world.run_of(&plain).await;
    let world = world.killed_and_started_again().await;
    world.until(&plain, State::Unknown).await;
    let run = world.run_of(&worker).await;
    let prompt = world.prompts(&run, 1).await.remove(0);
    assert_eq!((prompt.turn, prompt.previous_turns.len()), (2, 1));
    assert!(prompt.note.unwrap().contains("interrupted in turn 2"));
    assert_eq!(world.agent.runs_by_task().get(&plain), None, "it is never run again by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_lets_a_turn_finish_and_the_next_one_waits_for_the_next_start() {
    let world = World::new().await;
    let id = world.hand_over_brief("Paint", Policy::default()).await;
    let run = world.run_of(&id).await;
    assert_eq!(world.engine.quit(Leave::Finish).await.unwrap(), std::slice::from_ref(&id));
    run.emit(turn(r#"{"status":"continue","summary":"Half of it."}"#));
    world.engine.left().await;
    assert_eq!(run.prompts().len(), 1);
    let world = world.killed_and_started_again().await;
    let run = world.run_of(&id).await;
    let prompt = world.prompts(&run, 1).await.remove(0);
    assert_eq!((prompt.turn, prompt.note), (2, None), "nothing was interrupted");
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_have_limits_of_their_own() {
    let turns = TurnLimits { most: 2, ..TurnLimits::default() };
    let world = World::new().await;
    let id = world.hand_over_brief("Paint", Policy { turns, ..Policy::default() }).await;
    let run = world.run_of(&id).await;
    world.pass(Duration::from_secs(300)).await;
    world.until(&id, State::Waiting).await;
    assert!(world.told_to_end(&run).await);
    run.emit(SessionEvent::Gone);
    world.until_free(&id).await;
    world.pass(Duration::from_secs(10)).await;
    let run = world.runs(2).await.remove(1);
    run.emit(turn(r#"{"status":"continue","summary":"Half."}"#));
    world.prompts(&run, 2).await;
    run.emit(turn(r#"{"status":"continue","summary":"More."}"#));
    world.until(&id, State::Failed).await;
    assert_eq!(world.task(&id).await.reason, Reason::TurnLimit);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_writes_is_read_with_the_next_turn_and_before_anything_is_over() {
    let world = World::new().await;
    let id = world.hand_over_brief("Paint", Policy::default()).await;
    let run = world.run_of(&id).await;
    let write =
        |text: &str, replace| Event::Message { text: text.into(), replace, by: By::at(Surface::Window) };
    world.engine.tell(&id, write("Not the gate.", false)).await.unwrap();
    run.emit(turn(r#"{"status":"done","summary":"Painted."}"#));
    let second = world.prompts(&run, 2).await.remove(1);
    assert_eq!((second.messages[0].text.as_str(), second.messages[0].new), ("Not the gate.", true));
    run.emit(turn(r#"{"status":"done","summary":"Painted, but the gate."}"#));
    world.until(&id, State::Completed).await;
    world.until_free(&id).await;

    world.engine.tell(&id, write("Now the gate.", true)).await.unwrap();
    let run = world.runs(2).await.remove(1);
    let prompt = world.prompts(&run, 1).await.remove(0);
    assert_eq!((prompt.turn, prompt.brief.as_str()), (1, "Now the gate."));
    assert_eq!(prompt.messages.iter().filter(|message| message.new).count(), 1);
    assert_eq!(prompt.previous_turns.len(), 2, "what it did before stays known");
    world.engine.tell(&id, write("No, the shed.", true)).await.unwrap();
    assert!(world.told_to_end(&run).await);
    run.emit(SessionEvent::Gone);
    let run = world.runs(3).await.remove(2);
    assert_eq!(world.prompts(&run, 1).await.remove(0).brief, "No, the shed.");

    let plain = world.hand_over("make").await;
    world.run_of(&plain).await;
    let refused = world.engine.tell(&plain, write("Hello.", false)).await.unwrap_err();
    assert!(refused.message.ends_with("reads no messages."), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_happened_is_said_and_not_repeated() {
    let world = World::new().await;
    let worker = world.hand_over_brief("Release", Policy::default()).await;
    let plain = world.hand_over("make release").await;
    for id in [&worker, &plain] {
        let programs = world.worker_of(id).await;
        programs.deed("write the notes".into(), false).await.unwrap();
        programs.deed("write the notes".into(), true).await.unwrap();
        programs.deed("publish it".into(), false).await.unwrap();
    }
    let world = world.killed_and_started_again().await;
    world.until(&plain, State::Unknown).await;
    let report = world.artifact(&plain).await.unwrap().report;
    assert!(report.contains("may have done it: publish it."), "{report}");
    let run = world.run_of(&worker).await;
    let prompt = world.prompts(&run, 1).await.remove(0);
    assert!(prompt.note.unwrap().ends_with("check each first: publish it."));
    let known: Vec<_> = prompt.effects.iter().map(|deed| (deed.what.as_str(), deed.state.name())).collect();
    assert_eq!(known, [("write the notes", "done"), ("publish it", "unknown")]);
}
