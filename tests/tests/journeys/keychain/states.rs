//! However the keychain is, the engine starts at once, says how it is, and does without.

use std::time::{Duration, Instant};

use errand_testkit::desktop::notifications::NotificationService;
use zbus::interface;

use super::{Chain, doctor, set};
use crate::world::{Home, LIMIT};

/// A task without credentials does not care.
fn works_without(home: &Home) {
    let id = home.sh("", "echo fine");
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "fine");
    // And the choice that is always there.
    assert_eq!(set(home, "mine --session", "s3cret-value").code, 0);
    let id = home.sh("--secret TOKEN=mine", "test ${#TOKEN} = 12");
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "completed");
}

fn refused(home: &Home, code: &str) {
    let said = set(home, "token", "s3cret-value");
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("--session"), "it says what to do: {said:?}");
    let said = set(home, "token --json", "s3cret-value");
    assert!(said.err.contains(code), "{said:?}");
}

#[test]
fn an_open_keychain_keeps_values_over_restarts() {
    let chain = Chain::open();
    let home = Home::new().on_bus(chain.bus());
    let engine = home.start();
    assert!(doctor(&home).starts_with("present"));
    let said = set(&home, "token", "s3cret-value");
    assert_eq!(said.code, 0, "{said:?}");
    works_without(&home);
    engine.kill();
    home.start_and_keep();
    let id = home.sh("--secret TOKEN=token", r#"test ${#TOKEN} = 12 && printenv TOKEN"#);
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "•••");
    let list = home.json("credential list");
    let gone: Vec<_> =
        list["credentials"].as_array().unwrap().iter().map(|row| row["gone"] == true).collect();
    assert_eq!(gone, [true, false], "of the session and of the keychain: {list}");
    home.ok("credential remove token");
    let id = home.run(["run", "--secret", "TOKEN=token", "--", "true"]);
    assert_eq!(id.code, 4);
    home.quit();
}

#[test]
fn without_a_keychain_values_are_kept_for_the_session_or_not_at_all() {
    let chain = Chain::absent();
    let home = Home::new().on_bus(chain.bus());
    home.start_and_keep();
    assert!(doctor(&home).starts_with("absent"), "{}", doctor(&home));
    refused(&home, "keychain_absent");
    works_without(&home);
    home.quit();

    let home = Home::new();
    home.start_and_keep();
    assert!(doctor(&home).starts_with("absent"), "no bus at all: {}", doctor(&home));
    refused(&home, "keychain_absent");
    home.quit();
}

#[test]
fn a_keychain_that_refuses_says_why() {
    let chain = Chain::empty();
    let home = Home::new().on_bus(chain.bus());
    home.start_and_keep();
    assert!(doctor(&home).starts_with("denied"), "{}", doctor(&home));
    refused(&home, "keychain_denied");
    works_without(&home);
    home.quit();
}

#[test]
fn a_locked_keychain_holds_a_task_and_tells_it_once_until_it_is_open() {
    let chain = Chain::open();
    let notifications = chain.runtime.block_on(NotificationService::start(&chain.desktop)).unwrap();
    let home = Home::new().on_bus(chain.bus());
    home.start_and_keep();
    assert_eq!(set(&home, "token", "s3cret-value").code, 0);
    chain.lock();
    assert!(doctor(&home).starts_with("locked"), "{}", doctor(&home));
    refused(&home, "keychain_locked");
    let ids = ["one", "two"]
        .map(|title| home.sh(&format!("--secret TOKEN=token --title {title}"), "test ${#TOKEN} = 12"));
    for id in &ids {
        let task = home.wait_for(id, "is held", |task| task["holds"][0] == "keychain");
        assert_eq!(task["state"], "queued");
        let text = task["reason"]["text"].as_str().unwrap();
        assert!(
            text.contains("“token”") && text.contains("locked") && text.contains("errand resume"),
            "{text}"
        );
    }
    let shown = notifications.wait_for("the notice", LIMIT, |shown| shown.summary.starts_with("Waits for"));
    chain.runtime.block_on(shown).unwrap();
    let said = home.run(["resume", &ids[0], "--json"]);
    assert!(said.code == 6 && said.out.contains("keychain_locked"), "{said:?}");
    works_without(&home);
    chain.unlock();
    // One is enough, for both. The prompt that the refused one has put up may have let them go on its own.
    drop(home.run(["resume", &ids[0]]));
    home.ended(&[&ids[0], &ids[1]]);
    assert_eq!(ids.map(|id| home.state(&id)), ["completed", "completed"]);
    let waits =
        notifications.shown().into_iter().filter(|shown| shown.summary.starts_with("Waits for")).count();
    assert_eq!(waits, 1, "two tasks, one locked keychain");
    home.quit();
}

/// A keychain in which everything hangs, as one does whose prompt is hidden behind a window.
struct Hanging;

#[interface(name = "org.freedesktop.Secret.Service")]
impl Hanging {
    async fn open_session(
        &self,
        _algorithm: &str,
        _input: zbus::zvariant::Value<'_>,
    ) -> zbus::fdo::Result<()> {
        std::future::pending().await
    }
}

#[test]
fn a_keychain_that_never_answers_keeps_nobody_waiting() {
    let chain = Chain::absent();
    let hanging = chain.runtime.block_on(async {
        let connection = chain.desktop.connect().await.unwrap();
        connection.object_server().at("/org/freedesktop/secrets", Hanging).await.unwrap();
        connection.request_name("org.freedesktop.secrets").await.unwrap();
        connection
    });
    let home = Home::new().on_bus(chain.bus());
    home.start_and_keep();
    works_without(&home);
    #[expect(clippy::disallowed_methods, reason = "how long a person waits")]
    let (text, waited) = {
        let began = Instant::now();
        (doctor(&home), began.elapsed())
    };
    assert!(text.starts_with("locked") && text.contains("does not answer"), "{text}");
    assert!(waited > Duration::from_secs(2), "it was given its time: {waited:?}");
    drop(hanging);
    home.quit();
}
