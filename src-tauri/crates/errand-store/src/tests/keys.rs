use super::*;

fn hand_over(
    tx: &mut WriteTx<'_>,
    name: &str,
    key: &str,
    command: &str,
    now: Timestamp,
) -> Result<Inserted, StoreError> {
    tx.tasks().insert(&NewTask {
        task: &task(name),
        title: command,
        work: &work(command),
        command,
        labels: &[],
        has_folder: false,
        origin: Origin::Person,
        key: Some(key),
        fingerprint: command,
        now,
    })
}

#[tokio::test]
async fn one_key_is_one_task() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let first = id("bold-falcon-427");
        assert_eq!(hand_over(tx, "bold-falcon-427", "k", "make", NOW)?, Inserted::New { seq: 1 });
        let same = Inserted::Duplicate { id: first.clone(), same_work: true };
        assert_eq!(hand_over(tx, "calm-otter-101", "k", "make", NOW)?, same);
        let other = Inserted::Duplicate { id: first, same_work: false };
        assert_eq!(hand_over(tx, "calm-otter-101", "k", "rm -r /", NOW)?, other);
        assert_eq!(hand_over(tx, "bold-falcon-427", "k2", "make", NOW)?, Inserted::IdTaken);
        tx.tasks().load(&id("calm-otter-101"))
    });
    assert_eq!(done.await.unwrap(), None, "a duplicate writes nothing");
}

#[tokio::test]
async fn a_key_lives_until_thirty_days_after_the_end() {
    const DAY: i64 = 24 * 3_600_000;
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        hand_over(tx, "bold-falcon-427", "k", "make", NOW)?;
        // However long it runs, the key stays.
        assert!(tx.keys().find(Origin::Person, "k", at(400 * DAY))?.is_some());
        let ended = moved(&task("bold-falcon-427"), State::Completed);
        assert!(tx.tasks().advance(1, 1, &ended, Some("done"), at(DAY))?);
        assert!(tx.keys().find(Origin::Person, "k", at(31 * DAY - 1))?.is_some());
        assert_eq!(tx.keys().find(Origin::Person, "k", at(31 * DAY))?, None);
        assert_eq!(hand_over(tx, "calm-otter-101", "k", "other", at(31 * DAY))?, Inserted::New { seq: 2 });
        let ended = moved(&task("calm-otter-101"), State::Completed);
        assert!(tx.tasks().advance(2, 1, &ended, None, at(32 * DAY))?);
        assert_eq!(tx.keys().trim(at(33 * DAY))?, 0);
        assert_eq!(tx.keys().trim(at(62 * DAY))?, 1);
        Ok(())
    });
    done.await.unwrap();
}
