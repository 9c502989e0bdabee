//! Keeping the machine from sleeping, and hearing when it slept.

mod fake;
#[cfg(target_os = "linux")]
mod jumps;
#[cfg(target_os = "linux")]
mod supply;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod system;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

pub use fake::FakePower;
pub use system::SystemPower;

pub type PowerEvents = mpsc::UnboundedReceiver<PowerEvent>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerEvent {
    /// The machine is about to sleep.
    Sleeping,
    Woke,
    /// The machine is about to be switched off or restarted. It waits a few seconds for us to leave.
    ShuttingDown,
    /// The wall clock has jumped: the machine slept, or somebody set the clock.
    ClockJumped,
    OnBattery(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PowerStatus {
    /// The machine would be kept awake if somebody wanted it.
    Ready,
    Held,
    /// It sleeps when it likes, with this for a reason.
    Unable(String),
}

/// The switch that keeps the machine from sleeping. Never the display.
pub trait Power: Send + Sync {
    /// The machine does not sleep by itself until the hold is dropped. At once and without fail as far as the caller
    /// goes; what came of it says [`Power::status`]. `why` can be read by everybody who has an account here.
    fn hold(&self, why: &str) -> Hold;
    fn status(&self) -> PowerStatus;
}

/// As long as it lives, the machine is kept awake. If we are killed, the system lets go for us.
#[derive(Debug)]
#[must_use = "dropping it lets the machine sleep"]
pub struct Hold {
    wishes: Wishes,
    why: Arc<str>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.wishes.0.send_modify(|wishes| wishes.retain(|why| !Arc::ptr_eq(why, &self.why)));
    }
}

/// The holds there are, as their reasons. Whoever keeps the machine awake brings that about.
#[derive(Clone, Debug, Default)]
struct Wishes(watch::Sender<Vec<Arc<str>>>);

impl Wishes {
    fn hold(&self, why: &str) -> Hold {
        let why: Arc<str> = why.into();
        self.0.send_modify(|wishes| wishes.push(why.clone()));
        Hold { wishes: self.clone(), why }
    }
}
