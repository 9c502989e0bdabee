//! The place icons go to: a StatusNotifierWatcher and host, and the menu of an item as a person uses it.

mod item;
mod menu;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::{Connection, fdo, interface, message::Header, names::BusName, object_server::SignalEmitter};

pub use self::{
    item::TrayItem,
    menu::{Entry, Menu},
};
use super::{Desktop, error::Result, wait::eventually};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";

/// A running tray. Dropping it is the panel crashing; starting another is the panel coming back.
#[derive(Debug)]
pub struct TrayHost {
    connection: Connection,
    items: Items,
    departures: JoinHandle<()>,
}

impl TrayHost {
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        let connection = desktop.connect().await?;
        let items = Items::default();
        let departures = follow_departures(&connection, items.clone()).await?;
        connection.object_server().at(WATCHER_PATH, Watcher { items: items.clone() }).await?;
        // The name last: who sees it may register at once.
        connection.request_name(WATCHER).await?;
        Ok(Self { connection, items, departures })
    }

    /// Takes the tray away, and returns when the bus has said so to everyone.
    pub async fn stop(self) -> Result<()> {
        self.connection.release_name(WATCHER).await?;
        Ok(self.connection.clone().close().await?)
    }

    /// The addresses of all registered items, in the order in which they came.
    pub fn registered(&self) -> Vec<String> {
        self.items.lock().iter().map(Address::to_string).collect()
    }

    /// The only or first item; waits for it.
    pub async fn item(&self, limit: Duration) -> Result<TrayItem> {
        self.find("a tray item is registered", limit, async |_| Ok(true)).await
    }

    /// The item of one process, where several programs have icons.
    pub async fn item_of(&self, pid: u32, limit: Duration) -> Result<TrayItem> {
        let what = format!("process {pid} has a tray item");
        self.find(&what, limit, async |item| Ok(item.pid().await? == pid)).await
    }

    /// The item with this title or id.
    pub async fn item_named(&self, name: &str, limit: Duration) -> Result<TrayItem> {
        let what = format!("the tray item `{name}` is registered");
        let is_it = async |item: &TrayItem| {
            Ok(item.title().await.is_ok_and(|title| title == name)
                || item.id().await.is_ok_and(|id| id == name))
        };
        self.find(&what, limit, is_it).await
    }

    /// Waits until every icon is gone, as after Quit.
    pub async fn is_empty(&self, limit: Duration) -> Result<()> {
        let gone = async || Ok(self.items.lock().is_empty().then_some(()));
        eventually("the tray is empty", limit, gone).await
    }

    async fn find(
        &self,
        what: &str,
        limit: Duration,
        is_it: impl AsyncFn(&TrayItem) -> Result<bool>,
    ) -> Result<TrayItem> {
        let look = async || {
            let addresses = self.items.lock().clone();
            for address in addresses {
                let item = TrayItem::new(self.connection.clone(), address);
                if is_it(&item).await? {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        };
        eventually(what, limit, look).await
    }
}

impl Drop for TrayHost {
    fn drop(&mut self) {
        self.departures.abort();
    }
}

/// Where an item lives: the connection that registered it, and the path of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    owner: String,
    path: String,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.owner, self.path)
    }
}

#[derive(Debug, Clone, Default)]
struct Items(Arc<Mutex<Vec<Address>>>);

impl Items {
    fn lock(&self) -> MutexGuard<'_, Vec<Address>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watcher {
    items: Items,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// libayatana-appindicator passes an object path, Qt and ksni a bus name; both are in the wild.
    async fn register_status_notifier_item(
        &mut self,
        service: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let path = if service.starts_with('/') { service } else { "/StatusNotifierItem" };
        let address = Address { owner: sender, path: path.into() };
        let name = address.to_string();
        {
            let mut items = self.items.lock();
            if items.contains(&address) {
                return Ok(());
            }
            items.push(address);
        }
        Ok(Self::status_notifier_item_registered(&emitter, &name).await?)
    }

    async fn register_status_notifier_host(
        &mut self,
        _service: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        Ok(Self::status_notifier_host_registered(&emitter).await?)
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.lock().iter().map(Address::to_string).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_item_unregistered(
        emitter: &SignalEmitter<'_>,
        service: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

/// No item says goodbye: it leaves when its connection does.
async fn follow_departures(connection: &Connection, items: Items) -> Result<JoinHandle<()>> {
    let bus = fdo::DBusProxy::new(connection).await?;
    let mut changes = bus.receive_name_owner_changed().await?;
    let emitter = SignalEmitter::new(connection, WATCHER_PATH)?.into_owned();
    Ok(tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            let Ok(change) = change.args() else { continue };
            let BusName::Unique(name) = change.name() else { continue };
            if change.new_owner().is_some() {
                continue;
            }
            let gone: Vec<_> = items.lock().extract_if(.., |item| item.owner == name.as_str()).collect();
            for item in gone {
                // Nobody has to listen.
                let _ = Watcher::status_notifier_item_unregistered(&emitter, &item.to_string()).await;
            }
        }
    }))
}
