use super::*;
use crate::{DeliveryState, Filter, NewDelivery, Row};

const TASKS: i64 = 10_000;

/// Every tenth runs, every hundredth is red, every second is below /home/me/a.
async fn many() -> (TempDir, Store) {
    let (folder, store) = fresh();
    let write = store.write(|tx| {
        let labels = ["red".to_owned(), "all".to_owned()];
        for n in 0..TASKS {
            let state = if n % 10 == 0 { State::Running } else { State::Completed };
            let folder = if n % 2 == 0 { "/home/me/a/b" } else { "/home/me/ab" };
            let Work::Program(program) = work("make test");
            let work = Work::Program(Program { cwd: folder.into(), ..program });
            let command = format!("make test number{n}");
            tx.tasks().insert(&NewTask {
                task: &Task { state, ..task(&format!("bold-falcon-{n}")) },
                title: "Straße",
                work: &work,
                command: &command,
                labels: if n % 100 == 0 { &labels } else { &labels[1..] },
                has_folder: false,
                origin: Origin::Person,
                key: None,
                fingerprint: "",
                now: NOW,
            })?;
        }
        Ok(())
    });
    write.await.unwrap();
    (folder, store)
}

async fn list(store: &Store, filter: Filter) -> Vec<Row> {
    store.indexed().await;
    store.read(move |reader| reader.tasks().list(&filter)).await.unwrap()
}

async fn seqs(store: &Store, filter: Filter) -> Vec<i64> {
    list(store, filter).await.iter().map(|row| row.seq).collect()
}

