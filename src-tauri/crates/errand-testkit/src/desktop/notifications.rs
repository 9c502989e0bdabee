//! A notification service that writes down what it is told, and does to it what a person would.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::sync::watch;
use zbus::{Connection, fdo, interface, message::Header, zvariant::OwnedValue};

use super::{
    Desktop,
    error::{DesktopError, Result},
};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What most services can do. Plasma adds `inline-reply`.
pub const USUAL: &[&str] = &["actions", "body", "body-markup", "persistence"];

/// The reasons of `NotificationClosed`, as the specification numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Expired = 1,
    ByThePerson = 2,
    ByTheProgram = 3,
}

/// One `Notify` call with all its arguments.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What the service answered.
    pub id: u32,
    pub replaces: u32,
    pub app_name: String,
    pub icon: String,
    pub summary: String,
    pub body: String,
    /// Key and label of every button.
    pub actions: Vec<(String, String)>,
    pub hints: HashMap<String, OwnedValue>,
    /// Milliseconds; 0 is never, -1 is as the service likes.
    pub expires: i32,
    sender: String,
}

impl Shown {
    /// The key of the button with this label.
    pub fn key(&self, label: &str) -> Option<&str> {
        self.actions.iter().find(|(_, known)| known == label).map(|(key, _)| key.as_str())
    }

    pub fn hint_u8(&self, name: &str) -> Option<u8> {
        self.hints.get(name).and_then(|value| u8::try_from(value).ok())
    }

    /// What a snapshot compares: no id, no sender, hints by name only.
    pub fn to_json(&self) -> serde_json::Value {
        let mut hints: Vec<_> = self.hints.keys().collect();
        hints.sort();
        json!({
            "app_name": self.app_name, "summary": self.summary, "body": self.body, "icon": self.icon,
            "actions": self.actions, "hints": hints, "expires": self.expires, "replaces": self.replaces != 0,
        })
    }
}

/// The calls of all programs, in the order in which they came.
#[derive(Debug, Clone)]
pub enum Call {
    Notify(Box<Shown>),
    Close { id: u32 },
}

#[derive(Debug)]
pub struct NotificationService {
    bus: String,
    connection: Option<Connection>,
    desk: Arc<Desk>,
}

