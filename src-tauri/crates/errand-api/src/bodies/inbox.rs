use errand_base::{Code, Fault};
use errand_model::State;
use errand_wire::{Empty, InboxRow, InboxView, TaskView, command};

use super::tasks::{list, view};
use crate::router::{Api, Body};

/// Tasks that are looked through. Nobody answers more in one sitting; what is left moves up.
const TASKS: u32 = 200;

impl Body for command::Inbox {
    async fn run(api: &Api, _params: Empty) -> Result<InboxView, Fault> {
        let tasks = list(api, vec![State::NeedsYou], TASKS).await?;
        let more = tasks.len() == TASKS as usize;
        let mut rows = Vec::new();
        for task in tasks {
            match view(api, &task.id).await {
                Ok(view) => rows.extend(open_of(view)),
                // Cleared away between the two.
                Err(fault) if fault.code == Code::TaskNotFound => {}
                Err(fault) => return Err(fault),
            }
        }
        rows.sort_by_key(|row| row.question.asked_at);
        Ok(InboxView { rows, more })
    }
}

fn open_of(task: TaskView) -> Vec<InboxRow> {
    let title_of = |id| task.subtasks.iter().find(|sub| &sub.id == id).map(|sub| sub.title.clone());
    let open = task.questions.iter().filter(|question| question.state == "open");
    let rows = open.map(|question| InboxRow {
        task: task.id.clone(),
        title: task.title.clone(),
        asker: question.task.as_ref().and_then(title_of),
        agent: task.agent.clone(),
        command: task.command.clone(),
        question: question.clone(),
    });
    rows.collect()
}
