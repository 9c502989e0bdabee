//! Requests of workers on their way to a decision, with a fake agent and a fake clock.

use std::path::PathBuf;
use std::time::Duration;

use errand_agents::SessionEvent;
use errand_base::{Secret, TaskId};
use errand_model::approval::{
    Approval, Decision, FileAction, FileChange, Item, NewGrant, Risk, Scope, Unattended, Verdict, What,
};
use errand_model::{Answer, By, Event, Policy, Reason, State, Surface, TurnLimits};
use errand_store::CredentialKind;

use crate::world::{World, turn};

const CANARY: &str = "sk-canary-5f0e/9+ü";

fn request(ask: u32, words: &[&str], unattended: Unattended) -> SessionEvent {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let line = words.join(" ");
    let item = Item {
        path: None,
        words,
        program: Some("/usr/bin/make".into()),
        key: line.clone(),
        programs: "hash".into(),
        same: line.clone(),
        // A hash in earnest.
        seal: format!("sealed {}", line.replace(CANARY, "")),
        verdict: None,
    };
    let what = What::Command { line: line.clone(), cwd: "/".into(), programs: Vec::new() };
    asks(ask, what, item, unattended)
}

fn asks(ask: u32, what: What, item: Item, unattended: Unattended) -> SessionEvent {
    SessionEvent::Asks(Box::new(Approval {
        ask: Some(ask),
        tool: "run_command".into(),
        why: "no rule allows it".into(),
        risk: Risk::Medium,
        what,
        folder: "/".into(),
        items: vec![item],
        covers: Some("the same".into()),
        unattended,
    }))
}

fn decide(question: u32, decision: Decision) -> Event {
    let answer = Answer::Decision(Box::new(decision));
    Event::Answer { question, answer, by: By::at(Surface::Terminal) }
}

async fn grant(world: &World, rule: &str, lasts: Duration, uses: Option<u32>) -> i64 {
    use errand_base::Clock;
    let now = world.clock.now();
    let (folder, rule, until) = (PathBuf::from("/"), rule.to_owned(), now.plus(lasts));
    let grant = NewGrant { folder, rule, program: None, until, uses };
    world.store.write(move |tx| tx.grants().add(&grant, Surface::Terminal, now)).await.unwrap()
}