#[tokio::test]
async fn pages_come_newest_first_and_meet_without_gap() {
    let (_folder, store) = many().await;
    let mut seen = Vec::new();
    let mut before_seq = None;
    loop {
        let page = seqs(&store, Filter { limit: 999, before_seq, ..Filter::default() }).await;
        let Some(last) = page.last() else { break };
        before_seq = Some(*last);
        seen.extend(page);
    }
    assert_eq!(seen, (1..=TASKS).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn filters_narrow_alone_and_together() {
    let (_folder, store) = many().await;
    let page = |filter: Filter| seqs(&store, Filter { limit: 3, ..filter });
    let all = Filter::default;

    let running = Filter { states: vec![State::Running], ..all() };
    assert_eq!(page(running.clone()).await, [9_991, 9_981, 9_971]);
    let both = Filter { states: vec![State::Running, State::Completed, State::Failed], ..all() };
    assert_eq!(page(both.clone()).await, [10_000, 9_999, 9_998]);
    assert_eq!(page(Filter { before_seq: Some(9_992), ..both }).await, [9_991, 9_990, 9_989]);
    assert_eq!(page(Filter { label: Some("red".into()), ..all() }).await, [9_901, 9_801, 9_701]);
    let folder = Filter { folder: Some("/home/me/a/".into()), ..all() };
    assert_eq!(page(folder.clone()).await, [9_999, 9_997, 9_995], "not /home/me/ab");
    assert_eq!(page(Filter { folder: Some("/home/me/ab".into()), ..all() }).await, [10_000, 9_998, 9_996]);

    let together = Filter {
        label: Some("all".into()),
        search: Some("test".into()),
        before_seq: Some(9_000),
        ..Filter { states: vec![State::Running, State::Failed], ..folder }
    };
    assert_eq!(page(together).await, [8_991, 8_981, 8_971]);
    assert!(page(Filter { label: Some("blue".into()), ..all() }).await.is_empty());
}

#[tokio::test]
async fn a_search_takes_words_and_nothing_else() {
    let (_folder, store) = many().await;
    let find = |typed: &'static str| {
        seqs(&store, Filter { search: Some(typed.into()), limit: 3, ..Filter::default() })
    };
    assert_eq!(find("number77").await, [78]);
    assert_eq!(find("MAKE number77").await, [78]);
    assert_eq!(find("number77*").await, [7_800, 7_799, 7_798]);
    assert_eq!(find("straße").await, [10_000, 9_999, 9_998]);
    assert!(find("number77 OR number78").await.is_empty());
    assert!(find("nowhere").await.is_empty());
    for odd in ["", " ", "\"", "*", "a\"b", "title:make", "NEAR(a b)", "-", "(", "^make", "'", "\0"] {
        find(odd).await;
    }
    let ranked = Filter { search: Some("test".into()), by_rank: true, limit: 2, ..Filter::default() };
    assert_eq!(list(&store, ranked).await.len(), 2);
}

#[tokio::test]
async fn a_search_follows_title_and_report() {
    let (_folder, store) = fresh();
    let seq = store.write(|tx| insert(tx, &task("bold-falcon-427"), "make")).await.unwrap();
    let find = |typed: &'static str| seqs(&store, Filter { search: Some(typed.into()), ..Filter::default() });
    assert_eq!(find("make").await, [1]);
    let artifact = errand_model::Artifact {
        report: "Everything compiled".into(),
        format: errand_model::Format::Text,
        outcome: "compiled".into(),
        notify: true,
        verification: vec![errand_model::Check { what: "it compiles".into(), met: true, note: None }],
    };
    store.write(move |tx| tx.artifacts().file(run_id(1), seq, 1, &artifact, NOW)).await.unwrap();
    assert_eq!(find("compiled").await, [1]);
    store.write(move |tx| tx.tasks().edit(seq, Some("Nightly"), None, NOW)).await.unwrap();
    assert_eq!(find("nightly compiled").await, [1]);
    let ended = moved(&task("bold-falcon-427"), State::Completed);
    let deleted = store.write(move |tx| {
        tx.tasks().advance(seq, 1, &ended, None, at(5))?;
        tx.tasks().delete_ended(seq, at(6))
    });
    assert!(deleted.await.unwrap());
    assert!(find("compiled").await.is_empty());
}

#[tokio::test]
async fn a_row_says_what_a_list_shows() {
    let (_folder, store) = many().await;
    let rows = list(&store, Filter { label: Some("red".into()), limit: 1, ..Filter::default() }).await;
    let row = &rows[0];
    assert_eq!((row.id.as_str(), row.command.as_str()), ("bold-falcon-9900", "make test number9900"));
    assert_eq!(row.labels, ["all", "red"]);
    assert_eq!((row.state, row.open_questions), (State::Running, 0));
    let counts = store.read(|reader| reader.tasks().counts()).await.unwrap();
    assert_eq!(counts, [(State::Completed, 9_000), (State::Running, 1_000)]);
    let labels = store.read(|reader| reader.tasks().labels()).await.unwrap();
    assert_eq!(labels, [("all".into(), 10_000), ("red".into(), 100)]);
}

#[tokio::test]
async fn a_delivery_moves_once() {
    use DeliveryState::{Dismissed, Held, Pending, Showing, Shown};
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let new = NewDelivery {
            task: None,
            run: Some(run_id(1)),
            question: None,
            kind: errand_model::DeliveryKind::Notice,
            state: Pending,
            why: "new",
        };
        let id = tx.deliveries().add(&new, NOW)?;
        assert!(tx.deliveries().advance(id, Pending, Held, "no service", at(1))?);
        assert!(!tx.deliveries().advance(id, Pending, Shown, "shown", at(2))?);
        assert_eq!(tx.deliveries().due()?.len(), 1);
        assert!(tx.deliveries().showing(id, Held, ":1.5", "now", at(3))?);
        assert!(tx.deliveries().advance(id, Showing, Shown, "shown", at(4))?);
        assert_eq!(tx.deliveries().due()?, []);
        let unsettled = tx.deliveries().unsettled()?;
        assert_eq!((unsettled[0].attempts, unsettled[0].shown_on.as_deref()), (1, Some(":1.5")));
        assert!(tx.deliveries().advance(id, Shown, Dismissed, "read", at(5))?);
        assert_eq!(tx.deliveries().unsettled()?, []);
        Ok(tx.deliveries().list(None, None, 5)?.len())
    });
    assert_eq!(done.await.unwrap(), 1);
}

