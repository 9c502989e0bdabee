//! What ended long ago, or is not wanted any more, makes room: the task with everything that belongs to it, its output, its part of the feed.

use std::sync::Arc;
use std::time::Duration;

use errand_base::{Clock, Code, Fault, TaskId, Timestamp};
use errand_os::WorkFolders;
use errand_store::{Ended, Store, StoreError, WriteTx};

use tokio::sync::watch;

use crate::removal::{self, Why};
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

/// Until the engine leaves.
pub(crate) fn start(
    store: &Store,
    folders: &WorkFolders,
    clock: &Arc<dyn Clock>,
    may_remove: bool,
    mut left: watch::Receiver<bool>,
) {
    let work = run(store.clone(), folders.clone(), clock.clone(), may_remove);
    tokio::spawn(async move {
        tokio::select! {
            () = work => {}
            _ = left.wait_for(|left| *left) => {}
        }
    });
}

/// `may_remove`: tasks that are too old, too. What was left half done is done in any case.
async fn run(store: Store, folders: WorkFolders, clock: Arc<dyn Clock>, may_remove: bool) {
    if let Err(error) = removal::resume(&store, &folders, clock.now()).await {
        tracing::warn!(%error, "what was left half done stays so");
    }
    // What stands in the way of a folder is rarely gone within the hour: each engine tries once.
    let mut stuck_too = true;
    loop {
        if may_remove && let Err(error) = sweep(&store, &folders, stuck_too, clock.now()).await {
            tracing::warn!(%error, "old tasks could not be removed");
        }
        stuck_too = false;
        tokio::time::sleep(EVERY).await;
        if let Err(error) = removal::tidy(&store, &folders).await {
            tracing::warn!(%error, "what terminals have left stays");
        }
    }
}

async fn cutoff(store: &Store, now: Timestamp) -> Result<Timestamp, StoreError> {
    let kept = store.read(|reader| reader.settings().all()).await?;
    Ok(now.minus(DAY * Live::from_kept(&kept).keep_days))
}

async fn sweep(store: &Store, folders: &WorkFolders, stuck_too: bool, now: Timestamp) -> Result<(), Fault> {
    let before = cutoff(store, now).await?;
    let mut after = 0;
    loop {
        let old = store.read(move |reader| reader.tasks().ended_before(before, after, BATCH)).await?;
        let Some(last) = old.last() else { break };
        // One that cannot be removed does not keep the others.
        after = last.seq;
        let (with_folder, without): (Vec<Ended>, Vec<Ended>) =
            old.into_iter().partition(|task| task.has_folder);
        for task in store.write(move |tx| remove(tx, without, before, now)).await? {
            store.logs().forget(&task);
        }
        for task in with_folder.into_iter().filter(|task| stuck_too || !task.stuck) {
            if let Err(fault) =
                removal::remove_with_folder(store, folders, task, before, Why::Expired, now).await
            {
                tracing::warn!(%fault, "an old task stays");
            }
        }
    }
    while store.write(move |tx| tx.transitions().trim(before, FEED_BATCH)).await? > 0 {}
    store.write(move |tx| tx.keys().trim(now)).await?;
    Ok(())
}

fn remove(
    tx: &mut WriteTx<'_>,
    old: Vec<Ended>,
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<TaskId>, StoreError> {
    let mut removed = Vec::with_capacity(old.len());
    for task in old {
        removed.extend(removal::remove_row(tx, &task, before, Why::Expired, now)?);
    }
    Ok(removed)
}

/// Removes one task, with what it has handed on, because its person wants it gone.
pub(crate) async fn delete(
    store: &Store,
    folders: &WorkFolders,
    id: &TaskId,
    now: Timestamp,
) -> Result<(), Fault> {
    let gone = || Fault::new(Code::TaskNotFound, format!("There is no task {id}."));
    let load = || {
        let task = id.clone();
        store.read(move |reader| reader.tasks().load(&task))
    };
    let stored = load().await?.ok_or_else(gone)?;
    let not_over = |text: String, hint: String| Err(Fault::new(Code::IllegalState, text).hint(hint));
    if !stored.task.state.is_final() {
        return not_over(format!("{id} is not over."), format!("`errand cancel {id}` ends it."));
    }
    let task = Ended {
        seq: stored.seq,
        id: id.clone(),
        state: stored.task.state,
        has_folder: stored.cleanup.is_some(),
        stuck: false,
    };
    let seq = stored.seq;
    let below = store.read(move |reader| reader.tasks().below(seq)).await?;
    let busy = below.iter().find(|kin| !kin.is_over());
    if let Some(kin) = busy {
        let text = format!("{}, which belongs to {id}, is not over.", kin.id);
        return not_over(text, format!("It is removed with {id} once its last process is gone."));
    }
    let ever = Timestamp::from_millis(i64::MAX);
    let removed = if task.has_folder {
        removal::remove_with_folder(store, folders, task, ever, Why::ByPerson, now).await?
    } else {
        let removed = store.write(move |tx| removal::remove_row(tx, &task, ever, Why::ByPerson, now)).await?;
        removed.iter().for_each(|task| store.logs().forget(task));
        !removed.is_empty()
    };
    if !removed {
        // Somebody else may have been faster.
        load().await?.ok_or_else(gone)?;
        let hint = "Once they are gone it can be removed.".to_owned();
        return not_over(format!("The processes of {id} are still being ended."), hint);
    }
    Ok(())
}
