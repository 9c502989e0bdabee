//! Answers that are typed on a banner.

use errand_base::Secret;
use errand_model::{By, Event, State, Surface};
use errand_os::{Banner, NotifierEvent, Told};
use errand_store::DeliveryState::{Acted, Shown, Withdrawn};

use super::answer;
use crate::world::{World, turn};

fn keys(banner: &Banner) -> Vec<&str> {
    banner.actions.iter().map(|(key, _)| key.as_str()).collect()
}

/// A worker that has asked this, and waits.
async fn asked(world: &World, brief: &str, question: serde_json::Value) -> errand_base::TaskId {
    let id = world.hand_over_brief(brief, Default::default()).await;
    let response = serde_json::json!({ "status": "continue", "question": question });
    world.run_of(&id).await.emit(turn(&response.to_string()));
    world.until(&id, State::NeedsYou).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_on_a_banner_is_an_answer_like_any_other() {
    let world = World::new().await;
    world.notifier.appear(&["actions", "inline-reply"]);
    let id = world.ask("fence", "Which colour?", &[]).await;
    let banner = world.shown(1).await.remove(0);
    assert_eq!(keys(&banner), ["default", "review"]);
    assert_eq!(banner.reply.as_ref().map(|reply| reply.instead_of.as_str()), Some("review"));
    world.notifier.reply(&banner.key, "  dark\nblue ");
    let runs = world.runs(2).await;
    assert_eq!(world.prompts(&runs[1], 1).await[0].answers[0].answer, "dark\nblue");
    world.until_delivery(&id, Acted, "question").await;
    let read = world.store.read(move |reader| {
        let seq = reader.tasks().seq(&id)?.unwrap();
        reader.questions().of_task(seq)
    });
    assert_eq!(read.await.unwrap()[0].surface, Some(Surface::Notification));
    assert_eq!(world.told().len(), 1, "{:?}", world.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_reply_is_asked_again_with_the_reason_as_often_as_it_takes() {
    let world = World::new().await;
    world.notifier.appear(&["actions", "inline-reply"]);
    let id = world.ask("fence", "Which colour?", &[]).await;
    let first = world.shown(1).await.remove(0);
    let secret = "a-value-nobody-may-read";
    assert!(world.engine.credentials().redactor().learn(&Secret::new(secret.to_owned())));
    let bad = [
        ("   ", "it is empty"),
        (&"x".repeat(70_000), "It is too long for a notification"),
        (secret, "The value of a credential stands in it, and it would be written down with it"),
    ];
    for (n, (text, why)) in bad.into_iter().enumerate() {
        world.notifier.reply(&first.key, text);
        let again = world.shown(n + 2).await.remove(n + 1);
        assert_eq!(again.body, format!("fence\nWhich colour?\nYour answer did not count: {why}"));
        assert_eq!((&again.title, &again.key, &again.reply), (&first.title, &first.key, &first.reply));
        assert_eq!(world.state(&id).await, State::NeedsYou);
        let row = world.until_delivery(&id, Shown, "question").await;
        assert_eq!(row.attempts, 1, "that is no new attempt to reach somebody");
    }
    // It stands there like every other one: what is answered elsewhere takes it away.
    world.engine.tell(&id, answer("Red")).await.unwrap();
    world.until_withdrawn(&first.key).await;
    world.until_delivery(&id, Withdrawn, "question").await;
    assert_eq!(world.told().len(), 5, "{:?}", world.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_types_too_late_is_told_who_was_first() {
    let world = World::new().await;
    world.notifier.appear(&["actions", "inline-reply"]);
    let said = |told: &Told| match told {
        Told::Said { title, body } => Some((title.clone(), body.clone())),
        Told::Shown(_) | Told::Withdrawn(_) => None,
    };
    let id = world.ask("fence", "Which colour?", &[]).await;
    let banner = world.shown(1).await.remove(0);
    world.engine.tell(&id, answer("Red")).await.unwrap();
    world.notifier.reply(&banner.key, "blue");
    let late = world.eventually(|| world.told().iter().find_map(said)).await;
    let body = format!("{id} had its answer already: “Red”, in the terminal.");
    assert_eq!(late, ("Your answer came too late".to_owned(), body));

    let id = world.ask("door", "Which colour?", &[]).await;
    let banner = world.shown(2).await.remove(1);
    world.engine.tell(&id, Event::Cancel { by: By::at(Surface::Terminal) }).await.unwrap();
    world.notifier.reply(&banner.key, "blue");
    let withdrawn = format!("The question of {id} was withdrawn. Nothing is to be done.");
    world
        .eventually(|| world.told().iter().filter_map(said).any(|(_, body)| body == withdrawn).then_some(()))
        .await;
    // Nobody knows these.
    for key in ["9999", "needs-you", "", "-1"] {
        world.notifier.emit(NotifierEvent::Replied { key: key.into(), text: "blue".into() });
    }
    let last = world.ask("wall", "Which colour?", &[]).await;
    assert_eq!(world.shown(3).await[2].title, format!("A program asks in {last}"));
    assert_eq!(world.told().iter().filter_map(said).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_stands_only_where_any_text_will_do_and_all_can_be_seen() {
    let world = World::new().await;
    world.set("slots", "16").await;
    let other = |options: &[&str]| serde_json::json!({ "question": "?", "options": options, "other": true });
    let long = "o".repeat(60);
    let cases = [
        (serde_json::json!({ "question": "?" }), vec!["default", "review"], true),
        (other(&["a", "b"]), vec!["default", "answer-q1-0", "answer-q1-1", "review"], true),
        (serde_json::json!({ "question": "?", "options": ["a"] }), vec!["default", "answer-q1-0"], false),
        (other(&["a", "b", "c"]), vec!["default", "review"], false),
        (other(&[&long]), vec!["default", "review"], false),
        (serde_json::json!({ "question": "x".repeat(400) }), vec!["default", "review"], false),
        (serde_json::json!({ "question": "a\u{202e}b" }), vec!["default", "review"], false),
        (
            serde_json::json!({ "question": "?", "fields": [{ "name": "host" }] }),
            vec!["default", "review"],
            false,
        ),
        (
            serde_json::json!({ "question": "?", "fields": [{ "name": "word", "secret": true }] }),
            vec!["default", "review"],
            false,
        ),
    ];
    for (n, (question, wanted, has_field)) in cases.into_iter().enumerate() {
        let id = asked(&world, &format!("case {n}"), question.clone()).await;
        world.notifier.appear(&["actions", "inline-reply"]);
        let banner = world.shown(n + 1).await.remove(n);
        assert_eq!((keys(&banner), banner.reply.is_some()), (wanted, has_field), "{question}");
        world.engine.tell(&id, Event::Cancel { by: By::at(Surface::Terminal) }).await.unwrap();
        world.until_withdrawn(&banner.key).await;
        world.notifier.disappear();
    }
}
