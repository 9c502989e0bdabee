use std::time::Duration;

use errand_model::approval::{
    Approval, Consents, FileAction, FileChange, Item, Risk, Unattended, Verdict, What,
};
use errand_model::{
    Checkpoint, Choice, Dependency, Hold, Notify, Priority, Question, QuestionKind, Run, Stage, Talk, Timer,
    TimerKind, TurnLimits, Wake,
};
use proptest::prelude::*;

use super::*;
use crate::{QuestionState, Resolved, Stored};

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(State::ALL.to_vec())
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0i64..4_000_000_000_000).prop_map(Timestamp::from_millis)
}

fn millis() -> impl Strategy<Value = Duration> {
    (0u64..10_000_000_000).prop_map(Duration::from_millis)
}

fn dependency() -> impl Strategy<Value = Dependency> {
    ("[a-z]{3,8}-[a-z]{3,8}-[0-9]{3}", prop::option::of(state()), any::<bool>())
        .prop_map(|(name, ended, waived)| Dependency { task: id(&name), ended, waived })
}

fn questions() -> impl Strategy<Value = Vec<Question>> {
    let choices = prop::sample::subsequence(
        vec![Choice::RunAnyway, Choice::WaitForRetry, Choice::Cancel, Choice::KeepWaiting, Choice::Stop],
        0..5,
    );
    let options = prop::collection::vec(".{0,20}", 0..3);
    prop::collection::vec((".{0,40}", choices, options, any::<bool>(), time()), 0..4).prop_map(|parts| {
        parts
            .into_iter()
            .enumerate()
            .map(|(n, (text, choices, options, open, asked_at))| Question {
                n: n as u32 * 2 + 1,
                kind: if open { QuestionKind::UserInput } else { QuestionKind::Blocker },
                text,
                choices,
                options,
                open,
                fields: Vec::new(),
                approval: (n == 1).then(|| Box::new(approval())),
                asked_at,
            })
            .collect()
    })
}

fn consents() -> Consents {
    let pair = || ("cd / make".to_owned(), "with quotes '\"".to_owned());
    Consents { approved: vec![pair()], denied: vec![pair(), pair()], once: vec!["seal".to_owned()] }
}

fn approval() -> Approval {
    let item = Item {
        path: Some("notes.md".into()),
        words: vec!["write_file".into(), "notes.md".into()],
        program: Some("/usr/bin/make".into()),
        key: "key".into(),
        programs: "programs".into(),
        same: "same".into(),
        seal: "seal".into(),
        verdict: Some(Verdict::Deny),
    };
    let diff = "+é\n".to_owned();
    let change = FileChange { path: "notes.md".into(), action: FileAction::Create, diff, cut: true };
    Approval {
        ask: Some(3),
        tool: "write_file".into(),
        why: "every command is asked about".into(),
        risk: Risk::Low,
        what: What::Files(vec![change]),
        folder: "/home/ada".into(),
        items: vec![item],
        covers: None,
        unattended: Unattended::Grants,
    }
}

prop_compose! {
    fn policy()(
        priority in prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::High, Priority::Urgent]),
        notify in prop::sample::select(vec![Notify::Always, Notify::Significant, Notify::Silent]),
        timeout in prop::option::of(millis()),
        retries in any::<u32>(),
        most in 5_u32..8,
        lease in prop::option::of("(/[a-zé ]{1,8}){1,4}"),
    ) -> Policy {
        let lease = lease.map(|folder| errand_model::Lease::on(folder.into()));
        Policy { priority, notify, timeout, retries, lease, turns: TurnLimits { most, ..TurnLimits::default() } }
    }
}

