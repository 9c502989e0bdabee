//! The feeds that windows listen to. They end with their window.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use errand_api::client::{Client, Subscription};
use errand_base::{Code, Fault};
use errand_wire::{Event, Feed, WireError};
use serde::Serialize;
use tauri::ipc::Channel;
use tokio::task::AbortHandle;

/// A log is handed on in pieces, so that a flood of output waits in the engine's file and not in the window.
const PACE: Duration = Duration::from_millis(30);

/// What a window hears.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Message {
    Event(Event),
    Lost(Lost),
}

/// The last message of a feed whose source went away.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename = "lost")]
pub struct Lost {
    error: WireError,
}

#[derive(Debug, Default)]
pub struct Feeds(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    last: u32,
    running: HashMap<u32, (String, AbortHandle)>,
}

impl Feeds {
    pub fn start(&self, window: &str, client: Client, feed: Feed, to: Channel<Message>) -> u32 {
        let mut table = self.lock();
        table.running.retain(|_, (_, task)| !task.is_finished());
        table.last = table.last.wrapping_add(1);
        let id = table.last;
        let pace = matches!(feed, Feed::Log { .. }).then_some(PACE);
        let task = tokio::spawn(hand_on(client.subscribe(feed), to, pace));
        table.running.insert(id, (window.into(), task.abort_handle()));
        id
    }

    pub fn stop(&self, window: &str, id: u32) {
        let mut table = self.lock();
        if table.running.get(&id).is_some_and(|(owner, _)| owner == window)
            && let Some((_, task)) = table.running.remove(&id)
        {
            task.abort();
        }
    }

    /// The window is gone.
    pub fn forget(&self, window: &str) {
        self.lock().running.retain(|_, (owner, task)| {
            let keep = owner != window;
            if !keep {
                task.abort();
            }
            keep
        });
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn hand_on(mut source: Subscription, to: Channel<Message>, pace: Option<Duration>) {
    loop {
        let message = match source.next().await {
            Some(Ok(event)) => Message::Event(event),
            Some(Err(fault)) => Message::Lost(Lost { error: fault.into() }),
            // A log ends with its run; only changes have no end of their own.
            None if pace.is_some() => return,
            None => Message::Lost(Lost { error: left().into() }),
        };
        let last = matches!(message, Message::Lost(_));
        if to.send(message).is_err() || last {
            return;
        }
        if let Some(pace) = pace {
            tokio::time::sleep(pace).await;
        }
    }
}

fn left() -> Fault {
    Fault::new(Code::EngineUnreachable, "The engine has left.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_has_the_form_that_windows_know() {
        let lost = Message::Lost(Lost { error: left().into() });
        let text = serde_json::to_value(&lost).unwrap();
        assert_eq!(text["event"], "lost");
        assert_eq!(text["error"]["code"], "engine_unreachable");
        let event = serde_json::to_value(Message::Event(Event::LogEnd)).unwrap();
        assert_eq!(event, serde_json::json!({ "event": "log_end" }));
    }
}
