//! Sub-tasks: asked for by a worker, worked on beside it, ended with it.

use std::time::Duration;

use errand_agents::fake::FakeRun;
use errand_base::{Code, TaskId};
use errand_engine::{Accepted, Clicked, Worker};
use errand_model::{
    Answer, AnswerText, Ask, By, Event, Exit, Finish, Lease, Policy, Reason, State, SubtaskWish, Surface,
    Task, WakeWish,
};
use errand_os::Told;

use crate::world::{World, exited, turn};

const AWAIT: &str = r#"{"status":"continue","wake":{"when_subtasks_end":true,"why":"others are at work"}}"#;

fn wish(brief: &str) -> SubtaskWish {
    SubtaskWish { brief: Some(brief.into()), key: Some(brief.into()), ..SubtaskWish::default() }
}

async fn spawn(worker: &Worker, brief: &str) -> TaskId {
    worker.spawn(wish(brief)).await.unwrap().id
}

fn by() -> By {
    By::at(Surface::Terminal)
}

/// A worker, its run, and sub-tasks with these briefs.
async fn family(world: &World, briefs: &[&str]) -> (TaskId, FakeRun, Vec<TaskId>) {
    let parent = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let run = world.run_of(&parent).await;
    let worker = world.worker_of(&parent).await;
    let mut children = Vec::new();
    for brief in briefs {
        children.push(spawn(&worker, brief).await);
    }
    (parent, run, children)
}