prop_compose! {
    fn talk()(
        worker in any::<bool>(),
        (turns, stalls, interruptions, wakes) in (0_u32..2, 0_u32..2, 0_u32..2, 0_u32..2),
        (note, next_task) in (prop::option::of(".{0,20}"), prop::option::of(".{0,20}")),
        wake in prop::option::of((prop::option::of(time()), ".{0,20}", prop::option::of(".{0,20}"))),
        checkpoint in prop::option::of((".{0,20}", prop::option::of(0_u8..=100))),
    ) -> Talk {
        Talk {
            worker,
            turns,
            stalls,
            interruptions,
            note,
            next_task,
            wake: wake.map(|(at, why, follow_up)| Wake { at, when_subtasks_end: at.is_none(), why, follow_up }),
            wakes,
            checkpoint: checkpoint.map(|(note, percent)| Checkpoint { note, percent }),
            effects: Vec::new(),
            messages: Vec::new(),
            told: 0,
            awaits: turns > 0,
            news: stalls > 0,
            consents: if turns > 0 { consents() } else { Consents::default() },
        }
    }
}

prop_compose! {
    fn any_task()(
        state in state(),
        generation in any::<u32>(),
        holds in prop::sample::subsequence(Hold::ALL.to_vec(), 0..7),
        policy in policy(),
        (start_at, executed) in (prop::option::of(time()), millis()),
        after in prop::collection::vec(dependency(), 0..4),
        (failures, runs, next_question, next_timer) in (any::<u32>(), any::<u32>(), 200u32.., any::<u32>()),
        run in prop::option::of((any::<u128>(), any::<u32>(), any::<bool>(), time(), prop::option::of(time()))),
        talk in talk(),
        questions in questions(),
        timers in prop::collection::vec((any::<u32>(), any::<bool>(), time()), 0..3),
        reason in prop::sample::select(Reason::ALL.to_vec()),
        reason_text in ".{0,60}",
    ) -> Task {
        Task {
            id: id("bold-falcon-427"),
            parent: None,
            depth: 0,
            state,
            version: 7,
            generation,
            holds: holds.into_iter().fold(Holds::default(), Holds::with),
            policy,
            start_at,
            after,
            children: Vec::new(),
            failures,
            runs,
            run: run.map(|(run, n, ending, started_at, working_since)| Run {
                id: run_id(run),
                n,
                stage: if ending { Stage::Ending } else { Stage::Starting },
                started_at,
                working_since,
            }),
            executed,
            questions,
            next_question,
            timers: timers
                .into_iter()
                .map(|(id, start, due)| Timer {
                    id,
                    kind: if start { TimerKind::Start } else { TimerKind::Limit },
                    due,
                })
                .collect(),
            next_timer,
            talk,
            reason,
            reason_text,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_task_reads_back_as_it_was_written(first in any_task(), second in any_task()) {
        let mut conn = rusqlite::Connection::open_in_memory().unwrap();
        crate::migrate::migrate(&mut conn, Path::new("unused"), crate::migrate::MIGRATIONS, NOW).unwrap();
        let mut pending = crate::tx::Pending::default();
        let mut tx = WriteTx::new(&conn, &mut pending);
        let seq = insert(&mut tx, &first, "make test").unwrap();
        prop_assert_eq!(&tx.tasks().load(&first.id).unwrap().unwrap().task, &first);

        // Numbers of questions are never used again, so the second set counts on from the first.
        let mut second = Task { version: 8, ..second };
        for question in &mut second.questions {
            question.n += 100;
        }
        // Which folder it holds and which tasks it waits for is fixed; what became of those is not.
        second.policy.lease.clone_from(&first.policy.lease);
        second.after = first.after.iter().zip(second.after.iter().cycle()).map(|(old, new)| Dependency {
            task: old.task.clone(),
            ..new.clone()
        }).chain(first.after.iter().cloned()).take(first.after.len()).collect();
        prop_assert!(tx.tasks().advance(seq, 7, &second, None, at(5)).unwrap());
        prop_assert_eq!(&tx.tasks().by_seq(seq).unwrap().unwrap().task, &second);
    }
}

fn load(store: &Store, name: &str) -> impl Future<Output = Stored> {
    let name = id(name);
    let read = store.read(move |reader| reader.tasks().load(&name));
    async { read.await.unwrap().unwrap() }
}

#[tokio::test]
async fn what_stands_beside_the_task_is_kept_too() {
    let (_folder, store) = fresh();
    store
        .write(|tx| {
            let new = NewTask {
                task: &task("calm-otter-101"),
                title: "Tests",
                work: &work("make test"),
                command: "make test",
                labels: &["night".into(), "ci".into()],
                has_folder: false,
                origin: Origin::Person,
                key: None,
                fingerprint: "f",
                now: NOW,
            };
            tx.tasks().insert(&new)
        })
        .await
        .unwrap();
    let stored = load(&store, "calm-otter-101").await;
    assert_eq!(stored.title, "Tests");
    assert_eq!(stored.work, work("make test"));
    assert_eq!(stored.labels, ["ci", "night"]);
    assert_eq!((stored.created_at, stored.updated_at, stored.ended_at), (NOW, NOW, None));

    let seq = stored.seq;
    let edited = store.write(move |tx| tx.tasks().edit(seq, Some("All tests"), Some(&["day".into()]), at(9)));
    assert!(edited.await.unwrap());
    let stored = load(&store, "calm-otter-101").await;
    assert_eq!((stored.title.as_str(), stored.labels), ("All tests", vec!["day".to_owned()]));
}

#[tokio::test]
async fn whoever_decided_on_an_old_version_loses_and_writes_nothing() {
    let (_folder, store) = fresh();
    let first = task("bold-falcon-427");
    let (running, cancelled) = (moved(&first, State::Running), moved(&first, State::Cancelled));
    let seq = store.write(move |tx| insert(tx, &first, "make")).await.unwrap();
    let winner = store.write(move |tx| tx.tasks().advance(seq, 1, &running, None, at(1)));
    let loser = store.write(move |tx| tx.tasks().advance(seq, 1, &cancelled, Some("cancelled"), at(2)));
    assert!(winner.await.unwrap());
    assert!(!loser.await.unwrap());
    let stored = load(&store, "bold-falcon-427").await;
    assert_eq!((stored.task.state, stored.task.version), (State::Running, 2));
    assert_eq!((stored.outcome, stored.updated_at), (None, at(1)));
}

#[tokio::test]
async fn the_end_and_the_outcome_go_when_the_task_is_open_again() {
    let (_folder, store) = fresh();
    let first = task("bold-falcon-427");
    let failed = moved(&first, State::Failed);
    let still_failed = moved(&failed, State::Failed);
    let again = moved(&still_failed, State::Queued);
    let seq = store.write(move |tx| insert(tx, &first, "make")).await.unwrap();
    let step = |version: u64, task: Task, outcome: Option<&'static str>, when| {
        store.write(move |tx| tx.tasks().advance(seq, version, &task, outcome, when))
    };
    assert!(step(1, failed, Some("exit 2"), at(10)).await.unwrap());
    assert!(step(2, still_failed, None, at(20)).await.unwrap());
    let stored = load(&store, "bold-falcon-427").await;
    assert_eq!((stored.ended_at, stored.outcome.as_deref()), (Some(at(10)), Some("exit 2")));
    assert!(step(3, again, None, at(30)).await.unwrap());
    let stored = load(&store, "bold-falcon-427").await;
    assert_eq!((stored.ended_at, stored.outcome), (None, None));
}

#[tokio::test]
async fn recovery_gets_what_has_not_ended_and_what_may_have_processes() {
    let (_folder, store) = fresh();
    store
        .write(|tx| {
            for (name, state, live) in [
                ("a-a-100", State::Completed, false),
                ("b-b-100", State::Completed, true),
                ("c-c-100", State::Running, true),
                ("d-d-100", State::Sleeping, false),
            ] {
                let run =
                    Run { id: run_id(5), n: 1, stage: Stage::Ending, started_at: NOW, working_since: None };
                insert(tx, &Task { state, run: live.then_some(run), ..task(name) }, "make")?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let found = store.read(|reader| reader.tasks().load_unfinished()).await.unwrap();
    let names: Vec<_> = found.iter().map(|stored| stored.task.id.as_str()).collect();
    assert_eq!(names, ["b-b-100", "c-c-100", "d-d-100"]);
}

#[tokio::test]
async fn an_id_is_found_by_its_beginning_if_that_fits_one_only() {
    let (_folder, store) = fresh();
    store
        .write(|tx| {
            for name in ["bold-falcon-42", "bold-falcon-427", "calm-otter-101"] {
                insert(tx, &task(name), "make")?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let resolve = |typed: &'static str| {
        let read = store.read(move |reader| reader.tasks().resolve(typed));
        async { read.await.unwrap() }
    };
    assert_eq!(resolve("CALM").await, Resolved::One(id("calm-otter-101")));
    assert_eq!(resolve("bold-falcon-42").await, Resolved::One(id("bold-falcon-42")));
    assert_eq!(resolve("b").await, Resolved::Many(vec![id("bold-falcon-42"), id("bold-falcon-427")]));
    assert_eq!(resolve("x").await, Resolved::None);
    assert_eq!(resolve("%").await, Resolved::None);
}

#[tokio::test]
async fn a_question_is_settled_once_whether_the_task_goes_first_or_not() {
    let (_folder, store) = fresh();
    let question = |n| Question {
        n,
        kind: QuestionKind::Blocker,
        text: "Go on?".into(),
        choices: vec![Choice::RunAnyway, Choice::Cancel],
        options: Vec::new(),
        open: false,
        fields: Vec::new(),
        approval: None,
        asked_at: NOW,
    };
    let questions = vec![question(1), question(2), question(3)];
    let first = Task { questions, next_question: 4, ..task("bold-falcon-427") };
    let after = moved(&first, State::Queued);
    let settled = store.write(move |tx| {
        let seq = insert(tx, &first, "make")?;
        let by = errand_model::By::at(errand_model::Surface::Tray);
        assert!(tx.questions().settle(seq, 1, Some("run_anyway"), Some(&by), at(1))?);
        assert!(tx.tasks().advance(seq, 1, &Task { questions: Vec::new(), ..after }, None, at(1))?);
        assert!(tx.questions().settle(seq, 2, Some("cancel"), Some(&by), at(1))?);
        assert!(!tx.questions().settle(seq, 1, Some("cancel"), Some(&by), at(1))?);
        assert!(!tx.questions().settle(seq, 3, Some("cancel"), Some(&by), at(2))?);
        tx.questions().of_task(seq)
    });
    let rows = settled.await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.state, row.choice.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (QuestionState::Answered, Some("run_anyway")),
            (QuestionState::Answered, Some("cancel")),
            (QuestionState::Withdrawn, None)
        ]
    );
}

#[tokio::test]
async fn a_deleted_task_leaves_only_its_history() {
    let (_folder, store) = fresh();
    let deleted = store.write(|tx| {
        let seq = insert(tx, &task("bold-falcon-427"), "make")?;
        tx.runs().begin(run_id(1), first(seq), NOW)?;
        let ended = moved(&task("bold-falcon-427"), State::Completed);
        assert!(tx.tasks().advance(seq, 1, &ended, None, at(5))?);
        assert_eq!(tx.tasks().ended_before(at(5), 0, 9)?, [], "not yet");
        assert!(!tx.tasks().delete_ended(seq, at(5))?);
        let found =
            crate::Ended { seq, id: ended.id, state: State::Completed, has_folder: false, stuck: false };
        assert_eq!(tx.tasks().ended_before(at(6), 0, 9)?, [found]);
        assert!(tx.tasks().delete_ended(seq, at(6))?);
        tx.transitions().detach(seq)?;
        assert_eq!(tx.transitions().of_task(seq)?, []);
        assert_eq!(tx.runs().of_task(seq)?, []);
        tx.tasks().load(&id("bold-falcon-427"))
    });
    assert_eq!(deleted.await.unwrap(), None);
}
