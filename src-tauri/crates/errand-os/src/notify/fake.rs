use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::{Banner, NotShown, Notifier, NotifierEvent, NotifierEvents, NotifierStatus, Pending};

/// One thing a [`FakeNotifier`] was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Shown(Banner),
    Withdrawn(String),
    Said { title: String, body: String },
}

/// A desktop that a test holds in its hands.
#[derive(Debug)]
pub struct FakeNotifier {
    events: mpsc::UnboundedSender<NotifierEvent>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    status: NotifierStatus,
    told: Vec<Told>,
    services: u32,
}

impl FakeNotifier {
    /// Starts without a service; [`FakeNotifier::appear`] brings one.
    pub fn absent() -> (FakeNotifier, NotifierEvents) {
        let (events, receiver) = mpsc::unbounded_channel();
        let state = State { status: NotifierStatus::NoService, told: Vec::new(), services: 0 };
        (FakeNotifier { events, state: Mutex::new(state) }, receiver)
    }

    pub fn present() -> (FakeNotifier, NotifierEvents) {
        let (fake, events) = FakeNotifier::absent();
        fake.appear(&["actions", "body"]);
        (fake, events)
    }

    /// A new service takes over.
    pub fn appear(&self, capabilities: &[&str]) {
        let mut state = self.state();
        state.services += 1;
        let (owner, name) = (format!(":1.{}", state.services), "fake".to_owned());
        let capabilities: Vec<String> = capabilities.iter().map(ToString::to_string).collect();
        state.status = NotifierStatus::Ready {
            owner: owner.clone(),
            name: name.clone(),
            capabilities: capabilities.clone(),
            inhibited: false,
        };
        drop(state);
        self.emit(NotifierEvent::Available { owner, name, capabilities });
    }

    pub fn inhibit(&self, on: bool) {
        if let NotifierStatus::Ready { inhibited, .. } = &mut self.state().status {
            *inhibited = on;
        }
        self.emit(NotifierEvent::Inhibited(on));
    }

    pub fn disappear(&self) {
        self.state().status = NotifierStatus::NoService;
        self.emit(NotifierEvent::Gone);
    }

    pub fn act(&self, key: &str, action: &str) {
        self.emit(NotifierEvent::Acted { key: key.into(), action: action.into() });
    }

    pub fn reply(&self, key: &str, text: &str) {
        self.emit(NotifierEvent::Replied { key: key.into(), text: text.into() });
    }

    pub fn emit(&self, event: NotifierEvent) {
        // A test that has dropped the receiver does not care.
        self.events.send(event).ok();
    }

    /// What was asked since the last call.
    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.state().told)
    }

    fn take(&self, what: Told) -> Result<(), NotShown> {
        let mut state = self.state();
        if !matches!(state.status, NotifierStatus::Ready { .. }) {
            return Err(NotShown::Absent);
        }
        state.told.push(what);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notifier for FakeNotifier {
    fn show(&self, banner: Banner) -> Pending<'_, Result<(), NotShown>> {
        Box::pin(async move { self.take(Told::Shown(banner)) })
    }

    fn withdraw<'a>(&'a self, key: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            self.take(Told::Withdrawn(key.into())).ok();
        })
    }

    fn tell<'a>(&'a self, title: &'a str, body: &'a str) -> Pending<'a, Result<(), NotShown>> {
        Box::pin(async move { self.take(Told::Said { title: title.into(), body: body.into() }) })
    }

    fn reconnect(&self) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn status(&self) -> NotifierStatus {
        self.state().status.clone()
    }
}
