//! The keychain itself, against a real GNOME Keyring on a bus of its own.

use errand_base::Secret;
use errand_os::{Closed, Home, Keychain, SessionKeychain};
use errand_testkit::desktop::keyring::Keyring;
use errand_testkit::desktop::{Desktop, Parts};

fn bus() -> Desktop {
    Desktop::start_with(Parts { display: false, session_bus: true, window_manager: false }).unwrap()
}

fn keychain(desktop: &Desktop, home: &str) -> SessionKeychain {
    let home = Home::at(desktop.scratch().join(home)).unwrap();
    SessionKeychain::on(desktop.bus_address().unwrap(), &home)
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn what_was_set_is_there_until_it_is_removed_and_two_homes_do_not_meet() {
    let desktop = bus();
    let _keyring = Keyring::start(&desktop, "master").await.unwrap();
    let (one, two) = (keychain(&desktop, "one"), keychain(&desktop, "two"));
    assert_eq!(one.look().await, Ok(()));
    assert!(one.get("token").await.unwrap().is_none());
    one.set("token", &secret("först")).await.unwrap();
    one.set("token", &secret("s3cret väl")).await.unwrap();
    two.set("token", &secret("other one")).await.unwrap();
    assert_eq!(one.get("token").await.unwrap().unwrap().expose(), "s3cret väl");
    assert_eq!(one.remove("token").await, Ok(true));
    assert_eq!(one.remove("token").await, Ok(false));
    assert_eq!(two.get("token").await.unwrap().unwrap().expose(), "other one");
}

#[tokio::test]
async fn a_locked_one_says_so_at_once_and_asks_nobody() {
    let desktop = bus();
    let keyring = Keyring::start(&desktop, "master").await.unwrap();
    let keychain = keychain(&desktop, "one");
    keychain.set("token", &secret("s3cret")).await.unwrap();
    keyring.lock().await.unwrap();
    assert_eq!(keychain.look().await, Err(Closed::Locked));
    assert_eq!(keychain.get("token").await.unwrap_err(), Closed::Locked);
    assert_eq!(keychain.set("token", &secret("another")).await, Err(Closed::Locked));
    assert_eq!(keychain.remove("token").await, Err(Closed::Locked));
    // Nobody is there to show the prompt, which counts as dismissed.
    assert!(matches!(keychain.unlock().await, Err(Closed::Denied(_))));
    keyring.unlock().await.unwrap();
    assert_eq!(keychain.get("token").await.unwrap().unwrap().expose(), "s3cret");
}

#[tokio::test]
async fn without_a_service_or_a_bus_it_is_absent_and_without_a_keyring_it_refuses() {
    let desktop = bus();
    let keychain = keychain(&desktop, "one");
    let absent = |answer: Result<(), Closed>| assert!(matches!(answer, Err(Closed::Absent(_))), "{answer:?}");
    absent(keychain.look().await);
    absent(keychain.set("token", &secret("s3cret")).await);
    absent(keychain.get("token").await.map(drop));
    absent(keychain.unlock().await);
    let home = Home::at(desktop.scratch().join("one")).unwrap();
    absent(SessionKeychain::on("unix:path=/nowhere/at/all", &home).look().await);

    let _keyring = Keyring::start_empty(&desktop).await.unwrap();
    let denied = keychain.set("token", &secret("s3cret")).await;
    assert!(matches!(denied, Err(Closed::Denied(_))), "{denied:?}");
    assert!(matches!(keychain.look().await, Err(Closed::Denied(_))));
}
