use std::collections::BTreeMap;
use std::time::Duration;

use errand_base::{Code, Fault, TaskId};
use errand_engine::Edit;
use errand_engine::settings::PAUSED;
use errand_model::{By, Event, Surface};
use errand_wire::{
    ArchiveTasks, CancelTasks, Changed, DeleteTasks, EditTask, Empty, MessageMode, PauseTasks, RetryTask,
    TaskRef, TaskView, WriteTo, command,
};

use super::resolve;
use super::run::{labels, most_turns, retries, title};
use super::settings::keep;
use super::tasks::view;
use crate::router::{Api, Body};

const LONGEST_MESSAGE: usize = 64 * 1024;

impl Body for command::Cancel {
    async fn run(api: &Api, params: CancelTasks) -> Result<Changed, Fault> {
        some(&params.tasks)?;
        let note = params.reason.map(|reason| reason.trim().chars().take(500).collect());
        let by = By { surface: surface(params.surface), note };
        let mut changed = Changed { changed: Vec::new(), refused: BTreeMap::new() };
        for name in params.tasks {
            let outcome = cancel(api, &name, by.clone()).await;
            note_down(&mut changed, name, outcome);
        }
        Ok(changed)
    }
}

async fn cancel(api: &Api, name: &str, by: By) -> Result<TaskId, Fault> {
    let id = resolve(api, name).await?;
    api.engine.tell(&id, Event::Cancel { by }).await?;
    Ok(id)
}

impl Body for command::Archive {
    async fn run(api: &Api, params: ArchiveTasks) -> Result<Changed, Fault> {
        some(&params.tasks)?;
        let surface = surface(params.surface);
        let mut changed = Changed { changed: Vec::new(), refused: BTreeMap::new() };
        for name in params.tasks {
            let outcome = archive(api, &name, !params.restore, surface).await;
            note_down(&mut changed, name, outcome);
        }
        Ok(changed)
    }
}

async fn archive(api: &Api, name: &str, archive: bool, surface: Surface) -> Result<TaskId, Fault> {
    let id = resolve(api, name).await?;
    api.engine.archive(&id, archive, surface).await?;
    Ok(id)
}

impl Body for command::Delete {
    async fn run(api: &Api, params: DeleteTasks) -> Result<Changed, Fault> {
        some(&params.tasks)?;
        let mut changed = Changed { changed: Vec::new(), refused: BTreeMap::new() };
        for name in params.tasks {
            let outcome = delete(api, &name).await;
            note_down(&mut changed, name, outcome);
        }
        Ok(changed)
    }
}

async fn delete(api: &Api, name: &str) -> Result<TaskId, Fault> {
    let id = resolve(api, name).await?;
    api.engine.delete(&id).await?;
    Ok(id)
}

fn some(tasks: &[String]) -> Result<(), Fault> {
    if tasks.is_empty() { Err(Fault::new(Code::BadUsage, "No task was named.")) } else { Ok(()) }
}

/// A refusal of one does not keep the others from being changed.
fn note_down(changed: &mut Changed, name: String, outcome: Result<TaskId, Fault>) {
    match outcome {
        Ok(id) => changed.changed.push(id),
        Err(fault) => drop(changed.refused.insert(name, fault.into())),
    }
}

impl Body for command::Retry {
    async fn run(api: &Api, params: RetryTask) -> Result<TaskView, Fault> {
        let id = resolve(api, &params.task).await?;
        api.engine.tell(&id, Event::Retry { by: By::at(surface(params.surface)) }).await?;
        view(api, &id).await
    }
}

impl Body for command::Message {
    async fn run(api: &Api, params: WriteTo) -> Result<TaskView, Fault> {
        let id = resolve(api, &params.task).await?;
        let text = params.text.trim().to_owned();
        if text.is_empty() || text.len() > LONGEST_MESSAGE {
            return Err(Fault::new(Code::BadUsage, "A message has 1 to 64 KiB."));
        }
        let replace = match params.mode.unwrap_or_default() {
            MessageMode::Now => {
                let text = "The script agent reads messages between its turns, not in the middle of one.";
                return Err(Fault::new(Code::IllegalState, text)
                    .hint("Leave out --now: it reads the message with its next turn."));
            }
            MessageMode::Next => false,
            MessageMode::Replace => true,
        };
        let by = By::at(surface(params.surface));
        api.engine.tell(&id, Event::Message { text, replace, by }).await?;
        view(api, &id).await
    }
}

impl Body for command::Edit {
    async fn run(api: &Api, params: EditTask) -> Result<TaskView, Fault> {
        let id = resolve(api, &params.task).await?;
        let edit = Edit {
            title: params.title.map(|given| title(Some(given), id.as_str())).transpose()?,
            labels: params.labels.map(labels).transpose()?,
            priority: params.priority.map(Into::into),
            notify: params.notify.map(Into::into),
            timeout: params.timeout_ms.map(Duration::from_millis),
            retries: params.retries.map(|given| retries(Some(given))).transpose()?,
            turns: most_turns(params.turns)?,
        };
        if edit == Edit::default() {
            return Err(Fault::new(Code::BadUsage, "Nothing to change was given."));
        }
        api.engine.edit(&id, edit).await?;
        view(api, &id).await
    }
}

impl Body for command::Pause {
    async fn run(api: &Api, params: PauseTasks) -> Result<Changed, Fault> {
        pause(api, params, true).await
    }
}

impl Body for command::Resume {
    async fn run(api: &Api, params: PauseTasks) -> Result<Changed, Fault> {
        pause(api, params, false).await
    }
}

async fn pause(api: &Api, params: PauseTasks, pause: bool) -> Result<Changed, Fault> {
    let mut changed = Changed { changed: Vec::new(), refused: BTreeMap::new() };
    match (params.task, params.all) {
        (Some(_), true) => return Err(Fault::new(Code::BadUsage, "Name a task or say --all, not both.")),
        (None, false) => return Err(Fault::new(Code::BadUsage, "Name a task, or say --all.")),
        (None, true) => keep(api, PAUSED, if pause { "true" } else { "false" }).await?,
        (Some(name), false) => {
            let id = resolve(api, &name).await?;
            api.engine.pause(&id, pause, By::at(surface(params.surface))).await?;
            changed.changed.push(id);
        }
    }
    Ok(changed)
}

impl Body for command::Opened {
    async fn run(api: &Api, params: TaskRef) -> Result<Empty, Fault> {
        let id = resolve(api, &params.task).await?;
        api.engine.opened(&id).await?;
        Ok(Empty {})
    }
}

pub(super) fn surface(given: Option<errand_wire::Surface>) -> Surface {
    given.map_or(Surface::Script, Into::into)
}
