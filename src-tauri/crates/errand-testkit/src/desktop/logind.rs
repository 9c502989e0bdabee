//! A logind and a UPower that a test holds in its hands, on whatever bus it names.
//!
//! Whether an inhibitor is still there is read from its pipe, as logind does: it is gone when the last copy of the
//! other end is closed, however that came about.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zbus::zvariant;
use zbus::{Connection, fdo, interface};

const LOGIND: &str = "org.freedesktop.login1";
const LOGIND_PATH: &str = "/org/freedesktop/login1";
const UPOWER: &str = "org.freedesktop.UPower";
const UPOWER_PATH: &str = "/org/freedesktop/UPower";

/// One `Inhibit` call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibitor {
    pub what: String,
    pub who: String,
    pub why: String,
    pub mode: String,
}

#[derive(Debug)]
pub struct Logind {
    bus: String,
    connection: Option<Connection>,
    desk: Arc<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    given: Mutex<Vec<(Inhibitor, OwnedFd)>>,
    refuses: Mutex<bool>,
}

impl Logind {
    pub async fn start(bus: &str) -> zbus::Result<Logind> {
        let mut logind = Logind { bus: bus.to_owned(), connection: None, desk: Arc::default() };
        logind.come_back().await?;
        Ok(logind)
    }

    /// Ends without a word. The inhibitors it has given are forgotten.
    pub async fn die(&mut self) -> zbus::Result<()> {
        if let Some(connection) = self.connection.take() {
            connection.close().await?;
        }
        self.desk.given().clear();
        Ok(())
    }

    pub async fn come_back(&mut self) -> zbus::Result<()> {
        let connection = zbus::connection::Builder::address(self.bus.as_str())?
            .serve_at(LOGIND_PATH, Manager { desk: self.desk.clone() })?
            .serve_at(UPOWER_PATH, Supply { on_battery: false })?
            .name(UPOWER)?
            .name(LOGIND)?
            .build()
            .await?;
        self.connection = Some(connection);
        Ok(())
    }

    /// The inhibitors that keep the machine awake now.
    pub fn inhibitors(&self) -> Vec<Inhibitor> {
        self.held("block")
    }

    /// What a shutdown waits for now.
    pub fn delays(&self) -> Vec<Inhibitor> {
        self.held("delay")
    }

    fn held(&self, mode: &str) -> Vec<Inhibitor> {
        let mut given = self.desk.given();
        given.retain(|(_, pipe)| is_open(pipe));
        given.iter().map(|(inhibitor, _)| inhibitor.clone()).filter(|one| one.mode == mode).collect()
    }

    pub async fn prepare_for_shutdown(&self) -> zbus::Result<()> {
        self.emit("PrepareForShutdown", true).await
    }

    /// From now on nobody is given an inhibitor, as on a machine whose rules do not allow it.
    pub fn refuse(&self) {
        *self.desk.refuses.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub async fn prepare_for_sleep(&self, begins: bool) -> zbus::Result<()> {
        self.emit("PrepareForSleep", begins).await
    }

    async fn emit(&self, signal: &str, begins: bool) -> zbus::Result<()> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let manager = "org.freedesktop.login1.Manager";
        connection.emit_signal(None::<&str>, LOGIND_PATH, manager, signal, &begins).await
    }

    pub async fn set_on_battery(&self, on_battery: bool) -> zbus::Result<()> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let supply = connection.object_server().interface::<_, Supply>(UPOWER_PATH).await?;
        supply.get_mut().await.on_battery = on_battery;
        supply.get().await.on_battery_changed(supply.signal_emitter()).await
    }
}

impl Desk {
    fn given(&self) -> MutexGuard<'_, Vec<(Inhibitor, OwnedFd)>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_open(pipe: &OwnedFd) -> bool {
    let mut ends = [PollFd::new(pipe, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut ends, Some(&now)).is_ok() && !ends[0].revents().contains(PollFlags::HUP)
}

struct Manager {
    desk: Arc<Desk>,
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(
        &self,
        what: String,
        who: String,
        why: String,
        mode: String,
    ) -> fdo::Result<zvariant::OwnedFd> {
        if *self.desk.refuses.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(fdo::Error::AccessDenied("Permission denied".into()));
        }
        let failed = |error: std::io::Error| fdo::Error::Failed(error.to_string());
        let (ours, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|error| failed(error.into()))?;
        self.desk.given().push((Inhibitor { what, who, why, mode }, ours));

        Ok(theirs.into())
    }
}

struct Supply {
    on_battery: bool,
}

#[interface(name = "org.freedesktop.UPower")]
impl Supply {
    #[zbus(property)]
    fn on_battery(&self) -> bool {
        self.on_battery
    }
}
