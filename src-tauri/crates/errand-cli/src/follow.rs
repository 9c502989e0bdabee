//! Waiting for tasks while showing what they do.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use errand_api::client::{Client, Subscription};
use errand_base::Fault;
use errand_wire::{
    Event, Feed, Phase, SubjectKind, TaskRef, TaskView, TimelineRow, WaitReply, WaitTasks, command,
};
use serde_json::Value;

use crate::output;
use crate::render::Look;
use crate::render::progress::Progress;
use crate::render::timeline;
use crate::session::{ask, now};

/// How much of the wait is shown on the error stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// One line, rewritten.
    Live(Look),
    /// A line for each change, for logs.
    Lines,
    Nothing,
}

#[derive(Debug)]
pub enum Waited {
    Reply(Value, WaitReply),
    /// Ctrl-C: the person goes, the task stays.
    Detached,
}

/// Output may come a thousand times a second; a person reads a line that changes four times.
const FRAME: Duration = Duration::from_millis(250);

type Asking<'a> = Pin<Box<dyn Future<Output = Result<TaskView, Fault>> + 'a>>;

/// Waits; shows the first task of `params`. Everything is read concurrently: a call that waited behind a full
/// subscription on the same connection would wait for ever.
pub async fn wait(client: &Client, params: WaitTasks, shown: Shown) -> Result<Waited, Fault> {
    let task = params.tasks.first().cloned().unwrap_or_default();
    let look_up = || -> Asking<'_> { Box::pin(client.call::<command::Show>(TaskRef { task: task.clone() })) };
    let mut changes = (shown != Shown::Nothing).then(|| client.subscribe(Feed::Changes { cursor: None }));
    let mut asking = (shown != Shown::Nothing).then(look_up);
    let mut log: Option<Subscription> = None;
    let mut next_line = 0;
    let mut screen = Screen { shown, wanted: task.to_ascii_lowercase(), progress: None, drawn: false };
    let mut tick = tokio::time::interval(FRAME);
    let mut stale = false;
    let reply = ask::<command::Wait>(client, params);
    tokio::pin!(reply);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        tokio::select! {
            reply = &mut reply => {
                screen.clear();
                return reply.map(|(raw, reply)| Waited::Reply(raw, reply));
            }
            _ = &mut interrupt => {
                screen.clear();
                return Ok(Waited::Detached);
            }
            event = next(&mut changes) => if let Some(change) = event.as_ref().and_then(change_of)
                && screen.concerns(change)
            {
                screen.say(change);
                stale = true;
            },
            event = next(&mut log) => if let Some(Event::Log { lines }) = event && let Some(line) = lines.last() {
                next_line = line.seq + 1;
                screen.last_line(&line.text);
            },
            view = answer(&mut asking) => {
                // Losing a look is no loss: the reply to `wait` is what counts.
                if let Ok(view) = view {
                    log = follow_log(client, &view, log.take(), next_line, shown);
                    screen.show(view);
                }
            }
            _ = tick.tick(), if matches!(shown, Shown::Live(_)) => {
                screen.draw();
                // That a start has become a run is no change of the task, so nothing tells of it.
                stale |= screen.is_starting();
            }
        }
        if stale && asking.is_none() {
            stale = false;
            asking = Some(look_up());
        }
    }
}

/// The next event; for ever if there is no subscription. One that ends is dropped.
async fn next(subscription: &mut Option<Subscription>) -> Option<Event> {
    let Some(open) = subscription else { return pending().await };
    match open.next().await {
        Some(Ok(event)) => Some(event),
        Some(Err(_)) | None => {
            *subscription = None;
            None
        }
    }
}

async fn answer(asking: &mut Option<Asking<'_>>) -> Result<TaskView, Fault> {
    let Some(call) = asking else { return pending().await };
    let reply = call.await;
    *asking = None;
    reply
}

fn change_of(event: &Event) -> Option<&TimelineRow> {
    match event {
        Event::Changed { change } => Some(change),
        Event::UpToDate { .. }
        | Event::Gap { .. }
        | Event::Log { .. }
        | Event::LogEnd
        | Event::Open { .. }
        | Event::Quitting => None,
    }
}

/// The log is followed while a run executes; only its last line is of interest here.
fn follow_log(
    client: &Client,
    view: &TaskView,
    open: Option<Subscription>,
    from: u64,
    shown: Shown,
) -> Option<Subscription> {
    let runs = view.run.as_ref().is_some_and(|run| run.phase != Phase::Over);
    match (shown, runs) {
        (Shown::Live(_), true) => {
            Some(open.unwrap_or_else(|| client.subscribe(Feed::Log { task: view.id.clone(), from })))
        }
        _ => None,
    }
}

struct Screen {
    shown: Shown,
    /// As it was typed.
    wanted: String,
    progress: Option<Progress>,
    drawn: bool,
}

impl Screen {
    /// Before the first look the id may only be known by its beginning.
    fn concerns(&self, change: &TimelineRow) -> bool {
        let id = change.task.as_ref();
        match &self.progress {
            Some(progress) => id == Some(&progress.task.id),
            None => id.is_some_and(|id| id.as_str().starts_with(&self.wanted)),
        }
    }

    fn say(&self, change: &TimelineRow) {
        if self.shown == Shown::Lines && change.subject == SubjectKind::Task {
            output::note(&timeline::row(change, Look::PLAIN, &now()));
        }
    }

    fn show(&mut self, task: TaskView) {
        let last_line = self.progress.take().map(|progress| progress.last_line).unwrap_or_default();
        self.progress = Some(Progress { task, last_line });
        self.draw();
    }

    fn last_line(&mut self, text: &str) {
        if let Some(progress) = &mut self.progress {
            progress.last_line = text.trim().to_owned();
        }
    }

    fn draw(&mut self) {
        let (Shown::Live(_), Some(progress)) = (self.shown, &self.progress) else { return };
        // Asked for again each time: the person may have changed the size of the window.
        let line = progress.line(output::stderr_look(), now().at);
        output::error_stream(&format!("\r{line}\u{1b}[K"));
        self.drawn = true;
    }

    fn is_starting(&self) -> bool {
        let run = self.progress.as_ref().and_then(|progress| progress.task.run.as_ref());
        run.is_some_and(|run| run.phase == Phase::Starting)
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            output::error_stream("\r\u{1b}[K");
        }
    }
}
