use super::*;
use crate::{Cleanup, Ended};

/// A task with a folder, in that state.
fn with_folder(tx: &mut WriteTx<'_>, task: &Task) -> Result<i64, StoreError> {
    let new = NewTask {
        task,
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
    match tx.tasks().insert(&new)? {
        Inserted::New { seq } => Ok(seq),
        other => panic!("not inserted: {other:?}"),
    }
}

fn failed(name: &str) -> Task {
    Task { state: State::Failed, ..task(name) }
}

#[tokio::test]
async fn a_row_goes_only_after_its_folder() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let seq = with_folder(tx, &failed("calm-owl-100"))?;
        let cleanup = |tx: &mut WriteTx<'_>| Ok::<_, StoreError>(tx.tasks().by_seq(seq)?.unwrap().cleanup);
        assert_eq!(cleanup(tx)?, Some(Cleanup::None));
        assert!(!tx.tasks().delete_ended(seq, at(9))?);
        assert!(!tx.tasks().end_removal(seq, None)?, "nobody has begun");
        assert!(!tx.tasks().begin_removal(seq, NOW)?, "it is too young");
        assert!(tx.tasks().begin_removal(seq, at(9))?);
        assert_eq!(cleanup(tx)?, Some(Cleanup::Pending));
        assert!(!tx.tasks().delete_ended(seq, at(9))?);
        let id = id("calm-owl-100");
        let ended = Ended { seq, id, state: State::Failed, has_folder: true, stuck: false };
        assert_eq!(tx.tasks().in_removal()?, [ended]);
        assert!(tx.tasks().end_removal(seq, Some("busy"))?);
        assert_eq!(cleanup(tx)?, Some(Cleanup::Failed("busy".into())));
        assert!(tx.tasks().ended_before(at(9), 0, 1)?[0].stuck);
        assert!(!tx.tasks().delete_ended(seq, at(9))?);
        assert!(tx.tasks().begin_removal(seq, at(9))?);
        assert!(tx.tasks().end_removal(seq, None)?);
        assert_eq!(cleanup(tx)?, Some(Cleanup::Removed));
        assert_eq!(tx.tasks().in_removal()?, []);
        tx.tasks().delete_ended(seq, at(9))
    });
    assert!(done.await.unwrap());
}

#[tokio::test]
async fn whoever_opens_a_task_while_its_folder_is_being_removed_loses() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let before = failed("calm-owl-100");
        let seq = with_folder(tx, &before)?;
        assert!(tx.tasks().begin_removal(seq, at(9))?);
        assert!(!tx.tasks().advance(seq, before.version, &moved(&before, State::Queued), None, at(2))?);
        assert!(tx.tasks().end_removal(seq, Some("busy"))?);
        // After a failure it can be opened again, and its folder is to be kept again.
        let now = tx.tasks().by_seq(seq)?.unwrap().task;
        assert!(tx.tasks().advance(seq, now.version, &moved(&now, State::Queued), None, at(3))?);
        assert!(!tx.tasks().begin_removal(seq, at(9))?, "it is not over");
        tx.tasks().by_seq(seq)
    });
    assert_eq!(done.await.unwrap().unwrap().cleanup, Some(Cleanup::None));
}

#[tokio::test]
async fn what_ended_long_ago_is_read_in_pieces_with_what_stands_in_the_way() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        insert(tx, &failed("calm-owl-100"), "make")?;
        with_folder(tx, &failed("calm-owl-101"))?;
        insert(tx, &task("calm-owl-102"), "make")?;
        insert(tx, &failed("calm-owl-103"), "make")?;
        let seen =
            |ended: Vec<Ended>| ended.into_iter().map(|it| (it.seq, it.has_folder)).collect::<Vec<_>>();
        assert_eq!(seen(tx.tasks().ended_before(at(1), 0, 2)?), [(1, false), (2, true)]);
        assert_eq!(seen(tx.tasks().ended_before(at(1), 2, 2)?), [(4, false)]);
        assert_eq!(tx.tasks().ended_before(NOW, 0, 9)?, []);
        // A task without a folder needs no such thing.
        tx.tasks().begin_removal(1, at(9))
    });
    assert!(!done.await.unwrap());
}
