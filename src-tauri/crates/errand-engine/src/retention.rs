//! What ended long ago makes room: the task with everything that belongs to it, its output, its part of the feed.

use std::sync::Arc;
use std::time::Duration;

use errand_base::{Clock, TaskId, Timestamp};
use errand_model::{Reason, State};
use errand_store::{Entry, Store, StoreError, SubjectKind};

use crate::settings::Live;

const EVERY: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// So many at once, so that nobody waits long for the writer.
const BATCH: u32 = 64;
const FEED_BATCH: u32 = 4_096;

/// To be asked before anything new is written: if even the latest change would be too old to be kept, it is rather
/// the clock that is wrong, and nothing is removed until the next start.
pub(crate) async fn believes(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let before = cutoff(store, now).await?;
    let newest = store.read(|reader| {
        let feed = reader.transitions();
        feed.after(feed.latest()? - 1, 1)
    });
    Ok(newest.await?.first().is_none_or(|change| change.at >= before))
}

pub(crate) async fn run(store: Store, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = sweep(&store, clock.now()).await {
            tracing::warn!(%error, "old tasks could not be removed");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn cutoff(store: &Store, now: Timestamp) -> Result<Timestamp, StoreError> {
    let kept = store.read(|reader| reader.settings().all()).await?;
    Ok(now.minus(DAY * Live::from_kept(&kept).keep_days))
}

async fn sweep(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let before = cutoff(store, now).await?;
    loop {
        let old = store.read(move |reader| reader.tasks().ended_before(before, BATCH)).await?;
        if old.is_empty() {
            break;
        }
        for task in store.write(move |tx| remove(tx, &old, before, now)).await? {
            store.logs().forget(&task);
        }
    }
    while store.write(move |tx| tx.transitions().trim(before, FEED_BATCH)).await? > 0 {}
    store.write(move |tx| tx.keys().trim(now)).await?;
    Ok(())
}

fn remove(
    tx: &mut errand_store::WriteTx<'_>,
    old: &[(i64, TaskId, State)],
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<TaskId>, StoreError> {
    let mut removed = Vec::with_capacity(old.len());
    for (seq, id, state) in old {
        if tx.tasks().delete_ended(*seq, before)? {
            tx.transitions().append(&Entry {
                at: now,
                subject: SubjectKind::Task,
                task: Some((*seq, id)),
                subject_id: "",
                from: state.name(),
                to: "removed",
                reason: Reason::Expired,
                text: "Its time to be kept is over",
            })?;
            tx.transitions().detach(*seq)?;
            removed.push(id.clone());
        }
    }
    Ok(removed)
}
