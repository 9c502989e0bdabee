//! The connection of the windows to the engine, made again when the engine was.

use std::sync::Arc;

use errand_api::client::Client;
use errand_base::{Code, Fault};
use errand_os::Home;
use errand_wire::Role;
use tokio::sync::Mutex;

pub struct Link {
    home: Home,
    shared: Arc<Mutex<Option<Client>>>,
}

impl Link {
    pub fn new(home: Home) -> Link {
        Link { home, shared: Arc::default() }
    }

    /// The one that all windows share.
    pub async fn client(&self) -> Result<Client, Fault> {
        let mut shared = self.shared.lock().await;
        if let Some(client) = &*shared {
            return Ok(client.clone());
        }
        let client = self.another().await?;
        *shared = Some(client.clone());
        let (watched, slot) = (client.clone(), self.shared.clone());
        tokio::spawn(async move {
            watched.closed().await;
            *slot.lock().await = None;
        });
        Ok(client)
    }

    /// One of its own, for who may read slower than the engine writes.
    pub async fn another(&self) -> Result<Client, Fault> {
        let socket = self.home.socket().map_err(|error| {
            Fault::new(Code::EngineUnreachable, format!("The engine's socket has no place: {error}."))
        })?;
        Client::connect(&socket, Role::Windows).await
    }
}
