use std::collections::HashSet;
use std::time::Duration;

use errand_base::{Code, Fault, TaskId};
use errand_model::State;
use errand_wire::{TaskState, TaskView, WaitEnd, WaitReply, WaitTasks, command};
use tokio::sync::broadcast::error::RecvError;

use super::below::Below;
use super::resolve;
use super::tasks::view;
use crate::router::{Api, Body, gone, is_leaving};

impl Body for command::Wait {
    async fn run(api: &Api, params: WaitTasks) -> Result<WaitReply, Fault> {
        if params.tasks.is_empty() {
            return Err(Fault::new(Code::BadUsage, "No task was named."));
        }
        let mut ids = Vec::new();
        for name in &params.tasks {
            ids.push(resolve(api, name).await?);
        }
        let wait = settled(api, &ids, params.through_questions);
        let end = match params.timeout_ms {
            Some(millis) => match tokio::time::timeout(Duration::from_millis(millis), wait).await {
                Ok(end) => end?,
                Err(_) => WaitEnd::TimedOut,
            },
            None => wait.await?,
        };
        Ok(WaitReply { end, tasks: views(api, &ids).await? })
    }
}

/// Resolves when all have ended, or as soon as one needs the person.
async fn settled(api: &Api, ids: &[TaskId], through_questions: bool) -> Result<WaitEnd, Fault> {
    let mut changes = api.store.changes();
    let mut signals = api.signals.subscribe();
    let mut leaving = false;
    loop {
        let (states, watched) = states(api, ids).await?;
        if states.iter().all(|state| state.is_final()) {
            return Ok(WaitEnd::Ended);
        }
        if !through_questions && states.contains(&TaskState::NeedsYou) {
            return Ok(WaitEnd::NeedsYou);
        }
        // Looked at once more after the last change there will be.
        if leaving {
            return Err(gone());
        }
        loop {
            tokio::select! {
                batch = changes.recv() => match batch {
                    Ok(batch) => {
                        let ours = |id: &TaskId| watched.contains(id);
                        if batch.iter().any(|change| change.task.as_ref().is_some_and(ours)) {
                            break;
                        }
                    }
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(gone()),
                },
                signal = signals.recv() => if is_leaving(&signal) {
                    leaving = true;
                    break;
                },
            }
        }
    }
}

/// How they are, and every task whose change may change that: what is asked below one of them is asked of its person.
async fn states(api: &Api, ids: &[TaskId]) -> Result<(Vec<TaskState>, HashSet<TaskId>), Fault> {
    let ids = ids.to_vec();
    let looked = api.store.read(move |reader| {
        let mut states = Vec::with_capacity(ids.len());
        let mut watched: HashSet<TaskId> = ids.iter().cloned().collect();
        for id in &ids {
            let Some(stored) = reader.tasks().load(id)? else { continue };
            let below = Below::of(reader, &stored.task, stored.seq)?;
            watched.extend(below.ids().cloned());
            states.push(if below.asks() { State::NeedsYou } else { stored.task.state });
        }
        Ok((states, watched))
    });
    let (states, watched) = looked.await?;
    Ok((states.into_iter().map(Into::into).collect(), watched))
}

async fn views(api: &Api, ids: &[TaskId]) -> Result<Vec<TaskView>, Fault> {
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        views.push(view(api, id).await?);
    }
    Ok(views)
}
