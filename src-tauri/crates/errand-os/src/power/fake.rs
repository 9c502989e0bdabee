use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{Hold, Power, PowerEvent, PowerEvents, PowerStatus, Wishes};

/// A machine that a test holds in its hands.
#[derive(Debug)]
pub struct FakePower {
    wishes: Wishes,
    events: mpsc::UnboundedSender<PowerEvent>,
    unable: Mutex<Option<String>>,
}

impl FakePower {
    pub fn new() -> (FakePower, PowerEvents) {
        let (events, receiver) = mpsc::unbounded_channel();
        (FakePower { wishes: Wishes::default(), events, unable: Mutex::default() }, receiver)
    }

    pub fn emit(&self, event: PowerEvent) {
        // A test that has dropped the receiver does not care.
        self.events.send(event).ok();
    }

    /// From now on holding has no effect.
    pub fn fail(&self, why: &str) {
        *self.unable.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    pub fn is_held(&self) -> bool {
        !self.wishes.0.borrow().is_empty()
    }

    /// Waits until it is held, or is not.
    pub async fn until_held(&self, held: bool) {
        let mut wishes = self.wishes.0.subscribe();
        // The sender lives in `self`.
        wishes.wait_for(|wishes| wishes.is_empty() != held).await.ok();
    }
}

impl Power for FakePower {
    fn hold(&self, why: &str) -> Hold {
        self.wishes.hold(why)
    }

    fn status(&self) -> PowerStatus {
        let unable = self.unable.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match unable {
            Some(why) => PowerStatus::Unable(why),
            None if self.is_held() => PowerStatus::Held,
            None => PowerStatus::Ready,
        }
    }
}