async fn worker(world: &World) -> TaskId {
    world.hand_over_brief("Paint the fence", Policy::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_used_until_its_time_is_over_and_then_it_is_asked() {
    let world = World::new().await;
    let hour = Duration::from_secs(3_600);
    // The turn itself is over when its calls are decided about; this one has none.
    let turns = TurnLimits { each: 9 * hour, stall: 9 * hour, ..TurnLimits::default() };
    let id = world.hand_over_brief("Paint the fence", Policy { turns, ..Policy::default() }).await;
    let run = world.run_of(&id).await;
    let granted = grant(&world, "make *", hour, None).await;
    for ask in 1..=2 {
        run.emit(request(ask, &["make", "test"], Unattended::Park));
        let decisions =
            world.eventually(|| Some(run.decisions()).filter(|all| all.len() == ask as usize)).await;
        assert_eq!(
            (decisions.last().unwrap().0, &decisions.last().unwrap().1[..]),
            (ask, &[Verdict::Approve][..])
        );
    }
    let used = world.store.read(move |reader| reader.grants().get(granted)).await.unwrap().unwrap();
    assert_eq!(used.used, 2);
    world.pass(hour).await;
    run.emit(request(3, &["make", "test"], Unattended::Park));
    world.until(&id, State::NeedsYou).await;
    assert_eq!(run.decisions().len(), 2);
    world.engine.tell(&id, decide(1, Decision::of(Verdict::Deny))).await.unwrap();
    let decisions = world.eventually(|| Some(run.decisions()).filter(|all| all.len() == 3)).await;
    assert_eq!(decisions[2].1, [Verdict::Deny]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_do_not_use_a_grant_for_one_use_twice() {
    let world = World::new().await;
    let ids = [worker(&world).await, worker(&world).await];
    grant(&world, "make *", Duration::from_secs(60), Some(1)).await;
    for id in &ids {
        world.run_of(id).await.emit(request(1, &["make", "all"], Unattended::Grants));
    }
    let mut approved = 0;
    for id in &ids {
        let run = world.run_of(id).await;
        let decisions = world.eventually(|| Some(run.decisions()).filter(|all| !all.is_empty())).await;
        approved += usize::from(decisions[0].1 == [Verdict::Approve]);
    }
    assert_eq!(approved, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_one_program_is_not_for_another_one_of_that_name_nor_for_more_words() {
    let world = World::new().await;
    let id = worker(&world).await;
    let run = world.run_of(&id).await;
    let now = errand_base::Clock::now(&*world.clock);
    let bound = NewGrant {
        folder: "/".into(),
        rule: "make test".into(),
        program: Some("/opt/make".into()),
        until: now.plus(Duration::from_secs(60)),
        uses: None,
    };
    world.store.write(move |tx| tx.grants().add(&bound, Surface::Terminal, now)).await.unwrap();
    grant(&world, "make lint", Duration::from_secs(60), None).await;
    for (ask, words) in [(1, ["make", "test"].as_slice()), (2, &["make", "lint", "more"])] {
        run.emit(request(ask, words, Unattended::Grants));
        let decisions =
            world.eventually(|| Some(run.decisions()).filter(|all| all.len() == ask as usize)).await;
        assert_eq!(decisions[ask as usize - 1].1, [Verdict::Deny], "{words:?}");
    }
    world.until_told(&id, Reason::RefusedUnattended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_request_is_open_its_slot_is_for_others_and_no_time_is_billed() {
    let world = World::new().await;
    let limit = Duration::from_secs(100);
    let policy = Policy { timeout: Some(limit), ..Policy::default() };
    let id = world.hand_over_brief("Paint the fence", policy).await;
    let run = world.run_of(&id).await;
    run.emit(request(1, &["make", "test"], Unattended::Park));
    world.until(&id, State::NeedsYou).await;
    for n in 0..3 {
        world.hand_over(&format!("task {n}")).await;
    }
    world.runs(4).await;
    world.pass(Duration::from_secs(86_400)).await;
    assert_eq!(world.state(&id).await, State::NeedsYou);
    world.engine.tell(&id, decide(1, Decision::of(Verdict::Approve))).await.unwrap();
    world.until(&id, State::Running).await;
    assert_eq!(world.task(&id).await.executed, Duration::ZERO);
    run.emit(turn(r#"{"status":"done","summary":"Painted."}"#));
    world.until(&id, State::Completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_was_killed_gives_the_late_answer_to_the_same_request_once() {
    let world = World::new().await;
    let id = worker(&world).await;
    world.run_of(&id).await.emit(request(1, &["make", "test"], Unattended::Park));
    world.until(&id, State::NeedsYou).await;
    let world = world.killed_and_started_again().await;
    // Also if it comes before the new engine has looked at what the old one left.
    world.engine.tell(&id, decide(1, Decision::of(Verdict::Approve))).await.unwrap();
    let run = world.run_of(&id).await;
    run.emit(request(1, &["make", "other"], Unattended::Deny));
    run.emit(request(2, &["make", "test"], Unattended::Deny));
    run.emit(request(3, &["make", "test"], Unattended::Deny));
    let decisions = world.eventually(|| Some(run.decisions()).filter(|all| all.len() == 3)).await;
    let mut verdicts: Vec<(u32, Verdict)> = decisions.iter().map(|(ask, all, _)| (*ask, all[0])).collect();
    verdicts.sort_by_key(|(ask, _)| *ask);
    // The second and the third are the same; whichever came first has used it up.
    let approved = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Approve).count();
    assert_eq!((verdicts[0].1, approved), (Verdict::Deny, 1), "{verdicts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_request_is_not_written_down_and_cannot_be_approved_for_longer() {
    let world = World::new().await;
    let token = Secret::new(CANARY.to_owned());
    world.engine.credentials().set("token", token, CredentialKind::Session).await.unwrap();
    let id = worker(&world).await;
    let run = world.run_of(&id).await;
    run.emit(request(1, &["curl", "-H", CANARY], Unattended::Park));
    world.until(&id, State::NeedsYou).await;
    let task = world.task(&id).await;
    let approval = task.questions[0].approval.clone().unwrap();
    let said = format!("{task:?}");
    assert!(said.contains("curl -H •••") && !said.contains(CANARY), "{said}");
    assert_eq!(approval.covers, None);
    let longer = Decision { scope: Scope::Task, ..Decision::of(Verdict::Approve) };
    assert!(world.engine.tell(&id, decide(1, longer)).await.is_err());
    let why = Decision { reason: Some(format!("{CANARY} again")), ..Decision::of(Verdict::Deny) };
    assert!(world.engine.tell(&id, decide(1, why)).await.is_err(), "it would be written down");
    world.engine.tell(&id, decide(1, Decision::of(Verdict::Deny))).await.unwrap();

    let diff = format!("+key = {CANARY}\n");
    let change = FileChange { path: "notes".into(), action: FileAction::Create, diff, cut: false };
    let item = Item {
        path: Some("notes".into()),
        words: vec!["write_file".into(), "notes".into()],
        program: None,
        key: "notes".into(),
        programs: String::new(),
        same: "notes 1".into(),
        seal: "2".into(),
        verdict: None,
    };
    run.emit(asks(2, What::Files(vec![change]), item, Unattended::Park));
    world.until(&id, State::NeedsYou).await;
    let task = world.task(&id).await;
    assert!(format!("{task:?}").contains("+key = •••"), "{task:?}");
    assert!(world.files_with(CANARY).is_empty());
}
