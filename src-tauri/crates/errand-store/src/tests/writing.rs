use std::sync::mpsc;

use super::*;
use crate::{Entry, SubjectKind};

fn note<'a>(to: &'a str, now: Timestamp) -> Entry<'a> {
    Entry {
        at: now,
        subject: SubjectKind::Settings,
        task: None,
        subject_id: "",
        from: "",
        to,
        reason: Reason::Edited,
        text: "",
    }
}

/// Keeps the writer busy until the returned sender is used, so that what follows shares one commit.
fn block(store: &Store) -> mpsc::Sender<()> {
    let (open, gate) = mpsc::channel();
    let (arrived, arrival) = mpsc::channel();
    let wait = move |_| {
        arrived.send(()).unwrap();
        gate.recv().unwrap();
    };
    store.submit(|_| Ok(()), wait);
    // Before it has got there the writer could take what follows along with it.
    arrival.recv().unwrap();
    open
}

#[tokio::test]
async fn in_a_group_a_failing_job_loses_only_its_own_writes() {
    let (_folder, store) = fresh();
    let mut changes = store.changes();
    let gate = block(&store);
    let jobs: Vec<_> = (0..20)
        .map(|n| {
            store.write(move |tx| {
                tx.settings().set(&format!("name{n}"), "value")?;
                tx.transitions().append(&note(&n.to_string(), NOW))?;
                match n {
                    7 => Err(StoreError::Refused(errand_base::Fault::new(errand_base::Code::BadUsage, "no"))),
                    11 => panic!("a job that breaks"),
                    n => Ok(n),
                }
            })
        })
        .collect();
    gate.send(()).unwrap();
    for (n, job) in jobs.into_iter().enumerate() {
        match (n, job.await) {
            (7, Err(StoreError::Refused(_))) | (11, Err(StoreError::Panicked)) => {}
            (n, Ok(answer)) => assert_eq!(n, answer),
            (n, other) => panic!("{n}: {other:?}"),
        }
    }
    let names = store.read(|reader| reader.settings().all()).await.unwrap();
    assert_eq!(names.len(), 18);
    assert!(!names.iter().any(|(name, _)| name == "name7" || name == "name11"));

    let published = changes.recv().await.unwrap();
    assert_eq!(published.len(), 18, "all of one commit come together");
    let stored = store.read(|reader| reader.transitions().after(0, 100)).await.unwrap();
    assert_eq!(*published, stored, "what was published is what stands there, in order");
}

#[tokio::test]
async fn a_change_is_published_after_its_commit() {
    let (folder, store) = fresh();
    let mut changes = store.changes();
    let other = crate::connect::reader(&folder.path().join("errand.db")).unwrap();
    for n in 0..50 {
        drop(store.write(move |tx| tx.transitions().append(&note(&n.to_string(), NOW))));
    }
    let mut last = 0;
    while last < 50 {
        for change in changes.recv().await.unwrap().iter() {
            let sql = "SELECT count(*) FROM transition WHERE seq = ?1";
            let found: i64 = other.query_row(sql, [change.seq], |row| row.get(0)).unwrap();
            assert_eq!(found, 1, "another connection sees it");
            assert_eq!(change.seq, last + 1);
            last = change.seq;
        }
    }
}

#[tokio::test]
async fn a_job_alone_that_fails_leaves_nothing() {
    let (_folder, store) = fresh();
    let failed = store.write(|tx| {
        tx.settings().set("a", "b")?;
        Err::<(), _>(StoreError::Closed)
    });
    assert!(failed.await.is_err());
    assert_eq!(store.read(|reader| reader.settings().get("a")).await.unwrap(), None);
}

#[tokio::test]
async fn readers_go_on_while_there_are_writes_and_see_whole_commits() {
    let (_folder, store) = fresh();
    let writes = {
        let store = store.clone();
        std::thread::spawn(move || {
            for n in 0..500 {
                store.submit(
                    move |tx| {
                        tx.settings().set("left", &n.to_string())?;
                        tx.settings().set("right", &n.to_string())
                    },
                    |result| assert!(result.unwrap()),
                );
            }
        })
    };
    for _ in 0..200 {
        let pair = store.read(|reader| Ok((reader.settings().get("left")?, reader.settings().get("right")?)));
        let (left, right) = pair.await.unwrap();
        assert_eq!(left, right);
    }
    writes.join().unwrap();
    store.write(|_| Ok(())).await.unwrap();
    assert_eq!(store.read(|reader| reader.settings().get("left")).await.unwrap().as_deref(), Some("499"));
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_takes_nothing_more() {
    let (folder, store) = fresh();
    let gate = block(&store);
    let queued: Vec<_> =
        (0..300).map(|n| store.write(move |tx| tx.settings().set(&n.to_string(), "x"))).collect();
    assert!(store.status().queued >= 300);
    gate.send(()).unwrap();
    store.close();
    for job in queued {
        assert!(job.await.unwrap());
    }
    assert!(matches!(store.write(|_| Ok(())).await, Err(StoreError::Closed)));
    assert!(matches!(store.read(|_| Ok(())).await, Err(StoreError::Closed)));
    assert!(!folder.path().join("errand.db-wal").exists(), "everything stands in the database itself");
    let again = open(folder.path());
    assert_eq!(again.read(|reader| reader.settings().all()).await.unwrap().len(), 300);
}

#[test]
fn the_last_handle_may_go_on_the_thread_of_the_writer() {
    let (_folder, store) = fresh();
    let (send, receive) = mpsc::channel();
    let inside = store.clone();
    store.submit(
        |_| Ok(()),
        move |_| {
            drop(inside);
            send.send(()).unwrap();
        },
    );
    drop(store);
    receive.recv().unwrap();
}
