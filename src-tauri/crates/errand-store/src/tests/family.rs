use errand_model::{Child, Question, QuestionKind};

use super::*;
use crate::{Filter, Missed, Row, Subtasks};

const ROOT: &str = "calm-owl-100";

fn child(name: &str, key: Option<&str>) -> Child {
    // More than a number with a sign can hold.
    let fingerprint = u64::MAX - 7;
    Child { task: id(name), generation: 1, key: key.map(str::to_owned), fingerprint, ended: None }
}

fn of(parent: &str, depth: u32, task: Task) -> Task {
    Task { parent: Some(id(parent)), depth, ..task }
}

fn asking(task: Task) -> Task {
    let question = Question {
        n: 1,
        kind: QuestionKind::UserInput,
        text: "Which?".into(),
        choices: Vec::new(),
        options: Vec::new(),
        open: true,
        fields: Vec::new(),
        approval: None,
        asked_at: NOW,
    };
    Task { state: State::NeedsYou, questions: vec![question], next_question: 2, ..task }
}

fn worker(name: &str) -> Task {
    Task { talk: errand_model::Talk { worker: true, ..Default::default() }, ..task(name) }
}

/// A root that sleeps; a sub-task that has ended; one that runs, below which something is asked; another root.
fn family(tx: &mut WriteTx<'_>) -> Result<[i64; 5], StoreError> {
    let root = insert(tx, &worker(ROOT), "root")?;
    let ended = Task { state: State::Completed, ..task("calm-owl-101") };
    let ended = insert(tx, &of(ROOT, 1, ended), "ended")?;
    let busy = insert(tx, &of(ROOT, 1, Task { state: State::Running, ..worker("calm-owl-102") }), "busy")?;
    let asks = insert(tx, &of("calm-owl-102", 2, asking(task("calm-owl-103"))), "asks")?;
    let other = insert(tx, &asking(task("calm-owl-104")), "other")?;
    let mut moved = moved(&worker(ROOT), State::Sleeping);
    moved.children = vec![child("calm-owl-101", Some("a")), child("calm-owl-102", None)];
    assert!(tx.tasks().advance(root, 1, &moved, None, NOW)?);
    Ok([root, ended, busy, asks, other])
}

#[tokio::test]
async fn what_a_task_knows_of_its_subtasks_reads_back_and_follows_the_news() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let [root, ..] = family(tx)?;
        let mut known = tx.tasks().by_seq(root)?.unwrap().task;
        assert_eq!(known.children, [child("calm-owl-101", Some("a")), child("calm-owl-102", None)]);
        known.version += 1;
        known.children[0].ended = Some(State::Completed);
        known.children.push(child("calm-owl-105", None));
        assert!(tx.tasks().advance(root, 2, &known, None, NOW)?);
        assert_eq!(tx.tasks().by_seq(root)?.unwrap().task, known);
        let below = tx.tasks().load(&id("calm-owl-103"))?.unwrap().task;
        assert_eq!((below.parent, below.depth), (Some(id("calm-owl-102")), 2));
        Ok(())
    });
    done.await.unwrap();
}

#[tokio::test]
async fn nobody_is_written_down_below_a_task_that_is_not_there() {
    let (_folder, store) = fresh();
    let orphan = store.write(|tx| insert(tx, &of("calm-owl-999", 1, task("calm-owl-100")), "x"));
    assert_eq!(orphan.await.unwrap_err().code(), errand_base::Code::TaskNotFound);
    assert_eq!(store.read(|reader| reader.tasks().seq(&id("calm-owl-100"))).await.unwrap(), None);
}

#[tokio::test]
async fn a_tree_is_walked_both_ways() {
    let (_folder, store) = fresh();
    let [root, ended, busy, asks, other] = store.write(family).await.unwrap();
    let done = store.read(move |reader| {
        let tasks = reader.tasks();
        let seqs = |kin: Vec<crate::Kin>| kin.iter().map(|kin| kin.seq).collect::<Vec<_>>();
        assert_eq!(seqs(tasks.subtasks_of(root)?), [ended, busy]);
        assert_eq!(seqs(tasks.below(root)?), [asks, busy, ended], "each before its parent");
        assert_eq!(seqs(tasks.below(other)?), [0; 0]);
        for seq in [root, ended, busy, asks] {
            assert_eq!(tasks.root_of(seq)?.unwrap().id, id(ROOT));
        }
        assert_eq!(tasks.root_of(other)?.unwrap().seq, other);
        Ok(())
    });
    done.await.unwrap();
}

