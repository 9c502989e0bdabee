//! What nobody has come for becomes urgent, once, and the person's program is told.

use errand_base::Clock;
use errand_model::Reason;
use errand_store::DeliveryState::{Held, Shown};
use errand_store::Escalation;
use serde_json::Value;

use super::{HOUR, MINUTE, answer, titles};
use crate::world::World;

const PROGRAM: &str = "/usr/bin/push --to me";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_has_seen_becomes_urgent_once() {
    let world = World::new().await;
    world.set("escalate_after", "1h").await;
    world.set("notify_program", PROGRAM).await;
    world.notifier.appear(&["actions"]);
    let asks = world.ask("fence", "Which colour?", &["Red", "Blue"]).await;
    let calm = world.shown(1).await.remove(0);
    assert!(!calm.urgent);
    world.until_delivery(&asks, Shown, "question").await;
    world.later(MINUTE * 59).await;
    assert_eq!(world.herald.messages(), []);
    world.later(MINUTE).await;
    let urgent = world.shown(2).await.remove(1);
    assert_eq!((urgent.key.as_str(), urgent.urgent), (calm.key.as_str(), true));
    let message = world.eventually(|| world.herald.messages().pop()).await;
    assert_eq!(message.argv, ["/usr/bin/push", "--to", "me"]);
    let document: Value = serde_json::from_str(&message.document).unwrap();
    assert_eq!(document["event"], "escalated");
    assert_eq!(document["task"], asks.as_str());
    assert_eq!((&document["question"], &document["text"]), (&"q1".into(), &"Which colour?".into()));
    assert_eq!(document["options"], serde_json::json!(["Red", "Blue"]));
    world.until_delivery(&asks, Shown, "urgent").await;
    world.later(HOUR * 5).await;
    world.engine.tell(&asks, answer("Red")).await.unwrap();
    world.until_withdrawn(&calm.key).await;
    assert_eq!((world.herald.messages().len(), world.shown(2).await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_was_looked_at_is_not_escalated() {
    let world = World::new().await;
    world.set("escalate_after", "1h").await;
    world.notifier.appear(&["actions"]);
    let seen = world.hand_over("seen").await;
    let unseen = world.hand_over("unseen").await;
    let good = world.hand_over("good").await;
    for (id, code) in [(&seen, 1), (&unseen, 1), (&good, 0)] {
        world.ends(id, code).await;
        world.until_delivery(id, Shown, "by_hand").await;
    }
    world.engine.opened(&seen).await.unwrap();
    world.later(HOUR).await;
    let told = world.shown(4).await;
    assert_eq!((told[3].title.as_str(), told[3].urgent), ("Failed: unseen", true));
    world.until_told(&unseen, Reason::Escalated).await;
    assert_eq!(world.deliveries(&good).await[0].escalation, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_the_program_is_told_all_the_same() {
    let world = World::new().await;
    world.set("escalate_after", "1h").await;
    world.set("notify_program", PROGRAM).await;
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    world.later(HOUR).await;
    world.eventually(|| world.herald.messages().pop()).await;
    world.until_told(&asks, Reason::Escalated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_is_said_in_the_history() {
    let world = World::new().await;
    world.set("escalate_after", "1h").await;
    world.set("notify_program", PROGRAM).await;
    world.herald.fail("exit code 7: no network");
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    world.later(HOUR).await;
    world.until_told(&asks, Reason::EscalationFailed).await;
    assert_eq!(world.deliveries(&asks).await[0].escalation, Some(Escalation::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_on_purpose_is_not_escalated_before_it_was_told() {
    let world = World::at("2026-11-18T23:00:00Z").await;
    world.set("quiet_zone", "UTC").await;
    world.set("quiet_hours", "22:00-07:00").await;
    world.set("escalate_after", "1h").await;
    world.set("notify_program", PROGRAM).await;
    world.notifier.appear(&["actions"]);
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    world.until_delivery(&asks, Held, "quiet_hours").await;
    world.later(HOUR * 4).await;
    world.until_alarm("2026-11-19T07:00:00Z").await;
    world.later(HOUR * 4).await;
    assert_eq!(titles(&world, 1).await, [format!("A program asks in {asks}")]);
    assert_eq!(world.herald.messages(), []);
    world.until_alarm("2026-11-19T08:00:00Z").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_when_escalating_is_switched_on_stays_calm() {
    let world = World::new().await;
    world.set("notify_program", PROGRAM).await;
    world.notifier.appear(&["actions"]);
    let old = world.ask("fence", "Which colour?", &["Red"]).await;
    world.until_delivery(&old, Shown, "question").await;
    world.later(HOUR * 5).await;
    world.set("escalate_after", "1h").await;
    assert_eq!(world.deliveries(&old).await[0].escalation, Some(Escalation::Waived));
    let new = world.ask("door", "Which colour?", &["Red"]).await;
    world.until_delivery(&new, Shown, "question").await;
    world.later(HOUR).await;
    world.until_told(&new, Reason::Escalated).await;
    assert_eq!(world.eventually(|| world.herald.messages().pop()).await.task, new);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_a_crash_kept_from_telling_is_run_by_the_next_engine() {
    let world = World::new().await;
    world.set("escalate_after", "1h").await;
    world.set("notify_program", PROGRAM).await;
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    // As a crash between the commit and the start of the program leaves it.
    let (id, now) = (world.deliveries(&asks).await[0].id, world.clock.now());
    let write = world.store.write(move |tx| tx.deliveries().escalate(id, Escalation::Due, true, now));
    assert!(write.await.unwrap());
    let world = world.killed_and_started_again().await;
    assert_eq!(world.eventually(|| world.herald.messages().pop()).await.task, asks);
    world.later(HOUR * 5).await;
    world.notifier.appear(&["actions"]);
    assert!(world.shown(1).await[0].urgent);
    assert_eq!(world.herald.messages().len(), 1);
}