impl NotificationService {
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        Self::start_with(desktop, USUAL).await
    }

    pub async fn start_with(desktop: &Desktop, capabilities: &[&str]) -> Result<Self> {
        let capabilities = capabilities.iter().map(|&name| name.to_owned()).collect();
        let desk = Arc::new(Desk { capabilities, record: watch::Sender::new(()), state: Mutex::default() });
        let bus = desktop.bus_address().unwrap_or_default().to_owned();
        let mut service = Self { bus, connection: None, desk };
        service.come_back().await?;
        Ok(service)
    }

    /// The service ends without a word, as a crashing panel does. What it recorded stays.
    pub async fn die(&mut self) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            // Other clones of the connection live in its tasks; closing ends them all.
            connection.close().await?;
        }
        self.desk.lock().open.clear();
        Ok(())
    }

    /// A new service that knows no earlier notification and, like real ones, counts from 1 again.
    pub async fn come_back(&mut self) -> Result<()> {
        self.desk.lock().last_id = 0;
        let connection = zbus::connection::Builder::address(self.bus.as_str())?
            .serve_at(PATH, Server { desk: self.desk.clone() })?
            .name(NAME)?
            .build()
            .await?;
        self.connection = Some(connection);
        Ok(())
    }

    pub fn calls(&self) -> Vec<Call> {
        self.desk.lock().calls.clone()
    }

    /// Every notification ever shown, replaced and closed ones included.
    pub fn shown(&self) -> Vec<Shown> {
        let shown = |call| match call {
            Call::Notify(shown) => Some(*shown),
            Call::Close { .. } => None,
        };
        self.calls().into_iter().filter_map(shown).collect()
    }

    /// What is on the screen now, oldest first.
    pub fn open(&self) -> Vec<Shown> {
        self.desk.lock().open.clone()
    }

    /// The first notification for which `is_it` holds, whether it has come already or comes within `limit`.
    pub async fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Shown) -> bool,
    ) -> Result<Shown> {
        self.wait(what, limit, || self.shown().into_iter().find(&is_it)).await
    }

    /// Waits until the notification is no longer on the screen.
    pub async fn wait_closed(&self, id: u32, limit: Duration) -> Result<()> {
        let gone = || (!self.desk.lock().open.iter().any(|shown| shown.id == id)).then_some(());
        self.wait(&format!("notification {id} is closed"), limit, gone).await
    }

    /// The person presses a button: the action, then, as services do, the notification closes unless it is resident.
    pub async fn press(&self, id: u32, key: &str) -> Result<()> {
        let shown = self.on_screen(id)?;
        if !shown.actions.iter().any(|(known, _)| known == key) {
            let present = format!("{:?}", shown.actions);
            return Err(DesktopError::Absent {
                what: format!("button `{key}` on notification {id}"),
                present,
            });
        }
        self.emit(None, "ActionInvoked", &(id, key)).await?;
        let resident = shown.hints.get("resident").and_then(|value| bool::try_from(value).ok());
        if resident == Some(true) { Ok(()) } else { self.close(id, Closed::ByThePerson).await }
    }

    /// The person types a reply. Only the sender hears it, and hears of the closing right behind it, as on Plasma.
    pub async fn reply(&self, id: u32, text: &str) -> Result<()> {
        let shown = self.on_screen(id)?;
        self.emit(Some(&shown.sender), "NotificationReplied", &(id, text)).await?;
        self.close(id, Closed::ByTheProgram).await
    }

    /// It leaves the screen: by time, by the person, or by the program.
    pub async fn close(&self, id: u32, reason: Closed) -> Result<()> {
        self.on_screen(id)?;
        self.desk.forget(id);
        self.emit(None, "NotificationClosed", &(id, reason as u32)).await
    }

    fn on_screen(&self, id: u32) -> Result<Shown> {
        let desk = self.desk.lock();
        desk.open.iter().find(|shown| shown.id == id).cloned().ok_or_else(|| DesktopError::Absent {
            what: format!("notification {id} on the screen"),
            present: format!(
                "{:?}",
                desk.open.iter().map(|shown| (shown.id, &shown.summary)).collect::<Vec<_>>()
            ),
        })
    }

    async fn emit<B>(&self, to: Option<&str>, signal: &str, body: &B) -> Result<()>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType + Sync,
    {
        let connection = self.connection.as_ref().ok_or_else(|| DesktopError::Absent {
            what: "notification service".into(),
            present: "a dead one; `come_back` first".into(),
        })?;
        Ok(connection.emit_signal(to, PATH, NAME, signal, body).await?)
    }

    async fn wait<T>(&self, what: &str, limit: Duration, probe: impl Fn() -> Option<T>) -> Result<T> {
        let mut record = self.desk.record.subscribe();
        let found = async {
            loop {
                if let Some(found) = probe() {
                    return found;
                }
                // The sender lives as long as `self`, so that this cannot fail and spin.
                let _ = record.changed().await;
            }
        };
        tokio::time::timeout(limit, found).await.map_err(|_| DesktopError::Late {
            what: what.into(),
            limit,
            detail: format!("; it was told {:?}", self.calls()),
        })
    }
}

/// What the service knows; it outlives a service that dies.
#[derive(Debug)]
struct Desk {
    capabilities: Vec<String>,
    /// Changes with every call, for those who wait.
    record: watch::Sender<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u32,
    calls: Vec<Call>,
    open: Vec<Shown>,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, id: u32) -> bool {
        let known = self.lock().open.extract_if(.., |shown| shown.id == id).count() > 0;
        self.record.send_replace(());
        known
    }

    fn show(&self, mut shown: Shown) -> u32 {
        let mut state = self.lock();
        if shown.replaces == 0 {
            state.last_id += 1;
            shown.id = state.last_id;
        } else {
            shown.id = shown.replaces;
        }
        let id = shown.id;
        state.open.retain(|known| known.id != id);
        state.open.push(shown.clone());
        state.calls.push(Call::Notify(Box::new(shown)));
        drop(state);
        self.record.send_replace(());
        id
    }
}

struct Server {
    desk: Arc<Desk>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_capabilities(&self) -> Vec<String> {
        self.desk.capabilities.clone()
    }

    fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        ("errand-testkit", "Errand", "1", "1.2")
    }

    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    fn notify(
        &self,
        app_name: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
        #[zbus(header)] header: Header<'_>,
    ) -> u32 {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let actions = actions.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        self.desk.show(Shown {
            id: 0,
            replaces,
            app_name,
            icon,
            summary,
            body,
            actions,
            hints,
            expires,
            sender,
        })
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<()> {
        self.desk.lock().calls.push(Call::Close { id });
        if !self.desk.forget(id) {
            return Err(fdo::Error::Failed(format!("no notification {id}")));
        }
        let body = (id, Closed::ByTheProgram as u32);
        Ok(connection.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &body).await?)
    }
}
