//! Removing a task whose folder goes with it. The row says `pending` before the first file goes and is removed after
//! the last, so that an engine that dies in between leaves neither files without a row nor a row that promises files.

use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::Reason;
use errand_os::WorkFolders;
use errand_store::{Cleanup, Ended, Entry, Store, StoreError, SubjectKind, WriteTx};

use crate::folders::blocking;

/// Why a task is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    ByPerson,
    Expired,
}

impl Why {
    fn reason(self) -> Reason {
        match self {
            Why::ByPerson => Reason::RemovedByPerson,
            Why::Expired => Reason::Expired,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Why::ByPerson => "Removed by the person",
            Why::Expired => "Its time to be kept is over",
        }
    }
}

/// Removes a task that has no folder, or whose folder is gone, with all below it. Says which those were; none if it is
/// open again, or processes are left.
pub(crate) fn remove_row(
    tx: &mut WriteTx<'_>,
    task: &Ended,
    before: Timestamp,
    why: Why,
    now: Timestamp,
) -> Result<Vec<TaskId>, StoreError> {
    let below = tx.tasks().below(task.seq)?;
    if !below.is_empty() && !is_over(tx, task, before)? || below.iter().any(|kin| !kin.is_over()) {
        return Ok(Vec::new());
    }
    let mut removed = Vec::with_capacity(below.len() + 1);
    // Each comes before the task that it belongs to.
    for kin in below {
        let kin = Ended { seq: kin.seq, id: kin.id, state: kin.state, has_folder: false, stuck: false };
        removed.extend(remove_one(tx, kin, Timestamp::from_millis(i64::MAX), why, now)?);
    }
    removed.extend(remove_one(tx, task.clone(), before, why, now)?);
    Ok(removed)
}

/// Asked before anything below it is removed.
fn is_over(tx: &mut WriteTx<'_>, task: &Ended, before: Timestamp) -> Result<bool, StoreError> {
    let stored = tx.tasks().by_seq(task.seq)?;
    Ok(stored.is_some_and(|stored| {
        stored.task.run.is_none()
            && stored.ended_at.is_some_and(|ended| ended < before)
            && matches!(stored.cleanup, None | Some(Cleanup::Removed))
    }))
}

fn remove_one(
    tx: &mut WriteTx<'_>,
    task: Ended,
    before: Timestamp,
    why: Why,
    now: Timestamp,
) -> Result<Option<TaskId>, StoreError> {
    if !tx.tasks().delete_ended(task.seq, before)? {
        return Ok(None);
    }
    // The last that the feed hears of it.
    record(tx, &task, "removed", why.reason(), why.text(), now)?;
    tx.transitions().detach(task.seq)?;
    Ok(Some(task.id))
}

/// Removes a task with its folder. `false`: it is open again, or processes are left.
pub(crate) async fn remove_with_folder(
    store: &Store,
    folders: &WorkFolders,
    task: Ended,
    before: Timestamp,
    why: Why,
    now: Timestamp,
) -> Result<bool, Fault> {
    let begun = task.clone();
    let begun = store.write(move |tx| {
        if !tx.tasks().begin_removal(begun.seq, before)? {
            return Ok(false);
        }
        let text = format!("{}; its folder goes first", why.text());
        record(tx, &begun, begun.state.name(), why.reason(), &text, now)?;
        Ok(true)
    });
    if !begun.await? {
        return Ok(false);
    }
    finish(store, folders, task, why, now).await?;
    Ok(true)
}

async fn finish(
    store: &Store,
    folders: &WorkFolders,
    task: Ended,
    why: Why,
    now: Timestamp,
) -> Result<(), Fault> {
    let id = task.id.clone();
    let (place, doomed) = (folders.folder(&id), folders.clone());
    let removed = blocking({
        let id = id.clone();
        move || doomed.remove(&id)
    });
    let Err(error) = removed.await? else {
        let done = store.write(move |tx| {
            // Nobody else removes the row of a folder that is going, but two may be at it at once.
            if tx.tasks().end_removal(task.seq, None)? {
                return remove_row(tx, &task, Timestamp::from_millis(i64::MAX), why, now);
            }
            Ok(Vec::new())
        });
        for task in done.await? {
            store.logs().forget(&task);
        }
        return Ok(());
    };
    let text = format!("The folder {} could not be removed: {error}", place.display());
    let said = text.clone();
    let failed = store.write(move |tx| {
        if tx.tasks().end_removal(task.seq, Some(&error.to_string()))? {
            record(tx, &task, task.state.name(), Reason::FolderNotRemoved, &said, now)?;
        }
        Ok(())
    });
    failed.await?;
    Err(Fault::new(Code::CleanUpFailed, format!("{text}.")))
}

/// At the start, and from time to time: what an engine or a terminal that died has left half done.
pub(crate) async fn resume(store: &Store, folders: &WorkFolders, now: Timestamp) -> Result<(), Fault> {
    let pending = store.read(|reader| {
        let mut pending = Vec::new();
        for task in reader.tasks().in_removal()? {
            let told = reader.transitions().of_task(task.seq)?;
            let why = told.iter().rev().find_map(|told| match told.reason {
                Reason::RemovedByPerson => Some(Why::ByPerson),
                Reason::Expired => Some(Why::Expired),
                _ => None,
            });
            pending.push((task, why.unwrap_or(Why::Expired)));
        }
        Ok(pending)
    });
    for (task, why) in pending.await? {
        if let Err(fault) = finish(store, folders, task, why, now).await {
            tracing::warn!(%fault, "a folder stays");
        }
    }
    tidy(store, folders).await
}

/// Folders on their way that nobody works on: each goes to the task that was written down for it, or goes.
pub(crate) async fn tidy(store: &Store, folders: &WorkFolders) -> Result<(), Fault> {
    let place = folders.clone();
    let left = blocking(move || place.left_behind()).await?.unwrap_or_default();
    for left in left {
        let owner = match left.task.clone() {
            None => None,
            Some(id) => store.read(move |reader| reader.tasks().load(&id)).await?,
        };
        let owner = owner.filter(|stored| stored.cleanup.is_some()).map(|stored| stored.task.id);
        let folders = folders.clone();
        let done = blocking(move || match owner {
            Some(task) => folders.settle(&task),
            None => left.remove(),
        });
        if let Err(error) = done.await? {
            tracing::warn!(%error, "a folder that was left behind stays");
        }
    }
    Ok(())
}

fn record(
    tx: &mut WriteTx<'_>,
    task: &Ended,
    to: &str,
    reason: Reason,
    text: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        at,
        subject: SubjectKind::Task,
        task: Some((task.seq, &task.id)),
        subject_id: "",
        from: task.state.name(),
        to,
        reason,
        text,
    };
    tx.transitions().append(&entry).map(drop)
}