#[tokio::test]
async fn a_run_goes_from_intent_to_gone() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let seq = insert(tx, &task("bold-falcon-427"), "make")?;
        tx.runs().begin(run_id(1), first(seq), at(1))?;
        assert!(tx.runs().executing(first(seq), 77, u64::MAX, "boot", at(2))?);
        tx.runs().heard(first(seq), at(3))?;
        assert!(tx.runs().ended(first(seq), Some(errand_model::Exit::Signal(9)), Some(5), None, at(4))?);
        assert_eq!(tx.runs().live()?.len(), 1);
        assert!(tx.runs().over(first(seq), at(5))?);
        assert!(!tx.runs().over(first(seq), at(6))?);
        assert_eq!(tx.runs().live()?, []);
        tx.runs().latest(seq)
    });
    let row = done.await.unwrap().unwrap();
    assert_eq!((row.pid, row.start_time, row.phase), (Some(77), Some(u64::MAX), crate::RunPhase::Over));
    assert_eq!((row.exit, row.cpu_ms), (Some(errand_model::Exit::Signal(9)), Some(5)));
    assert_eq!((row.last_output_at, row.ended_at, row.gone_at), (Some(at(3)), Some(at(4)), Some(at(5))));
}

#[tokio::test]
async fn a_delivery_that_is_held_or_counts_is_found_by_its_times() {
    use DeliveryState::{Digested, Held, Pending};
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let mut add = |kind| {
            let new = NewDelivery { task: None, run: None, question: None, kind, state: Pending, why: "" };
            tx.deliveries().add(&new, NOW)
        };
        let (shown, held, digest) = (
            add(errand_model::DeliveryKind::Failure)?,
            add(errand_model::DeliveryKind::Question)?,
            add(errand_model::DeliveryKind::Digest)?,
        );
        assert!(tx.deliveries().showing(shown, Pending, ":1.5", "within_limit", at(1))?);
        assert!(tx.deliveries().shown(shown, "Xfce", true, at(2))?);
        assert!(!tx.deliveries().shown(shown, "Xfce", true, at(3))?);
        assert_eq!(tx.deliveries().counted_since(at(2))?, [at(2)]);
        assert_eq!(tx.deliveries().counted_since(at(3))?, []);
        assert!(tx.deliveries().hold(held, Pending, Some(at(9)), "quiet_hours", at(1))?);
        assert_eq!(tx.deliveries().next_until(at(1))?, Some(at(9)));
        assert_eq!(tx.deliveries().next_until(at(9))?, None);
        let ids = |rows: Vec<crate::Delivery>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(tx.deliveries().due_on(":1.5", 3)?), [held, digest]);
        assert_eq!(ids(tx.deliveries().due_on(":1.6", 3)?), [shown, held, digest]);
        assert_eq!(ids(tx.deliveries().due_on(":1.6", 1)?), [held, digest]);
        assert_eq!(ids(tx.deliveries().unattended()?), [shown, held]);
        assert!(tx.deliveries().escalate(shown, crate::Escalation::Due, true, at(4))?);
        assert!(!tx.deliveries().escalate(shown, crate::Escalation::Done, true, at(4))?, "once");
        let escalated = tx.deliveries().get(shown)?.unwrap();
        assert_eq!((escalated.state, escalated.shown_at), (Pending, Some(at(2))));
        tx.deliveries().escalated(shown)?;
        assert_eq!(ids(tx.deliveries().unattended()?), [held]);
        assert!(tx.deliveries().digested(held, Held, digest, at(5))?);
        let member = tx.deliveries().in_digest(digest)?.remove(0);
        assert_eq!((member.id, member.state, member.until), (held, Digested, None));
        Ok(())
    });
    done.await.unwrap();
}
