//! Feeds: what a connection hears without asking again.

use errand_base::{Fault, TaskId};
use errand_wire::{Event, Feed, ServerFrame, TimelineRow};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use crate::bodies::{log_lines, rows_after};
use crate::router::{Api, gone, is_leaving};

/// Rows that are read from the store at once while catching up.
const PAGE: u32 = 500;
const LOG_PAGE: u32 = 500;

type Frames = mpsc::Sender<ServerFrame>;

pub(super) async fn run(api: Api, id: u64, feed: Feed, frames: Frames) {
    let ended = match feed {
        Feed::Changes { cursor } => changes(&api, id, cursor, &frames).await,
        Feed::Log { task, from } => log(&api, id, &task, from, &frames).await,
    };
    let last = match ended {
        Ok(()) => ServerFrame::End { id },
        Err(fault) => ServerFrame::Error { id, error: fault.into() },
    };
    drop(frames.send(last).await);
}

async fn changes(api: &Api, id: u64, cursor: Option<i64>, frames: &Frames) -> Result<(), Fault> {
    // Listening starts before reading, so nothing can fall between the two.
    let mut live = api.store.changes();
    let mut signals = api.signals.subscribe();
    let newest = api.store.read(|reader| reader.transitions().latest()).await?;
    let mut last = cursor.unwrap_or(newest);
    let oldest = api.store.read(|reader| reader.transitions().oldest()).await?.unwrap_or(0);
    if last + 1 < oldest {
        if !send(frames, id, Event::Gap { cursor: newest }).await {
            return Ok(());
        }
        last = newest;
    }
    if !catch_up(api, id, &mut last, frames).await?
        || !send(frames, id, Event::UpToDate { cursor: last }).await
    {
        return Ok(());
    }
    loop {
        tokio::select! {
            batch = live.recv() => match batch {
                Ok(batch) => {
                    for change in batch.iter() {
                        // Seen already while catching up.
                        if change.seq <= last {
                            continue;
                        }
                        last = change.seq;
                        let change = crate::bodies::timeline_row(change.clone());
                        if !send(frames, id, Event::Changed { change }).await {
                            return Ok(());
                        }
                    }
                }
                // Too slow to follow live; the store still has everything.
                Err(RecvError::Lagged(_)) => {
                    if !catch_up(api, id, &mut last, frames).await? {
                        return Ok(());
                    }
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            signal = signals.recv() => match signal {
                Ok(event) => {
                    let last = event == Event::Quitting;
                    if !send(frames, id, event).await || last {
                        return Ok(());
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

async fn catch_up(api: &Api, id: u64, last: &mut i64, frames: &Frames) -> Result<bool, Fault> {
    loop {
        let rows: Vec<TimelineRow> = rows_after(api, *last, PAGE).await?;
        let Some(end) = rows.last().map(|row| row.cursor) else { return Ok(true) };
        for change in rows {
            if !send(frames, id, Event::Changed { change }).await {
                return Ok(false);
            }
        }
        *last = end;
    }
}

async fn log(api: &Api, id: u64, task: &TaskId, from: u64, frames: &Frames) -> Result<(), Fault> {
    let mut next = from;
    let mut grown = api.store.logs().follow(task);
    let mut changes = api.store.changes();
    let mut signals = api.signals.subscribe();
    let mut leaving = false;
    loop {
        // Read first, look at the state before: lines that come between the two are read in the next round.
        let over = api.engine.run_of(task).await.is_none();
        loop {
            let page = log_lines(api, task, Some(next), LOG_PAGE).await?;
            if page.lines.is_empty() {
                break;
            }
            next = page.next;
            if !send(frames, id, Event::Log { lines: page.lines }).await {
                return Ok(());
            }
        }
        if over && crate::bodies::is_final(api, task).await? {
            send(frames, id, Event::LogEnd).await;
            return Ok(());
        }
        if leaving {
            return Err(gone());
        }
        tokio::select! {
            changed = grown.changed() => if changed.is_err() { return Ok(()) },
            batch = changes.recv() => if matches!(batch, Err(RecvError::Closed)) { return Ok(()) },
            signal = signals.recv() => leaving = is_leaving(&signal),
        }
    }
}

async fn send(frames: &Frames, id: u64, event: Event) -> bool {
    frames.send(ServerFrame::Event { id, event }).await.is_ok()
}
