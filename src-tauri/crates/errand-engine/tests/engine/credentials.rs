//! Credentials with a fake keychain: what a program gets, what holds a task, and what is never written.

use std::time::Duration;

use errand_agents::{SessionEvent, Stream};
use errand_base::{Code, Fault, Secret};
use errand_model::{
    Answer, Ask, By, Check, Checkpoint, Event, Exit, Finish, Hold, Policy, Reason, State, Surface,
};
use errand_os::{Closed, FakeKeychain, KeychainState};
use errand_store::CredentialKind;

use crate::world::{World, exited, new_task, output, turn};

const CANARY: &str = "sk-canary-5f0e/9+ü";

async fn set(world: &World, name: &str, kind: CredentialKind) -> Result<(), Fault> {
    world.engine.credentials().set(name, Secret::new(CANARY.to_owned()), kind).await
}

fn by() -> By {
    By::at(Surface::Terminal)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_the_keychain_is_told_and_work_without_credentials_goes_on() {
    let closed = [
        (None, KeychainState::Present),
        (Some(Closed::Locked), KeychainState::Locked),
        (Some(Closed::Silent), KeychainState::Locked),
        (Some(Closed::Absent("nothing listens".into())), KeychainState::Absent),
        (Some(Closed::Denied("dismissed".into())), KeychainState::Denied),
    ];
    for (how, state) in closed {
        let world =
            World::with_keychain(how.clone().map_or_else(FakeKeychain::present, FakeKeychain::closed)).await;
        let id = world.hand_over("plain").await;
        world.run_of(&id).await.emit(exited(Exit::Code(0)));
        world.until(&id, State::Completed).await;
        assert_eq!(world.keychain.looks(), 0, "nobody needed it, so nobody touched it");
        let report = world.engine.credentials().keychain().await;
        assert_eq!((report.state, report.hint.is_some()), (state, how.is_some()));

        let kept = set(&world, "token", CredentialKind::Keychain).await;
        assert_eq!(kept.is_ok(), how.is_none(), "{kept:?}");
        if let Err(fault) = kept {
            assert_eq!(fault.code.name(), format!("keychain_{}", state.name()));
            assert!(fault.hint.contains("--session"), "{}", fault.hint);
            assert_eq!(world.engine.credentials().list().await.unwrap(), [], "nothing is kept by halves");
        }
        // The choice that is always there.
        set(&world, "mine", CredentialKind::Session).await.unwrap();
        let id = world.hand_over_with_secret("with a secret", "mine").await;
        let run = world.run_of(&id).await;
        assert_eq!((run.secrets[0].0.as_str(), run.secrets[0].1.expose().as_str()), ("TOKEN", CANARY));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_holds_a_task_with_one_notice_until_it_is_open() {
    let world = World::new().await;
    world.notifier.appear(&["actions"]);
    set(&world, "token", CredentialKind::Keychain).await.unwrap();
    world.keychain.close(Closed::Locked);
    let first = world.hand_over_with_secret("first", "token").await;
    world.until_told(&first, Reason::HeldForKeychain).await;
    let second = world.hand_over_with_secret("second", "token").await;
    world.until_told(&second, Reason::HeldForKeychain).await;
    let task = world.task(&first).await;
    assert!(task.holds.contains(Hold::Keychain) && task.state == State::Queued && task.run.is_none());
    assert!(
        task.reason_text.contains("“token”") && task.reason_text.contains("locked"),
        "{}",
        task.reason_text
    );
    assert!(world.engine.why(&first).await.unwrap().contains("credential"));
    assert_eq!(world.agent.runs().len(), 0, "nothing was started");

    let refused = world.engine.pause(&first, false, by()).await.unwrap_err();
    assert_eq!(refused.code, Code::KeychainLocked);
    let shown = world.shown(1).await;
    assert_eq!(shown.len(), 1, "two tasks, one break, one notice: {shown:?}");
    assert!(shown[0].title.contains("credential: first") && shown[0].body.contains("locked"), "{shown:?}");

    // Asked by `resume`, its person has typed the password.
    world.keychain.open();
    world.runs(2).await;
    world.until_withdrawn(&shown[0].key).await;
    assert!(world.task(&first).await.holds.is_empty());
    for run in world.agent.runs() {
        run.emit(exited(Exit::Code(0)));
    }
    world.until(&first, State::Completed).await;
    world.until(&second, State::Completed).await;
    assert!(
        !world
            .told()
            .iter()
            .any(|told| format!("{told:?}").contains("second") && format!("{told:?}").contains("Waits"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_a_task_is_looked_at_again_after_a_restart_and_when_it_is_set() {
    let world = World::new().await;
    set(&world, "token", CredentialKind::Keychain).await.unwrap();
    world.keychain.close(Closed::Absent("nothing listens".into()));
    let id = world.hand_over_with_secret("patient", "token").await;
    world.until_told(&id, Reason::HeldForKeychain).await;
    let world = world.killed_and_started_again().await;
    assert!(world.task(&id).await.holds.contains(Hold::Keychain));
    world.keychain.open();
    let world = world.killed_and_started_again().await;
    assert_eq!(world.run_of(&id).await.secrets[0].1.expose(), CANARY);

    set(&world, "mine", CredentialKind::Session).await.unwrap();
    let other = world.hand_over_with_secret("forgetful", "mine").await;
    world.run_of(&other).await;
    let world = world.killed_and_started_again().await;
    assert!(world.engine.credentials().list().await.unwrap()[0].is_gone);
    let again = world.hand_over_with_secret("later", "mine").await;
    world.until_told(&again, Reason::HeldForKeychain).await;
    let text = world.task(&again).await.reason_text;
    assert!(text.contains("kept until Errand left") && text.contains("errand credential set mine"), "{text}");
    set(&world, "mine", CredentialKind::Session).await.unwrap();
    world.run_of(&again).await;
    assert_eq!(world.state(&other).await, State::Unknown, "that one was at work when the engine died");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_task_that_waits_for_a_credential_needs_both_and_can_be_cancelled() {
    let world = World::new().await;
    set(&world, "token", CredentialKind::Keychain).await.unwrap();
    world.keychain.close(Closed::Denied("no".into()));
    let id = world.hand_over_with_secret("held", "token").await;
    world.until_told(&id, Reason::HeldForKeychain).await;
    world.engine.pause(&id, true, by()).await.unwrap();
    assert_eq!(world.engine.pause(&id, false, by()).await.unwrap_err().code, Code::KeychainDenied);
    world.keychain.open();
    world.engine.pause(&id, false, by()).await.unwrap();
    world.run_of(&id).await;

    world.keychain.close(Closed::Denied("no".into()));
    let id = world.hand_over_with_secret("unwanted", "token").await;
    world.until_told(&id, Reason::HeldForKeychain).await;
    world.engine.tell(&id, Event::Cancel { by: by() }).await.unwrap();
    assert_eq!(world.state(&id).await, State::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_values_are_looked_at_and_removed_ones_are_gone() {
    let world = World::new().await;
    let credentials = world.engine.credentials();
    for (name, value) in [("", CANARY), ("a b", CANARY), ("-x", CANARY), ("ok", "tiny5"), ("ok", "with\0nul")]
    {
        let fault =
            credentials.set(name, Secret::new(value.into()), CredentialKind::Keychain).await.unwrap_err();
        assert_eq!(fault.code, Code::BadUsage, "{name}");
        assert!(!fault.message.contains(value) && !fault.hint.contains(value));
    }
    assert_eq!(credentials.remove("token").await.unwrap_err().code, Code::CredentialNotFound);
    set(&world, "token", CredentialKind::Keychain).await.unwrap();
    assert_eq!(world.keychain.names(), ["token"]);
    set(&world, "token", CredentialKind::Session).await.unwrap();
    assert!(world.keychain.names().is_empty(), "an older value does not come back");
    credentials.remove("token").await.unwrap();
    assert_eq!(credentials.list().await.unwrap(), []);
    let secrets = [("TOKEN".to_owned(), "token".to_owned())];
    assert_eq!(credentials.check(&secrets).await.unwrap_err().code, Code::CredentialNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_run_says_is_written_with_the_value_in_it() {
    let world = World::new().await;
    set(&world, "token", CredentialKind::Keychain).await.unwrap();
    let id = world.hand_over_with_secret("chatty", "token").await;
    let run = world.run_of(&id).await;
    let worker = world.worker_of(&id).await;
    let (one, two) = CANARY.split_at(7);
    for stream in [Stream::Output, Stream::Errors, Stream::Aside] {
        for piece in ["said ", one, two, " and \x1b[1m", one, "\x1b[0m", two, "\n"] {
            run.emit(SessionEvent::Output { stream, bytes: piece.as_bytes().to_vec() });
        }
    }
    worker.progress(Checkpoint { note: format!("has {CANARY}"), percent: None }).await.unwrap();
    worker.deed(format!("sends {CANARY}"), false).await.unwrap();
    let ask =
        Ask { text: format!("Is it {CANARY}?"), options: vec![CANARY.into(), "No".into()], ..Ask::default() };
    let asking = worker.ask(ask).await.unwrap();
    let typed = Event::Answer { question: asking.question, answer: Answer::text(CANARY), by: by() };
    assert_eq!(world.engine.tell(&id, typed).await.unwrap_err().code, Code::SecretInClear);
    let answer = Event::Answer { question: asking.question, answer: Answer::text("•••"), by: by() };
    world.engine.tell(&id, answer).await.unwrap();
    let check = Check { what: format!("{CANARY} works"), met: true, note: Some(CANARY.into()) };
    let finish = Finish {
        report: format!("# {CANARY}"),
        summary: Some(CANARY.into()),
        notify: None,
        verification: vec![check],
    };
    worker.finish(finish).await.unwrap();
    run.emit(output("bye\n"));
    run.emit(exited(Exit::Code(0)));
    world.until(&id, State::Completed).await;
    world.until_free(&id).await;

    // What only prints, and what writes responses.
    let failed = world.hand_over_with_secret("prints", "token").await;
    let run = world.run_of(&failed).await;
    run.emit(output(&format!("first {CANARY}\nlast {one}")));
    run.emit(output(two));
    run.emit(exited(Exit::Code(3)));
    world.until(&failed, State::Failed).await;
    let artifact = world.artifact(&failed).await.unwrap();
    assert!(artifact.report.contains("first •••\nlast •••"), "{}", artifact.report);
    let takes_turns = world.hand_over_brief("Paint", Policy::default()).await;
    let run = world.run_of(&takes_turns).await;
    let said = serde_json::json!({
        "status": "continue", "summary": CANARY, "next_task": CANARY,
        "question": {"question": CANARY, "options": [CANARY]},
        "wake": null, "verification": [],
    });
    run.emit(turn(&said.to_string()));
    world.until(&takes_turns, State::NeedsYou).await;
    run.emit(turn(CANARY));
    world.until_logged(&id).await;
    let lines = world.store.logs().read(&id, errand_store::LogStart::Tail, 100).await.unwrap().lines;
    assert!(lines.iter().any(|line| String::from_utf8_lossy(&line.bytes).contains("said •••")), "{lines:?}");
    world.store.indexed().await;
    world.store.close();
    assert_eq!(world.files_with(CANARY), Vec::<std::path::PathBuf>::new());
    assert!(!world.files_with("said •••").is_empty(), "the search itself finds what is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_refused_if_a_known_value_stands_in_it() {
    let world = World::new().await;
    set(&world, "token", CredentialKind::Session).await.unwrap();
    let mut new = new_task("innocent");
    let errand_model::Work::Program(program) = &mut new.work;
    program.argv.push(format!("--token={CANARY}"));
    assert_eq!(world.engine.accept(new).await.unwrap_err().code, Code::SecretInClear);
    assert_eq!(world.engine.accept(new_task(CANARY)).await.unwrap_err().code, Code::SecretInClear);
    let id = world.hand_over("fine").await;
    world.run_of(&id).await.emit(exited(Exit::Code(0)));
    world.until_final(&id).await;
    world.pass(Duration::from_secs(1)).await;
}