async fn done(world: &World, task: &TaskId, report: &str) {
    let run = world.run_of(task).await;
    run.emit(turn(&format!(r#"{{"status":"done","report":"{report}"}}"#)));
    world.until(task, State::Completed).await;
}

/// As if an engine had died right after it had written this down.
async fn behind_its_back(world: &World, task: &TaskId, change: impl Fn(&mut Task) + Send + 'static) {
    let id = task.clone();
    let written = world.store.write(move |tx| {
        let stored = tx.tasks().load(&id)?.unwrap();
        let version = stored.task.version;
        let mut task = Task { version: version + 1, timers: Vec::new(), run: None, ..stored.task };
        change(&mut task);
        tx.tasks().advance(stored.seq, version, &task, None, stored.updated_at)
    });
    assert!(written.await.unwrap());
}

async fn children(world: &World, parent: &TaskId) -> Vec<TaskId> {
    let parent = parent.clone();
    let found = world.store.read(move |reader| {
        let seq = reader.tasks().seq(&parent)?.unwrap();
        reader.tasks().subtasks_of(seq)
    });
    found.await.unwrap().into_iter().map(|kin| kin.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_hands_on_sleeps_without_a_slot_and_hears_what_came_of_it() {
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red", "blue", "green"]).await;
    // Two run beside it, the third waits for its slot.
    world.runs(3).await;
    run.emit(turn(AWAIT));
    world.until(&parent, State::Sleeping).await;
    world.runs(4).await;
    done(&world, &ids[0], "Red it is").await;
    done(&world, &ids[1], "Blue it is").await;
    assert_eq!(world.state(&parent).await, State::Sleeping, "one is at work");
    world.run_of(&ids[2]).await.emit(turn(r#"{"status":"failed","summary":"No green."}"#));
    let again = world.runs(5).await.remove(4);
    assert_eq!(again.task, parent);
    let request = world.prompts(&again, 1).await.remove(0);
    assert_eq!(request.note.as_deref(), Some("You asked to be woken: others are at work."));
    let told: Vec<_> = request.subtasks.iter().map(|told| (told.state, told.title.as_str())).collect();
    assert_eq!(told, [("completed", "red"), ("completed", "blue"), ("failed", "green")]);
    assert_eq!(request.subtasks[0].report.as_deref(), Some("Red it is"));
    assert!(request.subtasks[2].report.as_ref().unwrap().contains("No green."));
    again.emit(turn(r#"{"status":"done","summary":"Painted."}"#));
    world.until(&parent, State::Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_is_made_once_and_other_work_under_its_key_is_a_conflict() {
    let world = World::new().await;
    let (parent, _, ids) = family(&world, &["red"]).await;
    let worker = world.worker_of(&parent).await;
    let again = worker.spawn(wish("red")).await.unwrap();
    assert_eq!(again, Accepted { id: ids[0].clone(), duplicate: true });
    let other = SubtaskWish { brief: Some("blue".into()), ..wish("red") };
    assert_eq!(worker.spawn(other).await.unwrap_err().code, Code::KeyConflict);
    assert_eq!(children(&world, &parent).await, ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_too_deep_outside_or_for_a_plain_program_is_refused() {
    let world = World::new().await;
    let more = world.store.write(|tx| tx.settings().set("slots", "20"));
    more.await.unwrap();
    world.engine.reread_settings().await.unwrap();
    let (parent, _, ids) = family(&world, &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]).await;
    let worker = world.worker_of(&parent).await;
    assert_eq!(worker.spawn(wish("10")).await.unwrap_err().code, Code::SubtaskLimit);
    assert_eq!(worker.spawn(wish("9")).await.unwrap().id, ids[9], "asking again is not asking for more");
    for cwd in ["..", "/../etc"] {
        let outside = SubtaskWish { cwd: Some(cwd.into()), ..wish("out") };
        assert_eq!(worker.spawn(outside).await.unwrap_err().code, Code::BadUsage, "{cwd}");
    }
    let mut deep = ids[0].clone();
    for brief in ["second", "third"] {
        deep = spawn(&*world.worker_of(&deep).await, brief).await;
    }
    let request = world.run_of(&deep).await.prompts().remove(0);
    let tool = request.tools.iter().find(|tool| tool.name == "spawn_subtask").unwrap();
    assert_eq!((tool.available, tool.reason), (false, Some("depth_reached")));
    let third = world.worker_of(&deep).await;
    assert_eq!(third.spawn(wish("fourth")).await.unwrap_err().code, Code::SubtaskLimit);

    let world = World::new().await;
    let plain = world.hand_over("make").await;
    let fault = world.worker_of(&plain).await.spawn(wish("red")).await.unwrap_err();
    assert_eq!(fault.code, Code::IllegalState, "{}", fault.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_response_asks_for_is_made_once_whenever_the_engine_dies() {
    let world = World::new().await;
    let parent = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let run = world.run_of(&parent).await;
    run.emit(turn(
        r#"{"status":"continue","subtasks":[{"brief":"red"},{"brief":"blue"}],"wake":{"when_subtasks_end":true}}"#,
    ));
    world.until(&parent, State::Sleeping).await;
    let ids = children(&world, &parent).await;
    assert_eq!(ids.len(), 2, "they were written with the turn");
    let world = world.killed_and_started_again().await;
    for id in &ids {
        done(&world, id, "painted").await;
    }
    assert_eq!(children(&world, &parent).await, ids);
    let request = world.prompts(&world.run_of(&parent).await, 1).await.remove(0);
    assert_eq!((request.turn, request.subtasks.len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_asks_for_nonsense_is_a_failed_turn_and_for_too_much_is_told_so() {
    let world = World::new().await;
    let parent = world.hand_over_brief("Paint the fence", Policy::default()).await;
    world.run_of(&parent).await.emit(turn(r#"{"status":"continue","subtasks":[{"title":"empty"}]}"#));
    world.until(&parent, State::Failed).await;
    let report = world.artifact(&parent).await.unwrap().report;
    assert!(report.contains("sub-task “empty”: it has neither a brief nor a program"), "{report}");

    let parent = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let run = world.run_of(&parent).await;
    let many: Vec<String> = (0..11).map(|n| format!(r#"{{"brief":"part {n}"}}"#)).collect();
    run.emit(turn(&format!(r#"{{"status":"continue","subtasks":[{}]}}"#, many.join(","))));
    let request = world.prompts(&run, 2).await.remove(1);
    assert_eq!(request.subtasks.len(), 10);
    let note = request.note.unwrap();
    assert!(note.contains("“part 10” (it has ten sub-tasks"), "{note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_done_too_early_is_refused_or_waits_and_has_another_turn() {
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red"]).await;
    let worker = world.worker_of(&parent).await;
    let finish = || Finish { report: "Done.".into(), ..Finish::default() };
    assert_eq!(worker.finish(finish()).await.unwrap_err().code, Code::SubtasksOpen);
    run.emit(exited(Exit::Code(0)));
    world.until(&parent, State::Sleeping).await;
    done(&world, &ids[0], "Red it is").await;
    let again = world.runs(3).await.remove(2);
    let note = world.prompts(&again, 1).await.remove(0).note.unwrap();
    assert!(note.starts_with("You said that you were done while a sub-task"), "{note}");
    assert!(world.worker_of(&parent).await.finish(finish()).await.unwrap());
    assert_eq!(world.state(&parent).await, State::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_reaches_the_whole_tree_and_it_is_removed_as_one() {
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red"]).await;
    let child = world.run_of(&ids[0]).await;
    let below = spawn(&*world.worker_of(&ids[0]).await, "dark red").await;
    let grandchild = world.run_of(&below).await;
    let waiting = spawn(&*world.worker_of(&ids[0]).await, "light red").await;
    assert_eq!(world.engine.delete(&parent).await.unwrap_err().code, Code::IllegalState);
    world.engine.tell(&parent, Event::Cancel { by: by() }).await.unwrap();
    for task in [&ids[0], &below, &waiting] {
        world.until(task, State::Cancelled).await;
        assert_eq!(world.task(task).await.reason, Reason::ParentCancelled);
    }
    for run in [&run, &child, &grandchild] {
        assert!(world.told_to_end(run).await);
    }
    // Nothing may start again below it, and nothing goes while processes are left.
    let retry = world.engine.tell(&ids[0], Event::Retry { by: by() }).await.unwrap_err();
    assert!(retry.code == Code::IllegalState && retry.message.contains(parent.as_str()), "{retry:?}");
    for ended in [&run, &child] {
        ended.emit(exited(Exit::Signal(15)));
        world.until_free(&ended.task).await;
    }
    let fault = world.engine.delete(&parent).await.unwrap_err();
    assert!(fault.message.contains(below.as_str()), "{}", fault.message);
    grandchild.emit(exited(Exit::Signal(15)));
    world.until_free(&below).await;
    world.engine.delete(&parent).await.unwrap();
    for task in [&parent, &ids[0], &below, &waiting] {
        assert!(!world.is_known(task).await, "{task} is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_parent_comes_to_its_subtasks_come_to_an_end() {
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red"]).await;
    run.emit(turn(r#"{"status":"failed","summary":"No brush."}"#));
    world.until(&parent, State::Failed).await;
    world.until(&ids[0], State::Cancelled).await;
    assert_eq!(world.task(&ids[0]).await.reason, Reason::ParentEnded);

    // Opened again, it may ask for the same anew: that was another time.
    world.engine.tell(&parent, Event::Retry { by: by() }).await.unwrap();
    world.runs(3).await;
    let anew = world.worker_of(&parent).await.spawn(wish("red")).await.unwrap();
    assert!(!anew.duplicate && anew.id != ids[0]);
    let request = world.run_of(&parent).await.prompts().remove(0);
    assert_eq!((request.subtasks[0].earlier, request.subtasks[0].state), (true, "cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_died_in_between_leaves_nobody_at_work_or_asleep_for_ever() {
    let world = World::new().await;
    let (cancelled, _, ids) = family(&world, &["red"]).await;
    let (sleeps, run, others) = family(&world, &["blue"]).await;
    run.emit(turn(AWAIT));
    world.until(&sleeps, State::Sleeping).await;
    behind_its_back(&world, &cancelled, |task| task.state = State::Cancelled).await;
    behind_its_back(&world, &others[0], |task| task.state = State::Completed).await;
    let world = world.killed_and_started_again().await;
    world.until(&ids[0], State::Cancelled).await;
    assert_eq!(world.task(&ids[0]).await.reason, Reason::ParentCancelled);
    world.until(&sleeps, State::Running).await;
    let request = world.prompts(&world.run_of(&sleeps).await, 1).await.remove(0);
    assert_eq!(request.subtasks[0].state, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_person_hears_of_the_whole_and_of_questions_under_its_name() {
    let mut world = World::new().await;
    world.notifier.appear(&["actions"]);
    let (parent, run, ids) = family(&world, &["red", "blue"]).await;
    run.emit(turn(AWAIT));
    let worker = world.worker_of(&ids[0]).await;
    let ask = Ask { text: "Which red?".into(), open: true, ..Ask::default() };
    let asking = worker.ask(ask).await.unwrap();
    let banner = world.shown(1).await.remove(0);
    assert_eq!(banner.title, format!("A program asks in {parent}"));
    assert_eq!(banner.body, "Paint the fence: red\nWhich red?");
    world.notifier.act(&banner.key, "default");
    assert_eq!(
        world.clicked().await,
        Clicked::Task(parent.clone()),
        "a click leads to the task that its person knows"
    );
    let answer = Event::Answer { question: asking.question, answer: Answer::text("dark"), by: by() };
    world.engine.tell(&ids[0], answer).await.unwrap();
    assert_eq!(asking.answer.await.unwrap().as_ref().map(AnswerText::reveal), Some("dark"));
    done(&world, &ids[0], "Dark red").await;
    world.run_of(&ids[1]).await.emit(turn(r#"{"status":"failed","summary":"No blue."}"#));
    world.until_told(&parent, Reason::SubtasksEnded).await;
    world.runs(4).await.remove(3).emit(turn(r#"{"status":"done","summary":"Painted."}"#));
    let titles: Vec<String> = world.shown(2).await.into_iter().map(|banner| banner.title).collect();
    assert_eq!(titles[1], "Done: Paint the fence");
    let shown = world.told().iter().filter(|told| matches!(told, Told::Shown(_))).count();
    assert_eq!(shown, 2, "{:?}", world.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_far_below_has_a_line_at_the_top() {
    let world = World::new().await;
    let (parent, _, ids) = family(&world, &["red"]).await;
    let below = spawn(&*world.worker_of(&ids[0]).await, "dark red").await;
    world.run_of(&below).await.emit(turn(r#"{"status":"failed","summary":"No dark."}"#));
    world.until(&below, State::Failed).await;
    world.until_told(&parent, Reason::SubtaskEnded).await;
    world.until_told(&ids[0], Reason::SubtaskEnded).await;
    assert_eq!(world.state(&parent).await, State::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_cancelled_alone_is_told_to_who_waits_for_it() {
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red", "blue"]).await;
    let worker = world.worker_of(&parent).await;
    assert_eq!(worker.cancel_subtask("blue").await.unwrap(), ids[1]);
    assert_eq!(world.task(&ids[1]).await.reason, Reason::CalledOff);
    run.emit(turn(AWAIT));
    world.until(&parent, State::Sleeping).await;
    world.engine.tell(&ids[0], Event::Cancel { by: by() }).await.unwrap();
    for child in &ids {
        world.run_of(child).await.emit(exited(Exit::Signal(15)));
    }
    world.runs(4).await;
    let stranger = world.worker_of(&parent).await;
    let (_, _, others) = family(&world, &["green"]).await;
    assert_eq!(stranger.cancel_subtask(others[0].as_str()).await.unwrap_err().code, Code::TaskNotFound);
    assert_eq!(stranger.subtasks().await.unwrap().len(), 2, "and knows only its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_nothing_is_refused_and_a_latest_moment_wakes_as_well() {
    let world = World::new().await;
    let parent = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let worker = world.worker_of(&parent).await;
    let wake =
        |at| WakeWish { after_s: at, at: None, when_subtasks_end: true, why: String::new(), follow_up: None };
    assert_eq!(worker.wake(wake(None)).await.unwrap_err().code, Code::IllegalState);
    spawn(&worker, "red").await;
    assert_eq!(worker.wake(wake(None)).await.unwrap(), None);
    assert!(worker.wake(wake(Some(600))).await.unwrap().is_some());
    world.run_of(&parent).await.emit(exited(Exit::Code(0)));
    world.until(&parent, State::Sleeping).await;
    world.pass(Duration::from_secs(601)).await;
    world.until(&parent, State::Running).await;
    let again = world.runs(3).await.remove(2);
    assert!(world.prompts(&again, 1).await[0].subtasks[0].report.is_none(), "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_from_a_parent_to_its_subtasks_and_back() {
    let world = World::new().await;
    let lease = Some(Lease::on("/".into()));
    let parent = world.hand_over_brief("Paint the fence", Policy { lease, ..Policy::default() }).await;
    let run = world.run_of(&parent).await;
    let worker = world.worker_of(&parent).await;
    let (red, blue) = (spawn(&worker, "red").await, spawn(&worker, "blue").await);
    let why = world.engine.why(&red).await.unwrap();
    assert_eq!(why, format!("Waits for the folder, which {parent} uses"));
    run.emit(turn(AWAIT));
    done(&world, &red, "Red it is").await;
    done(&world, &blue, "Blue it is").await;
    let tasks: Vec<TaskId> = world.runs(4).await.into_iter().map(|run| run.task).collect();
    assert_eq!(tasks, [parent.clone(), red, blue, parent], "one after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_and_the_archive_take_the_whole_tree() {
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red"]).await;
    world.engine.pause(&parent, true, by()).await.unwrap();
    assert!(!world.task(&ids[0]).await.holds.is_empty());
    let later = spawn(&*world.worker_of(&parent).await, "blue").await;
    assert!(!world.task(&later).await.holds.is_empty(), "also what it asks for while it is paused");
    world.engine.pause(&parent, false, by()).await.unwrap();
    assert!(world.task(&later).await.holds.is_empty());
    done(&world, &ids[0], "Red it is").await;
    done(&world, &later, "Blue it is").await;
    run.emit(turn(r#"{"status":"done"}"#));
    world.until(&parent, State::Completed).await;
    world.engine.archive(&parent, true, Surface::Terminal).await.unwrap();
    for task in [&parent, &ids[0], &later] {
        let task = task.clone();
        let stored = world.store.read(move |reader| reader.tasks().load(&task)).await.unwrap().unwrap();
        assert!(stored.archived_at.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subtask_is_kept_as_long_as_the_task_it_belongs_to() {
    const DAY: Duration = Duration::from_secs(86_400);
    let world = World::new().await;
    let (parent, run, ids) = family(&world, &["red"]).await;
    done(&world, &ids[0], "Red it is").await;
    run.emit(turn(r#"{"status":"continue","question":{"question":"Go on?"}}"#));
    world.until(&parent, State::NeedsYou).await;
    let old = world.hand_over("old").await;
    world.run_of(&old).await.emit(exited(Exit::Code(0)));
    world.until(&old, State::Completed).await;
    let world = world.killed_and_started_again_after(DAY * 200).await;
    let recent = world.hand_over("recent").await;
    world.run_of(&recent).await.emit(exited(Exit::Code(0)));
    world.until(&recent, State::Completed).await;
    let world = world.killed_and_started_again_after(DAY).await;
    world.until_removed(&old).await;
    assert!(world.is_known(&ids[0]).await && world.is_known(&parent).await);
}
