//! What ended long ago, or is not wanted any more, makes room: the task with everything that belongs to it, its output, its part of the feed.

use std::sync::Arc;
use std::time::Duration;

use errand_base::{Clock, Code, Fault, TaskId, Timestamp};
use errand_model::{Reason, State};
use errand_store::{Entry, Store, StoreError, SubjectKind, WriteTx};

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
    tx: &mut WriteTx<'_>,
    old: &[(i64, TaskId, State)],
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<TaskId>, StoreError> {
    let mut removed = Vec::with_capacity(old.len());
    for (seq, id, state) in old {
        if tx.tasks().delete_ended(*seq, before)? {
            record(tx, (*seq, id), *state, Reason::Expired, "Its time to be kept is over", now)?;
            removed.push(id.clone());
        }
    }
    Ok(removed)
}

/// Removes one task because its person wants it gone.
pub(crate) async fn delete(store: &Store, id: &TaskId, now: Timestamp) -> Result<(), Fault> {
    let task = id.clone();
    let deleted = store.write(move |tx| {
        let Some(stored) = tx.tasks().load(&task)? else {
            return Err(Fault::new(Code::TaskNotFound, format!("There is no task {task}.")).into());
        };
        let not_over =
            |text: String, hint: String| Err(Fault::new(Code::IllegalState, text).hint(hint).into());
        if !stored.task.state.is_final() {
            return not_over(format!("{task} is not over."), format!("`errand cancel {task}` ends it."));
        }
        if !tx.tasks().delete_ended(stored.seq, Timestamp::from_millis(i64::MAX))? {
            let hint = "Once they are gone it can be removed.".to_owned();
            return not_over(format!("The processes of {task} are still being ended."), hint);
        }
        let text = "Removed by the person";
        record(tx, (stored.seq, &task), stored.task.state, Reason::RemovedByPerson, text, now)
    });
    deleted.await?;
    store.logs().forget(id);
    Ok(())
}

/// The last that the feed hears of a removed task.
fn record(
    tx: &mut WriteTx<'_>,
    task: (i64, &TaskId),
    state: State,
    reason: Reason,
    text: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.transitions().append(&Entry {
        at,
        subject: SubjectKind::Task,
        task: Some(task),
        subject_id: "",
        from: state.name(),
        to: "removed",
        reason,
        text,
    })?;
    tx.transitions().detach(task.0)
}
