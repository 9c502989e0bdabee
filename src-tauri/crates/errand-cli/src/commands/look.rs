use errand_wire::{Empty, ListDeliveries, ListTasks, TaskRef, command};

use crate::args::{Deliveries, List, Task};
use crate::output::{self, End};
use crate::parse;
use crate::render::{self, timeline};
use crate::session::{Session, ask, now};

pub async fn list(session: &Session, typed: List) -> End {
    let params = ListTasks {
        states: typed.states,
        label: typed.label,
        folder: typed.folder.as_deref().map(parse::absolute).transpose()?,
        search: typed.search,
        archived: typed.archived,
        all: typed.all,
        parent: typed.parent,
        limit: typed.limit,
        cursor: typed.cursor,
    };
    let everything = params == ListTasks::default();
    let client = session.connect().await?;
    let (raw, list) = ask::<command::List>(&client, params).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(0);
    }
    if list.tasks.is_empty() {
        output::note(if everything {
            "No tasks here. `errand run -- PROGRAM ARGS` hands one over."
        } else {
            "No task fits."
        });
        return Ok(0);
    }
    output::text(&render::list::tasks(&list.tasks, output::look(), &now()))?;
    if let Some(next) = list.next {
        output::note(&format!("There are more: repeat the command with --cursor {}", render::clean(&next)));
    }
    Ok(0)
}

pub async fn show(session: &Session, typed: Task) -> End {
    let client = session.connect().await?;
    let task = TaskRef { task: typed.task };
    if session.json {
        let (raw, _) = ask::<command::Show>(&client, task).await?;
        output::document(&raw)?;
        return Ok(0);
    }
    let history = client.call::<command::History>(task.clone());
    let (shown, history) = tokio::join!(ask::<command::Show>(&client, task), history);
    let (_, view) = shown?;
    // The card is worth showing without its last part.
    let rows = history.map(|history| history.rows).unwrap_or_default();
    output::text(&render::card::card(&view, &rows, output::look(), &now()))?;
    Ok(0)
}

pub async fn history(session: &Session, typed: Task) -> End {
    let client = session.connect().await?;
    let (raw, history) = ask::<command::History>(&client, TaskRef { task: typed.task }).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(0);
    }
    let (look, now) = (output::look(), now());
    let lines: String = history.rows.iter().map(|row| timeline::row(row, look, &now) + "\n").collect();
    output::text(&lines)?;
    Ok(0)
}

pub async fn inbox(session: &Session) -> End {
    let client = session.connect().await?;
    let (raw, found) = ask::<command::Inbox>(&client, Empty {}).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(0);
    }
    if found.rows.is_empty() {
        output::note("Nothing needs you.");
        return Ok(0);
    }
    output::text(&render::inbox::list(&found.rows, output::look(), &now()))?;
    if found.more {
        output::note("There are more: answer some of these, and the others move up.");
    }
    Ok(0)
}

pub async fn deliveries(session: &Session, typed: Deliveries) -> End {
    let params = ListDeliveries { task: typed.task, limit: typed.limit, cursor: typed.cursor };
    let client = session.connect().await?;
    let (raw, list) = ask::<command::Deliveries>(&client, params).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(0);
    }
    if list.deliveries.is_empty() {
        output::note("Nothing was to be told yet.");
        return Ok(0);
    }
    output::text(&render::deliveries::list(&list.deliveries, output::look(), &now()))?;
    if let Some(next) = list.next {
        output::note(&format!("There are more: repeat the command with --cursor {}", render::clean(&next)));
    }
    Ok(0)
}