#[tokio::test]
async fn lists_show_what_a_person_handed_over_and_whom_it_waits_for_them() {
    let (_folder, store) = fresh();
    let [root, ended, busy, asks, other] = store.write(family).await.unwrap();
    let list = |filter: Filter| {
        let read = store.read(move |reader| reader.tasks().list(&filter));
        async { read.await.unwrap() }
    };
    let seqs = |rows: &[Row]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    let rows = list(Filter::default()).await;
    assert_eq!(seqs(&rows), [other, root]);
    assert_eq!(rows[1].open_questions, 1, "what is asked below it");
    let all = list(Filter { subtasks: Subtasks::Shown, ..Filter::default() }).await;
    assert_eq!(seqs(&all), [other, asks, busy, ended, root]);
    assert_eq!(all[2].parent, Some(id(ROOT)));
    let own = Filter { subtasks: Subtasks::Of(root), ..Filter::default() };
    assert_eq!(seqs(&list(own.clone()).await), [busy, ended]);
    let running = Filter { states: vec![State::Running], ..own };
    assert_eq!(seqs(&list(running).await), [busy]);

    let needing = |states: &[State]| Filter { states: states.to_vec(), ..Filter::default() };
    assert_eq!(seqs(&list(needing(&[State::NeedsYou])).await), [other, root]);
    let both = needing(&[State::NeedsYou, State::Sleeping]);
    assert_eq!(seqs(&list(both.clone()).await), [other, root], "once");
    let narrowed = Filter { folder: Some("/home".into()), ..both };
    assert_eq!(seqs(&list(narrowed).await), [other, root]);
    let shown = Filter { subtasks: Subtasks::Shown, ..needing(&[State::NeedsYou]) };
    assert_eq!(seqs(&list(shown).await), [other, asks]);
}

#[tokio::test]
async fn what_an_engine_did_not_come_to_tell_stands_in_the_rows() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let [root, ..] = family(tx)?;
        let missed = Missed { parent: id(ROOT), task: id("calm-owl-101"), state: State::Completed };
        assert_eq!(tx.tasks().missed_of_subtasks()?, [missed]);
        assert_eq!(tx.tasks().orphans()?, []);
        let mut known = tx.tasks().by_seq(root)?.unwrap().task;
        // It has heard of an end that is over again.
        known.version += 1;
        known.children[0].ended = Some(State::Completed);
        known.children[1].ended = Some(State::Failed);
        assert!(tx.tasks().advance(root, 2, &known, None, NOW)?);
        let missed = tx.tasks().missed_of_subtasks()?;
        assert_eq!(missed, [Missed { parent: id(ROOT), task: id("calm-owl-102"), state: State::Running }]);
        let over = moved(&known, State::Cancelled);
        assert!(tx.tasks().advance(root, 3, &over, None, NOW)?);
        assert_eq!(tx.tasks().missed_of_subtasks()?, [], "who has ended needs no news");
        assert_eq!(tx.tasks().orphans()?, [(id("calm-owl-102"), State::Cancelled)]);
        Ok(())
    });
    done.await.unwrap();
}

#[tokio::test]
async fn a_parent_goes_after_its_subtasks_and_only_roots_expire() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let [root, ended, busy, asks, _] = family(tx)?;
        let end = |tx: &mut WriteTx<'_>, seq| {
            let task = tx.tasks().by_seq(seq)?.unwrap().task;
            let over = Task { questions: Vec::new(), ..moved(&task, State::Cancelled) };
            tx.tasks().advance(seq, task.version, &over, None, NOW)
        };
        assert!(tx.tasks().ended_before(at(9), 0, 9)?.is_empty(), "its parent is at work");
        assert!(end(tx, root)? && end(tx, busy)?);
        assert!(!tx.tasks().delete_ended(root, at(9))?);
        assert!(!tx.tasks().delete_ended(busy, at(9))?);
        assert!(end(tx, asks)?);
        assert!(!tx.tasks().delete_ended(root, at(9))?, "not while a row is below it");
        let old = tx.tasks().ended_before(at(9), 0, 9)?;
        assert_eq!(old.iter().map(|task| task.seq).collect::<Vec<_>>(), [root]);
        for seq in [asks, busy, ended, root] {
            assert!(tx.tasks().delete_ended(seq, at(9))?);
        }
        Ok(())
    });
    done.await.unwrap();
}

#[tokio::test]
async fn a_folder_stays_while_anybody_below_is_at_work_in_it() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let owner = Task { state: State::Cancelled, ..task(ROOT) };
        let new = NewTask {
            task: &owner,
            title: "t",
            work: &work("make"),
            command: "make",
            labels: &[],
            has_folder: true,
            origin: Origin::Person,
            key: None,
            fingerprint: "",
            now: NOW,
        };
        let Inserted::New { seq } = tx.tasks().insert(&new)? else { panic!("not inserted") };
        let middle = Task { state: State::Cancelled, ..task("calm-owl-101") };
        insert(tx, &of(ROOT, 1, middle), "middle")?;
        let run = errand_model::Run {
            id: run_id(1),
            n: 1,
            stage: errand_model::Stage::Ending,
            started_at: NOW,
            working_since: None,
        };
        let ending = Task { state: State::Cancelled, run: Some(run), ..task("calm-owl-102") };
        let below = insert(tx, &of("calm-owl-101", 2, ending.clone()), "below")?;
        assert!(!tx.tasks().begin_removal(seq, at(9))?, "its last process is not gone");
        let gone = Task { run: None, version: 2, ..ending };
        assert!(tx.tasks().advance(below, 1, &gone, None, NOW)?);
        assert!(tx.tasks().begin_removal(seq, at(9))?);
        Ok(())
    });
    done.await.unwrap();
}
