//! Commands that print as it comes. With `--json` each line is a document.

use errand_api::client::Client;
use errand_base::{Code, Fault};
use errand_wire::{Event, Feed, LogLine, ReadLog, TaskRef, command};
use serde_json::Value;

use crate::args::{Log, Watch};
use crate::output::{self, End, Stop};
use crate::render::timeline;
use crate::session::{Session, ask, now};

pub async fn log(session: &Session, typed: Log) -> End {
    let client = session.connect().await?;
    if typed.follow {
        return follow(session, &client, typed).await;
    }
    let look = output::look();
    let mut from = typed.from.unwrap_or(0);
    loop {
        let params = ReadLog { task: typed.task.clone(), from: Some(from), limit: None };
        let (raw, page) = ask::<command::Log>(&client, params).await?;
        if session.json {
            let lines = raw.get("lines").and_then(Value::as_array);
            lines.into_iter().flatten().try_for_each(output::record)?;
        } else {
            print_lines(&page.lines, look)?;
        }
        // An engine that does not move on must not keep us here for ever.
        if page.lines.is_empty() || page.next <= from {
            return Ok(0);
        }
        from = page.next;
    }
}

async fn follow(session: &Session, client: &Client, typed: Log) -> End {
    let task = client.call::<command::Show>(TaskRef { task: typed.task }).await?;
    let mut feed = client.subscribe(Feed::Log { task: task.id, from: typed.from.unwrap_or(0) });
    let look = output::look();
    while let Some(event) = feed.next().await {
        match event? {
            Event::Log { lines } if session.json => lines.iter().try_for_each(output::record)?,
            Event::Log { lines } => print_lines(&lines, look)?,
            Event::LogEnd => return Ok(0),
            Event::Changed { .. }
            | Event::UpToDate { .. }
            | Event::Gap { .. }
            | Event::Open { .. }
            | Event::Quitting => {}
        }
    }
    Ok(0)
}

fn print_lines(lines: &[LogLine], look: crate::render::Look) -> Result<(), Stop> {
    if lines.is_empty() {
        return Ok(());
    }
    output::text(&lines.iter().map(|line| timeline::log_line(line, look) + "\n").collect::<String>())
}

pub async fn watch(session: &Session, typed: Watch) -> End {
    let client = session.connect().await?;
    let mut feed = client.subscribe(Feed::Changes { cursor: typed.cursor });
    let mut leaving = false;
    while let Some(event) = feed.next().await {
        let event = match event {
            Err(fault) if leaving && fault.code == Code::EngineUnreachable => break,
            other => other?,
        };
        leaving |= event == Event::Quitting;
        if session.json {
            output::record(&event)?;
        } else if let Some(line) = timeline::event(&event, output::look(), &now()) {
            output::line(&line)?;
        }
    }
    // A script that watches must learn that it no longer does.
    Err(Fault::new(Code::EngineUnreachable, "The engine has left; nothing more will come.")
        .hint("Start it again and go on with --cursor from the last change.")
        .into())
}
