//! What is on the screen, as far as it was put there by this engine, and what the person looks at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use errand_base::{TaskId, Timestamp};
use errand_model::gate::Asking;

/// The key of the banner that stands for several questions.
pub(super) const TOGETHER: &str = "needs-you";

#[derive(Default)]
pub(super) struct Screen {
    banners: BTreeMap<i64, OnScreen>,
    /// What the common banner was last made of.
    pub together: Vec<i64>,
    /// Windows in front, the latest last. More than one, if a window said nothing when it was left.
    focused: Vec<(u64, TaskId)>,
    seats: u64,
    /// Something has changed that what is held depends on.
    pub again: bool,
    /// Whose screen it is, by its name on the bus.
    service: Option<String>,
}

pub(super) struct OnScreen {
    pub task: Option<TaskId>,
    /// It asks, and calmly: such ones may stand together.
    pub asks: bool,
    pub since: Timestamp,
    /// Behind the common banner.
    pub together: bool,
}

impl Screen {
    pub fn put(&mut self, delivery: i64, on_screen: OnScreen) {
        self.banners.insert(delivery, on_screen);
    }

    pub fn remove(&mut self, delivery: i64) -> Option<OnScreen> {
        self.banners.remove(&delivery)
    }

    /// This service shows from now on. It knows nothing of what was shown by another one.
    pub fn on(&mut self, service: &str) {
        if self.service.as_deref() != Some(service) {
            self.clear();
            self.service = Some(service.to_owned());
            self.again = true;
        }
    }

    pub fn clear(&mut self) {
        self.banners.clear();
        self.together.clear();
        self.service = None;
    }

    pub fn ids(&self) -> Vec<i64> {
        self.banners.keys().copied().collect()
    }

    pub fn together_now(&self) -> Vec<i64> {
        self.banners.iter().filter(|(_, banner)| banner.together).map(|(id, _)| *id).collect()
    }

    pub fn asking(&self) -> Vec<(i64, Asking)> {
        let asking = self.banners.iter().filter(|(_, banner)| banner.asks);
        let asking = asking.filter_map(|(id, banner)| {
            let task = banner.task.clone()?;
            Some((*id, Asking { task, since: banner.since, together: banner.together }))
        });
        asking.collect()
    }

    /// Says whether it had a banner of its own until now.
    pub fn join(&mut self, delivery: i64) -> bool {
        let banner = self.banners.get_mut(&delivery);
        banner.is_some_and(|banner| !std::mem::replace(&mut banner.together, true))
    }

    pub fn alone(&mut self, delivery: i64) {
        if let Some(banner) = self.banners.get_mut(&delivery) {
            banner.together = false;
        }
    }

    /// Those behind a banner's key.
    pub fn behind(&self, key: &str) -> Vec<i64> {
        if key == TOGETHER { self.together_now() } else { key.parse().into_iter().collect() }
    }

    pub fn focused(&self) -> Vec<TaskId> {
        self.focused.iter().map(|(_, task)| task.clone()).collect()
    }
}

/// What one connection says about the windows behind it. It is forgotten with the connection.
pub struct Seat {
    screen: Arc<Mutex<Screen>>,
    number: u64,
}

impl Seat {
    pub(super) fn new(screen: Arc<Mutex<Screen>>) -> Seat {
        let mut held = lock(&screen);
        held.seats += 1;
        let number = held.seats;
        drop(held);
        Seat { screen, number }
    }

    /// The window of this task is in front now.
    pub fn focus(&self, task: TaskId) {
        let mut screen = lock(&self.screen);
        screen.focused.retain(|(seat, _)| *seat != self.number);
        screen.focused.push((self.number, task));
    }

    /// It is no longer, unless another one is already; `None`: whichever it was.
    pub fn blur(&self, task: Option<&TaskId>) {
        let gone = |seat: u64, which: &TaskId| seat == self.number && task.is_none_or(|task| task == which);
        lock(&self.screen).focused.retain(|(seat, which)| !gone(*seat, which));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.blur(None);
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("number", &self.number).finish_non_exhaustive()
    }
}

pub(super) fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}
