//! The machine and its sleep: when it is kept from it, and what a sleep or a clock that is set does to the work.

use std::time::Duration;

use errand_base::{Clock, TaskId};
use errand_engine::{NewTask, settings};
use errand_model::{Answer, Ask, By, Event, Exit, Hold, Policy, Reason, State, Surface, Vigil};
use errand_os::PowerEvent;

use crate::world::{World, exited, new_task, turn};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn ask() -> Ask {
    Ask { text: "Which colour?".into(), open: true, ..Ask::default() }
}

fn answer(question: u32) -> Event {
    Event::Answer { question, answer: Answer::text("red"), by: By::at(Surface::Terminal) }
}

fn limit(limit: Duration) -> Policy {
    Policy { timeout: Some(limit), ..Policy::default() }
}

impl World {
    async fn hand_over_for(&self, title: &str, wait: Duration) -> TaskId {
        let start_at = Some(self.clock.now().plus(wait));
        self.engine.accept(NewTask { start_at, ..new_task(title) }).await.unwrap().id
    }

    async fn set_and_wait(&self, name: &'static str, value: &'static str) {
        self.store.write(move |tx| tx.settings().set(name, value)).await.unwrap();
        self.engine.reread_settings().await.unwrap();
        self.pass(Duration::ZERO).await;
    }

    async fn vigil(&self) -> (Vigil, bool) {
        let vigil = self.engine.counts().await.unwrap().vigil;
        (vigil, self.power.is_held())
    }

    /// How often a line with this reason stands in the timeline of the task.
    async fn times(&self, id: &TaskId, reason: Reason) -> usize {
        let id = id.clone();
        let rows = self.store.read(move |reader| {
            let seq = reader.tasks().seq(&id)?.unwrap();
            reader.transitions().of_task(seq)
        });
        rows.await.unwrap().iter().filter(|row| row.reason == reason).count()
    }

