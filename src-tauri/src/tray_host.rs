//! Whether anybody shows tray icons. Without that the app behaves as an ordinary window application.

use tokio::sync::watch;

/// `false` until it is known; follows a host that comes, goes or starts again.
pub fn follow() -> watch::Receiver<Option<bool>> {
    let (found, host) = watch::channel(None);
    tokio::spawn(os::follow(found));
    host
}

#[cfg(target_os = "linux")]
mod os {
    use futures_util::StreamExt;
    use tokio::sync::watch::Sender;
    use zbus::Connection;
    use zbus::fdo::DBusProxy;

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";

    pub async fn follow(found: Sender<Option<bool>>) {
        if let Err(error) = watch(&found).await {
            tracing::info!(%error, "no tray: the session bus cannot be reached");
        }
        found.send_replace(Some(false));
    }

    /// Returns when the bus has gone.
    async fn watch(found: &Sender<Option<bool>>) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        let names = DBusProxy::new(&bus).await?;
        // Listening before asking, so that no change falls between the two.
        let mut changes = names.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
        let name = zbus::names::BusName::try_from(WATCHER)?;
        found.send_replace(Some(names.name_has_owner(name).await?));
        while let Some(change) = changes.next().await {
            found.send_replace(Some(change.args()?.new_owner.is_some()));
        }
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use tokio::sync::watch::Sender;

    /// Part of the system there.
    pub async fn follow(found: Sender<Option<bool>>) {
        found.send_replace(Some(true));
    }
}
