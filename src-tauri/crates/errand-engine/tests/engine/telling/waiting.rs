//! Quiet hours, mute, limits and digests.

use errand_base::Timestamp;
use errand_model::{Notify, Policy, State};
use errand_os::Told;
use errand_store::DeliveryState::{Digested, Filed, Held, Opened, Shown};

use super::{HOUR, MINUTE, titles};
use crate::world::World;

fn time(text: &str) -> Option<Timestamp> {
    let time = Timestamp::parse_rfc3339(text);
    assert!(time.is_some());
    time
}

/// 23:31, and it is quiet until seven.
async fn at_night(titles: &[&str]) -> (World, Vec<errand_base::TaskId>) {
    let world = World::at("2026-11-18T23:00:00Z").await;
    world.set("quiet_zone", "UTC").await;
    world.set("quiet_hours", "22:00-07:00").await;
    world.notifier.appear(&["actions"]);
    let tasks = world.old_tasks(titles).await;
    (world, tasks)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_the_night_waits_for_the_morning() {
    let (world, tasks) = at_night(&["build"]).await;
    world.ends(&tasks[0], 0).await;
    let held = world.until_delivery(&tasks[0], Held, "quiet_hours").await;
    assert_eq!((held.until, held.attempts), (time("2026-11-19T07:00:00Z"), 0));
    world.until_alarm("2026-11-19T07:00:00Z").await;
    world.later(HOUR).await;
    assert_eq!(world.told(), []);
    world.later(HOUR * 7).await;
    assert_eq!(titles(&world, 1).await, ["Done: build"]);
    let shown = world.until_delivery(&tasks[0], Shown, "within_limit").await;
    assert_eq!((shown.shown_at, shown.service.as_deref()), (time("2026-11-19T07:31:00Z"), Some("fake")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_and_a_question_of_the_night_wait_as_well() {
    let (world, tasks) = at_night(&["build"]).await;
    world.ends(&tasks[0], 2).await;
    world.until_delivery(&tasks[0], Held, "quiet_hours").await;
    let asks = world.ask("Paint", "Which colour?", &["Red"]).await;
    world.until_delivery(&asks, Held, "quiet_hours").await;
    world.later(HOUR * 8).await;
    assert_eq!(titles(&world, 2).await, ["Failed: build".to_owned(), format!("A program asks in {asks}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_just_started_something_is_told_at_night() {
    let (world, _) = at_night(&[]).await;
    let id = world.hand_over("quick").await;
    world.later(MINUTE * 10).await;
    world.ends(&id, 0).await;
    assert_eq!(titles(&world, 1).await, ["Done: quick"]);
    world.until_delivery(&id, Shown, "by_hand").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_by_hand_is_a_start_by_hand() {
    let (world, tasks) = at_night(&["again"]).await;
    world.ends(&tasks[0], 1).await;
    world.until_delivery(&tasks[0], Held, "quiet_hours").await;
    let by = errand_model::By::at(errand_model::Surface::Tray);
    world.engine.tell(&tasks[0], errand_model::Event::Retry { by }).await.unwrap();
    // They know how it ended.
    world.until_delivery(&tasks[0], Opened, "settled").await;
    world.runs(2).await;
    world.ends(&tasks[0], 0).await;
    assert_eq!(titles(&world, 1).await, ["Done: again"]);
    world.until_delivery(&tasks[0], Shown, "by_hand").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_quiet_hours_count_at_once_for_what_is_held() {
    let (world, tasks) = at_night(&["build"]).await;
    world.ends(&tasks[0], 0).await;
    world.until_delivery(&tasks[0], Held, "quiet_hours").await;
    world.set("quiet_hours", "22:00-09:00").await;
    world.until_alarm("2026-11-19T09:00:00Z").await;
    world.set("quiet_zone", "Europe/Berlin").await;
    world.until_alarm("2026-11-19T08:00:00Z").await;
    assert_eq!(world.told(), []);
    world.set("quiet_hours", "off").await;
    assert_eq!(titles(&world, 1).await, ["Done: build"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_outlives_the_engine() {
    let (world, tasks) = at_night(&["build"]).await;
    world.ends(&tasks[0], 0).await;
    world.until_delivery(&tasks[0], Held, "quiet_hours").await;
    let world = world.killed_and_started_again_after(HOUR).await;
    world.notifier.appear(&["actions"]);
    world.until_alarm("2026-11-19T07:00:00Z").await;
    assert_eq!(world.told(), []);
    let world = world.killed_and_started_again_after(HOUR * 7).await;
    world.notifier.appear(&["actions"]);
    assert_eq!(titles(&world, 1).await, ["Done: build"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn muting_holds_everything_but_what_is_urgent() {
    let world = World::at("2026-11-18T12:00:00Z").await;
    world.notifier.appear(&["actions"]);
    world.set("mute", "1h").await;
    let id = world.hand_over("quick").await;
    world.ends(&id, 0).await;
    world.until_delivery(&id, Held, "muted").await;
    world.until_alarm("2026-11-18T13:00:00Z").await;
    let urgent = Policy { priority: errand_model::Priority::Urgent, ..Policy::default() };
    let fire = world.hand_over_with("fire", urgent).await;
    world.ends(&fire, 1).await;
    assert_eq!(titles(&world, 1).await, ["Failed: fire"]);
    world.set("mute", "off").await;
    assert_eq!(titles(&world, 2).await[1], "Done: quick");
    world.set("mute", "1h").await;
    let id = world.hand_over("later").await;
    world.ends(&id, 0).await;
    world.until_delivery(&id, Held, "muted").await;
    world.later(HOUR).await;
    assert_eq!(titles(&world, 3).await[2], "Done: later");
}

#[tokio::test(flavor = "multi_thread")]
async fn do_not_disturb_holds_all_but_what_is_urgent_until_it_is_over() {
    let world = World::new().await;
    world.notifier.appear(&["actions", "inhibitions"]);
    world.notifier.inhibit(true);
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    let held = world.until_delivery(&asks, Held, "do_not_disturb").await;
    assert_eq!((held.until, held.attempts), (None, 0));
    let urgent = Policy { priority: errand_model::Priority::Urgent, ..Policy::default() };
    let id = world.hand_over_with("backup", urgent).await;
    world.ends(&id, 1).await;
    assert_eq!(titles(&world, 1).await, ["Failed: backup"]);
    world.notifier.inhibit(false);
    assert_eq!(titles(&world, 2).await[1], format!("A program asks in {asks}"));
    // A service that takes over says itself how it is.
    world.notifier.inhibit(true);
    let id = world.hand_over("late").await;
    world.ends(&id, 0).await;
    world.until_delivery(&id, Held, "do_not_disturb").await;
    world.notifier.appear(&["actions"]);
    let told = titles(&world, 5).await;
    assert!(told.contains(&"Done: late".to_owned()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_results_than_an_hour_has_room_for_come_as_one_digest() {
    let world = World::at("2026-11-18T08:00:00Z").await;
    world.set("quiet_zone", "UTC").await;
    world.notifier.appear(&["actions"]);
    let tasks = world.old_tasks(&["a", "b", "c", "d", "e", "f"]).await;
    for (n, id) in tasks.iter().enumerate() {
        world.ends(id, i32::from(n == 5)).await;
        let (state, why) = if n < 3 { (Shown, "within_limit") } else { (Held, "hour_limit") };
        world.until_delivery(id, state, why).await;
    }
    assert_eq!(titles(&world, 3).await, ["Done: a", "Done: b", "Done: c"]);
    world.until_alarm("2026-11-18T09:31:00Z").await;
    world.later(HOUR).await;
    let banner = world.shown(4).await.remove(3);
    assert_eq!(banner.title, "2 results, 1 failure since 08:31");
    let outcome = "Done, nothing printed";
    assert_eq!(
        banner.body,
        format!("Done: d: {outcome}\nDone: e: {outcome}\nFailed: f: Ended with exit code 1")
    );
    for id in &tasks[3..] {
        world.until_delivery(id, Digested, "hour_limit").await;
    }
    assert_eq!(world.shown(4).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_one_is_that_one() {
    let world = World::at("2026-11-18T08:00:00Z").await;
    world.notifier.appear(&["actions"]);
    let tasks = world.old_tasks(&["a", "b", "c", "d"]).await;
    for id in &tasks {
        world.ends(id, 0).await;
    }
    world.until_delivery(&tasks[3], Held, "hour_limit").await;
    world.later(HOUR).await;
    assert_eq!(titles(&world, 4).await[3], "Done: d");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_limit_counts_at_once_for_what_is_held() {
    let world = World::at("2026-11-18T08:00:00Z").await;
    world.notifier.appear(&["actions"]);
    world.set("notify_per_hour", "0").await;
    let tasks = world.old_tasks(&["a"]).await;
    world.ends(&tasks[0], 0).await;
    world.until_delivery(&tasks[0], Held, "hour_limit").await;
    assert_eq!(world.told(), []);
    world.set("notify_per_hour", "1").await;
    assert_eq!(titles(&world, 1).await, ["Done: a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_result_comes_with_the_digest_of_the_day_unless_there_is_none() {
    let world = World::at("2026-11-18T08:00:00Z").await;
    world.set("quiet_zone", "UTC").await;
    world.set("digest_at", "18:00").await;
    world.notifier.appear(&["actions"]);
    let silent = Policy { notify: Notify::Silent, ..Policy::default() };
    let id = world.hand_over_with("backup", silent.clone()).await;
    world.ends(&id, 0).await;
    let held = world.until_delivery(&id, Held, "silent").await;
    assert_eq!(held.until, time("2026-11-18T18:00:00Z"));
    let seen = world.hand_over_with("seen", silent.clone()).await;
    world.ends(&seen, 0).await;
    world.until_delivery(&seen, Held, "silent").await;
    world.engine.opened(&seen).await.unwrap();
    world.later(HOUR * 10).await;
    assert_eq!(titles(&world, 1).await, ["1 result since 08:00"]);
    world.until_delivery(&seen, Opened, "settled").await;

    world.set("digest", "off").await;
    let id = world.hand_over_with("tidy up", silent).await;
    world.ends(&id, 0).await;
    world.until_delivery(&id, Filed, "silent").await;
    assert_eq!(world.state(&id).await, State::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_stands_in_the_history() {
    let (world, tasks) = at_night(&["build"]).await;
    world.ends(&tasks[0], 0).await;
    world.until_told(&tasks[0], errand_model::Reason::HeldBack).await;
    world.later(HOUR * 8).await;
    world.until_told(&tasks[0], errand_model::Reason::Shown).await;
    let id = tasks[0].clone();
    let rows = world.store.read(move |reader| {
        let seq = reader.tasks().seq(&id)?.unwrap();
        reader.transitions().of_task(seq)
    });
    let rows = rows.await.unwrap();
    let texts: Vec<&str> =
        rows.iter().map(|row| row.text.as_str()).filter(|text| text.contains("how")).collect();
    assert_eq!(
        texts,
        [
            "Waits to be shown. It came in your quiet hours and waits for their end.",
            "Shown. There were few notifications before it."
        ]
    );
    assert!(matches!(world.told()[..], [Told::Shown(_)]));
}