    fn runs_of(&self, id: &TaskId) -> usize {
        self.agent.runs_by_task().get(id).copied().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_is_kept_awake_exactly_while_a_run_executes_a_turn() {
    let world = World::new().await;
    let waiting = world.hand_over_for("later", HOUR).await;
    assert_eq!(world.vigil().await, (Vigil::NotNeeded, false), "waiting for a time");

    let id = world.hand_over("task").await;
    let worker = world.worker_of(&id).await;
    world.power.until_held(true).await;
    let counts = world.engine.counts().await.unwrap();
    assert_eq!(
        (counts.vigil, counts.at_work, counts.kept_since),
        (Vigil::Kept, vec![id.clone()], Some(world.clock.now()))
    );

    let asking = worker.ask(ask()).await.unwrap();
    world.power.until_held(false).await;
    assert_eq!(world.vigil().await, (Vigil::NotNeeded, false), "it waits for its person with its process");
    assert_eq!(world.engine.counts().await.unwrap().kept_since, None);
    world.engine.tell(&id, answer(asking.question)).await.unwrap();
    world.power.until_held(true).await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    world.power.until_held(false).await;

    let hold = |hold| Event::Hold { hold, by: Some(By::at(Surface::Terminal)) };
    world.engine.tell(&waiting, hold(Hold::Person)).await.unwrap();
    world.pass(HOUR).await;
    world.until(&waiting, State::Queued).await;
    assert_eq!(world.vigil().await, (Vigil::NotNeeded, false), "queued, and paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_kept_awake_for_from_turn_to_turn_and_not_while_it_sleeps() {
    let world = World::new().await;
    let id = world.hand_over_brief("Paint the fence", Policy::default()).await;
    let run = world.run_of(&id).await;
    world.power.until_held(true).await;
    run.emit(turn(r#"{"status":"continue"}"#));
    world.prompts(&run, 2).await;
    assert_eq!(world.vigil().await, (Vigil::Kept, true));
    run.emit(turn(r#"{"status":"continue","wake":{"after":"2h"}}"#));
    world.until(&id, State::Sleeping).await;
    world.power.until_held(false).await;
    world.pass(HOUR * 2).await;
    world.runs(2).await;
    world.power.until_held(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_allows_counts_at_once_and_its_end_is_said() {
    let world = World::new().await;
    let id = world.hand_over("task").await;
    world.power.until_held(true).await;
    world.power.emit(PowerEvent::OnBattery(true));
    world.power.until_held(false).await;
    assert_eq!(world.vigil().await, (Vigil::OnBattery, false));
    world.until_told(&id, Reason::MaySleep).await;
    world.set_and_wait(settings::KEEP_AWAKE_ON_BATTERY, "true").await;
    assert_eq!(world.vigil().await, (Vigil::Kept, true));
    world.set_and_wait(settings::KEEP_AWAKE, "false").await;
    assert_eq!(world.vigil().await, (Vigil::SwitchedOff, false));
    world.power.emit(PowerEvent::OnBattery(false));
    world.set_and_wait(settings::KEEP_AWAKE, "true").await;
    assert_eq!(world.vigil().await, (Vigil::Kept, true));
    assert_eq!(world.times(&id, Reason::MaySleep).await, 1, "the person knows what was switched off");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_four_hours_it_may_sleep_whatever_is_at_work() {
    let world = World::new().await;
    let id = world.hand_over("task").await;
    world.power.until_held(true).await;
    world.pass(HOUR * 4 - MINUTE).await;
    assert_eq!(world.vigil().await, (Vigil::Kept, true));
    world.pass(MINUTE).await;
    assert_eq!(world.vigil().await, (Vigil::TooLong, false));
    world.until_told(&id, Reason::MaySleep).await;
    world.pass(HOUR).await;
    assert_eq!(world.vigil().await, (Vigil::TooLong, false));
    assert_eq!(world.times(&id, Reason::MaySleep).await, 1);
    // It did sleep. What is at work then goes on, and is worth staying awake for again.
    world.clock.sleep(HOUR * 8);
    world.power.emit(PowerEvent::ClockJumped);
    world.power.until_held(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_hours_of_sleep_wake_what_waits_once_and_use_up_no_limit() {
    let world = World::new().await;
    let running = world.hand_over_with("running", limit(HOUR)).await;
    let waiting = world.hand_over_for("at three", HOUR * 3).await;
    let sleeping = world.hand_over_brief("Paint the fence", Policy::default()).await;
    world.run_of(&sleeping).await.emit(turn(r#"{"status":"continue","wake":{"after":"2h"}}"#));
    world.until(&sleeping, State::Sleeping).await;
    world.run_of(&running).await;
    world.pass(MINUTE * 20).await;

    world.power.emit(PowerEvent::Sleeping);
    world.clock.sleep(HOUR * 8);
    // The kernel tells of the jump; nothing else reaches the engine.
    world.power.emit(PowerEvent::ClockJumped);
    world.until(&waiting, State::Running).await;
    world.until(&sleeping, State::Running).await;
    world.until_told(&running, Reason::ClockGap).await;
    world.power.emit(PowerEvent::Woke);

    world.pass(MINUTE * 39).await;
    assert_eq!(world.state(&running).await, State::Running, "59 minutes of one hour");
    world.pass(MINUTE).await;
    world.until(&running, State::TimedOut).await;
    assert_eq!(world.task(&running).await.executed, HOUR);
    assert_eq!(world.times(&running, Reason::ClockGap).await, 1);
    assert_eq!(world.times(&waiting, Reason::StartTimeReached).await, 1);
    // Their programs start a moment after it is written down.
    let runs = || (world.runs_of(&waiting), world.runs_of(&sleeping));
    world.eventually(|| (runs().0 >= 1 && runs().1 >= 2).then_some(())).await;
    assert_eq!(runs(), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleep_that_nobody_told_of_is_noticed_with_the_next_thing_that_happens() {
    let world = World::new().await;
    let id = world.hand_over_with("task", limit(HOUR)).await;
    let worker = world.worker_of(&id).await;
    world.pass(MINUTE * 20).await;
    world.clock.sleep(HOUR * 8);
    // The first thing heard after the gap is about the very run that slept.
    let asking = worker.ask(ask()).await.unwrap();
    assert_eq!(world.task(&id).await.executed, MINUTE * 20);
    world.engine.tell(&id, answer(asking.question)).await.unwrap();
    world.pass(MINUTE * 39).await;
    assert_eq!(world.state(&id).await, State::Running);
    world.pass(MINUTE).await;
    world.until(&id, State::TimedOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_or_forward_makes_nothing_happen_twice_or_never() {
    let world = World::new().await;
    let two_hours = 2 * 3_600_000;
    let running = world.hand_over_with("running", limit(HOUR)).await;
    world.run_of(&running).await;
    let waiting = world.hand_over_for("later", HOUR).await;

    world.clock.set_by(-two_hours);
    world.power.emit(PowerEvent::ClockJumped);
    world.pass(MINUTE * 50).await;
    assert_eq!(world.state(&waiting).await, State::Waiting, "it waits for a time of the clock on the wall");
    assert_eq!(world.state(&running).await, State::Running);

    world.clock.set_by(two_hours + 600_000);
    world.power.emit(PowerEvent::ClockJumped);
    world.until(&waiting, State::Running).await;
    assert_eq!(world.state(&running).await, State::Running, "50 minutes of one hour");

    // The moment for which it waited comes once more, and is over.
    world.clock.set_by(-two_hours);
    world.power.emit(PowerEvent::ClockJumped);
    world.pass(MINUTE * 10).await;
    world.until(&running, State::TimedOut).await;
    assert_eq!(world.task(&running).await.executed, HOUR);
    world.pass(HOUR * 3).await;
    assert_eq!(world.times(&waiting, Reason::StartTimeReached).await, 1);
    assert_eq!(world.runs_of(&waiting), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_changed_after_a_sleep_counts_from_what_was_executed() {
    let world = World::new().await;
    let id = world.hand_over_with("task", limit(HOUR)).await;
    world.run_of(&id).await;
    world.pass(MINUTE * 20).await;
    world.clock.sleep(HOUR * 8);
    world.power.emit(PowerEvent::Woke);
    world.until_told(&id, Reason::ClockGap).await;
    let edit = errand_engine::Edit { timeout: Some(MINUTE * 30), ..errand_engine::Edit::default() };
    world.engine.edit(&id, edit).await.unwrap();
    world.pass(MINUTE * 9).await;
    assert_eq!(world.state(&id).await, State::Running);
    world.pass(MINUTE).await;
    world.until(&id, State::TimedOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_cannot_be_kept_awake_works_all_the_same() {
    let world = World::new().await;
    world.power.fail("logind is not running");
    let id = world.hand_over("task").await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    let unable = errand_os::PowerStatus::Unable("logind is not running".into());
    assert_eq!(world.engine.power(), unable);
}
