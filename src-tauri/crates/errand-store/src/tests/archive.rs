use super::*;
use crate::Filter;

const TASKS: i64 = 9_000;

/// Every task completed but each thousandth, which failed; all but the oldest hundred are archived.
async fn mostly_archived() -> (TempDir, Store) {
    let (folder, store) = fresh();
    let write = store.write(|tx| {
        for n in 1..=TASKS {
            let state = if n % 1_000 == 0 { State::Failed } else { State::Completed };
            let seq = insert(tx, &Task { state, ..task(&format!("bold-falcon-{n}")) }, "make")?;
            if n > 100 {
                assert!(tx.tasks().archive(seq, true, at(n))?);
            }
        }
        Ok(())
    });
    write.await.unwrap();
    (folder, store)
}

async fn seqs(store: &Store, filter: Filter) -> Vec<i64> {
    let rows = store.read(move |reader| reader.tasks().list(&Filter { limit: 3, ..filter }));
    rows.await.unwrap().iter().map(|row| row.seq).collect()
}

#[tokio::test]
async fn lists_pass_over_archived_tasks_unless_they_are_asked_for() {
    let (_folder, store) = mostly_archived().await;
    let all = Filter::default;
    assert_eq!(seqs(&store, all()).await, [100, 99, 98]);
    assert_eq!(seqs(&store, Filter { before_seq: Some(3), ..all() }).await, [2, 1]);
    assert_eq!(seqs(&store, Filter { archived: true, ..all() }).await, [9_000, 8_999, 8_998]);
    let failed = Filter { states: vec![State::Failed], ..all() };
    assert_eq!(seqs(&store, failed.clone()).await, [0; 0]);
    assert_eq!(seqs(&store, Filter { archived: true, ..failed }).await, [9_000, 8_000, 7_000]);
    let both = Filter { states: vec![State::Completed, State::Failed], archived: true, ..all() };
    assert_eq!(seqs(&store, Filter { before_seq: Some(101), ..both }).await, [100, 99, 98]);
    let folder = Filter { folder: Some("/".into()), ..all() };
    assert_eq!(seqs(&store, folder.clone()).await, [100, 99, 98]);
    assert_eq!(seqs(&store, Filter { archived: true, ..folder }).await, [9_000, 8_999, 8_998]);
    store.indexed().await;
    let search = Filter { search: Some("make".into()), ..all() };
    assert_eq!(seqs(&store, search.clone()).await, [100, 99, 98]);
    assert_eq!(seqs(&store, Filter { archived: true, ..search }).await, [9_000, 8_999, 8_998]);
}

#[test]
fn a_page_of_one_state_is_read_from_an_index_of_its_own() {
    let mut conn = rusqlite::Connection::open_in_memory().unwrap();
    crate::migrate::migrate(&mut conn, Path::new("unused"), crate::migrate::MIGRATIONS, NOW).unwrap();
    for (archived, index) in [("IS NULL", "task_by_state"), ("IS NOT NULL", "task_archived")] {
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT t.title FROM task t WHERE t.archived_at {archived} AND t.state = 'failed' \
             AND t.seq < 7 ORDER BY t.seq DESC LIMIT 3"
        );
        let plan: String = conn.query_row(&sql, [], |row| row.get(3)).unwrap();
        assert_eq!(plan, format!("SEARCH t USING INDEX {index} (state=? AND rowid<?)"));
    }
}

#[tokio::test]
async fn only_what_is_over_is_archived_once_and_a_new_beginning_takes_it_out() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let seq = insert(tx, &task("bold-falcon-427"), "make")?;
        assert!(!tx.tasks().archive(seq, true, at(1))?, "it is not over");
        let failed = moved(&task("bold-falcon-427"), State::Failed);
        assert!(tx.tasks().advance(seq, 1, &failed, None, at(2))?);
        assert!(!tx.tasks().archive(seq, false, at(3))?);
        assert!(tx.tasks().archive(seq, true, at(4))?);
        assert!(!tx.tasks().archive(seq, true, at(5))?);
        assert_eq!(tx.tasks().by_seq(seq)?.unwrap().archived_at, Some(at(4)));
        assert!(tx.tasks().archive(seq, false, at(6))?);
        assert_eq!(tx.tasks().by_seq(seq)?.unwrap().archived_at, None);
        assert!(tx.tasks().archive(seq, true, at(7))?);
        // What its processes do afterwards leaves it there.
        let ended = moved(&failed, State::Failed);
        assert!(tx.tasks().advance(seq, failed.version, &ended, None, at(8))?);
        assert_eq!(tx.tasks().by_seq(seq)?.unwrap().archived_at, Some(at(7)));
        let again = moved(&ended, State::Queued);
        assert!(tx.tasks().advance(seq, ended.version, &again, None, at(9))?);
        tx.tasks().by_seq(seq)
    });
    assert_eq!(done.await.unwrap().unwrap().archived_at, None);
}
