//! A question has all the time in the world.

use std::time::Duration;

use errand_base::Clock;
use errand_engine::Leave;
use errand_model::{Answer, By, Event, Policy, State, Surface};

use crate::world::{World, turn};

const HOUR: Duration = Duration::from_secs(3600);

/// It waits between two turns, so there is nothing to end first.
async fn left_and_started_again_after(world: World, pause: Duration) -> World {
    assert_eq!(world.engine.quit(Leave::Pause).await.unwrap(), []);
    world.engine.left().await;
    world.killed_and_started_again_after(pause).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_stays_open_for_three_days_and_five_restarts_and_is_answered_once() {
    let mut world = World::at("2026-11-18T09:00:00Z").await;
    let id = world.hand_over_brief("Paint", Policy::default()).await;
    let run = world.run_of(&id).await;
    run.emit(turn(r#"{"status":"continue","question":{"question":"Which?","options":["Red","Blue"]}}"#));
    world.until(&id, State::NeedsYou).await;
    world.until_free(&id).await;
    let asked = world.task(&id).await.questions;
    for start in 0..5 {
        world = if start % 2 == 0 {
            world.killed_and_started_again_after(14 * HOUR).await
        } else {
            left_and_started_again_after(world, 14 * HOUR).await
        };
        world.pass(HOUR / 2).await;
        let task = world.task(&id).await;
        assert_eq!((task.state, &task.questions), (State::NeedsYou, &asked), "after start {start}");
        assert_eq!(world.agent.runs_by_task().get(&id), None, "nothing runs while it waits");
    }
    let open_for = world.clock.now().since(asked[0].asked_at);
    assert!(open_for >= 72 * HOUR, "{open_for:?}");

    let blue = Event::Answer { question: 1, answer: Answer::text("Blue"), by: By::at(Surface::Window) };
    world.engine.tell(&id, blue.clone()).await.unwrap();
    world.engine.tell(&id, blue).await.unwrap_err();
    let run = world.run_of(&id).await;
    let told = world.prompts(&run, 1).await.remove(0);
    let answers: Vec<_> = told.answers.iter().map(|told| told.answer.as_str()).collect();
    assert_eq!((told.turn, answers), (2, vec!["Blue"]));

    // What was decided stays decided, however the turn that hears of it ends.
    let world = world.killed_and_started_again().await;
    let run = world.run_of(&id).await;
    let told = world.prompts(&run, 1).await.remove(0);
    assert_eq!((told.turn, told.answers.len()), (2, 1));
    run.emit(turn(r#"{"status":"done","report":"Blue it is."}"#));
    assert_eq!(world.until_final(&id).await, State::Completed);
    assert_eq!(world.agent.runs_by_task()[&id], 1);
}
