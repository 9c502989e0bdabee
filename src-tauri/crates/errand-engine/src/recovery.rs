//! After an engine that did not leave in order: what it was running is ended, then called by its name.

use std::time::Duration;

use errand_base::{Fault, RunId, TaskId};
use errand_model::{Event, Reason, Tail, Task};
use errand_os::{Home, ProcessIdentity, groups};
use errand_store::{RunRow, Store};
use tokio::sync::mpsc;

use crate::input::{Input, LiveTask};
use crate::text::plain_text;

/// How much of the log the report of an interrupted run shows.
const TAIL: usize = 16 * 1024;
/// The supervisors of the engine before end everything by themselves; this is for what lost its supervisor too.
const GRACE: Duration = Duration::from_secs(5);
/// How often processes that cannot be ended are looked at again.
const SWEEP_AGAIN: Duration = Duration::from_secs(10);

/// Every task that is not over, as the dispatcher wants it.
pub(crate) async fn unfinished(store: &Store) -> Result<Vec<LiveTask>, Fault> {
    let stored = store.read(|reader| reader.tasks().load_unfinished()).await?;
    Ok(stored.into_iter().map(LiveTask::from).collect())
}

/// The endings that a task has not heard of: it was over itself at the time, or the engine died in between.
pub(crate) async fn missed_endings(
    store: &Store,
    waiting: Vec<(TaskId, Vec<TaskId>)>,
) -> Vec<(TaskId, Event)> {
    if waiting.is_empty() {
        return Vec::new();
    }
    let looked_up = store.read(move |reader| {
        let mut events = Vec::new();
        for (task, dependencies) in waiting {
            for dependency in dependencies {
                if let Some(state) = reader.tasks().state(&dependency)?.filter(|state| state.is_final()) {
                    events.push((task.clone(), Event::DependencyEnded { task: dependency, state }));
                }
            }
        }
        Ok(events)
    });
    looked_up.await.unwrap_or_default()
}

/// What a task still waits for. After "wait for a retry" the last end of a dependency is old news.
pub(crate) fn waits_for(task: &Task) -> Vec<TaskId> {
    let open = task.after.iter().filter(|dependency| !dependency.is_met() && dependency.ended.is_none());
    open.map(|dependency| dependency.task.clone()).collect()
}

pub(crate) fn waiting(unfinished: &[LiveTask]) -> Vec<(TaskId, Vec<TaskId>)> {
    let tasks = unfinished.iter().map(|live| &live.task);
    let tasks = tasks.filter(|task| !task.state.is_final() && task.reason != Reason::WaitForRetry);
    tasks.map(|task| (task.id.clone(), waits_for(task))).filter(|(_, open)| !open.is_empty()).collect()
}

/// A run whose end nobody has seen.
pub(crate) struct Interrupted {
    pub task: TaskId,
    pub run: RunId,
}

pub(crate) fn interrupted(unfinished: &[LiveTask]) -> Vec<Interrupted> {
    let run_of = |live: &LiveTask| {
        let run = live.task.run.as_ref()?.id;
        Some(Interrupted { task: live.task.id.clone(), run })
    };
    unfinished.iter().filter_map(run_of).collect()
}

/// Ends every process that still carries our mark, then reports the runs they belonged to as lost.
pub(crate) async fn sweep(
    store: Store,
    home: Home,
    interrupted: Vec<Interrupted>,
    input: mpsc::UnboundedSender<Input>,
) {
    let known = store.read(|reader| reader.runs().live()).await.unwrap_or_default();
    let identities: Vec<ProcessIdentity> = known.into_iter().filter_map(identity).collect();
    let left = end_all(&home, identities.clone()).await;
    let folders = home.clone();
    drop(tokio::task::spawn_blocking(move || remove_folders(&folders)).await);
    let mut tails = Vec::with_capacity(interrupted.len());
    for Interrupted { task, run } in interrupted {
        let kept = store.logs().tail_text(run, TAIL).await.unwrap_or_default();
        let tail = Tail {
            output: plain_text(&kept.output),
            errors: plain_text(&kept.errors),
            left_out: kept.left_out,
        };
        tails.push((task, run, tail));
    }
    drop(input.send(Input::Swept { tails, all_gone: left == 0 }));
    if left == 0 {
        return;
    }
    while end_all(&home, identities.clone()).await > 0 && !input.is_closed() {
        tokio::time::sleep(SWEEP_AGAIN).await;
    }
    drop(input.send(Input::Swept { tails: Vec::new(), all_gone: true }));
}

/// Says how many would not go.
async fn end_all(home: &Home, known: Vec<ProcessIdentity>) -> u32 {
    let home = home.clone();
    let sweep = move || {
        let swept = errand_os::sweep(&home.mark(), &known, &groups::places(&home), GRACE);
        if swept.left == 0 {
            groups::forget_places(&home);
        }
        swept
    };
    let swept = tokio::task::spawn_blocking(sweep).await;
    match swept {
        Ok(swept) => {
            if !swept.ended.is_empty() || swept.left > 0 {
                let (ended, left) = (swept.ended.len(), swept.left);
                tracing::warn!(ended, left, "an earlier engine had left processes");
            }
            swept.left
        }
        Err(error) => {
            tracing::error!(%error, "looking for left processes failed");
            0
        }
    }
}

/// The folders of runs that an earlier engine had; nobody uses them any more.
fn remove_folders(home: &Home) {
    let Ok(folder) = home.run_folder("x").map(|path| path.with_file_name("")) else { return };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(|name| RunId::parse(name).is_some()) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

fn identity(run: RunRow) -> Option<ProcessIdentity> {
    Some(ProcessIdentity { pid: run.pid?, start_time: run.start_time?, boot_id: run.boot_id? })
}
