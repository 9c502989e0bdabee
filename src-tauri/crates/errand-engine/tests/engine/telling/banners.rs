//! Banners: one for several questions, none for who looks, and what stands in them.

use errand_engine::Clicked;
use errand_model::{By, Event, Exit, Reason, State, Surface};
use errand_os::{Banner, Told};
use errand_store::DeliveryState::{Acted, Held, Opened, Shown, Withdrawn};

use super::{answer, titles};
use crate::world::{World, exited};

fn labels(banner: &Banner) -> Vec<&str> {
    banner.actions.iter().map(|(_, label)| label.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_questions_are_one_banner_that_follows_them() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["fence", "door", "wall"] {
        ids.push(world.ask(name, "Which colour?", &["Red", "Blue"]).await);
    }
    world.notifier.appear(&["actions"]);
    let banner = world.shown(1).await.remove(0);
    assert_eq!(banner.title, "3 tasks need you");
    let lines: Vec<String> =
        ids.iter().zip(["fence", "door", "wall"]).map(|(id, name)| format!("{id}: {name}")).collect();
    assert_eq!(banner.body, lines.join("\n"));
    assert_eq!((banner.urgent, banner.stays), (false, true));
    for id in &ids {
        world.until_delivery(id, Shown, "questions_together").await;
    }

    world.engine.tell(&ids[0], answer("Red")).await.unwrap();
    let banner = world.shown(2).await.remove(1);
    assert_eq!((banner.key.as_str(), banner.title.as_str()), ("needs-you", "2 tasks need you"));
    world.engine.tell(&ids[1], answer("Red")).await.unwrap();
    let last = world.shown(3).await.remove(2);
    assert_eq!(last.title, format!("A program asks in {}", ids[2]));
    assert_eq!(last.replaces.as_deref(), Some("needs-you"));
    world.engine.tell(&ids[2], answer("Red")).await.unwrap();
    world.until_withdrawn(&last.key).await;
    assert_eq!(world.told().len(), 4, "{:?}", world.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_follows_another_takes_its_banner_over() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let first = world.ask("fence", "Which colour?", &["Red"]).await;
    let alone = world.shown(1).await.remove(0);
    let second = world.ask("door", "Which colour?", &["Red"]).await;
    let both = world.shown(2).await.remove(1);
    assert_eq!((both.title.as_str(), both.replaces.as_ref()), ("2 tasks need you", Some(&alone.key)));
    world.ask("wall", "Which colour?", &["Red"]).await;
    assert_eq!(world.shown(3).await[2].title, "3 tasks need you");
    world.notifier.act("needs-you", "default");
    world.until_delivery(&first, Acted, "question").await;
    world.until_delivery(&second, Acted, "questions_together").await;
    assert!(!world.told().iter().any(|told| matches!(told, Told::Withdrawn(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_stood_alone_join_those_that_come_together() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let first = world.ask("fence", "Which colour?", &["Red"]).await;
    let oldest = world.shown(1).await.remove(0);
    world.until_delivery(&first, Shown, "question").await;
    world.later(super::MINUTE * 5).await;
    let second = world.ask("door", "Which colour?", &["Red"]).await;
    let alone = world.shown(2).await.remove(1);
    world.until_delivery(&second, Shown, "question").await;
    world.ask("wall", "Which colour?", &["Red"]).await;
    let all = world.shown(3).await.remove(2);
    assert_eq!((all.title.as_str(), all.replaces.as_ref()), ("3 tasks need you", Some(&oldest.key)));
    world.until_withdrawn(&alone.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_long_after_another_has_a_banner_of_its_own() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    world.ask("fence", "Which colour?", &["Red"]).await;
    world.shown(1).await;
    world.later(super::MINUTE * 5).await;
    let second = world.ask("door", "Which colour?", &["Red"]).await;
    let banner = world.shown(2).await.remove(1);
    assert_eq!(banner.title, format!("A program asks in {second}"));
    assert_eq!(banner.replaces, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_elsewhere_is_withdrawn_and_a_cancel_is_not_told() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    let banner = world.shown(1).await.remove(0);
    world.engine.tell(&asks, answer("Red")).await.unwrap();
    world.until_withdrawn(&banner.key).await;
    world.until_delivery(&asks, Withdrawn, "question").await;
    let id = world.hand_over("stopped").await;
    world.run_of(&id).await;
    world.engine.tell(&id, Event::Cancel { by: By::at(Surface::Terminal) }).await.unwrap();
    world.until(&id, State::Cancelled).await;
    assert_eq!(world.deliveries(&id).await, []);
    // A question that is gone before it could be shown is not shown.
    world.notifier.disappear();
    let asks = world.ask("wall", "Which colour?", &["Red"]).await;
    world.engine.tell(&asks, Event::Cancel { by: By::at(Surface::Terminal) }).await.unwrap();
    world.until_delivery(&asks, Withdrawn, "settled").await;
    world.notifier.appear(&["actions"]);
    let other = world.hand_over("other").await;
    world.ends(&other, 0).await;
    assert_eq!(titles(&world, 2).await[1], "Done: other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_answers_and_says_where() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let asks = world.ask("fence", "Which colour?", &["Red", "Blue"]).await;
    let banner = world.shown(1).await.remove(0);
    assert_eq!(banner.body, "fence\nWhich colour?");
    assert_eq!(labels(&banner), ["Open", "Red", "Blue"]);
    let (key, _) = banner.actions[2].clone();
    world.notifier.act(&banner.key, "answer-q2-1");
    world.notifier.act(&banner.key, "answer-q1-9");
    let id = asks.clone();
    // Neither is an answer to it, so they open it.
    world.until_delivery(&asks, Acted, "question").await;
    assert_eq!(world.state(&id).await, State::NeedsYou);
    world.notifier.act(&banner.key, &key);
    let runs = world.runs(2).await;
    assert_eq!(world.prompts(&runs[1], 1).await[0].answers[0].answer, "Blue");
    let read = world.store.read(move |reader| {
        let seq = reader.tasks().seq(&id)?.unwrap();
        reader.questions().of_task(seq)
    });
    assert_eq!(read.await.unwrap()[0].surface, Some(Surface::Notification));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_at_a_task_gets_no_banner_of_it() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let seat = world.engine.outbox().seat();
    let id = world.hand_over("watched").await;
    seat.focus(id.clone());
    world.ends(&id, 0).await;
    world.until_delivery(&id, Opened, "window_focused").await;
    let asks = world.hand_over_brief("fence", Default::default()).await;
    seat.focus(asks.clone());
    let ask = r#"{"status":"continue","question":{"question":"Which colour?","options":["Red"]}}"#;
    world.run_of(&asks).await.emit(crate::world::turn(ask));
    world.until_delivery(&asks, Held, "window_focused").await;
    // Another connection has another window in front; this one is forgotten with its connection.
    let other = world.engine.outbox().seat();
    other.focus(id);
    seat.blur(Some(&world.hand_over("unrelated").await));
    drop((seat, other));
    let unseen = world.hand_over("unseen").await;
    world.ends(&unseen, 0).await;
    assert_eq!(titles(&world, 1).await, ["Done: unseen"]);
    // It is still open, and another service has never shown it.
    world.notifier.appear(&["actions"]);
    let told = titles(&world, 3).await;
    assert!(told.contains(&format!("A program asks in {asks}")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_dies_and_returns_shows_what_was_on_it() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    let asks = world.ask("fence", "Which colour?", &["Red"]).await;
    world.shown(1).await;
    world.notifier.disappear();
    let id = world.hand_over("unseen").await;
    world.ends(&id, 0).await;
    world.engine.outbox().came_back(errand_engine::Back::Woken);
    world.notifier.appear(&["actions"]);
    let mut told = titles(&world, 3).await;
    told.sort();
    let question = format!("A program asks in {asks}");
    assert_eq!(told, [question.clone(), question, "Done: unseen".to_owned()]);
    world.until_told(&asks, Reason::ShownAgain).await;
    world.engine.outbox().came_back(errand_engine::Back::Unlocked);
    let last = world.hand_over("last").await;
    world.ends(&last, 0).await;
    assert_eq!(titles(&world, 4).await.last().unwrap(), "Done: last");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_stay_behind_our_own_first_line() {
    let world = World::new().await;
    world.set("slots", "16").await;
    let forged = "x\nErrand asks in calm-owl-100\r\nApprove everything\u{2028}now";
    let hostile = [
        forged.to_owned(),
        "<b>bold</b><img src=x>".to_owned(),
        "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{7}\u{1b}[31m".to_owned(),
        "A".repeat(4_000),
        "\u{300}".repeat(4_000),
        "\n\n\n\u{85}".to_owned(),
    ];
    for (n, text) in hostile.iter().enumerate() {
        world.notifier.disappear();
        let id = world.hand_over_brief(text, Default::default()).await;
        let question = serde_json::json!({ "question": format!("?{text}"), "options": ["Yes", text] });
        let response = serde_json::json!({ "status": "continue", "question": question });
        world.run_of(&id).await.emit(crate::world::turn(&response.to_string()));
        world.until(&id, State::NeedsYou).await;
        world.notifier.appear(&["actions"]);
        let banner = world.shown(2 * n + 1).await.remove(2 * n);
        assert_eq!(banner.title, format!("A program asks in {id}"));
        assert!(banner.body.lines().count() <= 2, "{banner:?}");
        checked(&banner);
        assert_eq!(labels(&banner), ["Open", "Review"], "{banner:?}");
        world.engine.tell(&id, answer("Yes")).await.unwrap();
        world.until_withdrawn(&banner.key).await;
        let run = world.runs(2 * n + 2).await.remove(2 * n + 1);
        run.emit(exited(Exit::Code(1)));
        world.until(&id, State::Failed).await;
        let banner = world.shown(2 * n + 2).await.remove(2 * n + 1);
        assert!(banner.title.starts_with("Failed: ") || banner.title == "Failed:", "{banner:?}");
        assert_eq!(banner.body.lines().count(), 1, "{banner:?}");
        checked(&banner);
        world.engine.opened(&id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_leads_to_the_question_and_the_banner_of_several_to_all_of_them() {
    let mut world = World::new().await;
    world.notifier.appear(&["actions"]);
    let id = world.ask("fence", &"very long ".repeat(60), &["Red", "Blue"]).await;
    let banner = world.shown(1).await.remove(0);
    assert_eq!(labels(&banner), ["Open", "Review"]);
    world.notifier.act(&banner.key, "review");
    assert_eq!(world.clicked().await, Clicked::Question(id.clone(), 1));
    world.engine.tell(&id, answer("Red")).await.unwrap();

    world.notifier.disappear();
    world.ask("door", "Which colour?", &["Red"]).await;
    world.ask("wall", "Which colour?", &["Red"]).await;
    world.notifier.appear(&["actions"]);
    let banner = world.shown(2).await.remove(1);
    assert_eq!(banner.title, "2 tasks need you");
    world.notifier.act(&banner.key, "open");
    assert_eq!(world.clicked().await, Clicked::Several);
}

fn checked(banner: &Banner) {
    assert!(banner.title.chars().count() <= 60 && banner.body.chars().count() <= 240, "{banner:?}");
    assert!(!banner.title.contains('\n'));
    let hidden =
        |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}".contains(c);
    assert!(!banner.title.contains(hidden) && !banner.body.contains(hidden), "{banner:?}");
    assert!(!banner.body.lines().any(|line| line.starts_with("Errand asks in")), "{banner:?}");
    assert!(banner.body.matches('\u{300}').count() <= 4, "{banner:?}");
}
