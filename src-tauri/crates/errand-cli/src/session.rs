//! What every command needs: where, how to print, and a way to the engine.

use errand_api::client::Client;
use errand_base::{Clock, Code, Fault, SystemClock};
use errand_os::Home;
use errand_wire::{Command, Role};
use serde_json::Value;

use crate::output;
use crate::render::time::Now;

#[derive(Debug)]
pub struct Session {
    pub home: Home,
    pub json: bool,
}

impl Session {
    pub async fn connect(&self) -> Result<Client, Fault> {
        let client = find(&self.home).await?;
        let client = client.ok_or_else(|| {
            Fault::new(
                Code::EngineUnreachable,
                format!("No engine is running for {}.", self.home.root().display()),
            )
        })?;
        self.introduce(&client);
        Ok(client)
    }

    /// A different version that still understands us is worth a remark, once, to a person.
    pub fn introduce(&self, client: &Client) {
        if let Some(note) = client.version_note().filter(|_| !self.json) {
            output::note(&format!("note: {note}"));
        }
    }
}

/// `None`: nobody listens.
pub async fn find(home: &Home) -> Result<Option<Client>, Fault> {
    let socket = home.socket().map_err(|error| {
        Fault::new(
            Code::EngineUnreachable,
            format!("There is no safe place for the engine's socket: {error}."),
        )
        .hint("Choose a folder with a shorter path in ERRAND_HOME.")
    })?;
    Client::find(&socket, Role::Terminal).await
}

/// Calls and returns the reply twice: as it came, for `--json`, and as this version understands it.
pub async fn ask<C: Command>(client: &Client, params: C::Params) -> Result<(Value, C::Reply), Fault> {
    let params = serde_json::to_value(params).map_err(|error| {
        Fault::new(Code::Internal, format!("The request cannot be written as JSON: {error}."))
    })?;
    let raw = client.call_raw(C::NAME, params).await?;
    let reply = serde_json::from_value(raw.clone()).map_err(|error| {
        Fault::new(
            Code::VersionMismatch,
            format!("The engine's reply to “{}” cannot be read: {error}.", C::NAME),
        )
    })?;
    Ok((raw, reply))
}

pub fn now() -> Now {
    Now::here(SystemClock::default().now())
}
