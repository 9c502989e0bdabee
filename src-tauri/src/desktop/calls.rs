//! Commands on behalf of the tray, made beside the loop so that it never waits for an answer.

use errand_api::client::Client;
use errand_base::{Code, Fault};
use errand_wire::{
    AnswerQuestion, CancelTasks, Empty, EngineStatus, PauseTasks, Quit, QuitMode, Surface, TaskRef, command,
};

use crate::tell::tell_fault;
use crate::tray::{Action, Questions};

/// What the tray shows, read in one go.
#[derive(Debug)]
pub struct Look {
    pub status: EngineStatus,
    pub questions: Questions,
}

pub async fn look(client: &Client) -> Result<Look, Fault> {
    let status = client.call::<command::Status>(Empty {}).await?;
    let mut questions = Questions::new();
    for task in &status.needing_tasks {
        match client.call::<command::Show>(TaskRef { task: task.id.to_string() }).await {
            Ok(view) => drop(questions.insert(view.id, view.questions)),
            // Answered and cleared away between the two calls.
            Err(fault) if fault.code == Code::TaskNotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(Look { status, questions })
}

/// Carries out what was clicked. What opens a window is not for here.
pub async fn act(client: &Client, action: Action) {
    let surface = Some(Surface::Tray);
    let done = match &action {
        Action::New | Action::Open(_) => return,
        Action::Cancel(task) => cancel(client, task.to_string()).await,
        Action::Answer { task, question, choice } => {
            let answer = AnswerQuestion {
                task: task.to_string(),
                question: Some(question.clone()),
                choice: choice.clone(),
                fields: Default::default(),
                decision: None,
                surface,
            };
            client.call::<command::Answer>(answer).await.map(drop)
        }
        Action::PauseAll => {
            client.call::<command::Pause>(PauseTasks { task: None, all: true, surface }).await.map(drop)
        }
        Action::ResumeAll => {
            client.call::<command::Resume>(PauseTasks { task: None, all: true, surface }).await.map(drop)
        }
        Action::Quit => quit(client, QuitMode::Pause).await,
        Action::QuitWhenDone => quit(client, QuitMode::Finish).await,
        Action::QuitNow => quit(client, QuitMode::Now).await,
    };
    if let Err(fault) = done {
        tell_fault(failed(&action), &fault);
    }
}

async fn cancel(client: &Client, task: String) -> Result<(), Fault> {
    let cancel = CancelTasks { tasks: vec![task], reason: None, surface: Some(Surface::Tray) };
    let mut changed = client.call::<command::Cancel>(cancel).await?;
    match changed.refused.pop_first() {
        Some((_, error)) => Err(error.into()),
        None => Ok(()),
    }
}

async fn quit(client: &Client, mode: QuitMode) -> Result<(), Fault> {
    match client.call::<command::Quit>(Quit { mode }).await {
        // It was gone before it could answer, which is what we asked for.
        Err(fault) if fault.code == Code::EngineUnreachable => Ok(()),
        other => other.map(drop),
    }
}

fn failed(action: &Action) -> &'static str {
    match action {
        Action::New | Action::Open(_) => "The window could not be opened",
        Action::Cancel(_) => "The task was not cancelled",
        Action::Answer { .. } => "The answer did not count",
        Action::PauseAll => "Errand could not pause",
        Action::ResumeAll => "Errand could not resume",
        Action::Quit | Action::QuitWhenDone | Action::QuitNow => "Errand did not quit",
    }
}
