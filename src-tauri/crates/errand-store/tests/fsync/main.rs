//! "Accepted" is said after the disk has it: between a job's writes and its `done` the log was synced.

#![expect(clippy::panic, reason = "it is how a test fails")]

mod counting_vfs;

use std::sync::{Mutex, mpsc};

use counting_vfs::{Event, events};
use errand_base::Timestamp;
use errand_store::{Options, Store};

/// The events are global, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn submit(store: &Store, n: usize, done: &mpsc::Sender<usize>) {
    let done = done.clone();
    store.submit(
        move |tx| {
            events().push(Event::Job(n));
            tx.settings().set(&format!("name{n}"), &"value".repeat(n + 1))
        },
        move |result| {
            events().push(Event::Done(n));
            assert!(result.is_ok_and(|changed| changed));
            let _ = done.send(n);
        },
    );
}

/// How many syncs there were; fails if a job was called done before its writes were synced.
fn check(events: &[Event]) -> usize {
    for (end, event) in events.iter().enumerate() {
        let Event::Done(n) = event else { continue };
        let start = events.iter().position(|event| *event == Event::Job(*n));
        let Some(start) = start else { panic!("{n} was done before it ran") };
        let between = &events[start..end];
        let write = between.iter().rposition(|event| *event == Event::LogWrite);
        let sync = between.iter().rposition(|event| *event == Event::LogSync);
        assert!(write.is_some() && sync > write, "{n}: {between:?}");
    }
    events.iter().filter(|event| **event == Event::LogSync).count()
}

fn with_store(test: impl FnOnce(&Store)) -> Vec<Event> {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    INSTALLED.call_once(counting_vfs::install);
    let Ok(folder) = tempfile::tempdir() else { panic!("no folder") };
    let opened = Store::open(Options::new(folder.path()), Timestamp::from_millis(1_795_000_000_000));
    let Ok(opened) = opened else { panic!("{:?}", opened.err()) };
    events().clear();
    test(&opened.store);
    let seen = events().clone();
    opened.store.close();
    seen
}

#[test]
fn a_single_job_is_synced_before_it_is_done() {
    const JOBS: usize = 50;
    let seen = with_store(|store| {
        let (done, wait) = mpsc::channel();
        for n in 0..JOBS {
            submit(store, n, &done);
            assert_eq!(wait.recv(), Ok(n));
        }
    });
    let syncs = check(&seen);
    assert!(syncs >= JOBS, "{syncs} syncs for {JOBS} commits");
}

#[test]
fn jobs_that_share_a_commit_share_its_sync() {
    const JOBS: usize = 200;
    let seen = with_store(|store| {
        let (open, gate) = mpsc::channel::<()>();
        let (entered, ready) = mpsc::channel();
        store.submit(
            |_| Ok(()),
            move |_| {
                let _ = entered.send(());
                let _ = gate.recv();
            },
        );
        let (done, wait) = mpsc::channel();
        assert_eq!(ready.recv(), Ok(()));
        for n in 0..JOBS {
            submit(store, n, &done);
        }
        let _ = open.send(());
        assert_eq!(wait.iter().take(JOBS).count(), JOBS);
    });
    let syncs = check(&seen);
    assert!((1..=3).contains(&syncs), "{syncs} syncs for one group");
}

/// The test of the test: it sees a job that is called done too early.
#[test]
#[should_panic(expected = "0: [Job(0), LogWrite]")]
fn a_done_before_the_sync_is_noticed() {
    check(&[Event::Job(0), Event::LogWrite, Event::Done(0), Event::LogSync]);
}
