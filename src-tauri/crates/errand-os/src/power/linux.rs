//! logind on the system bus: one connection for as long as both live, and nothing that looks from time to time.
//!
//! What is asked for is `sleep` alone. `idle` would stop an idle machine from sleeping as well, but desktops read it
//! as "somebody is watching" and keep the display lit and unlocked. With `sleep` the display goes dark as always and
//! the sleep that would follow is refused. A lid that is closed still counts, unless its owner has set it otherwise.

#[path = "linux_seat.rs"]
mod seat;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use zbus::zvariant::OwnedFd;

use self::seat::Seat;
use super::jumps::Jumps;
use super::{Hold, Power, PowerEvent, PowerEvents, PowerStatus, Wishes};

/// The bus and logind answer within milliseconds; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// After a bus that was there is gone: it restarts within seconds, or nobody knows when.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const ATTEMPTS: u32 = 9;

const NO_BUS: &str = "there is no system bus";
const NO_LOGIND: &str = "logind is not running";

/// The power management of this machine.
#[derive(Debug)]
pub struct SystemPower {
    wishes: Wishes,
    status: Status,
}

#[derive(Clone, Debug)]
struct Status(Arc<Mutex<PowerStatus>>);

impl Status {
    fn get(&self) -> PowerStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, status: PowerStatus) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

impl SystemPower {
    /// Starts at once, bus or no bus. Needs to be called in a runtime.
    pub fn start() -> (SystemPower, PowerEvents) {
        SystemPower::begin(None)
    }

    /// On another bus than the system's.
    pub fn start_on(address: &str) -> (SystemPower, PowerEvents) {
        SystemPower::begin(Some(address.into()))
    }

    fn begin(address: Option<String>) -> (SystemPower, PowerEvents) {
        let (events, receiver) = mpsc::unbounded_channel();
        let status = Status(Arc::new(Mutex::new(PowerStatus::Unable(NO_BUS.to_owned()))));
        let wishes = Wishes::default();
        tokio::spawn(tell_jumps(events.clone()));
        let keeper = Keeper {
            address,
            wishes: wishes.0.subscribe(),
            status: status.clone(),
            events,
            inhibitor: None,
            farewell: None,
            on_battery: false,
        };
        tokio::spawn(keeper.work());
        (SystemPower { wishes, status }, receiver)
    }
}

impl Power for SystemPower {
    fn hold(&self, why: &str) -> Hold {
        self.wishes.hold(why)
    }

    fn status(&self) -> PowerStatus {
        self.status.get()
    }
}

async fn tell_jumps(events: mpsc::UnboundedSender<PowerEvent>) {
    let mut jumps = match Jumps::watch() {
        Ok(jumps) => jumps,
        Err(error) => return tracing::warn!(%error, "jumps of the clock will not be noticed"),
    };
    loop {
        let jumped = tokio::select! {
            jumped = jumps.next() => jumped,
            () = events.closed() => return,
        };
        match jumped {
            Ok(()) => drop(events.send(PowerEvent::ClockJumped)),
            Err(error) => return tracing::warn!(%error, "jumps of the clock are no longer noticed"),
        }
    }
}

/// The task that owns the connection, and what it got there. An inhibitor outlives the connection it came by.
struct Keeper {
    address: Option<String>,
    wishes: watch::Receiver<Vec<Arc<str>>>,
    status: Status,
    events: mpsc::UnboundedSender<PowerEvent>,
    inhibitor: Option<OwnedFd>,
    /// Makes a shutdown wait until we have left, for as long as the system allows.
    farewell: Option<OwnedFd>,
    on_battery: bool,
}

impl Keeper {
    async fn work(mut self) {
        let mut attempts_left = 0;
        loop {
            match timeout(PATIENCE, Seat::open(self.address.as_deref())).await {
                Ok(Ok(seat)) => {
                    if seat.work(&mut self).await.is_break() {
                        return;
                    }
                    attempts_left = ATTEMPTS;
                }
                Ok(Err(error)) => tracing::debug!(%error, "no system bus"),
                Err(_) => tracing::warn!("the system bus does not answer"),
            }
            if self.inhibitor.is_none() {
                self.status.set(PowerStatus::Unable(NO_BUS.to_owned()));
            }
            if self.pause(&mut attempts_left).await.is_err() {
                return;
            }
        }
    }

    /// Until it is worth another attempt: a bus that was lost comes back soon, and else when somebody wants it.
    async fn pause(&mut self, attempts_left: &mut u32) -> Result<(), watch::error::RecvError> {
        let pause = FIRST_PAUSE * 2_u32.pow(ATTEMPTS.saturating_sub(*attempts_left));
        let soon = tokio::time::sleep(pause);
        tokio::pin!(soon);
        loop {
            tokio::select! {
                changed = self.wishes.changed() => {
                    changed?;
                    if !self.wishes.borrow_and_update().is_empty() {
                        return Ok(());
                    }
                    self.inhibitor = None;
                    self.status.set(PowerStatus::Unable(NO_BUS.to_owned()));
                }
                () = &mut soon, if *attempts_left > 0 => {
                    *attempts_left -= 1;
                    return Ok(());
                }
            }
        }
    }

    fn wanted(&mut self) -> Option<Arc<str>> {
        self.wishes.borrow_and_update().last().cloned()
    }

    fn tell(&self, event: PowerEvent) {
        // Nobody listens any more: the engine is leaving.
        self.events.send(event).ok();
    }

    fn tell_battery(&mut self, on_battery: bool) {
        if std::mem::replace(&mut self.on_battery, on_battery) != on_battery {
            self.tell(PowerEvent::OnBattery(on_battery));
        }
    }
}
