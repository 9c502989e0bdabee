//! A session bus with a notification service that writes down what it is told.

use std::collections::BTreeMap;

use errand_testkit::desktop::notifications::{Call, NotificationService, Shown, USUAL};
use errand_testkit::desktop::{Desktop, Parts};
use tokio::runtime::Runtime;

use super::LIMIT;

pub struct Service {
    // Dropped in this order: the service leaves the bus before the bus ends.
    notifications: Option<NotificationService>,
    runtime: Runtime,
    desktop: Desktop,
}

impl Service {
    /// A bus on which nobody shows anything yet.
    pub fn absent() -> Service {
        let parts = Parts { display: false, session_bus: true, window_manager: false };
        let desktop = Desktop::start_with(parts).unwrap();
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        Service { notifications: None, runtime, desktop }
    }

    pub fn start() -> Service {
        let mut service = Service::absent();
        service.appear();
        service
    }

    pub fn appear(&mut self) {
        self.appear_with(USUAL);
    }

    /// One that announces these abilities.
    pub fn appear_with(&mut self, capabilities: &[&str]) {
        let started = NotificationService::start_with(&self.desktop, capabilities);
        self.notifications = Some(self.runtime.block_on(started).unwrap());
    }

    pub fn bus(&self) -> &str {
        self.desktop.bus_address().unwrap()
    }

    /// How often each text was shown, by the title of its task: what stands behind "Done: " and its like.
    pub fn showings(&self) -> BTreeMap<String, u32> {
        let mut showings = BTreeMap::new();
        for shown in self.notifications.as_ref().unwrap().shown() {
            let title = shown.summary.split_once(": ").map_or(shown.summary.as_str(), |(_, title)| title);
            *showings.entry(title.to_owned()).or_default() += 1;
        }
        showings
    }

    /// Waits until something with this title has been shown.
    pub fn wait_for(&self, title: &str) {
        let notifications = self.notifications.as_ref().unwrap();
        let shown = notifications.wait_for(title, LIMIT, |shown| shown.summary.ends_with(title));
        self.runtime.block_on(shown).unwrap();
    }

    /// Waits for a banner with this title, and returns the first of them.
    pub fn shown(&self, title: &str) -> Shown {
        self.shown_where(title, |shown| shown.summary == title)
    }

    pub fn shown_where(&self, what: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let shown = self.service().wait_for(what, LIMIT, wanted);
        self.runtime.block_on(shown).unwrap()
    }

    /// Waits until a banner is no longer on the screen.
    pub fn wait_closed(&self, shown: &Shown) {
        self.runtime.block_on(self.service().wait_closed(shown.id, LIMIT)).unwrap();
    }

    pub fn press(&self, shown: &Shown, label: &str) {
        let key = shown.key(label).unwrap_or_else(|| panic!("no {label} in {:?}", shown.actions));
        self.runtime.block_on(self.service().press(shown.id, key)).unwrap();
    }

    /// The same, if it is still on the screen.
    pub fn try_press(&self, shown: &Shown, label: &str) {
        let key = shown.key(label).unwrap_or_else(|| panic!("no {label} in {:?}", shown.actions));
        drop(self.runtime.block_on(self.service().press(shown.id, key)));
    }

    /// The person types this on the banner.
    pub fn reply(&self, shown: &Shown, text: &str) {
        self.runtime.block_on(self.service().reply(shown.id, text)).unwrap();
    }

    /// The service ends without a word; another one comes.
    pub fn dies_and_returns(&mut self) {
        let service = self.notifications.as_mut().unwrap();
        self.runtime.block_on(async {
            service.die().await.unwrap();
            service.come_back().await.unwrap();
        });
    }

    /// Every call: a title for what was shown, `close ID` for what was taken back.
    pub fn calls(&self) -> Vec<String> {
        let said = |call| match call {
            Call::Notify(shown) if shown.replaces == 0 => shown.summary,
            Call::Notify(shown) => format!("{} instead of {}", shown.summary, shown.replaces),
            Call::Close { id } => format!("close {id}"),
        };
        self.service().calls().into_iter().map(said).collect()
    }

    fn service(&self) -> &NotificationService {
        self.notifications.as_ref().unwrap()
    }
}
