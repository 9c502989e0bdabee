use errand_base::Fault;
use errand_wire::{ClientFrame, Event};
use tokio::sync::mpsc;

use super::connection::{Item, Link};

/// A stream of events. Dropping it tells the engine to stop sending.
#[derive(Debug)]
pub struct Subscription {
    link: Link,
    id: u64,
    items: mpsc::Receiver<Item>,
    /// A fault that is known before the first event.
    early: Option<Fault>,
    over: bool,
}

impl Subscription {
    pub(super) fn new(link: Link, id: u64, items: mpsc::Receiver<Item>) -> Subscription {
        Subscription { link, id, items, early: None, over: false }
    }

    pub(super) fn failed(mut self, fault: Fault) -> Subscription {
        self.early = Some(fault);
        self
    }

    /// The next event; `None` after the engine said that there are no more. A refusal or a lost connection is
    /// the last item. May be dropped and called again without losing an event.
    pub async fn next(&mut self) -> Option<Result<Event, Fault>> {
        if self.over {
            return None;
        }
        if let Some(fault) = self.early.take() {
            self.over = true;
            return Some(Err(fault));
        }
        match self.items.recv().await {
            Some(Item::Event(event)) => Some(Ok(event)),
            Some(Item::Fault(fault)) => {
                self.over = true;
                Some(Err(fault))
            }
            Some(Item::End) => {
                self.over = true;
                None
            }
            None => {
                self.over = true;
                Some(Err(self.link.lost()))
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.link.forget_events(self.id) {
            let _ = self.link.send(&ClientFrame::Unsubscribe { id: self.id });
        }
    }
}
