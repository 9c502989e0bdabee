//! A full disk, made by a bound on the pages of the database; and a real one where a small file system can be
//! mounted.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use errand_base::FakeClock;

use super::*;
use crate::Notice;

fn bound(tx: &mut WriteTx<'_>, pages: i64) -> Result<(), StoreError> {
    Ok(tx.conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
}

fn filling(store: &Store, n: usize) -> impl Future<Output = Result<bool, StoreError>> {
    store.write(move |tx| tx.settings().set(&format!("fill{n}"), &"x".repeat(100_000)))
}

#[tokio::test]
async fn when_the_disk_is_full_new_work_is_refused_and_final_work_waits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::at(NOW));
    let options = Options { clock: clock.clone(), ballast: 1 << 20, ..Options::new(folder.path()) };
    let store = Store::open(options, NOW).unwrap().store;
    assert!(store.status().ballast);
    // Never below what is used already.
    store.write(|tx| bound(tx, 1)).await.unwrap();

    assert!(matches!(filling(&store, 0).await, Err(StoreError::DiskFull)));
    assert!(store.status().full);
    assert!(matches!(store.write(|_| Ok(())).await, Err(StoreError::DiskFull)), "even what would fit");
    assert_eq!(store.read(|reader| reader.settings().all()).await.unwrap(), [], "reading goes on");

    let (done, mut finished) = tokio::sync::oneshot::channel();
    let space = Arc::new(AtomicBool::new(false));
    let returns = space.clone();
    store.submit_final(
        move |tx| {
            if space.load(Ordering::SeqCst) {
                bound(tx, 1_000_000)?;
            }
            tx.settings().set("result", &"y".repeat(100_000))
        },
        move |result| done.send(result).unwrap(),
    );
    assert!(!store.try_recover().await);
    let status = store.status();
    assert_eq!((status.held, status.full), (1, true));
    assert!(finished.try_recv().is_err(), "nobody is told before the commit");

    // Space returns. A refused job looks for it, but not all the time.
    assert!(matches!(store.write(|_| Ok(())).await, Err(StoreError::DiskFull)));
    returns.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_millis(250));
    store.write(|_| Ok(())).await.unwrap();
    assert!(finished.await.unwrap().unwrap());
    let status = store.status();
    assert_eq!((status.full, status.held, status.ballast), (false, 0, true));
    assert!(filling(&store, 1).await.unwrap());
}

#[tokio::test]
async fn on_a_real_full_file_system_the_ballast_brings_the_end_home() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64m", "errand-test"])
        .arg(folder.path())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        println!("skipped: a small file system cannot be mounted here");
        return;
    }
    let outcome = std::panic::AssertUnwindSafe(fill_up(folder.path()));
    let outcome = futures_catch(outcome).await;
    Command::new("umount").arg("-l").arg(folder.path()).status().unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn futures_catch(
    future: std::panic::AssertUnwindSafe<impl Future<Output = ()>>,
) -> Result<(), Box<dyn std::any::Any + Send>> {
    let mut future = Box::pin(future.0);
    std::future::poll_fn(move |context| {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}

async fn fill_up(folder: &Path) {
    let clock = Arc::new(FakeClock::at(NOW));
    let options = || Options { clock: clock.clone(), ..Options::new(folder) };
    let store = Store::open(options(), NOW).unwrap().store;
    let first = task("bold-falcon-427");
    let running = first.clone();
    let seq = store.write(move |tx| insert(tx, &first, "make")).await.unwrap();
    // Somebody else takes the rest of the disk.
    let hog = folder.join("hog");
    let mut file = std::fs::File::create(&hog).unwrap();
    while std::io::Write::write_all(&mut file, &[1u8; 4_096]).is_ok() {}

    let mut n = 0;
    while filling(&store, n).await.is_ok() {
        n += 1;
    }
    assert!(store.status().full && store.status().ballast);
    let completed = moved(&running, State::Completed);
    let report = "z".repeat(2 << 20);
    let won = store.write_final(move |tx| {
        tx.settings().set("report", &report)?;
        tx.tasks().advance(seq, 1, &completed, Some("done"), at(1))
    });
    assert!(won.await.unwrap(), "the ballast was given up for it");
    assert!(!store.status().ballast);

    // More than the ballast: it waits, and a restart finds the disk full and can still be read.
    let too_much = "q".repeat(9 << 20);
    let (done, waits) = tokio::sync::oneshot::channel();
    store.submit_final(
        move |tx| tx.settings().set("more", &too_much),
        move |result| done.send(result).unwrap(),
    );
    assert!(!store.try_recover().await);
    assert_eq!(store.status().held, 1);
    drop(file);
    std::fs::remove_file(&hog).unwrap();
    assert!(store.try_recover().await);
    assert!(waits.await.unwrap().unwrap());
    let status = store.status();
    assert_eq!((status.full, status.held, status.ballast), (false, 0, true));
    store.close();

    // Full again before the next start: the ballast makes room for opening, and what there is can be read.
    let mut file = std::fs::File::create(&hog).unwrap();
    while std::io::Write::write_all(&mut file, &[1u8; 4_096]).is_ok() {}
    let opened = Store::open(options(), NOW).unwrap();
    assert!(opened.report.contains(&Notice::DiskFull), "{:?}", opened.report);
    assert!(opened.store.status().full);
    let stored = opened.store.read(move |reader| reader.tasks().by_seq(seq)).await.unwrap().unwrap();
    assert_eq!(stored.task.state, State::Completed);
    let last = opened.store.write_final(|tx| tx.settings().set("last", "word"));
    assert!(last.await.unwrap());
    opened.store.close();
}
