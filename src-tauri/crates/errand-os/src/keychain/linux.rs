//! The Secret Service of the session bus: GNOME Keyring, KWallet, KeePassXC.
//!
//! Each call has a connection of its own. They are rare, and a service that was restarted or replaced meanwhile
//! needs no care. Whether the keychain is locked is looked at first, because reading from a locked one would
//! put a password prompt on the screen, at night as well.

use std::collections::HashMap;
use std::time::Duration;

use errand_base::Secret;
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use tokio::time::timeout;

use super::{Answer, Closed, Keychain};
use crate::Home;

/// An open keychain answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);
const CONTENT: &str = "text/plain; charset=utf8";

/// The keychain of the session that this process belongs to.
#[derive(Debug)]
pub struct SessionKeychain {
    /// Names us and the home, so that two homes keep the same name apart.
    service: String,
    /// None for the session's usual bus.
    address: Option<String>,
}

impl SessionKeychain {
    pub fn of(home: &Home) -> SessionKeychain {
        SessionKeychain { service: format!("errand-{}", home.mark()), address: None }
    }

    /// On another bus than the session's.
    pub fn on(address: &str, home: &Home) -> SessionKeychain {
        SessionKeychain { address: Some(address.into()), ..SessionKeychain::of(home) }
    }

    async fn connect(&self) -> Result<SecretService<'static>, Closed> {
        let connection = match &self.address {
            Some(address) => match zbus::connection::Builder::address(address.as_str()) {
                Ok(builder) => builder.build().await,
                Err(error) => Err(error),
            },
            None => zbus::Connection::session().await,
        };
        let connection =
            connection.map_err(|_| Closed::Absent("the session bus cannot be reached".into()))?;
        SecretService::connect_with_existing(EncryptionType::Dh, connection).await.map_err(closed)
    }

    /// As others store and look up by: `secret-tool lookup service errand-… username NAME`.
    fn attributes<'a>(&'a self, name: &'a str) -> HashMap<&'a str, &'a str> {
        HashMap::from([("service", self.service.as_str()), ("username", name)])
    }

    async fn read(&self, name: &str) -> Result<Option<Secret<String>>, Closed> {
        let service = self.connect().await?;
        let keyring = unlocked(&service).await?;
        let Some(item) = self.item(&service, &keyring, name).await? else { return Ok(None) };
        let bytes = item.get_secret().await.map_err(closed)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Closed::Denied("what it keeps is not text".into()))?;
        Ok(Some(Secret::new(text)))
    }

    async fn write(&self, name: &str, value: &Secret<String>) -> Result<(), Closed> {
        let service = self.connect().await?;
        let keyring = unlocked(&service).await?;
        let label = format!("Errand: {name}");
        let value = value.expose().as_bytes();
        keyring.create_item(&label, self.attributes(name), value, true, CONTENT).await.map_err(closed)?;
        Ok(())
    }

    async fn forget(&self, name: &str) -> Result<bool, Closed> {
        let service = self.connect().await?;
        let keyring = unlocked(&service).await?;
        let Some(item) = self.item(&service, &keyring, name).await? else { return Ok(false) };
        item.delete().await.map_err(closed)?;
        Ok(true)
    }

    /// What an earlier version or another program has put into another keyring under our name is found as well.
    async fn item<'a>(
        &self,
        service: &'a SecretService<'_>,
        keyring: &'a Collection<'_>,
        name: &str,
    ) -> Result<Option<Item<'a>>, Closed> {
        let mut found = keyring.search_items(self.attributes(name)).await.map_err(closed)?;
        if found.is_empty() {
            found = service.search_items(self.attributes(name)).await.map_err(closed)?.unlocked;
        }
        Ok(found.into_iter().next())
    }
}

/// The keyring that new values go into, if it is there and open.
async fn unlocked<'a>(service: &'a SecretService<'_>) -> Result<Collection<'a>, Closed> {
    let keyring = keyring(service).await?;
    if keyring.is_locked().await.map_err(closed)? { Err(Closed::Locked) } else { Ok(keyring) }
}

async fn keyring<'a>(service: &'a SecretService<'_>) -> Result<Collection<'a>, Closed> {
    service.get_default_collection().await.map_err(|error| match error {
        Error::NoResult => Closed::Denied("it has no default keyring to keep anything in".into()),
        error => closed(error),
    })
}

fn closed(error: Error) -> Closed {
    match error {
        Error::Locked => Closed::Locked,
        Error::Prompt => Closed::Denied("what it asked on the screen was dismissed".into()),
        Error::Unavailable => Closed::Absent("no service for it runs in this session".into()),
        // Whoever connects hears of a missing service or bus in as many ways as there are causes.
        Error::Zbus(zbus::Error::MethodError(name, _, _)) if is_missing(&name) => {
            Closed::Absent("no service for it runs in this session".into())
        }
        Error::Zbus(zbus::Error::MethodError(name, text, _)) => {
            Closed::Denied(text.unwrap_or_else(|| name.to_string()))
        }
        Error::Zbus(zbus::Error::FDO(error)) => of_bus(&error),
        Error::ZbusFdo(error) => of_bus(&error),
        Error::Zbus(zbus::Error::InputOutput(_)) => Closed::Absent("the session bus has ended".into()),
        error => Closed::Denied(error.to_string()),
    }
}

fn of_bus(error: &zbus::fdo::Error) -> Closed {
    match error {
        zbus::fdo::Error::ServiceUnknown(_)
        | zbus::fdo::Error::NameHasNoOwner(_)
        | zbus::fdo::Error::SpawnServiceNotFound(_) => {
            Closed::Absent("no service for it runs in this session".into())
        }
        zbus::fdo::Error::NoServer(_) | zbus::fdo::Error::Disconnected(_) => {
            Closed::Absent("the session bus has ended".into())
        }
        error => Closed::Denied(error.to_string()),
    }
}

fn is_missing(name: &str) -> bool {
    let kind = name.rsplit('.').next().unwrap_or(name);
    matches!(kind, "ServiceUnknown" | "NameHasNoOwner" | "ServiceNotFound")
}

async fn in_time<T>(answer: impl Future<Output = Result<T, Closed>>) -> Result<T, Closed> {
    timeout(PATIENCE, answer).await.unwrap_or(Err(Closed::Silent))
}

impl Keychain for SessionKeychain {
    fn look(&self) -> Answer<'_, ()> {
        Box::pin(in_time(async {
            let service = self.connect().await?;
            unlocked(&service).await.map(drop)
        }))
    }

    fn get<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Secret<String>>> {
        Box::pin(in_time(self.read(name)))
    }

    fn set<'a>(&'a self, name: &'a str, value: &'a Secret<String>) -> Answer<'a, ()> {
        Box::pin(in_time(self.write(name, value)))
    }

    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, bool> {
        Box::pin(in_time(self.forget(name)))
    }

    fn unlock(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let service = in_time(self.connect()).await?;
            in_time(keyring(&service)).await?.unlock().await.map_err(closed)
        })
    }
}
